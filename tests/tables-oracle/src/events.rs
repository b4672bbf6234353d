//! What an operation tells whoever is registered (`tables` 11): which rows, in which order where the order is
//! laid down, and always so that a list kept by the events alone becomes the view.

use crate::cells::Expected;
use crate::oracle::{Before, Oracle};
use crate::restriction::counts;
use crate::view::{Header, Key};
use mapi_engine::notifications::{TableEvent, TableNotification};
use mapi_engine::properties::{PropTag, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Row events of one operation that are told one by one, in a store-backed table.
const BURST: usize = 20;

/// What an operation should tell.
pub(crate) struct Expectation {
    before: Vec<Key>,
    after: Vec<Key>,
    cells: BTreeMap<Key, Vec<Expected>>,
    required: BTreeMap<Key, TableEvent>,
    /// Rows that may be told of as modified beside.
    allowed: BTreeSet<Key>,
    /// The order of a single message's events in a categorized view; whether each has to be there.
    order: Option<Vec<(TableEvent, Key, bool)>>,
    /// Messages the operation was about. A row may be told of once for each, with the state in between.
    messages: usize,
    /// A category moves with all its rows when its extreme does.
    extremes: bool,
}

impl Oracle {
    /// What an operation on these messages tells, that found the view like that.
    pub(crate) fn expectation(&self, before: Before, touched: &[i32], read_state_changed: bool) -> Expectation {
        let after = self.view.keys();
        let items: BTreeMap<Key, Vec<Expected>> =
            self.view.items.iter().map(|item| (self.view.key(*item), self.cells(*item))).collect();
        let mut required = BTreeMap::new();
        let mut allowed = BTreeSet::new();
        for key in &before.keys {
            if !after.contains(key) {
                required.insert(*key, TableEvent::RowDeleted);
            }
        }
        for key in &after {
            if !before.keys.contains(key) {
                required.insert(*key, TableEvent::RowAdded);
            }
        }
        let stayed = |key: &Key| after.contains(key) && before.keys.contains(key);
        for leaf in &self.view.leaves {
            let key = Key::Leaf { arrival: leaf.arrival, element: leaf.element };
            if stayed(&key) && touched.contains(&self.messages[leaf.message].name) {
                required.insert(key, TableEvent::RowModified);
                allowed.insert(key);
            }
            if touched.contains(&self.messages[leaf.message].name) {
                allowed.extend(leaf.above.iter().copied().map(Key::Header));
            }
        }
        for name in touched {
            allowed.extend(before.above.get(name).into_iter().flatten().flatten().copied().map(Key::Header));
        }
        let known = |id: u64| before.headers.iter().find(|header| header.id == id);
        let mut moving: Vec<&Header> = Vec::new();
        for header in &self.view.headers {
            let Some(was) = known(header.id) else { continue };
            let counts = (was.count, was.unread) != (header.count, header.unread);
            let key = Key::Header(header.id);
            if stayed(&key) && (counts || before.cells.get(&key) != items.get(&key)) {
                if counts || was.extremum != header.extremum {
                    required.insert(key, TableEvent::RowModified);
                } else {
                    // Its value is spelt like that of another message now, which is no change of the category.
                    allowed.insert(key);
                }
            }
            if was.extremum != header.extremum {
                moving.push(header);
            }
        }
        for header in &moving {
            let below = self.view.leaves.iter().filter(|leaf| leaf.above.contains(&header.id));
            let rows: Vec<Key> =
                below.map(|leaf| Key::Leaf { arrival: leaf.arrival, element: leaf.element }).filter(stayed).collect();
            allowed.insert(Key::Header(header.id));
            allowed.extend(rows.iter().copied());
            if let [header] = moving[..]
                && self.settings.expanded_on().is_empty()
                && self.has_moved(header, &before.headers)
                && stayed(&Key::Header(header.id))
            {
                let rows = rows.into_iter().chain([Key::Header(header.id)]).filter(|key| !required.contains_key(key));
                required.extend(rows.map(|key| (key, TableEvent::RowModified)).collect::<Vec<_>>());
            }
        }
        if self.settings.extremum().is_some() && (touched.len() > 1 || !self.settings.expanded_on().is_empty()) {
            // Row after row leaves and enters: a category may move, and move back, with all its rows.
            let passed: BTreeSet<u64> =
                allowed.iter().filter_map(|key| if let Key::Header(id) = key { Some(*id) } else { None }).collect();
            let below = self.view.leaves.iter().filter(|leaf| leaf.above.iter().any(|id| passed.contains(id)));
            allowed.extend(below.map(|leaf| Key::Leaf { arrival: leaf.arrival, element: leaf.element }).filter(stayed));
        }
        let order = match touched {
            [name] if self.settings.sort.categories > 0 && self.order_is_laid_down() => {
                self.order(&before, *name, read_state_changed)
            }
            _ => None,
        };
        Expectation {
            before: before.keys,
            after,
            cells: items,
            required,
            allowed,
            order,
            messages: touched.len(),
            extremes: self.settings.extremum().is_some(),
        }
    }

    /// Whether a category stands elsewhere among the siblings that were there before.
    fn has_moved(&self, header: &Header, before: &[Header]) -> bool {
        let siblings = |headers: &[Header], others: &[Header]| -> Vec<u64> {
            let sibling = |other: &&Header| other.above == header.above && others.iter().any(|known| known.id == other.id);
            headers.iter().filter(sibling).map(|other| other.id).collect()
        };
        siblings(before, &self.view.headers) != siblings(&self.view.headers, before)
    }

    /// One row for each message, which no other message takes the place of, in categories that stay where they are.
    fn order_is_laid_down(&self) -> bool {
        let counts = self.settings.restriction.as_ref().is_some_and(counts);
        self.settings.extremum().is_none() && self.settings.expanded_on().is_empty() && !counts
    }

    fn order(&self, before: &Before, name: i32, read_state_changed: bool) -> Option<Vec<(TableEvent, Key, bool)>> {
        let after = self.view.keys();
        let old = before.above.get(&name).and_then(|rows| rows.first());
        let leaf = self.view.leaves.iter().find(|leaf| self.messages[leaf.message].name == name);
        let new = leaf.map(|leaf| &leaf.above);
        let key = leaf.map(|leaf| Key::Leaf { arrival: leaf.arrival, element: leaf.element });
        let headers = |above: &[u64], outermost_first: bool| {
            let event = |id: &u64| {
                let key = Key::Header(*id);
                let event = match (before.keys.contains(&key), after.contains(&key)) {
                    (true, true) => TableEvent::RowModified,
                    (false, true) => TableEvent::RowAdded,
                    (true, false) => TableEvent::RowDeleted,
                    (false, false) => return None,
                };
                Some((event, key, true))
            };
            let mut events: Vec<_> = above.iter().filter_map(event).collect();
            if !outermost_first {
                events.reverse();
            }
            events
        };
        let (shown, was_shown) = (
            key.filter(|key| after.contains(key)),
            before.keys.iter().copied().find(|key| matches!(key, Key::Leaf { .. }) && !after.contains(key)),
        );
        Some(match (old, new) {
            (None, None) => Vec::new(),
            (None, Some(new)) => {
                let leaf = shown.map(|key| (TableEvent::RowAdded, key, true));
                headers(new, true).into_iter().chain(leaf).collect()
            }
            (Some(old), None) => {
                let leaf = was_shown.map(|key| (TableEvent::RowDeleted, key, true));
                leaf.into_iter().chain(headers(old, false)).collect()
            }
            (Some(old), Some(new)) if old == new => {
                let mut events = headers(new, true);
                for event in &mut events {
                    event.2 = read_state_changed;
                }
                events.extend(shown.map(|key| (TableEvent::RowModified, key, true)));
                events
            }
            (Some(old), Some(new)) => {
                // A header above both places is neither left nor entered.
                let common: Vec<u64> = old.iter().copied().filter(|id| new.contains(id)).collect();
                let mut events: Vec<_> = was_shown.map(|key| (TableEvent::RowDeleted, key, true)).into_iter().collect();
                events.extend(headers(old, false));
                events.extend(headers(new, true));
                for event in &mut events {
                    event.2 = !common.iter().any(|id| event.1 == Key::Header(*id));
                }
                events.extend(shown.map(|key| {
                    let event = if before.keys.contains(&key) { TableEvent::RowModified } else { TableEvent::RowAdded };
                    (event, key, true)
                }));
                events
            }
        })
    }
}

/// The instance keys known so far.
#[derive(Clone, Default)]
pub(crate) struct Keys(Vec<(Key, Vec<u8>)>);

impl Keys {
    /// Notes that a row shows that key, which no other row may and which never changes.
    pub(crate) fn learn(&mut self, key: Key, shown: &Value) -> Result<(), String> {
        let Value::Binary(shown) = shown else { return Err(format!("{shown:?} is no instance key")) };
        for (known, bytes) in &self.0 {
            if (*known == key) != (bytes == shown) {
                return Err(format!("{key:?} shows the instance key {shown:?}, but {known:?} has shown {bytes:?}"));
            }
        }
        if self.bytes(key).is_none() {
            self.0.push((key, shown.clone()));
        }
        Ok(())
    }

    pub(crate) fn bytes(&self, key: Key) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, bytes)| bytes.as_slice())
    }

    fn key(&self, bytes: &Value) -> Option<Key> {
        let Value::Binary(bytes) = bytes else { return None };
        self.0.iter().find(|(_, known)| known == bytes).map(|(key, _)| *key)
    }

    /// Whether a row's cells are what they must be; its key is learned.
    pub(crate) fn check(&mut self, expected: &[Expected], found: &[mapi_engine::properties::Property]) -> Result<(), String> {
        if expected.len() != found.len() {
            return Err(format!("{} cells instead of {}", found.len(), expected.len()));
        }
        for (expected, found) in expected.iter().zip(found) {
            match expected {
                Expected::KeyOf(key) => self.learn(*key, &found.value)?,
                Expected::Exactly(expected) if crate::cells::equal(expected, found) => {}
                Expected::Exactly(expected) => return Err(format!("the cell {found:?} instead of {expected:?}")),
            }
        }
        Ok(())
    }
}

