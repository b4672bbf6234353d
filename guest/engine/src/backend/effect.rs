//! What providers report on their own (`session` 10.1): the engine cannot be entered while it waits for a provider, so
//! what it reports is kept until its call has returned.

use crate::properties::{PropTag, Property};

/// A report of a provider. Effects are applied in the order in which they were made.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// `ModifyStatusRow` (`status` 3).
    StatusRow {
        /// The columns.
        columns: Vec<Property>,
        /// `STATUSROW_UPDATE`: of a row there is; otherwise they make another row.
        update: bool,
    },
    /// Writes to its own profile section.
    Section {
        /// Values to set.
        set: Vec<Property>,
        /// Identifiers to delete.
        delete: Vec<PropTag>,
    },
    /// `ModifyProfile`: the store is to stay in the profile.
    ModifyProfile,
}
