//! Distribution lists replaced by their members before a message is sent (`address-book` 8, `messages` 7.3).

use super::dist_list::stored_members;
use super::reference::{BookReference, Named};
use super::{AdrList, MAPIPDL, bytes_of, text_of, value_of};
use crate::backend::{ObjectKind, Want};
use crate::error::Result;
use crate::properties::{Property, Value, tags};

/// Lists in lists that are followed; deeper ones are members that cannot be opened.
const DEPTH_LIMIT: usize = 32;

/// Properties of the list's row its members get.
const INHERITED: [crate::properties::PropTag; 3] =
    [tags::RECIPIENT_TYPE, tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, tags::READ_RECEIPT_REQUESTED];

impl BookReference {
    /// Replaces every row of address type `MAPIPDL` by its members, depth-first in contents order. A list met
    /// a second time is left out, an empty one disappears, and a member that cannot be opened becomes a row
    /// without an identifier.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub(crate) fn expand_recips(&self, rows: AdrList) -> Result<AdrList> {
        self.alive.check()?;
        let mut expanded = Vec::with_capacity(rows.len());
        for row in rows {
            let list = text_of(&row, tags::ADDRTYPE).is_some_and(|kind| kind.eq_ignore_ascii_case(MAPIPDL));
            match bytes_of(&row, tags::ENTRYID).map(<[u8]>::to_vec) {
                Some(entry_id) if list => {
                    let inherited: Vec<Property> =
                        row.iter().filter(|own| INHERITED.iter().any(|tag| tag.id() == own.tag.id())).cloned().collect();
                    let mut walk = Walk { visited: Vec::new(), inherited, rows: Vec::new() };
                    self.expand(&entry_id, &row, 0, &mut walk);
                    expanded.append(&mut walk.rows);
                }
                _ => expanded.push(row),
            }
        }
        Ok(expanded)
    }

    fn expand(&self, entry_id: &[u8], row: &[Property], depth: usize, walk: &mut Walk) {
        if walk.visited.iter().any(|seen| super::compare_entry_ids(self, seen, entry_id, 0).unwrap_or(false)) {
            return;
        }
        let list = match self.resolve(entry_id) {
            Ok(Named::Object(book, object)) if depth < DEPTH_LIMIT => match book.read(&object, Want::Tags(&[])) {
                Ok((head, _)) if head.kind == ObjectKind::DistributionList => stored_members(&book, &object).ok(),
                _ => None,
            },
            _ => None,
        };
        let Some(members) = list else {
            walk.rows.push(unresolved(row, &walk.inherited));
            return;
        };
        walk.visited.push(entry_id.to_vec());
        for member in members {
            let nested = text_of(&member.row, tags::ADDRTYPE).is_some_and(|kind| kind.eq_ignore_ascii_case(MAPIPDL));
            if nested {
                self.expand(&member.entry_id, &member.row, depth + 1, walk);
            } else {
                let row = self.member_row(&member.entry_id, member.row, &walk.inherited);
                walk.rows.push(row);
            }
        }
    }

    /// The row of a member: as its own address book has it now.
    fn member_row(&self, entry_id: &[u8], row: Vec<Property>, inherited: &[Property]) -> Vec<Property> {
        let mut list = vec![vec![Property::new(tags::ENTRYID, Value::Binary(entry_id.to_vec()))]];
        let wanted = super::RESOLVED_COLUMNS;
        let prepared = self.resolve(entry_id).is_ok() && self.prepare_recips(0, Some(&wanted), &mut list).is_ok();
        let mut fresh = list.pop().unwrap_or_default();
        fresh.retain(|property| !matches!(property.value, Value::Error(_)) && property.tag.id() != tags::INSTANCE_KEY.id());
        if !prepared || value_of(&fresh, tags::ADDRTYPE).is_none() {
            return unresolved(&row, inherited);
        }
        fresh.extend(inherited.iter().cloned());
        fresh
    }
}

/// What one list is expanded with.
struct Walk {
    /// Lists met already.
    visited: Vec<Vec<u8>>,
    inherited: Vec<Property>,
    rows: AdrList,
}

/// A recipient that cannot be opened: its name, and nothing to send to.
fn unresolved(row: &[Property], inherited: &[Property]) -> Vec<Property> {
    let name = text_of(row, tags::DISPLAY_NAME).unwrap_or_default();
    let mut unresolved = vec![Property::new(tags::DISPLAY_NAME, Value::Unicode(name))];
    unresolved.extend(inherited.iter().cloned());
    unresolved
}
