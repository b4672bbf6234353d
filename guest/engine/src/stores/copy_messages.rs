//! `IMAPIFolder::CopyMessages` (`stores` 5.2): inside a store the backend copies and moves, between stores
//! the messages are carried over.

use crate::backend::{Change, Expected, ObjectId, ObjectKind, ScanFrom, ScanKind};
use crate::error::{Code, Failure, Result, Warned, check_flags};
use crate::messages::{Draft, Edit, Transfer, message_flags};
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, check_interface};
use crate::properties::{Guid, Property, Value, tags};
use crate::stores::completion::{Batches, Completion};
use crate::stores::computed::private;
use crate::stores::message_list::Listed;
use crate::stores::{ChangeSet, CommitMode, Folder};

/// `MESSAGE_MOVE`.
pub const MESSAGE_MOVE: u32 = 0x1;
/// `MESSAGE_DIALOG`.
const MESSAGE_DIALOG: u32 = 0x2;
/// `MAPI_DECLINE_OK`.
pub const MAPI_DECLINE_OK: u32 = 0x4;

/// What a copy never keeps of its original (`messages` 1.4, `stores` 5.2).
const NOT_COPIED: i32 = message_flags::SUBMIT | message_flags::RN_PENDING | message_flags::NRN_PENDING;

/// Messages carried over to another store and committed together at most.
const CARRIED_AT_ONCE: usize = 64;
/// Bytes held in memory for that at most, about.
const CARRIED_BYTES: u64 = 4 << 20;

/// How often a message is read anew when others change it meanwhile.
const ATTEMPTS: u32 = 3;

