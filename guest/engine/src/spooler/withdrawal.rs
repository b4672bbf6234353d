//! `IMsgStore::AbortSubmit` (`stores` 2.8): a message leaves the queue unsent.

use crate::backend::{Change, Expected, ObjectId, ObjectKind, QUEUE_NUMBER};
use crate::error::{Code, Failure, Result};
use crate::messages::{Values, message_flags};
use crate::properties::{Value, tags};
use crate::spooler::queue_state::{QueueState, state_in};
use crate::stores::computed::private;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{ChangeSet, CommitMode, Connection};

/// How often it is tried anew when the spooler works on the message meanwhile.
const ATTEMPTS: u32 = 8;

impl StoreReference {
    /// `AbortSubmit`.
    pub(crate) fn abort_submit(&self, entry_id: &[u8]) -> Result<()> {
        self.opening.alive.check()?;
        let capabilities = self.connection.identity().capabilities;
        if !capabilities.submit || capabilities.public_folders {
            return Err(Failure::new(
                Code::NoSupport,
                "Messages of this store cannot be sent, so there is nothing to take back.",
            ));
        }
        let no_message = || {
            Failure::new(Code::InvalidEntryid, "AbortSubmit needs the entry identifier of a message.").with_argument("entry-id")
        };
        let Named::Object(object) = self.resolve(entry_id)? else { return Err(no_message()) };
        self.check_writable()?;
        for _ in 0..ATTEMPTS {
            let (head, values) = self.read(&object, &[tags::MESSAGE_FLAGS, QUEUE_NUMBER, private::QUEUE_STATE])?;
            if head.deleted {
                return Err(Failure::not_found("The message was deleted."));
            }
            if !matches!(head.kind, ObjectKind::Message | ObjectKind::Associated) {
                return Err(no_message());
            }
            if !values.iter().any(|property| property.tag.id() == QUEUE_NUMBER.id()) {
                return Err(Failure::new(Code::NotInQueue, "The message does not wait to be sent."));
            }
            let state = state_in(&values);
            if state.is_locked(self.connection.environment().clock.now()) {
                return Err(Failure::new(Code::UnableToAbort, "The message is being sent at this moment; try again in a while."));
            }
            match withdraw(&self.connection, &object, head.version) {
                Ok(()) => {
                    self.tell_withdrawn(entry_id, &state);
                    return Ok(());
                }
                // Claimed, or finished, meanwhile: look again.
                Err(failure) if failure.code() == Code::ObjectChanged => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(Code::UnableToAbort, "The spooler keeps working on the message; try again in a while."))
    }

    fn tell_withdrawn(&self, entry_id: &[u8], state: &QueueState) {
        let deferred = state.deferred_by();
        if let Some(mail) = self.opening.mail.as_ref().filter(|_| !deferred.is_empty()) {
            mail.withdrawn(entry_id, &deferred);
        }
    }
}

/// Takes a message of that version out of the queue: it is a draft again.
pub(crate) fn withdraw(connection: &Connection, object: &ObjectId, version: u64) -> Result<()> {
    let mut values = Values::new();
    values.put(tags::SUBMIT_FLAGS, Value::Long(0));
    let mut changes = ChangeSet::new(connection);
    changes.set(object, Expected::Version(version), values, vec![QUEUE_NUMBER, private::QUEUE_STATE])?;
    changes.push(Change::Bits {
        object: object.clone(),
        tag: tags::MESSAGE_FLAGS,
        set: message_flags::UNSENT.cast_unsigned(),
        clear: message_flags::SUBMIT.cast_unsigned(),
    });
    changes.commit(CommitMode::default())?;
    Ok(())
}
