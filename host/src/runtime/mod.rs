//! The component in its runtime: engine, subsystems, objects, and what they are granted.

#[macro_use]
mod macros;

mod backends;
mod bundled;
mod cache;
mod call;
pub mod clients;
mod convert;
mod engine;
mod exports;
mod imports;
mod limits;
mod objects;
mod provider;
mod state;
mod subscription;
mod subsystem;
mod support;
mod turns;
mod world;

pub use backends::{
    Backends, Opened, SharedAddressBook, SharedCatalogue, SharedPresenter, SharedProfileStorage, SharedStore, SharedTransport,
    Threading, WantsSupport, WatchChanges,
};
pub use call::CallId;
pub use engine::{Engine, EngineOptions};
pub use limits::Limits;
pub use objects::{
    AddressBook, AddressBookContainer, Attachment, Control, DataStream, DistList, Entry, ExportOptions, ExportedMessage, Folder,
    FolderType, FormMessage, FormSource, ImportOptions, ImportedMessage, LogonFailure, LogonOptions, MailUser, Message,
    MessageExport, MessageImport, MessageOptions, MessageStore, NamedRecipient, Object, Oddity, OpenedProperty, ProfileAdmin,
    PropProblem, Properties, PropertyInterface, ProviderAdmin, ResolvedNames, Row, RowBatch, SeekOrigin, ServiceAdmin, Session,
    StatusObject, StoreRole, Table, WithValues, Work,
};
pub use subscription::{Listener, Subscription};
pub use subsystem::Subsystem;
pub use support::Support;
/// The flags of every method, one type for each, named after the methods and the flags after MAPI's.
pub use world::mapi::session::method_flags as flags;

/// The component this crate was built with.
pub const COMPONENT: &[u8] = include_bytes!(env!("MAPI_SESSION_COMPONENT"));

/// SHA-256 of [`COMPONENT`], in hexadecimal.
pub const COMPONENT_HASH: &str = env!("MAPI_SESSION_COMPONENT_HASH");
