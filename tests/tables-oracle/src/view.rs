//! A view made anew from the messages: multi-value instances, restriction, order, categories, hidden rows
//! (`tables` 2, 5.4, 7, 8, 9).

use crate::restriction::{Plain, Tested, satisfies, typed};
use crate::tags::{CONTENT_COUNT, CONTENT_UNREAD, DEPTH, INSTANCE_NUM, MESSAGE_FLAGS, RECIPIENTS, ROW_TYPE};
use crate::value::{compare, compare_keys, elements};
use mapi_engine::properties::{PropTag, PropType, Property, Value};
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::{SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_DESCEND};
use std::cmp::Ordering;

/// `TABLE_SORT_COMBINE`, and with it the descending form.
const COMBINE: u32 = 2;

/// A message of the folder.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) name: i32,
    pub(crate) arrival: u64,
    pub(crate) read: bool,
    pub(crate) values: Vec<Property>,
    pub(crate) recipients: Vec<Vec<Property>>,
    pub(crate) attachments: Vec<Vec<Property>>,
}

/// What tells one row of a view from all others, as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Leaf {
        arrival: u64,
        element: u32,
    },
    /// Numbered as categories come into being.
    Header(u64),
}

/// The values of a category's level; absent ones are equal.
pub(crate) type Level = Vec<Option<Value>>;

pub(crate) struct Leaf {
    pub(crate) message: usize,
    pub(crate) arrival: u64,
    pub(crate) element: u32,
    /// Which element of which property an instance shows.
    picks: Vec<(u16, usize)>,
    /// The headers above it, outermost first.
    pub(crate) above: Vec<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) id: u64,
    pub(crate) level: usize,
    pub(crate) path: Vec<Level>,
    pub(crate) expanded: bool,
    pub(crate) count: i32,
    pub(crate) unread: i32,
    /// Category columns of its own and of outer levels, and the extremum.
    pub(crate) cells: Vec<(PropTag, Option<Value>)>,
    pub(crate) above: Vec<u64>,
    pub(crate) extremum: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Header(usize),
    Leaf(usize),
}

/// A category that exists, whether it is expanded.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) path: Vec<Level>,
    pub(crate) id: u64,
    pub(crate) expanded: bool,
}

/// The categories that exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct Categories {
    pub(crate) known: Vec<Known>,
    next: u64,
}

impl Categories {
    /// Forgets all; numbers are not used again.
    pub(crate) fn reset(&mut self) {
        self.known.clear();
    }
}

/// What a view is made by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) columns: Vec<PropTag>,
    pub(crate) restriction: Option<Restriction>,
    pub(crate) sort: SortOrderSet,
}

impl Settings {
    /// The properties a view is expanded on, in the order of the columns, then of the sort.
    pub(crate) fn expanded_on(&self) -> Vec<u16> {
        let tags = self.columns.iter().copied().chain(self.sort.keys.iter().map(|key| key.tag));
        let mut ids: Vec<u16> = Vec::new();
        for tag in tags.filter(|tag| tag.kind().is_instance()) {
            if !ids.contains(&tag.id()) {
                ids.push(tag.id());
            }
        }
        ids
    }

    /// For each level the keys that make it.
    pub(crate) fn levels(&self) -> Vec<Vec<SortOrder>> {
        let mut levels: Vec<Vec<SortOrder>> = Vec::new();
        for key in self.sort.keys.iter().take(self.sort.categories as usize) {
            match levels.last_mut() {
                Some(level) if key.order & COMBINE != 0 => level.push(*key),
                _ => levels.push(vec![*key]),
            }
        }
        levels
    }

    /// The extremum entry.
    pub(crate) fn extremum(&self) -> Option<SortOrder> {
        self.sort.keys.iter().copied().find(is_extremum)
    }

    fn leaf_keys(&self) -> impl Iterator<Item = &SortOrder> {
        self.sort.keys.iter().skip(self.sort.categories as usize).filter(|key| !is_extremum(key))
    }

    fn ties_descend(&self) -> bool {
        self.sort.keys.iter().rev().find(|key| !is_extremum(key)).is_some_and(descends)
    }
}

