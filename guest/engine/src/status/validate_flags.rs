//! The flags of `ValidateState` (`status` 4.1).

/// `SUPPRESS_UI`.
pub const SUPPRESS_UI: u32 = 0x1;
/// `CONFIG_CHANGED`: the configuration has changed.
pub const CONFIG_CHANGED: u32 = 0x10_0000;

/// All there are; the others are for remote transports, and mean nothing elsewhere.
pub const DEFINED: u32 = SUPPRESS_UI | CONFIG_CHANGED | 0x1_0000 | 0x2_0000 | 0x4_0000 | 0x8_0000 | 0x20_0000 | 0x40_0000;
