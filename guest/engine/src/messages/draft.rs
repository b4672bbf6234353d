//! Messages that are not in the store yet, and the changes that put them there (`messages` 1.2, 1.5).
//!
//! A [`Draft`] is what a message under construction holds and what an import fills: properties, recipients,
//! attachments, embedded messages. [`Draft::complete`] computes what a first save computes; turning it into
//! changes with order keys is [`crate::stores::ChangeSet`]'s.

use crate::backend::{Environment, Objects};
use crate::error::{Code, Failure, Result};
use crate::messages::derive::{self, message_flags};
use crate::messages::{Values, html};
use crate::properties::{FileTime, Property, Value, tags};

/// Messages may be embedded this deep (`messages` 3).
pub const EMBEDDING_LIMIT: u32 = 32;

/// HTML above this many bytes gets no stored plain rendition.
const RENDITION_LIMIT: usize = 16 << 20;

/// What kind of message a draft becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DraftKind {
    /// A standard message.
    #[default]
    Message,
    /// An associated (hidden) message.
    Associated,
}

/// A message under construction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Standard or associated; void for an embedded message.
    pub kind: DraftKind,
    /// Its properties.
    pub properties: Values,
    /// Its recipient rows, in row order. Rows that carry `PR_ROWID` keep it.
    pub recipients: Vec<Values>,
    /// Its attachments.
    pub attachments: Vec<DraftAttachment>,
}

/// An attachment under construction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DraftAttachment {
    /// Its properties, data included. `PR_ATTACH_NUM` is kept if present.
    pub properties: Values,
    /// The message embedded in it (method 5).
    pub embedded: Option<Box<Draft>>,
}

impl Draft {
    /// An empty draft.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property of the message.
    pub fn set(&mut self, property: Property) {
        self.properties.set(property);
    }

    /// Adds a recipient row; values no row can hold are left out, a row without values is skipped.
    pub fn add_recipient(&mut self, properties: impl IntoIterator<Item = Property>) {
        let row: Values = properties.into_iter().collect();
        if !row.is_empty() {
            self.recipients.push(row);
        }
    }

    /// Adds an attachment.
    pub fn add_attachment(&mut self, attachment: DraftAttachment) {
        self.attachments.push(attachment);
    }

    /// How many objects it becomes.
    #[must_use]
    pub fn objects(&self) -> usize {
        let attachments: usize =
            self.attachments.iter().map(|a| 1 + a.embedded.as_ref().map_or(0, |message| message.objects())).sum();
        1 + self.recipients.len() + attachments
    }

    /// The bytes it will take (`PR_MESSAGE_SIZE`): an estimate that grows with everything it holds.
    #[must_use]
    pub fn size(&self) -> u64 {
        let recipients: u64 = self.recipients.iter().map(Values::size).sum();
        let attachments: u64 = self.attachments.iter().map(DraftAttachment::size).sum();
        self.properties.size().saturating_add(recipients).saturating_add(attachments)
    }

    /// Gives back what is with the backend already, when the draft is given up.
    pub fn discard(&self, objects: &dyn Objects) {
        self.properties.staged().for_each(|number| objects.discard(number));
        self.attachments.iter().for_each(|attachment| attachment.discard(objects));
    }

    /// Computes everything a first save computes, embedded messages included.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX` when messages are embedded deeper than [`EMBEDDING_LIMIT`].
    pub fn complete(&mut self, environment: &Environment) -> Result<()> {
        self.complete_at(environment, environment.clock.now(), 0)
    }

    fn complete_at(&mut self, environment: &Environment, now: FileTime, depth: u32) -> Result<()> {
        if depth > EMBEDDING_LIMIT {
            return Err(Failure::new(
                Code::TooComplex,
                format!("Messages are embedded in each other more than {EMBEDDING_LIMIT} deep; attach the innermost as files."),
            ));
        }
        let mut next_row = 0;
        for row in &mut self.recipients {
            let id = row.long(tags::ROWID).unwrap_or(next_row);
            derive::complete_recipient(row, id);
            next_row = next_row.max(id.saturating_add(1));
        }
        let mut next_number =
            self.attachments.iter().filter_map(|a| a.properties.long(tags::ATTACH_NUM)).max().map_or(0, |n| n + 1);
        for attachment in &mut self.attachments {
            if attachment.properties.long(tags::ATTACH_NUM).is_none() {
                attachment.properties.put(tags::ATTACH_NUM, Value::Long(next_number));
                next_number += 1;
            }
            if let Some(embedded) = &mut attachment.embedded {
                embedded.complete_at(environment, now, depth + 1)?;
                attachment.properties.put(tags::ATTACH_METHOD, Value::Long(5));
            }
            attachment.complete(now);
        }
        let values = &mut self.properties;
        complete_new(values, environment, self.kind);
        complete_times(values, now, true);
        derive::derive_display(values, &self.recipients);
        derive::derive_subject(values);
        derive_thread(values, true);
        derive_body(values);
        set_has_attachments(values, !self.attachments.is_empty());
        values.remove(tags::MESSAGE_SIZE);
        let size = self.size();
        self.properties.put(tags::MESSAGE_SIZE, derive::size_value(size));
        Ok(())
    }
}

