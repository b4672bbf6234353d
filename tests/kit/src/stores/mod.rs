//! Message stores: one module for each group of promises.

mod containers;
mod durability;
mod feed;
mod large_values;
mod names;
mod objects;
mod oracle;
mod scans;
pub(crate) mod subject;
mod transactions;

use crate::report::{Broken, Outcome, Report, caught, ensure, refused, same};
use mapi_engine::backend::Store;
use mapi_engine::error::Result;
use std::sync::Arc;
use subject::Subject;

/// A store under test. Where there are threads, several use it.
#[cfg(not(target_family = "wasm"))]
pub type SharedStore = Arc<dyn Store + Send + Sync>;

/// A store under test.
#[cfg(target_family = "wasm")]
pub type SharedStore = Arc<dyn Store>;

/// A way to a store.
pub(crate) type Open<'a> = &'a dyn Fn() -> Result<SharedStore>;

/// One check: its name says the rule.
struct Check {
    name: &'static str,
    run: fn(&Subject) -> Outcome,
}

/// The checks of an empty store.
fn checks() -> impl Iterator<Item = &'static Check> {
    let groups = [
        objects::CHECKS,
        transactions::CHECKS,
        containers::CHECKS,
        scans::CHECKS,
        large_values::CHECKS,
        feed::CHECKS,
        names::CHECKS,
    ];
    groups.into_iter().flatten()
}

impl Check {
    fn run(&self, make: Open<'_>) -> Outcome {
        let subject = Subject::new(make()?)?;
        (self.run)(&subject)?;
        subject.is_sound()
    }
}

/// Runs every check, each on a store of its own.
pub fn store_suite<S: Store + Send + Sync + 'static>(make: impl Fn() -> Arc<S>) -> Report {
    let make: Open<'_> = &|| Ok(make() as SharedStore);
    let mut report = Report::default();
    for check in checks() {
        report.note(check.name, caught(|| check.run(make)));
    }
    report
}

/// Checks that what a commit reported done is there when the store is opened again. `open` opens one and the
/// same store each time it is called, and is called only after the store it gave last was dropped.
pub fn durable_suite<S: Store + Send + Sync + 'static>(open: impl Fn() -> Arc<S>) -> Report {
    let open: Open<'_> = &|| Ok(open() as SharedStore);
    let mut report = Report::default();
    for (name, run) in durability::CHECKS {
        report.note(name, caught(|| run(open)));
    }
    report
}

/// The checks of empty stores and of stores opened again, for those who run them by name.
#[cfg(target_family = "wasm")]
pub(crate) mod named {
    use super::{Open, Outcome, checks, durability};

    pub(crate) fn empty() -> Vec<&'static str> {
        checks().map(|check| check.name).collect()
    }

    pub(crate) fn run_empty(name: &str, make: Open<'_>) -> Option<Outcome> {
        checks().find(|check| check.name == name).map(|check| check.run(make))
    }

    pub(crate) fn durable() -> Vec<&'static str> {
        durability::CHECKS.iter().map(|(name, _)| *name).collect()
    }

    pub(crate) fn run_durable(name: &str, open: Open<'_>) -> Option<Outcome> {
        durability::CHECKS.iter().find(|(known, _)| *known == name).map(|(_, run)| run(open))
    }
}
