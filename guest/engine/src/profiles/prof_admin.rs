//! IProfAdmin: administration of profiles without a session (`profiles` 4.2).

use crate::backend::ConfigureContext;
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags};
use crate::profiles::entry_point::{EntryPointCall, SERVICE_UI_ALLOWED, apply};
use crate::profiles::storage::ProtectedChange;
use crate::profiles::{
    MsgServiceAdmin, Profile, Profiles, ServiceContents, check_profile_name, form, same_profile_name, service_flags,
};
use crate::session::Alive;
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;

/// `MAPI_DEFAULT_SERVICES`: add the default services of the catalogue.
pub const MAPI_DEFAULT_SERVICES: u32 = 0x1;
/// `MAPI_APP_PROFILE`: application profiles are meant, too.
pub const MAPI_APP_PROFILE: u32 = 0x4;
/// `MAPI_DIALOG`: UI is allowed.
pub const MAPI_DIALOG: u32 = 0x8;

/// IProfAdmin.
pub struct ProfAdmin {
    pub(super) profiles: Rc<Profiles>,
    pub(super) alive: Alive,
    pub(super) last_error: LastError,
}

impl ProfAdmin {
    /// The administration of these profiles, while `alive` lives.
    #[must_use]
    pub fn new(profiles: Rc<Profiles>, alive: Alive) -> Self {
        Self { profiles, alive, last_error: LastError::default() }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.alive.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `GetProfileTable`: profiles by creation; application profiles only with `MAPI_APP_PROFILE`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; the storage's own.
    pub fn get_profile_table(&self, flags: u32) -> Result<Table> {
        self.last_error.keep(self.profile_table(flags))
    }

    fn profile_table(&self, flags: u32) -> Result<Table> {
        self.alive.check()?;
        check_flags(flags, MAPI_APP_PROFILE | MAPI_UNICODE)?;
        let shown = self.profiles.offered(flags & MAPI_APP_PROFILE != 0)?;
        let default = self.profiles.default_name()?;
        let rows = shown.into_iter().map(|name| {
            let is_default = default.as_ref() == Some(&name);
            (name, is_default)
        });
        super::tables::profile_table(rows.collect(), flags & MAPI_UNICODE != 0)
    }

    /// `CreateProfile`. With `MAPI_DEFAULT_SERVICES` a service whose entry point fails stays out and the
    /// call answers `MAPI_W_ERRORS_RETURNED`.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` when the name is taken, `MAPI_E_INVALID_PARAMETER` or `MAPI_E_STRING_TOO_LONG`
    /// for the name, `MAPI_E_LOGON_FAILED` for a password, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn create_profile(&self, name: &str, password: Option<&str>, ui: u64, flags: u32) -> Result<Warned<()>> {
        self.last_error.keep(self.create(name, password, ui, flags))
    }

    fn create(&self, name: &str, password: Option<&str>, ui: u64, flags: u32) -> Result<Warned<()>> {
        self.alive.check()?;
        check_flags(flags, MAPI_DEFAULT_SERVICES | MAPI_APP_PROFILE | MAPI_DIALOG | MAPI_UNICODE)?;
        check_profile_name(name)?;
        refuse_password(password)?;
        self.profiles.sweep()?;
        self.profiles.check_name_free(name, None)?;
        let environment = &self.profiles.environment;
        let mut profile = Profile::new(environment.new_uid(), flags & MAPI_APP_PROFILE != 0);
        let mut protected = Vec::new();
        let mut failures = Vec::new();
        if flags & MAPI_DEFAULT_SERVICES != 0 {
            let ui_flags = if flags & MAPI_DIALOG != 0 { SERVICE_UI_ALLOWED } else { 0 };
            for definition in self.profiles.catalogue.services()?.iter().filter(|definition| definition.default) {
                let contents = ServiceContents::from_catalogue(definition, || environment.new_uid());
                if definition.flags & service_flags::SINGLE_COPY != 0
                    && profile.services.iter().any(|service| service.name == definition.name)
                {
                    continue;
                }
                let call = EntryPointCall { ui, ..EntryPointCall::silent(ConfigureContext::Create, ui_flags) };
                match self.profiles.configure_new(name, contents, call, definition) {
                    Ok((contents, changes)) => {
                        profile.add_service(contents);
                        protected.extend(changes);
                    }
                    Err(failure) => failures.push(failure),
                }
            }
        }
        self.profiles.store_new(name, &profile, &protected)?;
        match failures.first() {
            None => Ok(Warned::ok(())),
            Some(first) => {
                self.last_error.warn(Code::WErrorsReturned, MapiError::of(first));
                Ok(Warned::warn((), Code::WErrorsReturned))
            }
        }
    }

    /// `DeleteProfile`. One in use is marked, and deleted when its last session ends.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` for an application profile without `MAPI_APP_PROFILE`;
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn delete_profile(&self, name: &str, flags: u32) -> Result<()> {
        self.last_error.keep(self.delete(name, flags))
    }

    fn delete(&self, name: &str, flags: u32) -> Result<()> {
        self.alive.check()?;
        check_flags(flags, MAPI_APP_PROFILE | MAPI_UNICODE)?;
        let listed = self.find(name)?;
        if listed.is_application() && flags & MAPI_APP_PROFILE == 0 {
            let text = format!("\"{name}\" is an application profile; it is deleted with MAPI_APP_PROFILE only.");
            return Err(Failure::new(Code::NoAccess, text));
        }
        if self.profiles.default_name()?.as_ref() == Some(&listed.name) {
            self.profiles.storage.set_default_name(None)?;
        }
        if listed.profile.is_some() && self.profiles.is_used(&listed.name)? {
            return self.profiles.update(&listed.name, |profile| {
                profile.deleted = true;
                Ok(())
            });
        }
        self.profiles.erase(&listed.name)
    }

