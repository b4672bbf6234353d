//! Scans: what a backend says it evaluates, it evaluates as the engine would (`tables` 5.5, 7).

use super::oracle::{self, StoredRow, TAGS};
use super::subject::{FoundRow, Subject, removal, row_key, text};
use super::{Check, Outcome, ensure, same};
use crate::dice::Dice;
use mapi_engine::backend::{
    Change, Commit, Filter, FilterTest, GroupBatch, GroupRequest, ObjectId, ObjectKind, Objects, OrderKey, Plan, PlanRequest,
    RowKey, ScanFrom, ScanKind, ScanRequest, Scope, Store, StoredProperty, StoredValue, Support, TextMatch,
};
use mapi_engine::collation;
use mapi_engine::properties::{Value, tags};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a plain scan is in order of arrival, in pages, both ways", run: plain },
    Check { name: "an accepted order is the engine's order, both ways", run: orders },
    Check { name: "a page begins at, behind or at the position asked for", run: places },
    Check { name: "exact filters pass exactly the rows that match, inexact ones hold none back", run: filters },
    Check { name: "filters, order, count and rank agree with each other", run: together },
    Check { name: "an order stays right while rows change", run: changes },
    Check { name: "categories are those of a naive grouping", run: groups },
    Check { name: "deferred indexing does not change an answer", run: deferred },
    Check { name: "a search finds the texts there are, not those there were", run: changed_texts },
    Check { name: "new order keys reorder rows and keep their versions", run: rekeying },
    Check { name: "a malformed filter is not accepted", run: malformed },
];

/// A folder of rows by chance, and the rows as stored.
fn filled(subject: &Subject, dice: &Dice, count: usize) -> Outcome<(Scope, Vec<StoredRow>)> {
    let folder = subject.create(&subject.root(), ObjectKind::Folder, &[])?;
    let mut rows = Vec::new();
    for _ in 0..count {
        let properties = oracle::row_of(dice);
        let object = subject.create(&folder, ObjectKind::Message, &properties)?;
        let arrival = subject.head(&object)?.arrival;
        rows.push(StoredRow { object, arrival, properties });
    }
    Ok((Scope::One(folder), rows))
}

fn plan(subject: &Subject, scope: &Scope, filters: &[Filter], order: &[OrderKey]) -> Outcome<Plan> {
    let plan = subject.store.plan(&PlanRequest { scope, kind: ScanKind::Contents, filters, order })?;
    same("answers to filters", &plan.filters.len(), &filters.len())?;
    ensure(plan.order != Support::Inexact, || "an order was called inexact; there is no such order".to_owned())?;
    Ok(plan)
}

fn ids(rows: &[FoundRow]) -> Vec<ObjectId> {
    rows.iter().map(|row| row.object.clone()).collect()
}

fn sorted(rows: &[StoredRow], order: &[OrderKey]) -> Vec<StoredRow> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| oracle::compare_rows(order, a, b));
    rows
}

fn stored_ids(rows: &[StoredRow]) -> Vec<ObjectId> {
    rows.iter().map(|row| row.object.clone()).collect()
}

fn key_of(row: &StoredRow, order: &[OrderKey]) -> RowKey {
    let cells: Vec<_> = order.iter().map(|key| row.value(key.tag).cloned()).collect();
    row_key(row.arrival, &cells)
}

fn plain(subject: &Subject) -> Outcome {
    let (scope, rows) = filled(subject, &Dice::new(1), 20)?;
    let found = subject.rows(&scope, ScanKind::Contents, &TAGS, &[], &[])?;
    same("rows", &ids(&found), &stored_ids(&rows))?;
    for (found, stored) in found.iter().zip(&rows) {
        same("arrival", &found.arrival, &stored.arrival)?;
        same("kind", &found.kind, &ObjectKind::Message)?;
        let cells: Vec<_> = TAGS.iter().map(|tag| stored.value(*tag).cloned()).collect();
        same("cells", &found.cells, &cells)?;
    }
    let mut reversed = stored_ids(&rows);
    reversed.reverse();
    let found = subject.read_on(&scope, ScanKind::Contents, &[], &[], &[], ScanFrom::Start, true)?;
    same("rows backwards", &ids(&found), &reversed)?;
    let request = ScanRequest {
        scope: &scope,
        kind: ScanKind::Contents,
        columns: &TAGS,
        cell_limit: 0,
        filters: &[],
        order: &[],
        from: ScanFrom::Start,
        backwards: false,
        max: 0,
    };
    same("rows of an empty page", &subject.store.scan(&request)?.batch.len(), &0)
}

