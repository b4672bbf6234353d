//! Profiles, their storage and their administration (`profiles`).
//!
//! A profile is kept as one block of bytes in the host's storage, in the engine's own form; every change is
//! written before success is reported. Protected properties never enter that block: they live in the host's
//! protected storage, one value each.

mod entry_point;
mod form;
mod name;
mod prof_admin;
mod prof_copy;
mod profile;
mod provider_admin;
mod roles;
mod section;
mod service_admin;
mod service_copy;
mod storage;
mod tables;
#[cfg(test)]
mod tests;
mod values;

pub use entry_point::{EntryPointCall, SERVICE_LOGON_FAILED, SERVICE_UI_ALLOWED, SERVICE_UI_ALWAYS};
pub use form::FORM_LIMIT;
pub use name::{NAME_LIMIT, check_profile_name, same_profile_name};
pub(crate) use prof_admin::refuse_password;
pub use prof_admin::{MAPI_APP_PROFILE, MAPI_DEFAULT_SERVICES, MAPI_DIALOG, ProfAdmin};
pub use profile::{
    ADDRESS_BOOK_SECTION, ENGINE_KEPT, ExtraSection, GLOBAL_SECTION, MAPI_PROFSECT, PROFILE_INSTANCE, Profile, Provider, Service,
    ServiceContents, new_extra, new_provider, provider_flags, service_flags,
};
pub use provider_admin::ProviderAdmin;
pub(crate) use section::OpenSection;
pub use section::{MAPI_FORCE_ACCESS, ProfileSection};
pub use service_admin::MsgServiceAdmin;
pub use storage::{ProfileUse, ProfileWatcher, Profiles};
pub use values::{PROTECTED, SectionProperties, protected_key};
