//! The world's exports, answered by the engine.

mod address_books;
mod export;
mod import;
mod objects;
mod profiles;
mod properties;
mod sessions;
mod status;
mod tables;

use crate::world;

/// The component.
struct Component;

world::export!(Component with_types_in crate::world);
