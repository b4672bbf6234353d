//! One message, read as a stream: header blocks, multipart structure and the roles of its parts
//! (RFC 2046 5.1, `messages` 10).
//!
//! Bytes come in pieces of any size and leave at once: to the header block, to a part's transfer decoder,
//! or nowhere. A part's role is fixed when its header is read, so that its content never has to wait:
//! the first text/plain and the text/html beside it (in one multipart/alternative, or alone) are the
//! bodies, further texts of an alternative are dropped, all else is attached. A text/plain behind a
//! text/html in a multipart/mixed is an attachment like any later part. What the standards forbid is read
//! as Python's `email` package reads it, which real mail has shaped.

use crate::error::Result;
use crate::messages::Draft;
use crate::mime::collect::Context;
use crate::mime::envelope;
use crate::mime::header::{BLOCK_LIMIT, Header, Line, Parameterised, trim_end};
use crate::mime::part::{Bodies, DEPTH_LIMIT, Leaf, Place};
use crate::mime::{Oddity, ReadOptions, report};
use crate::properties::{Value, tags};

/// How many parts of a message are kept.
const PART_LIMIT: usize = 10_000;
/// The longest line looked at for a delimiter; longer ones are content.
const DELIMITER_LIMIT: usize = 2 << 10;

/// A multipart whose end has not been read.
struct Multipart {
    /// `--` and the boundary.
    delimiter: Vec<u8>,
    kind: MultipartKind,
    /// Tells multiparts of a message apart.
    number: usize,
    /// Parts begun.
    children: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MultipartKind {
    Alternative,
    Related,
    Digest,
    Other,
}

enum Phase {
    /// In a header block.
    Header,
    /// In the content of a part.
    Content(Box<Leaf>),
    /// Before the first delimiter of the innermost multipart. If none comes, this is its content.
    Preamble(Box<Leaf>),
    /// Behind the last delimiter.
    Ignored,
}

/// A message being read.
pub(super) struct Message {
    draft: Draft,
    bodies: Bodies,
    options: ReadOptions,
    depth: usize,
    /// Whether the message's own header block is still to be read.
    at_root: bool,
    header: Header,
    stack: Vec<Multipart>,
    multiparts: usize,
    phase: Phase,
    /// A line held back until it is known whole.
    line: Vec<u8>,
    at_line_start: bool,
    /// The end of the last line of content: it belongs to a delimiter that follows.
    held_end: &'static [u8],
    /// The message is a report.
    report: bool,
    /// Content of a clear-signed message, kept as one attachment.
    signed: Option<Box<Leaf>>,
}

impl Message {
    pub(super) fn new(options: ReadOptions, depth: usize) -> Self {
        Self {
            draft: Draft::default(),
            bodies: Bodies::default(),
            options,
            depth,
            at_root: true,
            header: Header::default(),
            stack: Vec::new(),
            multiparts: 0,
            phase: Phase::Header,
            line: Vec::new(),
            at_line_start: true,
            held_end: b"",
            report: false,
            signed: None,
        }
    }

    /// Reads the next bytes.
    pub(super) fn push(&mut self, mut input: &[u8], context: &mut Context) -> Result<()> {
        while !input.is_empty() {
            let in_body = !self.at_root;
            let rest = match self.phase {
                Phase::Header => self.push_header(input, context)?,
                _ => self.push_content(input, context)?,
            };
            if in_body && let Some(signed) = &mut self.signed {
                signed.push(&input[..input.len() - rest.len()], context)?;
            }
            input = rest;
        }
        Ok(())
    }

    /// Ends the message.
    pub(super) fn finish(mut self, context: &mut Context) -> Result<Draft> {
        let line = core::mem::take(&mut self.line);
        if matches!(self.phase, Phase::Header) {
            if !line.is_empty() {
                self.header_line(&line, context)?;
            }
        } else {
            self.end_line(&line, context)?;
        }
        if matches!(self.phase, Phase::Header) {
            if self.at_root && self.header.is_empty() && self.depth == 0 {
                context.oddities.add(Oddity::Empty);
            }
            self.begin_content(context)?;
        }
        let rest = core::mem::take(&mut self.held_end);
        self.content(rest, context)?;
        self.end_part(None, context)?;
        if !self.stack.is_empty() {
            context.oddities.add(Oddity::UnclosedMultipart);
        }
        if let Some(signed) = self.signed.take() {
            signed.finish(&mut self.draft, &mut self.bodies, context)?;
        }
        self.bodies.finish(&mut self.draft);
        if self.report {
            report::finish(&mut self.draft);
        }
        Ok(self.draft)
    }

