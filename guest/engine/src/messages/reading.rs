//! Reading the properties of an open message: what the handle holds over what is stored, and the formats of
//! the body that are generated (`messages` 5).

use crate::backend::{StoredValue, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::content::{Content, inline};
use crate::messages::message::{MessageState, Place};
use crate::messages::{Values, body};
use crate::properties::{DataStream, PropTag, PropType, Property, StreamSource, Value, tags};
use crate::stores::computed::{self, Subject};
use std::rc::Rc;

/// Streams read a value into memory in pieces of this size.
const PIECE: u32 = 1 << 20;

/// What a new message holds of the values wanted, and of those others are computed from.
#[derive(Default)]
struct Held {
    values: Vec<Property>,
    inputs: Values,
}

fn held_values(held: &Values, want: Want<'_>, limit: u32) -> Held {
    let values = held.iter().filter(|(tag, _)| wants(want, *tag)).map(|(tag, value)| inline(tag, value, limit)).collect();
    let inputs = [tags::MESSAGE_FLAGS, tags::MSG_STATUS];
    let inputs = inputs.iter().filter_map(|tag| Some(Property { tag: *tag, value: held.get(*tag)?.clone() })).collect();
    Held { values, inputs }
}

/// Whether a property is asked for.
pub(crate) fn wants(want: Want<'_>, tag: PropTag) -> bool {
    match want {
        Want::All => true,
        Want::Tags(asked) => asked.iter().any(|have| have.id() == tag.id()),
    }
}

impl MessageState {
    /// The values there are before bodies and handle properties are added.
    pub(super) fn plain_values(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        // A borrow must not be held while the backend is asked.
        let (object, edit) = match &*self.content.borrow() {
            Content::New(draft) => (None, held_values(&draft.properties, want, limit)),
            Content::Stored(edit) => (Some((edit.object.clone(), edit.properties.clone())), Held::default()),
        };
        let Some((object, edits)) = object else { return Ok(self.new_values(edit, want)) };
        let (_, mut values) = self.store.read_object(&object, self.kind, want, limit)?;
        edits.overlay(&mut values, want, limit);
        Ok(values)
    }

    /// The values of a message that was never saved.
    fn new_values(&self, held: Held, want: Want<'_>) -> Vec<Property> {
        let Held { mut values, inputs } = held;
        let parent = match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Attachment(..) => None,
        };
        let subject = Subject { id: self.object.as_ref(), kind: self.kind, parent, deleted: false };
        for tag in computed::tags_of(self.kind).filter(|tag| wants(want, *tag)) {
            let value = match tag {
                // Until the first save there is nothing to delete.
                tags::ACCESS => Some(Value::Long(3)),
                _ => computed::compute(&self.store, &subject, tag, &|tag| inputs.get(tag).cloned()),
            };
            values.retain(|have| have.tag.id() != tag.id());
            values.extend(value.map(|value| Property { tag, value }));
        }
        values
    }

    /// The whole value of one stored or held property as a stream source.
    pub(super) fn source(&self, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        let object = {
            let content = self.content.borrow();
            let (entry, object, deleted) = match &*content {
                Content::New(draft) => (draft.properties.entry(tag), None, false),
                Content::Stored(edit) => {
                    (edit.properties.set.entry(tag), Some(edit.object.clone()), edit.properties.deleted.contains_key(&tag.id()))
                }
            };
            if let Some((_, value)) = entry {
                return held_source(value).map(Some);
            }
            if deleted {
                return Ok(None);
            }
            object
        };
        match object {
            Some(object) => self.store.stream_source(&object, tag),
            None => Ok(None),
        }
    }

    /// The plain text of the body, from which other formats are generated.
    fn plain_text(&self) -> Result<Option<String>> {
        let text = |source: StreamSource| -> Result<Option<String>> {
            let stream = DataStream::reader(self.alive.clone(), self.log(), source, PropType::BINARY);
            if stream.size()? > body::GENERATE_LIMIT {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            loop {
                let piece = stream.read(PIECE)?;
                if piece.is_empty() {
                    return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
                }
                bytes.extend_from_slice(&piece);
            }
        };
        match self.source(tags::BODY)? {
            Some((source, PropType::UNICODE)) => text(source),
            _ => Ok(None),
        }
    }

    pub(super) fn log(&self) -> Rc<dyn crate::backend::Log> {
        self.store.connection.environment().log.clone()
    }

    /// A format that is not stored, generated from the one that is.
    pub(super) fn generated(&self, tag: PropTag) -> Result<Option<Value>> {
        let values: Values =
            self.plain_values(Want::Tags(&[tags::INTERNET_CPID]), crate::properties::INLINE_LIMIT)?.into_iter().collect();
        Ok(self.plain_text()?.and_then(|text| body::generate(tag, &text, values.long(tags::INTERNET_CPID))))
    }

    /// Adds the formats of the body that are generated, and what follows from the master.
    pub(super) fn add_body(&self, values: &mut Vec<Property>, want: Want<'_>, limit: u32) -> Result<()> {
        let stored = self.plain_values(Want::Tags(&body::BODY_TAGS), limit)?;
        let has = |tag: PropTag| stored.iter().find(|have| have.tag.id() == tag.id());
        let master = match has(tags::NATIVE_BODY_INFO).map(|property| &property.value) {
            Some(Value::Long(master)) => Some(*master),
            _ if has(tags::RTF_COMPRESSED).is_some() => Some(2),
            _ if has(tags::HTML).is_some() => Some(3),
            _ if has(tags::BODY).is_some() => Some(1),
            _ => None,
        };
        let Some(master) = master else { return Ok(()) };
        let wanted = |tag: PropTag| wants(want, tag);
        values.retain(|have| ![tags::NATIVE_BODY_INFO, tags::RTF_IN_SYNC].iter().any(|tag| tag.id() == have.tag.id()));
        if wanted(tags::NATIVE_BODY_INFO) {
            values.push(Property { tag: tags::NATIVE_BODY_INFO, value: Value::Long(master) });
        }
        if wanted(tags::RTF_IN_SYNC) && matches!(master, 2 | 3) {
            values.push(Property { tag: tags::RTF_IN_SYNC, value: Value::Boolean(master == 2) });
        }
        for tag in [tags::HTML, tags::RTF_COMPRESSED] {
            if !wanted(tag) || has(tag).is_some() {
                continue;
            }
            // The generated value is longer than the text: a text that is too long need not be fetched.
            let too_long = has(tags::BODY).is_some_and(|body| matches!(body.value, Value::Error(_)));
            if too_long {
                values.push(Property { tag, value: Value::Error(Code::NotEnoughMemory.raw()) });
            } else if let Some(value) = self.generated(tag)? {
                values.push(body::limited(tag, value, limit));
            }
        }
        Ok(())
    }
}

/// A value held by a handle as the source of a stream.
pub(crate) fn held_source(value: &StoredValue) -> Result<(StreamSource, PropType)> {
    match value {
        StoredValue::Inline(Value::Unicode(text)) => Ok((StreamSource::Text(text.as_str().into()), PropType::UNICODE)),
        StoredValue::Inline(Value::Binary(bytes)) => Ok((StreamSource::Bytes(bytes.as_slice().into()), PropType::BINARY)),
        StoredValue::Inline(value) => Ok((StreamSource::Bytes(Rc::from([])), value.kind())),
        StoredValue::Staged(_) => {
            Err(Failure::new(Code::NotEnoughMemory, "This long value is on its way to the store; save the object to read it."))
        }
    }
}
