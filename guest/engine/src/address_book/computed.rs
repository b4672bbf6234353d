//! Properties of users, lists and containers that are computed when they are read (`address-book` 2, 6):
//! identifiers, types, and what follows from other properties where a provider does not keep it.

use super::connection::BookConnection;
use super::container_flags::{AB_MODIFIABLE, AB_RECIPIENTS, AB_SUBCONTAINERS, AB_UNMODIFIABLE};
use super::{MAPIPDL, create_entry, display_type};
use crate::backend::{ObjectId, ObjectKind};
use crate::entry_id::{EntryId, OneOff};
use crate::properties::{PropTag, Value, tags};
use crate::tables::{ComputedColumns, ComputedRow};
use std::rc::Rc;

/// Engine-private properties; no client sees them.
pub(crate) mod private {
    use crate::properties::PropTag;

    /// On a row of a distribution list: the entry identifier of the member it stands for.
    pub(crate) const MEMBER_ENTRYID: PropTag = PropTag(0x67E9_0102);
    /// On a container: raised whenever an entry is created under a check for duplicates, so that two who
    /// create the same one at once collide.
    pub(crate) const ENTRIES_CHECKED: PropTag = PropTag(0x67EA_0003);

    /// Whether the tag is one of them.
    pub(crate) fn is_private(tag: PropTag) -> bool {
        tag.id() == MEMBER_ENTRYID.id() || tag.id() == ENTRIES_CHECKED.id()
    }
}

const ENTRY: &[PropTag] = &[
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::SEARCH_KEY,
    tags::TRANSMITABLE_DISPLAY_NAME,
    tags::SMTP_ADDRESS,
];

const LIST: &[PropTag] = &[
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::SEARCH_KEY,
    tags::TRANSMITABLE_DISPLAY_NAME,
    tags::SMTP_ADDRESS,
    tags::CONTAINER_CONTENTS,
];

const CONTAINER: &[PropTag] = &[
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::CONTAINER_FLAGS,
    tags::AB_PROVIDER_ID,
    tags::CONTAINER_CONTENTS,
    tags::CONTAINER_HIERARCHY,
    tags::DEF_CREATE_MAILUSER,
    tags::DEF_CREATE_DL,
];

/// The computed tags of that kind of object.
pub(crate) const fn tags_of(kind: ObjectKind) -> &'static [PropTag] {
    match kind {
        ObjectKind::Folder | ObjectKind::SearchFolder => CONTAINER,
        ObjectKind::DistributionList => LIST,
        _ => ENTRY,
    }
}

/// The stored properties the computation of a tag reads.
pub(crate) fn inputs_of(tag: PropTag) -> &'static [PropTag] {
    match tag {
        tags::ENTRYID | tags::RECORD_KEY => &[private::MEMBER_ENTRYID],
        tags::DISPLAY_TYPE => &[tags::DISPLAY_TYPE],
        tags::CONTAINER_FLAGS | tags::CONTAINER_CONTENTS | tags::CONTAINER_HIERARCHY => &[tags::CONTAINER_FLAGS],
        tags::DEF_CREATE_MAILUSER | tags::DEF_CREATE_DL => &[tags::CONTAINER_FLAGS],
        tags::SEARCH_KEY => &[tags::SEARCH_KEY, tags::ADDRTYPE, tags::EMAIL_ADDRESS],
        tags::TRANSMITABLE_DISPLAY_NAME => &[tags::TRANSMITABLE_DISPLAY_NAME, tags::DISPLAY_NAME],
        tags::SMTP_ADDRESS => &[tags::SMTP_ADDRESS, tags::ADDRTYPE, tags::EMAIL_ADDRESS],
        _ => &[],
    }
}

/// `PR_OBJECT_TYPE`.
pub(crate) const fn object_type(kind: ObjectKind) -> i32 {
    match kind {
        ObjectKind::Folder | ObjectKind::SearchFolder => 4,
        ObjectKind::DistributionList => 8,
        _ => super::mail_user::MAPI_MAILUSER,
    }
}

/// `PR_CONTAINER_FLAGS`: a provider that cannot be changed has no container that can.
pub(crate) fn flags_of(book: &BookConnection, stored: Option<i32>) -> i32 {
    let flags = stored.unwrap_or(AB_RECIPIENTS | AB_MODIFIABLE);
    if book.is_writable() { flags } else { (flags & !AB_MODIFIABLE) | AB_UNMODIFIABLE }
}

/// `PR_SEARCH_KEY` of an address: type and address in ASCII upper case, 8-bit, terminated.
pub(crate) fn search_key(address_type: &str, address: &str) -> Vec<u8> {
    OneOff::new("", address_type, address).search_key()
}

