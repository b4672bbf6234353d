//! CreateEntry: new users and lists, stored by their first save (`address-book` 7).

use super::computed::{self, private};
use super::connection::{BookChanges, BookConnection};
use super::dist_list::NewMember;
use super::duplicates::{self, Duplicate};
use super::entry::Entry;
use super::{MAPIPDL, container_flags, display_type};
use crate::backend::{Expected, ObjectId, ObjectKind, ScanKind, Want};
use crate::entry_id::{EntryFlags, ProviderEntryId};
use crate::error::{Code, Failure, Result, check_flags};
use crate::messages::Values;
use crate::properties::{Guid, PropTag, PropertyHolder, Value, tags};
use crate::stores::object::gone;
use std::rc::Rc;

/// The flags of `CreateEntry`.
pub mod create_flags {
    #![expect(missing_docs, reason = "named by `address-book` 7")]
    pub const CREATE_CHECK_DUP_STRICT: u32 = 0x1;
    pub const CREATE_CHECK_DUP_LOOSE: u32 = 0x2;
    pub const CREATE_REPLACE: u32 = 0x4;
}

/// The MAPIUID of the templates the engine itself has.
const TEMPLATES: Guid = Guid::from_fields(0x6D61_7069, 0x5445, 0x4D50, *b"LATES\0\0\x01");

/// How often creating an entry is tried anew when others create some meanwhile.
const CREATE_ATTEMPTS: u32 = 8;

/// What a new entry is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Template {
    User,
    List,
}

impl Template {
    /// `PR_DEF_CREATE_MAILUSER` and `PR_DEF_CREATE_DL`.
    pub(super) fn entry_id(self) -> Vec<u8> {
        let data = vec![if self == Self::User { 1 } else { 2 }];
        ProviderEntryId { flags: EntryFlags::SHORT_TERM, uid: TEMPLATES, data }.to_bytes()
    }

    /// The template of that identifier; without one that of a user.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_INVALID_ENTRYID`.
    pub(super) fn parse(entry_id: Option<&[u8]>) -> Result<Self> {
        let Some(entry_id) = entry_id.filter(|bytes| !bytes.is_empty()) else { return Ok(Self::User) };
        let id = ProviderEntryId::parse(entry_id)?;
        match id.data.as_slice() {
            [1] if id.uid == TEMPLATES => Ok(Self::User),
            [2] if id.uid == TEMPLATES => Ok(Self::List),
            _ => {
                let text =
                    "This is no template for new entries; read PR_DEF_CREATE_MAILUSER or PR_DEF_CREATE_DL of the container.";
                Err(Failure::new(Code::UnknownEntryid, text).with_argument("template"))
            }
        }
    }

    pub(super) const fn kind(self) -> ObjectKind {
        match self {
            Self::User => ObjectKind::Message,
            Self::List => ObjectKind::DistributionList,
        }
    }
}

/// Which entries a new one collides with, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct DuplicateCheck {
    /// Which, `None`: the entry is always stored.
    pub(super) kind: Option<Duplicate>,
    /// The old entry is replaced.
    pub(super) replace: bool,
}

impl DuplicateCheck {
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub(super) fn parse(flags: u32) -> Result<Self> {
        use create_flags::{CREATE_CHECK_DUP_LOOSE, CREATE_CHECK_DUP_STRICT, CREATE_REPLACE};
        check_flags(flags, CREATE_CHECK_DUP_STRICT | CREATE_CHECK_DUP_LOOSE | CREATE_REPLACE)?;
        let replace = flags & CREATE_REPLACE != 0;
        let kind = if flags & CREATE_CHECK_DUP_LOOSE != 0 {
            Some(Duplicate::SameName)
        } else if flags & CREATE_CHECK_DUP_STRICT != 0 || replace {
            Some(Duplicate::SameNameAndAddress)
        } else {
            None
        };
        Ok(Self { kind, replace })
    }
}

/// Where a new entry is to be stored.
#[derive(Clone)]
pub(super) enum Destination {
    /// In a container, under a check for duplicates.
    Container(ObjectId, DuplicateCheck),
    /// In a distribution list, with its next save.
    List(Rc<Entry>),
}

/// # Errors
/// `MAPI_E_NO_ACCESS` for a container without `AB_MODIFIABLE`.
pub(super) fn check_modifiable(flags: i32) -> Result<()> {
    if flags & container_flags::AB_MODIFIABLE != 0 {
        return Ok(());
    }
    Err(Failure::new(Code::NoAccess, "Entries of this container cannot be added or removed; choose a personal address book."))
}

