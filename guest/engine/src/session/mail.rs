//! The session as submission sees it (`messages` 7.1): who is logged on, and that something waits.

use super::shared::SharedSession;
use crate::backend::LogLevel;
use crate::properties::Guid;
use crate::spooler::{Identity, MailSession};
use std::rc::{Rc, Weak};

/// The way from a message to its session.
struct SessionMail(Weak<SharedSession>);

impl MailSession for SessionMail {
    fn identity(&self) -> Option<Identity> {
        let session = self.0.upgrade()?;
        match session.load_profile() {
            Ok(profile) => drop(session.start_transports(&profile, false)),
            Err(failure) => session.log(LogLevel::Warn, &format!("the profile could not be read: {}", failure.brief())),
        }
        session.identity(false)
    }

    fn submitted(&self) {
        if let Some(session) = self.0.upgrade() {
            session.spooler.wake();
        }
    }

    fn withdrawn(&self, entry_id: &[u8], transports: &[Guid]) {
        if let Some(session) = self.0.upgrade() {
            let active = session.transports.borrow().clone();
            session.spooler.withdrawn(&active, entry_id, transports);
        }
    }
}

impl SharedSession {
    /// What messages of this session's stores are told.
    pub(super) fn mail(&self) -> Rc<dyn MailSession> {
        Rc::new(SessionMail(self.weak()))
    }
}