impl Folder {
    /// `CopyMessages`: copies or moves messages of this folder into another one, of this store or another.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` into a search folder, `MAPI_E_NO_ACCESS`, `MAPI_E_DECLINE_COPY`,
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, `MAPI_E_OBJECT_DELETED`,
    /// `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn copy_messages(
        &self,
        entry_ids: &[Vec<u8>],
        interface: Option<Guid>,
        destination: &Folder,
        flags: u32,
    ) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            destination.store.opening.alive.check()?;
            check_flags(flags, MESSAGE_MOVE | MESSAGE_DIALOG | MAPI_DECLINE_OK)?;
            check_interface(interface, &[IID_IMAPIFOLDER, IID_IMAPICONTAINER])?;
            let moving = flags & MESSAGE_MOVE != 0;
            self.check_copy_into(destination, moving)?;
            if flags & MAPI_DECLINE_OK != 0 && !self.same_store(destination) {
                return Err(Failure::new(
                    Code::DeclineCopy,
                    "The messages would have to be copied one by one between two stores.",
                ));
            }
            let mut completion = Completion::new(self.store.connection.environment(), entry_ids.len());
            let listed = self.listed(entry_ids, false, &mut completion)?;
            self.copy_listed(&listed, destination, moving, &mut completion)?;
            completion.finish(&self.last_error)
        })())
    }

    /// Whether both folders lie in one store.
    pub(crate) fn same_store(&self, other: &Self) -> bool {
        self.store.connection.uid() == other.store.connection.uid()
    }

    /// Checks that something can be copied or moved from here into a folder.
    pub(crate) fn check_copy_into(&self, destination: &Self, moving: bool) -> Result<()> {
        destination.check_creatable()?;
        if moving {
            self.store.check_writable()?;
        }
        self.check_present()?;
        destination.check_present()
    }

    /// Copies or moves messages that lie in this folder.
    pub(crate) fn copy_listed(
        &self,
        listed: &[Listed],
        destination: &Self,
        moving: bool,
        completion: &mut Completion,
    ) -> Result<()> {
        if self.same_store(destination) {
            self.copy_inside(listed, destination, moving, completion)
        } else {
            self.copy_between(listed, destination, moving, completion)
        }
    }

    /// Copies or moves all messages of one kind.
    pub(crate) fn copy_all(&self, kind: ScanKind, destination: &Self, moving: bool, completion: &mut Completion) -> Result<()> {
        // A copy into the same folder must not find its own copies: they all arrive behind this message.
        let mut pages = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let (page, next) = self.store.messages_of(&self.object, kind, from)?;
            completion.expect(page.len());
            if self.object == destination.object {
                pages.push(page);
            } else {
                self.copy_listed(&page, destination, moving, completion)?;
            }
            match next {
                Some(next) if !completion.is_stopped() => from = ScanFrom::After(next),
                _ => break,
            }
        }
        for page in pages {
            self.copy_listed(&page, destination, moving, completion)?;
        }
        Ok(())
    }

    fn copy_inside(&self, listed: &[Listed], destination: &Self, moving: bool, completion: &mut Completion) -> Result<()> {
        let mut batches = Batches::new(&destination.store.connection);
        let restores = self.is_deleted()?;
        for message in listed {
            if completion.is_stopped() {
                break;
            }
            if !moving {
                match self.copy_of(message, destination) {
                    Ok(copy) => batches.add(copy, message.size, completion),
                    Err(failure) => completion.stop(failure),
                }
                continue;
            }
            let restore = message.deleted || restores;
            match message.check_not_submitted() {
                Err(failure) => completion.failed(failure),
                // It is where it shall be.
                Ok(()) if self.object == destination.object && !restore => completion.succeeded(1),
                Ok(()) => batches.add(move_of(message, &destination.object, restore), 0, completion),
            }
        }
        batches.flush(completion);
        Ok(())
    }

    /// Whether the folder itself is soft-deleted.
    pub(crate) fn is_deleted(&self) -> Result<bool> {
        Ok(self.shows_deleted && self.store.read(&self.object, &[])?.0.deleted)
    }

    /// The change that copies a message.
    fn copy_of(&self, message: &Listed, destination: &Self) -> Result<Vec<Change>> {
        let connection = &destination.store.connection;
        let created = Value::SysTime(connection.environment().clock.now());
        let mut set = vec![connection.stored(Property::new(tags::CREATION_TIME, created))];
        if message.flags & NOT_COPIED != 0 {
            let flags = Value::Long(message.flags & !NOT_COPIED);
            set.push(connection.stored(Property::new(tags::MESSAGE_FLAGS, flags)));
        }
        Ok(vec![Change::Copy {
            source: message.object.clone(),
            object: connection.reserve()?,
            parent: destination.object.clone(),
            set,
            delete: private::NOT_COPIED.to_vec(),
        }])
    }

    /// Carries messages over to another store.
    fn copy_between(&self, listed: &[Listed], destination: &Self, moving: bool, completion: &mut Completion) -> Result<()> {
        self.report_read(listed, completion);
        let transfer = Transfer::new(&self.store, &destination.store);
        let mut carried: Vec<Carried> = Vec::new();
        let mut held = 0;
        for message in listed {
            if completion.is_stopped() {
                break;
            }
            match self.carry(&transfer, message, moving) {
                Ok(Some(next)) => {
                    held += next.draft.size().min(u64::from(u32::MAX));
                    carried.push(next);
                }
                Ok(None) => {}
                Err(failure) => completion.refused(failure),
            }
            if carried.len() >= CARRIED_AT_ONCE || held >= CARRIED_BYTES {
                self.store_carried(core::mem::take(&mut carried), destination, moving, completion);
                held = 0;
            }
        }
        self.store_carried(carried, destination, moving, completion);
        Ok(())
    }

    /// Reads a message for the other store.
    fn carry(&self, transfer: &Transfer<'_>, message: &Listed, moving: bool) -> Result<Option<Carried>> {
        if moving {
            message.check_not_submitted()?;
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (head, _) = self.store.read(&message.object, &[])?;
            match transfer.stored_message(Edit::new(message.object.clone(), head.version)) {
                Ok(mut draft) => {
                    let now = self.store.connection.environment().clock.now();
                    for tag in private::NOT_COPIED {
                        draft.properties.remove(*tag);
                    }
                    let flags = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0);
                    draft.properties.put(tags::MESSAGE_FLAGS, Value::Long(flags & !NOT_COPIED));
                    if !moving {
                        draft.properties.put(tags::CREATION_TIME, Value::SysTime(now));
                    }
                    let source = (message.object.clone(), head.version);
                    return Ok(Some(Carried { draft, associated: message.associated, source }));
                }
                Err(failure) if failure.code() == Code::ObjectChanged => last = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        last.map_or(Ok(None), Err)
    }

    /// Stores what was carried over; what was moved leaves this store after that.
    fn store_carried(&self, carried: Vec<Carried>, destination: &Self, moving: bool, completion: &mut Completion) {
        if carried.is_empty() {
            return;
        }
        if completion.is_stopped() {
            carried.iter().for_each(|message| message.draft.discard(&**destination.store.connection.backend()));
            return;
        }
        let copies = match store_together(&carried, destination) {
            Ok(copies) => carried.iter().zip(copies).map(|(message, copy)| (message.source.clone(), copy)).collect(),
            // One of them cannot be stored: each by itself then.
            Err(_) if carried.len() > 1 => {
                let mut copies = Vec::new();
                for message in carried {
                    if completion.is_stopped() {
                        message.draft.discard(&**destination.store.connection.backend());
                        continue;
                    }
                    match store_together(core::slice::from_ref(&message), destination) {
                        Ok(stored) => copies.extend(stored.into_iter().map(|copy| (message.source.clone(), copy))),
                        Err(failure) => {
                            message.draft.discard(&**destination.store.connection.backend());
                            completion.refused(failure);
                        }
                    }
                }
                copies
            }
            Err(failure) => {
                carried.iter().for_each(|message| message.draft.discard(&**destination.store.connection.backend()));
                completion.refused(failure);
                Vec::new()
            }
        };
        for ((source, version), copy) in copies {
            if !moving {
                completion.succeeded(1);
                continue;
            }
            let removal = Change::Remove { object: source, expected: Expected::Version(version), hard: true };
            match self.store.connection.commit(vec![removal], CommitMode::default()) {
                Ok(_) => completion.succeeded(1),
                Err(failure) => {
                    // Others changed it meanwhile: what was copied is not what is there.
                    let undone = Change::Remove { object: copy, expected: Expected::Exists, hard: true };
                    if let Err(failure) = destination.store.connection.commit(vec![undone], CommitMode::default()) {
                        completion.failed(failure);
                    }
                    completion.refused(failure);
                }
            }
        }
    }
}

