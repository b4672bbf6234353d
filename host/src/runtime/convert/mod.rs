//! The engine's value types and the world's: the same ideas, converted by move.
//!
//! What comes from the component is checked like anything that comes from a peer.

mod commits;
mod failures;
pub(crate) mod flags;
pub(crate) mod forms;
mod notifications;
mod objects;
mod providers;
mod restrictions;
mod scans;
mod services;
mod tables;
mod values;

pub(crate) use commits::{all_stored, commit, committed, feed_page};
pub(crate) use notifications::notification;
pub(crate) use objects::{batch, check_report, head, tag_size};
pub(crate) use providers::{
    address_book_identity, effect, envelope, inbound, logon, notice, option_data, report, resolution, row_outcome,
    status_problems, store_identity, to_option_data, transport_identity,
};
pub(crate) use restrictions::to_lists;
pub(crate) use scans::{filters, group_page, order, plan, scan_from, scan_kind, scan_page, scope};
pub(crate) use services::{outcome as configure_outcome, request as configure_request, service};
pub(crate) use tables::{bookmark, explanation, sort_order, to_bookmark, to_sort_order};

use mapi_engine::error::Result;

/// A type of the engine with a counterpart in the world.
pub(crate) trait Wire: Sized {
    /// The counterpart.
    type Wit;

    /// Into the world's form.
    fn into_wit(self) -> Self::Wit;

    /// Back from it.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when the engine has no such value.
    fn from_wit(wit: Self::Wit) -> Result<Self>;
}

/// A list back from the world's form.
pub(crate) fn map<T: Wire>(list: Vec<T::Wit>) -> Result<Vec<T>> {
    list.into_iter().map(T::from_wit).collect()
}

/// A list into the world's form.
pub(crate) fn wires<T: Wire>(list: Vec<T>) -> Vec<T::Wit> {
    list.into_iter().map(T::into_wit).collect()
}
