//! The failure record: what went wrong, where it comes from and what a person can do.

use crate::error::Code;
use crate::properties::{Guid, PropTag};
use std::borrow::Cow;

/// The result of every engine call.
pub type Result<T, E = Failure> = core::result::Result<T, E>;

/// Who a failure comes from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// The session itself.
    #[default]
    Session,
    /// A provider, by its display name and the MAPIUID of its profile section (or of the provider).
    Provider {
        /// Display name for people.
        name: String,
        /// MAPIUID.
        uid: Guid,
    },
}

/// What a [`Failure`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureDetail {
    /// The code; always an error (bit 31 set).
    pub code: Code,
    /// Session or provider.
    pub origin: Origin,
    /// The property at fault, if one is.
    pub tag: Option<PropTag>,
    /// The name of the argument at fault, if one is.
    pub argument: Option<Cow<'static, str>>,
    /// Whether the same call may succeed later.
    pub retry: bool,
    /// A sentence a person can act on.
    pub message: Cow<'static, str>,
    /// Native error number of the cause, 0 if none (`ulLowLevelError`).
    pub low_level: u32,
}

/// An error with its context. One pointer wide, so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Box<FailureDetail>);

impl Failure {
    /// A failure of the session itself.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let retry =
            matches!(code, Code::Timeout | Code::NetworkError | Code::Offline | Code::Busy | Code::Reconnected | Code::Wait);
        Self(Box::new(FailureDetail {
            code,
            origin: Origin::Session,
            tag: None,
            argument: None,
            retry,
            message: message.into(),
            low_level: 0,
        }))
    }

    /// `MAPI_E_INVALID_PARAMETER` naming the argument.
    #[must_use]
    pub fn invalid(argument: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParameter, message).with_argument(argument)
    }

    /// `MAPI_E_NOT_FOUND`.
    #[must_use]
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// Names the property at fault.
    #[must_use]
    pub fn with_tag(mut self, tag: PropTag) -> Self {
        self.0.tag = Some(tag);
        self
    }

    /// Names the argument at fault.
    #[must_use]
    pub fn with_argument(mut self, argument: impl Into<Cow<'static, str>>) -> Self {
        self.0.argument = Some(argument.into());
        self
    }

    /// The failure of a backend as the session passes it on: a code that no backend may answer with becomes
    /// `MAPI_E_CALL_FAILED` with the original number (`errors` 1).
    #[must_use]
    pub(crate) fn passed_on(mut self) -> Self {
        let code = self.0.code;
        if !code.is_error() || !code.passes_through() {
            self.0.code = Code::CallFailed;
            self.0.low_level = code.raw();
        }
        self
    }

    /// Names the provider the failure comes from, unless one is named already, and passes it on.
    #[must_use]
    pub fn from_provider(mut self, name: &str, uid: Guid) -> Self {
        if self.0.origin == Origin::Session {
            self.0.origin = Origin::Provider { name: name.to_owned(), uid };
            return self.passed_on();
        }
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn with_retry(mut self, retry: bool) -> Self {
        self.0.retry = retry;
        self
    }

    /// Adds the native error number of the cause.
    #[must_use]
    pub fn with_low_level(mut self, number: u32) -> Self {
        self.0.low_level = number;
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Who failed and with which code, for the log, which no text of a message may get into: a provider may quote one.
    #[must_use]
    pub fn brief(&self) -> String {
        match &self.0.origin {
            Origin::Session => self.0.code.to_string(),
            Origin::Provider { name, .. } => format!("{name}: {}", self.0.code),
        }
    }

    /// Everything known.
    #[must_use]
    pub fn detail(&self) -> &FailureDetail {
        &self.0
    }

    /// Everything known, by value.
    #[must_use]
    pub fn into_detail(self) -> FailureDetail {
        *self.0
    }
}

impl From<FailureDetail> for Failure {
    fn from(detail: FailureDetail) -> Self {
        Self(Box::new(detail))
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let FailureDetail { code, origin, message, .. } = &*self.0;
        match origin {
            Origin::Session => write!(f, "{message} ({code})"),
            Origin::Provider { name, .. } => write!(f, "{name}: {message} ({code})"),
        }
    }
}

impl std::error::Error for Failure {}

/// A success that may carry a warning (`MAPI_W_*`): the value is valid either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned<T> {
    /// The value.
    pub value: T,
    /// The warning, `None` for `S_OK`.
    pub warning: Option<Code>,
}

impl<T> Warned<T> {
    /// A plain success.
    pub const fn ok(value: T) -> Self {
        Self { value, warning: None }
    }

    /// A success with a warning.
    pub const fn warn(value: T, warning: Code) -> Self {
        Self { value, warning: Some(warning) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_foreign_facility_becomes_call_failed_with_the_original_number() {
        let of_provider = |code| Failure::new(code, "x").from_provider("Server", Guid([1; 16]));
        let failure = of_provider(Code::Other(0x8009_0001));
        assert_eq!((failure.code(), failure.detail().low_level), (Code::CallFailed, 0x8009_0001));
        assert_eq!(of_provider(Code::WNoService).code(), Code::CallFailed, "a failure is no success");
        assert_eq!(of_provider(Code::Timeout).code(), Code::Timeout);
        assert_eq!(of_provider(Code::Other(0x8007_0020)).detail().low_level, 0, "a code of the operating system is its own");
    }
}
