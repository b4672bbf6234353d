//! Properties: tags, types and values (`properties` 1 and 2).

mod guid;
mod tag;
pub mod tags;
mod value;

pub use guid::Guid;
pub use tag::{PropTag, PropType};
pub use value::{FileTime, Property, Value};
