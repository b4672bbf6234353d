//! Scans of containers: filters, orders, positions.

use super::objects::batch;
use super::{Wire, map};
use crate::runtime::world::mapi::session::backend_types as backend;
use mapi_engine::backend::{
    Filter, FilterTest, GroupBatch, OrderKey, Plan, RowKey, ScanFrom, ScanKind, ScanPage, Scope, Support, TextMatch,
};
use mapi_engine::error::Result;
use mapi_engine::properties::{PropTag, Value};
use mapi_engine::restriction::{BitRelation, Relop};

pub(crate) fn scope(scope: backend::Scope) -> Result<Scope> {
    Ok(match scope {
        backend::Scope::One(container) => Scope::One(Wire::from_wit(container)?),
        backend::Scope::Several(several) => Scope::Several { containers: map(several.ids)?, recursive: several.recursive },
    })
}

pub(crate) const fn scan_kind(kind: backend::ScanKind) -> ScanKind {
    match kind {
        backend::ScanKind::Subfolders => ScanKind::Subfolders,
        backend::ScanKind::Contents => ScanKind::Contents,
        backend::ScanKind::Associated => ScanKind::Associated,
        backend::ScanKind::Recipients => ScanKind::Recipients,
        backend::ScanKind::Attachments => ScanKind::Attachments,
        backend::ScanKind::DeletedContents => ScanKind::DeletedContents,
        backend::ScanKind::DeletedAssociated => ScanKind::DeletedAssociated,
        backend::ScanKind::DeletedSubfolders => ScanKind::DeletedSubfolders,
        backend::ScanKind::Queue => ScanKind::Queue,
    }
}

pub(crate) fn filters(filters: Vec<Vec<backend::FilterTest>>) -> Result<Vec<Filter>> {
    filters.into_iter().map(|filter| filter.into_iter().map(filter_test).collect()).collect()
}

fn filter_test(test: backend::FilterTest) -> Result<FilterTest> {
    Ok(match test {
        backend::FilterTest::And(children) => FilterTest::And(children),
        backend::FilterTest::Or(children) => FilterTest::Or(children),
        backend::FilterTest::Not => FilterTest::Not,
        backend::FilterTest::Compare(test) => FilterTest::Compare {
            tag: PropTag(test.tag),
            relop: Relop::from_wit(test.relop)?,
            key: test.key,
            bounded: test.bounded,
            constant: Value::from_wit(test.constant)?,
        },
        backend::FilterTest::Text(test) => FilterTest::Text {
            tag: PropTag(test.tag),
            how: match test.how {
                backend::TextMatch::Full => TextMatch::Full,
                backend::TextMatch::Prefix => TextMatch::Prefix,
                backend::TextMatch::Substring => TextMatch::Substring,
            },
            folded: test.folded,
        },
        backend::FilterTest::Bits(test) => {
            FilterTest::Bits { tag: PropTag(test.tag), relation: BitRelation::from_wit(test.relation)?, mask: test.mask }
        }
        backend::FilterTest::Size(test) => {
            FilterTest::Size { tag: PropTag(test.tag), relop: Relop::from_wit(test.relop)?, size: test.size }
        }
        backend::FilterTest::Exist(tag) => FilterTest::Exist(PropTag(tag)),
    })
}

pub(crate) fn order(order: Vec<backend::OrderKey>) -> Vec<OrderKey> {
    order.into_iter().map(|key| OrderKey { tag: PropTag(key.tag), descending: key.descending }).collect()
}

const fn support(support: Support) -> backend::Support {
    match support {
        Support::Exact => backend::Support::Exact,
        Support::Inexact => backend::Support::Inexact,
        Support::Unsupported => backend::Support::Unsupported,
    }
}

pub(crate) fn plan(plan: Plan) -> backend::Plan {
    let Plan { filters, order, counts, positions, groups } = plan;
    backend::Plan { filters: filters.into_iter().map(support).collect(), order: support(order), counts, positions, groups }
}

impl Wire for RowKey {
    type Wit = backend::RowKey;

    fn into_wit(self) -> backend::RowKey {
        backend::RowKey { keys: self.keys, arrival: self.arrival }
    }

    fn from_wit(key: backend::RowKey) -> Result<Self> {
        Ok(Self { keys: key.keys, arrival: key.arrival })
    }
}

pub(crate) fn scan_from(start: backend::ScanStart) -> Result<ScanFrom> {
    Ok(match start {
        backend::ScanStart::Start => ScanFrom::Start,
        backend::ScanStart::After(key) => ScanFrom::After(RowKey::from_wit(key)?),
        backend::ScanStart::At(key) => ScanFrom::At(RowKey::from_wit(key)?),
        backend::ScanStart::Position(row) => ScanFrom::Position(row),
    })
}

pub(crate) fn scan_page(page: ScanPage) -> Result<backend::ScanPage> {
    Ok(backend::ScanPage { batch: batch(page.batch)?, last: page.last.map(Wire::into_wit), more: page.more })
}

/// Lists of unequal length, from a backend that lies, end with the shortest.
pub(crate) fn group_page(page: GroupBatch) -> backend::GroupPage {
    let GroupBatch { keys, values, counts, unread, more } = page;
    let groups = keys.into_iter().zip(values).zip(counts).zip(unread).map(|(((keys, values), count), unread)| backend::Group {
        keys,
        values: values.into_iter().map(|value| value.map(Wire::into_wit)).collect(),
        count,
        unread,
    });
    backend::GroupPage { groups: groups.collect(), more }
}
