//! Property values (`properties` 2).

use crate::properties::{Guid, PropTag, PropType};
use crate::restriction::Restriction;
use std::time::SystemTime;

/// A point in time: unsigned ticks of 100 ns since 1601-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileTime(pub u64);

impl FileTime {
    /// 1970-01-01 UTC.
    pub const UNIX_EPOCH: Self = Self(116_444_736_000_000_000);

    /// From seconds and nanoseconds since 1970-01-01 UTC; times before 1601 become tick 0.
    #[must_use]
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let ticks = i128::from(Self::UNIX_EPOCH.0) + i128::from(seconds) * 10_000_000 + i128::from(nanoseconds / 100);
        Self(u64::try_from(ticks.max(0)).unwrap_or(u64::MAX))
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        let ticks = i128::from(self.0) - i128::from(Self::UNIX_EPOCH.0);
        i64::try_from(ticks.div_euclid(10_000_000)).unwrap_or(i64::MAX)
    }
}

impl From<SystemTime> for FileTime {
    /// Times before 1970 become 1970-01-01.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
    }
}

/// A value of one of the `PT_*` types. The variant names are those of the types.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named by the table of `properties` 2")]
pub enum Value {
    /// A placeholder.
    Null,
    I2(i16),
    Long(i32),
    R4(f32),
    Double(f64),
    /// Unit: 1/10,000.
    Currency(i64),
    /// Days since 1899-12-30.
    AppTime(f64),
    /// In replies only: why there is no value. The raw 32-bit code.
    Error(u32),
    Boolean(bool),
    /// An object that only `OpenProperty` can open.
    Object,
    I8(i64),
    /// In the session code page, without a terminator.
    String8(Vec<u8>),
    /// Without a NUL.
    Unicode(String),
    SysTime(FileTime),
    Clsid(Guid),
    SvrEid(Vec<u8>),
    Restriction(Box<Restriction>),
    /// Rule actions, opaque to the engine.
    Actions(Vec<u8>),
    Binary(Vec<u8>),
    MvI2(Vec<i16>),
    MvLong(Vec<i32>),
    MvR4(Vec<f32>),
    MvDouble(Vec<f64>),
    MvCurrency(Vec<i64>),
    MvAppTime(Vec<f64>),
    MvI8(Vec<i64>),
    MvString8(Vec<Vec<u8>>),
    MvUnicode(Vec<String>),
    MvSysTime(Vec<FileTime>),
    MvClsid(Vec<Guid>),
    MvBinary(Vec<Vec<u8>>),
}

impl Value {
    /// The type of the value.
    #[must_use]
    pub const fn kind(&self) -> PropType {
        match self {
            Self::Null => PropType::NULL,
            Self::I2(_) => PropType::I2,
            Self::Long(_) => PropType::LONG,
            Self::R4(_) => PropType::R4,
            Self::Double(_) => PropType::DOUBLE,
            Self::Currency(_) => PropType::CURRENCY,
            Self::AppTime(_) => PropType::APPTIME,
            Self::Error(_) => PropType::ERROR,
            Self::Boolean(_) => PropType::BOOLEAN,
            Self::Object => PropType::OBJECT,
            Self::I8(_) => PropType::I8,
            Self::String8(_) => PropType::STRING8,
            Self::Unicode(_) => PropType::UNICODE,
            Self::SysTime(_) => PropType::SYSTIME,
            Self::Clsid(_) => PropType::CLSID,
            Self::SvrEid(_) => PropType::SVREID,
            Self::Restriction(_) => PropType::SRESTRICT,
            Self::Actions(_) => PropType::ACTIONS,
            Self::Binary(_) => PropType::BINARY,
            Self::MvI2(_) => PropType::I2.multi(),
            Self::MvLong(_) => PropType::LONG.multi(),
            Self::MvR4(_) => PropType::R4.multi(),
            Self::MvDouble(_) => PropType::DOUBLE.multi(),
            Self::MvCurrency(_) => PropType::CURRENCY.multi(),
            Self::MvAppTime(_) => PropType::APPTIME.multi(),
            Self::MvI8(_) => PropType::I8.multi(),
            Self::MvString8(_) => PropType::STRING8.multi(),
            Self::MvUnicode(_) => PropType::UNICODE.multi(),
            Self::MvSysTime(_) => PropType::SYSTIME.multi(),
            Self::MvClsid(_) => PropType::CLSID.multi(),
            Self::MvBinary(_) => PropType::BINARY.multi(),
        }
    }
}

/// A tag and its value. The tag's type is the value's type, except that an [`Value::Error`] in a reply
/// keeps the identifier asked for under type `PT_ERROR`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The tag.
    pub tag: PropTag,
    /// The value.
    pub value: Value,
}

impl Property {
    /// The property with that identifier; the type follows from the value.
    #[must_use]
    pub fn new(tag: PropTag, value: Value) -> Self {
        Self { tag: tag.with_kind(value.kind()), value }
    }
}
