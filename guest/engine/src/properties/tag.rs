//! Property tags and types (`properties` 1, 2).

/// A property tag: identifier in the high word, type in the low word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropTag(pub u32);

/// A property type: the low word of a tag, with the `MV_FLAG` and `MV_INSTANCE` bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropType(pub u16);

impl PropTag {
    /// `PR_NULL`, the placeholder.
    pub const NULL: Self = Self(0x0000_0001);

    /// The tag with that identifier and type.
    #[must_use]
    pub const fn new(id: u16, kind: PropType) -> Self {
        Self((id as u32) << 16 | kind.0 as u32)
    }

    /// The identifier (`PROP_ID`).
    #[must_use]
    pub const fn id(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The type (`PROP_TYPE`).
    #[must_use]
    pub const fn kind(self) -> PropType {
        PropType((self.0 & 0xFFFF) as u16)
    }

    /// The same identifier with another type (`CHANGE_PROP_TYPE`).
    #[must_use]
    pub const fn with_kind(self, kind: PropType) -> Self {
        Self::new(self.id(), kind)
    }
}

impl core::fmt::Debug for PropTag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl core::fmt::Display for PropTag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl core::fmt::Debug for PropType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

#[expect(missing_docs, reason = "named and numbered by the table of `properties` 2")]
impl PropType {
    pub const UNSPECIFIED: Self = Self(0x0000);
    pub const NULL: Self = Self(0x0001);
    pub const I2: Self = Self(0x0002);
    pub const LONG: Self = Self(0x0003);
    pub const R4: Self = Self(0x0004);
    pub const DOUBLE: Self = Self(0x0005);
    pub const CURRENCY: Self = Self(0x0006);
    pub const APPTIME: Self = Self(0x0007);
    pub const ERROR: Self = Self(0x000A);
    pub const BOOLEAN: Self = Self(0x000B);
    pub const OBJECT: Self = Self(0x000D);
    pub const I8: Self = Self(0x0014);
    pub const STRING8: Self = Self(0x001E);
    pub const UNICODE: Self = Self(0x001F);
    pub const SYSTIME: Self = Self(0x0040);
    pub const CLSID: Self = Self(0x0048);
    pub const SVREID: Self = Self(0x00FB);
    pub const SRESTRICT: Self = Self(0x00FD);
    pub const ACTIONS: Self = Self(0x00FE);
    pub const BINARY: Self = Self(0x0102);
    /// `MV_FLAG`: a multi-valued property.
    pub const MV_FLAG: u16 = 0x1000;
    /// `MV_INSTANCE`: one row per element; tables only.
    pub const MV_INSTANCE: u16 = 0x2000;
}

impl PropType {
    /// Whether `MV_FLAG` is set.
    #[must_use]
    pub const fn is_multi(self) -> bool {
        self.0 & Self::MV_FLAG != 0
    }

    /// Whether `MV_FLAG` and `MV_INSTANCE` are both set (`MVI_FLAG`).
    #[must_use]
    pub const fn is_instance(self) -> bool {
        self.0 & (Self::MV_FLAG | Self::MV_INSTANCE) == Self::MV_FLAG | Self::MV_INSTANCE
    }

    /// The single-valued type of the elements.
    #[must_use]
    pub const fn base(self) -> Self {
        Self(self.0 & !(Self::MV_FLAG | Self::MV_INSTANCE))
    }

    /// The multi-valued type with these elements.
    #[must_use]
    pub const fn multi(self) -> Self {
        Self(self.0 | Self::MV_FLAG)
    }

    /// Whether the base type is `PT_STRING8` or `PT_UNICODE`.
    #[must_use]
    pub const fn is_string(self) -> bool {
        matches!(self.base(), Self::STRING8 | Self::UNICODE)
    }

    /// Whether both types are the same but for string width and `MV_INSTANCE` (`properties` 2.1).
    #[must_use]
    pub const fn same_family(self, other: Self) -> bool {
        let (a, b) = (self.0 & !Self::MV_INSTANCE, other.0 & !Self::MV_INSTANCE);
        a == b || (self.is_string() && other.is_string() && self.is_multi() == other.is_multi())
    }
}
