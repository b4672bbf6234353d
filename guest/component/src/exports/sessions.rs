//! `sessions`.

use crate::exports::Component;
use crate::exports::address_books::{exported as exported_book, exported_container, exported_dist_list, exported_mail_user};
use crate::exports::objects::{
    ExportedFolder, ExportedMessage, ExportedStore, exported_folder, exported_message, exported_store,
};
use crate::exports::profiles::{exported as exported_admin, section};
use crate::exports::properties::along;
use crate::exports::status::exported as exported_status;
use crate::exports::tables::exported as exported_table;
use crate::imports::{Imports, form, form_library, hook_panics, wire_form, wire_library};
use crate::types::{Bits, properties, scode, wire_properties, wire_tags};
use crate::world::exports::mapi::session::objects::{FolderBorrow, MessageBorrow, Properties, StoreBorrow};
use crate::world::exports::mapi::session::profiles::ServiceAdmin;
use crate::world::exports::mapi::session::sessions as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Failure, LastError};
use mapi_engine::forms::{FORMPROPSET_INTERSECTION, FORMPROPSET_UNION};
use mapi_engine::session::{Entry, FormContainer, FormSource, InitializeOptions, Session, ShowForm, Subsystem, store_roles};
use std::rc::Rc;

thread_local! {
    /// The one subsystem of this instance.
    static SUBSYSTEM: Rc<Subsystem> = {
        hook_panics();
        Rc::new(Subsystem::new(Rc::new(Imports)))
    };
}

/// The subsystem of this instance.
pub(crate) fn subsystem() -> Rc<Subsystem> {
    SUBSYSTEM.with(Rc::clone)
}

/// A client's handle of a session.
pub(crate) struct ExportedSession(Session);

/// The number of a scope.
const fn raw_scope(scope: export::FormScope) -> u32 {
    match scope {
        export::FormScope::AllRegistries => 0,
        export::FormScope::FolderRegistryOnly => 1,
        export::FormScope::NonFolderRegistryOnly => 2,
    }
}

/// A failed logon: there is no object to ask, so its last error comes along.
fn logon_failure(failure: Failure) -> export::LogonFailure {
    let last_error = LastError::default();
    last_error.note(&failure);
    let error = last_error.get_last_error(failure.code(), flags::GetLastErrorFlags::MAPI_UNICODE.raw());
    export::LogonFailure { failure: failure.into(), error: error.ok().flatten().map(Into::into) }
}

impl export::Guest for Component {
    type Session = ExportedSession;

    fn initialize(options: Option<export::InitializeOptions>) -> Result<(), wire::Failure> {
        let options = options.map(|options| InitializeOptions { version: options.version, flags: options.how.raw() });
        Ok(subsystem().initialize(options)?)
    }

    fn uninitialize() {
        subsystem().uninitialize();
    }

    fn logon(options: export::LogonOptions) -> Result<export::Session, export::LogonFailure> {
        let export::LogonOptions { ui, profile, password, how } = options;
        let session = subsystem().logon_ex(ui, profile.as_deref(), password.as_deref(), how.raw()).map_err(logon_failure)?;
        Ok(export::Session::new(ExportedSession(session)))
    }

    fn session_of_provider(opening: u64) -> Result<export::Session, wire::Failure> {
        Ok(export::Session::new(ExportedSession(subsystem().session_of_provider(opening)?)))
    }

    fn pump(budget_us: u64) -> Result<export::Work, wire::Failure> {
        let work = subsystem().pump(budget_us)?;
        Ok(export::Work { more: work.more, notifications: work.notifications, wake_at: work.wake_at })
    }

    fn dispatch_notifications(max: u32) -> Result<export::DueNotifications, wire::Failure> {
        let due = subsystem().dispatch_notifications(0, max)?;
        let batches = due.batches.into_iter().map(TryInto::try_into).collect::<mapi_engine::error::Result<_>>()?;
        Ok(export::DueNotifications { batches, more: due.more })
    }

    fn changed(provider: wire::Guid) -> Result<(), wire::Failure> {
        Ok(subsystem().changed(provider.into())?)
    }
}

impl export::GuestSession for ExportedSession {
    fn number(&self) -> u64 {
        self.0.number()
    }

    fn advise(&self, entry_id: Option<Vec<u8>>, events: flags::EventMask) -> Result<u32, wire::Failure> {
        Ok(self.0.advise(entry_id.as_deref(), events.raw())?)
    }

