//! The message store table: one row for each permanent store of the profile (`session` 6.2).

use crate::backend::ProviderKind;
use crate::entry_id::{EntryId, WrappedStoreId};
use crate::error::Result;
use crate::profiles::{Profile, Provider, provider_flags};
use crate::properties::{PropTag, Property, Value, tags};
use crate::tables::{Abilities, Row, TAD_ALL_ROWS, Table, TableData, TableType, ViewOptions};
use std::cell::RefCell;
use std::rc::Rc;

/// `PR_OBJECT_TYPE` of a store.
const MAPI_STORE: i32 = 1;

const COLUMNS: [PropTag; 10] = [
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_NAME,
    tags::PROVIDER_DISPLAY,
    tags::MDB_PROVIDER,
    tags::DEFAULT_STORE,
    tags::RESOURCE_FLAGS,
    tags::RESOURCE_TYPE,
];

/// The rows all client handles of a session see.
pub(super) struct StoreTable {
    data: Rc<TableData>,
    shown: RefCell<Vec<Row>>,
}

impl StoreTable {
    pub(super) fn new() -> Result<Self> {
        let data = TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, COLUMNS.to_vec())?;
        Ok(Self { data, shown: RefCell::default() })
    }

    /// Brings the rows up to date with the profile; what did not change is not touched.
    pub(super) fn show(&self, profile: &Profile) -> Result<()> {
        let rows: Vec<Row> = profile.providers_of(ProviderKind::Store).zip(0..).map(|(s, n)| row(profile, s, n)).collect();
        let old = self.shown.replace(rows.clone());
        let key = |row: &Row| row.first().cloned();
        let kept: Vec<_> = old.iter().filter(|row| rows.iter().any(|new| key(new) == key(row))).collect();
        if kept.iter().map(|row| key(row)).ne(rows.iter().take(kept.len()).map(key)) {
            // The order of the stores itself changed.
            self.data.delete_rows(TAD_ALL_ROWS, &[])?;
            return self.data.modify_rows(0, rows);
        }
        for gone in old.iter().filter(|row| rows.iter().all(|new| key(new) != key(row))) {
            if let Some(key) = gone.first() {
                self.data.delete_row(key)?;
            }
        }
        self.data.modify_rows(0, rows.into_iter().filter(|row| !old.contains(row)).collect())
    }

    pub(super) fn view(&self, unicode: bool) -> Result<Table> {
        self.data.view(ViewOptions { unicode, abilities: Abilities::IN_MEMORY, ..ViewOptions::default() })
    }
}

/// The row of a store: its instance key first, then the columns its section has.
fn row(profile: &Profile, store: &Provider, number: i32) -> Row {
    let mut row = vec![Property::new(tags::INSTANCE_KEY, Value::Binary(store.uid.0.to_vec()))];
    if let Some(id) = entry_id(store) {
        row.push(Property::new(tags::ENTRYID, Value::Binary(id.to_bytes())));
    }
    row.push(Property::new(tags::OBJECT_TYPE, Value::Long(MAPI_STORE)));
    row.push(Property::new(tags::DISPLAY_NAME, Value::Unicode(store.display_name().to_owned())));
    row.push(Property::new(tags::DEFAULT_STORE, Value::Boolean(store.has(provider_flags::DEFAULT_STORE))));
    row.push(Property::new(tags::RESOURCE_FLAGS, Value::Long(store.flags.cast_signed())));
    row.push(Property::new(tags::RESOURCE_TYPE, Value::Long(store.kind.resource_type())));
    row.push(Property::new(tags::ROWID, Value::Long(number)));
    row.push(Property::new(tags::PROVIDER_UID, Value::Binary(store.uid.0.to_vec())));
    row.push(Property::new(tags::PROVIDER_DLL_NAME, Value::Unicode(store.backend.clone())));
    if let Some(service) = store.service.and_then(|uid| profile.service(uid)) {
        row.push(Property::new(tags::SERVICE_UID, Value::Binary(service.uid.0.to_vec())));
        row.push(Property::new(tags::SERVICE_NAME, Value::Unicode(service.name.clone())));
    }
    let copied = [tags::RECORD_KEY, tags::PROVIDER_DISPLAY, tags::MDB_PROVIDER];
    row.extend(copied.into_iter().filter_map(|tag| Some(Property::new(tag, store.properties.get(tag)?.clone()))));
    row
}

/// The wrapped identifier of a store. Before it was first opened its private part is the key of its profile
/// section, from then on the one its backend gave; both stay valid.
pub(super) fn entry_id(store: &Provider) -> Option<WrappedStoreId> {
    let kept = store.properties.bytes(tags::ENTRYID).and_then(|bytes| match EntryId::parse(bytes) {
        Ok(EntryId::Store(id)) => Some(id),
        _ => None,
    });
    kept.or_else(|| WrappedStoreId::new(&store.backend, &store.uid.0))
}

/// Whether that identifier names this store (CompareStoreIDs).
pub(super) fn names(store: &Provider, id: &WrappedStoreId) -> bool {
    store.backend.eq_ignore_ascii_case(id.provider())
        && (id.private() == store.uid.0 || entry_id(store).is_some_and(|own| own.private() == id.private()))
}
