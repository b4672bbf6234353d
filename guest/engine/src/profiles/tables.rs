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

/// The table of all providers of the profile.
pub(super) fn provider_table(name: &str, profile: &Profile, unicode: bool) -> Result<Table> {
    let rows = profile
        .providers
        .iter()
        .zip(0..)
        .map(|(provider, number)| section_row(name, profile, provider.uid, number, &[&PROVIDER_COLUMNS, &OPTIONAL_PROVIDER]));
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
