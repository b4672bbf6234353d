//! Notifications (`session` 8): who is told what happened, and in which order.
//!
//! The engine calls nobody. An event waits in the queue of the client handle whose registration it is for
//! ([`HandleQueue`]) until `DispatchNotifications` hands it out ([`Notifications`]); the connection number
//! stands for the sink. Object events of a store are made from its change feed alone ([`StoreEvents`]), so
//! that changes of this session, of other sessions and of other processes arrive alike. Events of rows come
//! from the views of [`crate::tables`], which read the same feed.

mod dispatch;
mod event;
mod queue;
mod store_events;
#[cfg(test)]
mod tests;

pub use dispatch::{Dispatched, Notifications};
pub use event::{
    ErrorNotification, ExtendedNotification, NewMailNotification, Notification, ObjectNotification, StatusObjectNotification,
    TableEvent, TableNotification, mask,
};
pub use queue::{Connected, HandleQueue, NotificationBatch, QUEUE_LIMIT, Watched};
pub use store_events::StoreEvents;

/// `ulEvent` of `fnevExtended` when a client of the session logs off (`session` 8.3).
pub const SESSION_LOGOFF: u32 = 1;
/// Event number of an [`ExtendedNotification`] for providers: the last client logs off, and they are about to stop.
pub const SESSION_ENDING: u32 = 2;
