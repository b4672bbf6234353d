//! The model: one table, made anew after every step (`tables` 2, 4, 8, 10).

use crate::cells::Expected;
use crate::restriction::{counts, satisfies};
use crate::view::{Categories, Header, Item, Key, Known, Level, Message, Settings, ShownRow, View, same};
use mapi_engine::error::Code;
use mapi_engine::properties::PropTag;
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::SortOrderSet;
use std::collections::BTreeMap;

/// What holds the cursor or a bookmark (`tables` 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Anchor {
    Begin,
    Row(Key),
    End,
}

/// A place to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Beginning,
    Current,
    End,
    /// A bookmark, by the number of its creation.
    Mark(usize),
    /// One that was never issued.
    Unknown,
}

#[derive(Clone, Copy)]
struct Mark {
    anchor: Anchor,
    /// Moved since its last use.
    moved: bool,
}

/// What `TBL_BATCH` has put off.
#[derive(Clone, Default)]
struct Pending {
    columns: Option<Vec<PropTag>>,
    restriction: Option<Option<Restriction>>,
    sort: Option<SortOrderSet>,
}

/// What `GetCollapseState` keeps.
#[derive(Clone)]
pub(crate) struct CollapseState {
    sort: SortOrderSet,
    restriction: Option<Restriction>,
    differing: Vec<Known>,
    row: Named,
}

#[derive(Clone)]
enum Named {
    Leaf { name: i32, element: u32 },
    Header(Vec<Level>),
}

/// Where `SetCollapseState` puts cursor and bookmark.
#[derive(Debug, PartialEq)]
pub(crate) enum Landing {
    /// At that row, or behind the last.
    At(usize),
    /// The row is gone, and what is kept of it does not say where exactly it would stand now.
    Somewhere,
}

/// What `ExpandRow` answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Expansion {
    /// The rows given out.
    pub(crate) rows: Vec<Item>,
    pub(crate) total: u32,
}

/// The view before a change.
pub(crate) struct Before {
    pub(crate) keys: Vec<Key>,
    pub(crate) headers: Vec<Header>,
    /// What headers showed.
    pub(crate) cells: BTreeMap<Key, Vec<Expected>>,
    /// The headers above each row of each message, by message.
    pub(crate) above: BTreeMap<i32, Vec<Vec<u64>>>,
}

#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) messages: Vec<Message>,
    /// Messages moved to another folder.
    pub(crate) away: Vec<Message>,
    pub(crate) settings: Settings,
    pub(crate) view: View,
    categories: Categories,
    cursor: Option<Anchor>,
    marks: BTreeMap<usize, Mark>,
    pending: Pending,
    arrivals: u64,
    /// Raised whenever keys known so far mean nothing any more.
    pub(crate) generation: u32,
}

impl Oracle {
    pub(crate) fn new(columns: Vec<PropTag>) -> Self {
        Self { settings: Settings { columns, ..Settings::default() }, ..Self::default() }
    }

    /// A number for a message that arrives.
    pub(crate) fn arrival(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.pending.columns.is_some() || self.pending.restriction.is_some() || self.pending.sort.is_some()
    }

    /// Forgets what was put off.
    pub(crate) fn drop_pending(&mut self) {
        self.pending = Pending::default();
    }

    fn renew(&mut self) {
        self.view = View::of(&self.messages, &self.settings, &mut self.categories);
    }

    /// Restriction, order or instances are others: nothing stays but the settings.
    fn start_over(&mut self) {
        self.categories.reset();
        self.renew();
        self.cursor = Some(Anchor::Begin);
        self.marks.clear();
        self.generation += 1;
    }

    /// Moves what stood on rows that cannot be seen any more to the next row that still can.
    fn relocate(&mut self, before: &[Key]) {
        let after = self.view.keys();
        let moved = |anchor: Anchor| match anchor {
            Anchor::Row(key) if !after.contains(&key) => {
                let behind = before.iter().skip_while(|row| **row != key);
                (behind.copied().find(|row| after.contains(row)).map_or(Anchor::End, Anchor::Row), true)
            }
            anchor => (anchor, false),
        };
        self.cursor = self.cursor.map(|anchor| moved(anchor).0);
        for mark in self.marks.values_mut() {
            let (anchor, left) = moved(mark.anchor);
            *mark = Mark { anchor, moved: mark.moved || left };
        }
    }

