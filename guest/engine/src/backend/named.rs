//! Failures that say who failed (`session` 3.1): a backend does not know by which name a profile calls it.

use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Catalogue, CheckReport, Commit, Committed, ConfigureOutcome, ConfigureRequest,
    Envelope, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, InboundMessage, LoadedProfile, NamedProperty, ObjectHead,
    ObjectId, Objects, OrderKey, Outcome, Plan, PlanRequest, ProfileEntry, ProfileStorage, Quota, Resolution, RowKey, ScanKind,
    ScanPage, ScanRequest, Scope, ServiceDefinition, Store, StoreIdentity, StoredProperty, TagSize, Transport, TransportIdentity,
    TransportNotice, Want,
};
use crate::error::{Failure, Result};
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

/// Implements traits by calling the same methods of the provider: those that cannot fail as they are, the
/// others with their failures named, and the rest as written.
macro_rules! named {
    ($($trait:ident {
        $(says fn $says:ident(&self $(, $say:ident: $said:ty)*) $(-> $answer:ty)?;)*
        $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> Result<$result:ty>;)*
        $(rest { $($rest:tt)* })?
    })*) => { $(
        impl<T: $trait + ?Sized> $trait for Named<T> {
            $(fn $says(&self $(, $say: $said)*) $(-> $answer)? {
                self.provider.$says($($say),*)
            })*

            $(fn $name(&self $(, $argument: $type)*) -> Result<$result> {
                self.provider.$name($($argument),*).map_err(|failure| self.name(failure))
            })*

            $($($rest)*)?
        }
    )* };
}

named! {
    Objects {
        says fn discard(&self, staged: u64);
        says fn uid(&self) -> Guid;
        fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)>;
        fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>>;
        fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch>;
        fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;
        fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage>;
        fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64>;
        fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64>;
        fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>>;
        fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>>;
        fn reserve(&self, count: u32) -> Result<Vec<ObjectId>>;
        fn stage(&self) -> Result<u64>;
        fn append(&self, staged: u64, bytes: &[u8]) -> Result<()>;
        fn commit(&self, commit: Commit) -> Result<Committed>;
        fn feed_cursor(&self) -> Result<FeedCursor>;
        fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage>;
    }
    Store {
        says fn identity(&self) -> StoreIdentity;
        fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch>;
        fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>>;
        fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>>;
        fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>>;
        fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()>;
        fn index_step(&self, budget_us: u64) -> Result<bool>;
        fn quota(&self) -> Result<Quota>;
        fn check(&self, repair: bool) -> Result<CheckReport>;
        fn compact(&self) -> Result<()>;
        fn backup(&self, target: &str) -> Result<()>;
    }
    AddressBook {
        says fn identity(&self) -> AddressBookIdentity;
        fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>>;
    }
    Transport {
        says fn identity(&self) -> TransportIdentity;
        says fn cancel(&self, transfer: u64);
        says fn idle(&self);
        fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()>;
        fn begin(&self, envelope: &Envelope) -> Result<u64>;
        fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()>;
        fn poll(&self) -> Result<bool>;
        fn receive(&self) -> Result<Option<InboundMessage>>;
        fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>>;
        fn acknowledge(&self, message: u64, stored: bool) -> Result<()>;
        fn flush(&self, flags: u32) -> Result<()>;
        fn validate(&self, flags: u32) -> Result<()>;
        rest {
            fn finish(&self, transfer: u64) -> Result<Outcome> {
                let outcome = self.provider.finish(transfer).map_err(|failure| self.name(failure))?;
                Ok(Outcome { failure: outcome.failure.map(|failure| self.name(failure)), ..outcome })
            }

            fn notices(&self) -> Vec<TransportNotice> {
                let named = |notice| match notice {
                    TransportNotice::CriticalError(failure) => TransportNotice::CriticalError(self.name(failure)),
                    other => other,
                };
                self.provider.notices().into_iter().map(named).collect()
            }
        }
    }
    ProfileStorage {
        says fn release_lease(&self, lease: u64);
        fn list(&self) -> Result<Vec<ProfileEntry>>;
        fn load(&self, name: &str) -> Result<LoadedProfile>;
        fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64>;
        fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64>;
        fn delete(&self, name: &str, expected: u64) -> Result<()>;
        fn default_name(&self) -> Result<Option<String>>;
        fn set_default_name(&self, name: Option<&str>) -> Result<()>;
        fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>>;
        fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()>;
        fn acquire_lease(&self, name: &str) -> Result<u64>;
        fn leases(&self, name: &str) -> Result<u32>;
    }
    Catalogue {
        fn services(&self) -> Result<Vec<ServiceDefinition>>;
        fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome>;
    }
}

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