fn is_extremum(key: &SortOrder) -> bool {
    key.order == TABLE_SORT_CATEG_MAX || key.order == TABLE_SORT_CATEG_MIN
}

fn descends(key: &SortOrder) -> bool {
    key.order & TABLE_SORT_DESCEND != 0
}

/// A leaf as a restriction or an order sees it.
pub(crate) struct LeafRow<'a> {
    pub(crate) message: &'a Message,
    picks: &'a [(u16, usize)],
}

impl Tested for LeafRow<'_> {
    fn value(&self, tag: PropTag) -> Option<Value> {
        if tag.id() == MESSAGE_FLAGS.id() {
            return Some(Value::Long(i32::from(self.message.read)));
        }
        let stored = self.message.values.iter().find(|cell| cell.tag.id() == tag.id())?.value.clone();
        match self.picks.iter().find(|(id, _)| *id == tag.id()) {
            Some((_, at)) if tag.kind().is_instance() => elements(&stored)?.into_iter().nth(*at),
            _ => Some(stored),
        }
    }

    fn rows(&self, subobject: PropTag) -> Vec<Plain> {
        let rows = if subobject == RECIPIENTS { &self.message.recipients } else { &self.message.attachments };
        rows.iter().cloned().map(Plain).collect()
    }
}

/// A visible row with everything it can be asked.
pub(crate) struct ShownRow<'a> {
    pub(crate) view: &'a View,
    pub(crate) messages: &'a [Message],
    pub(crate) item: Item,
}

impl Tested for ShownRow<'_> {
    fn value(&self, tag: PropTag) -> Option<Value> {
        let long = |number: usize| Some(Value::Long(i32::try_from(number).unwrap_or(i32::MAX)));
        match self.item {
            Item::Header(at) => {
                let header = &self.view.headers[at];
                match tag.id() {
                    id if id == ROW_TYPE.id() => long(if header.expanded { 3 } else { 4 }),
                    id if id == DEPTH.id() => long(header.level),
                    id if id == INSTANCE_NUM.id() => long(0),
                    id if id == CONTENT_COUNT.id() => Some(Value::Long(header.count)),
                    id if id == CONTENT_UNREAD.id() => Some(Value::Long(header.unread)),
                    id => header.cells.iter().find(|(tag, _)| tag.id() == id)?.1.clone(),
                }
            }
            Item::Leaf(at) => match tag.id() {
                id if id == ROW_TYPE.id() => long(1),
                id if id == DEPTH.id() => long(self.view.levels),
                id if id == INSTANCE_NUM.id() => long(self.view.leaves[at].element as usize),
                id if id == CONTENT_COUNT.id() || id == CONTENT_UNREAD.id() => None,
                _ => self.view.row(self.messages, at).value(tag),
            },
        }
    }

    fn rows(&self, subobject: PropTag) -> Vec<Plain> {
        match self.item {
            Item::Header(_) => Vec::new(),
            Item::Leaf(at) => self.view.row(self.messages, at).rows(subobject),
        }
    }
}

/// The rows of a view.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) headers: Vec<Header>,
    /// In display order, hidden ones too.
    pub(crate) all: Vec<Item>,
    /// Those that can be seen.
    pub(crate) items: Vec<Item>,
    /// Levels of categories.
    levels: usize,
}

impl View {
    /// The view of these messages, which stand in underlying order.
    pub(crate) fn of(messages: &[Message], settings: &Settings, categories: &mut Categories) -> Self {
        let mut leaves: Vec<Leaf> =
            messages.iter().enumerate().flat_map(|(at, message)| instances(at, message, settings)).collect();
        if let Some(restriction) = &settings.restriction {
            leaves.retain(|leaf| satisfies(&LeafRow { message: &messages[leaf.message], picks: &leaf.picks }, restriction));
            leaves.truncate(count_of(restriction));
        }
        let mut view = Self { levels: settings.levels().len(), leaves, ..Self::default() };
        let mut builder = Builder { messages, settings, categories, used: Vec::new() };
        let all = (0..view.leaves.len()).collect();
        builder.add(&mut view, all, &[], &[], true);
        let used = builder.used;
        categories.known.retain(|known| used.contains(&known.id));
        view
    }

