//! The flags of `FlushQueues` (`status` 4.4).

use crate::error::{Failure, Result, check_flags};

/// `FLUSH_UPLOAD`: the outgoing queue.
pub const UPLOAD: u32 = 0x2;
/// `FLUSH_DOWNLOAD`: the incoming queue.
pub const DOWNLOAD: u32 = 0x4;
/// `FLUSH_FORCE`: even if costly.
pub const FORCE: u32 = 0x8;
/// `FLUSH_NO_UI`: no progress indicator.
pub const NO_UI: u32 = 0x10;
/// `FLUSH_ASYNC_OK`: may go on in turns; only the spooler takes it.
pub const ASYNC_OK: u32 = 0x20;

/// Checks the flags of the spooler's object (`is_spooler`) or of a transport's.
///
/// # Errors
/// `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_INVALID_PARAMETER` when no queue is named.
pub fn check(flags: u32, is_spooler: bool) -> Result<()> {
    check_flags(flags, UPLOAD | DOWNLOAD | FORCE | NO_UI | if is_spooler { ASYNC_OK } else { 0 })?;
    if flags & (UPLOAD | DOWNLOAD) == 0 {
        return Err(Failure::invalid("flags", "FlushQueues needs FLUSH_UPLOAD, FLUSH_DOWNLOAD or both."));
    }
    Ok(())
}
