//! What of a table the store evaluates, and why not the rest, in words (`mapi table --explain`).

use crate::output::Output;
use crate::terminal::{Grid, harmless};
use mapi_session::expression::restriction_to_json;
use mapi_session::restriction::Restriction;
use mapi_session::tables::{Evaluation, Explanation, KeptBecause, conditions};
use serde_json::{Value as Json, json};

/// One part of the view: what it is, the condition if it is one, and who evaluates it.
struct Part {
    name: &'static str,
    condition: Option<Json>,
    evaluation: Evaluation,
}

/// Prints a line, or in JSON an object, for each part.
pub(crate) fn show(output: &Output, restriction: Option<&Restriction>, explanation: &Explanation) -> anyhow::Result<()> {
    let parts = parts(restriction, explanation);
    if output.json {
        return parts.iter().try_for_each(|part| output.object(&object(part)));
    }
    let mut grid = Grid::new(&[("part", false), ("by", false), ("", false)]);
    for part in &parts {
        let (by, why) = said(part);
        let name = match &part.condition {
            Some(condition) => harmless(&condition.to_string()).into_owned(),
            None => part.name.to_owned(),
        };
        grid.row([name, by.to_owned(), why.to_owned()]);
    }
    output.line(grid.to_string().trim_end())
}

fn parts(restriction: Option<&Restriction>, explanation: &Explanation) -> Vec<Part> {
    let stated = restriction.map(conditions).unwrap_or_default();
    let condition = |(stated, evaluation): (&&Restriction, &Evaluation)| Part {
        name: "condition",
        condition: Some(restriction_to_json(stated)),
        evaluation: *evaluation,
    };
    let whole = |name, evaluation| Part { name, condition: None, evaluation };
    stated
        .iter()
        .zip(&explanation.conditions)
        .map(condition)
        .chain([whole("order", explanation.order)])
        .chain(explanation.categories.map(|evaluation| whole("categories", evaluation)))
        .chain([whole("rows", explanation.rows)])
        .collect()
}

fn object(part: &Part) -> Json {
    let (by, why) = said(part);
    let mut object = json!({ "part": part.name, "by": by });
    if let Some(fields) = object.as_object_mut() {
        if let Some(condition) = &part.condition {
            fields.insert("condition".to_owned(), condition.clone());
        }
        if !why.is_empty() {
            fields.insert("why".to_owned(), why.into());
        }
    }
    object
}

/// Who evaluates a part, and why it is not the store alone.
fn said(part: &Part) -> (&'static str, &'static str) {
    match part.evaluation {
        Evaluation::Store if part.name == "rows" => ("store", "the view holds no list of them"),
        Evaluation::Store => ("store", ""),
        Evaluation::Narrowed(why) => ("store, then engine", reason(why)),
        Evaluation::Engine(why) => ("engine", reason(why)),
    }
}

const fn reason(why: KeptBecause) -> &'static str {
    match why {
        KeptBecause::NoStore => "the rows are held in memory, without a store to ask",
        KeptBecause::Computed => "the engine computes a property it looks at",
        KeptBecause::NoFilter => "no filter of a store says the same",
        KeptBecause::NotEvaluated => "the store does not evaluate it",
        KeptBecause::Inexact => "the store can only leave some rows out, the others are tested again",
        KeptBecause::MultiValue => "a whole multi-value orders the rows",
        KeptBecause::Instances => "each value of a multi-value has a row of its own",
        KeptBecause::Categories => "the store does not make these categories",
        KeptBecause::Told => "what happens to each row is told",
        KeptBecause::Fixed => "the store tells no changes",
        KeptBecause::Limited => "the restriction keeps so many rows only",
        KeptBecause::Condition => "a condition is not left to the store",
        KeptBecause::Order => "the order is not left to the store",
        KeptBecause::Positions => "the store does not count the rows or find positions among them",
    }
}