    fn push_header<'a>(&mut self, input: &'a [u8], context: &mut Context) -> Result<&'a [u8]> {
        let Some(end) = memchr::memchr(b'\n', input) else {
            self.hold(input, context);
            return Ok(&[]);
        };
        let (piece, rest) = input.split_at(end + 1);
        if self.line.is_empty() {
            self.header_line(piece, context)?;
        } else {
            self.hold(piece, context);
            let line = core::mem::take(&mut self.line);
            self.header_line(&line, context)?;
        }
        Ok(rest)
    }

    fn hold(&mut self, piece: &[u8], context: &mut Context) {
        let room = BLOCK_LIMIT.saturating_sub(self.line.len());
        if piece.len() > room {
            context.oddities.add(Oddity::HeaderTooLarge);
            self.header.truncate();
        }
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn header_line(&mut self, line: &[u8], context: &mut Context) -> Result<()> {
        if let Some((at, last)) = self.delimiter(line) {
            self.begin_content(context)?;
            return self.at_delimiter(at, last, context);
        }
        match self.header.push(line) {
            Line::Taken => Ok(()),
            Line::End => self.begin_content(context),
            Line::Body => {
                context.oddities.add(Oddity::MissingSeparator);
                self.begin_content(context)?;
                self.push(line, context)
            }
        }
    }

    fn push_content<'a>(&mut self, input: &'a [u8], context: &mut Context) -> Result<&'a [u8]> {
        if self.stack.is_empty() {
            self.content(input, context)?;
            return Ok(&[]);
        }
        if !self.line.is_empty() || (self.at_line_start && input.first() == Some(&b'-')) {
            return self.push_candidate(input, context);
        }
        let line_start = memchr::memmem::find(input, b"\n-").map(|at| at + 1);
        let (piece, rest) = input.split_at(line_start.unwrap_or(input.len()));
        self.emit(piece, context)?;
        self.at_line_start = piece.ends_with(b"\n");
        Ok(rest)
    }

    /// A line that begins with `-` is held back until it is known whether it is a delimiter.
    fn push_candidate<'a>(&mut self, input: &'a [u8], context: &mut Context) -> Result<&'a [u8]> {
        let end = memchr::memchr(b'\n', input).map_or(input.len(), |at| at + 1);
        let room = DELIMITER_LIMIT.saturating_sub(self.line.len()).max(1);
        let (piece, rest) = input.split_at(end.min(room));
        self.line.extend_from_slice(piece);
        let ended = self.line.ends_with(b"\n");
        let hopeless = self.line.len() >= DELIMITER_LIMIT || (self.line.len() > 1 && !self.line.starts_with(b"--"));
        if ended || hopeless {
            let line = core::mem::take(&mut self.line);
            self.end_line(&line, context)?;
            if !matches!(self.phase, Phase::Header) {
                self.at_line_start = ended;
            }
            self.line = line;
            self.line.clear();
        }
        Ok(rest)
    }

    fn end_line(&mut self, line: &[u8], context: &mut Context) -> Result<()> {
        match self.delimiter(line) {
            Some((at, last)) => self.at_delimiter(at, last, context),
            None => self.emit(line, context),
        }
    }

    /// Which open multipart the line delimits, innermost first, and whether it is the last delimiter.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        if !line.starts_with(b"--") {
            return None;
        }
        let line = trim_end(line);
        let blanks = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let line = &line[..line.len() - blanks];
        self.stack.iter().enumerate().rev().find_map(|(at, multipart)| match line.strip_prefix(&multipart.delimiter[..])? {
            b"" => Some((at, false)),
            b"--" => Some((at, true)),
            _ => None,
        })
    }

    /// Passes content on, holding back the end of its last line.
    fn emit(&mut self, input: &[u8], context: &mut Context) -> Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        let held = core::mem::take(&mut self.held_end);
        if held == b"\r" && input == b"\n" {
            self.held_end = b"\r\n";
            return Ok(());
        }
        self.content(held, context)?;
        let end: &'static [u8] = match input {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            [.., b'\r'] => b"\r",
            _ => b"",
        };
        self.held_end = end;
        self.content(&input[..input.len() - end.len()], context)
    }

    fn content(&mut self, input: &[u8], context: &mut Context) -> Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        match &mut self.phase {
            Phase::Content(leaf) | Phase::Preamble(leaf) => leaf.push(input, context),
            Phase::Header | Phase::Ignored => Ok(()),
        }
    }

    fn at_delimiter(&mut self, at: usize, last: bool, context: &mut Context) -> Result<()> {
        self.held_end = b"";
        self.at_line_start = true;
        self.end_part(Some(at), context)?;
        if self.stack.len() > at + 1 {
            context.oddities.add(Oddity::UnclosedMultipart);
            self.stack.truncate(at + 1);
        }
        if last {
            self.stack.truncate(at);
            self.phase = Phase::Ignored;
        } else {
            if let Some(multipart) = self.stack.last_mut() {
                multipart.children += 1;
            }
            self.header = Header::default();
            self.phase = Phase::Header;
        }
        Ok(())
    }

    /// Ends the part being read. `delimited` is the multipart whose delimiter ended it.
    fn end_part(&mut self, delimited: Option<usize>, context: &mut Context) -> Result<()> {
        match core::mem::replace(&mut self.phase, Phase::Ignored) {
            Phase::Content(leaf) => leaf.finish(&mut self.draft, &mut self.bodies, context),
            Phase::Preamble(leaf) if delimited == Some(self.stack.len() - 1) => {
                leaf.discard(context);
                Ok(())
            }
            Phase::Preamble(leaf) => {
                context.oddities.add(Oddity::BoundaryNotFound);
                // The multipart never began, so it is not unclosed either.
                self.stack.pop();
                leaf.finish(&mut self.draft, &mut self.bodies, context)
            }
            Phase::Header | Phase::Ignored => Ok(()),
        }
    }

    /// The header block is read: decides what becomes of the content.
    fn begin_content(&mut self, context: &mut Context) -> Result<()> {
        let header = core::mem::take(&mut self.header);
        if header.is_truncated() {
            context.oddities.add(Oddity::HeaderTooLarge);
        }
        let at_root = core::mem::replace(&mut self.at_root, false);
        if at_root {
            envelope::read(&header, &mut self.draft, self.options, self.depth == 0, context)?;
        }
        self.at_line_start = true;
        let kind = self.content_type(&header);
        context.parts += 1;
        if context.parts > PART_LIMIT {
            context.oddities.add(Oddity::TooManyParts);
            self.phase = Phase::Ignored;
            return Ok(());
        }
        self.report |= at_root && kind.value == "multipart/report";
        if at_root && matches!(kind.value.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") {
            self.draft.properties.put(tags::MESSAGE_CLASS, Value::Unicode("IPM.Note.SMIME".to_owned()));
        }
        if at_root && kind.value == "multipart/signed" {
            self.signed = Some(Box::new(Leaf::signed(&header, &mut self.draft, context)?));
        }
        let preamble = if kind.value.starts_with("multipart/") { self.begin_multipart(&kind, context) } else { false };
        let place = self.place();
        let leaf = if preamble {
            Leaf::undecided()
        } else {
            let depth = self.depth + self.stack.len() + 1;
            Leaf::new(&header, &kind, place, &mut self.bodies, self.options, depth, context)
        };
        let leaf = Box::new(leaf);
        self.phase = if preamble { Phase::Preamble(leaf) } else { Phase::Content(leaf) };
        Ok(())
    }

    fn content_type(&self, header: &Header) -> Parameterised {
        let digest = self.stack.last().is_some_and(|multipart| multipart.kind == MultipartKind::Digest);
        match header.parameterised("content-type") {
            Some(kind) if kind.value.matches('/').count() == 1 && !kind.value.ends_with('/') => kind,
            None if digest => Parameterised::named("message/rfc822"),
            Some(kind) => kind.renamed("text/plain"),
            None => Parameterised::named("text/plain"),
        }
    }

    /// Opens a multipart; false when it has no boundary or is too deep.
    fn begin_multipart(&mut self, kind: &Parameterised, context: &mut Context) -> bool {
        let boundary = kind.parameter("boundary").map(str::trim_end).unwrap_or_default();
        if boundary.is_empty() {
            context.oddities.add(Oddity::MissingBoundary);
            return false;
        }
        if self.depth + self.stack.len() >= DEPTH_LIMIT {
            context.oddities.add(Oddity::TooDeep);
            return false;
        }
        self.multiparts += 1;
        self.stack.push(Multipart {
            delimiter: [b"--", boundary.as_bytes()].concat(),
            kind: match kind.value.as_str() {
                "multipart/alternative" => MultipartKind::Alternative,
                "multipart/related" => MultipartKind::Related,
                "multipart/digest" => MultipartKind::Digest,
                _ => MultipartKind::Other,
            },
            number: self.multiparts,
            children: 0,
        });
        true
    }

    fn place(&self) -> Place {
        Place {
            alternative: self
                .stack
                .iter()
                .rev()
                .find(|multipart| multipart.kind == MultipartKind::Alternative)
                .map(|multipart| multipart.number),
            in_alternative: self.stack.last().is_some_and(|multipart| multipart.kind == MultipartKind::Alternative),
            related: self
                .stack
                .last()
                .is_some_and(|multipart| multipart.kind == MultipartKind::Related && multipart.children > 1),
            suppress_attachments: self.signed.is_some(),
            report: self.report && self.stack.len() == 1,
        }
    }
}
