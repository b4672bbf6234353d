//! The properties of one profile section, protected ones kept apart (`profiles` 3.2).

use crate::properties::{Guid, PropTag, Property, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Identifiers of protected properties: credentials, which never leave the host's protected storage
/// except by exact tag.
pub const PROTECTED: RangeInclusive<u16> = 0x67F0..=0x67FF;

/// The properties of a section by identifier. Of protected ones only the tags are kept here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SectionProperties {
    plain: BTreeMap<u16, Property>,
    protected: BTreeMap<u16, PropTag>,
}

impl SectionProperties {
    /// Sets a plain property. A protected one only leaves its tag; its value is the storage's to keep.
    pub fn set(&mut self, property: Property) {
        let id = property.tag.id();
        if PROTECTED.contains(&id) {
            self.protected.insert(id, property.tag);
        } else {
            self.plain.insert(id, property);
        }
    }

    /// Sets a plain property by tag and value.
    pub fn put(&mut self, tag: PropTag, value: Value) {
        self.set(Property::new(tag, value));
    }

    /// Deletes by identifier, types ignored.
    pub fn remove(&mut self, tag: PropTag) {
        self.plain.remove(&tag.id());
        self.protected.remove(&tag.id());
    }

    /// The value of a plain property.
    #[must_use]
    pub fn get(&self, tag: PropTag) -> Option<&Value> {
        self.plain.get(&tag.id()).map(|property| &property.value)
    }

    /// The value of a plain text property.
    #[must_use]
    pub fn text(&self, tag: PropTag) -> Option<&str> {
        match self.get(tag)? {
            Value::Unicode(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a plain binary property.
    #[must_use]
    pub fn bytes(&self, tag: PropTag) -> Option<&[u8]> {
        match self.get(tag)? {
            Value::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The plain properties, ascending by identifier.
    pub fn plain(&self) -> impl Iterator<Item = &Property> {
        self.plain.values()
    }

    /// The tags of the protected properties, ascending.
    pub fn protected(&self) -> impl Iterator<Item = PropTag> {
        self.protected.values().copied()
    }
}

impl FromIterator<Property> for SectionProperties {
    fn from_iter<I: IntoIterator<Item = Property>>(properties: I) -> Self {
        let mut section = Self::default();
        properties.into_iter().for_each(|property| section.set(property));
        section
    }
}

/// The key of a protected value in the storage: section and identifier.
#[must_use]
pub fn protected_key(section: Guid, tag: PropTag) -> String {
    format!("{section}/{:04X}", tag.id())
}
