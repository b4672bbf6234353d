//! `IMAPISession`.

use super::{
    AddressBook, Folder, Message, MessageStore, NO_UI, Object, Properties, ServiceAdmin, StatusObject, Table, WithValues,
    has_last_error, object,
};
use super::{last_error, raw_tags, warned, with_values};
use crate::runtime::convert::{Wire, forms, map, wires};
use crate::runtime::subscription::Source;
use crate::runtime::world::exports::mapi::session::sessions as wit;
use crate::runtime::{Subscription, Subsystem, flags};
use mapi_engine::backend::{FormDefinition, FormLibrary, FormScope};
use mapi_engine::error::{Failure, MapiError, Result, Warned};
use mapi_engine::properties::{Guid, PropTag, Property};
pub use mapi_engine::session::FormSource;

/// What `MAPILogonEx` is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogonOptions {
    /// Name of the profile; with `None` the flags say which.
    pub profile: Option<String>,
    /// The flags (`session` 2.1).
    pub flags: flags::LogonFlags,
}

impl LogonOptions {
    /// A session of its own with that profile.
    #[must_use]
    pub fn profile(name: impl Into<String>) -> Self {
        Self { profile: Some(name.into()), flags: flags::LogonFlags::MAPI_EXTENDED | flags::LogonFlags::MAPI_NEW_SESSION }
    }

    /// A session of its own with the default profile.
    #[must_use]
    pub fn default_profile() -> Self {
        let flags = flags::LogonFlags::MAPI_EXTENDED | flags::LogonFlags::MAPI_NEW_SESSION | flags::LogonFlags::MAPI_USE_DEFAULT;
        Self { profile: None, flags }
    }

    /// With these flags too.
    #[must_use]
    pub fn with(mut self, flags: flags::LogonFlags) -> Self {
        self.flags |= flags;
        self
    }

    pub(crate) fn into_wit(self) -> wit::LogonOptions {
        wit::LogonOptions { ui: NO_UI, profile: self.profile, password: None, how: self.flags | flags::LogonFlags::MAPI_UNICODE }
    }
}

/// A logon that failed. There is no session that could be asked for the details, so they come along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogonFailure {
    /// Why.
    pub failure: Failure,
    /// `MAPIERROR` of the failure.
    pub error: Option<MapiError>,
}

impl LogonFailure {
    pub(crate) fn from_wit(failed: wit::LogonFailure) -> Result<Self> {
        Ok(Self { failure: Failure::from_wit(failed.failure)?, error: last_error(failed.error)? })
    }
}

impl From<Failure> for LogonFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, error: None }
    }
}

impl From<LogonFailure> for Failure {
    fn from(failed: LogonFailure) -> Self {
        failed.failure
    }
}

impl core::fmt::Display for LogonFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.failure.fmt(f)
    }
}

impl std::error::Error for LogonFailure {}

/// A role of a store in a profile (`session` 6.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRole {
    /// Mail arrives in it and goes out through it.
    Default,
    /// The store of the simple interface, for this session.
    SimpleTemporary,
    /// The store of the simple interface.
    SimplePermanent,
    /// Clients are to make it the default at their next logon.
    Primary,
    /// The one for when the primary store is not there.
    Secondary,
}

/// What is said of a message whose form is shown; used as it is given, and not read again (`session` 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormMessage {
    /// `PR_MESSAGE_CLASS`.
    pub message_class: String,
    /// `PR_MSG_STATUS`.
    pub message_status: u32,
    /// `PR_MESSAGE_FLAGS`.
    pub message_flags: u32,
    /// `PR_ACCESS`; without its bit 1 the form is read-only.
    pub access: u32,
}

impl FormMessage {
    /// A message of that class that may be changed.
    #[must_use]
    pub fn of_class(message_class: impl Into<String>) -> Self {
        Self { message_class: message_class.into(), message_status: 0, message_flags: 0, access: 1 }
    }
}

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whether more waits.
    pub more: bool,
    /// Notifications that are due.
    pub notifications: u32,
    /// When the next turn is wanted at the latest, in nanoseconds of the subsystem's monotonic clock.
    pub wake_at: Option<u64>,
}

impl Work {
    pub(crate) const fn from_wit(work: wit::Work) -> Self {
        Self { more: work.more, notifications: work.notifications, wake_at: work.wake_at }
    }
}

