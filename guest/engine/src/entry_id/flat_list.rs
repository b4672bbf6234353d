//! Counted forms of entry identifiers (`properties` 6.5): FLATENTRY and FLATENTRYLIST.

use super::malformed;
use crate::error::Result;

/// A FLATENTRY: size, then the bytes. `None` when the size does not fit 32 bits.
#[must_use]
pub fn flat_entry(entry: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = u32::try_from(entry.len()).ok()?.to_le_bytes().to_vec();
    bytes.extend_from_slice(entry);
    Some(bytes)
}

/// The identifier in a FLATENTRY.
///
/// # Errors
/// `MAPI_E_INVALID_ENTRYID` when the bytes are fewer than the size says.
pub fn parse_flat_entry(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(take_entry(bytes)?.0.to_vec())
}

/// A FLATENTRYLIST: count, size, then the entries, each padded with zeros to a multiple of 4. `None` when
/// a number does not fit 32 bits.
#[must_use]
pub fn flat_entry_list<E: AsRef<[u8]>>(entries: &[E]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for entry in entries {
        body.extend(flat_entry(entry.as_ref())?);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut bytes = u32::try_from(entries.len()).ok()?.to_le_bytes().to_vec();
    bytes.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
    bytes.extend(body);
    Some(bytes)
}

/// The identifiers in a FLATENTRYLIST. The padding of the last entry may be missing.
///
/// # Errors
/// `MAPI_E_INVALID_ENTRYID` when count or sizes do not match the bytes.
pub fn parse_flat_entry_list(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let (count, rest) = take_number(bytes)?;
    let (size, rest) = take_number(rest)?;
    let mut rest = rest.get(..size).ok_or_else(|| malformed("the entry list is shorter than it says"))?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, behind) = take_entry(rest)?;
        let padding = entry.len().next_multiple_of(4) - entry.len();
        entries.push(entry.to_vec());
        rest = behind.get(padding..).unwrap_or_default();
    }
    Ok(entries)
}

fn take_number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| malformed("the entry list is cut off inside a number"))?;
    let number =
        usize::try_from(u32::from_le_bytes(*number)).map_err(|_| malformed("a number of the entry list is too large"))?;
    Ok((number, rest))
}

fn take_entry(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let (size, rest) = take_number(bytes)?;
    rest.split_at_checked(size).ok_or_else(|| malformed("an entry of the list is shorter than it says"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_are_padded_and_the_padding_counts() {
        let bytes = flat_entry_list(&[b"abcde".as_slice()]).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0, b'a', b'b', b'c', b'd', b'e', 0, 0, 0]);
    }

    #[test]
    fn a_count_beyond_the_bytes_is_malformed() {
        assert!(parse_flat_entry_list(&[255, 255, 255, 255, 0, 0, 0, 0]).is_err());
        assert!(parse_flat_entry_list(&[1, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255]).is_err());
    }

    proptest! {
        #[test]
        fn a_list_survives_its_bytes(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            prop_assert_eq!(parse_flat_entry_list(&flat_entry_list(&entries).unwrap()).unwrap(), entries);
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse_flat_entry_list(&bytes);
            let _ = parse_flat_entry(&bytes);
        }
    }
}
