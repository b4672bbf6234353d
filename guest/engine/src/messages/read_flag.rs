//! `IMessage::SetReadFlag` (`messages` 1.1): the rules are those of `stores` 5.8, for one message. It is
//! committed at once, whatever the handle holds unsaved, and a handle for reading suffices.

use crate::backend::{ObjectId, ObjectKind};
use crate::error::{Code, Failure, Result, Warned};
use crate::messages::content::Content;
use crate::messages::message::{MessageState, Place};
use crate::messages::{Message, Values, message_flags};
use crate::properties::{PropertyHolder, Value, tags};
use crate::stores::completion::Completion;
use crate::stores::object::gone;
use crate::stores::read_flags::ReadMarks;

impl Message {
    /// `SetReadFlag`. Of a message that was never saved it changes the flag it will be saved with, and no
    /// report is sent. A hidden message has no read state: nothing is done.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NO_SUPPRESS`, `MAPI_E_NO_SUPPORT` on an embedded message,
    /// `MAPI_E_SUBMITTED`, `MAPI_E_NO_ACCESS`, `MAPI_E_OBJECT_DELETED`, the backend's own.
    pub fn set_read_flag(&self, flags: u32) -> Result<Warned<()>> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            let marks = ReadMarks::parse(flags, false, &self.0.store)?;
            if matches!(self.0.place, Place::Attachment(..)) {
                return Err(Failure::new(Code::NoSupport, "An embedded message has no read state of its own."));
            }
            if self.0.kind == ObjectKind::Associated {
                return Ok(Warned::ok(()));
            }
            self.0.store.check_writable()?;
            match self.0.mark_unsaved(marks) {
                Some(object) => self.0.mark_stored(&object, marks),
                None => Ok(Warned::ok(())),
            }
        })())
    }
}

impl MessageState {
    /// Marks a message that was never saved; the object of one that was.
    fn mark_unsaved(&self, marks: ReadMarks) -> Option<ObjectId> {
        match &mut *self.content.borrow_mut() {
            Content::Stored(edit) => Some(edit.object.clone()),
            Content::New(draft) => {
                let flags = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0);
                let marking = marks.of(flags);
                let read = flags & !(marking.clear & message_flags::READ) | (marking.set & message_flags::READ);
                draft.properties.put(tags::MESSAGE_FLAGS, Value::Long(read));
                None
            }
        }
    }

    fn mark_stored(&self, object: &ObjectId, marks: ReadMarks) -> Result<Warned<()>> {
        let (head, values) = self.store.read(object, &[tags::MESSAGE_FLAGS]).map_err(gone)?;
        if head.deleted {
            return Err(Failure::new(Code::NoAccess, "A deleted message cannot be marked; bring it back first."));
        }
        let flags = values.into_iter().collect::<Values>().long(tags::MESSAGE_FLAGS).unwrap_or(0);
        if flags & message_flags::SUBMIT != 0 {
            return Err(Failure::new(
                Code::Submitted,
                "The message waits to be sent and cannot be marked; take it back with AbortSubmit first.",
            ));
        }
        let mut completion = Completion::new(self.store.connection.environment(), 1);
        self.store.mark_one(object, flags, marks, &mut completion).map_err(gone)?;
        completion.succeeded(1);
        completion.finish(&self.last_error)
    }
}