    pub(crate) fn key(&self, item: Item) -> Key {
        match item {
            Item::Header(at) => Key::Header(self.headers[at].id),
            Item::Leaf(at) => Key::Leaf { arrival: self.leaves[at].arrival, element: self.leaves[at].element },
        }
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        self.items.iter().map(|item| self.key(*item)).collect()
    }

    pub(crate) fn index(&self, key: Key) -> Option<usize> {
        self.items.iter().position(|item| self.key(*item) == key)
    }

    pub(crate) fn row<'a>(&'a self, messages: &'a [Message], leaf: usize) -> LeafRow<'a> {
        let leaf = &self.leaves[leaf];
        LeafRow { message: &messages[leaf.message], picks: &leaf.picks }
    }
}

/// The rows one message yields.
fn instances(at: usize, message: &Message, settings: &Settings) -> Vec<Leaf> {
    let mut picks: Vec<Vec<(u16, usize)>> = vec![Vec::new()];
    for id in settings.expanded_on() {
        let stored = message.values.iter().find(|cell| cell.tag.id() == id);
        let count = stored.and_then(|cell| elements(&cell.value)).map_or(0, |elements| elements.len());
        if count > 0 {
            let with = |pick: &Vec<(u16, usize)>| {
                let pick = pick.clone();
                (0..count).map(move |element| [pick.clone(), vec![(id, element)]].concat()).collect::<Vec<_>>()
            };
            picks = picks.iter().flat_map(with).collect();
        }
    }
    let leaf = |(element, picks): (usize, Vec<(u16, usize)>)| {
        let element = u32::try_from(element).unwrap_or(u32::MAX);
        Leaf { message: at, arrival: message.arrival, element, picks, above: Vec::new() }
    };
    picks.into_iter().enumerate().map(leaf).collect()
}

/// How many rows a COUNT at the root, or right below a root AND, keeps.
fn count_of(restriction: &Restriction) -> usize {
    let count = |node: &Restriction| if let Restriction::Count { count, .. } = node { Some(*count as usize) } else { None };
    match restriction {
        Restriction::And(children) => children.iter().find_map(count),
        node => count(node),
    }
    .unwrap_or(usize::MAX)
}

struct Builder<'a> {
    messages: &'a [Message],
    settings: &'a Settings,
    categories: &'a mut Categories,
    used: Vec<u64>,
}

