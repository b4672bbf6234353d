//! What is asked of a store of another process, in JSON.

use super::wire::{Wire, case};
use mapi_engine::backend::{
    Change, Commit, Expected, Filter, FilterTest, GroupRequest, OrderKey, PlanRequest, ScanFrom, ScanKind, ScanRequest, Scope,
    StoredProperty, StoredValue, Want,
};
use serde_json::{Value as Json, json};

/// Which properties to read.
pub(super) fn want(want: Want<'_>) -> Json {
    match want {
        Want::All => case("all", Json::Null),
        Want::Tags(tags) => case("tags", tags.to_vec().to_json()),
    }
}

fn scope(scope: &Scope) -> Json {
    match scope {
        Scope::One(container) => case("one", container.to_json()),
        Scope::Several { containers, recursive } => {
            case("several", json!({ "ids": containers.to_json(), "recursive": recursive }))
        }
    }
}

fn filters(filters: &[Filter]) -> Json {
    filters.iter().map(|filter| filter.iter().map(test).collect::<Json>()).collect()
}

fn test(test: &FilterTest) -> Json {
    match test {
        FilterTest::And(count) => case("and", json!(count)),
        FilterTest::Or(count) => case("or", json!(count)),
        FilterTest::Not => case("not", Json::Null),
        FilterTest::Compare { tag, relop, key, bounded, constant } => case(
            "compare",
            json!({
                "tag": tag.0, "relop": relop.to_json(), "key": key.to_json(), "bounded": bounded, "constant": constant.to_json(),
            }),
        ),
        FilterTest::Text { tag, how, folded } => case("text", json!({ "tag": tag.0, "how": how.to_json(), "folded": folded })),
        FilterTest::Bits { tag, relation, mask } => {
            case("bits", json!({ "tag": tag.0, "relation": relation.to_json(), "mask": mask }))
        }
        FilterTest::Size { tag, relop, size } => case("size", json!({ "tag": tag.0, "relop": relop.to_json(), "size": size })),
        FilterTest::Exist(tag) => case("exist", json!(tag.0)),
    }
}

/// An order.
pub(super) fn order(order: &[OrderKey]) -> Json {
    order.iter().map(|key| json!({ "tag": key.tag.0, "descending": key.descending })).collect()
}

/// What is asked of `plan`.
pub(super) fn plan_request(request: &PlanRequest<'_>) -> Json {
    json!({
        "scope": scope(request.scope), "kind": request.kind.to_json(), "filters": filters(request.filters),
        "order": order(request.order),
    })
}

/// What is asked of `scan`.
pub(super) fn scan_request(request: &ScanRequest<'_>) -> Json {
    let start = match &request.from {
        ScanFrom::Start => case("start", Json::Null),
        ScanFrom::After(key) => case("after", key.to_json()),
        ScanFrom::At(key) => case("at", key.to_json()),
        ScanFrom::Position(position) => case("position", position.to_json()),
    };
    json!({
        "scope": scope(request.scope), "kind": request.kind.to_json(), "columns": request.columns.to_vec().to_json(),
        "cellLimit": request.cell_limit, "filters": filters(request.filters), "order": order(request.order), "start": start,
        "backwards": request.backwards, "max": request.max,
    })
}

/// What is asked of `count` and `rank`.
pub(super) fn count_request(place: &Scope, kind: ScanKind, filter: &[Filter]) -> Json {
    json!({ "scope": scope(place), "kind": kind.to_json(), "filters": filters(filter) })
}

/// What is asked of `groups`.
pub(super) fn group_request(request: &GroupRequest<'_>) -> Json {
    json!({
        "scope": scope(request.scope), "kind": request.kind.to_json(), "filters": filters(request.filters),
        "order": order(request.order), "levels": request.levels, "after": request.after.to_json(), "max": request.max,
    })
}

/// Properties to be stored.
pub(super) fn stored(properties: &[StoredProperty]) -> Json {
    let one = |property: &StoredProperty| {
        let value = match &property.value {
            StoredValue::Inline(value) => case("inline", value.to_json()),
            StoredValue::Staged(staged) => {
                case("staged", json!({ "number": staged.number.to_json(), "size": staged.size.to_json() }))
            }
        };
        json!({
            "tag": property.tag.0, "value": value, "orderKey": property.order_key.to_json(), "folded": property.folded.to_json(),
        })
    };
    properties.iter().map(one).collect()
}

fn expected(expected: Expected) -> Json {
    match expected {
        Expected::Exists => case("exists", Json::Null),
        Expected::Version(version) => case("version", version.to_json()),
    }
}

fn change(change: &Change) -> Json {
    match change {
        Change::Create { object, parent, kind, properties } => case(
            "create",
            json!({
                "object": object.to_json(), "parent": parent.to_json(), "kind": kind.to_json(), "properties": stored(properties),
            }),
        ),
        Change::Set { object, expected: condition, set, delete, quiet } => case(
            "set",
            json!({
                "object": object.to_json(), "expected": expected(*condition), "set": stored(set), "delete": delete.to_json(),
                "quiet": quiet,
            }),
        ),
        Change::Bits { object, tag, set, clear } => {
            case("bits", json!({ "object": object.to_json(), "tag": tag.0, "set": set, "clear": clear }))
        }
        Change::Move { object, expected: condition, parent, set, restore } => case(
            "move",
            json!({
                "object": object.to_json(), "expected": expected(*condition), "parent": parent.to_json(), "set": stored(set),
                "restore": restore,
            }),
        ),
        Change::Copy { source, object, parent, set, delete } => case(
            "copy",
            json!({
                "source": source.to_json(), "object": object.to_json(), "parent": parent.to_json(), "set": stored(set),
                "delete": delete.to_json(),
            }),
        ),
        Change::Remove { object, expected: condition, hard } => {
            case("remove", json!({ "object": object.to_json(), "expected": expected(*condition), "hard": hard }))
        }
    }
}

/// What is asked of `commit`.
pub(super) fn commit(commit: &Commit) -> Json {
    json!({
        "changes": commit.changes.iter().map(change).collect::<Json>(), "token": commit.token.to_json(),
        "deferIndexing": commit.defer_indexing, "delivery": commit.delivery,
    })
}
