//! What a list of changes comes to for a view, when each of its rows is read once, in its newest state.

use crate::backend::ObjectId;
use crate::tables::change::{RowChange, RowState};
use std::collections::{BTreeMap, BTreeSet};

/// What one operation did to the rows of a view.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) operation: u64,
    /// Rows that left.
    pub(super) gone: Vec<ObjectId>,
    /// Rows that came or changed: [`RowState::Present`] or [`RowState::Touched`].
    pub(super) changed: BTreeMap<ObjectId, RowState>,
}

/// The steps, oldest first. What happened to a row before it left is left out: it cannot be read any more. A
/// row that came back never left, as seen from now; its instance key tells. If
/// single operations do not matter, `together` makes one step of all.
pub(super) fn steps(changes: &[RowChange], together: bool) -> Vec<Step> {
    let mut left: BTreeMap<&ObjectId, usize> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        if change.state == RowState::Gone {
            left.insert(&change.id, at);
        }
    }
    let returns: BTreeSet<&ObjectId> = changes
        .iter()
        .enumerate()
        .filter(|(at, change)| change.state == RowState::Present && left.get(&change.id).is_some_and(|left| left < at))
        .map(|(_, change)| &change.id)
        .collect();
    let mut steps: Vec<Step> = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        if left.get(&change.id).is_some_and(|left| at < *left) {
            continue;
        }
        let operation = if together { 0 } else { change.operation };
        if steps.last().is_none_or(|step| step.operation != operation) {
            steps.push(Step { operation, gone: Vec::new(), changed: BTreeMap::new() });
        }
        let Some(step) = steps.last_mut() else { continue };
        match change.state {
            RowState::Gone if returns.contains(&change.id) => {}
            RowState::Gone => step.gone.push(change.id.clone()),
            RowState::Present => {
                step.changed.insert(change.id.clone(), RowState::Present);
            }
            RowState::Touched => {
                step.changed.entry(change.id.clone()).or_insert(RowState::Touched);
            }
        }
    }
    steps
}

/// The rows to be read for these steps.
pub(super) fn wanted(steps: &[Step], mut is_shown: impl FnMut(&ObjectId) -> bool) -> Vec<ObjectId> {
    let mut wanted = BTreeSet::new();
    for (id, state) in steps.iter().flat_map(|step| &step.changed) {
        if *state == RowState::Present || is_shown(id) {
            wanted.insert(id.clone());
        }
    }
    wanted.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: u8, state: RowState, operation: u64) -> RowChange {
        RowChange { id: ObjectId::new(&[name]).unwrap(), state, operation }
    }

    #[test]
    fn what_happened_before_a_row_left_is_left_out() {
        use RowState::{Gone, Present, Touched};
        let changes = [
            change(1, Present, 1),
            change(2, Touched, 1),
            change(1, Present, 2),
            change(1, Gone, 3),
            change(3, Gone, 3),
            change(2, Present, 3),
            change(1, Present, 4),
        ];
        let steps = steps(&changes, false);
        let operations: Vec<_> = steps.iter().map(|step| (step.operation, step.gone.len(), step.changed.len())).collect();
        assert_eq!(operations, [(1, 0, 1), (3, 1, 1), (4, 0, 1)]);
        assert_eq!(steps[1].changed.values().next(), Some(&Present));
        assert_eq!(wanted(&steps, |_| false).len(), 2);
    }

    #[test]
    fn one_operation_changes_a_row_once() {
        let changes = [change(1, RowState::Touched, 7), change(1, RowState::Present, 7), change(1, RowState::Touched, 7)];
        let steps = steps(&changes, false);
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].changed.values().collect::<Vec<_>>(), [&RowState::Present]);
    }
}
