//! MAPI to MIME (`messages` 10, column "out"): the RFC 5322 form of a message, pulled piece by piece.
//!
//! A message that was not changed since it was read is given back byte for byte ([`ORIGINAL`]). Any other is
//! composed: its header ([`header`]), then bodies and attachments in a structure that follows from what
//! there is ([`structure`]). Whatever the message holds, the composer holds one piece of it.
//!
//! What is decided here: everything composed is 7-bit, so it passes any server, and no line is longer than
//! 998 bytes. `multipart/signed` content is the exception: it is passed on as it was signed. Attachments are
//! base64, a text among them too, so that its line ends survive. A message without `PR_INTERNET_MESSAGE_ID`
//! gets one that follows from its `PR_SEARCH_KEY`: each time the same. Names of attachments made up by the
//! reader are not written. winmail.dat is not written: recipients of rich text get HTML.
//!
//! [`ORIGINAL`]: crate::mime::ORIGINAL

mod content;
mod facts;
mod field;
mod header;
mod original;
mod report;
mod structure;

#[cfg(test)]
mod tests;

use crate::error::Result;
use crate::messages::{Message, Values};
use crate::properties::{Value, tags};
use crate::session::Alive;
use original::Original;
use structure::{Maker, Step};

/// What is written, and what is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComposeOptions {
    /// An unchanged message is given back as it was received.
    pub original: bool,
    /// `Bcc` fields are written.
    pub bcc: bool,
    /// Fields that tell of the journey of a received message (`Received`, `DKIM-Signature`, …) are written.
    pub trace: bool,
    /// A missing `Date` or `Message-ID` is written as `RFC 5322` wants it.
    pub complete: bool,
    /// Line ends of an original become CR LF; what is composed has no others.
    pub network_line_ends: bool,
}

impl ComposeOptions {
    /// For a transport: never a `Bcc`, no fields of an earlier journey.
    pub const TRANSMISSION: Self = Self { original: true, bcc: false, trace: false, complete: true, network_line_ends: true };
    /// For the owner's archive: everything, as it was received where it was not changed.
    pub const EXPORT: Self = Self { original: true, bcc: true, trace: true, complete: false, network_line_ends: false };
}

enum Form {
    Original(Original),
    /// What is still to be written, last first.
    Composed(Maker, Vec<Step>),
}

/// The RFC 5322 form of one message, read from front to end.
pub struct Composer {
    form: Form,
    alive: Alive,
    ready: Vec<u8>,
    taken: usize,
}

impl Composer {
    /// Begins the form of a message as its handle sees it, unsaved changes included.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, the backend's own.
    pub fn open(message: &Message, options: ComposeOptions) -> Result<Self> {
        let alive = message.alive();
        alive.check()?;
        let original = if options.original { message.original()? } else { None };
        let form = match original {
            Some(source) => Form::Original(Original::new(source, options)),
            None => {
                let maker = Maker::new(message, options)?;
                Form::Composed(maker, vec![Step::Message(message.clone(), true)])
            }
        };
        Ok(Self { form, alive, ready: Vec::new(), taken: 0 })
    }

    /// Whether the bytes are those the message was received as.
    #[must_use]
    pub fn is_original(&self) -> bool {
        matches!(self.form, Form::Original(_))
    }

    /// The next bytes, up to so many, fewer only at the end; none when all was read.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, the backend's own. A read that failed can be tried again.
    pub fn read(&mut self, max: usize) -> Result<Vec<u8>> {
        self.alive.check()?;
        while self.ready.len() - self.taken < max && self.advance()? {}
        let end = self.ready.len().min(self.taken + max);
        let piece = self.ready[self.taken..end].to_vec();
        self.taken = end;
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
        } else if self.taken > self.ready.len() / 2 {
            self.ready.drain(..self.taken);
            self.taken = 0;
        }
        Ok(piece)
    }

    /// Gets more bytes ready; false when there are none.
    fn advance(&mut self) -> Result<bool> {
        let (maker, steps) = match &mut self.form {
            Form::Original(original) => return original.write(&mut self.ready),
            Form::Composed(maker, steps) => (maker, steps),
        };
        let next = match steps.last_mut() {
            None => return Ok(false),
            Some(Step::Bytes(bytes)) => {
                self.ready.append(bytes);
                Vec::new()
            }
            Some(Step::Content(content)) => {
                if content.write(&mut self.ready)? {
                    return Ok(true);
                }
                Vec::new()
            }
            Some(Step::Part(part)) => maker.part(part)?,
            Some(Step::Message(message, outermost)) => maker.message(message, *outermost)?,
        };
        steps.pop();
        steps.extend(next.into_iter().rev());
        Ok(true)
    }
}

/// The identifier a message without one gets: it follows from its `PR_SEARCH_KEY` and the domain of its
/// sender, so it is the same at each attempt to send. Whoever sends the message stores it.
#[must_use]
pub fn message_id_of(values: &Values) -> Option<String> {
    use core::fmt::Write;
    let key = values.bytes(tags::SEARCH_KEY)?;
    let mut id = String::from("<");
    for byte in key.iter().take(32) {
        write!(id, "{byte:02x}").ok()?;
    }
    let author = [&super::envelope::SENT_REPRESENTING, &super::envelope::SENDER].into_iter();
    let domain = author.filter_map(|role| facts::mailbox_of(values, role)).find_map(|mailbox| {
        let (_, domain) = mailbox.address.rsplit_once('@')?;
        let valid = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        valid.then(|| domain.to_owned())
    });
    write!(id, "@{}>", domain.as_deref().unwrap_or("mapi.invalid")).ok()?;
    Some(id)
}

/// Gives a message its `PR_INTERNET_MESSAGE_ID` if it has none: the identifier, and whether it is new.
pub fn assign_message_id(values: &mut Values) -> Option<(String, bool)> {
    if let Some(id) = values.text(tags::INTERNET_MESSAGE_ID).filter(|id| !id.trim().is_empty()) {
        return Some((id.to_owned(), false));
    }
    let id = message_id_of(values)?;
    values.put(tags::INTERNET_MESSAGE_ID, Value::Unicode(id.clone()));
    Some((id, true))
}
