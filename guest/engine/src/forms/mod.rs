//! Forms (`session` 9): message classes, and the libraries in which the forms that show them are registered.
//! Showing one is [`crate::session::Session::show_form`]'s.

mod class;
mod definition;
mod folder_library;
mod registry;

pub(crate) use class::check_class;
pub(crate) use definition::check as check_definition;
pub(crate) use folder_library::{has_form, install, remove};
pub use registry::{
    FORMPROPSET_INTERSECTION, FORMPROPSET_UNION, MAPIFORM_EXACTMATCH, MAPIFORM_INSTALL_DIALOG,
    MAPIFORM_INSTALL_OVERWRITEONCONFLICT,
};
pub(crate) use registry::{Libraries, property_set, resolve};
