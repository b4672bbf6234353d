//! `tables`.

use crate::exports::Component;
use crate::types::{Bits, scode, tags, tree, wire_properties, wire_tags};
use crate::world::exports::mapi::session::tables as export;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::tables::{
    Bookmark, Evaluation, Expanded, KeptBecause, Position, Row, SortOrderSet, Table, TableStatus, TableType,
};

impl export::Guest for Component {
    type Table = ExportedTable;
}

/// A table of the engine.
pub(crate) struct ExportedTable(Table);

/// A table for the world.
pub(crate) fn exported(table: Table) -> export::Table {
    export::Table::new(ExportedTable(table))
}

fn bookmark(bookmark: export::Bookmark) -> Bookmark {
    match bookmark {
        export::Bookmark::Beginning => Bookmark::BEGINNING,
        export::Bookmark::Current => Bookmark::CURRENT,
        export::Bookmark::End => Bookmark::END,
        export::Bookmark::Made(number) => Bookmark(number),
    }
}

fn wire_status(status: TableStatus) -> export::TableStatus {
    match status {
        TableStatus::Complete => export::TableStatus::Complete,
        TableStatus::QChanged => export::TableStatus::Qchanged,
        TableStatus::Sorting => export::TableStatus::Sorting,
        TableStatus::SortError => export::TableStatus::SortError,
        TableStatus::SettingCols => export::TableStatus::SettingCols,
        TableStatus::SetColError => export::TableStatus::SetcolError,
        TableStatus::Restricting => export::TableStatus::Restricting,
        TableStatus::RestrictError => export::TableStatus::RestrictError,
    }
}

fn wire_reason(why: KeptBecause) -> export::KeptBecause {
    match why {
        KeptBecause::NoStore => export::KeptBecause::NoStore,
        KeptBecause::Computed => export::KeptBecause::Computed,
        KeptBecause::NoFilter => export::KeptBecause::NoFilter,
        KeptBecause::NotEvaluated => export::KeptBecause::NotEvaluated,
        KeptBecause::Inexact => export::KeptBecause::Inexact,
        KeptBecause::MultiValue => export::KeptBecause::MultiValue,
        KeptBecause::Instances => export::KeptBecause::Instances,
        KeptBecause::Categories => export::KeptBecause::Categories,
        KeptBecause::Told => export::KeptBecause::Told,
        KeptBecause::Fixed => export::KeptBecause::Fixed,
        KeptBecause::Limited => export::KeptBecause::Limited,
        KeptBecause::Condition => export::KeptBecause::Condition,
        KeptBecause::Order => export::KeptBecause::Order,
        KeptBecause::Positions => export::KeptBecause::Positions,
    }
}

fn wire_evaluation(evaluation: Evaluation) -> export::Evaluation {
    match evaluation {
        Evaluation::Store => export::Evaluation::Store,
        Evaluation::Narrowed(why) => export::Evaluation::Narrowed(wire_reason(why)),
        Evaluation::Engine(why) => export::Evaluation::Engine(wire_reason(why)),
    }
}

/// A row for the world.
pub(crate) fn row(row: Row) -> Result<export::Row, wire::Failure> {
    Ok(export::Row { cells: wire_properties(row)? })
}

impl export::GuestTable for ExportedTable {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn advise(&self, events: flags::EventMask) -> Result<u32, wire::Failure> {
        Ok(self.0.advise(events.raw())?)
    }

    fn unadvise(&self, connection: u32) -> Result<(), wire::Failure> {
        Ok(self.0.unadvise(connection)?)
    }

    fn get_status(&self) -> Result<export::TableState, wire::Failure> {
        let (status, kind) = self.0.get_status()?;
        Ok(export::TableState {
            status: wire_status(status),
            kind: match kind {
                TableType::Snapshot => export::TableType::Snapshot,
                TableType::Keyset => export::TableType::Keyset,
                TableType::Dynamic => export::TableType::Dynamic,
            },
        })
    }

    fn abort(&self) -> Result<(), wire::Failure> {
        Ok(self.0.abort()?)
    }

    fn wait_for_completion(&self, milliseconds: u32) -> Result<export::TableStatus, wire::Failure> {
        Ok(wire_status(self.0.wait_for_completion(0, milliseconds)?))
    }

    fn set_columns(&self, columns: Vec<u32>, how: flags::SetColumnsFlags) -> Result<(), wire::Failure> {
        Ok(self.0.set_columns(&tags(columns), how.raw())?)
    }

