//! Properties: tags, types and values (`properties` 1 and 2).

pub mod code_page;
mod guid;
mod representation;
mod tag;
pub mod tags;
mod value;
mod value_ref;

pub use guid::Guid;
pub use tag::{PropTag, PropType};
pub use value::{FileTime, Property, Value};
pub use value_ref::ValueRef;
