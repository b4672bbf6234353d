//! What of a view the backend evaluates, and why it does not evaluate the rest (`tables` 5.5, 7 "Push-down").

use crate::error::Result;
use crate::restriction::Restriction;
use crate::tables::Table;
use crate::tables::pushdown::conjuncts;
use crate::tables::view::Building;

/// Why something of a view is not left to the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBecause {
    /// The rows are held in memory: there is no backend to ask.
    NoStore,
    /// The engine computes a column it looks at.
    Computed,
    /// No filter of a backend says the same.
    NoFilter,
    /// The backend does not evaluate it.
    NotEvaluated,
    /// The backend lets more rows through.
    Inexact,
    /// A whole multi-value orders the rows.
    MultiValue,
    /// Each element of a multi-value has a row of its own.
    Instances,
    /// The backend does not make the categories, or an extreme orders them.
    Categories,
    /// What happens to each row is told, and for that the row before it must be known.
    Told,
    /// The backend tells no changes: the view stays as it was read.
    Fixed,
    /// The restriction keeps so many rows only (`RES_COUNT`).
    Limited,
    /// A condition is not left to the backend.
    Condition,
    /// The order is not left to the backend.
    Order,
    /// The backend does not count the rows, or does not find positions among them.
    Positions,
}

/// Who evaluates a part of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// The backend, exactly.
    Store,
    /// The backend leaves rows out, and the engine tests the others again.
    Narrowed(KeptBecause),
    /// The engine alone.
    Engine(KeptBecause),
}

/// Who evaluates the parts of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The restriction, each of its [`conditions`] by itself.
    pub conditions: Vec<Evaluation>,
    /// The order of the rows.
    pub order: Evaluation,
    /// The categories; `None`: there are none.
    pub categories: Option<Evaluation>,
    /// The list of the rows: [`Evaluation::Store`] if the view holds none.
    pub rows: Evaluation,
}

/// The parts of a restriction that must all hold, and that a backend may evaluate one by one.
#[must_use]
pub fn conditions(restriction: &Restriction) -> Vec<&Restriction> {
    conjuncts(restriction).0
}

impl Table {
    /// Who evaluates the parts of the view, and why.
    ///
    /// # Errors
    /// The backend's own.
    pub fn explain(&self) -> Result<Explanation> {
        self.call(|state, source| {
            state.flush(source)?;
            let live = state.subscribe(source)?;
            Building::explain(source, &state.definition(source, state.shape()), live)
        })
    }
}