    fn query_columns(&self, how: flags::QueryColumnsFlags) -> Result<Vec<u32>, wire::Failure> {
        Ok(wire_tags(&self.0.query_columns(how.raw())?))
    }

    fn get_row_count(&self) -> Result<export::RowCount, wire::Failure> {
        let count = self.0.get_row_count(0)?;
        Ok(export::RowCount { rows: count.value, warning: scode(count.warning) })
    }

    fn seek_row(&self, origin: export::Bookmark, count: i32) -> Result<export::Sought, wire::Failure> {
        let sought = self.0.seek_row(bookmark(origin), count)?;
        Ok(export::Sought { rows: sought.value, warning: scode(sought.warning) })
    }

    fn seek_row_approx(&self, numerator: u32, denominator: u32) -> Result<(), wire::Failure> {
        Ok(self.0.seek_row_approx(numerator, denominator)?)
    }

    fn query_position(&self) -> Result<export::Position, wire::Failure> {
        let Position { row, numerator, denominator } = self.0.query_position()?;
        Ok(export::Position { row, numerator, denominator })
    }

    fn find_row(
        &self,
        restriction: wire::Restriction,
        origin: export::Bookmark,
        how: flags::FindRowFlags,
    ) -> Result<Option<wire::Scode>, wire::Failure> {
        let found = self.0.find_row(Some(&tree(restriction)?), bookmark(origin), how.raw())?;
        Ok(scode(found.warning))
    }

    fn restrict(&self, restriction: Option<wire::Restriction>, how: flags::RestrictFlags) -> Result<(), wire::Failure> {
        Ok(self.0.restrict(restriction.map(tree).transpose()?, how.raw())?)
    }

    fn create_bookmark(&self) -> Result<export::Bookmark, wire::Failure> {
        Ok(export::Bookmark::Made(self.0.create_bookmark()?.0))
    }

    fn free_bookmark(&self, made: export::Bookmark) -> Result<(), wire::Failure> {
        Ok(self.0.free_bookmark(bookmark(made))?)
    }

    fn sort_table(&self, order: wire::SortOrderSet, how: flags::SortTableFlags) -> Result<(), wire::Failure> {
        Ok(self.0.sort_table(Some(SortOrderSet::from(order)), how.raw())?)
    }

    fn query_sort_order(&self) -> Result<wire::SortOrderSet, wire::Failure> {
        Ok(self.0.query_sort_order()?.into())
    }

    fn query_rows(&self, count: i32, how: flags::QueryRowsFlags) -> Result<Vec<export::Row>, wire::Failure> {
        self.0.query_rows(count, how.raw())?.into_iter().map(row).collect()
    }

    fn query_rows_columnar(&self, count: i32, how: flags::QueryRowsFlags) -> Result<export::RowBatch, wire::Failure> {
        let batch = self.0.query_rows_columnar(count, how.raw())?;
        let columns = batch.columns.into_iter().map(wire::Column::try_from).collect::<mapi_engine::error::Result<_>>()?;
        Ok(export::RowBatch { rows: batch.rows, columns })
    }

    fn expand_row(&self, key: Vec<u8>, max_rows: u32) -> Result<export::Expanded, wire::Failure> {
        let Expanded { rows, total } = self.0.expand_row(&key, max_rows, 0)?;
        Ok(export::Expanded { rows: rows.into_iter().map(row).collect::<Result<_, _>>()?, total })
    }

    fn collapse_row(&self, key: Vec<u8>) -> Result<u32, wire::Failure> {
        Ok(self.0.collapse_row(&key, 0)?)
    }

    fn get_collapse_state(&self, key: Vec<u8>) -> Result<Vec<u8>, wire::Failure> {
        Ok(self.0.get_collapse_state(0, &key)?)
    }

    fn set_collapse_state(&self, state: Vec<u8>) -> Result<export::Bookmark, wire::Failure> {
        Ok(export::Bookmark::Made(self.0.set_collapse_state(0, &state)?.0))
    }

    fn explain(&self) -> Result<export::Explanation, wire::Failure> {
        let explanation = self.0.explain()?;
        Ok(export::Explanation {
            conditions: explanation.conditions.into_iter().map(wire_evaluation).collect(),
            order: wire_evaluation(explanation.order),
            categories: explanation.categories.map(wire_evaluation),
            rows: wire_evaluation(explanation.rows),
        })
    }
}
