//! The values of an object that is not in the store yet, or not yet again: at most one for each identifier
//! (`properties` 1).

use crate::backend::{StagedValue, StoredValue};
use crate::properties::{PropTag, Property, Value};
use std::collections::BTreeMap;

/// Values by identifier. Strings are held as `PT_UNICODE`, the form they are stored in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(BTreeMap<u16, (PropTag, StoredValue)>);

impl Values {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, replacing the one with that identifier. Values no object can hold (`PT_NULL`,
    /// `PT_ERROR`, `PT_OBJECT`, a multi-value without elements) are left out.
    pub fn set(&mut self, property: Property) {
        let value = property.value.into_unicode();
        if value.is_empty_multi() || !value.kind().is_storable() {
            return;
        }
        let tag = property.tag.with_kind(value.kind());
        self.0.insert(tag.id(), (tag, StoredValue::Inline(value)));
    }

    /// Sets the value of a tag.
    pub fn put(&mut self, tag: PropTag, value: Value) {
        self.set(Property { tag, value });
    }

    /// Sets a value handed to the backend before; the tag's type is the value's.
    pub fn set_staged(&mut self, tag: PropTag, value: StagedValue) {
        self.0.insert(tag.id(), (tag, StoredValue::Staged(value)));
    }

    /// Takes a value away.
    pub fn remove(&mut self, tag: PropTag) -> Option<(PropTag, StoredValue)> {
        self.0.remove(&tag.id())
    }

    /// The value with that identifier, if it is held inline.
    #[must_use]
    pub fn get(&self, tag: PropTag) -> Option<&Value> {
        match self.0.get(&tag.id()) {
            Some((_, StoredValue::Inline(value))) => Some(value),
            _ => None,
        }
    }

    /// The value with that identifier, inline or staged, and its tag.
    #[must_use]
    pub fn entry(&self, tag: PropTag) -> Option<&(PropTag, StoredValue)> {
        self.0.get(&tag.id())
    }

    /// Whether there is a value with that identifier.
    #[must_use]
    pub fn contains(&self, tag: PropTag) -> bool {
        self.0.contains_key(&tag.id())
    }

    /// The text of a string value.
    #[must_use]
    pub fn text(&self, tag: PropTag) -> Option<&str> {
        match self.get(tag) {
            Some(Value::Unicode(text)) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a binary value.
    #[must_use]
    pub fn bytes(&self, tag: PropTag) -> Option<&[u8]> {
        match self.get(tag) {
            Some(Value::Binary(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The number of a `PT_LONG` value.
    #[must_use]
    pub fn long(&self, tag: PropTag) -> Option<i32> {
        match self.get(tag) {
            Some(Value::Long(number)) => Some(*number),
            _ => None,
        }
    }

    /// All values, ascending by identifier.
    pub fn iter(&self) -> impl Iterator<Item = (PropTag, &StoredValue)> {
        self.0.values().map(|(tag, value)| (*tag, value))
    }

    /// Bytes of all values as counted by `RES_SIZE`.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.iter().map(|(_, value)| stored_size(value)).fold(0, u64::saturating_add)
    }

    /// The numbers of the values that are with the backend already.
    pub(crate) fn staged(&self) -> impl Iterator<Item = u64> {
        self.0.values().filter_map(|(_, value)| match value {
            StoredValue::Staged(staged) => Some(staged.number),
            StoredValue::Inline(_) => None,
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Property> for Values {
    fn from_iter<T: IntoIterator<Item = Property>>(properties: T) -> Self {
        let mut values = Self::new();
        for property in properties {
            values.set(property);
        }
        values
    }
}

impl IntoIterator for Values {
    type Item = (PropTag, StoredValue);
    type IntoIter = std::collections::btree_map::IntoValues<u16, (PropTag, StoredValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values()
    }
}

/// Bytes of a stored value as counted by `RES_SIZE`.
#[must_use]
pub fn stored_size(value: &StoredValue) -> u64 {
    match value {
        StoredValue::Inline(value) => value.size(),
        StoredValue::Staged(staged) => staged.size,
    }
}
