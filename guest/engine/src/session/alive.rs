//! What ties everything opened through a client handle to it: its liveness, where its notifications go, and
//! its clock (`session` 4 step 5, 8.4, 11).

use crate::backend::Clock;
use crate::error::{Code, Failure, Result};
use crate::notifications::HandleQueue;
use std::cell::Cell;
use std::rc::Rc;

/// The token an object checks before it does anything. Ending a token ends all tokens derived from it:
/// logoff ends what was opened through the handle, StoreLogoff what was opened through the store.
#[derive(Clone, Debug)]
pub struct Alive(Rc<Node>);

#[derive(Debug)]
struct Node {
    ended: Cell<bool>,
    parent: Option<Alive>,
    /// The queue of the client handle, at the token of the handle.
    queue: Option<Rc<HandleQueue>>,
    clock: Option<Ticking>,
}

/// The clock of the session.
struct Ticking(Rc<dyn Clock>);

impl core::fmt::Debug for Ticking {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ticking")
    }
}

impl Alive {
    /// A token of its own.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Node { ended: Cell::new(false), parent: None, queue: None, clock: None }))
    }

    /// The token of a client handle with that queue.
    #[must_use]
    pub fn of_handle(queue: Rc<HandleQueue>) -> Self {
        Self(Rc::new(Node { ended: Cell::new(false), parent: None, queue: Some(queue), clock: None }))
    }

    /// The queue of the client handle it derives from; `None` for what was opened without a session.
    #[must_use]
    pub fn queue(&self) -> Option<Rc<HandleQueue>> {
        let mut token = Some(self);
        while let Some(Self(node)) = token {
            if let Some(queue) = &node.queue {
                return Some(Rc::clone(queue));
            }
            token = node.parent.as_ref();
        }
        None
    }

    /// A token that ends with this one, and knows the time.
    #[must_use]
    pub fn with_clock(self, clock: Rc<dyn Clock>) -> Self {
        Self(Rc::new(Node { ended: Cell::new(false), parent: Some(self), queue: None, clock: Some(Ticking(clock)) }))
    }

    /// The clock of the session it derives from.
    #[must_use]
    pub fn clock(&self) -> Option<Rc<dyn Clock>> {
        let mut token = Some(self);
        while let Some(Self(node)) = token {
            if let Some(Ticking(clock)) = &node.clock {
                return Some(Rc::clone(clock));
            }
            token = node.parent.as_ref();
        }
        None
    }

    /// A token that ends with this one, and may end earlier.
    #[must_use]
    pub fn derive(&self) -> Self {
        Self(Rc::new(Node { ended: Cell::new(false), parent: Some(self.clone()), queue: None, clock: None }))
    }

    /// Ends it for good; clones are the same token.
    pub fn end(&self) {
        self.0.ended.set(true);
    }

    /// Whether it, and all it derives from, still lives.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let mut token = Some(self);
        while let Some(Self(node)) = token {
            if node.ended.get() {
                return false;
            }
            token = node.parent.as_ref();
        }
        true
    }

    /// The check every method makes first.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT` once it has ended.
    pub fn check(&self) -> Result<()> {
        if self.is_alive() {
            Ok(())
        } else {
            Err(Failure::new(Code::InvalidObject, "the session or store this object was opened through has been logged off"))
        }
    }
}

impl Default for Alive {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ending_a_token_ends_what_derives_from_it_and_nothing_else() {
        let session = Alive::new();
        let store = session.derive();
        let folder = store.derive();
        let other = session.derive();
        store.end();
        assert_eq!(folder.check().unwrap_err().code(), Code::InvalidObject);
        assert!(other.check().is_ok());
        session.end();
        assert!(other.check().is_err());
    }
}
