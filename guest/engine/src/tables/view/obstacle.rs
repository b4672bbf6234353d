//! Whether a view can leave its rows to the backend, and if not, why (`tables` 5.5, 7 "Push-down").

use super::{Definition, Split, ViewOrder};
use crate::backend::{Filter, Support};
use crate::error::Result;
use crate::tables::source::RowSource;
use crate::tables::{Evaluation, KeptBecause};

/// What keeps a view from leaving its rows to the backend; nothing does if `None`.
pub(super) fn obstacle(
    source: &dyn RowSource,
    definition: &Definition,
    limit: Option<u32>,
    live: bool,
    split: &Split<'_>,
) -> Result<Option<KeptBecause>> {
    let Some(plan) = &split.plan else { return Ok(Some(KeptBecause::NoStore)) };
    Ok(if definition.itemised {
        Some(KeptBecause::Told)
    } else if !live {
        Some(KeptBecause::Fixed)
    } else if limit.is_some() {
        Some(KeptBecause::Limited)
    } else if !split.rest.is_empty() {
        Some(KeptBecause::Condition)
    } else if split.order != Evaluation::Store {
        Some(KeptBecause::Order)
    } else if !plan.counts || !plan.positions {
        Some(KeptBecause::Positions)
    } else if definition.order.grouping.is_some() && !makes_categories(source, &definition.order, &split.filters)? {
        Some(KeptBecause::Categories)
    } else {
        None
    })
}

/// Whether the backend makes categories by the keys that make some. The keys of the leaves do not matter for that.
fn makes_categories(source: &dyn RowSource, order: &ViewOrder, filters: &[Filter]) -> Result<bool> {
    Ok(source.plan(filters, order.category_keys())?.is_some_and(|plan| plan.order == Support::Exact && plan.groups))
}
