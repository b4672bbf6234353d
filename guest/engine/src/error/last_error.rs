//! What `GetLastError` of one object answers (`errors` 3).

use crate::error::{Code, Failure, Origin, Result, check_flags};
use std::cell::RefCell;

/// `MAPI_UNICODE`.
const MAPI_UNICODE: u32 = 0x8000_0000;

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

/// The most recent failure or detailed warning of one object.
#[derive(Debug, Default)]
pub struct LastError(RefCell<Option<Failure>>);

impl LastError {
    /// Notes a failure. Mere argument errors leave no record.
    pub fn note(&self, failure: &Failure) {
        if !matches!(failure.code(), Code::InvalidParameter | Code::UnknownFlags) || failure.detail().origin != Origin::Session {
            *self.0.borrow_mut() = Some(failure.clone());
        }
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
        Ok(self.0.borrow().as_ref().filter(|failure| failure.code() == code).map(|failure| {
            let detail = failure.detail();
            let component = match &detail.origin {
                Origin::Session => "MAPI",
                Origin::Provider { name, .. } => name,
            };
            MapiError {
                error: detail.message.clone().into_owned(),
                component: component.chars().take(30).collect(),
                low_level: detail.low_level,
                context: 0,
            }
        }))
    }
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
}
