//! mbox files in their four dialects.
//!
//! A message begins at an envelope line: `From ` at the start of the file or behind an empty line, or a
//! complete envelope line anywhere. That empty line belongs to the envelope. Quoting is undone as written:
//! mboxrd takes one `>` from every `>…>From ` line, mboxo only from `>From `; mboxcl is mboxo with a
//! `Content-Length` that says where the body ends, mboxcl2 the same without quoting.
//!
//! Which dialect a file has is told by its beginning: `Content-Length` fields that all lead to an envelope
//! line make it mboxcl2, or mboxcl when quoted lines are found and no unquoted ones; anything else is read
//! as mboxrd, which reads mboxo right unless a line was quoted twice.

use crate::archive::ArchiveError;
use crate::archive::envelope::{self, Envelope};
use crate::archive::source::Source;

/// How an mbox marks lines that look like an envelope line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// `From ` becomes `>From `.
    Mboxo,
    /// Any number of `>` before `From ` is one more.
    Mboxrd,
    /// As mboxo, and `Content-Length` counts.
    Mboxcl,
    /// No quoting; `Content-Length` counts.
    Mboxcl2,
}

/// The longest line looked at as a whole; longer ones are content.
const LINE_LIMIT: usize = 4 << 10;
/// About how much is handed out at once.
const PIECE: usize = 64 << 10;
/// How much of a file its dialect is told by.
const SAMPLE: usize = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before an envelope line that was read already.
    Between,
    Header,
    /// In a body with that many bytes left, if a `Content-Length` is trusted.
    Body(Option<u64>),
    /// Behind a body whose length was given: the envelope line is due.
    Due,
    End,
}

/// An mbox being read.
pub(super) struct Mbox {
    source: Source,
    quoting: Quoting,
    state: State,
    line: Vec<u8>,
    at_line_start: bool,
    /// The end of an empty line, until it is known not to belong to an envelope line.
    held: Vec<u8>,
    next: Option<Envelope>,
    length: Option<u64>,
    /// Whether envelope lines of this file bear dates.
    dated: bool,
}

impl Mbox {
    /// Begins at the first envelope line, which is next.
    pub(super) fn new(mut source: Source, quoting: Option<Quoting>) -> Result<Self, ArchiveError> {
        let quoting = match quoting {
            Some(quoting) => quoting,
            None => detect(source.look_ahead(SAMPLE)?),
        };
        let mut mbox = Self {
            source,
            quoting,
            state: State::Between,
            line: Vec::new(),
            at_line_start: true,
            held: Vec::new(),
            next: None,
            length: None,
            dated: false,
        };
        while mbox.next.is_none() && mbox.take_line()? {
            mbox.next = envelope::parse(&mbox.line);
        }
        mbox.dated = mbox.next.as_ref().is_some_and(|first| first.date.is_some());
        if mbox.next.is_none() {
            mbox.state = State::End;
        }
        Ok(mbox)
    }

    pub(super) fn quoting(&self) -> Quoting {
        self.quoting
    }

    pub(super) fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// Goes on to the next message, skipping what is left of this one.
    pub(super) fn next(&mut self) -> Result<Option<Envelope>, ArchiveError> {
        let mut rest = Vec::new();
        while !matches!(self.state, State::Between | State::End) {
            rest.clear();
            self.read(&mut rest)?;
        }
        match self.next.take() {
            Some(envelope) if self.state == State::Between => {
                self.state = State::Header;
                self.at_line_start = true;
                self.length = None;
                Ok(Some(envelope))
            }
            _ => Ok(None),
        }
    }

    /// Appends the next bytes of the message to `out`; nothing at its end.
    pub(super) fn read(&mut self, out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        while out.len() < PIECE && !matches!(self.state, State::Between | State::End) {
            if let State::Body(Some(left)) = self.state
                && self.quoting == Quoting::Mboxcl2
            {
                self.read_counted(left, out)?;
                continue;
            }
            if !self.at_line_start {
                self.read_rest_of_line(out)?;
                continue;
            }
            let special = match self.source.fill()?.first() {
                None => {
                    // The empty line at the end of the file is the last envelope's.
                    self.held.clear();
                    self.state = State::End;
                    continue;
                }
                Some(b'F' | b'>' | b'\n' | b'\r') => true,
                Some(b'C' | b'c') => self.state == State::Header && self.counts(),
                Some(_) => self.state == State::Due,
            };
            if special {
                self.read_special(out)?;
            } else {
                self.release(out);
                self.read_rest_of_line(out)?;
            }
        }
        Ok(())
    }

    fn counts(&self) -> bool {
        matches!(self.quoting, Quoting::Mboxcl | Quoting::Mboxcl2)
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    fn read_counted(&mut self, left: u64, out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        if left == 0 {
            self.state = State::Due;
            self.at_line_start = true;
            return Ok(());
        }
        let buffer = self.source.fill()?;
        let count = buffer.len().min(PIECE).min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            self.state = State::End;
            return Ok(());
        }
        out.extend_from_slice(&buffer[..count]);
        self.source.consume(count);
        self.state = State::Body(Some(left - count as u64));
        Ok(())
    }

