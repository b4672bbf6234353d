//! The form of a collapse state: which categories differ from their initial state, and one row (`tables` 8.2).
//!
//! Clients keep it and hand it back, perhaps changed: whatever is not exactly of this form is refused.

use crate::restriction::Restriction;
use crate::tables::SortOrderSet;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// What every state begins with; the last byte is the version of the form.
const MAGIC: [u8; 4] = *b"MCS\x02";

/// Bytes a state may have.
const MAX_BYTES: usize = 64 << 20;

/// Which view a state belongs to: its sort set and its restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    sort: [u8; 16],
    restriction: [u8; 16],
}

impl Stamp {
    pub(super) fn new(sort: &SortOrderSet, restriction: Option<&Restriction>) -> Self {
        let mut digest = Md5::new();
        digest.update(sort.categories.to_be_bytes());
        digest.update(sort.expanded.to_be_bytes());
        for key in &sort.keys {
            digest.update(key.tag.0.to_be_bytes());
            digest.update(key.order.to_be_bytes());
        }
        // The written form names every part of the tree.
        let restriction = restriction.map_or_else(String::new, |restriction| format!("{restriction:?}"));
        Self { sort: digest.finalize().into(), restriction: Md5::digest(restriction).into() }
    }
}

/// A category on a path from the outermost one inwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    /// Its values.
    pub(super) key: Vec<u8>,
    /// What ordered it among its siblings.
    pub(super) rank: Vec<u8>,
}

/// A row, whether it is still there or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NamedRow {
    /// Its categories; a header's own one is the last.
    pub(super) path: Vec<Step>,
    /// What makes it a leaf.
    pub(super) leaf: Option<NamedLeaf>,
}

/// A leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NamedLeaf {
    /// The identifier of its object.
    pub(super) id: Vec<u8>,
    /// Which of the instances of its object it is.
    pub(super) number: u32,
    /// Its place in the order.
    pub(super) key: Vec<u8>,
}

/// What a client keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CollapseState {
    pub(super) stamp: Stamp,
    /// The keys, outermost first, of each category whose state is not its initial one.
    pub(super) changed: Vec<Vec<Vec<u8>>>,
    pub(super) row: NamedRow,
}

impl CollapseState {
    /// `None`: there is more to keep than fits.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_extend(self, MAGIC.to_vec()).ok().filter(|bytes| bytes.len() <= MAX_BYTES)
    }

    /// `None`: this is not the form of a state, or a state of another view.
    pub(super) fn parse(bytes: &[u8], stamp: Stamp) -> Option<Self> {
        let body = bytes.strip_prefix(&MAGIC).filter(|_| bytes.len() <= MAX_BYTES)?;
        let (state, rest) = postcard::take_from_bytes::<Self>(body).ok()?;
        (rest.is_empty() && state.stamp == stamp).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::tags;
    use crate::tables::SortOrder;
    use proptest::prelude::*;

    fn stamp() -> Stamp {
        Stamp::new(&SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]), None)
    }

    fn state() -> impl Strategy<Value = CollapseState> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..20);
        let step = (bytes(), bytes()).prop_map(|(key, rank)| Step { key, rank });
        let leaf = prop::option::of((bytes(), any::<u32>(), bytes()).prop_map(|(id, number, key)| NamedLeaf { id, number, key }));
        let changed = prop::collection::vec(prop::collection::vec(bytes(), 0..4), 0..6);
        (changed, prop::collection::vec(step, 0..4), leaf).prop_map(|(changed, path, leaf)| CollapseState {
            stamp: stamp(),
            changed,
            row: NamedRow { path, leaf },
        })
    }

    proptest! {
        #[test]
        fn a_state_survives_its_form_and_nothing_else_is_one(state in state(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let bytes = state.to_bytes().unwrap();
            prop_assert_eq!(CollapseState::parse(&bytes, stamp()), Some(state));
            prop_assert_eq!(CollapseState::parse(&bytes[..at.index(bytes.len())], stamp()), None);
            prop_assert_eq!(CollapseState::parse(&[&bytes[..], &[byte]].concat(), stamp()), None);
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_a_state(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(CollapseState::parse(&bytes, stamp()), None);
            // The same behind a beginning that fits.
            let empty = CollapseState { stamp: stamp(), changed: Vec::new(), row: NamedRow { path: Vec::new(), leaf: None } };
            let mut near = empty.to_bytes().unwrap();
            near.truncate(MAGIC.len() + 32);
            near.extend(&bytes);
            if let Some(state) = CollapseState::parse(&near, stamp()) {
                prop_assert!(state.to_bytes().is_some());
            }
        }
    }

    #[test]
    fn a_state_of_another_view_is_refused() {
        let state = CollapseState { stamp: stamp(), changed: Vec::new(), row: NamedRow { path: Vec::new(), leaf: None } };
        let bytes = state.to_bytes().unwrap();
        let descending = Stamp::new(&SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]), None);
        assert_eq!(CollapseState::parse(&bytes, descending), None);
        let exists = Restriction::Exist { tag: tags::SUBJECT };
        let restricted = Stamp::new(&SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]), Some(&exists));
        assert_eq!(CollapseState::parse(&bytes, restricted), None);
    }
}
