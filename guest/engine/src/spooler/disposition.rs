//! `FinishedMsg` and what becomes of a sent message (`stores` 2.9, 2.10).

use crate::backend::{Change, Expected, LogLevel, ObjectId, ObjectKind, QUEUE_NUMBER};
use crate::entry_id::{EntryId, ProviderEntryId};
use crate::error::Result;
use crate::messages::{Values, message_flags};
use crate::properties::{Value, tags};
use crate::spooler::delivery::{Delivery, moved};
use crate::spooler::original::Copier;
use crate::spooler::recipients::is_envelope_row;
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, CommitMode};
use std::rc::Rc;

/// Where a sent message goes.
enum Filing {
    Stay,
    /// To that folder of its own store.
    Here(ObjectId),
    /// To a folder of another store.
    There(Rc<StoreReference>, ObjectId),
}

/// Takes a message that is done with out of the queue and files it, in one commit with what is not saved yet of its
/// last offer. `stores` are those open.
///
/// # Errors
/// `MAPI_E_OBJECT_CHANGED` when the claim was lost, the backends' own.
pub(crate) fn finish(delivery: &mut Delivery, stores: &[Rc<StoreReference>]) -> Result<()> {
    let store = Rc::clone(&delivery.store);
    let message = delivery.message.clone();
    let mut changes = ChangeSet::new(&store.connection);
    let delete = delivery.values.get(tags::DELETE_AFTER_SUBMIT) == Some(&Value::Boolean(true));
    if delete {
        changes.push(Change::Remove { object: message, expected: delivery.expected(), hard: true });
        return delivery.commit(changes, CommitMode::default());
    }
    let filing = filing(delivery, stores);
    if let Filing::There(other, folder) = &filing {
        // The copy is a commit of its own: what became of the recipients must be durable before it.
        delivery.save(Vec::new())?;
        copy(delivery, other, folder)?;
        changes.push(Change::Remove { object: message, expected: delivery.expected(), hard: true });
        return delivery.commit(changes, CommitMode::default());
    }
    let mut values = Values::new();
    values.put(tags::SUBMIT_FLAGS, Value::Long(0));
    values.put(tags::SPOOLER_STATUS, Value::Long(0));
    delivery.add_unsaved(&mut changes, &mut values)?;
    for row in delivery.rows.iter().filter(|row| is_envelope_row(&row.values)) {
        changes.push(Change::Remove { object: row.object.clone(), expected: Expected::Exists, hard: true });
    }
    changes.set(&message, delivery.expected(), values, vec![QUEUE_NUMBER, private::QUEUE_STATE])?;
    changes.push(sent_flags(message.clone()));
    if let Filing::Here(folder) = filing {
        changes.push(moved(&message, folder));
    }
    delivery.commit(changes, CommitMode::default())
}

/// Sent: neither submitted nor unsent any more.
fn sent_flags(object: ObjectId) -> Change {
    let clear = (message_flags::SUBMIT | message_flags::UNSENT).cast_unsigned();
    Change::Bits { object, tag: tags::MESSAGE_FLAGS, set: 0, clear }
}

/// Puts a copy into a folder of another store.
fn copy(delivery: &Delivery, other: &Rc<StoreReference>, folder: &ObjectId) -> Result<()> {
    let mut draft = Copier::new(&delivery.store, &other.connection).read(&delivery.message)?;
    draft.recipients.retain(|row| !is_envelope_row(row));
    let flags = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0) & !(message_flags::SUBMIT | message_flags::UNSENT);
    draft.properties.put(tags::MESSAGE_FLAGS, Value::Long(flags));
    draft.properties.put(tags::SUBMIT_FLAGS, Value::Long(0));
    let kept = draft.clone();
    let mut changes = ChangeSet::new(&other.connection);
    let added = changes.add_message(folder, draft).and_then(|_| changes.commit(CommitMode::default()));
    if added.is_err() {
        kept.discard(&**other.connection.backend());
    }
    added.map(|_| ())
}

/// The folder `PR_SENTMAIL_ENTRYID` names. One that is not there lets the message stay where it is.
fn filing(delivery: &Delivery, stores: &[Rc<StoreReference>]) -> Filing {
    let Some(entry_id) = delivery.values.bytes(tags::SENTMAIL_ENTRYID) else { return Filing::Stay };
    let target = match EntryId::parse(entry_id) {
        Ok(EntryId::Provider(id)) => target_of(delivery, stores, &id),
        _ => None,
    };
    target.unwrap_or_else(|| {
        let log = &delivery.store.connection.environment().log;
        log.log(LogLevel::Warn, "a sent message stays where it is: the folder it was to be filed in is not available");
        Filing::Stay
    })
}

fn target_of(delivery: &Delivery, stores: &[Rc<StoreReference>], id: &ProviderEntryId) -> Option<Filing> {
    let owner = stores.iter().find(|store| store.connection.uid() == id.uid)?;
    let folder = id.object().ok()?;
    let (head, _) = owner.read(&folder, &[]).ok()?;
    if head.deleted || head.kind != ObjectKind::Folder || !owner.is_writable() {
        return None;
    }
    Some(if !Rc::ptr_eq(&owner.connection, &delivery.store.connection) {
        Filing::There(Rc::clone(owner), folder)
    } else if folder == delivery.folder {
        Filing::Stay
    } else {
        Filing::Here(folder)
    })
}