impl DraftAttachment {
    /// Bytes of its properties and of the message embedded in it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.properties.size().saturating_add(self.embedded.as_ref().map_or(0, |message| message.size()))
    }

    /// Gives back what is with the backend already.
    pub fn discard(&self, objects: &dyn Objects) {
        self.properties.staged().for_each(|number| objects.discard(number));
        if let Some(embedded) = &self.embedded {
            embedded.discard(objects);
        }
    }

    /// Computes what the save of an attachment computes.
    pub fn complete(&mut self, now: FileTime) {
        derive::complete_attachment(&mut self.properties);
        complete_times(&mut self.properties, now, true);
        self.properties.remove(tags::ATTACH_SIZE);
        let size = self.size();
        self.properties.put(tags::ATTACH_SIZE, derive::size_value(size));
    }
}

/// Gives a new message the defaults of `messages` 1.3 that it lacks.
pub(crate) fn complete_new(values: &mut Values, environment: &Environment, kind: DraftKind) {
    let defaults = [(tags::IMPORTANCE, 1), (tags::SENSITIVITY, 0), (tags::PRIORITY, 0)];
    for (tag, default) in defaults {
        if values.long(tag).is_none() {
            values.put(tag, Value::Long(default));
        }
    }
    if values.text(tags::MESSAGE_CLASS).is_none_or(str::is_empty) {
        values.put(tags::MESSAGE_CLASS, Value::Unicode("IPM.Note".into()));
    }
    if values.bytes(tags::SEARCH_KEY).is_none() {
        values.put(tags::SEARCH_KEY, Value::Binary(environment.new_uid().0.to_vec()));
    }
    let flags = values.long(tags::MESSAGE_FLAGS).unwrap_or(message_flags::UNSENT) | message_flags::UNMODIFIED;
    let flags = match kind {
        DraftKind::Message => flags & !message_flags::ASSOCIATED,
        DraftKind::Associated => flags | message_flags::ASSOCIATED,
    };
    values.put(tags::MESSAGE_FLAGS, Value::Long(flags));
}

/// Sets the times of a save; the time of modification never goes back (`properties` 7.1).
pub(crate) fn complete_times(values: &mut Values, now: FileTime, first: bool) {
    if first && !matches!(values.get(tags::CREATION_TIME), Some(Value::SysTime(_))) {
        values.put(tags::CREATION_TIME, Value::SysTime(now));
    }
    let previous = match values.get(tags::LAST_MODIFICATION_TIME) {
        Some(Value::SysTime(time)) => *time,
        _ => FileTime(0),
    };
    values.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(now.max(previous)));
}

/// Computes the properties of the conversation.
pub(crate) fn derive_thread(values: &mut Values, first: bool) {
    if first
        && values.text(tags::CONVERSATION_TOPIC).is_none()
        && let Some(topic) = values.text(tags::NORMALIZED_SUBJECT).map(str::to_owned)
    {
        values.put(tags::CONVERSATION_TOPIC, Value::Unicode(topic));
    }
    derive::derive_conversation_id(values);
}

/// Notes the master format of the body and keeps a plain rendition of an HTML one beside it, which text
/// searches and readers of `PR_BODY` use.
pub(crate) fn derive_body(values: &mut Values) {
    let Some((format, tag)) = derive::body_master(values) else {
        values.remove(tags::NATIVE_BODY_INFO);
        return;
    };
    values.put(tags::NATIVE_BODY_INFO, Value::Long(format));
    if tag == tags::HTML && !values.contains(tags::BODY) {
        let text = match values.get(tags::HTML) {
            Some(Value::Binary(bytes)) if bytes.len() <= RENDITION_LIMIT => {
                Some(html::html_to_text(&html::decode_html(bytes, values.long(tags::INTERNET_CPID))))
            }
            Some(Value::Unicode(text)) if text.len() <= RENDITION_LIMIT => Some(html::html_to_text(text)),
            _ => None,
        };
        if let Some(text) = text {
            values.put(tags::BODY, Value::Unicode(text));
        }
    }
}

/// Mirrors in `PR_HASATTACH` and `PR_MESSAGE_FLAGS` whether there are attachments.
pub(crate) fn set_has_attachments(values: &mut Values, has: bool) {
    let flags = values.long(tags::MESSAGE_FLAGS).unwrap_or(0) & !message_flags::HASATTACH;
    let flags = if has { flags | message_flags::HASATTACH } else { flags };
    values.put(tags::MESSAGE_FLAGS, Value::Long(flags));
    values.put(tags::HASATTACH, Value::Boolean(has));
}
