//! Shared backends: an `Arc` or `Rc` of a backend is a backend.
//!
//! The engine holds `Rc<dyn Store>`; a host that serves many sessions from one store holds
//! `Arc<SomeStore>`. `Rc::new(Arc::clone(&store)) as Rc<dyn Store>` is the bridge, for every trait alike.

use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Catalogue, CheckReport, Clock, Commit, Committed, ConfigureOutcome,
    ConfigureRequest, Effect, Entropy, Envelope, FeedCursor, FeedPage, Filter, FormDefinition, FormLibrary, FormOutcome,
    FormRequest, FormScope, FormsPrompt, GroupBatch, GroupRequest, InboundMessage, LoadedProfile, Log, LogLevel, NamedProperty,
    ObjectHead, ObjectId, Objects, OptionData, OrderKey, Outcome, Plan, PlanRequest, Presenter, ProfileEntry, ProfilePrompt,
    ProfileStorage, Progress, Question, Quota, Resolution, RowKey, ScanKind, ScanPage, ScanRequest, Scope, ServiceDefinition,
    Store, StoreIdentity, StoredProperty, TagSize, Transport, TransportIdentity, TransportNotice, Verdict, Want, backend_methods,
};
use crate::error::{Code, Result};
use crate::properties::{FileTime, Guid, PropTag, Property};
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

/// Implements traits for a pointer by calling the same methods of what it points to.
macro_rules! forward {
    ([$pointer:ident] $($trait:ident { $($kind:ident fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)* })*) => { $(
        impl<T: $trait + ?Sized> $trait for $pointer<T> {
            $(fn $name(&self $(, $argument: $type)*) $(-> $result)? {
                (**self).$name($($argument),*)
            })*
        }
    )* };
}

macro_rules! pointers {
    ($($pointer:ident)*) => { $(
        backend_methods! { forward [$pointer] }
        forward! { [$pointer]
            Clock {
                says fn now(&self) -> FileTime;
                says fn monotonic(&self) -> u64;
            }
            Entropy {
                says fn fill(&self, buffer: &mut [u8]);
            }
            Log {
                says fn log(&self, level: LogLevel, text: &str);
            }
            Progress {
                says fn report(&self, done: u64, total: u64) -> Verdict;
            }
            Presenter {
                says fn offers_ui(&self) -> bool;
                tries fn show(&self, ui: u64, request: &FormRequest) -> Result<FormOutcome>;
                tries fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>>;
                tries fn install_form(&self, ui: u64, flags: u32, library: FormLibrary, definition: &str) -> Result<()>;
                tries fn remove_form(&self, library: FormLibrary, message_class: &str) -> Result<()>;
                tries fn select_forms(&self, ui: u64, prompt: &FormsPrompt) -> Result<Vec<u32>>;
                tries fn select_form_library(&self, ui: u64, scope: FormScope, folder_id: Option<&[u8]>) -> Result<FormLibrary>;
                tries fn choose_profile(&self, ui: u64, prompt: &ProfilePrompt) -> Result<String>;
                tries fn ask(&self, ui: u64, question: Question, text: &str) -> Result<bool>;
                tries fn edit_options(&self, ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>>;
            }
        }
    )* };
}

pointers! { Arc Rc }