/// Ways to tell new rows that look alike apart that are tried.
const WAYS: usize = 120;

impl Expectation {
    /// The rows that have to be known by their keys before the operation.
    pub(crate) fn check(&self, events: &[TableNotification], keys: &mut Keys) -> Result<(), String> {
        let mut why = None;
        for way in 0..WAYS {
            let mut known = keys.clone();
            match self.check_all(way, events, &mut known) {
                Ok(()) => {
                    *keys = known;
                    return Ok(());
                }
                Err(error) => why = why.or(Some(error)),
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// As `check`, with new rows that look alike told apart in one of the ways there are.
    fn check_all(&self, mut way: usize, events: &[TableNotification], keys: &mut Keys) -> Result<(), String> {
        let most = self.required.len() + (1 + self.messages) * self.allowed.len();
        if let [only] = events
            && only.event == TableEvent::Changed
            && most > BURST
        {
            return Ok(());
        }
        if events.len() > BURST {
            return Err(format!("{} events are told one by one", events.len()));
        }
        self.learn_new(events, keys)?;
        let mut mirror = self.before.clone();
        let mut told: Vec<(TableEvent, Key)> = Vec::new();
        for (at, event) in events.iter().enumerate() {
            let last = !events[at + 1..].iter().any(|later| later.index == event.index);
            told.push(self.apply(event, last, &mut way, &mut mirror, keys)?);
        }
        for (key, kind) in &self.required {
            if !told.contains(&(*kind, *key)) {
                return Err(format!("nobody is told {kind:?} of {key:?}: {told:?}"));
            }
        }
        for (at, (kind, key)) in told.iter().enumerate() {
            let required = self.required.get(key) == Some(kind) && !told[..at].contains(&(*kind, *key));
            let allowed = *kind == TableEvent::RowModified && self.allowed.contains(key);
            // A category that moved while several messages came or went took along some that had come or went later.
            let goes = || told[at + 1..].iter().any(|(_, later)| later == key);
            let came = || self.extremes && told[..at].contains(&(TableEvent::RowAdded, *key));
            let passing = self.messages > 1 && *kind == TableEvent::RowModified && (goes() || came());
            if !(required || allowed || passing) {
                return Err(format!("{kind:?} is told of {key:?}, which did not change: {told:?}"));
            }
        }
        if mirror != self.after {
            return Err(format!("events {told:?} make {mirror:?} of {:?}, not {:?}", self.before, self.after));
        }
        self.check_order(&told)
    }

    /// Applies an event to a list as a client would.
    fn apply(
        &self,
        event: &TableNotification,
        last: bool,
        way: &mut usize,
        mirror: &mut Vec<Key>,
        keys: &mut Keys,
    ) -> Result<(TableEvent, Key), String> {
        match event.event {
            TableEvent::RowAdded | TableEvent::RowModified => {
                let shown = event.row.first().ok_or("a row without cells")?;
                if shown.value != event.index.value {
                    return Err(format!("the index {:?} is not the row's {shown:?}", event.index));
                }
                let key = match keys.key(&event.index.value) {
                    Some(key @ Key::Header(_)) if !last => key,
                    Some(key) if !last && self.messages > 1 => key,
                    Some(key) => {
                        let cells = self.cells.get(&key).ok_or_else(|| format!("{key:?} is told of, which is gone"))?;
                        keys.check(cells, &event.row).map_err(|error| format!("{key:?} shows {error}"))?;
                        key
                    }
                    // A row that is new is known by its cells.
                    None => self.recognise(event, way, keys)?,
                };
                let known = mirror.iter().position(|row| *row == key);
                if known.is_some() != (event.event == TableEvent::RowModified) {
                    return Err(format!("{:?} of {key:?}, which is known: {}", event.event, known.is_some()));
                }
                if let Some(at) = known {
                    mirror.remove(at);
                }
                let at = match keys.key(&event.prior.value) {
                    None if event.prior.tag == PropTag::NULL => 0,
                    prior => {
                        let place = prior.and_then(|prior| mirror.iter().position(|row| *row == prior));
                        place.ok_or_else(|| format!("the row before {key:?} is unknown: {:?}", event.prior))? + 1
                    }
                };
                mirror.insert(at, key);
                Ok((event.event, key))
            }
            TableEvent::RowDeleted => {
                let key = keys.key(&event.index.value).ok_or_else(|| format!("unknown row {:?}", event.index))?;
                let at = mirror.iter().position(|row| *row == key).ok_or_else(|| format!("{key:?} was not there"))?;
                mirror.remove(at);
                if event.prior.tag != PropTag::NULL || !event.row.is_empty() {
                    return Err(format!("a deleted row has neither place nor cells: {event:?}"));
                }
                Ok((event.event, key))
            }
            other => Err(format!("{other:?} is told of a few rows, not {:?}", self.required)),
        }
    }

    /// Learns the keys of rows that are new from where they end up: by their cells alone several may look alike.
    fn learn_new(&self, events: &[TableNotification], keys: &mut Keys) -> Result<(), String> {
        let mut list: Vec<Vec<u8>> = self.before.iter().filter_map(|key| keys.bytes(*key).map(<[u8]>::to_vec)).collect();
        for event in events {
            let (Value::Binary(index), place) = (&event.index.value, &event.prior.value) else { continue };
            list.retain(|row| row != index);
            let behind = match place {
                _ if event.event == TableEvent::RowDeleted => continue,
                Value::Binary(prior) => list.iter().position(|row| row == prior).map(|at| at + 1),
                _ => Some(0),
            };
            list.insert(behind.unwrap_or(list.len()), index.clone());
        }
        if list.len() != self.after.len() {
            return Ok(());
        }
        for (bytes, key) in list.into_iter().zip(&self.after) {
            let shown = Value::Binary(bytes);
            if self.required.get(key) == Some(&TableEvent::RowAdded) && keys.bytes(*key).is_none() && keys.key(&shown).is_none() {
                keys.learn(*key, &shown)?;
            }
        }
        Ok(())
    }

    fn recognise(&self, event: &TableNotification, way: &mut usize, keys: &mut Keys) -> Result<Key, String> {
        let new = self
            .cells
            .iter()
            .filter(|(key, _)| self.required.get(key) == Some(&TableEvent::RowAdded) && keys.bytes(**key).is_none());
        let mut why = format!("no row is new: {event:?}");
        let mut new: Vec<_> = new.collect();
        new.sort_by_key(|(key, _)| self.after.iter().position(|row| row == *key));
        let mut alike = Vec::new();
        for (key, cells) in new {
            // What a row that is another one shows must not be learned.
            let mut known = keys.clone();
            match known.check(cells, &event.row) {
                Ok(()) => alike.push((*key, known)),
                Err(error) => why = error,
            }
        }
        // Where they come to stand tells which is which.
        let count = alike.len().max(1);
        let (chosen, left) = (*way % count, *way / count);
        *way = left;
        let (key, known) = alike.into_iter().nth(chosen).ok_or(why)?;
        *keys = known;
        Ok(key)
    }

    fn check_order(&self, told: &[(TableEvent, Key)]) -> Result<(), String> {
        let Some(order) = &self.order else { return Ok(()) };
        let wrong = || Err(format!("the events {told:?} do not come in the order {order:?}"));
        let mut rest = order.iter();
        for (kind, key) in told {
            loop {
                match rest.next() {
                    Some((wanted, of, _)) if wanted == kind && of == key => break,
                    Some((.., true)) | None => return wrong(),
                    Some(_) => {}
                }
            }
        }
        if rest.any(|(.., required)| *required) { wrong() } else { Ok(()) }
    }
}
