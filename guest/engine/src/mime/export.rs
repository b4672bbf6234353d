//! Messages out of a store, one after the other, each in pieces.

use crate::error::{Code, Failure, Result};
use crate::messages::Message;
use crate::mime::{ComposeOptions, Composer};
use crate::properties::{FileTime, Value, tags};
use crate::stores::{Folder, OpenedEntry};
use std::collections::VecDeque;

/// Bytes one read returns at most.
const READ_LIMIT: u32 = 16 << 20;

/// What is known of a message besides its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// Its entry identifier; empty for a message embedded in another.
    pub entry_id: Vec<u8>,
    /// `PR_MESSAGE_FLAGS`.
    pub flags: i32,
    /// `PR_FLAG_STATUS`, 0 if it has none.
    pub flag_status: i32,
    /// `PR_LAST_VERB_EXECUTED`, 0 if it has none.
    pub last_verb: i32,
    /// `PR_MESSAGE_DELIVERY_TIME`, else when it was submitted.
    pub received: Option<FileTime>,
    /// The address of its sender.
    pub sender: Option<String>,
    /// Its bytes are those it was received as.
    pub original: bool,
}

/// Messages being exported.
pub struct Exporter {
    source: Source,
    options: ComposeOptions,
    current: Option<Composer>,
}

/// Where the messages come from.
enum Source {
    Message(Option<Message>),
    Store(Folder, VecDeque<Vec<u8>>),
}

impl Source {
    fn next(&mut self) -> Result<Option<Message>> {
        match self {
            Self::Message(message) => Ok(message.take()),
            Self::Store(folder, waiting) => {
                let Some(entry_id) = waiting.pop_front() else { return Ok(None) };
                match folder.open_entry(Some(&entry_id), None, 0)? {
                    OpenedEntry::Message(message) => Ok(Some(message)),
                    _ => {
                        let failure = Failure::new(Code::InvalidEntryid, "The entry identifier names no message.");
                        Err(failure.with_argument("entry-ids"))
                    }
                }
            }
        }
    }
}

impl Exporter {
    /// One open message, unsaved changes included.
    #[must_use]
    pub fn of_message(message: Message, options: ComposeOptions) -> Self {
        Self { source: Source::Message(Some(message)), options, current: None }
    }

    /// Messages of the store a folder lies in, in the order given.
    #[must_use]
    pub fn of_entries(folder: &Folder, entry_ids: Vec<Vec<u8>>, options: ComposeOptions) -> Self {
        Self { source: Source::Store(folder.clone(), entry_ids.into()), options, current: None }
    }

    /// Goes on to the next message; what was not read of the last is skipped. `None` at the end.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a message deleted meanwhile, `MAPI_E_INVALID_ENTRYID`, the backend's own. The
    /// message is passed over; going on is possible.
    pub fn next_message(&mut self) -> Result<Option<Exported>> {
        self.current = None;
        let Some(message) = self.source.next()? else { return Ok(None) };
        let composer = Composer::open(&message, self.options)?;
        let mut values = message.described()?;
        let time = |tag| match values.get(tag) {
            Some(Value::SysTime(time)) => Some(*time),
            _ => None,
        };
        let received = time(tags::MESSAGE_DELIVERY_TIME).or_else(|| time(tags::CLIENT_SUBMIT_TIME));
        let sender = [tags::SENDER_SMTP_ADDRESS, tags::SENDER_EMAIL_ADDRESS, tags::SENT_REPRESENTING_EMAIL_ADDRESS]
            .into_iter()
            .find_map(|tag| values.text(tag).filter(|text| !text.is_empty()).map(str::to_owned));
        let long = |tag| values.long(tag).unwrap_or(0);
        let (flags, flag_status, last_verb) =
            (long(tags::MESSAGE_FLAGS), long(tags::FLAG_STATUS), long(tags::LAST_VERB_EXECUTED));
        let entry_id = match values.remove(tags::ENTRYID) {
            Some((_, crate::backend::StoredValue::Inline(Value::Binary(bytes)))) => bytes,
            _ => Vec::new(),
        };
        let original = composer.is_original();
        self.current = Some(composer);
        Ok(Some(Exported { entry_id, flags, flag_status, last_verb, received, sender, original }))
    }

    /// The next bytes of the message, at most 16 MiB at a time; none at its end.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` before the first message, the backend's own.
    pub fn read(&mut self, length: u32) -> Result<Vec<u8>> {
        let composer = self.current.as_mut().ok_or_else(|| {
            Failure::new(Code::InvalidParameter, "No message is being exported; go on to the next one before reading.")
        })?;
        composer.read(length.min(READ_LIMIT) as usize)
    }
}