    /// Changes messages in one operation; what the view was before.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Self)) -> Before {
        let before = self.before();
        change(self);
        self.renew();
        self.relocate(&before.keys);
        before
    }

    fn before(&self) -> Before {
        let mut above: BTreeMap<i32, Vec<Vec<u64>>> = BTreeMap::new();
        for leaf in &self.view.leaves {
            above.entry(self.messages[leaf.message].name).or_default().push(leaf.above.clone());
        }
        let shown = self.view.items.iter().filter(|item| matches!(item, Item::Header(_)));
        let cells = shown.map(|item| (self.view.key(*item), self.cells(*item))).collect();
        Before { keys: self.view.keys(), headers: self.view.headers.clone(), cells, above }
    }

    /// Carries out what was put off: columns, then restriction, then sort.
    pub(crate) fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(columns) = pending.columns {
            // Those that stand in another order make other rows.
            let instances =
                |columns: &[PropTag]| columns.iter().copied().filter(|tag| tag.kind().is_instance()).collect::<Vec<PropTag>>();
            let same = instances(&columns) == instances(&self.settings.columns);
            self.settings.columns = columns;
            if !same {
                self.start_over();
            }
        }
        if let Some(restriction) = pending.restriction {
            self.settings.restriction = restriction;
            self.start_over();
        }
        if let Some(sort) = pending.sort {
            self.settings.sort = sort;
            self.start_over();
        }
    }

    pub(crate) fn set_columns(&mut self, columns: Vec<PropTag>, batch: bool) {
        if !batch {
            self.flush();
        }
        self.pending.columns = Some(columns);
        if !batch {
            self.flush();
        }
    }

    pub(crate) fn restrict(&mut self, restriction: Option<Restriction>, batch: bool) {
        if !batch {
            self.flush();
        }
        self.pending.restriction = Some(restriction);
        if !batch {
            self.flush();
        }
    }

    pub(crate) fn sort(&mut self, sort: SortOrderSet, batch: bool) {
        if !batch {
            self.flush();
        }
        self.pending.sort = Some(sort);
        if !batch {
            self.flush();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.view.items.len()
    }

    fn place(&self, anchor: Anchor) -> usize {
        match anchor {
            Anchor::Begin => 0,
            Anchor::Row(key) => self.view.index(key).unwrap_or(self.count()),
            Anchor::End => self.count(),
        }
    }

    pub(crate) fn position(&self) -> usize {
        self.place(self.cursor.unwrap_or(Anchor::Begin))
    }

    fn anchor_at(&self, index: usize) -> Anchor {
        self.view.items.get(index).map_or(Anchor::End, |item| Anchor::Row(self.view.key(*item)))
    }

    fn put(&mut self, index: usize) {
        self.cursor = Some(self.anchor_at(index));
    }

    /// The index a place names, and whether it moved since it was last used. This is a use.
    fn resolve(&mut self, origin: Origin) -> Result<(usize, bool), Code> {
        match origin {
            Origin::Beginning => Ok((0, false)),
            Origin::Current => Ok((self.position(), false)),
            Origin::End => Ok((self.count(), false)),
            Origin::Unknown => Err(Code::InvalidBookmark),
            Origin::Mark(number) => {
                let mark = self.marks.get_mut(&number).ok_or(Code::InvalidBookmark)?;
                let (anchor, moved) = (mark.anchor, std::mem::take(&mut mark.moved));
                Ok((self.place(anchor), moved))
            }
        }
    }

    /// `SeekRow`: how far it went, and whether the bookmark had moved.
    pub(crate) fn seek(&mut self, origin: Origin, count: i32) -> Result<(i64, bool), Code> {
        let (base, moved) = self.resolve(origin)?;
        let rows = i64::try_from(self.count()).unwrap_or(i64::MAX);
        let base = i64::try_from(base).unwrap_or(i64::MAX);
        let target = base.saturating_add(i64::from(count)).clamp(0, rows);
        self.put(usize::try_from(target).unwrap_or_default());
        if origin == Origin::Beginning && target == 0 {
            self.cursor = Some(Anchor::Begin);
        }
        Ok((target - base, moved))
    }

    /// `SeekRowApprox`.
    pub(crate) fn seek_approx(&mut self, numerator: u32, denominator: u32) -> Result<(), Code> {
        if denominator == 0 {
            return Err(Code::InvalidParameter);
        }
        let rows = self.count();
        let at = if numerator >= denominator { rows } else { rows * numerator as usize / denominator as usize };
        self.put(at);
        if numerator == 0 {
            self.cursor = Some(Anchor::Begin);
        }
        Ok(())
    }

    /// `QueryRows`.
    pub(crate) fn query_rows(&mut self, count: i32, stay: bool) -> Result<Vec<Item>, Code> {
        if count == 0 {
            return Err(Code::InvalidParameter);
        }
        let (at, wanted) = (self.position(), count.unsigned_abs() as usize);
        let (first, end) =
            if count > 0 { (at, self.count().min(at.saturating_add(wanted))) } else { (at.saturating_sub(wanted), at) };
        let rows = self.view.items[first..end].to_vec();
        if !rows.is_empty() {
            self.put(if stay { first } else { end });
        }
        Ok(rows)
    }

    /// `FindRow`: whether the bookmark had moved.
    pub(crate) fn find(&mut self, what: &Wanted<'_>, origin: Origin, backward: bool) -> Result<bool, Code> {
        if let Wanted::Fits(restriction) = what
            && counts(restriction)
        {
            return Err(Code::TooComplex);
        }
        let (base, moved) = self.resolve(origin)?;
        let fits = |at: &usize| match what {
            Wanted::Key(key) => self.view.key(self.view.items[*at]) == *key,
            Wanted::Fits(restriction) => {
                satisfies(&ShownRow { view: &self.view, messages: &self.messages, item: self.view.items[*at] }, restriction)
            }
        };
        let found = if backward { (0..base).rev().find(fits) } else { (base..self.count()).find(fits) };
        self.put(found.ok_or(Code::NotFound)?);
        Ok(moved)
    }

    /// `CreateBookmark`, under that number; in an empty view it marks the beginning.
    pub(crate) fn create_bookmark(&mut self, number: usize) {
        let anchor = if self.count() == 0 { Anchor::Begin } else { self.anchor_at(self.position()) };
        self.marks.insert(number, Mark { anchor, moved: false });
    }

    /// A bookmark at an index.
    fn mark(&mut self, index: usize, number: usize) {
        self.marks.insert(number, Mark { anchor: self.anchor_at(index), moved: false });
    }

    /// `FreeBookmark`.
    pub(crate) fn free_bookmark(&mut self, origin: Origin) -> Result<(), Code> {
        match origin {
            Origin::Beginning | Origin::Current | Origin::End => Ok(()),
            Origin::Unknown => Err(Code::InvalidBookmark),
            Origin::Mark(number) => self.marks.remove(&number).map(drop).ok_or(Code::InvalidBookmark),
        }
    }

    /// The header a client may expand or collapse: one it can see.
    fn visible_header(&self, key: Option<Key>) -> Result<Header, Code> {
        let at = key.and_then(|key| self.view.index(key)).ok_or(Code::NotFound)?;
        match self.view.items[at] {
            Item::Header(header) => Ok(self.view.headers[header].clone()),
            Item::Leaf(_) => Err(Code::NotFound),
        }
    }

    fn set_expanded(&mut self, id: u64, expanded: bool) {
        for known in self.categories.known.iter_mut().filter(|known| known.id == id) {
            known.expanded = expanded;
        }
        self.renew();
    }

    /// `ExpandRow`.
    pub(crate) fn expand(&mut self, key: Option<Key>, max: u32) -> Result<Expansion, Code> {
        let header = self.visible_header(key)?;
        let before = self.count();
        if !header.expanded {
            self.set_expanded(header.id, true);
        }
        let total = self.count() - before;
        let first = self.view.index(Key::Header(header.id)).map_or(0, |at| at + 1);
        let given = total.min(max as usize);
        let rows = self.view.items[first..first + given].to_vec();
        self.put(first + given);
        Ok(Expansion { rows, total: u32::try_from(total).unwrap_or(u32::MAX) })
    }

    /// `CollapseRow`: how many rows went.
    pub(crate) fn collapse(&mut self, key: Option<Key>) -> Result<u32, Code> {
        let header = self.visible_header(key)?;
        let before = self.view.keys();
        if header.expanded {
            self.set_expanded(header.id, false);
            self.relocate(&before);
        }
        Ok(u32::try_from(before.len() - self.count()).unwrap_or(u32::MAX))
    }

    /// `GetCollapseState`.
    pub(crate) fn collapse_state(&self, key: Option<Key>) -> Result<CollapseState, Code> {
        if self.settings.sort.categories == 0 {
            return Err(Code::NoSupport);
        }
        let item = key.and_then(|key| self.view.all.iter().copied().find(|item| self.view.key(*item) == key));
        let row = match item.ok_or(Code::NotFound)? {
            Item::Header(at) => Named::Header(self.view.headers[at].path.clone()),
            Item::Leaf(at) => {
                let leaf = &self.view.leaves[at];
                Named::Leaf { name: self.messages[leaf.message].name, element: leaf.element }
            }
        };
        let initial = |known: &Known| known.path.len() <= self.settings.sort.expanded as usize;
        let differing = self.categories.known.iter().filter(|known| known.expanded != initial(known)).cloned().collect();
        let (sort, restriction) = (self.settings.sort.clone(), self.settings.restriction.clone());
        Ok(CollapseState { sort, restriction, differing, row })
    }

    /// `SetCollapseState`, with a bookmark under that number.
    pub(crate) fn set_collapse_state(&mut self, state: &CollapseState, number: usize) -> Result<Landing, Code> {
        if self.settings.sort.categories == 0 {
            return Err(Code::NoSupport);
        }
        // As they are written, since a constant may be a NaN.
        let same = format!("{:?}", state.restriction) == format!("{:?}", self.settings.restriction);
        if state.sort != self.settings.sort || !same {
            return Err(Code::UnableToComplete);
        }
        let before = self.view.keys();
        let expanded = self.settings.sort.expanded as usize;
        for known in &mut self.categories.known {
            let kept = state.differing.iter().find(|kept| same_path(&kept.path, &known.path));
            known.expanded = kept.map_or(known.path.len() <= expanded, |kept| kept.expanded);
        }
        self.renew();
        self.relocate(&before);
        let landing = self.landing(&state.row);
        if let Landing::At(at) = landing {
            self.put(at);
            self.mark(at, number);
        }
        Ok(landing)
    }

    /// The cursor is where the subject says it is, on a row or at the end; so is a bookmark under that number.
    pub(crate) fn adopt(&mut self, at: usize, number: usize) {
        self.put(at);
        self.mark(at, number);
    }

    fn landing(&self, row: &Named) -> Landing {
        let is_it = |item: &Item| match (row, item) {
            (Named::Header(path), Item::Header(at)) => same_path(path, &self.view.headers[*at].path),
            (Named::Leaf { name, element }, Item::Leaf(at)) => {
                let leaf = &self.view.leaves[*at];
                self.messages[leaf.message].name == *name && leaf.element == *element
            }
            _ => false,
        };
        match self.view.all.iter().position(is_it) {
            None => Landing::Somewhere,
            Some(at) => {
                let visible = self.view.all[at..].iter().find_map(|item| self.view.index(self.view.key(*item)));
                Landing::At(visible.unwrap_or(self.count()))
            }
        }
    }
}

fn same_path(left: &[Level], right: &[Level]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// What `FindRow` looks for.
pub(crate) enum Wanted<'a> {
    Fits(&'a Restriction),
    /// The row with that instance key.
    Key(Key),
}