/// Stores an entry for the first time.
///
/// # Errors
/// `MAPI_E_COLLISION`, the provider's own; the entry stays open then.
pub(super) fn save_new(entry: &Entry, destination: &Destination) -> Result<()> {
    let values = completed(entry);
    match destination {
        Destination::List(list) => add_to_list(entry, list, values),
        Destination::Container(container, check) => {
            for _ in 0..CREATE_ATTEMPTS {
                match store(entry, container, *check, values.clone()) {
                    Err(failure) if check.kind.is_some() && failure.code() == Code::ObjectChanged => {}
                    result => return result,
                }
            }
            Err(Failure::new(Code::Busy, "Other programs keep changing this address book; try again."))
        }
    }
}

/// The values of a new entry, with what its creator left out.
fn completed(entry: &Entry) -> Values {
    let mut values = entry.edit.borrow().set.clone();
    if entry.kind == ObjectKind::DistributionList && !values.contains(tags::ADDRTYPE) {
        values.put(tags::ADDRTYPE, Value::Unicode(MAPIPDL.to_owned()));
    }
    if values.text(tags::DISPLAY_NAME).is_none_or(str::is_empty) {
        let name = values.text(tags::EMAIL_ADDRESS).unwrap_or_default().to_owned();
        values.put(tags::DISPLAY_NAME, Value::Unicode(name));
    }
    if !values.contains(tags::DISPLAY_TYPE) {
        let kind = match entry.kind {
            ObjectKind::DistributionList => display_type::DT_PRIVATE_DISTLIST,
            _ => display_type::DT_MAILUSER,
        };
        values.put(tags::DISPLAY_TYPE, Value::Long(kind));
    }
    if let (Some(kind), Some(address)) = (values.text(tags::ADDRTYPE), values.text(tags::EMAIL_ADDRESS)) {
        let key = computed::search_key(kind, address);
        values.put(tags::SEARCH_KEY, Value::Binary(key));
    }
    let now = entry.book.environment().clock.now();
    values.put(tags::CREATION_TIME, Value::SysTime(now));
    values.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(now));
    values
}

fn add_to_list(entry: &Entry, list: &Entry, values: Values) -> Result<()> {
    list.check()?;
    list.check_writable()?;
    let object = entry.object();
    // A list saved since holds the member as it was then; the member's own handle cannot change it any more.
    if entry.membership.was_handed_over() && !list.membership.is_new(&object) {
        return Err(Failure::new(Code::ObjectChanged, "The list was saved meanwhile; open the member anew to change it."));
    }
    list.membership.add(NewMember { object, kind: entry.kind, values });
    entry.membership.hand_over();
    list.refresh_members()
}

fn store(entry: &Entry, container: &ObjectId, check: DuplicateCheck, values: Values) -> Result<()> {
    let book = &entry.book;
    let mut changes = BookChanges::new(book);
    let mut object = entry.object();
    let mut replaced = None;
    if let Some(kind) = check.kind {
        // Two who create the same entry at once change the container's counter under one version.
        let (head, values_of_container) = book.read(container, Want::Tags(&[private::ENTRIES_CHECKED])).map_err(gone)?;
        let counter = match super::value_of(&values_of_container, private::ENTRIES_CHECKED) {
            Some(Value::Long(number)) => *number,
            _ => 0,
        };
        let mut raise = Values::new();
        raise.put(private::ENTRIES_CHECKED, Value::Long(counter.wrapping_add(1)));
        changes.set(container, Expected::Version(head.version), raise, Vec::new())?;
        replaced = duplicates::find(book, container, kind, &values)?;
        if let Some(old) = &replaced {
            if !check.replace || old.kind != entry.kind {
                let name = values.text(tags::DISPLAY_NAME).unwrap_or_default();
                let text = format!("The address book already has an entry \u{201c}{name}\u{201d}.");
                return Err(Failure::new(Code::Collision, text));
            }
            object = old.object.clone();
        }
    }
    match &replaced {
        None => changes.create(&object, container, entry.kind, values)?,
        Some(old) => {
            let stored = book.backend().list_tags(&object)?;
            let delete: Vec<PropTag> = stored.into_iter().map(|have| have.tag).filter(|tag| !values.contains(*tag)).collect();
            remove_members(book, &object, &mut changes)?;
            changes.set(&object, Expected::Version(old.version), values, delete)?;
        }
    }
    entry.membership.push(&object, &mut changes)?;
    let place = changes.last_of(&object);
    let committed = changes.commit().map_err(gone)?;
    let version = place.and_then(|place| committed.objects.get(place)).map_or(0, |(version, _)| *version);
    entry.take_over(object);
    entry.saved(version);
    Ok(())
}

fn remove_members(book: &Rc<BookConnection>, list: &ObjectId, changes: &mut BookChanges<'_>) -> Result<()> {
    for member in super::hierarchy::children(book, list, ScanKind::Contents)? {
        changes.remove(&member);
    }
    Ok(())
}