impl Builder<'_> {
    fn value(&self, view: &View, leaf: usize, tag: PropTag) -> Option<Value> {
        typed(&view.row(self.messages, leaf), tag)
    }

    /// Adds what lies below a category, or below none: leaves come in underlying order.
    fn add(&mut self, view: &mut View, leaves: Vec<usize>, path: &[Level], above: &[u64], visible: bool) {
        let levels = self.settings.levels();
        let Some(keys) = levels.get(path.len()) else {
            return self.add_leaves(view, leaves, above, visible);
        };
        let mut groups: Vec<(Level, Vec<usize>)> = Vec::new();
        for leaf in leaves {
            let values: Level = keys.iter().map(|key| self.value(view, leaf, key.tag)).collect();
            match groups.iter_mut().find(|(known, _)| same(known, &values)) {
                Some((_, group)) => group.push(leaf),
                None => groups.push((values, vec![leaf])),
            }
        }
        let innermost = path.len() + 1 == levels.len();
        groups.sort_by(|(a, of_a), (b, of_b)| {
            let mut order = Ordering::Equal;
            let first_descends = keys.first().is_some_and(descends);
            let extremum = self.settings.extremum().filter(|_| innermost);
            if extremum.is_some() {
                let (a, b) = (self.extremum(view, of_a), self.extremum(view, of_b));
                order = compare_keys(a.as_ref(), b.as_ref(), first_descends);
            }
            for ((key, a), b) in keys.iter().zip(a).zip(b) {
                let descending = if extremum.is_some() { first_descends } else { descends(key) };
                order = order.then_with(|| compare_keys(a.as_ref(), b.as_ref(), descending));
            }
            order
        });
        for (values, group) in groups {
            let path = [path, &[values]].concat();
            let (id, expanded) = self.known(&path);
            view.headers.push(self.header(view, id, expanded, &path, &group, above));
            let item = Item::Header(view.headers.len() - 1);
            view.all.push(item);
            if visible {
                view.items.push(item);
            }
            let above = [above, &[id]].concat();
            self.add(view, group, &path, &above, visible && expanded);
        }
    }

    fn add_leaves(&self, view: &mut View, mut leaves: Vec<usize>, above: &[u64], visible: bool) {
        let descend = self.settings.ties_descend();
        leaves.sort_by(|a, b| {
            let mut order = Ordering::Equal;
            for key in self.settings.leaf_keys() {
                let (a, b) = (self.value(view, *a, key.tag), self.value(view, *b, key.tag));
                order = order.then_with(|| compare_keys(a.as_ref(), b.as_ref(), descends(key)));
            }
            // Leaves are numbered in underlying order.
            order.then_with(|| if descend { b.cmp(a) } else { a.cmp(b) })
        });
        for leaf in leaves {
            view.leaves[leaf].above = above.to_vec();
            view.all.push(Item::Leaf(leaf));
            if visible {
                view.items.push(Item::Leaf(leaf));
            }
        }
    }

    /// The number of a category and whether it is expanded; a new one is as `cExpanded` says.
    fn known(&mut self, path: &[Level]) -> (u64, bool) {
        let same_path = |known: &Known| known.path.len() == path.len() && known.path.iter().zip(path).all(|(a, b)| same(a, b));
        let known = if let Some(known) = self.categories.known.iter().find(|known| same_path(known)) {
            known.clone()
        } else {
            let expanded = path.len() <= self.settings.sort.expanded as usize;
            let known = Known { path: path.to_vec(), id: self.categories.next, expanded };
            self.categories.next += 1;
            self.categories.known.push(known.clone());
            known
        };
        self.used.push(known.id);
        (known.id, known.expanded)
    }

    fn header(&self, view: &View, id: u64, expanded: bool, path: &[Level], group: &[usize], above: &[u64]) -> Header {
        let mut cells = Vec::new();
        for (keys, values) in self.settings.levels().iter().zip(path) {
            for (key, value) in keys.iter().zip(values) {
                let kind = if key.tag.kind().is_instance() { key.tag.kind().base() } else { key.tag.kind() };
                cells.push((key.tag.with_kind(kind), value.clone()));
            }
        }
        // Only the innermost level is ordered by an extremum, so only its headers have one.
        let innermost = path.len() == self.settings.levels().len();
        let extremum = self.extremum(view, group).filter(|_| innermost);
        if let Some(key) = self.settings.extremum().filter(|_| innermost) {
            cells.push((key.tag, extremum.clone()));
        }
        let unread = group.iter().filter(|leaf| !self.messages[view.leaves[**leaf].message].read).count();
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let (path, above) = (path.to_vec(), above.to_vec());
        Header {
            id,
            level: path.len() - 1,
            path,
            expanded,
            count: number(group.len()),
            unread: number(unread),
            cells,
            above,
            extremum,
        }
    }

    /// The greatest or least value of the extremum column over these leaves.
    fn extremum(&self, view: &View, group: &[usize]) -> Option<Value> {
        let key = self.settings.extremum()?;
        let values = group.iter().filter_map(|leaf| self.value(view, *leaf, key.tag));
        let better = if key.order == TABLE_SORT_CATEG_MAX { Ordering::Greater } else { Ordering::Less };
        values.reduce(|best, value| if compare(&value, &best, true) == better { value } else { best })
    }
}

/// Whether two categories of a level are one (`tables` 6, bounded as 6.1 says).
pub(crate) fn same(left: &Level, right: &Level) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Some(left), Some(right)) => compare(left, right, true).is_eq(),
            (left, right) => left.is_none() && right.is_none(),
        })
}

/// Whether a tag has a type strings of either width share.
pub(crate) fn is_text(tag: PropTag) -> bool {
    matches!(tag.kind().base(), PropType::STRING8 | PropType::UNICODE)
}
