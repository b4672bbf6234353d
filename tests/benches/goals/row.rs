//! A row of the table: figures, goal, and whether it is met.

use serde_json::{Value, json};
use std::io::{self, Write as _};

/// What a row has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// At most that many times the reference.
    RatioAtMost(f64),
    /// At least that many times the reference.
    RatioAtLeast(f64),
    /// Less than that.
    Under(f64),
    /// At least that.
    AtLeast(f64),
    /// At most that.
    AtMost(f64),
    /// The median less than the first, and of a hundred all but one less than the second.
    UnderBoth(f64, f64),
    /// The whole less than the first; the part of the name less than the second.
    UnderAndPart(f64, f64, &'static str),
    /// Less than that, and at most so many times the reference.
    UnderAndAtMost(f64, f64),
}

/// What was measured, in the unit of the row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) ours: f64,
    pub(crate) reference: Option<f64>,
    /// Of a hundred measurements all but one are below that.
    pub(crate) p99: Option<f64>,
    /// A part of the work, measured alone.
    pub(crate) part: Option<f64>,
}

impl Figures {
    /// A figure against a reference.
    pub(crate) const fn against(ours: f64, reference: f64) -> Self {
        Self { ours, reference: Some(reference), p99: None, part: None }
    }

    /// A figure against a bound.
    pub(crate) const fn alone(ours: f64) -> Self {
        Self { ours, reference: None, p99: None, part: None }
    }

    /// A median and a ninety-ninth percentile against bounds.
    pub(crate) const fn spread(ours: f64, p99: f64) -> Self {
        Self { ours, reference: None, p99: Some(p99), part: None }
    }

    /// The whole of a work, and a part of it, against bounds.
    pub(crate) const fn with_part(ours: f64, part: f64) -> Self {
        Self { ours, reference: None, p99: None, part: Some(part) }
    }

    fn ratio(&self) -> Option<f64> {
        self.reference.map(|reference| self.ours / reference)
    }
}

/// A row; without figures it is missing.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    pub(crate) figures: Option<Figures>,
}

impl Row {
    /// Whether the goal is met; a missing row meets none.
    pub(crate) fn met(&self) -> bool {
        let Some(figures) = &self.figures else { return false };
        match self.goal {
            Goal::RatioAtMost(most) => figures.ratio().is_some_and(|ratio| ratio <= most),
            Goal::RatioAtLeast(least) => figures.ratio().is_some_and(|ratio| ratio >= least),
            Goal::Under(bound) => figures.ours < bound,
            Goal::AtLeast(least) => figures.ours >= least,
            Goal::AtMost(most) => figures.ours <= most,
            Goal::UnderBoth(median, p99) => figures.ours < median && figures.p99.is_some_and(|found| found < p99),
            Goal::UnderAndPart(whole, part, _) => figures.ours < whole && figures.part.is_some_and(|found| found < part),
            Goal::UnderAndAtMost(bound, most) => figures.ours < bound && figures.ratio().is_some_and(|ratio| ratio <= most),
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::RatioAtMost(most) => format!("at most {most}x"),
            Goal::RatioAtLeast(least) => format!("at least {least}x"),
            Goal::Under(bound) => format!("under {bound} {}", self.unit),
            Goal::AtLeast(least) => format!("at least {least} {}", self.unit),
            Goal::AtMost(most) => format!("at most {most} {}", self.unit),
            Goal::UnderBoth(median, p99) => format!("under {median} {0}, p99 under {p99} {0}", self.unit),
            Goal::UnderAndPart(whole, part, name) => format!("under {whole} {0}, under {part} {0} {name}", self.unit),
            Goal::UnderAndAtMost(bound, most) => format!("under {bound} {} and at most {most}x", self.unit),
        }
    }

    fn cells(&self) -> [String; 6] {
        let figure =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{} {}", rounded(value), self.unit));
        let figures = self.figures.as_ref();
        let ours = match figures {
            None => "missing".to_owned(),
            Some(Figures { ours, p99: Some(p99), .. }) => {
                format!("{} {unit}, p99 {} {unit}", rounded(*ours), rounded(*p99), unit = self.unit)
            }
            Some(Figures { ours, part: Some(part), .. }) => {
                format!("{} {unit}, {} {unit}", rounded(*ours), rounded(*part), unit = self.unit)
            }
            Some(Figures { ours, .. }) => figure(Some(*ours)),
        };
        [
            self.name.to_owned(),
            ours,
            figure(figures.and_then(|figures| figures.reference)),
            figures.and_then(Figures::ratio).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x")),
            self.goal(),
            if self.met() { "yes" } else { "NO" }.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let figures = self.figures.as_ref();
        json!({
            "name": self.name,
            "unit": self.unit,
            "ours": figures.map(|figures| figures.ours),
            "reference": figures.and_then(|figures| figures.reference),
            "p99": figures.and_then(|figures| figures.p99),
            "part": figures.and_then(|figures| figures.part),
            "ratio": figures.and_then(Figures::ratio),
            "goal": self.goal(),
            "met": self.met(),
        })
    }
}

/// Three significant digits.
fn rounded(value: f64) -> String {
    let digits = match value.abs() {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// Prints one object a row.
pub(crate) fn print_json(rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    rows.iter().try_for_each(|row| writeln!(out, "{}", row.json()))
}

/// Prints one aligned table.
pub(crate) fn print_table(rows: &[Row]) -> io::Result<()> {
    let head = ["row", "ours", "reference", "ratio", "goal", "met"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut out = io::stdout().lock();
    for line in &lines {
        let [name, ours, reference, ratio, goal, met] = line;
        let [w0, w1, w2, w3, w4, _] = widths;
        writeln!(out, "{name:<w0$}  {ours:>w1$}  {reference:>w2$}  {ratio:>w3$}  {goal:<w4$}  {met}")?;
    }
    Ok(())
}
