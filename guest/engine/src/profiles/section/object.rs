//! The properties of an open section (`profiles` 3.2): changes act at once and durably, there are no named
//! properties, and protected ones are read by exact tag only.

use super::locks::SectionLock;
use crate::backend::{StoredValue, Want};
use crate::error::{Code, Failure, Result};
use crate::profiles::{ENGINE_KEPT, PROTECTED, Profile, Profiles, SectionProperties, form};
use crate::properties::copy::{Copied, CopyRules, Copyable, Outcome};
use crate::properties::tags::Settable;
use crate::properties::{
    Guid, Numbered, OpenRequest, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, SaveMode, StreamOn,
    StreamSource, StreamTarget, Value,
};
use crate::session::Alive;
use std::rc::Rc;

/// A section a client has open.
pub(crate) struct OpenSection {
    place: Place,
    writable: bool,
    _lock: Option<SectionLock>,
}

/// Which section of which profile, and as long as what lives.
#[derive(Clone)]
struct Place {
    profiles: Rc<Profiles>,
    name: String,
    uid: Guid,
    alive: Alive,
}

fn gone() -> Failure {
    Failure::new(Code::ObjectDeleted, "The profile section was deleted after it was opened.")
}

fn is_protected(tag: PropTag) -> bool {
    PROTECTED.contains(&tag.id())
}

fn settable(tag: PropTag) -> Settable {
    let kept = ENGINE_KEPT.iter().any(|known| known.id() == tag.id());
    if kept { Settable::Computed } else { Settable::Free }
}

impl Place {
    fn load(&self) -> Result<(Profile, Vec<Property>)> {
        let (profile, _) = self.profiles.load(&self.name)?;
        let shown = profile.section(&self.name, self.uid).ok_or_else(gone)?;
        Ok((profile, shown))
    }

    /// The properties with these identifiers, protected ones included.
    fn chosen(&self, asked: impl Fn(PropTag) -> bool) -> Result<Vec<Property>> {
        let (profile, mut shown) = self.load()?;
        shown.retain(|property| asked(property.tag));
        let protected = profile.stored_section(self.uid).into_iter().flat_map(SectionProperties::protected);
        for tag in protected.filter(|tag| asked(*tag)) {
            shown.extend(self.profiles.protected_value(&self.name, self.uid, tag)?);
        }
        Ok(shown)
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: &[Numbered<()>]) -> Result<Vec<Problem>> {
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
        let (profile, _) = self.profiles.load(&self.name)?;
        profile.stored_section(self.uid).ok_or_else(gone)?;
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
}

/// A stream puts its value into the section when it is committed or released.
impl StreamTarget for Place {
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()> {
        let StoredValue::Inline(value) = value else {
            return Err(Failure::new(Code::NotEnoughMemory, "A profile section holds no values of that length.").with_tag(tag));
        };
        let item = Property { tag: tag.with_kind(value.kind()), value };
        match self.change(vec![Numbered { index: 0, tag, item }], &[])?.first() {
            None => Ok(()),
            Some(problem) => Err(Failure::new(problem.code, "The profile section cannot hold that value.").with_tag(tag)),
        }
    }
}

impl OpenSection {
    pub(super) fn new(
        profiles: Rc<Profiles>,
        name: &str,
        uid: Guid,
        writable: bool,
        alive: Alive,
        lock: Option<SectionLock>,
    ) -> Self {
        Self { place: Place { profiles, name: name.to_owned(), uid, alive }, writable, _lock: lock }
    }

    /// Whether both are one section.
    pub(crate) fn is_section(&self, other: &Self) -> bool {
        let (one, other) = (&self.place, &other.place);
        Rc::ptr_eq(&one.profiles, &other.profiles) && one.name == other.name && one.uid == other.uid
    }

    /// `CopyTo` and `CopyProps`. Protected properties go along, since every section a client can open here is
    /// of the same profile storage.
    pub(crate) fn copy_to(&self, target: &Self, rules: &CopyRules) -> Result<Outcome> {
        let existing = if rules.keeps_existing { target.place.chosen(|_| true)? } else { Vec::new() };
        let kept = |tag: PropTag| existing.iter().any(|property| property.tag.id() == tag.id());
        let free = |tag: PropTag| settable(tag) == Settable::Free;
        let values = self.place.chosen(|tag| rules.takes(tag))?;
        let mut outcome = Outcome::default();
        for tag in rules.listed().unwrap_or_default().into_iter().filter(|tag| !kept(*tag)) {
            if !free(tag) {
                outcome.problems.push(rules.problem(tag, Code::Computed));
            } else if !values.iter().any(|property| property.tag.id() == tag.id()) {
                outcome.problems.push(rules.problem(tag, Code::NotFound));
            }
        }
        let copied: Vec<Property> = values.into_iter().filter(|property| free(property.tag) && !kept(property.tag)).collect();
        let numbered = |item: &Property| Numbered { index: 0, tag: item.tag, item: item.clone() };
        target.place.change(copied.iter().map(numbered).collect(), &[])?;
        if rules.moving {
            let moved: Vec<_> = copied.iter().map(|item| Numbered { index: 0, tag: item.tag, item: () }).collect();
            self.place.change(Vec::new(), &moved)?;
        }
        Ok(outcome)
    }
}

impl PropertyHolder for OpenSection {
    fn check(&self) -> Result<()> {
        self.place.alive.check()
    }

    fn is_writable(&self) -> bool {
        self.writable
    }

    fn is_transacted(&self) -> bool {
        false
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let mut shown = match want {
            Want::All => self.place.load()?.1,
            Want::Tags(tags) => self.place.chosen(|tag| tags.iter().any(|wanted| wanted.id() == tag.id()))?,
        };
        for property in &mut shown {
            if property.value.size() > u64::from(limit) {
                property.value = Value::Error(Code::NotEnoughMemory.raw());
            }
        }
        Ok(shown)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.place.load()?.1.into_iter().map(|property| property.tag).collect())
    }

    fn settable(&self, tag: PropTag) -> Settable {
        settable(tag)
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        self.place.change(set, &delete)
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Ok(())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        let tag = request.tag;
        if !matches!(tag.kind(), PropType::BINARY | PropType::STRING8 | PropType::UNICODE) {
            let text = "Only strings and binary values of a profile section can be opened, as streams.";
            return Err(Failure::new(Code::NoSupport, text).with_tag(tag));
        }
        let found = self.place.chosen(|known| known.id() == tag.id())?.into_iter().next();
        let existing = found.map(|property| match property.value.into_unicode() {
            Value::Unicode(text) => (StreamSource::Text(text.into()), PropType::UNICODE),
            Value::Binary(bytes) => (StreamSource::Bytes(bytes.into()), PropType::BINARY),
            other => (StreamSource::Bytes(Rc::default()), other.kind()),
        });
        let may_write = if !self.writable || settable(tag) == Settable::Computed {
            Err(Failure::new(Code::NoAccess, "The property cannot be changed through this handle.").with_tag(tag))
        } else if tag.id() >= 0x8000 {
            Err(Failure::new(Code::UnexpectedId, "Profile sections have no named properties.").with_tag(tag))
        } else {
            Ok(())
        };
        let on = StreamOn {
            alive: self.place.alive.clone(),
            log: Rc::clone(&self.place.profiles.environment.log),
            objects: None,
            existing,
            target: Rc::new(self.place.clone()),
            may_write,
        };
        Ok(OpenedProperty::Stream(on.open(request)?))
    }

    fn copyable(self: Rc<Self>) -> Copyable {
        Copyable(Copied::Section(self))
    }
}
