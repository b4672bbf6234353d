//! Failures that say who failed (`session` 3.1): a backend does not know by which name a profile calls it.

use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Catalogue, CheckReport, Commit, Committed, ConfigureOutcome, ConfigureRequest,
    Effect, Envelope, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, InboundMessage, LoadedProfile, NamedProperty,
    ObjectHead, ObjectId, Objects, OptionData, OrderKey, Outcome, Plan, PlanRequest, ProfileEntry, ProfileStorage, Quota,
    Resolution, RowKey, ScanKind, ScanPage, ScanRequest, Scope, ServiceDefinition, Store, StoreIdentity, StoredProperty, TagSize,
    Transport, TransportIdentity, TransportNotice, Want, backend_methods,
};
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};
use std::rc::Rc;

/// A provider whose failures carry its display name and the identifier of its section.
pub struct Named<T: ?Sized> {
    provider: Rc<T>,
    name: Box<str>,
    section: Guid,
}

impl<T: ?Sized> Named<T> {
    /// The provider of that section.
    #[must_use]
    pub fn new(provider: Rc<T>, name: &str, section: Guid) -> Self {
        Self { provider, name: name.into(), section }
    }

    fn name(&self, failure: Failure) -> Failure {
        failure.from_provider(&self.name, self.section)
    }
}

/// An answer that may hold failures.
trait Answer {
    fn named(self, name: impl Fn(Failure) -> Failure) -> Self;
}

impl Answer for Outcome {
    fn named(self, name: impl Fn(Failure) -> Failure) -> Self {
        Self { failure: self.failure.map(name), ..self }
    }
}

impl Answer for Vec<TransportNotice> {
    fn named(self, name: impl Fn(Failure) -> Failure) -> Self {
        let named = |notice| match notice {
            TransportNotice::CriticalError(failure) => TransportNotice::CriticalError(name(failure)),
            other => other,
        };
        self.into_iter().map(named).collect()
    }
}

/// The answer of a method, with the failures named that the kind of method can have.
macro_rules! answer {
    (is $this:ident $called:expr) => { $called };
    (says $this:ident $called:expr) => { $called };
    (tries $this:ident $called:expr) => { $called.map_err(|failure| $this.name(failure)) };
    (reports $this:ident $called:expr) => { $called.named(|failure| $this.name(failure)) };
    (ends $this:ident $called:expr) => {
        answer!(tries $this $called).map(|answer| answer.named(|failure| $this.name(failure)))
    };
}

macro_rules! named {
    ([] $($trait:ident { $($kind:ident fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $answer:ty)?;)* })*) => { $(
        impl<T: $trait + ?Sized> $trait for Named<T> {
            $(fn $name(&self $(, $argument: $type)*) $(-> $answer)? {
                answer!($kind self self.provider.$name($($argument),*))
            })*
        }
    )* };
}

backend_methods! { named [] }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Failure, Origin};
    use crate::memory::{Fault, Faulty, MemoryStore, Trigger};
    use std::sync::Arc;

    #[test]
    fn a_failure_names_the_provider_and_one_that_names_another_stays() {
        let faulty = Faulty::new(Arc::new(MemoryStore::new(Guid([1; 16]), "test")));
        let faults = Arc::clone(&faulty.faults);
        let store = Named::new(Rc::new(faulty) as Rc<dyn Store>, "Mailbox", Guid([2; 16]));
        let line = Failure::new(Code::NetworkError, "the cable is out");
        faults.schedule(Some("reserve"), Trigger::Every, Fault::Fail(line.clone()));
        faults.schedule(Some("quota"), Trigger::Every, Fault::Fail(line.from_provider("Server", Guid([3; 16]))));
        let origin = |failure: Failure| failure.detail().origin.clone();
        let named = |name: &str, uid| Origin::Provider { name: name.to_owned(), uid: Guid([uid; 16]) };
        assert_eq!(origin(store.reserve(1).unwrap_err()), named("Mailbox", 2));
        assert_eq!(origin(store.quota().unwrap_err()), named("Server", 3));
    }
}
