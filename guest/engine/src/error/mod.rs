//! Result codes and failures (`errors` 1 to 3).

mod code;
mod failure;
mod flags;
mod last_error;

pub use code::Code;
pub use failure::{Failure, FailureDetail, Origin, Result, Warned};
pub use flags::{check_flags, check_reserved};
pub use last_error::{LastError, MapiError};
