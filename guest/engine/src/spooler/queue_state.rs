//! What the spooler keeps on a queued message beside the recipients' `PR_RESPONSIBILITY`: who is sending it,
//! and when each transport is to be tried again.
//!
//! A claim is the lock of `stores` 2.9 across processes: whoever wants to work on a message writes its own
//! name and a time into the state, under the version it has read, so that of two spoolers one fails. A claim
//! whose time is over is void: its owner has died.

use crate::messages::Values;
use crate::properties::{FileTime, Guid, Property, Value, tags};
use crate::stores::computed::private;
use serde::{Deserialize, Serialize};

/// `SUBMITFLAG_LOCKED`.
pub(crate) const SUBMITFLAG_LOCKED: i32 = 0x1;

const VERSION: u8 = 1;

/// The state of a queued message. The order of fields is the stored form; a change needs a new version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueState {
    /// Who is working on it.
    pub(crate) claim: Option<Claim>,
    /// What transports said, by profile section.
    pub(crate) transports: Vec<TransportState>,
    /// The last failure, for people.
    pub(crate) last_error: String,
}

/// Who is working on a message, and how long others are to keep off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    owner: [u8; 16],
    until: u64,
}

/// Where a message stands with one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransportState {
    section: [u8; 16],
    /// Not to be tried before.
    next_attempt: u64,
    /// Failures in a row that count towards an NDR.
    pub(crate) failures: u32,
    pub(crate) hold: Hold,
}

/// What keeps a message from a transport beside the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Hold {
    /// Nothing.
    None,
    /// The transport has deferred it and will say when it is due.
    Deferred,
    /// It was deferred and is due now.
    Due,
    /// The transport does not want it before it says that it is ready.
    Refused,
}

impl Claim {
    pub(crate) fn new(owner: Guid, until: FileTime) -> Self {
        Self { owner: owner.0, until: until.0 }
    }

    /// Whether it holds. One that reaches further ahead than any claim is made for is of a clock that was set
    /// back since, and void.
    pub(crate) fn is_live(&self, now: FileTime) -> bool {
        now.0 < self.until && self.until - now.0 <= 2 * crate::spooler::LEASE
    }

    pub(crate) fn is_of(&self, owner: Guid) -> bool {
        self.owner == owner.0
    }

    pub(crate) fn until(&self) -> FileTime {
        FileTime(self.until)
    }
}

impl TransportState {
    pub(crate) fn section(&self) -> Guid {
        Guid(self.section)
    }

    pub(crate) fn next_attempt(&self) -> FileTime {
        FileTime(self.next_attempt)
    }

    pub(crate) fn set_next_attempt(&mut self, time: FileTime) {
        self.next_attempt = time.0;
    }
}

impl QueueState {
    /// Reads a stored state. One that cannot be read is none: the message is tried again, and what was sent
    /// stays marked on its recipients.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    pub(crate) fn of(values: &Values) -> Self {
        values.bytes(private::QUEUE_STATE).map(Self::parse).unwrap_or_default()
    }

    /// The stored form; `None` when there is nothing to remember.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        if *self == Self::default() {
            return None;
        }
        // Cannot fail: the type holds nothing that postcard lacks.
        postcard::to_extend(self, vec![VERSION]).ok()
    }

    /// Whether someone is working on it.
    pub(crate) fn is_locked(&self, now: FileTime) -> bool {
        self.claim.is_some_and(|claim| claim.is_live(now))
    }

    /// The state with a transport, made if there is none.
    pub(crate) fn with(&mut self, section: Guid) -> &mut TransportState {
        let at = match self.transports.iter().position(|state| state.section == section.0) {
            Some(at) => at,
            None => {
                self.transports.push(TransportState { section: section.0, next_attempt: 0, failures: 0, hold: Hold::None });
                self.transports.len() - 1
            }
        };
        &mut self.transports[at]
    }

    /// The state with a transport, if anything is known.
    pub(crate) fn get(&self, section: Guid) -> Option<&TransportState> {
        self.transports.iter().find(|state| state.section == section.0)
    }

    /// Forgets a transport that is done with the message.
    pub(crate) fn forget(&mut self, section: Guid) {
        self.transports.retain(|state| state.section != section.0);
    }

    /// The transports that have deferred the message.
    pub(crate) fn deferred_by(&self) -> Vec<Guid> {
        self.transports
            .iter()
            .filter(|state| matches!(state.hold, Hold::Deferred | Hold::Due))
            .map(TransportState::section)
            .collect()
    }

    /// When a transport is next to be tried, if any waits for a time.
    pub(crate) fn next_attempt(&self) -> Option<FileTime> {
        let timed = self.transports.iter().filter(|state| state.hold == Hold::None && state.next_attempt > 0);
        timed.map(TransportState::next_attempt).min()
    }
}

/// `PR_SUBMIT_FLAGS` as clients see it: the lock holds as long as the claim does.
pub(crate) fn submit_flags(stored: &dyn Fn(crate::properties::PropTag) -> Option<Value>, now: FileTime) -> Value {
    let flags = match stored(tags::SUBMIT_FLAGS) {
        Some(Value::Long(flags)) => flags & !SUBMITFLAG_LOCKED,
        _ => 0,
    };
    let locked = match stored(private::QUEUE_STATE) {
        Some(Value::Binary(bytes)) => QueueState::parse(&bytes).is_locked(now),
        _ => false,
    };
    Value::Long(if locked { flags | SUBMITFLAG_LOCKED } else { flags })
}

/// The state among properties just read.
pub(crate) fn state_in(values: &[Property]) -> QueueState {
    let stored = values.iter().find(|property| property.tag.id() == private::QUEUE_STATE.id());
    match stored.map(|property| &property.value) {
        Some(Value::Binary(bytes)) => QueueState::parse(bytes),
        _ => QueueState::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_its_stored_form_and_garbage_is_no_state() {
        let mut state = QueueState { claim: Some(Claim::new(Guid([1; 16]), FileTime(9))), ..QueueState::default() };
        state.last_error = "the line was cut".into();
        state.with(Guid([2; 16])).hold = Hold::Deferred;
        state.with(Guid([3; 16])).set_next_attempt(FileTime(7));
        let bytes = state.to_bytes().unwrap();
        assert_eq!(QueueState::parse(&bytes), state);
        assert_eq!(state.next_attempt(), Some(FileTime(7)));
        assert_eq!(state.deferred_by(), [Guid([2; 16])]);
        for length in 0..bytes.len() {
            assert_eq!(QueueState::parse(&bytes[..length]), QueueState::default());
        }
        assert_eq!(QueueState::default().to_bytes(), None);
    }

    #[test]
    fn a_claim_of_a_clock_that_was_set_back_is_void() {
        let claim = Claim::new(Guid([1; 16]), FileTime(10 * crate::spooler::LEASE));
        assert!(claim.is_live(FileTime(9 * crate::spooler::LEASE)) && !claim.is_live(FileTime(1)));
    }

    #[test]
    fn a_claim_ends_with_its_time() {
        let state = QueueState { claim: Some(Claim::new(Guid([1; 16]), FileTime(9))), ..QueueState::default() };
        assert!(state.is_locked(FileTime(8)) && !state.is_locked(FileTime(9)));
    }
}
