//! Logon flags and the choice of the profile (`session` 2.1, 2.3).

use crate::backend::{Presenter, ProfilePrompt};
use crate::error::{Code, Failure, Result, check_flags};
use crate::profiles::{NAME_LIMIT, Profiles, check_profile_name, refuse_password};

/// The flags of `MAPILogonEx`.
pub mod flags {
    #![expect(missing_docs, reason = "named and explained by `session` 2.1")]
    pub const MAPI_LOGON_UI: u32 = 0x1;
    pub const MAPI_NEW_SESSION: u32 = 0x2;
    pub const MAPI_APP_PROFILE: u32 = 0x4;
    pub const MAPI_ALLOW_OTHERS: u32 = 0x8;
    pub const MAPI_EXPLICIT_PROFILE: u32 = 0x10;
    pub const MAPI_EXTENDED: u32 = 0x20;
    pub const MAPI_USE_DEFAULT: u32 = 0x40;
    pub const MAPI_FORCE_DOWNLOAD: u32 = 0x1000;
    pub const MAPI_SERVICE_UI_ALWAYS: u32 = 0x2000;
    pub const MAPI_NO_MAIL: u32 = 0x8000;
    pub const MAPI_NT_SERVICE: u32 = 0x1_0000;
    pub const MAPI_PASSWORD_UI: u32 = 0x2_0000;
    pub const MAPI_TIMEOUT_SHORT: u32 = 0x10_0000;
    pub const MAPI_BG_SESSION: u32 = 0x20_0000;
    pub const MAPI_UNICODE: u32 = 0x8000_0000;
}

const DEFINED: u32 = flags::MAPI_LOGON_UI
    | flags::MAPI_NEW_SESSION
    | flags::MAPI_APP_PROFILE
    | flags::MAPI_ALLOW_OTHERS
    | flags::MAPI_EXPLICIT_PROFILE
    | flags::MAPI_EXTENDED
    | flags::MAPI_USE_DEFAULT
    | flags::MAPI_FORCE_DOWNLOAD
    | flags::MAPI_SERVICE_UI_ALWAYS
    | flags::MAPI_NO_MAIL
    | flags::MAPI_NT_SERVICE
    | flags::MAPI_PASSWORD_UI
    | flags::MAPI_TIMEOUT_SHORT
    | flags::MAPI_BG_SESSION
    | flags::MAPI_UNICODE;

/// What the checked flags of a logon ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the call")]
pub(super) struct LogonMode {
    pub(super) new_session: bool,
    pub(super) allow_others: bool,
    pub(super) use_default: bool,
    pub(super) no_mail: bool,
    /// The inbound queues are flushed at once.
    pub(super) force_download: bool,
    /// Providers may ask for credentials.
    pub(super) may_prompt: bool,
    /// A person may choose the profile.
    pub(super) may_choose: bool,
    /// The default profile does not stand for one that is not named.
    pub(super) explicit: bool,
    /// Application profiles are offered too.
    pub(super) app_profiles: bool,
    /// Every message service is configured before anything is logged on.
    pub(super) configure_services: bool,
    /// Nothing is ever asked.
    pub(super) service: bool,
    /// Backends are to work unobtrusively.
    pub(super) background: bool,
}

impl LogonMode {
    /// Checks the flags; `service` says that the whole instance runs as a service, `offers_ui` whether the host has a
    /// user interface.
    pub(super) fn parse(raw: u32, service: bool, offers_ui: impl FnOnce() -> bool) -> Result<Self> {
        check_flags(raw, DEFINED)?;
        if raw & flags::MAPI_LOGON_UI != 0 && raw & flags::MAPI_PASSWORD_UI != 0 {
            return Err(Failure::invalid("flags", "MAPI_LOGON_UI and MAPI_PASSWORD_UI exclude each other."));
        }
        let set = |flag: u32| raw & flag != 0;
        let service = service || set(flags::MAPI_NT_SERVICE);
        let wants_ui = set(flags::MAPI_LOGON_UI) || set(flags::MAPI_PASSWORD_UI);
        let may_prompt = !service && wants_ui && offers_ui();
        let may_choose = may_prompt && set(flags::MAPI_LOGON_UI);
        Ok(Self {
            new_session: set(flags::MAPI_NEW_SESSION),
            allow_others: set(flags::MAPI_ALLOW_OTHERS),
            use_default: set(flags::MAPI_USE_DEFAULT),
            no_mail: set(flags::MAPI_NO_MAIL) || set(flags::MAPI_NT_SERVICE),
            force_download: set(flags::MAPI_FORCE_DOWNLOAD) && !set(flags::MAPI_NO_MAIL) && !set(flags::MAPI_NT_SERVICE),
            may_prompt,
            may_choose,
            explicit: set(flags::MAPI_EXPLICIT_PROFILE),
            app_profiles: set(flags::MAPI_APP_PROFILE),
            configure_services: may_choose && set(flags::MAPI_SERVICE_UI_ALWAYS),
            service,
            background: set(flags::MAPI_BG_SESSION),
        })
    }
}

