//! CopyEntries: entries of any container, and one-off recipients, copied into a container or made members of
//! a list (`address-book` 7, 8).

use super::computed::private;
use super::create_entry::{Destination, DuplicateCheck, check_modifiable};
use super::dist_list::{NewMember, member_values};
use super::entry::Entry;
use super::mail_user::one_off_properties;
use super::reference::{BookReference, Named};
use super::{bytes_of, text_of};
use crate::backend::{LogLevel, ObjectKind, Want};
use crate::error::{Code, Failure, Result, Warned};
use crate::messages::Values;
use crate::properties::{KeepOpen, PropTag, Property, PropertyHolder, SaveMode, Value, tags};
use std::rc::Rc;

/// Bytes a copied value may have.
const VALUE_LIMIT: u32 = 16 << 20;

/// What a copy does not take over: identity and times are its own.
const OWN: [PropTag; 12] = [
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::INSTANCE_KEY,
    tags::OBJECT_TYPE,
    tags::ACCESS_LEVEL,
    tags::CREATION_TIME,
    tags::LAST_MODIFICATION_TIME,
    tags::CONTAINER_CONTENTS,
    tags::CONTAINER_FLAGS,
    tags::ORIGINAL_ENTRYID,
    tags::ORIGINAL_SEARCH_KEY,
    tags::ORIGINAL_DISPLAY_NAME,
];

/// An entry to be copied.
pub(super) struct Source {
    /// Its long-term identifier.
    pub(super) entry_id: Vec<u8>,
    pub(super) kind: ObjectKind,
    /// Its properties.
    pub(super) values: Vec<Property>,
    /// Identifiers of its members, of a list.
    pub(super) members: Vec<Vec<u8>>,
}

/// Reads an entry.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER` for a container, and those of opening and reading it.
pub(super) fn read_source(books: &BookReference, entry_id: &[u8]) -> Result<Source> {
    match books.resolve(entry_id)? {
        Named::Root => Err(Failure::invalid("entries", "A container is no entry that could be copied.")),
        Named::OneOff(one_off) => Ok(Source {
            entry_id: one_off.to_bytes(),
            kind: ObjectKind::Message,
            values: one_off_properties(&one_off),
            members: Vec::new(),
        }),
        Named::Object(book, object) => {
            let (head, _) = book.read(&object, Want::Tags(&[]))?;
            if head.kind == ObjectKind::Folder {
                return Err(Failure::invalid("entries", "A container is no entry that could be copied."));
            }
            let all = book.backend().list_tags(&object)?;
            let mut wanted: Vec<PropTag> = all.into_iter().map(|have| have.tag).collect();
            wanted.extend([
                tags::ENTRYID,
                tags::SEARCH_KEY,
                tags::DISPLAY_TYPE,
                tags::SMTP_ADDRESS,
                tags::TRANSMITABLE_DISPLAY_NAME,
            ]);
            wanted.retain(|tag| !private::is_private(*tag));
            let (_, stored) = book.backend().read(&object, Want::All, VALUE_LIMIT)?;
            if let Some(long) = stored.iter().find(|have| matches!(have.value, Value::Error(_))) {
                let text = "A value of the entry is too long to be copied.";
                return Err(book.named(Failure::new(Code::NotEnoughMemory, text)).with_tag(long.tag));
            }
            let find = |tag: PropTag| stored.iter().find(|have| have.tag.id() == tag.id()).map(|have| have.value.clone());
            let computed = super::computed::tags_of(head.kind).iter().filter_map(|tag| {
                let value = super::computed::compute(&book, &object, head.kind, *tag, &find)?;
                Some(Property { tag: *tag, value })
            });
            let mut values: Vec<Property> = computed.filter(|property| property.value != Value::Object).collect();
            for property in stored {
                if !private::is_private(property.tag) && !values.iter().any(|have| have.tag.id() == property.tag.id()) {
                    values.push(property);
                }
            }
            let id = bytes_of(&values, tags::ENTRYID).map(<[u8]>::to_vec).unwrap_or_else(|| book.entry_id(&object));
            let members = if head.kind == ObjectKind::DistributionList {
                super::dist_list::stored_members(&book, &object)?.into_iter().map(|member| member.entry_id).collect()
            } else {
                Vec::new()
            };
            Ok(Source { entry_id: id, kind: head.kind, values, members })
        }
    }
}

