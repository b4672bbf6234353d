//! Expanding and collapsing categories, and keeping which ones are (`tables` 8.2, 8.3).

use super::{GroupedView, anchor_of};
use crate::backend::ObjectId;
use crate::error::Result;
use crate::tables::collapse_state::{NamedLeaf, NamedRow, Step};
use crate::tables::source::RowSource;
use crate::tables::view::{Anchor, Mark, Place};

impl GroupedView {
    /// The visible header with that `PR_INSTANCE_KEY`, and its index.
    pub(in crate::tables::view) fn visible_header(&self, key: &[u8]) -> Option<(usize, u64)> {
        let category = self.header_of(key)?;
        Some((category, self.outline.get(category)?.index?))
    }

    /// Shows what is in a category; how many rows came into sight.
    pub(in crate::tables::view) fn expand(&mut self, category: usize) -> u64 {
        self.generation += 1;
        self.outline.set_expanded(category, true)
    }

    /// Hides what is in a category; how many rows went out of sight. Marks on them move to the row that follows.
    pub(in crate::tables::view) fn collapse(&mut self, category: usize, marks: &mut [&mut Mark]) -> u64 {
        self.generation += 1;
        let hidden = self.outline.set_expanded(category, false);
        self.leave_hidden(marks);
        hidden
    }

    /// Marks on rows that are hidden move to the next visible row, which is a header: only a header, or another leaf
    /// of the same category, has a leaf behind it.
    fn leave_hidden(&self, marks: &mut [&mut Mark]) {
        for mark in marks.iter_mut() {
            let category = match &mark.anchor {
                Anchor::Row(Place::Category(number)) => self.outline.of_number(*number),
                Anchor::Row(Place::Stored(place)) => self.outline.category_of(&self.definition.order.string_of(&place.key)),
                _ => None,
            };
            let Some(category) = category else { continue };
            let inside = match &mark.anchor {
                Anchor::Row(Place::Category(_)) => self.outline.get(category).and_then(|category| category.parent),
                _ => Some(category),
            };
            if let Some(hiding) = inside.and_then(|inside| self.outline.hides(inside)) {
                let next = self.outline.get(hiding).and_then(|hiding| self.outline.shown_behind(&hiding.path).next());
                **mark = Mark { anchor: anchor_of(next.and_then(|next| self.header_place(next))), relocated: true };
            }
        }
    }

    fn step(&self, category: usize) -> Vec<Step> {
        let own = |category: &super::Category| category.path.get(category.own..).unwrap_or_default().to_vec();
        self.outline.around(category).into_iter().map(|category| Step { key: own(category), rank: own(category) }).collect()
    }

    /// The keys of every category whose state is not its initial one.
    pub(in crate::tables::view) fn changed_categories(&self) -> Vec<Vec<Vec<u8>>> {
        self.outline.changed().map(|category| self.step(category).into_iter().map(|step| step.key).collect()).collect()
    }

    /// What names a row, visible or not: a header by its `PR_INSTANCE_KEY`, a leaf by its object.
    pub(in crate::tables::view) fn name_row(
        &self,
        source: &dyn RowSource,
        key: &[u8],
        id: Option<&ObjectId>,
    ) -> Result<Option<NamedRow>> {
        let Some(id) = id else {
            return Ok(self.header_of(key).map(|category| NamedRow { path: self.step(category), leaf: None }));
        };
        let Some(place) = self.place_now(source, &self.outline, id, true)? else { return Ok(None) };
        let key = self.definition.order.string_of(&place);
        let Some(category) = self.outline.category_of(&key) else { return Ok(None) };
        Ok(Some(NamedRow { path: self.step(category), leaf: Some(NamedLeaf { id: id.as_bytes().to_vec(), number: 0, key }) }))
    }

    /// Gives all categories their initial states, and the other one to those named; marks on rows that are
    /// hidden by it move on. Returns where the named row stands, or the next visible one.
    pub(in crate::tables::view) fn restore(
        &mut self,
        source: &dyn RowSource,
        changed: &[Vec<Vec<u8>>],
        row: &NamedRow,
        marks: &mut [&mut Mark],
    ) -> Result<Anchor> {
        // Asked first: if the backend fails, nothing has changed.
        let id = row.leaf.as_ref().and_then(|leaf| ObjectId::new(&leaf.id));
        let place = match &id {
            Some(id) => self.place_now(source, &self.outline, id, true)?,
            None => None,
        };
        let named = |keys: &Vec<Vec<u8>>| {
            let category = self.outline.find(&keys.concat())?;
            (self.outline.get(category)?.level + 1 == keys.len()).then_some(category)
        };
        let exceptions: Vec<usize> = changed.iter().filter_map(named).collect();
        let before: Vec<usize> = self.outline.changed().collect();
        self.outline.reset_expanded(&exceptions);
        self.generation += 1;
        let string = match (&place, &row.leaf) {
            (Some(place), _) => Some(self.definition.order.string_of(place)),
            (None, leaf) => leaf.as_ref().map(|leaf| leaf.key.clone()),
        };
        let path: Vec<u8> = row.path.iter().flat_map(|step| step.key.iter().copied()).collect();
        let anchor = match self.index_near(source, &path, string.as_deref()) {
            Ok(index) => self.place_at(source, index).map(anchor_of),
            Err(failure) => Err(failure),
        };
        if anchor.is_err() {
            self.outline.reset_expanded(&before);
            self.generation += 1;
            return anchor;
        }
        self.leave_hidden(marks);
        anchor
    }

    /// The index of the row a path or, of a leaf, its string names; or of the next visible row, if it is gone or
    /// hidden.
    fn index_near(&self, source: &dyn RowSource, path: &[u8], leaf: Option<&[u8]>) -> Result<u64> {
        let end = self.count();
        let index = |category: usize| self.outline.get(category).and_then(|category| category.index);
        let string = leaf.unwrap_or(path);
        let found = match leaf {
            Some(string) => self.outline.category_of(string),
            None => self.outline.find(path),
        };
        if let Some(category) = found {
            let inside = match leaf {
                Some(_) => Some(category),
                None => self.outline.get(category).and_then(|category| category.parent),
            };
            if let Some(hiding) = inside.and_then(|inside| self.outline.hides(inside)) {
                return Ok(index(hiding).map_or(end, |hiding| hiding + 1));
            }
            let Some(place) = leaf.and_then(|string| self.definition.order.place_of(string)) else {
                return Ok(index(category).unwrap_or(end));
            };
            return Ok(self.index_of_key(source, &place)?.unwrap_or(end));
        }
        Ok(self.outline.shown_behind(string).next().and_then(index).unwrap_or(end))
    }
}
