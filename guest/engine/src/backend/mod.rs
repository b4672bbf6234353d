//! What the engine asks of the outside world: one trait per import of the world.
//!
//! The traits are synchronous and take `&self`: a backend may be slow, and the engine never holds a
//! borrow of its own state across a call. Nothing here knows MAPI semantics; a store backend is a
//! transactional set of objects with properties (docs/architecture.md).

mod address_book;
mod catalogue;
mod commit;
mod effect;
mod feed;
mod forward;
mod methods;
mod named;
mod object;
mod presenter;
mod profile;
mod scan;
mod services;
mod store;
mod transport;

pub use address_book::{AddressBook, AddressBookIdentity, Resolution};
pub use catalogue::{
    Catalogue, ConfigureContext, ConfigureOutcome, ConfigureRequest, ExtraDefinition, NewProvider, ProviderDefinition,
    ProviderKind, SectionChange, SectionValues, ServiceDefinition,
};
pub use commit::{Change, Commit, Committed, Expected, StagedValue, StoredProperty, StoredValue};
pub use effect::Effect;
pub use feed::{FeedCursor, FeedPage, FeedRecord, FeedVerb};
pub(crate) use methods::backend_methods;
pub use named::Named;
pub use object::{Batch, Column, ColumnData, ObjectHead, ObjectId, ObjectKind, Objects, TagSize, Want};
pub use presenter::{
    FormDefinition, FormLibrary, FormOutcome, FormRequest, FormScope, FormsPrompt, MessageChanges, MessageValues, Presenter,
    ProfilePrompt, Question,
};
pub use profile::{LoadedProfile, ProfileEntry, ProfileStorage};
pub use scan::{
    Filter, FilterTest, GroupBatch, GroupRequest, OrderKey, Plan, PlanRequest, QUEUE_NUMBER, RowKey, ScanFrom, ScanKind,
    ScanPage, ScanRequest, Scope, Support, TextMatch,
};
pub use services::{Clock, Entropy, Environment, Log, LogLevel, Progress, Verdict};
pub use store::{
    CheckFinding, CheckReport, IndexPlan, NamedProperty, PropertyName, Quota, Store, StoreCapabilities, StoreIdentity,
};
pub use transport::{
    Envelope, EnvelopeRecipient, InboundMessage, OptionData, OptionKind, Outcome, OutcomeKind, Transport, TransportIdentity,
    TransportNotice,
};

use crate::error::Result;
use std::rc::Rc;

/// What every provider is told when it is opened (`session` 3 step 6).
#[derive(Clone, Debug)]
pub struct ProviderLogon {
    /// `PR_PROVIDER_DLL_NAME` of the section: which backend the host is to open. Compared by the host
    /// ignoring ASCII case.
    pub backend: String,
    /// Name of the profile, for messages to people only.
    pub profile: String,
    /// `PR_PROVIDER_UID`.
    pub section: crate::properties::Guid,
    /// The provider's profile section by value, protected properties included.
    pub configuration: Vec<crate::properties::Property>,
    /// Whether the provider may show UI (the `*_NO_DIALOG` flags clear).
    pub may_prompt: bool,
    /// Whether write access is wanted (`MDB_WRITE`).
    pub write: bool,
    /// Whether the store is not to become permanent in the profile (`MDB_TEMPORARY`).
    pub temporary: bool,
    /// Whether work is to be unobtrusive (`MAPI_BG_SESSION`).
    pub background: bool,
}

/// An opened provider with what it reported while it was opened (`session` 10.1).
pub struct Opened<T: ?Sized> {
    /// The provider.
    pub provider: Rc<T>,
    /// Properties it wants written into its own profile section.
    pub section_changes: Vec<crate::properties::Property>,
    /// Columns of its status row, empty if it has none of its own.
    pub status_row: Vec<crate::properties::Property>,
    /// A warning of the logon: active, with this text as the session's last error.
    pub warning: Option<crate::error::Failure>,
}

/// Everything the host grants one subsystem. There is no ambient authority: a session that was given no
/// transport cannot send.
pub trait Host {
    /// Opens a message store. `entry` is the provider's private identifier, absent if the section names
    /// the store.
    ///
    /// # Errors
    /// The provider's own code, `session` 3.1 says what each does; `MAPI_E_NOT_FOUND` when the host has no
    /// such backend.
    fn open_store(&self, logon: &ProviderLogon, entry: Option<&[u8]>) -> Result<Opened<dyn Store>>;

    /// Opens an address book provider.
    ///
    /// # Errors
    /// As [`Host::open_store`].
    fn open_address_book(&self, logon: &ProviderLogon) -> Result<Opened<dyn AddressBook>>;

    /// Opens a transport.
    ///
    /// # Errors
    /// As [`Host::open_store`].
    fn open_transport(&self, logon: &ProviderLogon) -> Result<Opened<dyn Transport>>;

    /// The number of the last opening of a provider, whichever kind; each has one of its own. By it a provider asks
    /// for its session ([`crate::session::Subsystem::session_of_provider`]).
    fn last_opening(&self) -> u64;

    /// The storage profiles live in.
    fn profiles(&self) -> Rc<dyn ProfileStorage>;

    /// The message services the host offers.
    fn catalogue(&self) -> Rc<dyn Catalogue>;

    /// The clocks.
    fn clock(&self) -> Rc<dyn Clock>;

    /// The source of random bytes.
    fn entropy(&self) -> Rc<dyn Entropy>;

    /// Where diagnostics go.
    fn log(&self) -> Rc<dyn Log>;

    /// Where progress of long work is shown and cancelled.
    fn progress(&self) -> Rc<dyn Progress>;

    /// The user interface.
    fn presenter(&self) -> Rc<dyn Presenter>;
}