/// Orders worth trying: one key both ways, and pairs of keys.
fn some_orders() -> Vec<Vec<OrderKey>> {
    let key = |tag, descending| OrderKey { tag, descending };
    let mut orders: Vec<Vec<OrderKey>> = TAGS.iter().flat_map(|tag| [vec![key(*tag, false)], vec![key(*tag, true)]]).collect();
    for (first, second) in [(false, false), (true, true), (false, true)] {
        orders.push(vec![key(tags::SENDER_NAME, first), key(tags::MESSAGE_DELIVERY_TIME, second)]);
        orders.push(vec![key(tags::IMPORTANCE, first), key(tags::SUBJECT, second), key(tags::SUBJECT, first)]);
    }
    orders.push(Vec::new());
    orders
}

fn orders(subject: &Subject) -> Outcome {
    let (scope, rows) = filled(subject, &Dice::new(2), 40)?;
    for order in some_orders() {
        if plan(subject, &scope, &[], &order)?.order != Support::Exact {
            continue;
        }
        let mut wanted = stored_ids(&sorted(&rows, &order));
        let found = subject.rows(&scope, ScanKind::Contents, &[], &[], &order)?;
        same(&format!("rows by {order:?}"), &ids(&found), &wanted)?;
        wanted.reverse();
        let found = subject.read_on(&scope, ScanKind::Contents, &[], &[], &order, ScanFrom::Start, true)?;
        same(&format!("rows by {order:?}, backwards"), &ids(&found), &wanted)?;
    }
    Ok(())
}

fn places(subject: &Subject) -> Outcome {
    let (scope, rows) = filled(subject, &Dice::new(3), 24)?;
    for order in some_orders() {
        let plan = plan(subject, &scope, &[], &order)?;
        if plan.order != Support::Exact {
            continue;
        }
        let wanted = sorted(&rows, &order);
        let read = |from: ScanFrom, backwards| {
            subject.read_on(&scope, ScanKind::Contents, &[], &[], &order, from, backwards).map(|rows| ids(&rows))
        };
        let all = stored_ids(&wanted);
        let back = |rows: &[ObjectId]| rows.iter().rev().cloned().collect::<Vec<_>>();
        for place in [0, 1, 11, 22, 23] {
            let key = key_of(&wanted[place], &order);
            let what = |from: &str| format!("rows {from} row {place} by {order:?}");
            same(&what("behind"), &read(ScanFrom::After(key.clone()), false)?, &all[place + 1..].to_vec())?;
            same(&what("from"), &read(ScanFrom::At(key.clone()), false)?, &all[place..].to_vec())?;
            same(&what("before"), &read(ScanFrom::After(key.clone()), true)?, &back(&all[..place]))?;
            same(&what("back from"), &read(ScanFrom::At(key.clone()), true)?, &back(&all[..=place]))?;
            if plan.positions {
                let position = ScanFrom::Position(place as u64);
                same(&what("from position of"), &read(position.clone(), false)?, &all[place..].to_vec())?;
                same(&what("back from position of"), &read(position, true)?, &back(&all[..=place]))?;
                let rank = subject.store.rank(&scope, ScanKind::Contents, &[], &order, &key)?;
                same(&what("rank of"), &rank, &(place as u64))?;
            }
        }
        if plan.positions {
            same("rows behind the last position", &read(ScanFrom::Position(24), false)?, &Vec::new())?;
            let mut key = key_of(&wanted[5], &order);
            // No row has this arrival number: the place is before or behind row 5 alone.
            key.arrival = key.arrival.saturating_add(u64::MAX / 2);
            let naive = wanted.iter().filter(|row| before(row, &key, &order)).count();
            let rank = subject.store.rank(&scope, ScanKind::Contents, &[], &order, &key)?;
            same(&format!("rank of a place without a row by {order:?}"), &rank, &(naive as u64))?;
        }
    }
    Ok(())
}

/// Whether a row stands before a place that no row has.
fn before(row: &StoredRow, key: &RowKey, order: &[OrderKey]) -> bool {
    for (sort, wanted) in order.iter().zip(&key.keys) {
        match (row.key(sort.tag), wanted) {
            (Some(own), Some(wanted)) if own != *wanted => return (own < *wanted) != sort.descending,
            (Some(_), None) => return true,
            (None, Some(_)) => return false,
            _ => {}
        }
    }
    (row.arrival < key.arrival) != order.last().is_some_and(|key| key.descending)
}