/// Computes a tag of [`tags_of`]; `None`: the object has no value.
pub(crate) fn compute(
    book: &BookConnection,
    object: &ObjectId,
    kind: ObjectKind,
    tag: PropTag,
    stored: &dyn Fn(PropTag) -> Option<Value>,
) -> Option<Value> {
    let text = |tag| match stored(tag) {
        Some(Value::Unicode(text)) => Some(text),
        _ => None,
    };
    let flags = || {
        if object == book.root() {
            return AB_SUBCONTAINERS | AB_UNMODIFIABLE;
        }
        let stored = match stored(tags::CONTAINER_FLAGS) {
            Some(Value::Long(flags)) => Some(flags),
            _ => None,
        };
        flags_of(book, stored)
    };
    match tag {
        tags::ENTRYID | tags::RECORD_KEY => {
            Some(stored(private::MEMBER_ENTRYID).unwrap_or_else(|| Value::Binary(book.entry_id(object))))
        }
        tags::OBJECT_TYPE => Some(Value::Long(object_type(kind))),
        tags::DISPLAY_TYPE => Some(match stored(tags::DISPLAY_TYPE) {
            Some(value @ Value::Long(_)) => value,
            _ => Value::Long(match kind {
                ObjectKind::Folder | ObjectKind::SearchFolder => display_type::DT_LOCAL,
                ObjectKind::DistributionList if text(tags::ADDRTYPE).is_none_or(|kind| kind.eq_ignore_ascii_case(MAPIPDL)) => {
                    display_type::DT_PRIVATE_DISTLIST
                }
                ObjectKind::DistributionList => display_type::DT_DISTLIST,
                _ => display_type::DT_MAILUSER,
            }),
        }),
        tags::SEARCH_KEY => stored(tags::SEARCH_KEY).or_else(|| {
            let key = search_key(&text(tags::ADDRTYPE)?, &text(tags::EMAIL_ADDRESS)?);
            Some(Value::Binary(key))
        }),
        tags::TRANSMITABLE_DISPLAY_NAME => stored(tag).or_else(|| stored(tags::DISPLAY_NAME)),
        tags::SMTP_ADDRESS => stored(tag).or_else(|| {
            let smtp = text(tags::ADDRTYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("SMTP"));
            stored(tags::EMAIL_ADDRESS).filter(|_| smtp)
        }),
        tags::CONTAINER_FLAGS => Some(Value::Long(flags())),
        tags::AB_PROVIDER_ID => Some(Value::Binary(book.kind().0.to_vec())),
        tags::CONTAINER_CONTENTS if kind == ObjectKind::DistributionList => Some(Value::Object),
        tags::CONTAINER_CONTENTS => (flags() & AB_RECIPIENTS != 0).then_some(Value::Object),
        tags::CONTAINER_HIERARCHY => (flags() & AB_SUBCONTAINERS != 0).then_some(Value::Object),
        tags::DEF_CREATE_MAILUSER | tags::DEF_CREATE_DL if flags() & AB_MODIFIABLE == 0 => None,
        tags::DEF_CREATE_MAILUSER => Some(Value::Binary(create_entry::Template::User.entry_id())),
        tags::DEF_CREATE_DL => Some(Value::Binary(create_entry::Template::List.entry_id())),
        _ => None,
    }
}

/// The computed columns of tables of entries and of containers.
pub(crate) struct EntryColumns {
    book: Rc<BookConnection>,
    tags: &'static [PropTag],
    /// Rows may stand for entries that lie elsewhere.
    members: bool,
}

impl EntryColumns {
    /// Those of users and lists in a container.
    pub(crate) fn of_entries(book: &Rc<BookConnection>) -> Rc<Self> {
        Rc::new(Self { book: Rc::clone(book), tags: ENTRY, members: false })
    }

    /// Those of the members of a list.
    pub(crate) fn of_members(book: &Rc<BookConnection>) -> Rc<Self> {
        Rc::new(Self { book: Rc::clone(book), tags: ENTRY, members: true })
    }

    /// Those of containers.
    pub(crate) fn of_containers(book: &Rc<BookConnection>) -> Rc<Self> {
        Rc::new(Self { book: Rc::clone(book), tags: CONTAINER, members: false })
    }
}

impl ComputedColumns for EntryColumns {
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]> {
        if private::is_private(tag) {
            return Some(&[]);
        }
        let own = self.tags.iter().find(|own| own.id() == tag.id())?;
        Some(inputs_of(*own))
    }

    fn compute(&self, tag: PropTag, row: &ComputedRow<'_>) -> Option<Value> {
        let own = *self.tags.iter().find(|own| own.id() == tag.id())?;
        compute(&self.book, row.id, row.kind, own, &|tag| row.stored(tag))
    }

    fn tags(&self) -> Vec<PropTag> {
        self.tags.to_vec()
    }

    fn object_of(&self, tag: PropTag, value: &Value) -> Option<ObjectId> {
        let Value::Binary(bytes) = value else { return None };
        if self.members || (tag.id() != tags::ENTRYID.id() && tag.id() != tags::RECORD_KEY.id()) {
            return None;
        }
        let Ok(EntryId::Provider(id)) = EntryId::parse(bytes) else { return None };
        let object = id.object().ok().filter(|_| id.uid == self.book.uid())?;
        (self.book.entry_id(&object) == *bytes).then_some(object)
    }
}