/// The stored name of the profile a logon means (`session` 2.3): the one named, the default one, or the one a person
/// chooses.
pub(super) fn choose_profile(
    profiles: &Profiles,
    (name, password): (Option<&str>, Option<&str>),
    mode: LogonMode,
    (presenter, ui): (&dyn Presenter, u64),
) -> Result<String> {
    refuse_password(password)?;
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return named(profiles, name);
    }
    let default = if mode.use_default || (mode.may_choose && !mode.explicit) { profiles.name_in_force(None)? } else { None };
    if mode.use_default {
        if let Some(name) = default {
            return Ok(name);
        }
        if !mode.may_choose {
            return Err(refused("There is no default profile; name a profile, or make one the default."));
        }
    }
    if !mode.may_choose {
        return Err(refused("No profile is named, and nobody may be asked for one; name a profile, or use the default one."));
    }
    let prompt =
        ProfilePrompt { profiles: profiles.offered(mode.app_profiles)?, preselected: default.filter(|_| !mode.explicit) };
    named(profiles, &presenter.choose_profile(ui, &prompt)?)
}

/// The stored name of a profile.
fn named(profiles: &Profiles, name: &str) -> Result<String> {
    let too_long = || refused(format!("A profile name has at most {NAME_LIMIT} characters."));
    check_profile_name(name).map_err(|failure| match failure.code() {
        Code::StringTooLong => too_long(),
        _ => refused(failure.detail().message.clone()),
    })?;
    profiles.name_in_force(Some(name))?.ok_or_else(|| refused(format!("There is no profile \"{name}\".")))
}

pub(super) fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(Code::LogonFailed, message).with_argument("profile")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: u32, service: bool) -> Result<LogonMode> {
        LogonMode::parse(raw, service, || true)
    }

    #[test]
    fn undefined_bits_and_both_kinds_of_ui_are_refused() {
        assert_eq!(parse(0x80, false).unwrap_err().code(), Code::UnknownFlags);
        let both = flags::MAPI_LOGON_UI | flags::MAPI_PASSWORD_UI;
        assert_eq!(parse(both, false).unwrap_err().code(), Code::InvalidParameter);
        assert!(parse(DEFINED & !flags::MAPI_PASSWORD_UI, false).is_ok());
    }

    #[test]
    fn a_service_never_prompts_and_has_no_mail() {
        let all = flags::MAPI_NT_SERVICE | flags::MAPI_LOGON_UI | flags::MAPI_SERVICE_UI_ALWAYS | flags::MAPI_FORCE_DOWNLOAD;
        let mode = parse(all, false).unwrap();
        assert!(mode.no_mail && mode.service && !mode.may_prompt && !mode.may_choose);
        assert!(!mode.configure_services && !mode.force_download);
        let of_instance = parse(flags::MAPI_LOGON_UI, true).unwrap();
        assert!(of_instance.service && !of_instance.may_prompt && !of_instance.no_mail);
    }

    #[test]
    fn password_ui_permits_credentials_and_nothing_else() {
        let mode = parse(flags::MAPI_PASSWORD_UI | flags::MAPI_SERVICE_UI_ALWAYS, false).unwrap();
        assert!(mode.may_prompt && !mode.may_choose && !mode.configure_services);
    }

    #[test]
    fn a_host_without_user_interface_makes_every_prompt_impossible() {
        let mode = LogonMode::parse(flags::MAPI_LOGON_UI | flags::MAPI_SERVICE_UI_ALWAYS, false, || false).unwrap();
        assert!(!mode.may_prompt && !mode.may_choose && !mode.configure_services);
    }
}