/// What `IMAPISession::OpenEntry` opens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// An object of a store or an address book.
    Object(Object),
    /// A status object.
    Status(StatusObject),
}

object! {
    /// A client's handle onto a session (`IMAPISession`). Dropping the last handle logs off.
    Session
}

impl Session {
    has_last_error!(mapi_session_sessions, session);

    /// `GetMsgStoresTable`.
    ///
    /// # Errors
    /// `session` 6.2.
    pub async fn get_msg_stores_table(&self, flags: flags::GetMsgStoresTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMAPISession::GetMsgStoresTable", |live| {
            live.world.mapi_session_sessions().session().call_get_msg_stores_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `OpenMsgStore`. A warning means: open, and `get_last_error` knows more.
    ///
    /// # Errors
    /// `session` 6.3.
    pub async fn open_msg_store(
        &self,
        entry_id: &[u8],
        flags: flags::OpenMsgStoreFlags,
        tags: Option<&[PropTag]>,
    ) -> Result<Warned<WithValues<MessageStore>>> {
        let (this, entry_id, tags) = (self.handle.resource, entry_id.to_vec(), raw_tags(tags));
        let opened = call!(self.subsystem(), "IMAPISession::OpenMsgStore", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_open_msg_store(&mut live.store, this, NO_UI, &entry_id, flags, tags.as_deref()).await
        })?;
        let store = MessageStore::new(self.subsystem().hold(opened.store));
        warned(with_values(store, opened.values)?, opened.warning)
    }

    /// `OpenAddressBook`. A warning means: some providers are missing, and `get_last_error` tells which.
    ///
    /// # Errors
    /// `session` 6.4.
    pub async fn open_address_book(&self, flags: flags::OpenAddressBookFlags) -> Result<Warned<AddressBook>> {
        let this = self.handle.resource;
        let opened = call!(self.subsystem(), "IMAPISession::OpenAddressBook", |live| {
            live.world.mapi_session_sessions().session().call_open_address_book(&mut live.store, this, NO_UI, flags).await
        })?;
        warned(AddressBook::new(self.subsystem().hold(opened.address_book)), opened.warning)
    }

    /// `GetStatusTable`.
    ///
    /// # Errors
    /// `session` 6.6.
    pub async fn get_status_table(&self, flags: flags::GetStatusTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMAPISession::GetStatusTable", |live| {
            live.world.mapi_session_sessions().session().call_get_status_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `OpenEntry`.
    ///
    /// # Errors
    /// `session` 6.7.
    pub async fn open_entry(
        &self,
        entry_id: &[u8],
        flags: flags::SessionOpenEntryFlags,
        tags: Option<&[PropTag]>,
    ) -> Result<WithValues<Entry>> {
        let (this, entry_id, tags) = (self.handle.resource, entry_id.to_vec(), raw_tags(tags));
        let opened = call!(self.subsystem(), "IMAPISession::OpenEntry", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_open_entry(&mut live.store, this, &entry_id, flags, tags.as_deref()).await
        })?;
        let entry = self.subsystem().entry(opened.entry);
        with_values(entry, opened.values)
    }

