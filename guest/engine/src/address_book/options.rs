//! What the profile keeps of the address book: the personal address book and the default directory
//! (`address-book` 1, 3.11, 3.12). Changes are stored at once and survive the session.

use super::container_flags::{AB_MODIFIABLE, AB_NOT_DEFAULT, AB_RECIPIENTS};
use super::hierarchy::Listed;
use super::reference::{BookReference, Named};
use crate::backend::{ObjectKind, Want};
use crate::entry_id::EntryId;
use crate::error::{Failure, Result};
use crate::profiles::{ADDRESS_BOOK_SECTION, ExtraSection, SectionProperties};
use crate::properties::{Guid, PropTag, Property, Value, tags};

/// The options, in the order of their tags.
pub(super) const OPTIONS: [PropTag; 3] = [tags::AB_SEARCH_PATH, tags::AB_DEFAULT_DIR, tags::AB_DEFAULT_PAB];

impl BookReference {
    /// The options that are set.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn options(&self) -> Result<Vec<Property>> {
        let (profile, _) = self.profiles.load(&self.profile)?;
        let section = profile.stored_section(ADDRESS_BOOK_SECTION);
        Ok(OPTIONS.iter().filter_map(|tag| Some(Property::new(*tag, section?.get(*tag)?.clone()))).collect())
    }

    /// Sets or clears an option.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn set_option(&self, tag: PropTag, value: Option<&Value>) -> Result<()> {
        self.profiles.update(&self.profile, |profile| {
            if profile.stored_section(ADDRESS_BOOK_SECTION).is_none() {
                let properties = SectionProperties::default();
                profile.extras.push(ExtraSection { uid: ADDRESS_BOOK_SECTION, service: None, properties });
            }
            if let Some(section) = profile.stored_section_mut(ADDRESS_BOOK_SECTION) {
                match value {
                    Some(value) => section.put(tag, value.clone()),
                    None => section.remove(tag),
                }
            }
            Ok(())
        })
    }

    /// `ValidateState` of the integrated address book (`status` 2): options that name a provider the profile no
    /// longer has are dropped. `start` tries the providers again and gives the sections of all there are; one that
    /// is not active may be who is meant by an identifier nobody knows.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(crate) fn validate(&self, start: impl FnOnce() -> Result<Vec<Guid>>) -> Result<()> {
        let sections = start()?;
        let is_complete = sections.iter().all(|section| self.books.contains(*section));
        let stays = |entry_id: &[u8]| match EntryId::parse(entry_id) {
            Ok(EntryId::Provider(id)) => {
                self.books.by_uid(id.uid).map_or(!is_complete, |book| sections.contains(&book.section()))
            }
            _ => false,
        };
        for option in self.options()? {
            match option.value {
                Value::MvBinary(path) => {
                    let kept: Vec<Vec<u8>> = path.iter().filter(|id| stays(id)).cloned().collect();
                    if kept.len() < path.len() {
                        self.set_option(option.tag, Some(&Value::MvBinary(kept)))?;
                    }
                }
                Value::Binary(id) if stays(&id) => {}
                _ => self.set_option(option.tag, None)?,
            }
        }
        Ok(())
    }

    fn stored(&self, tag: PropTag) -> Result<Option<Vec<u8>>> {
        Ok(self.options()?.into_iter().find(|option| option.tag == tag).and_then(|option| match option.value {
            Value::Binary(id) => Some(id),
            _ => None,
        }))
    }

    /// The long-term identifier of a container that can be opened now.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for something else than a container of a provider, and as
    /// [`BookReference::resolve`].
    pub(super) fn check_container(&self, entry_id: &[u8]) -> Result<Vec<u8>> {
        let no_container = || Failure::invalid("entry-id", "The entry identifier is not that of an address book container.");
        match self.resolve(entry_id)? {
            Named::Object(book, object) => {
                let (head, _) = book.read(&object, Want::Tags(&[]))?;
                if head.kind == ObjectKind::Folder { Ok(book.entry_id(&object)) } else { Err(no_container()) }
            }
            Named::Root | Named::OneOff(_) => Err(no_container()),
        }
    }

    /// `GetPAB`: empty if there is none.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn pab(&self) -> Result<Vec<u8>> {
        if let Some(stored) = self.stored(tags::AB_DEFAULT_PAB)?
            && self.check_container(&stored).is_ok()
        {
            return Ok(stored);
        }
        let containers = self.hierarchy(true);
        // Top-level containers first, then those below, depth-first.
        let mut ordered: Vec<&Listed> = containers.iter().collect();
        ordered.sort_by_key(|container| container.depth > 0);
        let first = ordered.into_iter().find(|container| container.has(AB_MODIFIABLE));
        Ok(first.map(Listed::entry_id).unwrap_or_default())
    }

    /// `GetDefaultDir`: empty if there is none.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn default_dir(&self) -> Result<Vec<u8>> {
        if let Some(stored) = self.stored(tags::AB_DEFAULT_DIR)?
            && self.check_container(&stored).is_ok()
        {
            return Ok(stored);
        }
        let pab = self.pab()?;
        let containers = self.hierarchy(true);
        let fits =
            |container: &&Listed| container.has(AB_RECIPIENTS) && !container.has(AB_NOT_DEFAULT) && container.entry_id() != pab;
        Ok(containers.iter().find(fits).map_or(pab.clone(), Listed::entry_id))
    }
}
