//! Scans, plans, categories.

use crate::types::{identifiers, wire_tags};
use crate::world::mapi::session::backend_types as wire;
use mapi_engine::backend::{
    Batch, Filter, FilterTest, GroupBatch, GroupRequest, OrderKey, Plan, PlanRequest, RowKey, ScanFrom, ScanKind, ScanRequest,
    Scope, Support, TextMatch,
};
use mapi_engine::error::Result;

/// Rows of a backend.
pub(crate) fn rows(batch: wire::Batch) -> Result<Batch> {
    Ok(Batch {
        ids: identifiers(&batch.ids)?,
        arrivals: batch.arrivals,
        parents: identifiers(&batch.parents)?,
        kinds: batch.kinds.into_iter().map(Into::into).collect(),
        columns: batch.columns.into_iter().map(TryInto::try_into).collect::<Result<_>>()?,
    })
}

impl From<&Scope> for wire::Scope {
    fn from(scope: &Scope) -> Self {
        match scope {
            Scope::One(container) => Self::One(container.as_bytes().to_vec()),
            Scope::Several { containers, recursive } => Self::Several(wire::Containers {
                ids: containers.iter().map(|id| id.as_bytes().to_vec()).collect(),
                recursive: *recursive,
            }),
        }
    }
}

impl From<ScanKind> for wire::ScanKind {
    fn from(kind: ScanKind) -> Self {
        match kind {
            ScanKind::Subfolders => Self::Subfolders,
            ScanKind::Contents => Self::Contents,
            ScanKind::Associated => Self::Associated,
            ScanKind::Recipients => Self::Recipients,
            ScanKind::Attachments => Self::Attachments,
            ScanKind::DeletedContents => Self::DeletedContents,
            ScanKind::DeletedAssociated => Self::DeletedAssociated,
            ScanKind::DeletedSubfolders => Self::DeletedSubfolders,
            ScanKind::Queue => Self::Queue,
        }
    }
}

fn wire_test(test: &FilterTest) -> Result<wire::FilterTest> {
    Ok(match test {
        FilterTest::And(children) => wire::FilterTest::And(*children),
        FilterTest::Or(children) => wire::FilterTest::Or(*children),
        FilterTest::Not => wire::FilterTest::Not,
        FilterTest::Compare { tag, relop, key, bounded, constant } => wire::FilterTest::Compare(wire::FilterCompare {
            tag: tag.0,
            relop: (*relop).into(),
            key: key.clone(),
            bounded: *bounded,
            constant: constant.clone().try_into()?,
        }),
        FilterTest::Text { tag, how, folded } => wire::FilterTest::Text(wire::FilterText {
            tag: tag.0,
            how: match how {
                TextMatch::Full => wire::TextMatch::Full,
                TextMatch::Prefix => wire::TextMatch::Prefix,
                TextMatch::Substring => wire::TextMatch::Substring,
            },
            folded: folded.clone(),
        }),
        FilterTest::Bits { tag, relation, mask } => {
            wire::FilterTest::Bits(wire::FilterBits { tag: tag.0, relation: (*relation).into(), mask: *mask })
        }
        FilterTest::Size { tag, relop, size } => {
            wire::FilterTest::Size(wire::FilterSize { tag: tag.0, relop: (*relop).into(), size: *size })
        }
        FilterTest::Exist(tag) => wire::FilterTest::Exist(tag.0),
    })
}

fn wire_filters(filters: &[Filter]) -> Result<Vec<Vec<wire::FilterTest>>> {
    filters.iter().map(|filter| filter.iter().map(wire_test).collect()).collect()
}

/// An order for the world.
pub(crate) fn wire_order(order: &[OrderKey]) -> Vec<wire::OrderKey> {
    order.iter().map(|key| wire::OrderKey { tag: key.tag.0, descending: key.descending }).collect()
}

impl From<wire::Support> for Support {
    fn from(support: wire::Support) -> Self {
        match support {
            wire::Support::Exact => Self::Exact,
            wire::Support::Inexact => Self::Inexact,
            wire::Support::Unsupported => Self::Unsupported,
        }
    }
}

impl From<wire::Plan> for Plan {
    fn from(plan: wire::Plan) -> Self {
        Self {
            filters: plan.filters.into_iter().map(Into::into).collect(),
            order: plan.order.into(),
            counts: plan.counts,
            positions: plan.positions,
            groups: plan.groups,
        }
    }
}

impl From<RowKey> for wire::RowKey {
    fn from(key: RowKey) -> Self {
        Self { keys: key.keys, arrival: key.arrival }
    }
}

impl From<wire::RowKey> for RowKey {
    fn from(key: wire::RowKey) -> Self {
        Self { keys: key.keys, arrival: key.arrival }
    }
}

/// A request for a plan.
pub(crate) fn wire_plan_request(request: &PlanRequest<'_>) -> Result<wire::PlanRequest> {
    Ok(wire::PlanRequest {
        scope: request.scope.into(),
        kind: request.kind.into(),
        filters: wire_filters(request.filters)?,
        order: wire_order(request.order),
    })
}

/// A request for a page.
pub(crate) fn wire_scan_request(request: &ScanRequest<'_>) -> Result<wire::ScanRequest> {
    Ok(wire::ScanRequest {
        scope: request.scope.into(),
        kind: request.kind.into(),
        columns: wire_tags(request.columns),
        cell_limit: request.cell_limit,
        filters: wire_filters(request.filters)?,
        order: wire_order(request.order),
        start: match &request.from {
            ScanFrom::Start => wire::ScanStart::Start,
            ScanFrom::After(key) => wire::ScanStart::After(key.clone().into()),
            ScanFrom::At(key) => wire::ScanStart::At(key.clone().into()),
            ScanFrom::Position(position) => wire::ScanStart::Position(*position),
        },
        backwards: request.backwards,
        max: request.max,
    })
}

/// A request to count, or the part of a request for a rank that says among which rows.
pub(crate) fn wire_count_request(scope: &Scope, kind: ScanKind, filters: &[Filter]) -> Result<wire::CountRequest> {
    Ok(wire::CountRequest { scope: scope.into(), kind: kind.into(), filters: wire_filters(filters)? })
}

/// A request for categories.
pub(crate) fn wire_group_request(request: &GroupRequest<'_>) -> Result<wire::GroupRequest> {
    Ok(wire::GroupRequest {
        scope: request.scope.into(),
        kind: request.kind.into(),
        filters: wire_filters(request.filters)?,
        order: wire_order(request.order),
        levels: request.levels,
        after: request.after.clone(),
        max: request.max,
    })
}

/// Categories of a backend.
pub(crate) fn groups(page: wire::GroupPage) -> Result<GroupBatch> {
    let mut batch = GroupBatch { more: page.more, ..GroupBatch::default() };
    for group in page.groups {
        batch.keys.push(group.keys);
        batch.values.push(group.values.into_iter().map(|value| value.map(TryInto::try_into).transpose()).collect::<Result<_>>()?);
        batch.counts.push(group.count);
        batch.unread.push(group.unread);
    }
    Ok(batch)
}
