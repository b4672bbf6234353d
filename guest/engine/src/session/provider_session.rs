//! What a provider gets of the session that logged it on: IMAPIGetSession (`session` 10.2).
//!
//! The host numbers its openings of providers; by that number it asks for the session. The handle it is given does
//! not keep the session alive, cannot log it off, and ends with it.

use super::handle::{Handle, Session};
use super::shared::SharedSession;
use super::subsystem::Parts;
use crate::error::{Code, Failure, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// The session each provider was opened in, by the number of the opening.
#[derive(Default)]
pub(super) struct Openings(RefCell<BTreeMap<u64, Weak<SharedSession>>>);

impl Openings {
    /// Notes that the opening of that number made a provider of a session.
    pub(super) fn note(&self, opening: u64, session: Weak<SharedSession>) {
        self.0.borrow_mut().insert(opening, session);
    }

    /// Forgets the openings of a session that has ended, and of those that never came to be.
    fn forget(&self, ended: &Rc<SharedSession>) {
        let is_ended = |session: &Weak<SharedSession>| session.strong_count() == 0 || session.as_ptr() == Rc::as_ptr(ended);
        self.0.borrow_mut().retain(|_, session| !is_ended(session));
    }

    fn session(&self, opening: u64) -> Option<Rc<SharedSession>> {
        self.0.borrow().get(&opening)?.upgrade().filter(|session| session.is_live())
    }
}

/// A handle of the provider that was opened under that number.
pub(super) fn of_provider(parts: &Rc<Parts>, opening: u64) -> Result<Session> {
    let shared = parts
        .openings
        .session(opening)
        .ok_or_else(|| Failure::new(Code::InvalidObject, "The session this provider was logged on by has ended."))?;
    let handle = Handle::of_provider(Rc::clone(parts), shared);
    parts.keep(&handle);
    Ok(Session::new(handle))
}

impl Parts {
    /// The session has ended, and with it the handles its providers have.
    pub(super) fn end_provider_handles(&self, session: &Rc<SharedSession>) {
        self.openings.forget(session);
        self.handles_of(session).iter().filter(|handle| handle.is_of_provider()).for_each(|handle| handle.end(false));
    }
}
