//! Categories: rows grouped by the leading keys of an order, with what they count (`tables` 7 "Push-down", 8).
//!
//! Where the order of the one key is kept, the groups are stretches of it: a short one is walked, of a long one only
//! its ends are looked for, since the buckets tell how many entries lie between. Which rows are unread is not kept by
//! group; while a folder has unread messages the entries are held against the order by message flags, which tells
//! them all. Everything else - several keys, filters - is grouped from the rows that pass, in their order.

use crate::backends::sqlite::matching::{Match, compare};
use crate::backends::sqlite::orders::{Order, Place, key_of_sort, sort_key};
use crate::backends::sqlite::plan::{ORDERED, listed};
use crate::backends::sqlite::rows::{self, Counts};
use crate::backends::sqlite::scan::{Recall, Subject, kept, wanted_order};
use crate::backends::sqlite::schema::{Class, number_of};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{GroupBatch, OrderKey, RowKey, Scope};
use mapi_engine::properties::tags;
use rusqlite::Connection;
use std::collections::HashSet;

/// The order keys of a group.
pub(super) type Keys = Vec<Option<Vec<u8>>>;

/// Rows that are looked at one by one without a second thought.
const FEW: u64 = 4096;

/// Entries of one group passed before its end is looked for.
const LONG: u64 = 512;

/// The order that tells unread messages from others.
const FLAGS: OrderKey = OrderKey { tag: tags::MESSAGE_FLAGS, descending: false };

/// `MSGFLAG_READ`, in the last byte of an order key.
const READ: u8 = 1;

/// Whether categories are made sooner here than from rows handed over: of one key, or of few rows.
pub(super) fn pays(connection: &Connection, subject: &Subject) -> Outcome<bool> {
    match subject.order.as_slice() {
        [] => Ok(false),
        [_] => Ok(true),
        _ => Ok(rows_of(connection, subject)?.is_some_and(|rows| rows <= FEW)),
    }
}

/// How many rows a folder has of that kind; `None`: it is no folder, or several.
fn rows_of(connection: &Connection, subject: &Subject) -> Outcome<Option<u64>> {
    let (Scope::One(container), Some(class)) = (&subject.scope, Class::scanned(subject.kind)) else { return Ok(None) };
    let Some(container) = number_of(container) else { return Ok(None) };
    let rows = Counts::of(connection, container)?.class(class);
    Ok(rows.map(|rows| u64::try_from(rows).unwrap_or_default()))
}

/// The order by message flags, if it is worth keeping for the counting of unread messages and is not kept yet.
pub(super) fn wanted_flags(connection: &Connection, subject: &Subject) -> Outcome<Option<(i64, Class, u32)>> {
    let many = rows_of(connection, subject)?.is_some_and(|rows| rows > FEW);
    if !many || !subject.filters.is_empty() || subject.order.len() != 1 || !has_unread(connection, subject)? {
        return Ok(None);
    }
    wanted_order(connection, &Subject { order: vec![FLAGS], ..subject.clone() })
}

/// Whether there may be unread rows.
fn has_unread(connection: &Connection, subject: &Subject) -> Outcome<bool> {
    match (&subject.scope, Class::scanned(subject.kind)) {
        (Scope::One(container), Some(Class::CONTENT)) => match number_of(container) {
            Some(container) => Ok(Counts::of(connection, container)?.unread > 0),
            None => Ok(false),
        },
        _ => Ok(true),
    }
}

/// How it is told which rows are unread.
enum Unread {
    /// None is.
    Nothing,
    /// By looking at the row.
    Looked(Class),
    /// Those with these arrival numbers.
    Marked(Marks),
}

/// A set of arrival numbers: a bit each, but for those only a damaged file has.
#[derive(Default)]
struct Marks {
    dense: Vec<u64>,
    others: HashSet<i64>,
}

impl Marks {
    /// Numbers that have a bit: 32 MiB of them.
    const DENSE: usize = 1 << 28;

    fn place(arrival: i64) -> Option<(usize, u64)> {
        let arrival = usize::try_from(arrival).ok().filter(|arrival| *arrival < Self::DENSE)?;
        Some((arrival / 64, 1 << (arrival % 64)))
    }

