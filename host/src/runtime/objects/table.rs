//! `IMAPITable`.

use super::{has_last_error, object, warned};
use crate::runtime::convert::{Wire, bookmark, map, to_bookmark, to_lists};
use crate::runtime::subscription::Source;
use crate::runtime::world::mapi::session::types;
use crate::runtime::{Subscription, flags};
use mapi_engine::backend::Column;
use mapi_engine::error::{Code, Result, Warned};
use mapi_engine::properties::{PropTag, Property, Value};
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::{Bookmark, Expanded, Explanation, Position, SortOrderSet, TableStatus, TableType};
use std::time::Instant;

/// A row: its cells in the order of the columns. A cell without a value holds an error value.
pub type Row = Vec<Property>;

/// Rows by column, for thousands of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RowBatch {
    /// How many rows.
    pub rows: u32,
    /// The cells; columns in the order of the view.
    pub columns: Vec<Column>,
}

impl RowBatch {
    /// The same by rows. A cell without a value is a `PT_ERROR` that says so.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        let cell = |column: &Column, row: usize| {
            let value = column.value(row).unwrap_or(Value::Error(Code::NotFound.raw()));
            Property { tag: column.tag.with_kind(value.kind()), value }
        };
        (0..self.rows as usize).map(|row| self.columns.iter().map(|column| cell(column, row)).collect()).collect()
    }
}

object! {
    /// A view of a table (`IMAPITable`), with columns, restriction, order, cursor and bookmarks of its own.
    Table
}

impl Table {
    has_last_error!(mapi_session_tables, table);

    /// `Advise`: registers for what happens to the rows of this view. Rows come with the columns the view has then.
    ///
    /// # Errors
    /// `tables` 11.
    pub async fn advise(&self, events: flags::EventMask) -> Result<Subscription> {
        let this = self.handle.resource;
        let advise = async {
            call!(self.subsystem(), "IMAPITable::Advise", |live| {
                live.world.mapi_session_tables().table().call_advise(&mut live.store, this, events).await
            })
        };
        self.subsystem().subscribe(Source::Table(self.clone()), advise).await
    }

