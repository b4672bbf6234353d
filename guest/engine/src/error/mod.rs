//! Result codes and failures (`errors` 1 to 3).

mod code;
mod failure;
mod flags;

pub use code::Code;
pub use failure::{Failure, FailureDetail, Origin, Result, Warned};
pub use flags::{check_flags, check_reserved};
