//! Containers of all providers in their order (`address-book` 1.1): providers in profile order, siblings by
//! name, ties by arrival.

use super::computed;
use super::connection::BookConnection;
use super::reference::BookReference;
use crate::backend::{Batch, Filter, ObjectId, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::collation;
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Value, tags};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Rows read at once.
pub(super) const PAGE: u32 = 1024;

/// UTF-16 units of text that is compared.
const CELL_LIMIT: u32 = 2048;

/// Containers one provider may have before it counts as one that goes in circles.
const MAX_CONTAINERS: usize = 100_000;

/// A container of a provider.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) book: Rc<BookConnection>,
    pub(super) object: ObjectId,
    pub(super) name: String,
    /// `PR_CONTAINER_FLAGS`.
    pub(super) flags: i32,
    /// `PR_DISPLAY_TYPE`.
    pub(super) display_type: i32,
    /// `PR_DEPTH` in the merged hierarchy.
    pub(super) depth: i32,
}

impl Listed {
    pub(super) fn has(&self, flag: i32) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn entry_id(&self) -> Vec<u8> {
        self.book.entry_id(&self.object)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.book.uid() == other.book.uid() && self.object == other.object
    }
}

/// Hands out the rows of a container page by page, until `page` says `false`.
///
/// # Errors
/// The provider's own; `MAPI_E_CALL_FAILED` for one that delivers the same rows over and over.
pub(super) fn scan_pages(
    book: &BookConnection,
    container: &ObjectId,
    kind: ScanKind,
    columns: &[PropTag],
    filters: &[Filter],
    mut page: impl FnMut(&Batch) -> Result<bool>,
) -> Result<()> {
    let scope = Scope::One(container.clone());
    let mut from = ScanFrom::Start;
    let mut before = None;
    loop {
        let scanned = book.backend().scan(&ScanRequest {
            scope: &scope,
            kind,
            columns,
            cell_limit: CELL_LIMIT,
            filters,
            order: &[],
            from,
            backwards: false,
            max: PAGE,
        })?;
        if !page(&scanned.batch)? {
            return Ok(());
        }
        match scanned.last {
            Some(last) if scanned.more => {
                if before.replace(last.clone()).as_ref() == Some(&last) {
                    let text = "The address book delivers the same entries over and over.";
                    return Err(book.named(Failure::new(Code::CallFailed, text)));
                }
                from = ScanFrom::After(last);
            }
            _ => return Ok(()),
        }
    }
}

/// The rows of a container, in underlying order.
///
/// # Errors
/// The provider's own.
pub(super) fn children(book: &BookConnection, container: &ObjectId, kind: ScanKind) -> Result<Vec<ObjectId>> {
    let mut ids = Vec::new();
    scan_pages(book, container, kind, &[], &[], |batch| {
        ids.extend(batch.ids.iter().cloned());
        Ok(true)
    })?;
    Ok(ids)
}

/// The containers right below another, by name.
fn below(book: &Rc<BookConnection>, parent: &ObjectId, depth: i32) -> Result<Vec<Listed>> {
    let columns = [tags::DISPLAY_NAME, tags::CONTAINER_FLAGS, tags::DISPLAY_TYPE];
    let mut found = Vec::new();
    scan_pages(book, parent, ScanKind::Subfolders, &columns, &[], |batch| {
        for (row, object) in batch.ids.iter().enumerate() {
            let cell = |column: usize| batch.columns.get(column).and_then(|column| column.value(row));
            let long = |column| match cell(column) {
                Some(Value::Long(number)) => Some(number),
                _ => None,
            };
            let name = match cell(0) {
                Some(Value::Unicode(name)) => Some(name),
                _ => None,
            };
            let key = (name.is_none(), name.as_deref().map(|name| collation::fold(name).into_owned()));
            let arrival = batch.arrivals.get(row).copied().unwrap_or_default();
            let listed = Listed {
                book: Rc::clone(book),
                object: object.clone(),
                name: name.unwrap_or_default(),
                flags: computed::flags_of(book, long(1)),
                display_type: long(2).unwrap_or(super::display_type::DT_LOCAL),
                depth,
            };
            found.push((key, arrival, listed));
        }
        Ok(found.len() <= MAX_CONTAINERS)
    })?;
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok(found.into_iter().map(|(_, _, listed)| listed).collect())
}

/// The containers of one provider in pre-order; without `deep` the top-level ones.
///
/// # Errors
/// The provider's own.
pub(super) fn of_provider(book: &Rc<BookConnection>, deep: bool) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    let mut seen = BTreeSet::from([book.root().clone()]);
    // Still to be shown, the next one last.
    let mut open = below(book, book.root(), 0)?;
    open.reverse();
    while let Some(container) = open.pop() {
        if !seen.insert(container.object.clone()) {
            continue;
        }
        if listed.len() > MAX_CONTAINERS {
            return Err(book.named(Failure::new(Code::TooBig, "The address book has too many containers.")));
        }
        if deep {
            let mut children = below(book, &container.object, container.depth.saturating_add(1))?;
            children.reverse();
            open.append(&mut children);
        }
        listed.push(container);
    }
    Ok(listed)
}

impl BookReference {
    /// The containers of all providers that can be read.
    pub(super) fn hierarchy(&self, deep: bool) -> Vec<Listed> {
        let mut listed = Vec::new();
        for book in self.books.all() {
            match of_provider(&book, deep) {
                Ok(mut own) => listed.append(&mut own),
                Err(failure) => book.note("containers cannot be read", &failure),
            }
        }
        listed
    }
}
