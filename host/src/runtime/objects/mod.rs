//! The typed objects a client holds: one for each MAPI interface, the methods under their MAPI names.
//!
//! Cloning an object makes another handle onto the same one. With the last handle it is released, at the
//! latest when the next call of the subsystem begins.

mod address_book;
mod attachment;
mod containers;
mod export;
mod folder;
mod import;
mod message;
mod profiles;
mod properties;
mod session;
mod status;
mod store;
mod stream;
mod table;

pub use address_book::{AddressBook, NamedRecipient, ResolvedNames};
pub use attachment::Attachment;
pub use containers::{AddressBookContainer, Control, DistList, MailUser};
pub use export::{ExportOptions, ExportedMessage, MessageExport};
pub use folder::{Folder, FolderType};
pub use import::{ImportOptions, ImportedMessage, MessageImport, MessageOptions, Oddity};
pub use message::Message;
pub use profiles::{ProfileAdmin, ProviderAdmin, ServiceAdmin};
pub use properties::{OpenedProperty, PropProblem, Properties, PropertyInterface};
pub use session::{Entry, FormMessage, FormSource, LogonFailure, LogonOptions, Session, StoreRole, Work};
pub use status::StatusObject;
pub use store::{MessageStore, Object};
pub use stream::{DataStream, SeekOrigin};
pub use table::{Row, RowBatch, Table};

use crate::runtime::convert::{Wire, map};
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::{Code, MapiError, Result, Warned};
use mapi_engine::properties::{PropTag, Property};

/// An object just opened, with the values asked for at the same time.
#[derive(Clone, Debug)]
pub struct WithValues<T> {
    /// The object.
    pub object: T,
    /// The values, in the order of the tags; `None` if no tags were given.
    pub values: Option<Warned<Vec<Property>>>,
}

/// The window to show user interface in: this host shows none.
const NO_UI: u64 = 0;

fn warned<T>(value: T, warning: Option<crate::runtime::world::mapi::session::types::Scode>) -> Result<Warned<T>> {
    Ok(Warned { value, warning: warning.map(Code::from_wit).transpose()? })
}

fn completion(done: wit::Completion) -> Result<Warned<()>> {
    warned((), done.warning)
}

fn values(values: wit::Values) -> Result<Warned<Vec<Property>>> {
    warned(map(values.properties)?, values.warning)
}

fn with_values<T>(object: T, given: Option<wit::Values>) -> Result<WithValues<T>> {
    Ok(WithValues { object, values: given.map(values).transpose()? })
}

fn raw_tags(tags: Option<&[PropTag]>) -> Option<Vec<u32>> {
    tags.map(|tags| tags.iter().map(|tag| tag.0).collect())
}

fn last_error(error: Option<crate::runtime::world::mapi::session::types::MapiError>) -> Result<Option<MapiError>> {
    error.map(MapiError::from_wit).transpose()
}

/// Defines an object: its handle, how it is made, and how it shows.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            pub(super) handle: std::sync::Arc<$crate::runtime::subsystem::Handle>,
        }

        impl $name {
            pub(crate) fn new(handle: $crate::runtime::subsystem::Handle) -> Self {
                Self { handle: std::sync::Arc::new(handle) }
            }

            /// The subsystem it lives in.
            #[must_use]
            pub fn subsystem(&self) -> &$crate::runtime::Subsystem {
                &self.handle.subsystem
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

/// Defines `properties()` of an object.
macro_rules! has_properties {
    ($interface:ident, $resource:ident) => {
        /// Its properties: the same object, with the same access and the same unsaved changes.
        ///
        /// # Errors
        /// The subsystem was ended.
        pub async fn properties(&self) -> Result<$crate::runtime::Properties> {
            let this = self.handle.resource;
            let properties = call_plain!(self.subsystem(), "Properties", |live| {
                live.world.$interface().$resource().call_properties(&mut live.store, this).await
            })?;
            Ok($crate::runtime::Properties::new(self.subsystem().hold(properties)))
        }
    };
}

/// Defines `get_last_error` of an object.
macro_rules! has_last_error {
    ($interface:ident, $resource:ident) => {
        /// `GetLastError`: what is known of the last failure of a call on this object; `code` must be the
        /// code of that failure.
        ///
        /// # Errors
        /// `MAPI_E_INVALID_OBJECT`.
        pub async fn get_last_error(&self, code: mapi_engine::error::Code) -> Result<Option<mapi_engine::error::MapiError>> {
            let (this, code) = (self.handle.resource, $crate::runtime::convert::Wire::into_wit(code));
            let error = call!(self.subsystem(), "GetLastError", |live| {
                let how = $crate::runtime::flags::GetLastErrorFlags::MAPI_UNICODE;
                live.world.$interface().$resource().call_get_last_error(&mut live.store, this, code, how).await
            })?;
            super::last_error(error)
        }
    };
}

use {has_last_error, has_properties, object};
