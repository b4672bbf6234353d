//! Reading the visible cells of rows, within the bounds of one call (`tables` 4.1 "QueryRows").

use crate::backend::{Batch, Column, ColumnData};
use crate::error::Result;
use crate::properties::{PropTag, ValueRef};
use crate::tables::Row;
use crate::tables::cell::{CELL_LIMIT, CellRule};
use crate::tables::instances::{RowId, same_column};
use crate::tables::order::ViewOrder;
use crate::tables::source::{RowSource, TableClass};
use crate::tables::view::{Anchor, Page, RowToRead, View, read_rows};

/// Rows one call returns at most.
const MAX_ROWS: u64 = 65_536;

/// Bytes of cells one call returns at most, but for a single row.
const MAX_BYTES: u64 = 16 << 20;

/// Cells read at once.
const CELLS_PER_READ: usize = 16_384;

/// Rows read, with the rules of their columns.
pub(super) struct Cells {
    columns: Vec<CellRule>,
    class: TableClass,
    pages: Vec<Batch>,
    /// For each column its place in the pages; placeholders have none.
    places: Vec<Option<usize>>,
    rows: usize,
    bytes: u64,
}

/// What to ask the source for: each identifier once.
struct Request {
    tags: Vec<PropTag>,
    places: Vec<Option<usize>>,
    /// Places of columns that must not be cut.
    whole: Vec<usize>,
    limit: u32,
    rows_per_read: u64,
}

impl Request {
    fn new(columns: &[CellRule], class: TableClass) -> Self {
        let mut tags: Vec<PropTag> = Vec::new();
        let mut whole = Vec::new();
        let places = columns
            .iter()
            .map(|rule| {
                if rule.is_placeholder() {
                    return None;
                }
                let tag = rule.read_tag();
                let place = tags.iter().position(|have| same_column(*have, tag)).unwrap_or_else(|| {
                    tags.push(tag);
                    tags.len() - 1
                });
                if rule.whole && !whole.contains(&place) {
                    whole.push(place);
                }
                Some(place)
            })
            .collect();
        let limit = if class == TableClass::HostBacked { CELL_LIMIT } else { 0 };
        let rows_per_read = (CELLS_PER_READ / tags.len().max(1)).clamp(1, 4096) as u64;
        Self { tags, places, whole, limit, rows_per_read }
    }

    /// Reads again, uncut, the keys that came cut.
    fn complete(&self, source: &dyn RowSource, page: Page) -> Result<Batch> {
        let Page { mut batch, instances, numbers, .. } = page;
        if self.limit == 0 {
            return Ok(batch);
        }
        for place in &self.whole {
            let Some(column) = batch.columns.get(*place) else { continue };
            let cut = |row: &usize| match column.value_ref(*row) {
                Some(ValueRef::Bytes(bytes)) => bytes.len() >= 2 * self.limit as usize,
                Some(value) => value.kind().is_multi(),
                None => false,
            };
            let rows: Vec<usize> = (0..batch.len()).filter(cut).collect();
            if rows.is_empty() {
                continue;
            }
            let id = |row: &usize| {
                let number = numbers.get(*row).copied().unwrap_or_default();
                Some(RowId { object: batch.ids.get(*row)?.clone(), number })
            };
            let ids: Vec<RowId> = rows.iter().filter_map(id).collect();
            let uncut = instances.read(source, &ids, &self.tags[*place..=*place], 0)?;
            let mut cells: Vec<_> = (0..batch.len()).map(|row| column.value(row)).collect();
            for (at, row) in rows.iter().enumerate() {
                // One that has vanished meanwhile stays as it was.
                if let (Some(cell), Some(value)) =
                    (cells.get_mut(*row), uncut.columns.first().and_then(|column| column.value(at)))
                {
                    *cell = Some(value);
                }
            }
            batch.columns[*place] = Column::of(self.tags[*place], cells);
        }
        Ok(batch)
    }
}

/// The cells of these rows, in their order; a row that is gone has none. Rows are few: no bound of a call holds.
pub(super) fn rows(source: &dyn RowSource, columns: &[CellRule], order: &ViewOrder, rows: &[RowToRead]) -> Result<Vec<Row>> {
    let request = Request::new(columns, source.class());
    let mut cells = Cells::new(columns, &request, source.class());
    for rows in rows.chunks(usize::try_from(request.rows_per_read).unwrap_or(1)) {
        let page = read_rows(source, order, rows, &request.tags, request.limit)?;
        cells.pages.push(request.complete(source, page)?);
    }
    Ok(cells.rows())
}

/// Bytes of the cells of each row, roughly: text as it is stored, other values as `RES_SIZE` counts them.
fn row_bytes(batch: &Batch, row: usize) -> u64 {
    batch.columns.iter().filter_map(|column| column.value_ref(row)).map(|value| value_bytes(&value)).sum()
}

fn value_bytes(value: &ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Text(text) => text.len() as u64,
        value => value.size(),
    }
}

/// What stands behind the rows read.
pub(super) enum Behind {
    /// This row, or nothing.
    Anchor(Anchor),
    /// Rows that did not fit.
    Unread,
}