    /// Passes on up to the end of the line, or what there is of it.
    fn read_rest_of_line(&mut self, out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        let buffer = self.source.fill()?;
        if buffer.is_empty() {
            self.state = State::End;
            return Ok(());
        }
        let end = memchr::memchr(b'\n', buffer);
        let count = end.map_or(buffer.len(), |at| at + 1).min(PIECE);
        out.extend_from_slice(&buffer[..count]);
        self.at_line_start = end.is_some_and(|at| at < count);
        self.source.consume(count);
        self.count(count);
        Ok(())
    }

    fn count(&mut self, count: usize) {
        if let State::Body(Some(left)) = self.state {
            let left = left.saturating_sub(count as u64);
            self.state = if left == 0 && self.at_line_start { State::Due } else { State::Body(Some(left)) };
        }
    }

    /// Reads a line into `self.line`, at most [`LINE_LIMIT`] bytes of it; false at the end.
    fn take_line(&mut self) -> Result<bool, ArchiveError> {
        self.line.clear();
        loop {
            let buffer = self.source.fill()?;
            if buffer.is_empty() {
                return Ok(!self.line.is_empty());
            }
            let room = LINE_LIMIT - self.line.len();
            let count = memchr::memchr(b'\n', buffer).map_or(buffer.len(), |at| at + 1).min(room);
            self.line.extend_from_slice(&buffer[..count]);
            self.source.consume(count);
            if self.line.ends_with(b"\n") || self.line.len() >= LINE_LIMIT {
                return Ok(true);
            }
        }
    }

    /// A line that may be an envelope line, a quoted one, an empty one or a `Content-Length`.
    fn read_special(&mut self, out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        self.take_line()?;
        let whole = self.line.ends_with(b"\n");
        let counted = matches!(self.state, State::Body(Some(_)));
        if !counted
            && let Some(envelope) = envelope::parse(&self.line)
            && (envelope.complete
                || ((self.after_blank() || self.state == State::Due) && (envelope.date.is_some() || !self.dated)))
        {
            self.held.clear();
            self.next = Some(envelope);
            self.state = State::Between;
            return Ok(());
        }
        let empty = matches!(self.line.as_slice(), b"\n" | b"\r\n");
        match self.state {
            State::Header if empty => self.state = State::Body(self.length.take()),
            State::Header if self.counts() => {
                let text = String::from_utf8_lossy(&self.line);
                if let Some((name, value)) = text.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    self.length = value.trim().parse().ok();
                }
            }
            State::Due if empty => {
                self.held.clone_from(&self.line);
                return Ok(());
            }
            // The length was wrong: the body goes on up to an envelope line.
            State::Due => self.state = State::Body(None),
            _ if empty && !counted => {
                self.release(out);
                self.held.clone_from(&self.line);
                return Ok(());
            }
            _ => {}
        }
        self.release(out);
        let skip = usize::from(self.is_quoted());
        out.extend_from_slice(&self.line[skip..]);
        self.at_line_start = whole;
        let count = self.line.len();
        if !empty || counted {
            self.count(count);
        }
        if self.state == State::Body(Some(0)) {
            self.state = State::Due;
        }
        Ok(())
    }

    /// Whether the line before was empty; the one that ends the header does not count, it is no message's end.
    fn after_blank(&self) -> bool {
        !self.held.is_empty()
    }

    fn is_quoted(&self) -> bool {
        match self.quoting {
            Quoting::Mboxo | Quoting::Mboxcl => self.line.starts_with(b">From "),
            Quoting::Mboxrd => {
                let marks = self.line.iter().take_while(|byte| **byte == b'>').count();
                marks > 0 && self.line[marks..].starts_with(b"From ")
            }
            Quoting::Mboxcl2 => false,
        }
    }
}

/// The dialect a file with that beginning has.
fn detect(sample: &[u8]) -> Quoting {
    let mut rest = sample;
    let (mut right, mut bare, mut quoted) = (0u32, false, false);
    while let Some((header, body)) = split_header(rest) {
        let length = header.split(|byte| *byte == b'\n').find_map(|line| {
            let text = core::str::from_utf8(line).ok()?;
            let (name, value) = text.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let Some(length) = length else { return Quoting::Mboxrd };
        let Some(behind) = body.get(length..) else { break };
        let blanks = behind.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let next = &behind[blanks..];
        if !next.is_empty() && !next.starts_with(b"From ") {
            return Quoting::Mboxrd;
        }
        right += 1;
        let body = &body[..length];
        bare |= body.starts_with(b"From ") || memchr::memmem::find(body, b"\nFrom ").is_some();
        quoted |= memchr::memmem::find(body, b"\n>From ").is_some();
        rest = next;
    }
    match (right, bare, quoted) {
        (0, ..) => Quoting::Mboxrd,
        (_, false, true) => Quoting::Mboxcl,
        _ => Quoting::Mboxcl2,
    }
}

fn split_header(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let message = message.strip_prefix(b"From ")?;
    let ends = |mark: &[u8]| memchr::memmem::find(message, mark).map(|at| (at, at + mark.len()));
    let (at, end) = match (ends(b"\n\n"), ends(b"\r\n\r\n")) {
        (Some(unix), Some(dos)) => unix.min(dos),
        (unix, dos) => unix.or(dos)?,
    };
    Some((&message[..at], &message[end..]))
}