/// Copies into a container.
///
/// # Errors
/// As [`super::AbContainer::copy_entries`].
pub(super) fn into_container(container: &Entry, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
    let check = DuplicateCheck::parse(flags)?;
    if entries.is_empty() {
        return Ok(Warned::ok(()));
    }
    check_modifiable(container.container_flags()?)?;
    let mut failed = false;
    for entry_id in entries {
        match copy(container, entry_id, check) {
            Ok(()) => {}
            Err(failure) if failure.code() == Code::Collision && check.kind.is_some() => {}
            Err(failure) => {
                failed = true;
                let text = format!("an address book entry could not be copied: {}", failure.brief());
                container.books.environment.log.log(LogLevel::Warn, &text);
            }
        }
    }
    Ok(partial(failed))
}

fn copy(container: &Entry, entry_id: &[u8], check: DuplicateCheck) -> Result<()> {
    let source = read_source(&container.books, entry_id)?;
    let destination = Destination::Container(container.object(), check);
    let copy = Entry::create(&container.books, &container.book, source.kind, destination)?;
    {
        let mut edit = copy.edit.borrow_mut();
        let original =
            |from: PropTag| source.values.iter().find(|have| have.tag.id() == from.id()).map(|have| have.value.clone());
        for (tag, value) in [
            (tags::ORIGINAL_ENTRYID, Some(Value::Binary(source.entry_id.clone()))),
            (tags::ORIGINAL_SEARCH_KEY, original(tags::SEARCH_KEY)),
            (tags::ORIGINAL_DISPLAY_NAME, original(tags::DISPLAY_NAME)),
        ] {
            if let Some(value) = value {
                edit.put(Property::new(tag, value));
            }
        }
        for property in source.values {
            if !OWN.iter().any(|own| own.id() == property.tag.id()) {
                edit.put(property);
            }
        }
    }
    for member in &source.members {
        let (kind, values) = member_values(&container.books, member).unwrap_or_else(|_| vanished(member));
        copy.membership.add(NewMember { object: copy.book.reserve()?, kind, values });
    }
    copy.save(SaveMode { keep: KeepOpen::ReadOnly, force: false })
}

/// The row of a member that cannot be read now: it stays a member.
fn vanished(entry_id: &[u8]) -> (ObjectKind, Values) {
    let mut values = Values::new();
    values.put(private::MEMBER_ENTRYID, Value::Binary(entry_id.to_vec()));
    (ObjectKind::Message, values)
}

/// Makes entries members of a list.
///
/// # Errors
/// As [`super::DistList::copy_entries`].
pub(super) fn into_list(list: &Rc<Entry>, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
    DuplicateCheck::parse(flags)?;
    list.check_writable()?;
    let mut failed = false;
    let members = list.members()?;
    let mut known: Vec<Vec<u8>> = members.into_iter().map(|member| member.entry_id).collect();
    for entry_id in entries {
        let is_known = |have: &Vec<u8>| super::compare_entry_ids(&list.books, have, entry_id, 0).unwrap_or(false);
        if known.iter().any(is_known) {
            continue;
        }
        match member_values(&list.books, entry_id) {
            Ok((kind, values)) => {
                list.membership.add(NewMember { object: list.book.reserve()?, kind, values });
                known.push(entry_id.clone());
            }
            Err(failure) => {
                failed = true;
                let name = list.value(tags::DISPLAY_NAME)?.map(|value| vec![Property::new(tags::DISPLAY_NAME, value)]);
                let name = name.and_then(|name| text_of(&name, tags::DISPLAY_NAME)).unwrap_or_default();
                let text = format!("an entry could not be made a member of {name}: {}", failure.brief());
                list.books.environment.log.log(LogLevel::Warn, &text);
            }
        }
    }
    list.refresh_members()?;
    Ok(partial(failed))
}

pub(super) fn partial(failed: bool) -> Warned<()> {
    if failed { Warned::warn((), Code::WPartialCompletion) } else { Warned::ok(()) }
}
