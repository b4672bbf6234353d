//! Entries that are the same as a new one (`address-book` 7 "Duplicate rule").

use super::connection::BookConnection;
use crate::backend::{Filter, FilterTest, ObjectId, ObjectKind, PlanRequest, ScanKind, Scope, Support, Want};
use crate::collation;
use crate::error::Result;
use crate::messages::Values;
use crate::properties::{Value, tags};
use crate::restriction::Relop;
use std::rc::Rc;

/// What makes two entries the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicate {
    /// LOOSE: the display name, ignoring case.
    SameName,
    /// STRICT: the display name and the search key.
    SameNameAndAddress,
}

/// An entry that is there already.
pub(super) struct Found {
    pub(super) object: ObjectId,
    pub(super) kind: ObjectKind,
    pub(super) version: u64,
}

/// The first entry of a container that is the same as these values.
///
/// # Errors
/// The provider's own.
pub(super) fn find(book: &Rc<BookConnection>, container: &ObjectId, kind: Duplicate, values: &Values) -> Result<Option<Found>> {
    let name = values.text(tags::DISPLAY_NAME).unwrap_or_default();
    let folded = collation::fold(name);
    let filters = name_filter(book, container, name)?;
    let mut found = None;
    let columns = [tags::DISPLAY_NAME];
    super::hierarchy::scan_pages(book, container, ScanKind::Contents, &columns, &filters, |batch| {
        let names = batch.columns.first();
        for (row, object) in batch.ids.iter().enumerate() {
            let same = match names.and_then(|names| names.value(row)) {
                Some(Value::Unicode(have)) => collation::compare_to_folded(&have, &folded).is_eq(),
                _ => folded.is_empty(),
            };
            if same && is_same(book, object, kind, values)? {
                let (head, _) = book.read(object, Want::Tags(&[]))?;
                found = Some(Found { object: object.clone(), kind: head.kind, version: head.version });
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(found)
}

/// Whether the rest agrees, the names being equal.
fn is_same(book: &Rc<BookConnection>, object: &ObjectId, kind: Duplicate, values: &Values) -> Result<bool> {
    if kind == Duplicate::SameName {
        return Ok(true);
    }
    let batch = book.read_columns(std::slice::from_ref(object), &[tags::SEARCH_KEY])?;
    let key = batch.columns.first().and_then(|column| column.value(0));
    Ok(!batch.is_empty() && key.as_ref() == values.get(tags::SEARCH_KEY))
}

/// A filter for the name, if the backend can narrow the entries down by it.
fn name_filter(book: &BookConnection, container: &ObjectId, name: &str) -> Result<Vec<Filter>> {
    let constant = Value::Unicode(name.to_owned());
    let Some(key) = collation::order_key(&constant) else { return Ok(Vec::new()) };
    let bounded = collation::fold(name).chars().nth(collation::STRING_KEY_BOUND - 1).is_some();
    let filter = vec![FilterTest::Compare { tag: tags::DISPLAY_NAME, relop: Relop::Eq, key, bounded, constant }];
    // An entry without a name has no key to be found by.
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let filters = vec![filter];
    let scope = Scope::One(container.clone());
    let request = PlanRequest { scope: &scope, kind: ScanKind::Contents, filters: &filters, order: &[] };
    let plan = book.backend().plan(&request)?;
    Ok(match plan.filters.first() {
        Some(Support::Exact | Support::Inexact) => filters,
        _ => Vec::new(),
    })
}
