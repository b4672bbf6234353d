//! All folders below a folder, parents before their children, siblings by name: the hierarchy table with
//! `CONVENIENT_DEPTH` (`tables` 14, `stores` 4.2).

use crate::backend::{
    Batch, Column, ColumnData, Filter, ObjectId, ObjectKind, Objects, OrderKey, Plan, RowKey, ScanFrom, ScanPage, ScanRequest,
    Scope,
};
use crate::collation;
use crate::error::Result;
use crate::properties::{PropTag, tags};
use crate::tables::order::KEY_CELL_LIMIT;
use crate::tables::source::{DefaultOrder, RowRequest, RowSource, TableClass};
use crate::tables::{Abilities, ChangeQueue, ComputedColumns, Feed, Interest, StoredRows, StoredRowsOptions, TableType};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Subfolders read at once.
const FOLDERS_PER_SCAN: u32 = 1024;

/// Folders in pre-order. The order is fixed; whenever a folder changes the tree is walked again.
pub struct DeepHierarchy {
    objects: Rc<dyn Objects>,
    feed: Option<Rc<Feed>>,
    options: StoredRowsOptions,
    rows: Rc<StoredRows>,
    walked: RefCell<Rc<Walk>>,
}

/// One walk through the tree: every folder with its place and its depth.
#[derive(Default)]
struct Walk {
    order: Vec<ObjectId>,
    places: BTreeMap<ObjectId, (u64, i32)>,
}

impl DeepHierarchy {
    /// The folders below a container; the options are those of its plain hierarchy table.
    #[must_use]
    pub fn new(
        objects: Rc<dyn Objects>,
        computed: Rc<dyn ComputedColumns>,
        feed: Option<Rc<Feed>>,
        options: StoredRowsOptions,
    ) -> Rc<Self> {
        let rows = StoredRows::new(Rc::clone(&objects), computed, feed.clone(), options.clone());
        Rc::new(Self { objects, feed, options, rows, walked: RefCell::default() })
    }

    fn walk(&self) -> Result<Walk> {
        let mut walk = Walk::default();
        let mut seen = BTreeSet::from([self.options.container.clone()]);
        // A stack of folders still to be shown, the next one last.
        let mut open = self.children(&self.options.container, 0)?;
        while let Some((id, kind, depth)) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            if kind == ObjectKind::Folder {
                open.extend(self.children(&id, depth.saturating_add(1))?);
            }
            walk.places.insert(id.clone(), (walk.order.len() as u64, depth));
            walk.order.push(id);
        }
        Ok(walk)
    }

    /// The subfolders of a folder by name, ties by arrival, the first one last.
    fn children(&self, folder: &ObjectId, depth: i32) -> Result<Vec<(ObjectId, ObjectKind, i32)>> {
        let scope = Scope::One(folder.clone());
        let mut found = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let page = self.objects.scan(&ScanRequest {
                scope: &scope,
                kind: self.options.kind,
                columns: &[tags::DISPLAY_NAME],
                cell_limit: KEY_CELL_LIMIT,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: FOLDERS_PER_SCAN,
            })?;
            for (row, id) in page.batch.ids.iter().enumerate() {
                let mut key = Vec::new();
                let name = page.batch.columns.first().and_then(|column| column.value_ref(row));
                let named = name.is_some_and(|name| collation::append_order_key(&name, &mut key));
                let arrival = page.batch.arrivals.get(row).copied().unwrap_or_default();
                let kind = page.batch.kinds.get(row).copied().unwrap_or(ObjectKind::Folder);
                found.push(((!named, key, arrival), id.clone(), kind));
            }
            match page.last {
                Some(last) if page.more && !page.batch.is_empty() => from = ScanFrom::After(last),
                _ => break,
            }
        }
        found.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(found.into_iter().map(|(_, id, kind)| (id, kind, depth)).collect())
    }

    /// Rows with their place in the tree instead of their arrival, and their depth.
    fn placed(&self, mut batch: Batch, columns: &[PropTag]) -> Batch {
        let walk = Rc::clone(&self.walked.borrow());
        let place = |id: &ObjectId| walk.places.get(id).copied().unwrap_or((u64::MAX, 0));
        batch.arrivals = batch.ids.iter().map(|id| place(id).0).collect();
        for (column, tag) in batch.columns.iter_mut().zip(columns) {
            if tag.id() == tags::DEPTH.id() {
                let depths = batch.ids.iter().map(|id| place(id).1).collect();
                *column = Column { tag: *tag, present: Vec::new(), data: ColumnData::Longs(depths) };
            }
        }
        batch
    }
}

impl RowSource for DeepHierarchy {
    fn table_type(&self) -> TableType {
        TableType::Dynamic
    }

    fn class(&self) -> TableClass {
        TableClass::HostBacked
    }

    fn abilities(&self) -> Abilities {
        Abilities { fixed_order: true, ..self.options.abilities }
    }

    fn default_columns(&self) -> Vec<PropTag> {
        self.options.default_columns.clone()
    }

    fn all_columns(&self) -> Result<Vec<PropTag>> {
        self.rows.all_columns()
    }

    fn default_order(&self) -> DefaultOrder {
        DefaultOrder::default()
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        self.rows.is_computed(tag)
    }

