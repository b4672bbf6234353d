//! What programs run against: the engine over a store, natively or through the component.

#[cfg(feature = "host")]
mod component;
mod native;
#[cfg(feature = "host")]
mod unplanned;

#[cfg(feature = "host")]
pub(crate) use component::{Component, Host};
pub(crate) use native::Native;
#[cfg(feature = "host")]
pub(crate) use unplanned::Unplanned;

use crate::program::Draft;
use mapi_engine::error::{Code, Warned};
use mapi_engine::notifications::TableNotification;
use mapi_engine::properties::{PropTag, Property};
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::{Bookmark, Position, Row, SortOrderSet, TableStatus};

/// What a call answers.
pub(crate) type Answer<T> = Result<T, Code>;

/// A contents table of a folder, and the messages in it. Messages are named by [`crate::tags::NAME`].
pub(crate) trait Subject {
    fn create(&mut self, name: i32, draft: &Draft) -> Answer<()>;
    fn change(&mut self, name: i32, set: &[Property], delete: &[PropTag]) -> Answer<()>;
    fn delete(&mut self, names: &[i32], hard: bool) -> Answer<()>;
    /// Moves messages to another folder, or back.
    fn carry(&mut self, names: &[i32], back: bool) -> Answer<()>;
    fn mark(&mut self, names: &[i32], read: bool) -> Answer<()>;

    fn set_columns(&mut self, columns: &[PropTag], flags: u32) -> Answer<()>;
    fn query_columns(&mut self) -> Answer<Vec<PropTag>>;
    fn restrict(&mut self, restriction: Option<&Restriction>, flags: u32) -> Answer<()>;
    fn sort_table(&mut self, order: &SortOrderSet, flags: u32) -> Answer<()>;
    fn query_sort_order(&mut self) -> Answer<SortOrderSet>;
    fn query_rows(&mut self, count: i32, stay: bool) -> Answer<Vec<Row>>;
    fn seek_row(&mut self, origin: Bookmark, count: i32) -> Answer<Warned<i32>>;
    fn seek_row_approx(&mut self, numerator: u32, denominator: u32) -> Answer<()>;
    fn query_position(&mut self) -> Answer<Position>;
    fn get_row_count(&mut self) -> Answer<u32>;
    fn find_row(&mut self, restriction: &Restriction, origin: Bookmark, backward: bool) -> Answer<Warned<()>>;
    fn create_bookmark(&mut self) -> Answer<Bookmark>;
    fn free_bookmark(&mut self, bookmark: Bookmark) -> Answer<()>;
    fn expand_row(&mut self, key: &[u8], max: u32) -> Answer<(Vec<Row>, u32)>;
    fn collapse_row(&mut self, key: &[u8]) -> Answer<u32>;
    fn get_collapse_state(&mut self, key: &[u8]) -> Answer<Vec<u8>>;
    fn set_collapse_state(&mut self, state: &[u8]) -> Answer<Bookmark>;
    fn get_status(&mut self) -> Answer<TableStatus>;
    fn abort(&mut self) -> Answer<()>;
    fn wait_for_completion(&mut self, milliseconds: u32) -> Answer<TableStatus>;
    fn advise(&mut self) -> Answer<()>;
    fn unadvise(&mut self) -> Answer<()>;
    /// A dispatch: what is told, to the registration there is.
    fn dispatch(&mut self) -> Answer<Vec<TableNotification>>;
}
