//! Profile sections as clients open them (`profiles` 3).
//!
//! Changes act at once and durably; there are no named properties. Protected properties are read by exact
//! tag only. Streams on section properties are not here.

use crate::backend::Want;
use crate::error::{Code, Failure, LastError, Result, check_flags};
use crate::profiles::{
    ADDRESS_BOOK_SECTION, ENGINE_KEPT, ExtraSection, MsgServiceAdmin, PROFILE_INSTANCE, PROTECTED, Profile, Profiles,
    SectionProperties, form,
};
use crate::properties::interface::check_interface;
use crate::properties::tags::Settable;
use crate::properties::{
    Guid, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, Numbered, Problem, PropTag, Property, PropertyHolder, PropertyObject, SaveMode,
    Value,
};
use crate::session::Alive;
use std::rc::Rc;

/// `MAPI_FORCE_ACCESS`: clients may open sections owned by providers.
pub const MAPI_FORCE_ACCESS: u32 = 0x8_0000;

const IID_IPROFSECT: Guid = Guid::mapi(0x0002_0304);

/// IProfSect: one open section. It stays locked against writers, or against everybody, until it is dropped.
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
        let lock = if uid == PROFILE_INSTANCE { None } else { Some(self.lock_section(name, uid, writable)?) };
        if !exists {
            self.update(name, |profile| {
                if profile.stored_section(uid).is_none() {
                    profile.extras.push(ExtraSection { uid, service: None, properties: SectionProperties::default() });
                }
                Ok(())
            })?;
        }
        let holder = OpenSection { profiles: Rc::clone(self), name: name.to_owned(), uid, writable, alive, _lock: lock };
        Ok(ProfileSection { holder: Rc::new(holder), last_error: Rc::default() })
    }

    fn lock_section(self: &Rc<Self>, name: &str, uid: Guid, write: bool) -> Result<SectionLock> {
        let key = (name.to_owned(), uid);
        let mut locks = self.locks.borrow_mut();
        let holders = locks.entry(key.clone()).or_default();
        if holders.writer || (write && holders.readers > 0) {
            return Err(
                Failure::new(Code::NoAccess, "The profile section is open elsewhere; close it there first.").with_retry(true)
            );
        }
        if write {
            holders.writer = true;
        } else {
            holders.readers = holders.readers.saturating_add(1);
        }
        Ok(SectionLock { profiles: Rc::clone(self), key, write })
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

/// Who has a section open.
#[derive(Debug, Default)]
pub(super) struct Holders {
    readers: u32,
    writer: bool,
}

struct SectionLock {
    profiles: Rc<Profiles>,
    key: (String, Guid),
    write: bool,
}

impl Drop for SectionLock {
    fn drop(&mut self) {
        let mut locks = self.profiles.locks.borrow_mut();
        if let Some(holders) = locks.get_mut(&self.key) {
            if self.write {
                holders.writer = false;
            } else {
                holders.readers = holders.readers.saturating_sub(1);
            }
            if !holders.writer && holders.readers == 0 {
                locks.remove(&self.key);
            }
        }
    }
}

struct OpenSection {
    profiles: Rc<Profiles>,
    name: String,
    uid: Guid,
    writable: bool,
    alive: Alive,
    _lock: Option<SectionLock>,
}

impl OpenSection {
    fn load(&self) -> Result<(Profile, Vec<Property>)> {
        let (profile, _) = self.profiles.load(&self.name)?;
        let shown = profile.section(&self.name, self.uid).ok_or_else(gone)?;
        Ok((profile, shown))
    }
}

fn gone() -> Failure {
    Failure::new(Code::ObjectDeleted, "The profile section was deleted after it was opened.")
}

impl PropertyHolder for OpenSection {
    fn check(&self) -> Result<()> {
        self.alive.check()
    }

    fn is_writable(&self) -> bool {
        self.writable
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let (profile, mut shown) = self.load()?;
        if let Want::Tags(tags) = want {
            let asked = |tag: PropTag| tags.iter().any(|wanted| wanted.id() == tag.id());
            shown.retain(|property| asked(property.tag));
            let protected = profile.stored_section(self.uid).into_iter().flat_map(SectionProperties::protected);
            for tag in protected.filter(|tag| asked(*tag)) {
                shown.extend(self.profiles.protected_value(&self.name, self.uid, tag)?);
            }
        }
        for property in &mut shown {
            if property.value.size() > u64::from(limit) {
                property.value = Value::Error(Code::NotEnoughMemory.raw());
            }
        }
        Ok(shown)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.load()?.1.into_iter().map(|property| property.tag).collect())
    }

    fn settable(&self, tag: PropTag) -> Settable {
        let kept = ENGINE_KEPT.iter().any(|known| known.id() == tag.id());
        if kept { Settable::Computed } else { Settable::Free }
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let mut accepted = Vec::new();
        for entry in set {
            if entry.item.tag.id() >= 0x8000 {
                problems.push(entry.problem(Code::UnexpectedId));
            } else if form::write_value(&entry.item.value).is_err() {
                problems.push(entry.problem(Code::InvalidType));
            } else {
                accepted.push(entry.item);
            }
        }
        let is_protected = |tag: PropTag| PROTECTED.contains(&tag.id());
        let set_protected = accepted.iter().filter(|property| is_protected(property.tag));
        let mut protected: Vec<_> = set_protected.map(|p| (self.uid, p.tag, Some(p.value.clone()))).collect();
        protected.extend(delete.iter().filter(|entry| is_protected(entry.tag)).map(|entry| (self.uid, entry.tag, None)));
        self.profiles.write_protected(&self.name, &protected)?;
        self.profiles.update(&self.name, |profile| {
            let stored = profile.stored_section_mut(self.uid).ok_or_else(gone)?;
            accepted.iter().cloned().for_each(|property| stored.set(property));
            delete.iter().for_each(|entry| stored.remove(entry.tag));
            Ok(())
        })?;
        Ok(problems)
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Ok(())
    }
}