    fn insert(&mut self, arrival: i64) {
        let Some((at, bit)) = Self::place(arrival) else {
            self.others.insert(arrival);
            return;
        };
        if self.dense.len() <= at {
            self.dense.resize(at + 1, 0);
        }
        self.dense[at] |= bit;
    }

    fn contains(&self, arrival: i64) -> bool {
        match Self::place(arrival) {
            Some((at, bit)) => self.dense.get(at).is_some_and(|bits| bits & bit != 0),
            None => self.others.contains(&arrival),
        }
    }
}

impl Unread {
    /// For so many rows of that kind.
    fn of(connection: &Connection, subject: &Subject, rows: u64) -> Outcome<Self> {
        if !has_unread(connection, subject)? {
            return Ok(Self::Nothing);
        }
        let class = Class::scanned(subject.kind).unwrap_or(Class::NONE);
        let (Scope::One(container), true) = (&subject.scope, rows > FEW && class == Class::CONTENT) else {
            return Ok(Self::Looked(class));
        };
        let mut marked = Marks::default();
        let mut mark = |arrival: i64| marked.insert(arrival);
        match kept(connection, &Subject { order: vec![FLAGS], ..subject.clone() })? {
            Some((order, _)) => {
                let mut from = Place::first();
                while let Some(first) = first_of(connection, &order, &from)? {
                    // Without flags, or with flags without that one.
                    if first.sort.last().is_none_or(|last| first.sort.first() == Some(&1) || last & READ == 0) {
                        each_arrival(connection, &order, &first.sort, &mut mark)?;
                    }
                    from = behind(first.sort);
                }
            }
            None => {
                let mut statement =
                    connection.prepare_cached("SELECT arrival FROM objects WHERE parent = ?1 AND class = ?2 AND unread")?;
                let mut rows = statement.query((number_of(container), class.0))?;
                while let Some(row) = rows.next()? {
                    mark(row.get(0)?);
                }
            }
        }
        Ok(Self::Marked(marked))
    }

    fn is_unread(&self, connection: &Connection, object: i64, arrival: i64) -> Outcome<bool> {
        match self {
            Self::Nothing => Ok(false),
            Self::Marked(_) => Ok(self.is_marked(arrival)),
            Self::Looked(Class::CONTENT) => {
                let mut statement = connection.prepare_cached("SELECT unread FROM objects WHERE id = ?1")?;
                let mut rows = statement.query([object])?;
                Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or_default())
            }
            // Whether others are read is told by their flags alone.
            Self::Looked(_) => {
                let flags = rows::property(connection, object, tags::MESSAGE_FLAGS)?;
                Ok(!matches!(flags, Some(mapi_engine::properties::Value::Long(flags)) if flags & i32::from(READ) != 0))
            }
        }
    }

    fn is_marked(&self, arrival: i64) -> bool {
        matches!(self, Self::Marked(marked) if marked.contains(arrival))
    }
}

/// A group while its rows are counted.
struct Group {
    keys: Keys,
    count: u64,
    unread: u64,
    /// Arrival number and object of its row of lowest arrival.
    first: (i64, i64),
}

impl Group {
    fn add(&mut self, arrival: i64, object: i64, unread: bool) {
        self.count += 1;
        self.unread += u64::from(unread);
        self.first = self.first.min((arrival, object));
    }
}

