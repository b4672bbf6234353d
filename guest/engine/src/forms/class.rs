//! Message classes as forms know them (`session` 9.4).

use crate::error::{Failure, Result};

/// Characters of a class.
const LIMIT: usize = 255;

/// # Errors
/// `MAPI_E_INVALID_PARAMETER` for a class that is empty, too long, ends in a dot, or has characters other than the
/// printable ones of ASCII.
pub(crate) fn check_class(class: &str) -> Result<()> {
    let is_plain = class.bytes().all(|byte| (32..=127).contains(&byte));
    if is_plain && !class.is_empty() && class.len() <= LIMIT && !class.ends_with('.') {
        return Ok(());
    }
    let text = format!("A message class has 1 to {LIMIT} characters of ASCII and does not end in a dot.");
    Err(Failure::invalid("message-class", text))
}

/// Whether both are one class.
pub(crate) fn is_class(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A class and those above it: each without the last part of the one before.
pub(super) fn with_superclasses(class: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(class), |class| class.rsplit_once('.').map(|(above, _)| above)).filter(|class| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_ascii_of_bounded_length_without_a_final_dot() {
        assert!(check_class("IPM.Note").is_ok());
        assert!(check_class(&"x".repeat(255)).is_ok());
        for bad in ["", "IPM.", "IPM.Nöte", "IPM.\u{1}", &"x".repeat(256)] {
            assert!(check_class(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn superclasses_lose_one_part_each() {
        assert_eq!(with_superclasses("IPM.Note.Ours").collect::<Vec<_>>(), ["IPM.Note.Ours", "IPM.Note", "IPM"]);
        assert_eq!(with_superclasses(".a").collect::<Vec<_>>(), [".a"]);
    }
}
