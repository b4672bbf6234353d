//! Profile sections as clients open them (`profiles` 3.1).

mod locks;
mod object;
#[cfg(test)]
mod tests;

use crate::error::{Code, Failure, LastError, Result, check_flags};
use crate::profiles::{ADDRESS_BOOK_SECTION, ExtraSection, MsgServiceAdmin, PROFILE_INSTANCE, Profiles, SectionProperties};
use crate::properties::interface::{IID_IPROFSECT, check_interface};
use crate::properties::{Guid, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, PropertyHolder, PropertyObject};
use crate::session::Alive;
pub(super) use locks::SectionLocks;
pub(crate) use object::OpenSection;
use std::rc::Rc;

/// `MAPI_FORCE_ACCESS`: clients may open sections owned by providers.
pub const MAPI_FORCE_ACCESS: u32 = 0x8_0000;

/// IProfSect: one open section. It stays locked against writers, or against everybody, until it is dropped
/// or the session it was opened through ends.
#[derive(Clone)]
pub struct ProfileSection {
    holder: Rc<OpenSection>,
    last_error: Rc<LastError>,
}

impl ProfileSection {
    /// IMAPIProp of the section.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        let holder: Rc<dyn PropertyHolder> = self.holder.clone();
        PropertyObject::new(holder, Rc::clone(&self.last_error))
    }
}

impl Profiles {
    /// `OpenProfileSection` for a client (`profiles` 3.1).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` without a UID, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`;
    /// `MAPI_E_NOT_FOUND` for an unknown section to be read; `MAPI_E_NO_ACCESS` for a section of a provider
    /// without `MAPI_FORCE_ACCESS`, one that is locked, and the instance section with `MAPI_MODIFY`.
    pub fn open_profile_section(
        self: &Rc<Self>,
        name: &str,
        uid: Option<Guid>,
        interface: Option<Guid>,
        flags: u32,
        alive: Alive,
    ) -> Result<ProfileSection> {
        let uid = uid.ok_or_else(|| Failure::invalid("uid", "The profile section to open must be named."))?;
        check_flags(flags, MAPI_MODIFY | MAPI_DEFERRED_ERRORS | MAPI_FORCE_ACCESS)?;
        check_interface(interface, &[IID_IPROFSECT])?;
        let writable = flags & MAPI_MODIFY != 0;
        let (profile, _) = self.load(name)?;
        if uid == PROFILE_INSTANCE && writable {
            return Err(Failure::new(Code::NoAccess, "The instance section of a profile can only be read."));
        }
        let kept = profile.provider(uid).is_some() || uid == ADDRESS_BOOK_SECTION;
        if kept && flags & MAPI_FORCE_ACCESS == 0 {
            let text = "The section belongs to a provider or to the session itself; open it with MAPI_FORCE_ACCESS.";
            return Err(Failure::new(Code::NoAccess, text));
        }
        let exists = profile.section(name, uid).is_some();
        if !exists && !writable {
            return Err(Failure::not_found(format!("The profile has no section {uid}.")));
        }
        // The instance section never changes, so reading it takes no lock.
        let lock = if uid == PROFILE_INSTANCE { None } else { Some(self.locks.take(name, uid, writable, &alive)?) };
        if !exists {
            self.update(name, |profile| {
                if profile.stored_section(uid).is_none() {
                    profile.extras.push(ExtraSection { uid, service: None, properties: SectionProperties::default() });
                }
                Ok(())
            })?;
        }
        let holder = OpenSection::new(Rc::clone(self), name, uid, writable, alive, lock);
        Ok(ProfileSection { holder: Rc::new(holder), last_error: Rc::default() })
    }
}

impl MsgServiceAdmin {
    /// `OpenProfileSection` (`profiles` 3).
    ///
    /// # Errors
    /// As [`Profiles::open_profile_section`].
    pub fn open_profile_section(&self, uid: Option<Guid>, interface: Option<Guid>, flags: u32) -> Result<ProfileSection> {
        let open = || {
            self.alive.check()?;
            self.profiles.open_profile_section(&self.name, uid, interface, flags, self.alive.derive())
        };
        self.last_error.keep(open())
    }
}
