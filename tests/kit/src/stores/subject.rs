//! The store under test, with the short forms checks are written in.

use super::{Broken, Outcome, SharedStore, ensure};
use mapi_engine::backend::{
    Batch, Change, Commit, Committed, Expected, Filter, NamedProperty, ObjectHead, ObjectId, ObjectKind, Objects, OrderKey,
    RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest, Scope, Store, StoreIdentity, StoredProperty, StoredValue, Want,
};
use mapi_engine::collation;
use mapi_engine::error::Result;
use mapi_engine::properties::{PropTag, Property, Value};

/// Bytes above which values do not come inline.
pub(super) const INLINE: u32 = 4096;

/// A store under test.
pub(super) struct Subject {
    pub(super) store: SharedStore,
    pub(super) identity: StoreIdentity,
}

impl Subject {
    /// Takes a store as the engine does: its keys are declared to be of the engine's version.
    pub(super) fn new(store: SharedStore) -> Outcome<Self> {
        if store.identity().index.key_version != collation::KEY_VERSION {
            store.rekey(Vec::new(), collation::KEY_VERSION, true)?;
        }
        let identity = store.identity();
        Ok(Self { store, identity })
    }

    pub(super) fn root(&self) -> ObjectId {
        self.identity.root.clone()
    }

    /// The store's own check finds nothing.
    pub(super) fn is_sound(&self) -> Outcome {
        let report = self.store.check(false)?;
        ensure(report.findings.is_empty(), || format!("the store's own check afterwards: {:?}", report.findings))
    }

    /// A property with the keys and texts the index plan asks for.
    pub(super) fn stored(&self, property: Property) -> StoredProperty {
        let index = &self.identity.index;
        let of_tag = |tags: &[PropTag]| tags.iter().any(|tag| tag.id() == property.tag.id());
        let order_key = if of_tag(&index.ordered) { collation::order_key(&property.value) } else { None };
        let folded = match &property.value {
            Value::Unicode(text) if of_tag(&index.searched) => Some(collation::fold(text).into_owned()),
            _ => None,
        };
        StoredProperty { tag: property.tag, value: StoredValue::Inline(property.value), order_key, folded }
    }

    pub(super) fn all_stored(&self, properties: &[Property]) -> Vec<StoredProperty> {
        properties.iter().map(|property| self.stored(property.clone())).collect()
    }

    pub(super) fn reserve(&self) -> Outcome<ObjectId> {
        self.store.reserve(1)?.pop().ok_or_else(|| Broken("reserve answered no identifier".to_owned()))
    }

    pub(super) fn commit(&self, changes: Vec<Change>) -> Result<Committed> {
        self.store.commit(Commit { changes, ..Commit::default() })
    }

    pub(super) fn creation(&self, object: &ObjectId, parent: &ObjectId, kind: ObjectKind, properties: &[Property]) -> Change {
        Change::Create { object: object.clone(), parent: parent.clone(), kind, properties: self.all_stored(properties) }
    }

    pub(super) fn create(&self, parent: &ObjectId, kind: ObjectKind, properties: &[Property]) -> Outcome<ObjectId> {
        let object = self.reserve()?;
        self.commit(vec![self.creation(&object, parent, kind, properties)])?;
        Ok(object)
    }

    pub(super) fn setting(&self, object: &ObjectId, expected: Expected, properties: &[Property]) -> Change {
        Change::Set { object: object.clone(), expected, set: self.all_stored(properties), delete: Vec::new(), quiet: false }
    }

    pub(super) fn set(&self, object: &ObjectId, properties: &[Property]) -> Result<Committed> {
        self.commit(vec![self.setting(object, Expected::Exists, properties)])
    }

    pub(super) fn head(&self, object: &ObjectId) -> Result<ObjectHead> {
        Ok(self.store.read(object, Want::Tags(&[]), INLINE)?.0)
    }

    pub(super) fn value(&self, object: &ObjectId, tag: PropTag) -> Result<Option<Value>> {
        let (_, properties) = self.store.read(object, Want::Tags(&[tag]), INLINE)?;
        Ok(properties.into_iter().find(|property| property.tag.id() == tag.id()).map(|property| property.value))
    }

    /// All children of a kind, by plain pages of three.
    pub(super) fn children(&self, container: &ObjectId, kind: ScanKind) -> Outcome<Vec<ObjectId>> {
        Ok(self.rows(&Scope::One(container.clone()), kind, &[], &[], &[])?.into_iter().map(|row| row.object).collect())
    }

