//! Tables with categories: how they are asked for, expanded and shown (IMAPITable::ExpandRow, CollapseRow).

use crate::output::{Output, cell_text, heading, row_object};
use crate::terminal::Grid;
use anyhow::{Context as _, anyhow, bail};
use mapi_session::Table;
use mapi_session::expression::{parse_property, property_name};
use mapi_session::flags::QueryRowsFlags;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE};

/// What is read besides the columns asked for, to tell headers from messages.
const EXTRA: [PropTag; 5] = [tags::ROW_TYPE, tags::DEPTH, tags::CONTENT_COUNT, tags::CONTENT_UNREAD, tags::INSTANCE_KEY];

/// `received` ascending, `-received` descending, `combine:`, `max:` and `min:` as the constants of that name,
/// `each:` for the elements of a multi-value; the first keys make the categories.
pub(crate) fn sort_order(text: &str, categories: u32, expanded: u32) -> anyhow::Result<SortOrderSet> {
    let keys = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            let (order, name) = match name.split_once(':') {
                Some(("combine", name)) => (TABLE_SORT_COMBINE, name),
                Some(("max", name)) => (TABLE_SORT_CATEG_MAX, name),
                Some(("min", name)) => (TABLE_SORT_CATEG_MIN, name),
                Some((other, _)) if other.trim_start_matches(['-', '+']) != "each" => {
                    bail!("--sort: there is no {other:?}; use combine:, max:, min: or each:")
                }
                _ => (u32::from(name.starts_with('-')), name.trim_start_matches(['-', '+'])),
            };
            let tag = parse_property(name).ok_or_else(|| super::commands::table::unknown("--sort", name))?;
            Ok(SortOrder { tag, order })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(SortOrderSet { keys, categories, expanded })
}

/// Expands or collapses the category whose header is at a row.
pub(crate) async fn expand(table: &Table, row: u32, expanded: bool) -> anyhow::Result<()> {
    let option = if expanded { "--expand" } else { "--collapse" };
    let rows = i32::try_from(row).map_err(|_| anyhow!("{option} takes a row, counted from 0"))?;
    table.seek_row(Bookmark::BEGINNING, rows).await?;
    let found = table.query_rows(1, QueryRowsFlags::TBL_NOADVANCE).await?;
    let key = found.first().and_then(|row| row.last());
    let Some(Property { value: Value::Binary(key), .. }) = key else { bail!("{option} {row}: there are not so many rows") };
    let done = if expanded { table.expand_row(key, 0).await.map(drop) } else { table.collapse_row(key).await.map(drop) };
    done.with_context(|| format!("{option} {row}: that row is no category header"))
}

/// The columns to read: those asked for, the categories' own, and [`EXTRA`].
pub(crate) fn columns(wanted: &[PropTag], order: &SortOrderSet) -> Vec<PropTag> {
    wanted.iter().copied().chain(keys(order)).chain(EXTRA).collect()
}

fn keys(order: &SortOrderSet) -> impl Iterator<Item = PropTag> {
    order.keys.iter().take(order.categories as usize).map(|key| key.tag)
}

/// Prints rows of a table with categories. In JSON a row has its type and depth too, a header its counts and values.
pub(crate) fn show(output: &Output, wanted: &[PropTag], order: &SortOrderSet, rows: &[Vec<Property>]) -> anyhow::Result<()> {
    if output.json {
        let columns = columns(wanted, order);
        for row in rows {
            let mut object = row_object(&columns, row);
            if let Some(object) = object.as_object_mut().filter(|_| !wanted.contains(&tags::INSTANCE_KEY)) {
                object.remove(&property_name(tags::INSTANCE_KEY));
            }
            output.object(&object)?;
        }
        return Ok(());
    }
    let headings: Vec<String> = wanted.iter().map(|tag| heading(*tag)).collect();
    let marked: Vec<(&str, bool)> =
        std::iter::once(("category", false)).chain(headings.iter().map(|heading| (heading.as_str(), false))).collect();
    let mut grid = Grid::new(&marked);
    for row in rows {
        let cells = row.get(..wanted.len()).unwrap_or_default();
        match header(wanted, order, row) {
            Some(header) => grid.row(std::iter::once(header).chain(wanted.iter().map(|_| String::new()))),
            None => grid.row(std::iter::once(String::new()).chain(cells.iter().map(|cell| cell_text(&cell.value)))),
        }
    }
    output.line(grid.to_string().trim_end())
}

/// What a header says on one line; `None`: the row is none.
fn header(wanted: &[PropTag], order: &SortOrderSet, row: &[Property]) -> Option<String> {
    let first = wanted.len() + order.categories as usize;
    let number = |at: usize| match row.get(first + at)?.value {
        Value::Long(number) => usize::try_from(number).ok(),
        _ => None,
    };
    let mark = match number(0)? {
        3 => '-',
        4 => '+',
        _ => return None,
    };
    let depth = number(1)?;
    // The keys of its own level: it shows those of the levels around it too.
    let mut level = 0;
    let own = order.keys.iter().take(order.categories as usize).enumerate().filter(|(at, key)| {
        level += usize::from(*at > 0 && key.order != TABLE_SORT_COMBINE);
        level == depth
    });
    let values: Vec<String> = own
        .filter_map(|(at, _)| row.get(wanted.len() + at))
        .map(|cell| match &cell.value {
            Value::Error(_) => "(none)".to_owned(),
            value => cell_text(value),
        })
        .collect();
    let (count, unread) = (number(2)?, number(3)?);
    Some(format!("{}{mark} {} ({count}, {unread} unread)", "  ".repeat(depth), values.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_names_directions_combinations_and_extremes() {
        let order = sort_order("-from,combine:subject,max:received,size", 2, 1).unwrap();
        let orders: Vec<u32> = order.keys.iter().map(|key| key.order).collect();
        assert_eq!(orders, [1, TABLE_SORT_COMBINE, TABLE_SORT_CATEG_MAX, 0]);
        assert_eq!((order.categories, order.expanded), (2, 1));
        let order = sort_order("-each:0x6806101F,each:0x6806101F", 0, 0).unwrap();
        assert_eq!(order.keys[0], SortOrder { tag: PropTag(0x6806_301F), order: 1 });
        assert_eq!(order.keys[1], SortOrder { tag: PropTag(0x6806_301F), order: 0 });
        assert!(sort_order("best:from", 0, 0).unwrap_err().to_string().contains("best"));
    }

    #[test]
    fn a_header_says_its_own_values_and_counts() {
        let order = sort_order("from,importance,combine:subject", 3, 0).unwrap();
        let long = |tag, value| Property { tag, value: Value::Long(value) };
        let text = |tag, value: &str| Property { tag, value: Value::Unicode(value.into()) };
        let missing = Property { tag: tags::SUBJECT, value: Value::Error(0x8004_010F) };
        let counts = [long(tags::ROW_TYPE, 4), long(tags::DEPTH, 1), long(tags::CONTENT_COUNT, 7), long(tags::CONTENT_UNREAD, 2)];
        let values = [text(tags::SENDER_NAME, "Ann"), long(tags::IMPORTANCE, 2), missing];
        let row: Vec<Property> = values.into_iter().chain(counts).collect();
        assert_eq!(header(&[], &order, &row).as_deref(), Some("  + 2, (none) (7, 2 unread)"));
    }
}
