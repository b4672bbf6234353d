//! The checks every flags argument passes (`session` 0, steps 3 to 5).

use crate::error::{Code, Failure, Result};

/// Refuses bits outside `defined`.
///
/// # Errors
/// `MAPI_E_UNKNOWN_FLAGS`.
pub fn check_flags(flags: u32, defined: u32) -> Result<()> {
    match flags & !defined {
        0 => Ok(()),
        unknown => Err(Failure::new(
            Code::UnknownFlags,
            format!("The flag bits 0x{unknown:X} are not defined for this call; leave them clear."),
        )
        .with_argument("flags")),
    }
}

/// Refuses a reserved flags argument that is not 0.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER`.
pub fn check_reserved(flags: u32) -> Result<()> {
    match flags {
        0 => Ok(()),
        _ => Err(Failure::invalid("flags", "This call has no flags; the argument must be 0.")),
    }
}
