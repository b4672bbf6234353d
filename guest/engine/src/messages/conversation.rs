//! `PR_CONVERSATION_INDEX` (`properties` 7.3).

use crate::backend::Environment;
use crate::properties::FileTime;

/// Bytes of the index of a message that starts a thread.
const HEADER: usize = 22;
/// Bits of a time difference that only the long form of a reply block can hold.
const LONG: u64 = 0x7FFF << 49;

/// `ScCreateConversationIndex`: the index of a message that answers one with that index, or of one that
/// starts a thread.
#[must_use]
pub fn create_conversation_index(parent: Option<&[u8]>, environment: &Environment) -> Vec<u8> {
    conversation_index(parent, environment.clock.now(), environment.new_uid().0)
}

/// The same at a given time, with given random bytes.
#[must_use]
pub fn conversation_index(parent: Option<&[u8]>, now: FileTime, random: [u8; 16]) -> Vec<u8> {
    match parent.filter(|parent| parent.len() >= HEADER) {
        None => header(now, random),
        Some(parent) => [parent, &reply(parent, now, random[0])].concat(),
    }
}

fn header(now: FileTime, uid: [u8; 16]) -> Vec<u8> {
    let time = now.0.to_be_bytes();
    [&[1], &time[1..6], &uid].concat()
}

/// The five bytes that a reply appends.
fn reply(parent: &[u8], now: FileTime, random: u8) -> [u8; 5] {
    let mut time = [0; 8];
    time[..6].copy_from_slice(&parent[..6]);
    let passed = now.0.saturating_sub(u64::from_be_bytes(time));
    let (code, delta) = if passed & LONG == 0 { (0, passed >> 18) } else { (1 << 31, passed >> 23) };
    let [_, _, _, _, d0, d1, d2, d3] = (code | (delta & 0x7FFF_FFFF)).to_be_bytes();
    [d0, d1, d2, d3, random]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time of the examples of `messages` 4.
    const START: FileTime = FileTime(0x01C9_E5A3_B4D5_E6F7);
    const HOUR: u64 = 36_000_000_000;

    #[test]
    fn the_index_of_a_thread_begins_with_the_time_and_of_a_reply_ends_with_what_passed() {
        let header = header(START, [7; 16]);
        assert_eq!(header[..6], [0x01, 0xC9, 0xE5, 0xA3, 0xB4, 0xD5]);
        assert_eq!(header.len(), HEADER);
        assert_eq!(reply(&header, FileTime(START.0 + HOUR), 9), [0x00, 0x02, 0x18, 0x71, 9]);
        assert_eq!(reply(&header, FileTime(START.0 + 3 * 365 * 24 * HOUR), 9)[..4], [0x86, 0xB8, 0xE8, 0xD4]);
        assert_eq!(reply(&header, FileTime(0), 9), [0, 0, 0, 0, 9], "a reply before its original");
        let child = conversation_index(Some(&header), FileTime(START.0 + HOUR), [9; 16]);
        assert_eq!((child.len(), &child[..HEADER]), (HEADER + 5, &header[..]));
        assert_eq!(conversation_index(Some(&header[..21]), START, [7; 16]), header, "no index to go on from");
    }
}
