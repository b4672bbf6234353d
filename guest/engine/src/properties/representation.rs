//! Representations of values (`properties` 2.1).

use crate::properties::{PropTag, PropType, Property, Value, code_page};

impl Value {
    /// The value as the type asked for: itself when the types are equal, converted when they differ only in
    /// string width. `None`: no conversion exists. `PT_UNSPECIFIED` asks for the value's own type.
    #[must_use]
    pub fn represented(self, kind: PropType) -> Option<Value> {
        if kind == PropType::UNSPECIFIED || self.kind() == kind {
            return Some(self);
        }
        if !self.kind().same_family(kind) {
            return None;
        }
        Some(match (self, kind.base()) {
            (Value::Unicode(text), PropType::STRING8) => Value::String8(code_page::encode(&text)),
            (Value::String8(bytes), PropType::UNICODE) => Value::Unicode(code_page::decode(&bytes)),
            (Value::MvUnicode(texts), PropType::STRING8) => {
                Value::MvString8(texts.iter().map(|text| code_page::encode(text)).collect())
            }
            (Value::MvString8(texts), PropType::UNICODE) => {
                Value::MvUnicode(texts.iter().map(|bytes| code_page::decode(bytes)).collect())
            }
            (value, _) => value,
        })
    }

    /// The value with all 8-bit strings converted to Unicode, the form values are stored in.
    #[must_use]
    pub fn into_unicode(self) -> Value {
        match self {
            Value::String8(bytes) => Value::Unicode(code_page::decode(&bytes)),
            Value::MvString8(texts) => Value::MvUnicode(texts.iter().map(|bytes| code_page::decode(bytes)).collect()),
            value => value,
        }
    }

    /// Bytes as counted by `RES_SIZE`: no terminators, `PT_UNICODE` as UTF-16, a multi-value the sum of its elements.
    #[must_use]
    pub fn size(&self) -> u64 {
        fn utf16(text: &str) -> u64 {
            text.chars().map(|character| 2 * character.len_utf16() as u64).sum()
        }
        fn sum<T>(items: &[T], size: impl Fn(&T) -> u64) -> u64 {
            items.iter().map(size).sum()
        }
        match self {
            Self::Null | Self::Object | Self::Restriction(_) => 0,
            Self::I2(_) | Self::Boolean(_) => 2,
            Self::Long(_) | Self::R4(_) | Self::Error(_) => 4,
            Self::Double(_) | Self::AppTime(_) | Self::I8(_) | Self::SysTime(_) | Self::Currency(_) => 8,
            Self::Clsid(_) => 16,
            Self::Binary(bytes) | Self::String8(bytes) | Self::SvrEid(bytes) | Self::Actions(bytes) => bytes.len() as u64,
            Self::Unicode(text) => utf16(text),
            Self::MvI2(items) => sum(items, |_| 2),
            Self::MvLong(items) => sum(items, |_| 4),
            Self::MvR4(items) => sum(items, |_| 4),
            Self::MvDouble(items) | Self::MvAppTime(items) => sum(items, |_| 8),
            Self::MvCurrency(items) | Self::MvI8(items) => sum(items, |_| 8),
            Self::MvSysTime(items) => sum(items, |_| 8),
            Self::MvClsid(items) => sum(items, |_| 16),
            Self::MvString8(items) | Self::MvBinary(items) => sum(items, |item| item.len() as u64),
            Self::MvUnicode(items) => sum(items, |item| utf16(item)),
        }
    }

    /// Whether this is a multi-value without an element; such a value cannot exist (`properties` 2).
    #[must_use]
    pub fn is_empty_multi(&self) -> bool {
        match self {
            Self::MvI2(items) => items.is_empty(),
            Self::MvLong(items) => items.is_empty(),
            Self::MvR4(items) => items.is_empty(),
            Self::MvDouble(items) | Self::MvAppTime(items) => items.is_empty(),
            Self::MvCurrency(items) | Self::MvI8(items) => items.is_empty(),
            Self::MvString8(items) | Self::MvBinary(items) => items.is_empty(),
            Self::MvUnicode(items) => items.is_empty(),
            Self::MvSysTime(items) => items.is_empty(),
            Self::MvClsid(items) => items.is_empty(),
            _ => false,
        }
    }

