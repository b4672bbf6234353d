//! Read and non-read reports of a session's stores: they go out through the Outbox of the default store
//! (`stores` 8).

use super::shared::SharedSession;
use crate::backend::ObjectId;
use crate::error::{Code, Failure, Result};
use crate::properties::{Value, tags};
use crate::spooler::receipt;
use crate::stores::reference::Named;
use crate::stores::{BuiltReport, Connection, ReportKind, Reports};
use std::rc::{Rc, Weak};

/// The reports of one session.
pub(super) struct ReadReports(pub(super) Weak<SharedSession>);

impl Reports for ReadReports {
    fn build(&self, connection: &Rc<Connection>, message: &ObjectId, kind: ReportKind) -> Result<BuiltReport> {
        let draft = receipt::build(connection, message, kind)?;
        let session = self.0.clone();
        Ok(Box::new(move || {
            let session = session.upgrade().ok_or_else(|| Failure::new(Code::EndOfSession, "The session has ended."))?;
            session.send_report(draft)
        }))
    }
}

impl SharedSession {
    fn send_report(&self, draft: crate::messages::Draft) -> Result<()> {
        let store = self.default_reference().ok_or_else(|| {
            Failure::new(Code::NotFound, "A report is due, but the default store, whose Outbox it goes out through, is not open.")
        })?;
        let identity = store.connection.identity();
        let (_, values) = store.read(&identity.store, &[tags::IPM_OUTBOX_ENTRYID])?;
        let outbox = values.into_iter().find_map(|property| match property.value {
            Value::Binary(entry_id) => store.resolve(&entry_id).ok(),
            _ => None,
        });
        let Some(Named::Object(outbox)) = outbox else {
            return Err(Failure::not_found("The default store has no Outbox for a report to go out through."));
        };
        receipt::submit(&store.connection, &outbox, draft, self.identity(false))?;
        self.spooler.wake();
        Ok(())
    }
}
