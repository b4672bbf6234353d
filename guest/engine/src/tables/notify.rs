//! What a view tells, as `TABLE_NOTIFICATION`s: the burst rule, and the rows with the columns in force (`tables` 11).

use crate::notifications::{TableEvent, TableNotification};
use crate::properties::{Property, Value, tags};
use crate::tables::cell::CellRule;
use crate::tables::order::ViewOrder;
use crate::tables::reading;
use crate::tables::source::{RowSource, TableClass};
use crate::tables::view::{Happened, RowEvent, Shown};
use std::collections::BTreeMap;

/// Row events of one operation that are told one by one.
const fn burst(class: TableClass) -> usize {
    match class {
        TableClass::InMemory => 8,
        TableClass::HostBacked => 20,
    }
}

/// The notifications of these events. When the rows cannot be read they become one "changed": whoever reads
/// again then sees the failure.
pub(super) fn notifications(
    source: &dyn RowSource,
    columns: &[CellRule],
    order: &ViewOrder,
    events: Vec<RowEvent>,
) -> Vec<TableNotification> {
    let events = without_bursts(events, burst(source.class()));
    let rows: Vec<_> = events
        .iter()
        .filter_map(|happened| match happened {
            Happened::Added(shown) | Happened::Modified(shown) => Some(shown.row.clone()),
            _ => None,
        })
        .collect();
    let Ok(rows) = reading::rows(source, columns, order, &rows) else {
        let reload = events.contains(&Happened::Reload);
        return vec![TableNotification::plain(if reload { TableEvent::Reload } else { TableEvent::Changed })];
    };
    let mut rows = rows.into_iter();
    let mut of_row = |event, shown: Shown| {
        let index = instance_key(shown.key);
        let mut row = rows.next().unwrap_or_default();
        // Others may have removed the row since the view took it in: it then has no cells, but whoever is told
        // next that it is gone must have got its key.
        for (cell, _) in row.iter_mut().zip(columns).filter(|(_, column)| column.tag == tags::INSTANCE_KEY) {
            cell.clone_from(&index);
        }
        let prior = shown.prior.map_or_else(|| TableNotification::plain(event).prior, instance_key);
        TableNotification { index, prior, row, ..TableNotification::plain(event) }
    };
    events
        .into_iter()
        .map(|happened| match happened {
            Happened::Added(shown) => of_row(TableEvent::RowAdded, shown),
            Happened::Modified(shown) => of_row(TableEvent::RowModified, shown),
            Happened::Deleted(key) => {
                TableNotification { index: instance_key(key), ..TableNotification::plain(TableEvent::RowDeleted) }
            }
            Happened::Changed => TableNotification::plain(TableEvent::Changed),
            Happened::Reload => TableNotification::plain(TableEvent::Reload),
        })
        .collect()
}

fn instance_key(key: Vec<u8>) -> Property {
    Property::new(tags::INSTANCE_KEY, Value::Binary(key))
}

/// The events, those of an operation with too many of them replaced by one "changed" in the place of the first.
fn without_bursts(events: Vec<RowEvent>, limit: usize) -> Vec<Happened> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for event in &events {
        *counts.entry(event.operation).or_default() += 1;
    }
    let mut told: Vec<Happened> = Vec::with_capacity(events.len());
    for RowEvent { operation, happened } in events {
        let many = counts.get(&operation).is_some_and(|count| *count > limit);
        let happened = if many && happened != Happened::Reload { Happened::Changed } else { happened };
        if happened != Happened::Changed || told.last() != Some(&Happened::Changed) {
            told.push(happened);
        }
    }
    told
}