fn matching(rows: &[StoredRow], filters: &[Filter]) -> Vec<StoredRow> {
    let passes = |row: &&StoredRow| filters.iter().all(|filter| oracle::passes(filter, row).0);
    rows.iter().filter(passes).cloned().collect()
}

fn filters(subject: &Subject) -> Outcome {
    let dice = Dice::new(4);
    let (scope, rows) = filled(subject, &dice, 40)?;
    for _ in 0..400 {
        let mut filter = Vec::new();
        oracle::filter_of(&dice, 3, &mut filter);
        let filters = [filter];
        let plan = plan(subject, &scope, &filters, &[])?;
        if plan.filters[0] == Support::Unsupported {
            continue;
        }
        let found = ids(&subject.rows(&scope, ScanKind::Contents, &[], &filters, &[])?);
        let wanted = stored_ids(&matching(&rows, &filters));
        if plan.filters[0] == Support::Exact {
            same(&format!("rows that match {filters:?}"), &found, &wanted)?;
            if plan.counts {
                let count = subject.store.count(&scope, ScanKind::Contents, &filters)?;
                same(&format!("number of rows that match {filters:?}"), &count, &(wanted.len() as u64))?;
            }
        } else {
            let held = wanted.iter().find(|row| !found.contains(row));
            ensure(held.is_none(), || format!("an inexact answer to {filters:?} holds back {held:?}"))?;
        }
    }
    Ok(())
}

fn together(subject: &Subject) -> Outcome {
    let dice = Dice::new(5);
    let (scope, rows) = filled(subject, &dice, 40)?;
    let orders = some_orders();
    for _ in 0..150 {
        let mut filters = vec![Vec::new(), Vec::new()];
        for filter in &mut filters {
            oracle::filter_of(&dice, 1, filter);
        }
        let order = dice.pick(&orders);
        let plan = plan(subject, &scope, &filters, order)?;
        if plan.order != Support::Exact || plan.filters.iter().any(|answer| *answer != Support::Exact) {
            continue;
        }
        let wanted = sorted(&matching(&rows, &filters), order);
        let what = format!("with {filters:?} by {order:?}");
        let found = subject.rows(&scope, ScanKind::Contents, &[], &filters, order)?;
        same(&format!("rows {what}"), &ids(&found), &stored_ids(&wanted))?;
        if plan.counts {
            let count = subject.store.count(&scope, ScanKind::Contents, &filters)?;
            same(&format!("count {what}"), &count, &(wanted.len() as u64))?;
        }
        if plan.positions
            && let Some(row) = wanted.get(wanted.len() / 2)
        {
            let place = wanted.len() / 2;
            let rank = subject.store.rank(&scope, ScanKind::Contents, &filters, order, &key_of(row, order))?;
            same(&format!("rank {what}"), &rank, &(place as u64))?;
            let from = ScanFrom::Position(place as u64);
            let found = subject.read_on(&scope, ScanKind::Contents, &[], &filters, order, from, false)?;
            same(&format!("rows from a position {what}"), &ids(&found), &stored_ids(&wanted[place..]))?;
        }
    }
    Ok(())
}

fn changes(subject: &Subject) -> Outcome {
    let dice = Dice::new(6);
    let (scope, mut rows) = filled(subject, &dice, 20)?;
    let Scope::One(folder) = &scope else { return Ok(()) };
    let orders: Vec<_> = some_orders();
    for step in 0..60 {
        let place = dice.below(rows.len());
        match dice.below(4) {
            0 => {
                let properties = oracle::row_of(&dice);
                let object = subject.create(folder, ObjectKind::Message, &properties)?;
                let arrival = subject.head(&object)?.arrival;
                rows.push(StoredRow { object, arrival, properties });
            }
            1 if rows.len() > 10 => {
                let gone = rows.remove(place);
                subject.commit(vec![removal(&gone.object, dice.once_in(2))])?;
            }
            2 => {
                let row = &mut rows[place];
                subject.commit(vec![super::subject::moving(&row.object, folder, false)])?;
                row.arrival = subject.head(&row.object)?.arrival;
            }
            _ => {
                let row = &mut rows[place];
                let properties = oracle::row_of(&dice);
                let change = Change::Set {
                    object: row.object.clone(),
                    expected: mapi_engine::backend::Expected::Exists,
                    set: subject.all_stored(&properties),
                    delete: TAGS.iter().copied().filter(|tag| !properties.iter().any(|p| p.tag == *tag)).collect(),
                    quiet: dice.once_in(2),
                };
                subject.commit(vec![change])?;
                row.properties = properties;
            }
        }
        let order = &orders[step % orders.len()];
        if plan(subject, &scope, &[], order)?.order == Support::Exact {
            let found = subject.rows(&scope, ScanKind::Contents, &[], &[], order)?;
            same(&format!("rows by {order:?} after step {step}"), &ids(&found), &stored_ids(&sorted(&rows, order)))?;
        }
    }
    Ok(())
}

