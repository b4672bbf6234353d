//! Shared backends: an `Arc` or `Rc` of a backend is a backend.
//!
//! The engine holds `Rc<dyn Store>`; a host that serves many sessions from one store holds
//! `Arc<SomeStore>`. `Rc::new(Arc::clone(&store)) as Rc<dyn Store>` is the bridge, for every trait alike.

use crate::backend::{
    AddressBook, AddressBookIdentity, Catalogue, CheckReport, Clock, ConfigureOutcome, ConfigureRequest, Entropy, Envelope,
    GroupBatch, GroupRequest, InboundMessage, LoadedProfile, Log, LogLevel, NamedProperty, ObjectId, Objects, Outcome,
    ProfileEntry, ProfileStorage, Progress, Quota, Resolution, ServiceDefinition, Store, StoreIdentity, StoredProperty,
    Transport, TransportIdentity, TransportNotice, Verdict,
};
use crate::error::Result;
use crate::properties::{FileTime, PropTag};
use std::rc::Rc;
use std::sync::Arc;

/// Implements [`Objects`](crate::backend::Objects) for a type by calling another value's methods:
/// `forward_objects!([] Book, self => self.objects);`, generic parameters in the brackets.
#[macro_export]
macro_rules! forward_objects {
    ([$($generics:tt)*] $type:ty, $this:ident => $target:expr) => {
        impl<$($generics)*> $crate::backend::Objects for $type {
            fn read(&$this, object: &$crate::backend::ObjectId, want: $crate::backend::Want<'_>, inline_limit: u32) -> $crate::error::Result<($crate::backend::ObjectHead, Vec<$crate::properties::Property>)> {
                $target.read(object, want, inline_limit)
            }

            fn list_tags(&$this, object: &$crate::backend::ObjectId) -> $crate::error::Result<Vec<$crate::backend::TagSize>> {
                $target.list_tags(object)
            }

            fn read_rows(&$this, objects: &[$crate::backend::ObjectId], columns: &[$crate::properties::PropTag], cell_limit: u32) -> $crate::error::Result<$crate::backend::Batch> {
                $target.read_rows(objects, columns, cell_limit)
            }

            fn plan(&$this, request: &$crate::backend::PlanRequest<'_>) -> $crate::error::Result<$crate::backend::Plan> {
                $target.plan(request)
            }

            fn scan(&$this, request: &$crate::backend::ScanRequest<'_>) -> $crate::error::Result<$crate::backend::ScanPage> {
                $target.scan(request)
            }

            fn count(&$this, scope: &$crate::backend::Scope, kind: $crate::backend::ScanKind, filter: &[$crate::backend::Filter]) -> $crate::error::Result<u64> {
                $target.count(scope, kind, filter)
            }

            fn rank(&$this, scope: &$crate::backend::Scope, kind: $crate::backend::ScanKind, filter: &[$crate::backend::Filter], order: &[$crate::backend::OrderKey], key: &$crate::backend::RowKey) -> $crate::error::Result<u64> {
                $target.rank(scope, kind, filter, order, key)
            }

            fn container_tags(&$this, container: &$crate::backend::ObjectId, kind: $crate::backend::ScanKind) -> $crate::error::Result<Vec<$crate::properties::PropTag>> {
                $target.container_tags(container, kind)
            }

            fn read_range(&$this, object: &$crate::backend::ObjectId, tag: $crate::properties::PropTag, offset: u64, length: u32) -> $crate::error::Result<Vec<u8>> {
                $target.read_range(object, tag, offset, length)
            }

            fn reserve(&$this, count: u32) -> $crate::error::Result<Vec<$crate::backend::ObjectId>> {
                $target.reserve(count)
            }

            fn stage(&$this) -> $crate::error::Result<u64> {
                $target.stage()
            }

            fn append(&$this, staged: u64, bytes: &[u8]) -> $crate::error::Result<()> {
                $target.append(staged, bytes)
            }

            fn discard(&$this, staged: u64) {
                $target.discard(staged)
            }

            fn commit(&$this, commit: $crate::backend::Commit) -> $crate::error::Result<$crate::backend::Committed> {
                $target.commit(commit)
            }

            fn feed_cursor(&$this) -> $crate::error::Result<$crate::backend::FeedCursor> {
                $target.feed_cursor()
            }

            fn changes(&$this, since: &$crate::backend::FeedCursor, max: u32) -> $crate::error::Result<$crate::backend::FeedPage> {
                $target.changes(since, max)
            }

            fn uid(&$this) -> $crate::properties::Guid {
                $target.uid()
            }
        }
    };
}

/// Implements traits by calling the same methods of another value.
macro_rules! forward {
    ($pointer:ident: $($trait:ident { $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)* })*) => { $(
        impl<T: $trait + ?Sized> $trait for $pointer<T> {
            $(fn $name(&self $(, $argument: $type)*) $(-> $result)? {
                (**self).$name($($argument),*)
            })*
        }
    )* };
}

macro_rules! pointers {
    ($($pointer:ident)*) => { $(
        forward_objects!([T: Objects + ?Sized] $pointer<T>, self => (**self));
        forward! { $pointer:
        Store {
            fn identity(&self) -> StoreIdentity;
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
            fn identity(&self) -> AddressBookIdentity;
            fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>>;
        }
        Transport {
            fn identity(&self) -> TransportIdentity;
            fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()>;
            fn begin(&self, envelope: &Envelope) -> Result<u64>;
            fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()>;
            fn finish(&self, transfer: u64) -> Result<Outcome>;
            fn cancel(&self, transfer: u64);
            fn poll(&self) -> Result<bool>;
            fn idle(&self);
            fn receive(&self) -> Result<Option<InboundMessage>>;
            fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>>;
            fn acknowledge(&self, message: u64, stored: bool) -> Result<()>;
            fn flush(&self, flags: u32) -> Result<()>;
            fn validate(&self, flags: u32) -> Result<()>;
            fn notices(&self) -> Vec<TransportNotice>;
        }
        ProfileStorage {
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
            fn release_lease(&self, lease: u64);
            fn leases(&self, name: &str) -> Result<u32>;
        }
        Catalogue {
            fn services(&self) -> Result<Vec<ServiceDefinition>>;
            fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome>;
        }
        Clock {
            fn now(&self) -> FileTime;
            fn monotonic(&self) -> u64;
        }
        Entropy {
            fn fill(&self, buffer: &mut [u8]);
        }
        Log {
            fn log(&self, level: LogLevel, text: &str);
        }
        Progress {
            fn report(&self, done: u64, total: u64) -> Verdict;
        }
        }
    )* };
}

pointers! { Arc Rc }