/// Reads `wanted` rows from `first` on, or fewer. `near`: where the cursor stands.
pub(super) fn forward(
    view: &mut View,
    source: &dyn RowSource,
    columns: &[CellRule],
    first: u64,
    wanted: u64,
    near: &Anchor,
) -> Result<(Cells, Behind)> {
    let request = Request::new(columns, source.class());
    let mut cells = Cells::new(columns, &request, source.class());
    let wanted = wanted.min(MAX_ROWS);
    let mut behind = near.clone();
    while (cells.rows as u64) < wanted {
        let left = (wanted - cells.rows as u64).min(request.rows_per_read);
        let at = first + cells.rows as u64;
        let page = view.read(source, at, u32::try_from(left).unwrap_or(u32::MAX), &request.tags, request.limit, &behind)?;
        let (read, next) = (page.batch.len(), page.next.clone());
        if cells.push(request.complete(source, page)?) < read {
            return Ok((cells, Behind::Unread));
        }
        let Some(next) = next else { return Ok((cells, Behind::Anchor(Anchor::End))) };
        behind = Anchor::Row(next);
    }
    Ok((cells, Behind::Anchor(behind)))
}

/// Reads `wanted` rows before `end`, or fewer: those nearest to it.
pub(super) fn backward(view: &mut View, source: &dyn RowSource, columns: &[CellRule], end: u64, wanted: u64) -> Result<Cells> {
    let request = Request::new(columns, source.class());
    let mut cells = Cells::new(columns, &request, source.class());
    let wanted = wanted.min(MAX_ROWS);
    while (cells.rows as u64) < wanted {
        let left = (wanted - cells.rows as u64).min(request.rows_per_read);
        let at = end - cells.rows as u64 - left;
        let page =
            view.read(source, at, u32::try_from(left).unwrap_or(u32::MAX), &request.tags, request.limit, &Anchor::Begin)?;
        let read = page.batch.len();
        let taken = cells.push_front(request.complete(source, page)?);
        if taken < read || (read as u64) < left {
            break;
        }
    }
    cells.pages.reverse();
    Ok(cells)
}

impl Cells {
    fn new(columns: &[CellRule], request: &Request, class: TableClass) -> Self {
        Self { columns: columns.to_vec(), class, pages: Vec::new(), places: request.places.clone(), rows: 0, bytes: 0 }
    }

    /// Adds the leading rows of a page that fit; how many.
    fn push(&mut self, mut page: Batch) -> usize {
        let taken = self.fitting((0..page.len()).map(|row| row_bytes(&page, row)));
        page.truncate(taken);
        self.pages.push(page);
        taken
    }

    /// Adds the trailing rows of a page that fit; how many.
    fn push_front(&mut self, page: Batch) -> usize {
        let taken = self.fitting((0..page.len()).rev().map(|row| row_bytes(&page, row)));
        self.pages.push(tail(page, taken));
        taken
    }

    fn fitting(&mut self, sizes: impl Iterator<Item = u64>) -> usize {
        let mut taken = 0;
        for size in sizes {
            if self.rows > 0 && self.bytes + size > MAX_BYTES {
                break;
            }
            self.bytes += size;
            self.rows += 1;
            taken += 1;
        }
        taken
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As rows.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.rows);
        for page in &self.pages {
            for row in 0..page.len() {
                let cells = self.columns.iter().zip(&self.places).map(|(rule, place)| {
                    let column = place.and_then(|place| page.columns.get(place));
                    rule.cell(column.and_then(|column| column.value_ref(row)), self.class)
                });
                rows.push(cells.collect());
            }
        }
        rows
    }

    /// As columns.
    pub(super) fn columns(&self) -> Vec<Column> {
        let single = match &self.pages[..] {
            [page] if page.columns.iter().all(|column| column_rows(column) == page.len()) => Some(page),
            _ => None,
        };
        self.columns
            .iter()
            .zip(&self.places)
            .map(|(rule, place)| {
                if let Some(page) = single {
                    return rule.column(place.and_then(|place| page.columns.get(place)), page.len(), self.class);
                }
                let cells = self
                    .pages
                    .iter()
                    .flat_map(|page| {
                        let column = place.and_then(|place| page.columns.get(place));
                        (0..page.len()).map(move |row| column.and_then(|column| column.value(row)))
                    })
                    .collect();
                rule.column(Some(&Column::of(rule.source_tag(), cells)), self.rows, self.class)
            })
            .collect()
    }
}

fn column_rows(column: &Column) -> usize {
    match &column.data {
        ColumnData::Longs(cells) => cells.len(),
        ColumnData::I64s(cells) => cells.len(),
        ColumnData::Text(_, ends) | ColumnData::Bytes(_, ends) => ends.len(),
        ColumnData::Mixed(cells) => cells.len(),
    }
}

/// The last rows of a batch.
fn tail(page: Batch, rows: usize) -> Batch {
    let skip = page.len() - rows;
    if skip == 0 {
        return page;
    }
    let columns = page
        .columns
        .iter()
        .map(|column| Column::of(column.tag, (skip..page.len()).map(|row| column.value(row)).collect()))
        .collect();
    let mut page = Batch { columns, ..page };
    page.ids.drain(..skip);
    page
}