/// A page of groups by all keys of the subject's order, behind the one with those keys.
pub(super) fn groups(
    connection: &Connection,
    recall: &dyn Recall,
    subject: &Subject,
    after: Option<&Keys>,
    max: u32,
) -> Outcome<GroupBatch> {
    let max = max.max(1) as usize;
    let order = if subject.filters.is_empty() { kept(connection, subject)? } else { None };
    let (groups, more) = match order {
        Some((order, descending)) if order.tag != 0 => {
            let unread = Unread::of(connection, subject, rows_of(connection, subject)?.unwrap_or(u64::MAX))?;
            let walk = Walk { connection, recall, order, unread };
            walk.groups(descending, after.map(|keys| keys.first().and_then(Option::as_deref)), max)?
        }
        _ => among_matches(connection, recall, subject, after, max)?,
    };
    let mut batch = GroupBatch { more, ..GroupBatch::default() };
    for Group { keys, count, unread, first } in groups {
        let value = |(key, order): (&Option<Vec<u8>>, &OrderKey)| match (key, listed(&ORDERED, order.tag)) {
            (Some(_), Some(tag)) => rows::property(connection, first.1, tag),
            _ => Ok(None),
        };
        batch.values.push(keys.iter().zip(&subject.order).map(value).collect::<Outcome<_>>()?);
        batch.keys.push(keys);
        batch.counts.push(count);
        batch.unread.push(unread);
    }
    Ok(batch)
}

/// The groups of the rows that pass, in their order.
fn among_matches(
    connection: &Connection,
    recall: &dyn Recall,
    subject: &Subject,
    after: Option<&Keys>,
    max: usize,
) -> Outcome<(Vec<Group>, bool)> {
    let matches = crate::backends::sqlite::scan::in_order(connection, recall, subject)?;
    let unread = Unread::of(connection, subject, matches.0.len() as u64)?;
    let begin = after.map_or(0, |keys| {
        // Behind every row of that group.
        let arrival = if subject.order.last().is_some_and(|key| key.descending) { 0 } else { u64::MAX };
        let last = RowKey { keys: keys.clone(), arrival };
        matches.0.partition_point(|row| compare(&subject.order, &row.key, &last).is_le())
    });
    let mut groups: Vec<Group> = Vec::new();
    for Match { key: RowKey { keys, arrival }, object } in matches.0.iter().skip(begin) {
        let arrival = arrival.cast_signed();
        let unread = unread.is_unread(connection, *object, arrival)?;
        if let Some(group) = groups.last_mut()
            && group.keys == *keys
        {
            group.add(arrival, *object, unread);
            continue;
        }
        if groups.len() == max {
            return Ok((groups, true));
        }
        groups.push(Group { keys: keys.clone(), count: 1, unread: u64::from(unread), first: (arrival, *object) });
    }
    Ok((groups, false))
}

/// The groups of an order that is kept.
struct Walk<'a> {
    connection: &'a Connection,
    recall: &'a dyn Recall,
    order: Order,
    unread: Unread,
}

