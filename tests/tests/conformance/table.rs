//! What a row of the table is, and how rows are held.

use crate::bench::Bench;
use mapi_engine::error::{Code, Failure, Result, Warned};
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

/// The code of a call, and what there was to see beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: Code,
    pub(crate) shows: String,
}

impl core::fmt::Display for Outcome {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.shows.as_str() {
            "" => self.code.fmt(f),
            shows => write!(f, "{}: {shows}", self.code),
        }
    }
}

impl From<Code> for Outcome {
    fn from(code: Code) -> Self {
        Self { code, shows: String::new() }
    }
}

/// A success that is known by what it shows.
impl From<&str> for Outcome {
    fn from(shows: &str) -> Self {
        Self { code: Code::SOk, shows: shows.to_owned() }
    }
}

impl From<String> for Outcome {
    fn from(shows: String) -> Self {
        Self { code: Code::SOk, shows }
    }
}

impl<S: Into<String>> From<(Code, S)> for Outcome {
    fn from((code, shows): (Code, S)) -> Self {
        Self { code, shows: shows.into() }
    }
}

/// The code of a call.
pub(crate) fn code<T, E: Into<Failure>>(done: Result<T, E>) -> Code {
    done.map_or_else(|failure| failure.into().code(), |_| Code::SOk)
}

/// The code of a call that can warn.
pub(crate) fn warned<T>(done: Result<Warned<T>>) -> Code {
    done.map_or_else(|failure| failure.code(), |done| done.warning.unwrap_or(Code::SOk))
}

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What makes a row happen.
pub(crate) enum Run {
    /// Through the component, on a bench of its own.
    Component(Box<dyn Fn(Bench) -> Running + Send + Sync>),
    /// At the engine: the typed world cannot express the argument.
    Engine(Box<dyn Fn() -> Outcome + Send + Sync>),
}

/// One rule: a method, called like this, answers like that.
pub(crate) struct Row {
    /// Page and section.
    pub(crate) rule: &'static str,
    pub(crate) method: &'static str,
    /// Flags and arguments, in words.
    pub(crate) call: String,
    pub(crate) expected: Outcome,
    run: Run,
}

impl Row {
    /// Whether the argument is one the typed world cannot express.
    pub(crate) fn is_raw(&self) -> bool {
        matches!(self.run, Run::Engine(_))
    }

    /// The codes it is about: its own, and those it shows.
    pub(crate) fn codes(&self) -> BTreeSet<Code> {
        let words = self.expected.shows.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let shown = words.filter_map(|word| Code::NAMED.iter().copied().find(|code| code.name() == Some(word)));
        shown.chain([self.expected.code]).collect()
    }
}

/// The rows of a module, as they are written down.
#[derive(Default)]
pub(crate) struct Rows {
    rule: &'static str,
    method: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Rows {
    /// The rows that follow are of that rule and that method.
    pub(crate) fn of(&mut self, rule: &'static str, method: &'static str) -> &mut Self {
        (self.rule, self.method) = (rule, method);
        self
    }

    /// A row that runs through the component.
    pub(crate) fn row<F, R>(
        &mut self,
        call: impl Into<String>,
        expected: impl Into<Outcome>,
        run: impl Fn(Bench) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        F: Future<Output = R> + Send + 'static,
        R: Into<Outcome>,
    {
        let run = move |bench: Bench| {
            let running = run(bench);
            Box::pin(async move { running.await.into() }) as Running
        };
        self.push(call.into(), expected.into(), Run::Component(Box::new(run)))
    }

    /// A row that runs at the engine.
    pub(crate) fn raw<R: Into<Outcome>>(
        &mut self,
        call: impl Into<String>,
        expected: impl Into<Outcome>,
        run: impl Fn() -> R + Send + Sync + 'static,
    ) -> &mut Self {
        self.push(call.into(), expected.into(), Run::Engine(Box::new(move || run().into())))
    }

    fn push(&mut self, call: String, expected: Outcome, run: Run) -> &mut Self {
        self.rows.push(Row { rule: self.rule, method: self.method, call, expected, run });
        self
    }
}

/// Makes every row of a module happen; fails with all that do not hold.
pub(crate) async fn hold(write: fn(&mut Rows)) {
    let mut rows = Rows::default();
    write(&mut rows);
    let mut broken = Vec::new();
    for row in rows.rows {
        let got = match &row.run {
            Run::Engine(run) => catch_unwind(AssertUnwindSafe(run)).map_err(|_| "a panic".to_owned()),
            Run::Component(run) => {
                let running = run(Bench::new().await);
                tokio::spawn(running).await.map_err(|error| error.to_string())
            }
        };
        if got.as_ref() != Ok(&row.expected) {
            let got = got.map_or_else(|panic| panic, |got| got.to_string());
            broken.push(format!("{} {} ({}): {} is expected, got {got}", row.rule, row.method, row.call, row.expected));
        }
    }
    assert!(broken.is_empty(), "{} rows do not hold:\n{}", broken.len(), broken.join("\n"));
}
