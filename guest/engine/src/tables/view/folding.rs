//! Expanding and collapsing categories of a view, whichever way it has them (`tables` 8.2, 8.3).

use super::{Anchor, Mark, View};
use crate::error::Result;
use crate::tables::collapse_state::NamedRow;
use crate::tables::instances::RowId;
use crate::tables::source::RowSource;

/// The header of a category, good until the view changes.
#[derive(Clone, Copy, Debug)]
pub(in crate::tables) struct Heading(usize);

impl Heading {
    /// As a sorted view numbers its categories.
    fn node(self) -> u32 {
        u32::try_from(self.0).unwrap_or_default()
    }
}

impl View {
    /// Whether there are categories.
    pub(in crate::tables) fn is_grouped(&self) -> bool {
        match self {
            Self::Pushed(_) => false,
            Self::Grouped(_) => true,
            Self::Sorted(view) => view.is_grouped(),
        }
    }

    /// The visible header with that `PR_INSTANCE_KEY`, and its index.
    pub(in crate::tables) fn visible_header(&self, key: &[u8]) -> Option<(Heading, u64)> {
        match self {
            Self::Pushed(_) => None,
            Self::Grouped(view) => {
                let (category, index) = view.visible_header(key)?;
                Some((Heading(category), index))
            }
            Self::Sorted(view) => view.visible_header(key).map(|(node, index)| (Heading(node as usize), index)),
        }
    }

    /// Shows what is in a category; how many rows came into sight.
    pub(in crate::tables) fn expand(&mut self, heading: Heading) -> u64 {
        match self {
            Self::Pushed(_) => 0,
            Self::Grouped(view) => view.expand(heading.0),
            Self::Sorted(view) => view.expand(heading.node()),
        }
    }

    /// Hides what is in a category; how many rows went out of sight. Marks on them move to the row that follows.
    pub(in crate::tables) fn collapse(&mut self, heading: Heading, marks: &mut [&mut Mark]) -> u64 {
        match self {
            Self::Pushed(_) => 0,
            Self::Grouped(view) => view.collapse(heading.0, marks),
            Self::Sorted(view) => view.collapse(heading.node(), marks),
        }
    }

    /// The keys of every category whose state is not its initial one.
    pub(in crate::tables) fn changed_categories(&self) -> Vec<Vec<Vec<u8>>> {
        match self {
            Self::Pushed(_) => Vec::new(),
            Self::Grouped(view) => view.changed_categories(),
            Self::Sorted(view) => view.changed_categories(),
        }
    }

    /// What names a row, visible or not: a header by its `PR_INSTANCE_KEY`, a leaf by its object.
    pub(in crate::tables) fn name_row(
        &mut self,
        source: &dyn RowSource,
        key: &[u8],
        id: Option<&RowId>,
    ) -> Result<Option<NamedRow>> {
        match self {
            Self::Pushed(_) => Ok(None),
            Self::Grouped(view) => view.name_row(source, key, id.map(|id| &id.object)),
            Self::Sorted(view) => Ok(view.name_row(key, id)),
        }
    }

    /// Gives all categories their initial states, and the other one to those named; marks on rows that are
    /// hidden by it move on. Returns where the named row stands, or the next visible one.
    pub(in crate::tables) fn restore(
        &mut self,
        source: &dyn RowSource,
        changed: &[Vec<Vec<u8>>],
        row: &NamedRow,
        marks: &mut [&mut Mark],
    ) -> Result<Anchor> {
        match self {
            Self::Pushed(_) => Ok(Anchor::End),
            Self::Grouped(view) => view.restore(source, changed, row, marks),
            Self::Sorted(view) => Ok(view.restore(changed, row, marks)),
        }
    }
}
