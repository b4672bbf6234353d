//! Property values.

use crate::types::{flatten, tree};
use crate::world::mapi::session::types as wire;
use mapi_engine::backend::{NamedProperty, PropertyName};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{FileTime, Guid, PropTag, Property, Value};

impl From<Guid> for wire::Guid {
    fn from(guid: Guid) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = guid.0;
        Self { hi: u64::from_be_bytes([a, b, c, d, e, f, g, h]), lo: u64::from_be_bytes([i, j, k, l, m, n, o, p]) }
    }
}

impl From<wire::Guid> for Guid {
    fn from(guid: wire::Guid) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&guid.hi.to_be_bytes());
        bytes[8..].copy_from_slice(&guid.lo.to_be_bytes());
        Self(bytes)
    }
}

fn convert<A, B: From<A>>(values: Vec<A>) -> Vec<B> {
    values.into_iter().map(Into::into).collect()
}

fn times(values: Vec<u64>) -> Vec<FileTime> {
    values.into_iter().map(FileTime).collect()
}

fn ticks(values: Vec<FileTime>) -> Vec<u64> {
    values.into_iter().map(|time| time.0).collect()
}

/// Values of both kinds but for restrictions, which constants do not hold.
macro_rules! values {
    ($wire:ident, $to_restriction:expr, |$restriction:ident| $from_restriction:expr, [$($case:ident)?]) => {
        impl TryFrom<Value> for wire::$wire {
            type Error = Failure;

            fn try_from(value: Value) -> Result<Self> {
                Ok(match value {
                    Value::Null => Self::Null,
                    Value::I2(v) => Self::I2(v),
                    Value::Long(v) => Self::Long(v),
                    Value::R4(v) => Self::R4(v),
                    Value::Double(v) => Self::Double(v),
                    Value::Currency(v) => Self::Currency(v),
                    Value::AppTime(v) => Self::Apptime(v),
                    Value::Error(v) => Self::Error(v),
                    Value::Boolean(v) => Self::Boolean(v),
                    Value::Object => Self::Object,
                    Value::I8(v) => Self::I8(v),
                    Value::String8(v) => Self::String8(v),
                    Value::Unicode(v) => Self::Unicode(v),
                    Value::SysTime(v) => Self::Systime(v.0),
                    Value::Clsid(v) => Self::Clsid(v.into()),
                    Value::SvrEid(v) => Self::Svreid(v),
                    Value::Restriction($restriction) => $from_restriction,
                    Value::Actions(v) => Self::Actions(v),
                    Value::Binary(v) => Self::Binary(v),
                    Value::MvI2(v) => Self::MvI2(v),
                    Value::MvLong(v) => Self::MvLong(v),
                    Value::MvR4(v) => Self::MvR4(v),
                    Value::MvDouble(v) => Self::MvDouble(v),
                    Value::MvCurrency(v) => Self::MvCurrency(v),
                    Value::MvAppTime(v) => Self::MvApptime(v),
                    Value::MvI8(v) => Self::MvI8(v),
                    Value::MvString8(v) => Self::MvString8(v),
                    Value::MvUnicode(v) => Self::MvUnicode(v),
                    Value::MvSysTime(v) => Self::MvSystime(ticks(v)),
                    Value::MvClsid(v) => Self::MvClsid(convert(v)),
                    Value::MvBinary(v) => Self::MvBinary(v),
                })
            }
        }

        impl TryFrom<wire::$wire> for Value {
            type Error = Failure;

            fn try_from(value: wire::$wire) -> Result<Self> {
                Ok(match value {
                    wire::$wire::Null => Self::Null,
                    wire::$wire::I2(v) => Self::I2(v),
                    wire::$wire::Long(v) => Self::Long(v),
                    wire::$wire::R4(v) => Self::R4(v),
                    wire::$wire::Double(v) => Self::Double(v),
                    wire::$wire::Currency(v) => Self::Currency(v),
                    wire::$wire::Apptime(v) => Self::AppTime(v),
                    wire::$wire::Error(v) => Self::Error(v),
                    wire::$wire::Boolean(v) => Self::Boolean(v),
                    wire::$wire::Object => Self::Object,
                    wire::$wire::I8(v) => Self::I8(v),
                    wire::$wire::String8(v) => Self::String8(v),
                    wire::$wire::Unicode(v) => Self::Unicode(v),
                    wire::$wire::Systime(v) => Self::SysTime(FileTime(v)),
                    wire::$wire::Clsid(v) => Self::Clsid(v.into()),
                    wire::$wire::Svreid(v) => Self::SvrEid(v),
                    $(wire::$wire::$case(v) => $to_restriction(v)?,)?
                    wire::$wire::Actions(v) => Self::Actions(v),
                    wire::$wire::Binary(v) => Self::Binary(v),
                    wire::$wire::MvI2(v) => Self::MvI2(v),
                    wire::$wire::MvLong(v) => Self::MvLong(v),
                    wire::$wire::MvR4(v) => Self::MvR4(v),
                    wire::$wire::MvDouble(v) => Self::MvDouble(v),
                    wire::$wire::MvCurrency(v) => Self::MvCurrency(v),
                    wire::$wire::MvApptime(v) => Self::MvAppTime(v),
                    wire::$wire::MvI8(v) => Self::MvI8(v),
                    wire::$wire::MvString8(v) => Self::MvString8(v),
                    wire::$wire::MvUnicode(v) => Self::MvUnicode(v),
                    wire::$wire::MvSystime(v) => Self::MvSysTime(times(v)),
                    wire::$wire::MvClsid(v) => Self::MvClsid(convert(v)),
                    wire::$wire::MvBinary(v) => Self::MvBinary(v),
                })
            }
        }
    };
}