    /// `CompareEntryIDs`.
    ///
    /// # Errors
    /// `session` 6.8.
    pub async fn compare_entry_ids(&self, first: &[u8], second: &[u8]) -> Result<bool> {
        let (this, first, second) = (self.handle.resource, first.to_vec(), second.to_vec());
        call!(self.subsystem(), "IMAPISession::CompareEntryIDs", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_compare_entry_ids(&mut live.store, this, &first, &second).await
        })
    }

    /// `Advise`: registers for events of the session itself without an identifier, else of the object it
    /// names.
    ///
    /// # Errors
    /// `session` 6.9.
    pub async fn advise(&self, entry_id: Option<&[u8]>, events: flags::EventMask) -> Result<Subscription> {
        let this = self.handle.resource;
        let entry_id = entry_id.map(<[u8]>::to_vec);
        let advise = async {
            call!(self.subsystem(), "IMAPISession::Advise", |live| {
                live.world.mapi_session_sessions().session().call_advise(&mut live.store, this, entry_id.as_ref(), events).await
            })
        };
        self.subsystem().subscribe(Source::Session(self.clone()), advise).await
    }

    pub(crate) async fn unadvise(&self, connection: u32) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPISession::Unadvise", |live| {
            live.world.mapi_session_sessions().session().call_unadvise(&mut live.store, this, connection).await
        })
    }

    /// `MessageOptions`: lets a person change what transports offer for the messages of an address type, or for
    /// all; kept with the message's `save_changes`.
    ///
    /// # Errors
    /// `session` 7; `MAPI_E_NO_SUPPORT` without [`crate::Backends::with_presenter`].
    pub async fn message_options(&self, address_type: Option<&str>, message: &Message) -> Result<()> {
        let (this, message) = (self.handle.resource, self.handle.beside(&message.handle)?);
        let address_type = address_type.map(str::to_owned);
        call!(self.subsystem(), "IMAPISession::MessageOptions", |live| {
            let session = live.world.mapi_session_sessions().session();
            let how = flags::MessageOptionsFlags::MAPI_UNICODE;
            session.call_message_options(&mut live.store, this, NO_UI, how, address_type.as_deref(), message).await
        })
    }

    /// `QueryDefaultMessageOpt`: the default values of these options.
    ///
    /// # Errors
    /// `session` 7.
    pub async fn query_default_message_opt(&self, address_type: &str) -> Result<Vec<Property>> {
        let (this, address_type) = (self.handle.resource, address_type.to_owned());
        let defaults = call!(self.subsystem(), "IMAPISession::QueryDefaultMessageOpt", |live| {
            let session = live.world.mapi_session_sessions().session();
            let how = flags::QueryDefaultMessageOptFlags::MAPI_UNICODE;
            session.call_query_default_message_opt(&mut live.store, this, &address_type, how).await
        })?;
        map(defaults)
    }

    /// `PrepareForm`: hands a message over until its form is shown; the token names it in [`Session::show_form`].
    ///
    /// # Errors
    /// `session` 9.1.
    pub async fn prepare_form(&self, message: Message) -> Result<u64> {
        let (this, prepared) = (self.handle.resource, self.handle.beside(&message.handle)?);
        call!(self.subsystem(), "IMAPISession::PrepareForm", |live| {
            live.world.mapi_session_sessions().session().call_prepare_form(&mut live.store, this, prepared).await
        })
    }

    /// `ShowForm`: shows a prepared message and returns when its form has closed; then the message is saved, and
    /// sent without `MAPI_POST_MESSAGE`. The subsystem serves no other call meanwhile.
    ///
    /// # Errors
    /// `session` 9.2; `MAPI_E_NO_SUPPORT` without [`crate::Backends::with_presenter`], `MAPI_E_USER_CANCEL`.
    pub async fn show_form(
        &self,
        (store, folder): (&MessageStore, &Folder),
        token: u64,
        flags: flags::ShowFormFlags,
        shown: FormMessage,
    ) -> Result<()> {
        let this = self.handle.resource;
        let (store, folder) = (self.handle.beside(&store.handle)?, self.handle.beside(&folder.handle)?);
        let FormMessage { message_class, message_status, message_flags, access } = shown;
        let shown = wit::FormMessage { message_class, message_status, message_flags, access };
        call!(self.subsystem(), "IMAPISession::ShowForm", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_show_form(&mut live.store, this, NO_UI, store, folder, token, flags, &shown).await
        })
    }

    /// `ResolveMessageClass`: the form that shows a message class, or one above it; with a folder its library is
    /// searched too.
    ///
    /// # Errors
    /// `session` 9.4.
    pub async fn resolve_message_class(
        &self,
        message_class: &str,
        flags: flags::ResolveMessageClassFlags,
        folder: Option<&Folder>,
    ) -> Result<FormDefinition> {
        let (this, class) = (self.handle.resource, message_class.to_owned());
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        let form = call!(self.subsystem(), "IMAPIFormMgr::ResolveMessageClass", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_resolve_message_class(&mut live.store, this, &class, flags, folder).await
        })?;
        forms::to_form(form)
    }

    /// `ResolveMultipleMessageClasses`: a form for each class, or `None` for one that no form shows; without classes
    /// all forms there are.
    ///
    /// # Errors
    /// `session` 9.4.
    pub async fn resolve_multiple_message_classes(
        &self,
        message_classes: Option<&[String]>,
        flags: flags::ResolveMessageClassFlags,
        folder: Option<&Folder>,
    ) -> Result<Vec<Option<FormDefinition>>> {
        let (this, classes) = (self.handle.resource, message_classes.map(<[String]>::to_vec));
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        let found = call!(self.subsystem(), "IMAPIFormMgr::ResolveMultipleMessageClasses", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_resolve_multiple_message_classes(&mut live.store, this, classes.as_deref(), flags, folder).await
        })?;
        found.into_iter().map(|form| form.map(forms::to_form).transpose()).collect()
    }

    /// `InstallForm`: registers a form in a library, [`FormSource::Given`] in one that is a folder, [`FormSource::Named`]
    /// in one the host keeps. That of a folder is named by its folder.
    ///
    /// # Errors
    /// `session` 9.4; `MAPI_E_EXTENDED_ERROR` for a definition that is missing or invalid.
    pub async fn install_form(
        &self,
        library: FormLibrary,
        folder: Option<&Folder>,
        definition: &FormSource,
        flags: flags::InstallFormFlags,
    ) -> Result<()> {
        let (this, library) = (self.handle.resource, forms::wire_library(library));
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        let definition = match definition.clone() {
            FormSource::Named(name) => wit::FormSource::Named(name),
            FormSource::Given { message_class, properties } => {
                wit::FormSource::Given(wit::NewForm { message_class, properties: wires(properties) })
            }
        };
        call!(self.subsystem(), "IMAPIFormContainer::InstallForm", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_install_form(&mut live.store, this, NO_UI, flags, library, folder, &definition).await
        })
    }

    /// `RemoveForm`: removes the form of a class from a library.
    ///
    /// # Errors
    /// `session` 9.4; `MAPI_E_NOT_FOUND`.
    pub async fn remove_form(&self, library: FormLibrary, folder: Option<&Folder>, message_class: &str) -> Result<()> {
        let (this, library, class) = (self.handle.resource, forms::wire_library(library), message_class.to_owned());
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        call!(self.subsystem(), "IMAPIFormContainer::RemoveForm", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_remove_form(&mut live.store, this, library, folder, &class).await
        })
    }

    /// `CalcFormPropSet`: the properties that any of the forms publishes, or with `common` that all of them do.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub async fn calc_form_prop_set(&self, forms: &[FormDefinition], common: bool) -> Result<Vec<PropTag>> {
        let this = self.handle.resource;
        let forms: Vec<_> = forms.iter().cloned().map(forms::form).collect();
        let how = if common { wit::FormPropSet::Common } else { wit::FormPropSet::Joined };
        let tags = call!(self.subsystem(), "IMAPIFormMgr::CalcFormPropSet", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_calc_form_prop_set(&mut live.store, this, &forms, how).await
        })?;
        map(tags)
    }

    /// `SelectForm`, or with the forms chosen before `SelectMultipleForms`: a person chooses of the forms of the
    /// libraries.
    ///
    /// # Errors
    /// `session` 9.4; `MAPI_E_NO_SUPPORT` without [`crate::Backends::with_presenter`], `MAPI_E_USER_CANCEL`.
    pub async fn select_forms(
        &self,
        scope: FormScope,
        title: Option<&str>,
        folder: Option<&Folder>,
        selected: Option<&[FormDefinition]>,
    ) -> Result<Vec<FormDefinition>> {
        let (this, scope, title) = (self.handle.resource, forms::wire_scope(scope), title.map(str::to_owned));
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        let selected: Option<Vec<_>> = selected.map(|forms| forms.iter().cloned().map(forms::form).collect());
        let chosen = call!(self.subsystem(), "IMAPIFormMgr::SelectMultipleForms", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_select_forms(&mut live.store, this, NO_UI, scope, title.as_deref(), folder, selected.as_deref()).await
        })?;
        chosen.into_iter().map(forms::to_form).collect()
    }

    /// `SelectFormContainer`: a person chooses a library.
    ///
    /// # Errors
    /// As [`Session::select_forms`].
    pub async fn select_form_container(&self, scope: FormScope, folder: Option<&Folder>) -> Result<FormLibrary> {
        let (this, scope) = (self.handle.resource, forms::wire_scope(scope));
        let folder = folder.map(|folder| self.handle.beside(&folder.handle)).transpose()?;
        let library = call!(self.subsystem(), "IMAPIFormMgr::SelectFormContainer", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_select_form_container(&mut live.store, this, NO_UI, scope, folder).await
        })?;
        Ok(forms::library(library))
    }

    /// `EnumAdrTypes`: the address types of all active transports, in transport order, each once.
    ///
    /// # Errors
    /// `session` 6.11.
    pub async fn enum_adr_types(&self, flags: flags::EnumAdrTypesFlags) -> Result<Vec<String>> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPISession::EnumAdrTypes", |live| {
            live.world.mapi_session_sessions().session().call_enum_adr_types(&mut live.store, this, flags).await
        })
    }

    /// `QueryIdentity`: the entry identifier of who is logged on. `MAPI_W_NO_SERVICE`: nobody says so, and it is
    /// that of a generic user.
    ///
    /// # Errors
    /// `session` 6.12.
    pub async fn query_identity(&self) -> Result<Warned<Vec<u8>>> {
        let this = self.handle.resource;
        let identity = call!(self.subsystem(), "IMAPISession::QueryIdentity", |live| {
            live.world.mapi_session_sessions().session().call_query_identity(&mut live.store, this).await
        })?;
        warned(identity.entry_id, identity.warning)
    }

    /// `SetDefaultStore`: gives a store of the profile a role; with `None` nobody has it any more.
    ///
    /// # Errors
    /// `session` 6.13.
    pub async fn set_default_store(&self, role: StoreRole, entry_id: Option<&[u8]>) -> Result<()> {
        let (this, entry_id) = (self.handle.resource, entry_id.map(<[u8]>::to_vec));
        let role = match role {
            StoreRole::Default => wit::StoreRole::DefaultStore,
            StoreRole::SimpleTemporary => wit::StoreRole::SimpleStoreTemporary,
            StoreRole::SimplePermanent => wit::StoreRole::SimpleStorePermanent,
            StoreRole::Primary => wit::StoreRole::PrimaryStore,
            StoreRole::Secondary => wit::StoreRole::SecondaryStore,
        };
        call!(self.subsystem(), "IMAPISession::SetDefaultStore", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_set_default_store(&mut live.store, this, role, NO_UI, entry_id.as_ref()).await
        })
    }

    /// `Logoff`: this handle and everything opened through it become invalid.
    ///
    /// # Errors
    /// `session` 4.
    pub async fn logoff(&self, flags: flags::LogoffFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPISession::Logoff", |live| {
            live.world.mapi_session_sessions().session().call_logoff(&mut live.store, this, NO_UI, flags).await
        })
    }

    /// `OpenProfileSection`: a section of the session's profile. It changes at once, and is held open as long as
    /// a handle of its properties.
    ///
    /// # Errors
    /// `profiles` 3.1.
    pub async fn open_profile_section(&self, section: Option<Guid>, flags: flags::OpenProfileSectionFlags) -> Result<Properties> {
        let (this, section) = (self.handle.resource, section.map(Wire::into_wit));
        let properties = call!(self.subsystem(), "IMAPISession::OpenProfileSection", |live| {
            let session = live.world.mapi_session_sessions().session();
            session.call_open_profile_section(&mut live.store, this, section, flags).await
        })?;
        Ok(Properties::new(self.subsystem().hold(properties)))
    }

    /// `AdminServices`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub async fn admin_services(&self) -> Result<ServiceAdmin> {
        let this = self.handle.resource;
        let admin = call!(self.subsystem(), "IMAPISession::AdminServices", |live| {
            live.world.mapi_session_sessions().session().call_admin_services(&mut live.store, this).await
        })?;
        Ok(ServiceAdmin::new(self.subsystem().hold(admin)))
    }
}

impl Subsystem {
    fn entry(&self, entry: wit::Entry) -> Entry {
        use crate::runtime::world::exports::mapi::session::objects;
        let object = match entry {
            wit::Entry::Store(store) => objects::Object::Store(store),
            wit::Entry::Folder(folder) => objects::Object::Folder(folder),
            wit::Entry::Container(container) => objects::Object::Container(container),
            wit::Entry::Message(message) => objects::Object::Message(message),
            wit::Entry::MailUser(user) => objects::Object::MailUser(user),
            wit::Entry::DistList(list) => objects::Object::DistList(list),
            wit::Entry::Properties(properties) => objects::Object::Properties(properties),
            wit::Entry::Status(status) => return Entry::Status(StatusObject::new(self.hold(status))),
        };
        Entry::Object(self.object(object))
    }
}
