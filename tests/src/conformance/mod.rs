//! The conformance kit of backends: one suite that every implementation of [`Store`] passes, and one for
//! address books.
//!
//! A backend author calls [`store_suite`] with a way to make an empty store, and [`durable_suite`] with a
//! way to open the same store again and again:
//!
//! ```
//! use mapi_engine::memory::MemoryStore;
//! use mapi_engine::properties::Guid;
//! use mapi_tests::conformance::store_suite;
//! use std::sync::Arc;
//!
//! let report = store_suite(|| Arc::new(MemoryStore::new(Guid([1; 16]), "example")));
//! assert!(report.is_sound(), "{report}");
//! ```
//!
//! Authors of address books call [`address_book_suite`]; a backend in another language is judged through
//! [`RemoteStore`](crate::remote_store::RemoteStore).
//!
//! Checks look only at what the traits of `mapi_engine::backend` promise. What a backend does not claim
//! (soft deletion, a feed, an exact answer) is not asked of it; what it claims is compared with a naive
//! evaluation of the same rows.

mod address_books;
mod containers;
pub(crate) mod dice;
mod durability;
mod feed;
mod large_values;
mod names;
mod objects;
mod oracle;
mod scans;
mod subject;
mod transactions;

pub use address_books::address_book_suite;

use mapi_engine::backend::Store;
use mapi_engine::error::{Code, Failure};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use subject::Subject;

/// A store under test.
pub type SharedStore = Arc<dyn Store + Send + Sync>;

/// A promise that was broken, in words.
#[derive(Debug)]
struct Broken(String);

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self(format!("a call failed: {failure}"))
    }
}

type Outcome<T = ()> = Result<T, Broken>;

/// Fails the check unless the condition holds.
fn ensure(holds: bool, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Broken(message())) }
}

/// Fails the check unless both are equal.
fn same<T: PartialEq + fmt::Debug + ?Sized>(what: &str, found: &T, wanted: &T) -> Outcome {
    ensure(found == wanted, || format!("{what}: found {found:?} instead of {wanted:?}"))
}

/// Fails the check unless the call failed with that code.
fn refused<T: fmt::Debug>(what: &str, result: Result<T, Failure>, code: Code) -> Outcome {
    match result {
        Err(failure) if failure.code() == code => Ok(()),
        Err(failure) => Err(Broken(format!("{what}: refused with {} instead of {code}", failure.code()))),
        Ok(value) => Err(Broken(format!("{what}: accepted with {value:?} instead of {code}"))),
    }
}

/// One check: its name says the rule.
struct Check {
    name: &'static str,
    run: fn(&Subject) -> Outcome,
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

    fn note(&mut self, name: &'static str, outcome: Outcome) {
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

/// A panic, of the backend or over an answer with too few parts, is a broken promise like any other.
fn caught(run: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Broken(format!("it panicked: {}", text.unwrap_or("without a word"))))
    })
}

/// Runs every check, each on a store of its own.
pub fn store_suite<S: Store + Send + Sync + 'static>(make: impl Fn() -> Arc<S>) -> Report {
    let mut report = Report::default();
    for check in [
        objects::CHECKS,
        transactions::CHECKS,
        containers::CHECKS,
        scans::CHECKS,
        large_values::CHECKS,
        feed::CHECKS,
        names::CHECKS,
    ]
    .into_iter()
    .flatten()
    {
        let run = || Subject::new(make()).and_then(|subject| (check.run)(&subject).and_then(|()| subject.is_sound()));
        report.note(check.name, caught(run));
    }
    report
}

/// Checks that what a commit reported done is there when the store is opened again. `open` opens one and the
/// same store each time it is called, and is called only after the store it gave last was dropped.
pub fn durable_suite<S: Store + Send + Sync + 'static>(open: impl Fn() -> Arc<S>) -> Report {
    let open: &dyn Fn() -> SharedStore = &|| open();
    let mut report = Report::default();
    for (name, run) in durability::CHECKS {
        report.note(name, caught(|| run(open)));
    }
    report
}
