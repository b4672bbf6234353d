//! Sending and receiving (`messages` 7 to 9, `transport`): the outgoing queue and the spooler that drives
//! transports.
//!
//! The queue lives in the store: a message in it carries a queue number, and all that the spooler must not
//! forget about it is kept beside that. Nothing is sent inside a client's call; the session gives the spooler
//! turns. Whoever works on a message claims it first, so that several sessions, also of several processes,
//! may serve one queue.
//!
//! Preprocessors, hooks, personal distribution lists and remote transports are not here.

mod assignment;
mod delivery;
mod disposition;
mod flush;
mod form;
mod inbound;
mod original;
mod pass;
mod queue;
mod queue_state;
pub(crate) mod receipt;
mod recipients;
mod report;
mod report_message;
mod retry;
mod sender;
pub(crate) mod submission;
#[cfg(test)]
mod tests;
mod transfer;
mod transport;
mod turn;
mod withdrawal;

pub use queue::{LAST_ERROR, NEXT_ATTEMPT};
pub use sender::Identity;
pub use submission::FORCE_SUBMIT;

pub(crate) use form::MailComposer;
pub(crate) use queue::table as queue_table;
pub(crate) use queue_state::{state_in, submit_flags};
pub(crate) use retry::{SECOND, after_logons};
pub(crate) use transfer::Composer;
#[cfg(test)]
pub(crate) use transfer::Content;
pub(crate) use transport::ActiveTransport;
pub(crate) use turn::Spooler;

use crate::backend::{Effect, Environment};
use crate::properties::{Guid, Property};
use crate::stores::reference::StoreReference;
use std::rc::Rc;

/// Ticks for which a claim holds: longer than any single call of a transport may take.
pub(crate) const LEASE: u64 = 120 * SECOND;

/// What submission needs of the session it happens in.
pub trait MailSession {
    /// Who is logged on (`session` 6.12); `None` when no provider says so. Starts the transports.
    fn identity(&self) -> Option<Identity>;

    /// A message has entered the queue of a store.
    fn submitted(&self);

    /// A message that these transports (by profile section) have deferred was taken back.
    fn withdrawn(&self, entry_id: &[u8], transports: &[Guid]);
}

/// Where the spooler shows what transports do.
pub(crate) trait StatusSink {
    /// `ModifyStatusRow` with `STATUSROW_UPDATE`.
    fn changed(&self, transport: Guid, columns: Vec<Property>);

    /// Something else that a transport has reported.
    fn reported(&self, transport: Guid, effect: Effect);

    /// Whether the network of a transport is down.
    fn offline(&self, transport: Guid, is_offline: bool);

    /// `PR_STATUS_CODE` as it stands in the row of a transport.
    fn code(&self, transport: Guid) -> i32;
}

/// What the spooler works with in a turn.
pub(crate) struct Surroundings<'a> {
    pub(crate) environment: &'a Environment,
    /// Who this spooler is among others.
    pub(crate) owner: Guid,
    /// Ticks for which a claim holds.
    pub(crate) lease: u64,
    /// The stores whose queues are served.
    pub(crate) stores: Vec<Rc<StoreReference>>,
    /// Where mail and reports arrive.
    pub(crate) default_store: Option<Rc<StoreReference>>,
    /// The transports logged on, in transport order.
    pub(crate) transports: Vec<Rc<ActiveTransport>>,
    /// Whether every transport of the profile is logged on: only then is a recipient that none takes lost.
    pub(crate) is_complete: bool,
    /// Who is logged on.
    pub(crate) identity: Option<Identity>,
    pub(crate) composer: &'a dyn Composer,
    pub(crate) status: &'a dyn StatusSink,
}
