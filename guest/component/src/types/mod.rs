//! Types that both sides of the world share, translated in both directions.

mod columns;
mod failures;
mod flags;
mod notifications;
mod restrictions;
mod values;

pub(crate) use columns::identifiers;
pub(crate) use failures::{plain, scode};
pub(crate) use flags::Bits;
pub(crate) use restrictions::{flatten, tree};
pub(crate) use values::{properties, tags, wire_properties, wire_tags};
