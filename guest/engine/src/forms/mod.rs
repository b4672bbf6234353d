//! Forms (`session` 9): message classes, and the libraries in which the forms that show them are registered.
//! Showing one is [`crate::session::Session::show_form`]'s.

mod class;
mod folder_library;
mod registry;

pub(crate) use class::check_class;
pub use registry::MAPIFORM_EXACTMATCH;
pub(crate) use registry::{Libraries, resolve};
