//! A message by value, for a form that cannot hold the object, and the changes that come back (`session` 9.3).

use crate::backend::{MessageChanges, MessageValues, ObjectId, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::Message;
use crate::messages::message::Place;
use crate::messages::parts::inline_row;
use crate::properties::interface::IID_ISTREAM;
use crate::properties::{KEEP_OPEN_READWRITE, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, Value, tags};
use crate::spooler::submission::check_recipients;
use crate::stores::Folder;

/// What a copy that is sent does not take over: what says that the original was sent or received.
pub(crate) const MESSAGE_HANDED_ON: [PropTag; 5] = [
    tags::MESSAGE_FLAGS,
    tags::INTERNET_MESSAGE_ID,
    tags::TRANSPORT_MESSAGE_HEADERS,
    tags::CLIENT_SUBMIT_TIME,
    tags::MESSAGE_DELIVERY_TIME,
];

/// Bytes of a value that is given whole.
const WHOLE: u32 = 256 << 10;
/// Bytes given of a longer one.
const BEGINNING: u32 = 64 << 10;
/// `ATTACH_BY_VALUE`.
const BY_VALUE: i32 = 1;

impl Message {
    /// The message as this handle sees it, unsaved changes included.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, the backend's own.
    pub(crate) fn by_value(&self) -> Result<MessageValues> {
        let state = &self.0;
        state.check()?;
        let mut properties = Vec::new();
        for property in state.read(Want::All, WHOLE)? {
            match property.value {
                Value::Object => {}
                Value::Error(code) if code == Code::NotEnoughMemory.raw() => properties.extend(self.beginning(property.tag)?),
                Value::Error(_) => {}
                _ => properties.push(property),
            }
        }
        let recipients = state.recipients()?.into_iter().map(inline_row).collect();
        let attachments = state.attachment_rows()?.into_iter().map(|mut row| {
            row.retain(|property| property.value != Value::Object);
            row
        });
        let folder_id = match &state.place {
            Place::Folder(folder) => state.store.entry_id(folder),
            Place::Attachment(..) => Vec::new(),
        };
        let saved = state.object.as_ref().filter(|_| state.is_saved());
        Ok(MessageValues {
            entry_id: saved.map(|object| state.store.entry_id(object)).unwrap_or_default(),
            folder_id,
            properties,
            recipients,
            attachments: attachments.collect(),
        })
    }

    /// The beginning of a long value, and the size of the whole.
    fn beginning(&self, tag: PropTag) -> Result<Vec<Property>> {
        let is_text = tag.kind().is_string();
        let tag = tag.with_kind(if is_text { PropType::UNICODE } else { PropType::BINARY });
        let OpenedProperty::Stream(stream) = self.properties().open_property(tag, Some(IID_ISTREAM), 0, 0)? else {
            return Ok(Vec::new());
        };
        let bytes = stream.read(BEGINNING)?;
        let value = if is_text {
            let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
            // The cut may have separated the halves of a character.
            let text: String = char::decode_utf16(units).map_while(Result::ok).collect();
            Value::Unicode(text)
        } else {
            Value::Binary(bytes)
        };
        let size = i64::try_from(stream.size()?).unwrap_or(i64::MAX);
        Ok(vec![Property { tag, value }, Property { tag: tag.with_kind(PropType::I8), value: Value::I8(size) }])
    }

    /// Makes the changes on the open message; nothing is saved.
    ///
    /// # Errors
    /// The code of the first change that cannot be made: `MAPI_E_NO_ACCESS`, `MAPI_E_COMPUTED`,
    /// `MAPI_E_INVALID_TYPE`, `MAPI_E_NOT_FOUND` for an attachment, and so on.
    pub(crate) fn apply(&self, changes: MessageChanges) -> Result<()> {
        let properties = self.properties();
        if !changes.delete.is_empty() {
            done(&properties.delete_props(&changes.delete)?)?;
        }
        if !changes.set.is_empty() {
            done(&properties.set_props(changes.set)?)?;
        }
        if let Some(rows) = changes.recipients {
            self.modify_recipients(0, &rows)?;
        }
        for number in changes.attachments_removed {
            self.delete_attach(number, 0)?;
        }
        for added in changes.attachments_added {
            self.attach(added)?;
        }
        Ok(())
    }

    fn attach(&self, mut values: Vec<Property>) -> Result<()> {
        let (_, attachment) = self.create_attach(None, 0)?;
        let has = |tag: PropTag| values.iter().any(|property| property.tag.id() == tag.id());
        if has(tags::ATTACH_DATA_BIN) && !has(tags::ATTACH_METHOD) {
            values.push(Property::new(tags::ATTACH_METHOD, Value::Long(BY_VALUE)));
        }
        let properties = attachment.properties();
        if !values.is_empty() {
            done(&properties.set_props(values)?)?;
        }
        properties.save_changes(KEEP_OPEN_READWRITE)
    }
}

/// Every change of a form must be possible.
fn done(problems: &[Problem]) -> Result<()> {
    match problems.first() {
        None => Ok(()),
        Some(problem) => {
            Err(Failure::new(problem.code, "The form changed a property that cannot be changed so.").with_tag(problem.tag))
        }
    }
}

impl Message {
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT` once it was saved for good, submitted, or its session has ended.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// Whether it lies in that folder, or was created in it.
    pub(crate) fn lies_in(&self, folder: &Folder) -> bool {
        let is_here = |place: &ObjectId| place == folder.object();
        self.0.store.connection.uid() == folder.uid() && matches!(&self.0.place, Place::Folder(place) if is_here(place))
    }

    /// Its identifier, as a list of messages has it; empty for one without.
    pub(crate) fn entry_ids(&self) -> Vec<Vec<u8>> {
        self.0.object.iter().map(|object| self.0.store.entry_id(object)).collect()
    }

    /// # Errors
    /// `MAPI_E_NO_RECIPIENTS` when there is nobody to send it to.
    pub(crate) fn check_recipients(&self) -> Result<()> {
        check_recipients(&self.0.recipients()?)
    }
}
