//! What a check finds, and what a suite tells of its checks.

use mapi_engine::error::{Code, Failure};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A promise that was broken, in words.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) String);

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self(format!("a call failed: {failure}"))
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Broken>;

/// Fails the check unless the condition holds.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Broken(message())) }
}

/// Fails the check unless both are equal.
pub(crate) fn same<T: PartialEq + fmt::Debug + ?Sized>(what: &str, found: &T, wanted: &T) -> Outcome {
    ensure(found == wanted, || format!("{what}: found {found:?} instead of {wanted:?}"))
}

/// Fails the check unless the call failed with that code.
pub(crate) fn refused<T: fmt::Debug>(what: &str, result: Result<T, Failure>, code: Code) -> Outcome {
    match result {
        Err(failure) if failure.code() == code => Ok(()),
        Err(failure) => Err(Broken(format!("{what}: refused with {} instead of {code}", failure.code()))),
        Ok(value) => Err(Broken(format!("{what}: accepted with {value:?} instead of {code}"))),
    }
}

/// A panic, of the backend or over an answer with too few parts, is a broken promise like any other. Where panics
/// cannot be caught it ends the instance.
pub(crate) fn caught(run: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Broken(format!("it panicked: {}", text.unwrap_or("without a word"))))
    })
}

/// What a suite found.
#[derive(Debug, Default)]
pub struct Report {
    passed: Vec<&'static str>,
    broken: Vec<(&'static str, String)>,
}

impl Report {
    /// Whether every check passed, and there was one.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty() && !self.passed.is_empty()
    }

    /// The names of the checks that passed.
    #[must_use]
    pub fn passed(&self) -> &[&'static str] {
        &self.passed
    }

    /// The checks that failed, and why.
    #[must_use]
    pub fn broken(&self) -> &[(&'static str, String)] {
        &self.broken
    }

    pub(crate) fn note(&mut self, name: &'static str, outcome: Outcome) {
        match outcome {
            Ok(()) => self.passed.push(name),
            Err(Broken(why)) => self.broken.push((name, why)),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} checks passed, {} failed", self.passed.len(), self.broken.len())?;
        self.broken.iter().try_for_each(|(name, why)| writeln!(f, "{name}: {why}"))
    }
}
