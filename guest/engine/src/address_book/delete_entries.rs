//! DeleteEntries of containers and lists (`address-book` 7, 8).

use super::connection::BookChanges;
use super::copy_entries::partial;
use super::create_entry::check_modifiable;
use super::entry::Entry;
use super::reference::Named;
use crate::backend::{ObjectId, Want};
use crate::error::{Code, Result, Warned, check_reserved};
use std::rc::Rc;

/// Removes entries of a container.
///
/// # Errors
/// As [`super::AbContainer::delete_entries`].
pub(super) fn from_container(container: &Entry, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
    check_reserved(flags)?;
    if entries.is_empty() {
        return Ok(Warned::ok(()));
    }
    check_modifiable(container.container_flags()?)?;
    let mut failed = false;
    let mut objects: Vec<ObjectId> = Vec::new();
    for entry_id in entries {
        match own_object(container, entry_id)? {
            Some(object) if !objects.contains(&object) => objects.push(object),
            Some(_) => {}
            None => failed = true,
        }
    }
    if objects.is_empty() {
        return Ok(partial(failed));
    }
    let mut changes = BookChanges::new(&container.book);
    objects.iter().for_each(|object| changes.remove(object));
    match changes.commit() {
        Ok(_) => return Ok(partial(failed)),
        Err(failure) if !matches!(failure.code(), Code::NotFound | Code::ObjectDeleted) => return Err(failure),
        Err(_) => {}
    }
    // Others removed one of them meanwhile: one by one.
    for object in &objects {
        let mut change = BookChanges::new(&container.book);
        change.remove(object);
        match change.commit() {
            Ok(_) => {}
            Err(failure) if matches!(failure.code(), Code::NotFound | Code::ObjectDeleted) => failed = true,
            Err(failure) => return Err(failure),
        }
    }
    Ok(partial(failed))
}

/// The object an identifier names, if it lies in this container.
fn own_object(container: &Entry, entry_id: &[u8]) -> Result<Option<ObjectId>> {
    let Ok(Named::Object(book, object)) = container.books.resolve(entry_id) else { return Ok(None) };
    if book.uid() != container.book.uid() {
        return Ok(None);
    }
    match book.read(&object, Want::Tags(&[])) {
        Ok((head, _)) => Ok((head.parent.as_ref() == Some(&container.object())).then_some(object)),
        Err(failure) if failure.code() == Code::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Ends memberships of a list.
///
/// # Errors
/// As [`super::DistList::delete_entries`].
pub(super) fn from_list(list: &Rc<Entry>, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
    check_reserved(flags)?;
    list.check_writable()?;
    let members = list.members()?;
    let mut failed = false;
    for entry_id in entries {
        let is_it = |have: &[u8]| {
            have == entry_id.as_slice() || super::compare_entry_ids(&list.books, have, entry_id, 0).unwrap_or(false)
        };
        let mut found = false;
        for member in members.iter().filter(|member| is_it(&member.entry_id)) {
            list.remove_member(member.object.clone());
            found = true;
        }
        failed |= !found;
    }
    list.refresh_members()?;
    Ok(partial(failed))
}
