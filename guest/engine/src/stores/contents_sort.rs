//! `IMAPIFolder::SaveContentsSort`: the default order of a folder's contents tables (`stores` 5.10).
//!
//! It is kept in `PR_CONTENTS_SORT_ORDER`: the number of keys, of categories and of expanded ones, then the
//! tag and the direction of each key.

use crate::backend::{Expected, ObjectKind};
use crate::error::{Code, Failure, Result, check_flags};
use crate::messages::Values;
use crate::properties::{PropTag, Value, tags};
use crate::stores::object::gone;
use crate::stores::{ChangeSet, CommitMode, Folder};
use crate::tables::{Abilities, DefaultOrder, SortOrder, SortOrderSet};

/// `RECURSIVE_SORT`.
pub const RECURSIVE_SORT: u32 = 0x2;

impl Folder {
    /// `SaveContentsSort`: the order of later contents tables of this folder, and with `RECURSIVE_SORT` of
    /// all below it. Open tables stay as they are.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` in a store that does not sort, `MAPI_E_NO_ACCESS`, `MAPI_E_TOO_COMPLEX`,
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, the backend's own; nothing is changed then.
    pub fn save_contents_sort(&self, order: &SortOrderSet, flags: u32) -> Result<()> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, RECURSIVE_SORT)?;
            let plain = self.store.connection.identity().capabilities.plain_scans_only;
            order.validate(&Abilities { sort: !plain, ..Abilities::CONTENTS })?;
            self.store.check_writable()?;
            if !self.writable {
                return Err(Failure::new(
                    Code::NoAccess,
                    "The folder was opened read-only; open it with MAPI_MODIFY to change it.",
                ));
            }
            self.check_present()?;
            let mut folders = vec![self.object.clone()];
            if flags & RECURSIVE_SORT != 0 {
                let below = self.store.descendants(&self.object)?;
                folders.extend(below.into_iter().filter(|folder| folder.kind == ObjectKind::Folder).map(|folder| folder.object));
            }
            let kept = Value::MvLong(form_of(order)?);
            let mut changes = ChangeSet::new(&self.store.connection);
            for folder in folders {
                let mut values = Values::new();
                values.put(tags::CONTENTS_SORT_ORDER, kept.clone());
                changes.set(&folder, Expected::Exists, values, Vec::new())?;
            }
            changes.commit(CommitMode::default()).map_err(gone).map(|_| ())
        })())
    }

    /// The order that was kept.
    pub(crate) fn saved_order(&self) -> Result<DefaultOrder> {
        let (_, values) = self.store.read(&self.object, &[tags::CONTENTS_SORT_ORDER]).map_err(gone)?;
        let saved = values.into_iter().find_map(|property| match property.value {
            Value::MvLong(numbers) if property.tag.id() == tags::CONTENTS_SORT_ORDER.id() => parse(&numbers),
            _ => None,
        });
        Ok(saved.map_or_else(DefaultOrder::default, |order| DefaultOrder { order, reported: true }))
    }
}

fn form_of(order: &SortOrderSet) -> Result<Vec<i32>> {
    let keys = i32::try_from(order.keys.len()).map_err(|_| Failure::invalid("order", "The order has too many keys."))?;
    let mut numbers = vec![keys, order.categories.cast_signed(), order.expanded.cast_signed()];
    numbers.extend(order.keys.iter().flat_map(|key| [key.tag.0.cast_signed(), key.order.cast_signed()]));
    Ok(numbers)
}

/// The counts, tags and orders of a sort order kept in `PR_CONTENTS_SORT_ORDER`.
fn parse(numbers: &[i32]) -> Option<SortOrderSet> {
    let [sorts, categories, expanded, keys @ ..] = numbers else { return None };
    let keys: Vec<SortOrder> = keys
        .chunks_exact(2)
        .map(|pair| SortOrder { tag: PropTag(pair[0].cast_unsigned()), order: pair[1].cast_unsigned() })
        .collect();
    let order = SortOrderSet { categories: u32::try_from(*categories).ok()?, expanded: u32::try_from(*expanded).ok()?, keys };
    // Other programs write it too.
    (usize::try_from(*sorts).ok()? == order.keys.len() && order.validate(&Abilities::CONTENTS).is_ok()).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_its_form_and_garbage_is_none() {
        let order =
            SortOrderSet::plain(vec![SortOrder::descending(tags::MESSAGE_DELIVERY_TIME), SortOrder::ascending(tags::SUBJECT)]);
        assert_eq!(parse(&form_of(&order).unwrap()), Some(order.clone()));
        let grouped = SortOrderSet { categories: 1, expanded: 1, ..order };
        assert_eq!(parse(&form_of(&grouped).unwrap()), Some(grouped.clone()));
        assert_eq!(parse(&form_of(&SortOrderSet { categories: 3, ..grouped.clone() }).unwrap()), None);
        let extreme = SortOrder { order: 4, ..grouped.keys[0] };
        assert_eq!(parse(&form_of(&SortOrderSet { keys: vec![extreme], ..grouped }).unwrap()), None);
        assert_eq!(parse(&[2, 0, 0, 1, 1]), None);
        assert_eq!(parse(&[1, -1, 0, 1, 1]), None);
        assert_eq!(parse(&[]), None);
    }
}