/// The changes that move a message.
fn move_of(message: &Listed, destination: &ObjectId, restore: bool) -> Vec<Change> {
    let expected = Expected::Exists;
    let set = if message.status == 0 { Vec::new() } else { vec![Property::new(tags::MSG_STATUS, Value::Long(0)).into()] };
    let moved = Change::Move { object: message.object.clone(), expected, parent: destination.clone(), set, restore };
    if !message.deleted {
        return vec![moved];
    }
    let delete = vec![tags::DELETED_ON];
    let revived = Change::Set { object: message.object.clone(), expected, set: Vec::new(), delete, quiet: true };
    vec![moved, revived]
}

/// A message read for another store, with what it was read from.
struct Carried {
    draft: Draft,
    associated: bool,
    source: (ObjectId, u64),
}

/// Stores messages in one commit; the identifiers of the copies.
fn store_together(carried: &[Carried], destination: &Folder) -> Result<Vec<ObjectId>> {
    let connection = &destination.store.connection;
    let mut changes = ChangeSet::new(connection);
    let mut copies = Vec::new();
    for message in carried {
        let object = connection.reserve()?;
        let kind = if message.associated { ObjectKind::Associated } else { ObjectKind::Message };
        changes.add_completed(&object, &destination.object, kind, message.draft.clone())?;
        copies.push(object);
    }
    changes.commit(CommitMode::default())?;
    Ok(copies)
}
