//! Properties: tags, types and values (`properties` 1 and 2), and the objects that have them (`properties` 4 and 5).

pub mod code_page;
pub(crate) mod copy;
mod guid;
mod holder;
pub mod interface;
pub mod named;
mod object;
mod read_only;
mod representation;
mod stream;
mod tag;
pub mod tags;
mod value;
mod value_ref;

pub use copy::{Copyable, MAPI_MOVE, MAPI_NOREPLACE};
pub use guid::Guid;
pub use holder::{KeepOpen, Numbered, OpenRequest, OpenedProperty, Problem, PropertyHolder, SaveMode};
pub use object::{
    ELEMENT_LIMIT, FORCE_SAVE, INLINE_LIMIT, KEEP_OPEN_READONLY, KEEP_OPEN_READWRITE, MAPI_BEST_ACCESS, MAPI_CREATE,
    MAPI_DEFERRED_ERRORS, MAPI_MODIFY, PropertyObject, SET_LIMIT,
};
pub use read_only::ReadOnlyProperties;
pub use stream::{DataStream, SeekOrigin};
pub(crate) use stream::{StreamOn, StreamSource, StreamTarget};
pub use tag::{PropTag, PropType};
pub use value::{FileTime, Property, Value};
pub use value_ref::ValueRef;
pub(crate) use value_ref::utf16_units;
