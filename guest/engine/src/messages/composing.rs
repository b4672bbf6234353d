//! What is read of an open message when its RFC 5322 form is composed ([`crate::mime`]): values, parts and
//! long values as the handle sees them, unsaved changes included.

use crate::backend::Want;
use crate::error::{Code, Failure, Result};
use crate::messages::attachment::Attachment;
use crate::messages::content::{AttachmentContent, Content, Edit, attachment_objects};
use crate::messages::{EMBEDDING_LIMIT, Message, Values};
use crate::mime::ORIGINAL;
use crate::properties::{PropTag, PropType, PropertyHolder, StreamSource, Value, tags};
use crate::session::Alive;
use crate::stores::reference::StoreReference;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Originals up to this many bytes are read in one call.
const ORIGINAL_INLINE: u32 = 64 << 10;

/// Whether a property is part of what a message says to others: changing any other leaves its RFC 5322 form
/// as it is.
pub(crate) fn has_form(tag: PropTag) -> bool {
    const LOCAL: &[PropTag] = &[
        tags::SEARCH_KEY,
        tags::CREATION_TIME,
        tags::LAST_MODIFICATION_TIME,
        tags::CONVERSATION_ID,
        tags::NATIVE_BODY_INFO,
        tags::SUBJECT_PREFIX,
        tags::ICON_INDEX,
        tags::FLAG_STATUS,
        tags::FLAG_COMPLETE_TIME,
        tags::FOLLOWUP_ICON,
        tags::LAST_VERB_EXECUTED,
        tags::LAST_VERB_EXECUTION_TIME,
        tags::RETENTION_DATE,
        tags::POLICY_TAG,
        tags::ARCHIVE_TAG,
    ];
    let transmittable = matches!(tag.id(), 0..0x0E00 | 0x1000..0x6000 | 0x6800..0x7C00 | 0x8000..=0xFFFE);
    transmittable && !LOCAL.iter().any(|local| local.id() == tag.id())
}

impl Edit {
    /// Whether the edits change what the message says to others.
    pub(super) fn changes_form(&self) -> bool {
        let properties = self.properties.set.iter().map(|(tag, _)| tag).chain(self.properties.deleted.values().copied());
        self.recipients.is_some()
            || !self.attachments.is_empty()
            || !self.deleted.is_empty()
            || properties.into_iter().any(has_form)
    }
}

impl Message {
    pub(crate) fn alive(&self) -> Alive {
        self.0.alive.derive()
    }

    /// The original form of a message that was not changed since it was read.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn original(&self) -> Result<Option<StreamSource>> {
        let object = match &*self.0.content.borrow() {
            Content::Stored(edit) if !edit.changes_form() => edit.object.clone(),
            _ => return Ok(None),
        };
        let objects = self.0.store.connection.backend().clone();
        let (_, values) = objects.read(&object, Want::Tags(&[ORIGINAL]), ORIGINAL_INLINE)?;
        match values.into_iter().find(|property| property.tag.id() == ORIGINAL.id()).map(|property| property.value) {
            Some(Value::Binary(bytes)) => Ok(Some(StreamSource::Bytes(bytes.into()))),
            Some(Value::Error(_)) => Ok(Some(StreamSource::Stored { objects, object, tag: ORIGINAL, size: 0 })),
            _ => Ok(None),
        }
    }

    /// Its values up to that many bytes each.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn values(&self, limit: u32) -> Result<Values> {
        self.0.check()?;
        Ok(self.0.plain_values(Want::All, limit)?.into_iter().collect())
    }

    /// The few values an export tells beside the bytes.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn described(&self) -> Result<Values> {
        const TOLD: &[PropTag] = &[
            tags::ENTRYID,
            tags::MESSAGE_FLAGS,
            tags::FLAG_STATUS,
            tags::LAST_VERB_EXECUTED,
            tags::MESSAGE_DELIVERY_TIME,
            tags::CLIENT_SUBMIT_TIME,
            tags::SENDER_SMTP_ADDRESS,
            tags::SENDER_EMAIL_ADDRESS,
            tags::SENT_REPRESENTING_EMAIL_ADDRESS,
        ];
        self.0.check()?;
        Ok(self.0.plain_values(Want::Tags(TOLD), crate::properties::INLINE_LIMIT)?.into_iter().collect())
    }

    /// A stored or unsaved value, however long.
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_MEMORY` for a long value that is not saved yet, the backend's own.
    pub(crate) fn source(&self, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        self.0.source(tag)
    }

    /// Its recipient rows.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn recipient_rows(&self) -> Result<Vec<Values>> {
        self.0.recipients()
    }

    /// The store it lies in.
    pub(crate) fn store(&self) -> &Rc<StoreReference> {
        &self.0.store
    }

    /// Its attachments, by number, to be read only.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn attachments(&self) -> Result<Vec<Attachment>> {
        let (object, held, deleted) = match &*self.0.content.borrow() {
            Content::New(draft) => {
                let numbered = draft.attachments.iter().filter_map(|one| Some((one.properties.long(tags::ATTACH_NUM)?, one)));
                let list = numbered.map(|(number, one)| (number, AttachmentContent::New(one.clone())));
                return Ok(self.opened(list.collect()));
            }
            Content::Stored(edit) => (edit.object.clone(), edit.attachments.clone(), edit.deleted.clone()),
        };
        let stored = attachment_objects(&self.0.store, &object)?;
        let kept = stored.into_iter().filter(|(number, _)| !deleted.contains(number));
        let mut list: BTreeMap<i32, AttachmentContent> =
            kept.map(|(number, object)| (number, AttachmentContent::stored(object))).collect();
        list.extend(held);
        Ok(self.opened(list))
    }

    fn opened(&self, list: BTreeMap<i32, AttachmentContent>) -> Vec<Attachment> {
        list.into_iter().map(|(number, content)| Attachment::open(self.0.clone(), number, content, false)).collect()
    }
}

impl Attachment {
    /// Some of its values, up to that many bytes each.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn values(&self, wanted: &[PropTag], limit: u32) -> Result<Values> {
        Ok(self.0.read(Want::Tags(wanted), limit)?.into_iter().collect())
    }

    /// Its data, however long.
    ///
    /// # Errors
    /// As [`Message::source`].
    pub(crate) fn data(&self) -> Result<Option<StreamSource>> {
        Ok(self.0.source(tags::ATTACH_DATA_BIN)?.map(|(source, _)| source))
    }

    /// The message embedded in it, to be read only.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX` when messages are embedded too deep, the backend's own.
    pub(crate) fn embedded_message(&self) -> Result<Option<Message>> {
        let depth = self.0.message.depth() + 1;
        if depth > EMBEDDING_LIMIT {
            return Err(Failure::new(Code::TooComplex, "Messages are embedded in each other too deep."));
        }
        let content = self.0.embedded()?;
        Ok(content.map(|content| Message::embedded(self.0.clone(), depth, content, false, true)))
    }
}