    fn plan(&self, _filters: &[Filter], _order: &[OrderKey]) -> Result<Option<Plan>> {
        Ok(None)
    }

    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage> {
        let first = match &request.from {
            ScanFrom::Start => {
                let walk = self.walk()?;
                *self.walked.borrow_mut() = Rc::new(walk);
                0
            }
            ScanFrom::After(key) => key.arrival.saturating_add(1),
            ScanFrom::At(key) => key.arrival,
            ScanFrom::Position(position) => *position,
        };
        let walk = Rc::clone(&self.walked.borrow());
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(walk.order.len());
        let end = first.saturating_add(request.max as usize).min(walk.order.len());
        let ids = &walk.order[first..end];
        let batch = if ids.is_empty() { Batch::default() } else { self.read(ids, request.columns, request.cell_limit)? };
        let last = end.checked_sub(1).map(|last| RowKey { keys: Vec::new(), arrival: last as u64 });
        Ok(ScanPage { batch, last, more: end < walk.order.len() })
    }

    fn count(&self, _filters: &[Filter]) -> Result<u64> {
        Ok(self.walked.borrow().order.len() as u64)
    }

    fn rank(&self, _filters: &[Filter], _order: &[OrderKey], key: &RowKey) -> Result<u64> {
        Ok(key.arrival)
    }

    fn read(&self, rows: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let batch = self.rows.read(rows, columns, cell_limit)?;
        Ok(self.placed(batch, columns))
    }

    fn read_range(&self, row: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.rows.read_range(row, tag, offset, length)
    }

    fn size(&self, row: &ObjectId, tag: PropTag) -> Result<Option<u64>> {
        self.rows.size(row, tag)
    }

    fn refresh(&self) -> Result<()> {
        self.rows.refresh()
    }

    fn catch_up(&self) -> Result<()> {
        self.rows.catch_up()
    }

    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>> {
        self.feed.as_ref().map(|feed| feed.subscribe(Interest::Folders)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Change, Commit, Expected, ScanKind, Store};
    use crate::error::Code;
    use crate::memory::MemoryStore;
    use crate::properties::{Guid, Property, Value};
    use crate::tables::{Bookmark, SortOrder, SortOrderSet, Table};

    struct NothingComputed;

    impl ComputedColumns for NothingComputed {
        fn inputs(&self, _tag: PropTag) -> Option<&[PropTag]> {
            None
        }
        fn compute(&self, _tag: PropTag, _row: &crate::tables::ComputedRow<'_>) -> Option<Value> {
            None
        }
        fn tags(&self) -> Vec<PropTag> {
            Vec::new()
        }
    }

    fn create(store: &MemoryStore, parent: &ObjectId, name: &str) -> ObjectId {
        let object = store.reserve(1).unwrap().remove(0);
        let properties = vec![Property::new(tags::DISPLAY_NAME, Value::Unicode(name.into())).into()];
        let change = Change::Create { object: object.clone(), parent: parent.clone(), kind: ObjectKind::Folder, properties };
        store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        object
    }

    fn shown(table: &Table) -> Vec<(String, i32)> {
        table.seek_row(Bookmark::BEGINNING, 0).unwrap();
        let rows = table.query_rows(100, 0).unwrap();
        let row = |row: &Vec<Property>| match (&row[0].value, &row[1].value) {
            (Value::Unicode(name), Value::Long(depth)) => (name.clone(), *depth),
            other => panic!("{other:?}"),
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn folders_come_in_pre_order_and_follow_changes() {
        let store = Rc::new(MemoryStore::new(Guid::default(), "tree"));
        let root = store.identity().root;
        let feed = Feed::open(store.clone()).unwrap();
        let beta = create(&store, &root, "beta");
        let alpha = create(&store, &root, "Alpha");
        create(&store, &alpha, "inner");
        let options = StoredRowsOptions {
            container: root,
            kind: ScanKind::Subfolders,
            abilities: Abilities::HIERARCHY,
            default_columns: vec![tags::DISPLAY_NAME, tags::DEPTH],
            default_order: DefaultOrder::default(),
        };
        let table = Table::new(DeepHierarchy::new(store.clone(), Rc::new(NothingComputed), feed, options), true);
        let named = |names: &[(&str, i32)]| names.iter().map(|(name, depth)| ((*name).to_owned(), *depth)).collect::<Vec<_>>();
        assert_eq!(shown(&table), named(&[("Alpha", 0), ("inner", 1), ("beta", 0)]));
        table.seek_row(Bookmark::BEGINNING, 2).unwrap();
        let mark = table.create_bookmark().unwrap();
        create(&store, &beta, "below beta");
        create(&store, &alpha, "another");
        assert_eq!(table.query_position().unwrap().row, 3);
        let all = [("Alpha", 0), ("another", 1), ("inner", 1), ("beta", 0), ("below beta", 1)];
        assert_eq!(shown(&table), named(&all));
        let change = Change::Move { object: alpha, expected: Expected::Exists, parent: beta, set: vec![], restore: false };
        store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        let moved = [("beta", 0), ("Alpha", 1), ("another", 2), ("inner", 2), ("below beta", 1)];
        assert_eq!(shown(&table), named(&moved));
        assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
        let sort = SortOrderSet::plain(vec![SortOrder::ascending(tags::DISPLAY_NAME)]);
        assert_eq!(table.sort_table(Some(sort), 0).unwrap_err().code(), Code::TooComplex);
    }
}
