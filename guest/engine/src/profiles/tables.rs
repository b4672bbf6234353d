//! Rows of the profile, message service and provider tables (`profiles` 4.2, 4.5; `tables` 14).
//!
//! These tables are static: they show what was there when they were opened.

use crate::error::Result;
use crate::profiles::Profile;
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::tables::{Abilities, Row, Table, TableData, TableType, ViewOptions};

const PROFILE_COLUMNS: [PropTag; 3] = [tags::DISPLAY_NAME, tags::DEFAULT_PROFILE, tags::INSTANCE_KEY];

const SERVICE_COLUMNS: [PropTag; 8] = [
    tags::INSTANCE_KEY,
    tags::DISPLAY_NAME,
    tags::SERVICE_NAME,
    tags::SERVICE_UID,
    tags::SERVICE_DLL_NAME,
    tags::SERVICE_ENTRY_NAME,
    tags::SERVICE_SUPPORT_FILES,
    tags::RESOURCE_FLAGS,
];

const PROVIDER_COLUMNS: [PropTag; 10] = [
    tags::INSTANCE_KEY,
    tags::DISPLAY_NAME,
    tags::PROVIDER_DISPLAY,
    tags::PROVIDER_DLL_NAME,
    tags::PROVIDER_ORDINAL,
    tags::PROVIDER_UID,
    tags::RESOURCE_FLAGS,
    tags::RESOURCE_TYPE,
    tags::SERVICE_NAME,
    tags::SERVICE_UID,
];

/// Optional columns that are copied from a section when it has them.
const OPTIONAL_SERVICE: [PropTag; 2] = [tags::SERVICE_DELETE_FILES, tags::SERVICE_INSTALL_ID];
const OPTIONAL_PROVIDER: [PropTag; 5] =
    [tags::MDB_PROVIDER, tags::AB_PROVIDER_ID, tags::RECORD_KEY, tags::ENTRYID, tags::OBJECT_TYPE];

/// A table of these rows that never changes.
fn fixed(columns: &[PropTag], rows: Vec<Row>, unicode: bool) -> Result<Table> {
    let data = TableData::new(TableType::Snapshot, tags::INSTANCE_KEY, columns.to_vec())?;
    data.modify_rows(0, rows)?;
    data.view(ViewOptions { unicode, abilities: Abilities::IN_MEMORY, ..ViewOptions::default() })
}

/// The profile table: name, and whether it is the default.
pub(super) fn profile_table(profiles: Vec<(String, bool)>, unicode: bool) -> Result<Table> {
    let rows = profiles.into_iter().zip(0..).map(|((name, default), number)| {
        vec![
            Property::new(tags::INSTANCE_KEY, Value::Binary(name.as_bytes().to_vec())),
            Property::new(tags::DISPLAY_NAME, Value::Unicode(name)),
            Property::new(tags::DEFAULT_PROFILE, Value::Boolean(default)),
            Property::new(tags::ROWID, Value::Long(number)),
        ]
    });
    fixed(&PROFILE_COLUMNS, rows.collect(), unicode)
}

/// The message service table.
pub(super) fn service_table(name: &str, profile: &Profile, unicode: bool) -> Result<Table> {
    let rows = profile
        .services
        .iter()
        .zip(0..)
        .map(|(service, number)| section_row(name, profile, service.uid, number, &[&SERVICE_COLUMNS, &OPTIONAL_SERVICE]));
    fixed(&SERVICE_COLUMNS, rows.collect(), unicode)
}

/// The table of the providers of the profile; of a service, its providers and its extra sections. What has no
/// `PR_RESOURCE_TYPE` is an extra section.
pub(super) fn provider_table(name: &str, profile: &Profile, service: Option<Guid>, unicode: bool) -> Result<Table> {
    let columns: [&[PropTag]; 2] = [&PROVIDER_COLUMNS, &OPTIONAL_PROVIDER];
    let providers = profile.providers.iter().filter(|provider| service.is_none() || provider.service == service);
    let extras = profile.extras.iter().filter(|extra| service.is_some() && extra.service == service);
    let numbered = (0..).zip(providers.map(|provider| provider.uid).chain(extras.map(|extra| extra.uid)));
    let rows = numbered.map(|(number, uid)| {
        let mut row = section_row(name, profile, uid, number, &columns);
        if profile.provider(uid).is_none() {
            row.retain(|cell| cell.tag.id() != tags::RESOURCE_TYPE.id());
            row.extend(service.and_then(|service| profile.service(service)).into_iter().flat_map(|service| {
                let key = Property::new(tags::SERVICE_UID, Value::Binary(service.uid.0.to_vec()));
                [key, Property::new(tags::SERVICE_NAME, Value::Unicode(service.name.clone()))]
            }));
        }
        row
    });
    fixed(&PROVIDER_COLUMNS, rows.collect(), unicode)
}

/// The row of a section: its instance key, its number, and those of the given columns it has. Protected
/// properties never become columns, since a section does not show them.
fn section_row(name: &str, profile: &Profile, uid: Guid, number: i32, columns: &[&[PropTag]]) -> Row {
    let mut row =
        vec![Property::new(tags::INSTANCE_KEY, Value::Binary(uid.0.to_vec())), Property::new(tags::ROWID, Value::Long(number))];
    let section = profile.section(name, uid).unwrap_or_default();
    row.extend(section.into_iter().filter(|property| columns.iter().copied().flatten().any(|tag| tag.id() == property.tag.id())));
    row
}