    /// `ChangeProfilePassword`: profiles have no passwords, so nothing happens, even for an unknown name.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn change_profile_password(&self, _name: &str, _old: &str, _new: &str, flags: u32) -> Result<()> {
        self.alive.check()?;
        self.last_error.keep(check_flags(flags, MAPI_UNICODE))
    }

    /// `SetDefaultProfile`; without a name there is no default profile any more.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_CALL_FAILED` for an application profile; `MAPI_E_UNKNOWN_FLAGS`.
    pub fn set_default_profile(&self, name: Option<&str>, flags: u32) -> Result<()> {
        self.last_error.keep(self.set_default(name, flags))
    }

    fn set_default(&self, name: Option<&str>, flags: u32) -> Result<()> {
        self.alive.check()?;
        check_flags(flags, MAPI_UNICODE)?;
        let Some(name) = name else { return self.profiles.storage.set_default_name(None) };
        let listed = self.find(name)?;
        if listed.is_application() {
            let text = format!("\"{name}\" is an application profile, which cannot be the default.");
            return Err(Failure::new(Code::CallFailed, text));
        }
        self.profiles.storage.set_default_name(Some(&listed.name))
    }

    /// `AdminServices`: the message services of a profile, no provider loaded.
    ///
    /// # Errors
    /// `MAPI_E_LOGON_FAILED` for an unknown or deleted profile, or a password; `MAPI_E_UNKNOWN_FLAGS`.
    pub fn admin_services(&self, name: &str, password: Option<&str>, _ui: u64, flags: u32) -> Result<MsgServiceAdmin> {
        self.last_error.keep(self.services(name, password, flags))
    }

    fn services(&self, name: &str, password: Option<&str>, flags: u32) -> Result<MsgServiceAdmin> {
        self.alive.check()?;
        if name.is_empty() {
            return Err(Failure::invalid("name", "The profile to administer must be named."));
        }
        check_flags(flags, MAPI_DIALOG | MAPI_UNICODE)?;
        refuse_password(password)?;
        let unknown = || Failure::new(Code::LogonFailed, format!("There is no profile \"{name}\".")).with_argument("name");
        let stored = self.profiles.name_in_force(Some(name))?.ok_or_else(unknown)?;
        let (profile, _) = self.profiles.load(&stored)?;
        if !profile.is_there() {
            return Err(unknown());
        }
        Ok(MsgServiceAdmin::new(Rc::clone(&self.profiles), &stored, self.alive.derive()))
    }

    pub(super) fn find(&self, name: &str) -> Result<super::storage::Listed> {
        self.profiles.sweep()?;
        let all = self.profiles.all()?;
        all.into_iter()
            .find(|listed| same_profile_name(&listed.name, name) && !listed.is_deleted())
            .ok_or_else(|| Failure::not_found(format!("There is no profile \"{name}\".")).with_argument("name"))
    }
}

impl Profiles {
    /// Calls the entry point of a service that is about to be added. One that lacks configuration and may
    /// not ask for it stays, unconfigured (`profiles` 4.3 step 6).
    pub(super) fn configure_new(
        &self,
        name: &str,
        mut contents: ServiceContents,
        call: EntryPointCall,
        definition: &crate::backend::ServiceDefinition,
    ) -> Result<(ServiceContents, Vec<ProtectedChange>)> {
        let silent = call.flags & (SERVICE_UI_ALLOWED | super::SERVICE_UI_ALWAYS) == 0;
        match self.call_entry_point(name, &contents, call, &[]) {
            Ok(outcome) => {
                let protected = apply(&mut contents, &self.answer(outcome), definition)?;
                Ok((contents, protected))
            }
            Err(failure) if failure.code() == Code::Unconfigured && silent => Ok((contents, Vec::new())),
            Err(failure) => Err(failure),
        }
    }

    /// Writes a new profile. One with protected values takes several writes; until the last one nobody sees it.
    pub(super) fn store_new(self: &Rc<Self>, name: &str, profile: &Profile, protected: &[ProtectedChange]) -> Result<()> {
        let first = Profile { unfinished: !protected.is_empty(), ..profile.clone() };
        match self.storage.replace(name, &form::write(&first)?, 0) {
            Err(failure) if failure.code() == Code::ObjectChanged => return Err(name_taken(name)),
            result => result?,
        };
        if !first.unfinished {
            return Ok(());
        }
        // Nobody takes it for left behind as long as it is in use. What fails here removes it.
        let _writing = self.use_profile(name)?;
        self.write_protected(name, protected)?;
        self.update(name, |stored| {
            stored.unfinished = false;
            Ok(())
        })
    }
}

/// Profiles have no passwords, so none can match (`profiles` 1.3).
pub(crate) fn refuse_password(password: Option<&str>) -> Result<()> {
    match password {
        None | Some("") => Ok(()),
        Some(_) => {
            Err(Failure::new(Code::LogonFailed, "Profiles have no passwords; leave the password out.").with_argument("password"))
        }
    }
}

pub(super) fn name_taken(name: &str) -> Failure {
    Failure::new(Code::NoAccess, format!("There is a profile \"{name}\" already, or one not yet deleted is still in use."))
        .with_argument("name")
}
