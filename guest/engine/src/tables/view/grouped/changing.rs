//! Taking in changes of rows the backend keeps: the categories are counted anew, cursor and bookmarks move along
//! (`tables` 2, 8, 10).

use super::asking::Asking;
use super::outline::Outline;
use super::{GroupedView, anchor_of};
use crate::backend::{ObjectId, RowKey, ScanFrom};
use crate::error::Result;
use crate::tables::change::{Changes, RowState};
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;
use crate::tables::view::pushed::{StoredPlace, newest, place};
use crate::tables::view::{Anchor, Mark, Place};
use std::collections::BTreeMap;

/// What happened, and the categories after it.
struct Change<'a> {
    outline: Outline,
    /// The rows that changed; `None`: it is not known which.
    rows: Option<BTreeMap<&'a ObjectId, RowState>>,
}

impl GroupedView {
    pub(in crate::tables::view) fn apply(
        &mut self,
        source: &dyn RowSource,
        changes: &Changes,
        marks: &mut [&mut Mark],
    ) -> Result<()> {
        if *changes == Changes::None {
            return Ok(());
        }
        let definition = &self.definition;
        let mut asking = Asking::new(definition.order.levels());
        asking.advance(source, &definition.order, &self.filters, &mut Slice::unlimited())?;
        let change = Change { outline: asking.outline(definition, Some(&self.outline)), rows: newest(changes) };
        let moved = marks.iter().map(|mark| self.moved(source, &change, mark)).collect::<Result<Vec<_>>>()?;
        for (mark, moved) in marks.iter_mut().zip(moved) {
            if let Some((anchor, left)) = moved {
                mark.anchor = anchor;
                mark.relocated |= left;
            }
        }
        self.outline = change.outline;
        self.generation += 1;
        Ok(())
    }

    /// Where a mark stands after a change, and whether its row left; `None`: where it stood.
    fn moved(&self, source: &dyn RowSource, change: &Change<'_>, mark: &Mark) -> Result<Option<(Anchor, bool)>> {
        match &mark.anchor {
            Anchor::Row(Place::Category(number)) if change.outline.of_number(*number).is_none() => {
                let Some(category) = self.outline.of_number(*number) else { return Ok(Some((Anchor::End, true))) };
                let next = match self.leaf_that_left(source, change, category)? {
                    Some(leaf) => Some(leaf),
                    None => self.outline.get(category).and_then(|category| self.header_behind(change, &category.path)),
                };
                Ok(Some((anchor_of(next), true)))
            }
            Anchor::Row(Place::Stored(place)) => {
                let state = match &change.rows {
                    Some(rows) => rows.get(&place.id).copied(),
                    None => Some(RowState::Touched),
                };
                let Some(state) = state else { return Ok(None) };
                if let Some(key) = self.seen_now(source, change, &place.id, state)? {
                    let place = StoredPlace { id: place.id.clone(), key, index: None };
                    return Ok(Some((anchor_of(Some(Place::Stored(Box::new(place)))), false)));
                }
                Ok(Some((anchor_of(self.next(source, change, &place.key)?), true)))
            }
            _ => Ok(None),
        }
    }

    /// Where a row stands after a change, if it can be seen there.
    fn seen_now(&self, source: &dyn RowSource, change: &Change<'_>, id: &ObjectId, state: RowState) -> Result<Option<RowKey>> {
        if state == RowState::Gone {
            return Ok(None);
        }
        let key = self.place_now(source, &change.outline, id, state == RowState::Touched)?;
        let shown = |key: &RowKey| {
            let category = change.outline.category_of(&self.definition.order.string_of(key));
            category.is_some_and(|category| change.outline.shows(category))
        };
        Ok(key.filter(shown))
    }

    /// The only row of a category that is gone, where it can be seen in another one: it followed the header.
    fn leaf_that_left(&self, source: &dyn RowSource, change: &Change<'_>, category: usize) -> Result<Option<Place>> {
        let Some(rows) = change.rows.as_ref().filter(|rows| rows.len() == 1) else { return Ok(None) };
        let innermost = self.outline.get(category).map_or(category, |gone| category + self.outline.levels() - 1 - gone.level);
        let Some((id, state)) = rows.first_key_value().filter(|_| self.outline.shows(innermost)) else { return Ok(None) };
        let key = self.seen_now(source, change, id, *state)?;
        Ok(key.map(|key| Place::Stored(Box::new(StoredPlace { id: (*id).clone(), key, index: None }))))
    }

    /// The row that takes the place of a leaf that is gone or hidden.
    fn next(&self, source: &dyn RowSource, change: &Change<'_>, key: &RowKey) -> Result<Option<Place>> {
        let Some(former) = self.outline.category_of(&self.definition.order.string_of(key)) else { return Ok(None) };
        let Some(former) = self.outline.get(former) else { return Ok(None) };
        let now = change.outline.find(&former.path).filter(|now| change.outline.shows(*now));
        if let Some(category) = now.and_then(|now| change.outline.get(now)) {
            let (filters, _) = self.scope(source, &change.outline, category)?;
            let mut page = self.scan(source, &filters, &[], 0, ScanFrom::After(key.clone()), 1)?;
            let next = place(&mut page, None);
            let is_inside = |place: &Place| match place {
                Place::Stored(place) => self.definition.order.string_of(&place.key).starts_with(&category.path),
                _ => false,
            };
            if let Some(next) = next.filter(is_inside) {
                return Ok(Some(next));
            }
        }
        Ok(self.header_behind(change, &former.path))
    }

    /// The next header behind a category that was there before.
    fn header_behind(&self, change: &Change<'_>, path: &[u8]) -> Option<Place> {
        let numbers =
            change.outline.shown_behind(path).filter_map(|category| change.outline.get(category)).map(|next| next.number);
        numbers.into_iter().find(|number| self.outline.of_number(*number).is_some()).map(Place::Category)
    }
}