    /// How many elements a multi-value has, 1 for any other value.
    #[must_use]
    pub fn elements(&self) -> usize {
        match self {
            Self::MvI2(items) => items.len(),
            Self::MvLong(items) => items.len(),
            Self::MvR4(items) => items.len(),
            Self::MvDouble(items) | Self::MvAppTime(items) => items.len(),
            Self::MvCurrency(items) | Self::MvI8(items) => items.len(),
            Self::MvString8(items) | Self::MvBinary(items) => items.len(),
            Self::MvUnicode(items) => items.len(),
            Self::MvSysTime(items) => items.len(),
            Self::MvClsid(items) => items.len(),
            _ => 1,
        }
    }
}

impl PropType {
    /// Whether this is one of the types of `properties` 2 that a stored value can have.
    #[must_use]
    pub fn is_storable(self) -> bool {
        let multi = matches!(
            self.base(),
            Self::I2
                | Self::LONG
                | Self::R4
                | Self::DOUBLE
                | Self::CURRENCY
                | Self::APPTIME
                | Self::I8
                | Self::STRING8
                | Self::UNICODE
                | Self::SYSTIME
                | Self::CLSID
                | Self::BINARY
        );
        let single = multi || matches!(self, Self::BOOLEAN | Self::SVREID | Self::SRESTRICT | Self::ACTIONS);
        !self.is_instance() && self.0 & Self::MV_INSTANCE == 0 && if self.is_multi() { multi } else { single }
    }

    /// The type strings have in a call: `PT_UNICODE` with `MAPI_UNICODE`, else `PT_STRING8` (`session` 0).
    #[must_use]
    pub fn with_width(self, unicode: bool) -> Self {
        match (self.is_string(), self.is_multi(), unicode) {
            (false, ..) => self,
            (true, false, true) => Self::UNICODE,
            (true, false, false) => Self::STRING8,
            (true, true, true) => Self(Self::UNICODE.multi().0 | self.0 & Self::MV_INSTANCE),
            (true, true, false) => Self(Self::STRING8.multi().0 | self.0 & Self::MV_INSTANCE),
        }
    }
}

impl Property {
    /// The reply that says why there is no value: type `PT_ERROR`, the identifier kept (`properties` 4.2).
    #[must_use]
    pub fn error(tag: PropTag, code: crate::error::Code) -> Self {
        Self { tag: tag.with_kind(PropType::ERROR), value: Value::Error(code.raw()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_string_width_is_converted() {
        assert_eq!(Value::Unicode("é".into()).represented(PropType::STRING8), Some(Value::String8(vec![0xE9])));
        assert_eq!(Value::Long(1).represented(PropType::I2), None);
        assert_eq!(Value::Long(1).represented(PropType::UNSPECIFIED), Some(Value::Long(1)));
        assert_eq!(Value::Unicode("a".into()).represented(PropType::UNICODE.multi()), None);
        assert_eq!(
            Value::MvUnicode(vec!["a".into()]).represented(PropType::STRING8.multi()),
            Some(Value::MvString8(vec![b"a".to_vec()]))
        );
    }

    #[test]
    fn sizes_count_utf16_units_without_terminator() {
        assert_eq!(Value::Unicode("aé😀".into()).size(), 8);
        assert_eq!(Value::MvLong(vec![1, 2]).size(), 8);
        assert_eq!(Value::Boolean(true).size(), 2);
    }

    #[test]
    fn storable_types_are_those_of_the_table() {
        assert!(PropType::UNICODE.multi().is_storable());
        assert!(!PropType::BOOLEAN.multi().is_storable());
        assert!(!PropType::OBJECT.is_storable());
        assert!(!PropType(0x3003).is_storable());
        assert!(!PropType(0x2003).is_storable());
        assert!(!PropType(0x0777).is_storable());
    }
}
