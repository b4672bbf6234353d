//! CopyProfile and RenameProfile (`profiles` 4.2), and the pending change of a name (1.5).

use super::prof_admin::name_taken;
use super::storage::Listed;
use crate::backend::LogLevel;
use crate::error::{Code, Failure, Result, check_flags};
use crate::profiles::{
    MAPI_APP_PROFILE, MAPI_DIALOG, ProfAdmin, Profiles, check_profile_name, form, refuse_password, same_profile_name,
};
use crate::tables::MAPI_UNICODE;

impl ProfAdmin {
    /// `CopyProfile`: everything in it, with the same keys but for its own. Entry points are not called.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` when the new name is taken, or for an application profile without
    /// `MAPI_APP_PROFILE`; as [`ProfAdmin::create_profile`] for the name and the password.
    pub fn copy_profile(&self, old: &str, password: Option<&str>, new: &str, _ui: u64, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.alive.check()?;
            check_flags(flags, MAPI_APP_PROFILE | MAPI_DIALOG | MAPI_UNICODE)?;
            let listed = self.source(old, password, new, flags)?;
            self.profiles.check_name_free(new, None)?;
            let (mut profile, _) = self.profiles.load(&listed.name)?;
            profile.search_key = self.profiles.environment.new_uid();
            profile.rename_to = None;
            let protected = self.profiles.protected_values(&listed.name, profile.sections())?;
            self.profiles.store_new(new, &profile, &protected)
        })())
    }

    /// `RenameProfile`. One in use keeps its name until its last session ends; until then both names are taken.
    ///
    /// # Errors
    /// As [`ProfAdmin::copy_profile`].
    pub fn rename_profile(&self, old: &str, password: Option<&str>, new: &str, _ui: u64, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.alive.check()?;
            check_flags(flags, MAPI_APP_PROFILE | MAPI_UNICODE)?;
            let listed = self.source(old, password, new, flags)?;
            self.profiles.check_name_free(new, Some(&listed.name))?;
            if !self.profiles.is_used(&listed.name)? {
                return self.profiles.rename(&listed.name, new);
            }
            self.profiles.update(&listed.name, |profile| {
                profile.rename_to = (new != listed.name).then(|| new.to_owned());
                Ok(())
            })
        })())
    }

    /// The profile to copy or rename, after the checks both make.
    fn source(&self, old: &str, password: Option<&str>, new: &str, flags: u32) -> Result<Listed> {
        check_profile_name(new)?;
        refuse_password(password)?;
        let listed = self.find(old)?;
        if listed.is_application() && flags & MAPI_APP_PROFILE == 0 {
            let text = format!("\"{old}\" is an application profile; it needs MAPI_APP_PROFILE.");
            return Err(Failure::new(Code::NoAccess, text));
        }
        Ok(listed)
    }
}

impl Profiles {
    /// Refuses a name that a profile has or will have; `but` is the profile that may.
    pub(super) fn check_name_free(&self, name: &str, but: Option<&str>) -> Result<()> {
        let others = self.all()?.into_iter().filter(|listed| but != Some(listed.name.as_str()));
        for listed in others {
            let pending = listed.profile.as_ref().and_then(|profile| profile.rename_to.as_deref());
            if same_profile_name(&listed.name, name) || pending.is_some_and(|pending| same_profile_name(pending, name)) {
                return Err(name_taken(name));
            }
        }
        Ok(())
    }

    /// Gives a profile nobody uses its new name. A lost race is retried once.
    pub(super) fn rename(&self, name: &str, new: &str) -> Result<()> {
        let attempt = || {
            if let Ok((profile, _)) = self.load(name)
                && profile.rename_to.is_some()
            {
                self.update(name, |profile| {
                    profile.rename_to = None;
                    Ok(())
                })?;
            }
            if name == new {
                return Ok(());
            }
            let version = self.storage.load(name)?.version;
            self.storage.rename(name, new, version).map(|_| ())
        };
        match attempt() {
            Err(failure) if failure.code() == Code::ObjectChanged => attempt(),
            result => result,
        }
        .map_err(|failure| match failure.code() {
            Code::Collision => name_taken(new),
            Code::ObjectChanged => {
                let text = format!("Another program keeps changing the profile \"{name}\"; try again.");
                Failure::new(Code::NoAccess, text).with_retry(true)
            }
            _ => failure,
        })
    }

    /// The stored name of the profile that has that name now, of the default profile without one. What waited for
    /// the end of a session that died is done first.
    ///
    /// # Errors
    /// The storage's own.
    pub fn name_in_force(&self, name: Option<&str>) -> Result<Option<String>> {
        let look = || match name {
            Some(name) => self.stored_name(name),
            None => self.default_name(),
        };
        match look()? {
            Some(found) if !self.settle(&found)? => Ok(Some(found)),
            _ => {
                self.sweep()?;
                look()
            }
        }
    }

    /// Does to a profile nobody uses what waits for that: its deletion or its new name. Whether there was
    /// something to do.
    pub(super) fn settle(&self, name: &str) -> Result<bool> {
        let profile = match self.storage.load(name) {
            Err(failure) if failure.code() == Code::NotFound => return Ok(false),
            loaded => form::read(&loaded?.bytes),
        };
        // A damaged profile has no mark that could be read.
        let Ok(profile) = profile else { return Ok(false) };
        if (profile.is_there() && profile.rename_to.is_none()) || self.is_used(name)? {
            return Ok(false);
        }
        if profile.deleted || profile.unfinished {
            self.erase(name)?;
        } else if let Some(new) = profile.rename_to {
            match self.rename(name, &new) {
                // Another program took the name; the mark is gone, so nobody waits for it any more.
                Err(failure) if failure.code() == Code::NoAccess => {
                    self.log(LogLevel::Warn, &format!("the profile {name} keeps its name: {}", failure.brief()));
                }
                renamed => renamed?,
            }
        }
        Ok(true)
    }
}
