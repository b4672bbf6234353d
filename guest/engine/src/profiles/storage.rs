//! Profiles in the host's storage: versions, protected values, leases (`profiles` 1.5, 7).

use crate::backend::{Catalogue, Environment, Host, LogLevel, Named, ProfileStorage};
use crate::error::{Code, Failure, Result};
use crate::profiles::{Profile, Provider, SectionProperties, form, protected_key, same_profile_name};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// All that the profile area shares: the storage, the catalogue, and who uses which profile.
pub struct Profiles {
    pub(super) storage: Rc<dyn ProfileStorage>,
    pub(super) catalogue: Rc<dyn Catalogue>,
    pub(super) environment: Environment,
    /// Sessions of this instance by profile: what a storage without leases is limited to.
    uses: RefCell<BTreeMap<String, u32>>,
    watchers: RefCell<Vec<Weak<dyn ProfileWatcher>>>,
    /// Sections open in this instance (`profiles` 3.1).
    pub(super) locks: super::section::SectionLocks,
}

/// A session that shows what is in its profile.
pub trait ProfileWatcher {
    /// A profile was changed through this instance.
    fn profile_changed(&self, name: &str, profile: &Profile);
}

/// A profile as listed: what can be told of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    /// Its name.
    pub(super) name: String,
    /// Its contents; a damaged profile is listed, so that it can be deleted.
    pub(super) profile: Option<Profile>,
}

impl Listed {
    pub(super) fn is_deleted(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| !profile.is_there())
    }

    pub(super) fn is_application(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.application)
    }
}

/// A protected value to be written: section, tag, and the value or `None` to delete it.
pub(super) type ProtectedChange = (Guid, PropTag, Option<Value>);

impl Profiles {
    /// The profiles of that host.
    #[must_use]
    pub fn new(host: &dyn Host) -> Rc<Self> {
        Self::over(host, host.profiles())
    }

    /// The profiles of a storage, with all else of that host.
    pub(super) fn over(host: &dyn Host, storage: Rc<dyn ProfileStorage>) -> Rc<Self> {
        Rc::new(Self {
            storage: Rc::new(Named::new(storage, "Profile storage", Guid::default())),
            catalogue: Rc::new(Named::new(host.catalogue(), "Service catalogue", Guid::default())),
            environment: Environment::of(host),
            uses: RefCell::default(),
            watchers: RefCell::default(),
            locks: super::section::SectionLocks::default(),
        })
    }

    /// Every profile, those marked for deletion included, by creation.
    pub(super) fn all(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in self.storage.list()? {
            let profile = match self.load(&entry.name) {
                Ok((profile, _)) => Some(profile),
                // Another program deleted it meanwhile.
                Err(failure) if failure.code() == Code::NotFound => continue,
                Err(failure) if matches!(failure.code(), Code::CorruptData | Code::Version) => None,
                Err(failure) => return Err(failure),
            };
            listed.push(Listed { name: entry.name, profile });
        }
        Ok(listed)
    }

    /// The names of the profiles a person may choose from; application profiles only when asked for.
    ///
    /// # Errors
    /// The storage's own.
    pub fn offered(&self, applications: bool) -> Result<Vec<String>> {
        self.sweep()?;
        let shown = self.all()?.into_iter().filter(|listed| !listed.is_deleted() && (applications || !listed.is_application()));
        Ok(shown.map(|listed| listed.name).collect())
    }

    /// The stored spelling of a name, `None` if there is no such profile.
    ///
    /// # Errors
    /// The storage's own.
    pub fn stored_name(&self, name: &str) -> Result<Option<String>> {
        Ok(self.storage.list()?.into_iter().map(|entry| entry.name).find(|stored| same_profile_name(stored, name)))
    }

    /// The default profile's stored name, `None` if there is none or it is gone.
    ///
    /// # Errors
    /// The storage's own.
    pub fn default_name(&self) -> Result<Option<String>> {
        match self.storage.default_name()? {
            Some(name) => self.stored_name(&name),
            None => Ok(None),
        }
    }

    /// A profile by its stored name, and its version.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_CORRUPT_DATA`, `MAPI_E_VERSION`.
    pub fn load(&self, name: &str) -> Result<(Profile, u64)> {
        let loaded = self.storage.load(name)?;
        Ok((form::read(&loaded.bytes)?, loaded.version))
    }