    fn unadvise(&self, connection: u32) -> Result<(), wire::Failure> {
        Ok(self.0.unadvise(connection)?)
    }

    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn get_msg_stores_table(&self, how: flags::GetMsgStoresTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_msg_stores_table(how.raw())?))
    }

    fn open_msg_store(
        &self,
        ui: u64,
        entry_id: Vec<u8>,
        how: flags::OpenMsgStoreFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<export::OpenedStore, wire::Failure> {
        let opened = self.0.open_msg_store(ui, &entry_id, None, how.raw())?;
        let values = along(wanted, || opened.value.properties())?;
        Ok(export::OpenedStore { store: exported_store(opened.value), values, warning: scode(opened.warning) })
    }

    fn open_address_book(&self, ui: u64, how: flags::OpenAddressBookFlags) -> Result<export::OpenedAddressBook, wire::Failure> {
        let opened = self.0.open_address_book(ui, None, how.raw())?;
        Ok(export::OpenedAddressBook { address_book: exported_book(opened.value), warning: scode(opened.warning) })
    }

    fn get_status_table(&self, how: flags::GetStatusTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_status_table(how.raw())?))
    }

    fn open_entry(
        &self,
        entry_id: Vec<u8>,
        how: flags::SessionOpenEntryFlags,
        wanted: Option<Vec<u32>>,
    ) -> Result<export::OpenedEntry, wire::Failure> {
        let opened = self.0.open_entry(&entry_id, None, how.raw())?;
        let values = along(wanted, || match &opened.value {
            Entry::Store(store) => store.properties(),
            Entry::Folder(folder) => folder.properties(),
            Entry::Message(message) => message.properties(),
            Entry::Container(container) => container.properties(),
            Entry::MailUser(user) => user.properties(),
            Entry::DistList(list) => list.properties(),
            Entry::Status(object) => object.properties(),
        })?;
        let entry = match opened.value {
            Entry::Store(store) => export::Entry::Store(exported_store(store)),
            Entry::Folder(folder) => export::Entry::Folder(exported_folder(folder)),
            Entry::Message(message) => export::Entry::Message(exported_message(message)),
            Entry::Container(container) => export::Entry::Container(exported_container(container)),
            Entry::MailUser(user) => export::Entry::MailUser(exported_mail_user(user)),
            Entry::DistList(list) => export::Entry::DistList(exported_dist_list(list)),
            Entry::Status(object) => export::Entry::Status(exported_status(object)),
        };
        Ok(export::OpenedEntry { entry, values, warning: scode(opened.warning) })
    }

    fn compare_entry_ids(&self, first: Vec<u8>, second: Vec<u8>) -> Result<bool, wire::Failure> {
        Ok(self.0.compare_entry_ids(&first, &second, 0)?)
    }

    fn message_options(
        &self,
        ui: u64,
        how: flags::MessageOptionsFlags,
        address_type: Option<String>,
        message: MessageBorrow<'_>,
    ) -> Result<(), wire::Failure> {
        let message = &message.get::<ExportedMessage>().0;
        Ok(self.0.message_options(ui, how.raw(), address_type.as_deref(), message)?)
    }

    fn query_default_message_opt(
        &self,
        address_type: String,
        how: flags::QueryDefaultMessageOptFlags,
    ) -> Result<Vec<wire::Property>, wire::Failure> {
        Ok(wire_properties(self.0.query_default_message_opt(&address_type, how.raw())?)?)
    }

    fn enum_adr_types(&self, how: flags::EnumAdrTypesFlags) -> Result<Vec<String>, wire::Failure> {
        Ok(self.0.enum_adr_types(how.raw())?)
    }

    fn query_identity(&self) -> Result<export::Identity, wire::Failure> {
        let identity = self.0.query_identity()?;
        Ok(export::Identity { entry_id: identity.value, warning: scode(identity.warning) })
    }

    fn set_default_store(&self, role: export::StoreRole, ui: u64, entry_id: Option<Vec<u8>>) -> Result<(), wire::Failure> {
        let role = match role {
            export::StoreRole::DefaultStore => store_roles::MAPI_DEFAULT_STORE,
            export::StoreRole::SimpleStoreTemporary => store_roles::MAPI_SIMPLE_STORE_TEMPORARY,
            export::StoreRole::SimpleStorePermanent => store_roles::MAPI_SIMPLE_STORE_PERMANENT,
            export::StoreRole::PrimaryStore => store_roles::MAPI_PRIMARY_STORE,
            export::StoreRole::SecondaryStore => store_roles::MAPI_SECONDARY_STORE,
        };
        Ok(self.0.set_default_store(role, ui, entry_id.as_deref())?)
    }

    fn logoff(&self, ui: u64, how: flags::LogoffFlags) -> Result<(), wire::Failure> {
        Ok(self.0.logoff(ui, how.raw(), 0)?)
    }

    fn open_profile_section(
        &self,
        uid: Option<wire::Guid>,
        how: flags::OpenProfileSectionFlags,
    ) -> Result<Properties, wire::Failure> {
        section(self.0.open_profile_section(uid.map(Into::into), None, how.raw()))
    }

    fn prepare_form(&self, message: MessageBorrow<'_>) -> Result<u64, wire::Failure> {
        Ok(self.0.prepare_form(None, &message.get::<ExportedMessage>().0)?)
    }

    fn show_form(
        &self,
        ui: u64,
        store: StoreBorrow<'_>,
        folder: FolderBorrow<'_>,
        token: u64,
        how: flags::ShowFormFlags,
        shown: export::FormMessage,
    ) -> Result<(), wire::Failure> {
        Ok(self.0.show_form(ShowForm {
            ui,
            store: &store.get::<ExportedStore>().0,
            folder: &folder.get::<ExportedFolder>().0,
            interface: None,
            token,
            message_sent: None,
            flags: how.raw(),
            message_status: shown.message_status,
            message_flags: shown.message_flags,
            access: shown.access,
            message_class: &shown.message_class,
        })?)
    }

    fn resolve_message_class(
        &self,
        message_class: String,
        how: flags::ResolveMessageClassFlags,
        folder: Option<FolderBorrow<'_>>,
    ) -> Result<export::FormDefinition, wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        Ok(wire_form(self.0.resolve_message_class(&message_class, how.raw(), folder)?)?)
    }

    fn resolve_multiple_message_classes(
        &self,
        message_classes: Option<Vec<String>>,
        how: flags::ResolveMessageClassFlags,
        folder: Option<FolderBorrow<'_>>,
    ) -> Result<Vec<Option<export::FormDefinition>>, wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        let found = self.0.resolve_multiple_message_classes(message_classes.as_deref(), how.raw(), folder)?;
        Ok(found.into_iter().map(|form| form.map(wire_form).transpose()).collect::<mapi_engine::error::Result<_>>()?)
    }

    fn install_form(
        &self,
        ui: u64,
        how: flags::InstallFormFlags,
        library: export::FormLibrary,
        folder: Option<FolderBorrow<'_>>,
        definition: export::FormSource,
    ) -> Result<(), wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        let source = match definition {
            export::FormSource::Named(name) => FormSource::Named(name),
            export::FormSource::Given(form) => {
                FormSource::Given { message_class: form.message_class, properties: properties(form.properties)? }
            }
        };
        Ok(self.0.install_form(ui, how.raw(), FormContainer { library: form_library(library), folder }, &source)?)
    }

    fn remove_form(
        &self,
        library: export::FormLibrary,
        folder: Option<FolderBorrow<'_>>,
        message_class: String,
    ) -> Result<(), wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        Ok(self.0.remove_form(FormContainer { library: form_library(library), folder }, &message_class)?)
    }

    fn calc_form_prop_set(
        &self,
        forms: Vec<export::FormDefinition>,
        how: export::FormPropSet,
    ) -> Result<Vec<u32>, wire::Failure> {
        let forms = forms.into_iter().map(form).collect::<mapi_engine::error::Result<Vec<_>>>()?;
        let how = match how {
            export::FormPropSet::Joined => FORMPROPSET_UNION,
            export::FormPropSet::Common => FORMPROPSET_INTERSECTION,
        };
        Ok(wire_tags(&self.0.calc_form_prop_set(&forms, how)?))
    }

    fn select_forms(
        &self,
        ui: u64,
        scope: export::FormScope,
        title: Option<String>,
        folder: Option<FolderBorrow<'_>>,
        selected: Option<Vec<export::FormDefinition>>,
    ) -> Result<Vec<export::FormDefinition>, wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        let all =
            |forms: Vec<export::FormDefinition>| forms.into_iter().map(form).collect::<mapi_engine::error::Result<Vec<_>>>();
        let selected = selected.map(all).transpose()?;
        let chosen = self.0.select_forms(ui, raw_scope(scope), title.as_deref(), folder, selected.as_deref())?;
        Ok(chosen.into_iter().map(wire_form).collect::<mapi_engine::error::Result<_>>()?)
    }

    fn select_form_container(
        &self,
        ui: u64,
        scope: export::FormScope,
        folder: Option<FolderBorrow<'_>>,
    ) -> Result<export::FormLibrary, wire::Failure> {
        let folder = folder.as_ref().map(|folder| &folder.get::<ExportedFolder>().0);
        Ok(wire_library(self.0.select_form_container(ui, raw_scope(scope), folder)?))
    }

    fn admin_services(&self) -> Result<ServiceAdmin, wire::Failure> {
        Ok(exported_admin(self.0.admin_services(0)?))
    }
}
