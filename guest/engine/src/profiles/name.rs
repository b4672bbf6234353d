//! Profile names (`profiles` 1.2).

use crate::error::{Code, Failure, Result};
use icu_casemap::CaseMapper;

/// Longest profile name, in characters.
pub const NAME_LIMIT: usize = 64;

/// Checks a name for a new profile: letters, digits, underscores and embedded spaces.
///
/// # Errors
/// `MAPI_E_STRING_TOO_LONG`, `MAPI_E_INVALID_PARAMETER`.
pub fn check_profile_name(name: &str) -> Result<()> {
    if name.chars().count() > NAME_LIMIT {
        return Err(Failure::new(Code::StringTooLong, format!("A profile name has at most {NAME_LIMIT} characters."))
            .with_argument("name"));
    }
    if name.is_empty() {
        return Err(Failure::invalid("name", "A profile needs a name."));
    }
    if name.starts_with(' ') || name.ends_with(' ') {
        return Err(Failure::invalid("name", "A profile name neither begins nor ends with a space."));
    }
    match name.chars().find(|&character| !character.is_alphanumeric() && character != '_' && character != ' ') {
        Some(character) => Err(Failure::invalid(
            "name",
            format!("A profile name consists of letters, digits, underscores and spaces; {character:?} is none of them."),
        )),
        None => Ok(()),
    }
}

/// Whether two names are the same: simple Unicode case folding.
#[must_use]
pub fn same_profile_name(one: &str, other: &str) -> bool {
    let folding = CaseMapper::new();
    one.chars().map(|c| folding.simple_fold(c)).eq(other.chars().map(|c| folding.simple_fold(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_underscores_and_embedded_spaces_make_a_name() {
        for name in ["Work", "Büro 2", "a_b", "日本"] {
            assert_eq!(check_profile_name(name), Ok(()), "{name}");
        }
        for name in ["", " a", "a ", "a-b", "a\0", "a/b"] {
            assert_eq!(check_profile_name(name).unwrap_err().code(), Code::InvalidParameter, "{name:?}");
        }
        assert_eq!(check_profile_name(&"é".repeat(64)), Ok(()));
        assert_eq!(check_profile_name(&"é".repeat(65)).unwrap_err().code(), Code::StringTooLong);
    }

    #[test]
    fn names_compare_without_case_character_by_character() {
        assert!(same_profile_name("BÜRO", "büro"));
        assert!(!same_profile_name("STRASSE", "straße"));
    }
}