fn restriction_value(restriction: wire::Restriction) -> Result<Value> {
    Ok(Value::Restriction(Box::new(tree(restriction)?)))
}

values!(Value, restriction_value, |restriction| Self::Srestriction(flatten(&restriction)?), [Srestriction]);
values!(
    Constant,
    (),
    |_restriction| return Err(Failure::new(Code::TooComplex, "a restriction cannot be a constant of a restriction")),
    []
);

impl TryFrom<Property> for wire::Property {
    type Error = Failure;

    fn try_from(property: Property) -> Result<Self> {
        Ok(Self { tag: property.tag.0, value: property.value.try_into()? })
    }
}

impl TryFrom<wire::Property> for Property {
    type Error = Failure;

    fn try_from(property: wire::Property) -> Result<Self> {
        Ok(Self { tag: PropTag(property.tag), value: property.value.try_into()? })
    }
}

/// Properties from the world.
pub(crate) fn properties(properties: Vec<wire::Property>) -> Result<Vec<Property>> {
    properties.into_iter().map(TryInto::try_into).collect()
}

/// Properties for the world.
pub(crate) fn wire_properties(properties: Vec<Property>) -> Result<Vec<wire::Property>> {
    properties.into_iter().map(TryInto::try_into).collect()
}

/// Tags from the world.
pub(crate) fn tags(tags: Vec<u32>) -> Vec<PropTag> {
    tags.into_iter().map(PropTag).collect()
}

/// Tags for the world.
pub(crate) fn wire_tags(tags: &[PropTag]) -> Vec<u32> {
    tags.iter().map(|tag| tag.0).collect()
}

impl From<NamedProperty> for wire::NamedProperty {
    fn from(named: NamedProperty) -> Self {
        Self {
            set: named.set.into(),
            name: match named.name {
                PropertyName::Number(number) => wire::PropertyName::Number(number),
                PropertyName::Text(text) => wire::PropertyName::Text(text),
            },
        }
    }
}

impl From<wire::NamedProperty> for NamedProperty {
    fn from(named: wire::NamedProperty) -> Self {
        Self {
            set: named.set.into(),
            name: match named.name {
                wire::PropertyName::Number(number) => PropertyName::Number(number),
                wire::PropertyName::Text(text) => PropertyName::Text(text),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_keeps_its_byte_order() {
        let guid = Guid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(wire::Guid::from(guid).hi, 0x0102_0304_0506_0708);
        assert_eq!(Guid::from(wire::Guid::from(guid)), guid);
    }
}
