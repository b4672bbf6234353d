//! Property values.

use super::restrictions::{from_lists, to_lists};
use super::{Wire, map};
use crate::runtime::world::mapi::session::types as wit;
use mapi_engine::backend::{NamedProperty, PropertyName};
use mapi_engine::error::Result;
use mapi_engine::properties::{FileTime, Guid, PropTag, Property, Value};

impl Wire for Guid {
    type Wit = wit::Guid;

    fn into_wit(self) -> wit::Guid {
        let (hi, lo) = self.0.split_at(8);
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        wit::Guid { hi: number(hi), lo: number(lo) }
    }

    fn from_wit(guid: wit::Guid) -> Result<Self> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&guid.hi.to_be_bytes());
        bytes[8..].copy_from_slice(&guid.lo.to_be_bytes());
        Ok(Self(bytes))
    }
}

impl Wire for PropTag {
    type Wit = u32;

    fn into_wit(self) -> u32 {
        self.0
    }

    fn from_wit(tag: u32) -> Result<Self> {
        Ok(Self(tag))
    }
}

impl Wire for FileTime {
    type Wit = u64;

    fn into_wit(self) -> u64 {
        self.0
    }

    fn from_wit(time: u64) -> Result<Self> {
        Ok(Self(time))
    }
}

impl Wire for Property {
    type Wit = wit::Property;

    fn into_wit(self) -> wit::Property {
        wit::Property { tag: self.tag.0, value: self.value.into_wit() }
    }

    fn from_wit(property: wit::Property) -> Result<Self> {
        Ok(Self { tag: PropTag(property.tag), value: Value::from_wit(property.value)? })
    }
}

impl Wire for NamedProperty {
    type Wit = wit::NamedProperty;

    fn into_wit(self) -> wit::NamedProperty {
        let name = match self.name {
            PropertyName::Number(number) => wit::PropertyName::Number(number),
            PropertyName::Text(text) => wit::PropertyName::Text(text),
        };
        wit::NamedProperty { set: self.set.into_wit(), name }
    }

    fn from_wit(named: wit::NamedProperty) -> Result<Self> {
        let name = match named.name {
            wit::PropertyName::Number(number) => PropertyName::Number(number),
            wit::PropertyName::Text(text) => PropertyName::Text(text),
        };
        Ok(Self { set: Guid::from_wit(named.set)?, name })
    }
}

/// The cases of `value` and `constant` that are alike: all but the restriction.
macro_rules! values {
    ($($engine:ident $wit:ident $convert:ident;)*) => {
        impl Wire for Value {
            type Wit = wit::Value;

            fn into_wit(self) -> wit::Value {
                match self {
                    Self::Null => wit::Value::Null,
                    Self::Object => wit::Value::Object,
                    Self::Restriction(restriction) => wit::Value::Srestriction(to_lists(&restriction)),
                    $(Self::$engine(value) => wit::Value::$wit(out::$convert(value)),)*
                }
            }

            fn from_wit(value: wit::Value) -> Result<Self> {
                Ok(match value {
                    wit::Value::Null => Self::Null,
                    wit::Value::Object => Self::Object,
                    wit::Value::Srestriction(lists) => Self::Restriction(Box::new(from_lists(lists)?)),
                    $(wit::Value::$wit(value) => Self::$engine(back::$convert(value)?),)*
                })
            }
        }

        /// A constant of a restriction. A restriction among the constants, which no relation accepts,
        /// crosses as `PT_NULL`, which none accepts either.
        pub(super) fn to_constant(value: Value) -> wit::Constant {
            match value {
                Value::Null | Value::Restriction(_) => wit::Constant::Null,
                Value::Object => wit::Constant::Object,
                $(Value::$engine(value) => wit::Constant::$wit(out::$convert(value)),)*
            }
        }

        pub(super) fn from_constant(constant: wit::Constant) -> Result<Value> {
            Ok(match constant {
                wit::Constant::Null => Value::Null,
                wit::Constant::Object => Value::Object,
                $(wit::Constant::$wit(value) => Value::$engine(back::$convert(value)?),)*
            })
        }
    };
}

values! {
    I2 I2 same;
    Long Long same;
    R4 R4 same;
    Double Double same;
    Currency Currency same;
    AppTime Apptime same;
    Error Error same;
    Boolean Boolean same;
    I8 I8 same;
    String8 String8 same;
    Unicode Unicode same;
    SysTime Systime wire;
    Clsid Clsid wire;
    SvrEid Svreid same;
    Actions Actions same;
    Binary Binary same;
    MvI2 MvI2 same;
    MvLong MvLong same;
    MvR4 MvR4 same;
    MvDouble MvDouble same;
    MvCurrency MvCurrency same;
    MvAppTime MvApptime same;
    MvI8 MvI8 same;
    MvString8 MvString8 same;
    MvUnicode MvUnicode same;
    MvSysTime MvSystime wires;
    MvClsid MvClsid wires;
    MvBinary MvBinary same;
}

/// Into the world's form.
mod out {
    use super::Wire;

    pub(super) fn same<T>(value: T) -> T {
        value
    }

    pub(super) fn wire<T: Wire>(value: T) -> T::Wit {
        value.into_wit()
    }

    pub(super) fn wires<T: Wire>(values: Vec<T>) -> Vec<T::Wit> {
        values.into_iter().map(Wire::into_wit).collect()
    }
}

/// Back from it.
mod back {
    use super::{Result, Wire, map};

    #[expect(clippy::unnecessary_wraps, reason = "one of the ways back that the table names")]
    pub(super) fn same<T>(value: T) -> Result<T> {
        Ok(value)
    }

    pub(super) fn wire<T: Wire>(value: T::Wit) -> Result<T> {
        T::from_wit(value)
    }

    pub(super) fn wires<T: Wire>(values: Vec<T::Wit>) -> Result<Vec<T>> {
        map(values)
    }
}
