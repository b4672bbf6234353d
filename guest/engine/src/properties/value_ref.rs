//! Values read in place: a cell of a columnar batch or a stored value, without copying text and bytes.

use crate::properties::{PropType, Value};

/// A borrowed value.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// `PT_UNICODE`.
    Text(&'a str),
    /// `PT_BINARY`.
    Bytes(&'a [u8]),
    /// A value of a fixed-size type.
    Fixed(Value),
    /// Any other value.
    Other(&'a Value),
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Unicode(text) => Self::Text(text),
            Value::Binary(bytes) => Self::Bytes(bytes),
            other => Self::Other(other),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// The type of the value.
    #[must_use]
    pub const fn kind(&self) -> PropType {
        match self {
            Self::Text(_) => PropType::UNICODE,
            Self::Bytes(_) => PropType::BINARY,
            Self::Fixed(value) => value.kind(),
            Self::Other(value) => value.kind(),
        }
    }

    /// A copy of the value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Unicode((*text).to_owned()),
            Self::Bytes(bytes) => Value::Binary(bytes.to_vec()),
            Self::Fixed(value) => value.clone(),
            Self::Other(value) => (*value).clone(),
        }
    }

    /// The value, if it is neither text nor binary.
    #[must_use]
    pub const fn plain(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) => Some(value),
            Self::Other(value) => Some(value),
            Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    /// Bytes as counted by `RES_SIZE`.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Text(text) => 2 * utf16_units(text),
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Fixed(value) => value.size(),
            Self::Other(value) => value.size(),
        }
    }

    /// How many elements a multi-value has, 1 for any other value.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.plain().map_or(1, Value::elements)
    }

    /// One element of a multi-value; a single value is its own first element.
    #[must_use]
    pub fn element(&self, at: usize) -> Option<ValueRef<'a>> {
        fn fixed<'a, T: Copy>(items: &[T], at: usize, make: fn(T) -> Value) -> Option<ValueRef<'a>> {
            items.get(at).map(|item| ValueRef::Fixed(make(*item)))
        }
        let Self::Other(value) = self else {
            return (at == 0).then(|| self.clone());
        };
        match value {
            Value::MvI2(items) => fixed(items, at, Value::I2),
            Value::MvLong(items) => fixed(items, at, Value::Long),
            Value::MvR4(items) => fixed(items, at, Value::R4),
            Value::MvDouble(items) => fixed(items, at, Value::Double),
            Value::MvCurrency(items) => fixed(items, at, Value::Currency),
            Value::MvAppTime(items) => fixed(items, at, Value::AppTime),
            Value::MvI8(items) => fixed(items, at, Value::I8),
            Value::MvSysTime(items) => fixed(items, at, Value::SysTime),
            Value::MvClsid(items) => fixed(items, at, Value::Clsid),
            Value::MvUnicode(items) => items.get(at).map(|item| ValueRef::Text(item)),
            Value::MvBinary(items) => items.get(at).map(|item| ValueRef::Bytes(item)),
            Value::MvString8(items) => items.get(at).map(|item| ValueRef::Fixed(Value::String8(item.clone()))),
            _ => (at == 0).then(|| self.clone()),
        }
    }
}

/// UTF-16 units of a text: one for each character, two for those of four bytes.
pub(crate) fn utf16_units(text: &str) -> u64 {
    // So short that a byte holds the count of each, which lets the compiler add many at once.
    const RUN: usize = 64;
    let units = |byte: &u8| u8::from(byte & 0xC0 != 0x80) + u8::from(*byte >= 0xF0);
    text.as_bytes().chunks(RUN).map(|run| u64::from(run.iter().map(units).sum::<u8>())).sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn units_are_counted_as_utf16_encodes_them() {
        for text in ["", "plain", "Grüße", "\u{ffff}", "a😀b", &"é😀x".repeat(100)] {
            assert_eq!(super::utf16_units(text), text.encode_utf16().count() as u64, "{text}");
        }
    }
}
