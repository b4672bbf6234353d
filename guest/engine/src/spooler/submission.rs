//! `IMessage::SubmitMessage` (`messages` 7.1): checks, what submission sets, and the way into the queue, all
//! in the one commit that saves the message.

use crate::backend::{Change, Expected, ObjectId, ObjectKind, QUEUE_NUMBER, Want};
use crate::error::{Code, Failure, Result, check_flags};
use crate::messages::content::{Content, Edit};
use crate::messages::message::{MessageState, Mode, Place};
use crate::messages::{Values, create_conversation_index, message_flags};
use crate::properties::{INLINE_LIMIT, PropTag, PropertyHolder, Value, tags};
use crate::spooler::{queue, recipients, sender};
use crate::stores::computed::private;
use crate::stores::object::gone;
use crate::stores::{ChangeSet, CommitMode, receive};

/// `FORCE_SUBMIT`: accepted, no effect.
pub const FORCE_SUBMIT: u32 = 0x1;

/// What submission looks at beside the sender.
const READS: [PropTag; 4] = [tags::MESSAGE_CLASS, tags::MESSAGE_FLAGS, tags::CLIENT_SUBMIT_TIME, tags::CONVERSATION_INDEX];

/// # Errors
/// `MAPI_E_NO_RECIPIENTS` when there is nobody to send to.
pub(crate) fn check_recipients(rows: &[Values]) -> Result<()> {
    if recipients::any_to_send_to(rows) {
        return Ok(());
    }
    Err(Failure::new(Code::NoRecipients, "The message has no recipient it could be sent to; add one."))
}

impl MessageState {
    pub(crate) fn submit(&self, flags: u32) -> Result<()> {
        check_flags(flags, FORCE_SUBMIT)?;
        let (object, folder) = self.check_submittable()?;
        let mut rows = self.recipients()?;
        check_recipients(&rows)?;
        let wanted: Vec<PropTag> = READS.iter().chain(&sender::READS).copied().collect();
        let read = self.read(Want::Tags(&wanted), INLINE_LIMIT)?;
        let mut values: Values = read.into_iter().filter(|property| !matches!(property.value, Value::Error(_))).collect();
        let class = values.text(tags::MESSAGE_CLASS).unwrap_or_default().to_owned();
        receive::check_class(&class)?;
        recipients::prepare(&mut rows);
        self.complete_submission(&mut values);
        let connection = &self.store.connection;
        values.put(QUEUE_NUMBER, Value::I8(queue::next_number(connection)?));
        self.commit_submission(object, &folder, values, rows)?;
        self.mode.set(Mode::Submitted);
        self.alive.end();
        if let Some(mail) = &self.store.opening.mail {
            mail.submitted();
        }
        Ok(())
    }

    /// The message and its folder.
    fn check_submittable(&self) -> Result<(ObjectId, ObjectId)> {
        let capabilities = self.store.connection.identity().capabilities;
        if !capabilities.submit || !capabilities.feed || capabilities.public_folders {
            return Err(Failure::new(Code::NoSupport, "Messages of this store cannot be sent; send from the default store."));
        }
        let (Place::Folder(folder), Some(object)) = (&self.place, &self.object) else {
            return Err(Failure::new(
                Code::NoSupport,
                "An embedded message cannot be sent; copy it out of its attachment first.",
            ));
        };
        if !self.is_writable() || self.kind == ObjectKind::Associated {
            return Err(Failure::new(
                Code::NoAccess,
                "A message opened read-only, or an associated one, cannot be sent; open a standard one with MAPI_MODIFY.",
            ));
        }
        if self.is_saved() {
            let (head, values) = self.store.read(object, &[tags::MESSAGE_FLAGS]).map_err(gone)?;
            if head.deleted {
                return Err(Failure::new(Code::NoAccess, "The message has been deleted; restore it before sending it."));
            }
            let flags = values.iter().find_map(|property| match property.value {
                Value::Long(flags) => Some(flags),
                _ => None,
            });
            if flags.unwrap_or(0) & message_flags::SUBMIT != 0 {
                return Err(Failure::new(Code::Submitted, "The message has been submitted already."));
            }
        }
        Ok((object.clone(), folder.clone()))
    }

    /// Steps 3 to 5 of `messages` 7.1.
    fn complete_submission(&self, values: &mut Values) {
        let environment = self.store.connection.environment();
        let flags = values.long(tags::MESSAGE_FLAGS).unwrap_or(0);
        if flags & message_flags::RESEND == 0 || !values.contains(tags::CLIENT_SUBMIT_TIME) {
            values.put(tags::CLIENT_SUBMIT_TIME, Value::SysTime(environment.clock.now()));
        }
        let identity = self.store.opening.mail.as_ref().and_then(|mail| mail.identity());
        sender::complete(values, identity);
        if values.text(tags::INTERNET_MESSAGE_ID).is_none_or(str::is_empty) {
            let id = sender::message_id(values, environment);
            values.put(tags::INTERNET_MESSAGE_ID, Value::Unicode(id));
        }
        if !values.contains(tags::CONVERSATION_INDEX) {
            values.put(tags::CONVERSATION_INDEX, Value::Binary(create_conversation_index(None, environment)));
        }
        values.put(tags::SUBMIT_FLAGS, Value::Long(0));
        values.remove(tags::MESSAGE_CLASS);
        values.remove(tags::MESSAGE_FLAGS);
    }

    /// Saves the message with what submission sets.
    fn commit_submission(&self, object: ObjectId, folder: &ObjectId, values: Values, rows: Vec<Values>) -> Result<()> {
        const QUEUED: i32 = message_flags::SUBMIT | message_flags::UNSENT;
        let mut changes = ChangeSet::new(&self.store.connection);
        let edit = match &*self.content.borrow() {
            Content::New(draft) => Err(draft.clone()),
            Content::Stored(edit) => Ok(edit.clone()),
        };
        match edit {
            Ok(mut edit) => {
                for (tag, value) in values {
                    if let crate::backend::StoredValue::Inline(value) = value {
                        edit.properties.set(crate::properties::Property { tag, value });
                    }
                }
                edit.properties.delete(private::QUEUE_STATE);
                edit.recipients = Some(rows);
                let expected = Expected::Version(edit.version);
                edit.push(&self.store, &mut changes, expected).map_err(gone)?;
                changes.push(Change::Bits {
                    object: object.clone(),
                    tag: tags::MESSAGE_FLAGS,
                    set: QUEUED.cast_unsigned(),
                    clear: 0,
                });
            }
            Err(mut draft) => {
                for (tag, value) in values {
                    if let crate::backend::StoredValue::Inline(value) = value {
                        draft.properties.put(tag, value);
                    }
                }
                let flags = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0) | QUEUED;
                draft.properties.put(tags::MESSAGE_FLAGS, Value::Long(flags));
                draft.recipients = rows;
                changes.add_message_as(&object, folder, draft)?;
            }
        }
        let place = changes.last_of(&object);
        let committed = changes.commit(CommitMode::default()).map_err(gone)?;
        let version = place.and_then(|place| committed.objects.get(place)).map_or(0, |(version, _)| *version);
        *self.content.borrow_mut() = Content::Stored(Edit::new(object, version));
        Ok(())
    }
}
