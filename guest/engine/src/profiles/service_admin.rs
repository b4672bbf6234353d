//! IMsgServiceAdmin: the message services of one profile (`profiles` 4.3).

use crate::backend::ConfigureContext;
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::profiles::entry_point::{EntryPointCall, SERVICE_UI_ALLOWED, SERVICE_UI_ALWAYS, unknown_service};
use crate::profiles::{Profiles, ServiceContents, service_flags};
use crate::properties::{Guid, Property};
use crate::session::Alive;
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;

/// `SERVICE_NO_RESTART_WARNING`.
const SERVICE_NO_RESTART_WARNING: u32 = 0x80;
/// `UI_CURRENT_PROVIDER_FIRST`.
const UI_CURRENT_PROVIDER_FIRST: u32 = 0x4;
/// `MSG_SERVICE_UI_READ_ONLY`.
const MSG_SERVICE_UI_READ_ONLY: u32 = 0x8;

/// IMsgServiceAdmin and IMsgServiceAdmin2.
pub struct MsgServiceAdmin {
    pub(super) profiles: Rc<Profiles>,
    pub(super) name: String,
    pub(super) alive: Alive,
    pub(super) last_error: Rc<LastError>,
}

impl MsgServiceAdmin {
    /// The administration of the profile with that stored name, while `alive` lives.
    #[must_use]
    pub fn new(profiles: Rc<Profiles>, name: &str, alive: Alive) -> Self {
        Self { profiles, name: name.to_owned(), alive, last_error: Rc::default() }
    }

    /// The stored name of the profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.name
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.alive.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `GetMsgServiceTable`: services in profile order, the newest last.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the storage's own.
    pub fn get_msg_service_table(&self, flags: u32) -> Result<Table> {
        let open = || {
            self.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            let (profile, _) = self.profiles.load(&self.name)?;
            super::tables::service_table(&self.name, &profile, flags & MAPI_UNICODE != 0)
        };
        self.last_error.keep(open())
    }

    /// `GetProviderTable`: all providers of the profile.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the storage's own.
    pub fn get_provider_table(&self, flags: u32) -> Result<Table> {
        let open = || {
            self.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            let (profile, _) = self.profiles.load(&self.name)?;
            super::tables::provider_table(&self.name, &profile, None, flags & MAPI_UNICODE != 0)
        };
        self.last_error.keep(open())
    }

    /// `CreateMsgService`: as [`MsgServiceAdmin::create_msg_service_ex`], without the UID.
    ///
    /// # Errors
    /// The same.
    pub fn create_msg_service(&self, service: &str, display_name: &str, ui: u64, flags: u32) -> Result<()> {
        self.create_msg_service_ex(service, display_name, ui, flags).map(|_| ())
    }

    /// `CreateMsgServiceEx`: adds a service of the catalogue; its `PR_SERVICE_UID`. The catalogue's display
    /// name wins over the argument.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`: not in the catalogue. `MAPI_E_NO_ACCESS`: single-copy service already there.
    /// `MAPI_E_UNKNOWN_FLAGS`; the entry point's own, and then nothing is added.
    pub fn create_msg_service_ex(&self, service: &str, _display_name: &str, ui: u64, flags: u32) -> Result<Guid> {
        self.last_error.keep(self.create(service, ui, flags))
    }

    fn create(&self, service: &str, ui: u64, flags: u32) -> Result<Guid> {
        self.alive.check()?;
        check_flags(flags, SERVICE_UI_ALWAYS | SERVICE_UI_ALLOWED | SERVICE_NO_RESTART_WARNING | MAPI_UNICODE)?;
        let definition = self.profiles.definition(service)?;
        let single = || {
            Failure::new(
                Code::NoAccess,
                format!("The profile has the message service \"{service}\" already, and it can have only one."),
            )
        };
        let is_single = definition.flags & service_flags::SINGLE_COPY != 0;
        let (profile, _) = self.profiles.load(&self.name)?;
        if is_single && profile.services.iter().any(|known| known.name == definition.name) {
            return Err(single());
        }
        let contents = ServiceContents::from_catalogue(&definition, || self.profiles.environment.new_uid());
        let uid = contents.service.uid;
        let ui_flags = flags & (SERVICE_UI_ALWAYS | SERVICE_UI_ALLOWED);
        let call = EntryPointCall {
            ui: if ui_flags == 0 { 0 } else { ui },
            ..EntryPointCall::silent(ConfigureContext::Create, ui_flags)
        };
        let (contents, protected) = self.profiles.configure_new(&self.name, contents, call, &definition)?;
        self.profiles.write_protected(&self.name, &protected)?;
        self.profiles.update(&self.name, |profile| {
            if is_single && profile.services.iter().any(|known| known.name == definition.name) {
                return Err(single());
            }
            profile.add_service(contents.clone());
            Ok(uid)
        })
    }

    /// `DeleteMsgService`: with its providers and extra sections; the roles it held go to others.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub fn delete_msg_service(&self, service: Guid) -> Result<()> {
        let delete = || {
            self.alive.check()?;
            let (profile, _) = self.profiles.load(&self.name)?;
            let contents = profile.contents_of(service).ok_or_else(|| unknown_service(service))?;
            self.profiles.announce_deletion(&self.name, &profile, service);
            self.profiles.update(&self.name, |profile| {
                profile.remove_service(service);
                Ok(())
            })?;
            let gone = contents.sections().flat_map(|(uid, section)| section.protected().map(move |tag| (uid, tag, None)));
            self.profiles.write_protected(&self.name, &gone.collect::<Vec<_>>())
        };
        self.last_error.keep(delete())
    }

    /// `ConfigureMsgService`: calls the entry point and writes what it changed.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NOT_INITIALIZED` for a service without an entry point;
    /// `MAPI_E_UNKNOWN_FLAGS`; the entry point's own.
    pub fn configure_msg_service(&self, service: Guid, ui: u64, flags: u32, properties: Vec<Property>) -> Result<()> {
        let configure = || {
            self.alive.check()?;
            let ui_flags = SERVICE_UI_ALWAYS | SERVICE_UI_ALLOWED | UI_CURRENT_PROVIDER_FIRST | MSG_SERVICE_UI_READ_ONLY;
            check_flags(flags, ui_flags | MAPI_UNICODE)?;
            let call = EntryPointCall { context: ConfigureContext::Configure, flags, ui, properties, provider: None };
            self.profiles.configure_service(&self.name, service, call)
        };
        self.last_error.keep(configure())
    }
}