    pub(crate) async fn unadvise(&self, connection: u32) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPITable::Unadvise", |live| {
            live.world.mapi_session_tables().table().call_unadvise(&mut live.store, this, connection).await
        })
    }

    /// `GetStatus`. Does a slice of work that an asynchronous call left over.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub async fn get_status(&self) -> Result<(TableStatus, TableType)> {
        let this = self.handle.resource;
        let state = call!(self.subsystem(), "IMAPITable::GetStatus", |live| {
            live.world.mapi_session_tables().table().call_get_status(&mut live.store, this).await
        })?;
        Ok((TableStatus::from_wit(state.status)?, TableType::from_wit(state.kind)?))
    }

    /// `Abort`: ends work that an asynchronous call left over; what it would have replaced stays in force.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_ABORT` when there is none.
    pub async fn abort(&self) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPITable::Abort", |live| {
            live.world.mapi_session_tables().table().call_abort(&mut live.store, this).await
        })
    }

    /// `WaitForCompletion`: goes on with work that an asynchronous call left over, for that many milliseconds (0:
    /// for one slice, `u32::MAX`: to its end). Other calls are served meanwhile.
    ///
    /// # Errors
    /// `MAPI_E_TIMEOUT` when work is still left over.
    pub async fn wait_for_completion(&self, milliseconds: u32) -> Result<TableStatus> {
        /// Milliseconds after which others get their chance.
        const SHARE: u32 = 10;
        let this = self.handle.resource;
        let begun = Instant::now();
        loop {
            let left = match milliseconds {
                u32::MAX => u32::MAX,
                most => most.saturating_sub(u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX)),
            };
            let share = left.min(SHARE);
            let waited = call!(self.subsystem(), "IMAPITable::WaitForCompletion", |live| {
                live.world.mapi_session_tables().table().call_wait_for_completion(&mut live.store, this, share).await
            });
            match waited {
                Ok(status) => return TableStatus::from_wit(status),
                Err(failure) if failure.code() == Code::Timeout && left > share => tokio::task::yield_now().await,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// `SetColumns`.
    ///
    /// # Errors
    /// `tables` 3.
    pub async fn set_columns(&self, tags: &[PropTag], flags: flags::SetColumnsFlags) -> Result<()> {
        let (this, tags): (_, Vec<u32>) = (self.handle.resource, tags.iter().map(|tag| tag.0).collect());
        call!(self.subsystem(), "IMAPITable::SetColumns", |live| {
            live.world.mapi_session_tables().table().call_set_columns(&mut live.store, this, &tags, flags).await
        })
    }

    /// `QueryColumns`.
    ///
    /// # Errors
    /// `tables` 3.
    pub async fn query_columns(&self, flags: flags::QueryColumnsFlags) -> Result<Vec<PropTag>> {
        let this = self.handle.resource;
        map(call!(self.subsystem(), "IMAPITable::QueryColumns", |live| {
            live.world.mapi_session_tables().table().call_query_columns(&mut live.store, this, flags).await
        })?)
    }

    /// `GetRowCount`; with `MAPI_W_APPROX_COUNT` an estimate.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` while other work goes on.
    pub async fn get_row_count(&self) -> Result<Warned<u32>> {
        let this = self.handle.resource;
        let count = call!(self.subsystem(), "IMAPITable::GetRowCount", |live| {
            live.world.mapi_session_tables().table().call_get_row_count(&mut live.store, this).await
        })?;
        warned(count.rows, count.warning)
    }

    /// `SeekRow`: how many rows the cursor went, negative towards the beginning.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`.
    pub async fn seek_row(&self, origin: Bookmark, count: i32) -> Result<Warned<i32>> {
        let (this, origin) = (self.handle.resource, bookmark(origin));
        let sought = call!(self.subsystem(), "IMAPITable::SeekRow", |live| {
            live.world.mapi_session_tables().table().call_seek_row(&mut live.store, this, origin, count).await
        })?;
        warned(sought.rows, sought.warning)
    }

    /// `SeekRowApprox`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a denominator of 0.
    pub async fn seek_row_approx(&self, numerator: u32, denominator: u32) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPITable::SeekRowApprox", |live| {
            let table = live.world.mapi_session_tables().table();
            table.call_seek_row_approx(&mut live.store, this, numerator, denominator).await
        })
    }

    /// `QueryPosition`.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` while other work goes on.
    pub async fn query_position(&self) -> Result<Position> {
        let this = self.handle.resource;
        let position = call!(self.subsystem(), "IMAPITable::QueryPosition", |live| {
            live.world.mapi_session_tables().table().call_query_position(&mut live.store, this).await
        })?;
        Ok(Position { row: position.row, numerator: position.numerator, denominator: position.denominator })
    }

    /// `FindRow`: moves the cursor to the first row, from a place on, that meets the restriction.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn find_row(&self, restriction: &Restriction, origin: Bookmark, flags: flags::FindRowFlags) -> Result<Warned<()>> {
        let (this, origin, lists) = (self.handle.resource, bookmark(origin), to_lists(restriction));
        let warning: Option<types::Scode> = call!(self.subsystem(), "IMAPITable::FindRow", |live| {
            live.world.mapi_session_tables().table().call_find_row(&mut live.store, this, &lists, origin, flags).await
        })?;
        warned((), warning)
    }

    /// `Restrict`; `None` lets all rows through again.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX`.
    pub async fn restrict(&self, restriction: Option<&Restriction>, flags: flags::RestrictFlags) -> Result<()> {
        let (this, lists) = (self.handle.resource, restriction.map(to_lists));
        call!(self.subsystem(), "IMAPITable::Restrict", |live| {
            live.world.mapi_session_tables().table().call_restrict(&mut live.store, this, lists.as_ref(), flags).await
        })
    }

    /// `CreateBookmark`.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_COMPLETE` when there are too many.
    pub async fn create_bookmark(&self) -> Result<Bookmark> {
        let this = self.handle.resource;
        Ok(to_bookmark(call!(self.subsystem(), "IMAPITable::CreateBookmark", |live| {
            live.world.mapi_session_tables().table().call_create_bookmark(&mut live.store, this).await
        })?))
    }

    /// `FreeBookmark`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`.
    pub async fn free_bookmark(&self, made: Bookmark) -> Result<()> {
        let (this, made) = (self.handle.resource, bookmark(made));
        call!(self.subsystem(), "IMAPITable::FreeBookmark", |live| {
            live.world.mapi_session_tables().table().call_free_bookmark(&mut live.store, this, made).await
        })
    }

    /// `SortTable`.
    ///
    /// # Errors
    /// `tables` 7.1.
    pub async fn sort_table(&self, order: SortOrderSet, flags: flags::SortTableFlags) -> Result<()> {
        let (this, order) = (self.handle.resource, crate::runtime::convert::to_sort_order(order)?);
        call!(self.subsystem(), "IMAPITable::SortTable", |live| {
            live.world.mapi_session_tables().table().call_sort_table(&mut live.store, this, &order, flags).await
        })
    }

    /// `QuerySortOrder`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub async fn query_sort_order(&self) -> Result<SortOrderSet> {
        let this = self.handle.resource;
        Ok(crate::runtime::convert::sort_order(call!(self.subsystem(), "IMAPITable::QuerySortOrder", |live| {
            live.world.mapi_session_tables().table().call_query_sort_order(&mut live.store, this).await
        })?))
    }

    /// `QueryRows`: up to that many rows from the cursor on or, if negative, before it. No row at all is
    /// the only sign of the end.
    ///
    /// # Errors
    /// `tables` 4.
    pub async fn query_rows(&self, count: i32, flags: flags::QueryRowsFlags) -> Result<Vec<Row>> {
        // By columns they cross the border at a fraction of the cost.
        Ok(self.query_rows_columnar(count, flags).await?.into_rows())
    }

    /// `QueryRows`, by columns: ten times cheaper for thousands of rows.
    ///
    /// # Errors
    /// `tables` 4.
    pub async fn query_rows_columnar(&self, count: i32, flags: flags::QueryRowsFlags) -> Result<RowBatch> {
        let this = self.handle.resource;
        let batch = call!(self.subsystem(), "IMAPITable::QueryRows", |live| {
            live.world.mapi_session_tables().table().call_query_rows_columnar(&mut live.store, this, count, flags).await
        })?;
        Ok(RowBatch { rows: batch.rows, columns: map(batch.columns)? })
    }

    /// `ExpandRow`: shows what is in the category whose header has that `PR_INSTANCE_KEY`, and reads up to
    /// `max_rows` of the rows. The cursor goes behind them.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when no visible header has the key.
    pub async fn expand_row(&self, key: &[u8], max_rows: u32) -> Result<Expanded> {
        let (this, key) = (self.handle.resource, key.to_vec());
        let expanded = call!(self.subsystem(), "IMAPITable::ExpandRow", |live| {
            live.world.mapi_session_tables().table().call_expand_row(&mut live.store, this, &key, max_rows).await
        })?;
        let rows = expanded.rows.into_iter().map(|row| map(row.cells)).collect::<Result<_>>()?;
        Ok(Expanded { rows, total: expanded.total })
    }

    /// `CollapseRow`: how many rows went out of sight.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when no visible header has the key.
    pub async fn collapse_row(&self, key: &[u8]) -> Result<u32> {
        let (this, key) = (self.handle.resource, key.to_vec());
        call!(self.subsystem(), "IMAPITable::CollapseRow", |live| {
            live.world.mapi_session_tables().table().call_collapse_row(&mut live.store, this, &key).await
        })
    }

    /// `GetCollapseState`: which categories are expanded, and the row with that `PR_INSTANCE_KEY`, for later
    /// views of the same container with the same sort and restriction.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` without categories, `MAPI_E_NOT_FOUND`.
    pub async fn get_collapse_state(&self, key: &[u8]) -> Result<Vec<u8>> {
        let (this, key) = (self.handle.resource, key.to_vec());
        call!(self.subsystem(), "IMAPITable::GetCollapseState", |live| {
            live.world.mapi_session_tables().table().call_get_collapse_state(&mut live.store, this, &key).await
        })
    }

    /// `SetCollapseState`: the bookmark is on the row the state names, or the next visible one.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_COMPLETE` for what is no state of such a view.
    pub async fn set_collapse_state(&self, state: &[u8]) -> Result<Bookmark> {
        let (this, state) = (self.handle.resource, state.to_vec());
        Ok(to_bookmark(call!(self.subsystem(), "IMAPITable::SetCollapseState", |live| {
            live.world.mapi_session_tables().table().call_set_collapse_state(&mut live.store, this, &state).await
        })?))
    }

    /// What of the view the store evaluates, and why it does not evaluate the rest.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` while other work goes on.
    pub async fn explain(&self) -> Result<Explanation> {
        let this = self.handle.resource;
        crate::runtime::convert::explanation(call!(self.subsystem(), "explaining a table", |live| {
            live.world.mapi_session_tables().table().call_explain(&mut live.store, this).await
        })?)
    }

    /// `HrQueryAllRows`: every row, with these columns, at most `max` of them.
    ///
    /// # Errors
    /// `MAPI_E_TABLE_TOO_BIG` when there are more.
    pub async fn query_all_rows(&self, max: usize) -> Result<Vec<Row>> {
        const PAGE: i32 = 500;
        self.seek_row(Bookmark::BEGINNING, 0).await?;
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let mut page = self.query_rows(PAGE, flags::QueryRowsFlags::empty()).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            if rows.len().saturating_add(page.len()) > max {
                let why = format!("the table has more than {max} rows");
                return Err(mapi_engine::error::Failure::new(Code::TableTooBig, why));
            }
            rows.append(&mut page);
        }
    }
}