impl Walk<'_> {
    /// Up to `max` groups behind the one with that key, and whether there are more.
    fn groups(&self, descending: bool, after: Option<Option<&[u8]>>, max: usize) -> Outcome<(Vec<Group>, bool)> {
        let mut groups = Vec::new();
        // Absent values come last in both directions.
        let runs = if descending {
            vec![(Place::first(), Place::absent(), true), (Place::absent(), Place::last(), false)]
        } else {
            vec![(Place::first(), Place::last(), false)]
        };
        for (mut from, mut to, descending) in runs {
            if let Some(key) = after {
                let sort = sort_key(key);
                match descending {
                    true if key.is_none() => continue,
                    true => to = Place { sort, arrival: 0 },
                    false if key.is_some() && from == Place::absent() => {}
                    false => from = behind(sort),
                }
            }
            if !self.run(from, to, descending, max, &mut groups)? {
                return Ok((groups, true));
            }
        }
        Ok((groups, false))
    }

    /// Adds the groups between two places; whether all of them found room.
    fn run(&self, mut from: Place, mut to: Place, descending: bool, max: usize, groups: &mut Vec<Group>) -> Outcome<bool> {
        let sql = if descending {
            "SELECT sort, arrival, object FROM entries WHERE ord = ?1 AND (sort, arrival) >= (?2, ?3)
             AND (sort, arrival) < (?4, ?5) ORDER BY sort DESC, arrival DESC"
        } else {
            "SELECT sort, arrival, object FROM entries WHERE ord = ?1 AND (sort, arrival) >= (?2, ?3)
             AND (sort, arrival) < (?4, ?5) ORDER BY sort, arrival"
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        loop {
            // The group being counted, and its sort key.
            let mut open: Option<(Vec<u8>, Group)> = None;
            let mut long = None;
            let mut rows = statement.query((self.order.id, &from.sort, from.arrival, &to.sort, to.arrival))?;
            while let Some(row) = rows.next()? {
                let sort = row.get_ref(0)?.as_blob()?;
                let (arrival, object) = (row.get(1)?, row.get(2)?);
                let unread = self.unread.is_unread(self.connection, object, arrival)?;
                if let Some((open, group)) = &mut open
                    && open == sort
                {
                    group.add(arrival, object, unread);
                    if group.count > LONG {
                        long = Some(open.clone());
                        break;
                    }
                    continue;
                }
                groups.extend(open.take().map(|(_, group)| group));
                if groups.len() == max {
                    return Ok(false);
                }
                let group =
                    Group { keys: vec![key_of_sort(sort)], count: 1, unread: u64::from(unread), first: (arrival, object) };
                open = Some((sort.to_vec(), group));
            }
            drop(rows);
            let Some(sort) = long else {
                groups.extend(open.map(|(_, group)| group));
                return Ok(true);
            };
            groups.push(self.whole(&sort)?);
            if descending {
                to = Place { sort, arrival: 0 };
            } else {
                from = behind(sort);
            }
        }
    }

    /// The group with that sort key, counted at once.
    fn whole(&self, sort: &[u8]) -> Outcome<Group> {
        let (from, to) = (Place { sort: sort.to_vec(), arrival: 0 }, behind(sort.to_vec()));
        let mut group = Group { keys: vec![key_of_sort(sort)], count: 0, unread: 0, first: (i64::MAX, 0) };
        self.order.walk(self.connection, &from, &to, false, 0, |entry| {
            group.first = (entry.place.arrival, entry.object);
            Ok(false)
        })?;
        if let Unread::Marked(_) = self.unread {
            each_arrival(self.connection, &self.order, sort, &mut |arrival| {
                group.count += 1;
                group.unread += u64::from(self.unread.is_marked(arrival));
            })?;
            return Ok(group);
        }
        let directory = self.recall.directory(self.connection, &self.order)?;
        let rank = |place: &Place| directory.rank(self.connection, &self.order, place);
        group.count = rank(&to)?.saturating_sub(rank(&from)?);
        if let Unread::Looked(_) = self.unread {
            self.order.walk(self.connection, &from, &to, false, 0, |entry| {
                let unread = self.unread.is_unread(self.connection, entry.object, entry.place.arrival)?;
                group.unread += u64::from(unread);
                Ok(true)
            })?;
        }
        Ok(group)
    }
}

/// Behind every entry with that sort key.
fn behind(sort: Vec<u8>) -> Place {
    Place { sort, arrival: i64::MAX }
}

/// The first entry at a place or behind it.
fn first_of(connection: &Connection, order: &Order, from: &Place) -> Outcome<Option<Place>> {
    let mut found = None;
    order.walk(connection, from, &Place::last(), false, 0, |entry| {
        found = Some(entry.place);
        Ok(false)
    })?;
    Ok(found)
}

