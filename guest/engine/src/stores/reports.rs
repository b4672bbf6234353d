//! Read and non-read reports that fall due in a store (`stores` 8): when they do is decided here; what they
//! say and how they are sent (`messages` 8.4) is decided by the [`Reports`] a connection was given.

use crate::backend::ObjectId;
use crate::error::{Code, Failure, Result};
use crate::stores::Connection;
use std::rc::Rc;

/// What a report tells the sender of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// The message was read.
    Read,
    /// The message was deleted before it was read.
    NonRead,
}

/// A report that is built but not sent yet.
pub type BuiltReport = Box<dyn FnOnce() -> Result<()>>;

/// Builds and sends reports.
pub trait Reports {
    /// Builds the report on a message while the message is there. It is sent by calling it, once the change
    /// it reports is durable.
    ///
    /// # Errors
    /// Its own; no report is sent then, and none later.
    fn build(&self, connection: &Rc<Connection>, message: &ObjectId, kind: ReportKind) -> Result<BuiltReport>;
}

impl Connection {
    /// Builds the report that is due on a message.
    pub(crate) fn build_report(self: &Rc<Self>, message: &ObjectId, kind: ReportKind) -> Result<BuiltReport> {
        match self.reports() {
            Some(reports) => reports.build(self, message, kind),
            None => Err(Failure::new(Code::NoSupport, "A report is due on a message, but nothing here can send it.")),
        }
    }

    /// Whether messages of this store can owe reports at all.
    pub(crate) fn keeps_reports(&self) -> bool {
        let abilities = &self.identity().capabilities;
        abilities.submit && !abilities.public_folders
    }
}