    /// All rows of a scan, by pages of three.
    pub(super) fn rows(
        &self,
        scope: &Scope,
        kind: ScanKind,
        columns: &[PropTag],
        filters: &[Filter],
        order: &[OrderKey],
    ) -> Outcome<Vec<FoundRow>> {
        self.read_on(scope, kind, columns, filters, order, ScanFrom::Start, false)
    }

    /// The rows from a place on, by pages of three.
    #[expect(clippy::too_many_arguments, reason = "the parts of a scan request")]
    pub(super) fn read_on(
        &self,
        scope: &Scope,
        kind: ScanKind,
        columns: &[PropTag],
        filters: &[Filter],
        order: &[OrderKey],
        from: ScanFrom,
        backwards: bool,
    ) -> Outcome<Vec<FoundRow>> {
        let mut rows = Vec::new();
        let mut from = from;
        loop {
            let request = ScanRequest { scope, kind, columns, cell_limit: 0, filters, order, from, backwards, max: 3 };
            let page = self.store.scan(&request)?;
            check_shape(&page.batch, columns)?;
            ensure(page.batch.len() <= 3, || "a page holds more rows than were asked for".to_owned())?;
            let ScanPage { batch, last, more } = page;
            for row in 0..batch.len() {
                let cells = batch.columns.iter().map(|column| column.value(row)).collect();
                let (object, arrival) = (batch.ids[row].clone(), batch.arrivals[row]);
                rows.push(FoundRow { object, arrival, kind: batch.kinds[row], cells });
            }
            match (more, last) {
                (false, _) => return Ok(rows),
                (true, Some(key)) => from = ScanFrom::After(key),
                (true, None) => return Err(Broken("a page without a last row says there are more".to_owned())),
            }
            ensure(rows.len() < 10_000, || "the pages do not end".to_owned())?;
        }
    }
}

/// A row as it was found.
#[derive(Debug, Clone)]
pub(super) struct FoundRow {
    pub(super) object: ObjectId,
    pub(super) arrival: u64,
    pub(super) kind: ObjectKind,
    pub(super) cells: Vec<Option<Value>>,
}

/// A batch has a cell of each column, an arrival number and a kind for each row.
pub(crate) fn check_shape(batch: &Batch, columns: &[PropTag]) -> Outcome {
    let rows = batch.len();
    let lengths = batch.arrivals.len() == rows && batch.kinds.len() == rows;
    ensure(lengths && (batch.parents.is_empty() || batch.parents.len() == rows), || {
        format!("a batch of {rows} rows has {} arrivals and {} kinds", batch.arrivals.len(), batch.kinds.len())
    })?;
    ensure(batch.columns.len() == columns.len(), || {
        format!("a batch has {} columns instead of {}", batch.columns.len(), columns.len())
    })?;
    for (column, tag) in batch.columns.iter().zip(columns) {
        ensure(column.tag.id() == tag.id(), || format!("column {} stands where {tag} was asked for", column.tag))?;
        for row in (0..rows).filter(|row| column.has(*row)) {
            ensure(column.value(row).is_some(), || format!("column {tag} is too short for row {row}"))?;
        }
    }
    Ok(())
}

/// A long property.
pub(super) fn long(tag: PropTag, value: i32) -> Property {
    Property::new(tag, Value::Long(value))
}

/// A text property.
pub(super) fn text(tag: PropTag, value: &str) -> Property {
    Property::new(tag, Value::Unicode(value.to_owned()))
}

/// A removal.
pub(super) fn removal(object: &ObjectId, hard: bool) -> Change {
    Change::Remove { object: object.clone(), expected: Expected::Exists, hard }
}

/// A move that keeps everything.
pub(super) fn moving(object: &ObjectId, parent: &ObjectId, restore: bool) -> Change {
    Change::Move { object: object.clone(), expected: Expected::Exists, parent: parent.clone(), set: Vec::new(), restore }
}

/// The key of a row in an order, from its cells.
pub(super) fn row_key(arrival: u64, cells: &[Option<Value>]) -> RowKey {
    RowKey { keys: cells.iter().map(|cell| cell.as_ref().and_then(collation::order_key)).collect(), arrival }
}

/// A named property of the suite's own set.
pub(super) fn named(number: u32) -> NamedProperty {
    NamedProperty { set: mapi_engine::properties::Guid([0xC0; 16]), name: mapi_engine::backend::PropertyName::Number(number) }
}