    /// Changes a profile durably. A lost race is retried once after rereading, so `edit` may run twice.
    ///
    /// # Errors
    /// Those of `edit`; `MAPI_E_NO_ACCESS` when the race is lost twice.
    pub fn update<R>(&self, name: &str, mut edit: impl FnMut(&mut Profile) -> Result<R>) -> Result<R> {
        for _ in 0..2 {
            let (mut profile, version) = self.load(name)?;
            let before = profile.clone();
            let result = edit(&mut profile)?;
            if profile == before {
                return Ok(result);
            }
            match self.storage.replace(name, &form::write(&profile)?, version) {
                Ok(_) => {
                    self.tell(name, &profile);
                    return Ok(result);
                }
                Err(failure) if failure.code() == Code::ObjectChanged => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(Code::NoAccess, format!("Another program keeps changing the profile \"{name}\"; try again."))
            .with_retry(true))
    }

    /// Tells that watcher of every change made through this instance, as long as it lives.
    pub fn watch(&self, watcher: Weak<dyn ProfileWatcher>) {
        let mut watchers = self.watchers.borrow_mut();
        watchers.retain(|known| known.strong_count() > 0);
        watchers.push(watcher);
    }

    fn tell(&self, name: &str, profile: &Profile) {
        let watchers: Vec<_> = self.watchers.borrow().iter().filter_map(Weak::upgrade).collect();
        for watcher in watchers {
            watcher.profile_changed(name, profile);
        }
    }

    /// A section by value, protected properties included: what its provider or entry point is handed.
    ///
    /// # Errors
    /// The storage's own.
    pub fn configuration(&self, name: &str, profile: &Profile, section: Guid) -> Result<Vec<Property>> {
        let mut properties = profile.section(name, section).unwrap_or_default();
        let tags: Vec<PropTag> = profile.stored_section(section).map(|stored| stored.protected().collect()).unwrap_or_default();
        for tag in tags {
            properties.extend(self.protected_value(name, section, tag)?);
        }
        Ok(properties)
    }

    /// A protected property, `None` if the storage has lost it.
    ///
    /// # Errors
    /// The storage's own; `MAPI_E_CORRUPT_DATA`.
    pub fn protected_value(&self, name: &str, section: Guid, tag: PropTag) -> Result<Option<Property>> {
        let Some(bytes) = self.storage.secret(name, &protected_key(section, tag))? else { return Ok(None) };
        let value = form::read_value(&bytes).ok_or_else(|| {
            Failure::new(Code::CorruptData, "A stored credential is damaged; configure the service again.").with_tag(tag)
        })?;
        Ok(Some(Property::new(tag, value)))
    }

    /// Writes protected values. They go first: a value without its section does no harm.
    pub(super) fn write_protected(&self, name: &str, changes: &[ProtectedChange]) -> Result<()> {
        for (section, tag, value) in changes {
            let bytes = value.as_ref().map(form::write_value).transpose()?;
            self.storage.set_secret(name, &protected_key(*section, *tag), bytes.as_deref())?;
        }
        Ok(())
    }

    /// Writes the properties a provider wants kept in its own section (`session` 3 step 6). Nothing is
    /// written when nothing changes.
    ///
    /// # Errors
    /// As [`Profiles::update`]; `MAPI_E_INVALID_TYPE`.
    pub fn refresh_section(&self, name: &str, section: Guid, set: &[Property], delete: &[PropTag]) -> Result<()> {
        let wanted: Vec<Property> = set.iter().filter(|p| Profile::is_providers_to_keep(p.tag)).cloned().collect();
        let unwanted: Vec<PropTag> = delete.iter().copied().filter(|tag| Profile::is_providers_to_keep(*tag)).collect();
        let mut protected = protected_of(section, &wanted);
        let is_protected = |tag: &PropTag| crate::profiles::PROTECTED.contains(&tag.id());
        protected.extend(unwanted.iter().copied().filter(is_protected).map(|tag| (section, tag, None)));
        self.locks.check_free(name, section)?;
        self.write_protected(name, &protected)?;
        self.update(name, |profile| {
            if let Some(stored) = profile.stored_section_mut(section) {
                unwanted.iter().for_each(|tag| stored.remove(*tag));
                wanted.iter().cloned().for_each(|property| stored.set(property));
            }
            Ok(())
        })
    }

    /// Adds a provider without a service, with its protected values (`session` 6.3). A profile without a default store
    /// gets one.
    ///
    /// # Errors
    /// As [`Profiles::update`]; `MAPI_E_INVALID_TYPE`.
    pub fn add_provider(&self, name: &str, provider: &Provider, secrets: &[Property]) -> Result<()> {
        self.write_protected(name, &protected_of(provider.uid, secrets))?;
        self.update(name, |profile| {
            if profile.provider(provider.uid).is_none() {
                profile.providers.push(provider.clone());
                profile.settle_default_store();
            }
            Ok(())
        })
    }

    /// Marks a profile as in use until the result is dropped.
    ///
    /// # Errors
    /// The storage's own.
    pub fn use_profile(self: &Rc<Self>, name: &str) -> Result<ProfileUse> {
        let lease = match self.storage.acquire_lease(name) {
            Ok(lease) => Some(lease),
            Err(failure) if failure.code() == Code::NoSupport => None,
            Err(failure) => return Err(failure),
        };
        *self.uses.borrow_mut().entry(name.to_owned()).or_default() += 1;
        Ok(ProfileUse { profiles: Rc::clone(self), name: name.to_owned(), lease })
    }

    /// Whether a session uses that profile, of any instance if the storage can tell.
    pub(super) fn is_used(&self, name: &str) -> Result<bool> {
        match self.storage.leases(name) {
            Ok(count) => Ok(count > 0),
            Err(failure) if failure.code() == Code::NoSupport => Ok(self.uses.borrow().contains_key(name)),
            Err(failure) => Err(failure),
        }
    }

    /// Deletes a profile that nobody uses: entry points first, then the data (`profiles` 4.2 DeleteProfile).
    pub(super) fn erase(&self, name: &str) -> Result<()> {
        let loaded = self.storage.load(name)?;
        // The services of a profile that never was there were not told of it either.
        if let Some(profile) = form::read(&loaded.bytes).ok().filter(|profile| !profile.unfinished) {
            for service in &profile.services {
                self.announce_deletion(name, &profile, service.uid);
            }
        }
        match self.storage.delete(name, loaded.version) {
            Err(failure) if failure.code() == Code::ObjectChanged => {
                let version = self.storage.load(name)?.version;
                self.storage.delete(name, version)
            }
            result => result,
        }
    }

    /// Carries out the deletions and new names that wait for profiles nobody uses any more, as a restart must.
    ///
    /// # Errors
    /// The storage's own.
    pub fn sweep(&self) -> Result<()> {
        for entry in self.storage.list()? {
            if let Err(failure) = self.settle(&entry.name) {
                // The marks are durable, so the next start tries again.
                self.log(
                    LogLevel::Warn,
                    &format!("what waits for the end of {} could not be done: {}", entry.name, failure.brief()),
                );
            }
        }
        Ok(())
    }

    /// The protected values of these sections, as what writes them again.
    pub(super) fn protected_values<'a>(
        &self,
        name: &str,
        sections: impl Iterator<Item = (Guid, &'a SectionProperties)>,
    ) -> Result<Vec<ProtectedChange>> {
        let mut values = Vec::new();
        for (uid, section) in sections {
            for tag in section.protected() {
                values.extend(self.protected_value(name, uid, tag)?.map(|property| (uid, property.tag, Some(property.value))));
            }
        }
        Ok(values)
    }

    /// A display name for people in messages about a provider.
    pub(super) fn log(&self, level: LogLevel, text: &str) {
        self.environment.log.log(level, text);
    }
}

/// A profile in use by a session. Ending the last use carries out a pending deletion or a new name.
pub struct ProfileUse {
    profiles: Rc<Profiles>,
    name: String,
    lease: Option<u64>,
}

impl ProfileUse {
    /// The stored name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn end(&self) -> Result<()> {
        if let Some(lease) = self.lease {
            self.profiles.storage.release_lease(lease);
        }
        {
            let mut uses = self.profiles.uses.borrow_mut();
            if let Some(count) = uses.get_mut(&self.name) {
                *count -= 1;
                if *count == 0 {
                    uses.remove(&self.name);
                }
            }
        }
        self.profiles.settle(&self.name).map(|_| ())
    }
}

impl Drop for ProfileUse {
    fn drop(&mut self) {
        if let Err(failure) = self.end() {
            // The mark is durable: the next start tries again.
            self.profiles
                .log(LogLevel::Warn, &format!("what waits for the end of a profile could not be done: {}", failure.brief()));
        }
    }
}

/// The protected values among some properties, as what writes them.
fn protected_of(section: Guid, properties: &[Property]) -> Vec<ProtectedChange> {
    let protected = properties.iter().filter(|property| crate::profiles::PROTECTED.contains(&property.tag.id()));
    protected.map(|property| (section, property.tag, Some(property.value.clone()))).collect()
}

/// Text of a display name that may be missing.
pub(super) fn display_name(properties: &crate::profiles::SectionProperties, otherwise: &str) -> String {
    properties.text(tags::DISPLAY_NAME).unwrap_or(otherwise).to_owned()
}
