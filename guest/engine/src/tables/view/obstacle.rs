//! Whether a view can leave its rows to the backend, and if not, why (`tables` 5.5, 7 "Push-down").

use super::{Definition, Split, ViewOrder};
use crate::backend::{Filter, Support};
use crate::error::Result;
use crate::tables::source::RowSource;

/// Why a view has to hold the order of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tables) enum Obstacle {
    /// What happens to each row is told, and for that the row before it must be known.
    Told,
    /// The rows tell no changes: the view stays as it was read.
    Fixed,
    /// The restriction keeps so many rows only (`COUNT`).
    Counted,
    /// The backend does not evaluate the whole restriction exactly.
    Restriction,
    /// It does not keep the order: a key it does not index, a multi-valued one, or an extreme that orders categories.
    Order,
    /// It does not count the rows, or does not find positions among them.
    Positions,
    /// It does not make categories.
    Categories,
}

/// What keeps a view from leaving its rows to the backend; nothing does if `None`.
pub(super) fn obstacle(
    source: &dyn RowSource,
    definition: &Definition,
    limit: Option<u32>,
    live: bool,
    split: &Split<'_>,
) -> Result<Option<Obstacle>> {
    let plan = split.plan.as_ref();
    Ok(if definition.itemised {
        Some(Obstacle::Told)
    } else if !live {
        Some(Obstacle::Fixed)
    } else if limit.is_some() {
        Some(Obstacle::Counted)
    } else if !split.rest.is_empty() {
        Some(Obstacle::Restriction)
    } else if plan.is_none_or(|plan| plan.order != Support::Exact) {
        Some(Obstacle::Order)
    } else if plan.is_none_or(|plan| !plan.counts || !plan.positions) {
        Some(Obstacle::Positions)
    } else if definition.order.grouping.is_some() && !makes_categories(source, &definition.order, &split.filters)? {
        Some(Obstacle::Categories)
    } else {
        None
    })
}

/// Whether the backend makes categories by the keys that make some. The keys of the leaves do not matter for that.
fn makes_categories(source: &dyn RowSource, order: &ViewOrder, filters: &[Filter]) -> Result<bool> {
    Ok(source.plan(filters, order.category_keys())?.is_some_and(|plan| plan.order == Support::Exact && plan.groups))
}
