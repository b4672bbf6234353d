//! The session as submission sees it (`messages` 7.1): who is logged on, and that something waits.

use super::shared::SharedSession;
use crate::backend::LogLevel;
use crate::properties::{Guid, Value, tags};
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
        session.identity()
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

    /// Who is logged on, by the status rows there are.
    pub(super) fn identity(&self) -> Option<Identity> {
        let columns = self.status.identity()?;
        let find = |tag: crate::properties::PropTag| {
            columns.iter().find(|column| column.tag.id() == tag.id()).map(|column| &column.value)
        };
        let display = match find(tags::IDENTITY_DISPLAY) {
            Some(Value::Unicode(name)) => Some(name.as_str()),
            _ => None,
        };
        let key = match find(tags::IDENTITY_SEARCH_KEY) {
            Some(Value::Binary(key)) => Some(key.as_slice()),
            _ => None,
        };
        if let Some(Value::Binary(entry_id)) = find(tags::IDENTITY_ENTRYID) {
            return Some(Identity::of_entry(entry_id.clone(), display, key));
        }
        let key = String::from_utf8_lossy(key?).trim_end_matches('\0').to_owned();
        let (kind, address) = key.split_once(':')?;
        Some(Identity::one_off(display.unwrap_or(address), kind, address))
    }
}
