//! Sessions: initialisation, logon and logoff, and the methods of IMAPISession (`session`).
//!
//! [`Subsystem`] is what one process with MAPI loaded is elsewhere. A [`Session`] is one client's handle of a
//! shared or private session; providers are logged on when they are first needed and belong to the session,
//! not to the handle. What forms there are is [`crate::forms`]'s; the spooler is not here.

mod advise;
mod alive;
mod configuration;
mod effects;
mod form_registry;
mod handle;
mod identity;
mod logon;
mod mail;
mod message_options;
mod open_address_book;
mod open_store;
mod provider_logon;
mod provider_session;
mod providers;
mod read_reports;
mod routing;
mod set_default_store;
mod shared;
mod show_form;
mod spooling;
mod status_methods;
mod status_object;
mod store_table;
mod stores;
mod subsystem;
mod turn;

pub use alive::Alive;
pub use form_registry::{FormContainer, FormSource};
pub use handle::{MAPI_LOGOFF_SHARED, MAPI_LOGOFF_UI, Session};
pub use logon::flags as logon_flags;
pub use open_address_book::AB_NO_DIALOG;
pub use open_store::flags as open_store_flags;
pub use routing::Entry;
pub use set_default_store::store_roles;
pub use show_form::{MAPI_NEW_MESSAGE, MAPI_POST_MESSAGE, ShowForm};
pub use status_object::StatusObject;
pub use subsystem::{InitializeOptions, MAPI_MULTITHREAD_NOTIFICATIONS, MAPI_NO_COINIT, MAPI_NT_SERVICE, Subsystem};
pub use turn::Work;

#[cfg(test)]
mod form_scenarios;

#[cfg(test)]
mod prompt_scenarios;

#[cfg(test)]
mod provider_scenarios;

#[cfg(test)]
mod report_scenarios;

#[cfg(test)]
mod role_scenarios;

#[cfg(test)]
mod scenarios;

#[cfg(test)]
mod status_scenarios;
#[cfg(test)]
mod store_scenarios;