/// Calls `each` with the arrival numbers of all entries with that sort key.
fn each_arrival(connection: &Connection, order: &Order, sort: &[u8], each: &mut impl FnMut(i64)) -> Outcome<()> {
    let mut statement = connection.prepare_cached("SELECT arrival FROM entries WHERE ord = ?1 AND sort = ?2")?;
    let mut rows = statement.query((order.id, sort))?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::backends::sqlite::SqliteStore;
    use crate::backends::sqlite::database::Access;
    use mapi_engine::backend::{
        Change, Commit, GroupBatch, GroupRequest, IndexPlan, ObjectId, ObjectKind, Objects as _, OrderKey, ScanKind, Scope,
        Store, StoredProperty,
    };
    use mapi_engine::collation;
    use mapi_engine::memory::MemoryStore;
    use mapi_engine::properties::{FileTime, Guid, Property, Value, tags};

    fn stored(property: Property, plan: &IndexPlan) -> StoredProperty {
        let order_key = plan.ordered.contains(&property.tag).then(|| collation::order_key(&property.value)).flatten();
        StoredProperty { order_key, ..StoredProperty::from(property) }
    }

    /// Messages of four senders with many, some with few, and one with none; the objects of them.
    fn fill(store: &dyn Store, count: u32) -> Vec<ObjectId> {
        let (root, plan) = (store.identity().root, store.identity().index);
        let objects = store.reserve(count).unwrap();
        let changes = objects.iter().zip(0_u32..).map(|(object, number)| {
            let mut properties = vec![
                Property::new(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(FileTime(u64::from(number * 7919 % 1000)))),
                Property::new(tags::MESSAGE_FLAGS, Value::Long(i32::from(number % 3 > 0) | 2)),
            ];
            let sender = if number % 97 == 0 { format!("Rare {}", number % 500) } else { format!("SENDER {}", number % 4) };
            if number % 11 > 0 {
                let sender = if number % 2 == 0 { sender.to_lowercase() } else { sender };
                properties.push(Property::new(tags::SENDER_NAME, Value::Unicode(sender)));
            }
            let properties = properties.into_iter().map(|property| stored(property, &plan)).collect();
            Change::Create { object: object.clone(), parent: root.clone(), kind: ObjectKind::Message, properties }
        });
        store.commit(Commit { changes: changes.collect(), ..Commit::default() }).unwrap();
        objects
    }

    fn groups(store: &dyn Store, order: &[OrderKey], max: u32) -> GroupBatch {
        let (scope, mut all, mut after) = (Scope::One(store.identity().root), GroupBatch::default(), None);
        loop {
            let levels = u32::try_from(order.len()).unwrap();
            let request = GroupRequest { scope: &scope, kind: ScanKind::Contents, filters: &[], order, levels, after, max };
            let page = store.groups(&request).unwrap();
            after = page.keys.last().cloned();
            all.keys.extend(page.keys);
            all.values.extend(page.values);
            all.counts.extend(page.counts);
            all.unread.extend(page.unread);
            if !page.more {
                return all;
            }
        }
    }

    #[test]
    fn arrival_numbers_of_a_damaged_file_take_no_memory() {
        let mut marks = super::Marks::default();
        let numbers = [0, 63, 64, i64::MAX, -1, i64::MIN];
        numbers.into_iter().for_each(|number| marks.insert(number));
        assert!(numbers.into_iter().all(|number| marks.contains(number)) && marks.dense.len() == 2);
        assert!(![1, 65, 200, i64::MAX - 1, -2].into_iter().any(|number| marks.contains(number)));
    }

    #[test]
    fn groups_of_many_rows_and_of_few_are_those_a_plain_count_finds() {
        let folder = tempfile::tempdir().unwrap();
        for count in [300_u32, 5_000] {
            let ours = SqliteStore::open(&folder.path().join(count.to_string()), Access::Create).unwrap();
            let plain = MemoryStore::new(Guid([3; 16]), "plain");
            let (objects, others) = (fill(&ours, count), fill(&plain, count));
            let compare = |what: &str| {
                for descending in [false, true] {
                    let key = |tag| OrderKey { tag, descending };
                    for order in [vec![key(tags::SENDER_NAME)], vec![key(tags::SENDER_NAME), key(tags::MESSAGE_FLAGS)]] {
                        for max in [1000, 3] {
                            let (found, wanted) = (groups(&ours, &order, max), groups(&plain, &order, 1000));
                            assert_eq!(found, wanted, "{what}, {count} rows, descending {descending}, {max} at a time");
                        }
                    }
                }
            };
            compare("as made");
            let mark = |objects: &[ObjectId]| {
                let bits =
                    |object: &ObjectId| Change::Bits { object: object.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 };
                Commit { changes: objects.iter().map(bits).collect(), ..Commit::default() }
            };
            ours.commit(mark(&objects[..200])).unwrap();
            plain.commit(mark(&others[..200])).unwrap();
            compare("with some read");
            ours.commit(mark(&objects)).unwrap();
            plain.commit(mark(&others)).unwrap();
            compare("with all read");
        }
    }
}