fn groups(subject: &Subject) -> Outcome {
    let (scope, rows) = filled(subject, &Dice::new(8), 40)?;
    for order in some_orders().into_iter().filter(|order| !order.is_empty()) {
        let plan = plan(subject, &scope, &[], &order)?;
        if !plan.groups || plan.order != Support::Exact {
            continue;
        }
        for levels in 1..=order.len() {
            let keys = &order[..levels];
            let mut wanted = GroupBatch::default();
            let mut arrivals = Vec::new();
            for row in sorted(&rows, keys) {
                let own: Vec<_> = keys.iter().map(|key| row.key(key.tag)).collect();
                if wanted.keys.last() != Some(&own) {
                    wanted.keys.push(own);
                    wanted.values.push(Vec::new());
                    wanted.counts.push(0);
                    wanted.unread.push(0);
                    arrivals.push(u64::MAX);
                }
                let last = wanted.keys.len() - 1;
                wanted.counts[last] += 1;
                wanted.unread[last] += u64::from(row.is_unread());
                if row.arrival < arrivals[last] {
                    arrivals[last] = row.arrival;
                    wanted.values[last] = keys.iter().map(|key| row.value(key.tag).cloned()).collect();
                }
            }
            let mut found = GroupBatch::default();
            let mut after = None;
            loop {
                let request = GroupRequest {
                    scope: &scope,
                    kind: ScanKind::Contents,
                    filters: &[],
                    order: &order,
                    levels: u32::try_from(levels).unwrap_or_default(),
                    after: after.clone(),
                    max: 3,
                };
                let page = subject.store.groups(&request)?;
                ensure(page.keys.len() <= 3, || "more categories than were asked for".to_owned())?;
                after = page.keys.last().cloned();
                found.keys.extend(page.keys);
                found.values.extend(page.values);
                found.counts.extend(page.counts);
                found.unread.extend(page.unread);
                if !page.more {
                    break;
                }
                ensure(found.keys.len() <= rows.len(), || "the categories do not end".to_owned())?;
            }
            same(&format!("categories by {keys:?}"), &found, &wanted)?;
        }
    }
    Ok(())
}

fn contains(wanted: &str) -> Filter {
    vec![FilterTest::Text { tag: tags::SUBJECT, how: TextMatch::Substring, folded: collation::fold(wanted).into_owned() }]
}

fn deferred(subject: &Subject) -> Outcome {
    let folder = subject.create(&subject.root(), ObjectKind::Folder, &[])?;
    let scope = Scope::One(folder.clone());
    let mut rows = Vec::new();
    for (number, subject_text) in ["alpha", "beta", "ALPHABET", "gamma", "betablocker"].into_iter().enumerate() {
        let object = subject.reserve()?;
        let properties = vec![text(tags::SUBJECT, subject_text)];
        let changes = vec![subject.creation(&object, &folder, ObjectKind::Message, &properties)];
        subject.store.commit(Commit { changes, defer_indexing: number > 0, ..Commit::default() })?;
        rows.push(StoredRow { arrival: subject.head(&object)?.arrival, object, properties });
    }
    let ask = || -> Outcome {
        for wanted in ["alpha", "bet", "a", "zeta"] {
            let filters = [contains(wanted)];
            let support = plan(subject, &scope, &filters, &[])?.filters[0];
            if support == Support::Unsupported {
                continue;
            }
            let found = ids(&subject.rows(&scope, ScanKind::Contents, &[], &filters, &[])?);
            let wanted_rows = stored_ids(&matching(&rows, &filters));
            let held = wanted_rows.iter().any(|row| !found.contains(row));
            let right = if support == Support::Exact { found == wanted_rows } else { !held };
            ensure(right, || format!("a search for {wanted:?} found {found:?} instead of {wanted_rows:?}"))?;
        }
        Ok(())
    };
    ask()?;
    let mut steps = 0;
    while subject.store.index_step(1000)? {
        ask()?;
        steps += 1;
        ensure(steps < 10_000, || "deferred indexing does not end".to_owned())?;
    }
    ask()
}

