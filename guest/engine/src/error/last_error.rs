//! What `GetLastError` of one object answers (`errors` 3).

use crate::error::{Code, Failure, Origin, Result, check_flags};
use std::cell::RefCell;

/// `MAPI_UNICODE`.
const MAPI_UNICODE: u32 = 0x8000_0000;

/// Longest component name in a [`MapiError`], in characters.
const COMPONENT: usize = 30;

/// `MAPIERROR`; the version is always 0. Strings are narrowed by the component where `MAPI_UNICODE` is clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapiError {
    /// `lpszError`: a sentence for people.
    pub error: String,
    /// `lpszComponent`: at most 30 characters.
    pub component: String,
    /// `ulLowLevelError`: 0 if the cause is not low-level.
    pub low_level: u32,
    /// `ulContext`: the place inside the component.
    pub context: u32,
}

impl MapiError {
    /// What a failure says.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        let detail = failure.detail();
        let component = match &detail.origin {
            Origin::Session => "MAPI",
            Origin::Provider { name, .. } => name,
        };
        Self {
            error: detail.message.clone().into_owned(),
            component: component.chars().take(COMPONENT).collect(),
            low_level: detail.low_level,
            context: 0,
        }
    }

    /// One record for several failing providers: texts in provider order, each behind the provider's name;
    /// numbers of the first. `None` for no failure.
    #[must_use]
    pub fn of_all(failures: &[Failure]) -> Option<Self> {
        let first = Self::of(failures.first()?);
        let line = |failure: &Failure| {
            let detail = failure.detail();
            match &detail.origin {
                Origin::Session => detail.message.to_string(),
                Origin::Provider { name, .. } => format!("{name}: {}", detail.message),
            }
        };
        let error = failures.iter().map(line).collect::<Vec<_>>().join("\n");
        Some(Self { error, component: "MAPI".to_owned(), ..first })
    }
}

/// The most recent failure or detailed warning of one object.
#[derive(Debug, Default)]
pub struct LastError(RefCell<Option<(Code, MapiError)>>);

impl LastError {
    /// Notes a failure. Mere argument errors leave no record.
    pub fn note(&self, failure: &Failure) {
        if !is_argument_error(failure.code()) || failure.detail().origin != Origin::Session {
            self.0.replace(Some((failure.code(), MapiError::of(failure))));
        }
    }

    /// Notes a warning with its details.
    pub fn warn(&self, warning: Code, details: MapiError) {
        self.0.replace(Some((warning, details)));
    }

    /// Passes a result through, noting its failure.
    ///
    /// # Errors
    /// The result's own.
    pub fn keep<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(failure) = &result {
            self.note(failure);
        }
        result
    }

    /// `GetLastError`: the record if it is about that code.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS` for bits other than `MAPI_UNICODE`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        check_flags(flags, MAPI_UNICODE)?;
        Ok(self.0.borrow().as_ref().filter(|(stored, _)| *stored == code).map(|(_, details)| details.clone()))
    }
}

/// Codes that say no more than that the caller's arguments or object are wrong.
const fn is_argument_error(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidParameter | Code::UnknownFlags | Code::InterfaceNotSupported | Code::InvalidEntryid | Code::InvalidObject
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stored_code_is_explained_and_argument_errors_keep_the_record() {
        let last = LastError::default();
        last.note(&Failure::new(Code::TooComplex, "too deep"));
        last.note(&Failure::invalid("count", "zero"));
        assert_eq!(last.get_last_error(Code::TooComplex, 0).unwrap().unwrap().error, "too deep");
        assert_eq!(last.get_last_error(Code::InvalidParameter, 0), Ok(None));
        assert_eq!(last.get_last_error(Code::TooComplex, 1).unwrap_err().code(), Code::UnknownFlags);
    }

    #[test]
    fn several_providers_make_one_record_with_a_line_each() {
        let failure = |code, name: &str| Failure::new(code, "no answer").from_provider(name, crate::properties::Guid::default());
        let details = MapiError::of_all(&[failure(Code::Offline, "A").with_low_level(5), failure(Code::Timeout, "B")]).unwrap();
        assert_eq!(details.error, "A: no answer\nB: no answer");
        assert_eq!((details.component.as_str(), details.low_level), ("MAPI", 5));
        assert_eq!(MapiError::of_all(&[]), None);
    }

    #[test]
    fn a_component_name_has_at_most_30_characters() {
        let failure = Failure::new(Code::Timeout, "late").from_provider(&"ä".repeat(40), crate::properties::Guid::default());
        assert_eq!(MapiError::of(&failure).component.chars().count(), 30);
    }

    #[test]
    fn a_warning_is_explained_like_an_error() {
        let last = LastError::default();
        let details = MapiError::of(&Failure::new(Code::Offline, "away"));
        last.warn(Code::WErrorsReturned, details.clone());
        assert_eq!(last.get_last_error(Code::WErrorsReturned, MAPI_UNICODE).unwrap(), Some(details));
    }
}