fn changed_texts(subject: &Subject) -> Outcome {
    let folder = subject.create(&subject.root(), ObjectKind::Folder, &[])?;
    let scope = Scope::One(folder.clone());
    let find = |wanted: &str, holders: &[&ObjectId]| -> Outcome {
        let filters = [contains(wanted)];
        let support = plan(subject, &scope, &filters, &[])?.filters[0];
        if support == Support::Unsupported {
            return Ok(());
        }
        let found = ids(&subject.rows(&scope, ScanKind::Contents, &[], &filters, &[])?);
        let held = holders.iter().any(|holder| !found.contains(holder));
        let right = if support == Support::Exact { found.iter().eq(holders.iter().copied()) } else { !held };
        ensure(right, || format!("a search for {wanted:?} found {found:?} instead of {holders:?}"))
    };
    let create = |words: &str| subject.create(&folder, ObjectKind::Message, &[text(tags::SUBJECT, words)]);
    let (changed, removed, deleted) = (create("a needle")?, create("needles")?, create("the needle")?);
    let (original, copy) = (create("one needle more")?, subject.reserve()?);
    find("needle", &[&changed, &removed, &deleted, &original])?;
    subject.set(&changed, &[text(tags::SUBJECT, "hay")])?;
    let copying = Change::Copy {
        source: original.clone(),
        object: copy.clone(),
        parent: folder.clone(),
        set: Vec::new(),
        delete: Vec::new(),
    };
    subject.commit(vec![removal(&removed, true), removal(&deleted, false), copying])?;
    find("needle", &[&original, &copy])?;
    find("hay", &[&changed])?;
    subject.set(&original, &[text(tags::SUBJECT, "more hay")])?;
    find("needle", &[&copy])?;
    find("hay", &[&changed, &original])?;
    subject.commit(vec![removal(&original, true)])?;
    find("needle", &[&copy])?;
    subject.store.compact()?;
    find("needle", &[&copy])?;
    find("hay", &[&changed])
}

fn rekeying(subject: &Subject) -> Outcome {
    let order = [OrderKey { tag: tags::SUBJECT, descending: false }];
    if !subject.identity.index.ordered.iter().any(|tag| tag.id() == tags::SUBJECT.id()) {
        return Ok(());
    }
    let folder = subject.create(&subject.root(), ObjectKind::Folder, &[])?;
    let scope = Scope::One(folder.clone());
    let mut messages = Vec::new();
    for subject_text in ["a", "b", "c"] {
        messages.push(subject.create(&folder, ObjectKind::Message, &[text(tags::SUBJECT, subject_text)])?);
    }
    let listed = || subject.rows(&scope, ScanKind::Contents, &[], &[], &order).map(|rows| ids(&rows));
    if plan(subject, &scope, &[], &order)?.order != Support::Exact {
        return Ok(());
    }
    same("rows", &listed()?, &messages)?;
    let versions = |messages: &[ObjectId]| -> Outcome<Vec<u64>> {
        messages.iter().map(|message| Ok(subject.head(message)?.version)).collect()
    };
    let before = versions(&messages)?;
    let keyed = messages.iter().zip(["3", "2", "1"]).map(|(message, key)| {
        let value = StoredValue::Inline(Value::Null);
        let property = StoredProperty { tag: tags::SUBJECT, value, order_key: Some(key.into()), folded: None };
        (message.clone(), vec![property])
    });
    subject.store.rekey(keyed.collect(), collation::KEY_VERSION, true)?;
    let reversed: Vec<_> = messages.iter().rev().cloned().collect();
    same("rows by new keys", &listed()?, &reversed)?;
    same("versions", &versions(&messages)?, &before)?;
    same("value", &subject.value(&messages[0], tags::SUBJECT)?, &Some(Value::Unicode("a".into())))
}

fn malformed(subject: &Subject) -> Outcome {
    let scope = Scope::One(subject.root());
    let exist = FilterTest::Exist(tags::SUBJECT);
    for filter in [
        Vec::new(),
        vec![FilterTest::And(2), exist.clone()],
        vec![exist.clone(), exist.clone()],
        vec![FilterTest::Not],
        vec![FilterTest::Or(u32::MAX)],
    ] {
        let plan = subject.store.plan(&PlanRequest {
            scope: &scope,
            kind: ScanKind::Contents,
            filters: std::slice::from_ref(&filter),
            order: &[],
        });
        let refused = plan.is_err() || plan.is_ok_and(|plan| plan.filters == [Support::Unsupported]);
        ensure(refused, || format!("the filter {filter:?} was accepted"))?;
    }
    Ok(())
}
