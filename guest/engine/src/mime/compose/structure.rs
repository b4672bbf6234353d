//! The parts of a message and how they are put together (`messages` 10, table "Out"): a multipart/alternative
//! of the bodies, a multipart/related around it with what the HTML shows, a multipart/mixed around that with
//! the other attachments; each only where there is something for it.

use crate::backend::NamedProperty;
use crate::error::Result;
use crate::messages::rtf::{self, RtfContent};
use crate::messages::{Attachment, Message, Values, html};
use crate::mime::compose::content::{BOUNDARY_START, Content, Encoding, Reading, Survey, is_text};
use crate::mime::compose::facts::{Facts, bracketed};
use crate::mime::compose::field::Block;
use crate::mime::compose::report::{self, Report};
use crate::mime::compose::{ComposeOptions, assign_message_id, header, original};
use crate::mime::header::{BLOCK_LIMIT, Header, Line};
use crate::properties::{PropTag, PropType, StreamSource, Value, tags};
use md5::{Digest, Md5};

/// Values of a message up to this many bytes are read at once.
const INLINE: u32 = 64 << 10;
/// Values of an attachment longer than this many bytes are left out: those of all are held at once.
const DESCRIBED: u32 = 4 << 10;
/// What is written of an attachment besides its data.
const DESCRIPTION: &[PropTag] = &[
    tags::ATTACH_METHOD,
    tags::ATTACH_FLAGS,
    tags::ATTACH_CONTENT_ID,
    tags::ATTACH_CONTENT_LOCATION,
    tags::ATTACH_CONTENT_BASE,
    tags::ATTACH_MIME_TAG,
    tags::ATTACH_CHARSET,
    tags::ATTACH_LONG_FILENAME,
    tags::ATTACH_FILENAME,
    tags::ATTACH_LONG_PATHNAME,
    tags::ATTACH_PATHNAME,
];
/// HTML is searched for references to attachments up to this many bytes.
const SEARCHED: usize = 16 << 20;
/// `ATT_MHTML_REF`.
const RENDERED_IN_BODY: i32 = 4;

/// `ATTACH_*` methods.
mod method {
    pub(super) const NONE: i32 = 0;
    pub(super) const BY_REFERENCE: i32 = 2;
    pub(super) const BY_REF_RESOLVE: i32 = 3;
    pub(super) const BY_REF_ONLY: i32 = 4;
    pub(super) const EMBEDDED_MSG: i32 = 5;
    pub(super) const BY_WEB_REFERENCE: i32 = 7;
}

/// What is written next.
pub(super) enum Step {
    Bytes(Vec<u8>),
    Content(Content),
    Part(Box<Part>),
    /// A message, and whether it is the outermost.
    Message(Message, bool),
}

/// An attachment to be written.
pub(super) struct Part {
    attachment: Attachment,
    values: Values,
    /// It is shown in the HTML.
    related: bool,
}

/// A part of the structure.
enum Node {
    /// Fields of the part, its content.
    Leaf(Block, Content),
    Attached(Part),
    /// Its subtype, a parameter, its parts.
    Multipart(&'static str, Option<(&'static str, &'static str)>, Vec<Node>),
}

/// Makes the steps of a message.
pub(super) struct Maker {
    options: ComposeOptions,
    /// Tells boundaries of this message from others.
    seed: String,
    boundaries: u32,
}

impl Maker {
    pub(super) fn new(message: &Message, options: ComposeOptions) -> Result<Self> {
        let values = message.values(INLINE)?;
        let mut hash = Md5::new();
        hash.update(values.bytes(tags::SEARCH_KEY).unwrap_or_default());
        hash.update(values.text(tags::INTERNET_MESSAGE_ID).unwrap_or_default());
        let seed = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { options, seed, boundaries: 0 })
    }

    fn boundary(&mut self) -> String {
        self.boundaries += 1;
        format!("{BOUNDARY_START}{}_{}", self.seed, self.boundaries)
    }

    /// The steps of a whole message.
    pub(super) fn message(&mut self, message: &Message, outermost: bool) -> Result<Vec<Step>> {
        let mut values = message.values(INLINE)?;
        if outermost && self.options.complete {
            assign_message_id(&mut values);
            if !values.contains(tags::CLIENT_SUBMIT_TIME) {
                let now = message.store().connection.environment().clock.now();
                values.put(tags::CLIENT_SUBMIT_TIME, Value::SysTime(now));
            }
        }
        let received = match values.text(tags::TRANSPORT_MESSAGE_HEADERS) {
            Some(text) => text.to_owned(),
            None => long_text(message, tags::TRANSPORT_MESSAGE_HEADERS)?,
        };
        if !values.contains(tags::INTERNET_REFERENCES) {
            let references = long_text(message, tags::INTERNET_REFERENCES)?;
            values.put(tags::INTERNET_REFERENCES, Value::Unicode(references));
        }
        let names = names_of(message, &values)?;
        let rows = message.recipient_rows()?;
        let report = Report::of(&values);
        let (shown, reported) = match report {
            Some(Report::Delivery(_)) => (report::destination(&values), rows),
            _ => (rows, Vec::new()),
        };
        let facts = Facts { reported, ..Facts::of_message(values, shown, &names) };
        let mut block = Block::default();
        header::write(&facts, &received, &self.options, &mut block)?;
        let mut steps = Vec::new();
        self.content(message, &facts, report, block, &mut steps)?;
        Ok(steps)
    }

    /// The steps of everything behind the fields of the header written so far.
    fn content(
        &mut self,
        message: &Message,
        facts: &Facts,
        report: Option<Report>,
        mut block: Block,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let values = &facts.values;
        let mut parts = parts_of(message)?;
        if let Some(source) = signed(values, &parts)? {
            steps.push(Step::Bytes(block.into_bytes()));
            steps.push(Step::Content(Content::lines(source)));
            return Ok(());
        }
        block.tokens("MIME-Version", "1.0");
        let mut plain = message.source(tags::BODY)?.filter(|(_, kind)| is_text(*kind)).map(|(source, _)| source);
        let mut html = message.source(tags::HTML)?;
        if html.is_none() {
            let (text, unwrapped) = rich_text(message)?;
            plain = plain.or(text);
            html = unwrapped.map(|source| (source, PropType::UNICODE));
        }
        let mut bodies = Vec::new();
        if let Some(plain) = plain {
            bodies.push(text_leaf(plain)?);
        }
        if let Some((source, kind)) = html {
            mark_related(&mut parts, &source)?;
            bodies.push(html_leaf(source, kind, values.long(tags::INTERNET_CPID))?);
        }
        let (related, attached): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.related);
        let mut node = match bodies.len() {
            0 if related.is_empty() && attached.is_empty() => Some(text_leaf(StreamSource::Text("".into()))?),
            0 => None,
            1 => bodies.pop(),
            _ => Some(Node::Multipart("alternative", None, bodies)),
        };
        if let Some(report) = report {
            let text = values.text(tags::REPORT_TEXT).unwrap_or_default();
            let text = node.map_or_else(|| text_leaf(StreamSource::Text(text.into())), Ok)?;
            let parts = related.into_iter().chain(attached).map(Node::Attached);
            let children = [text, status_leaf(report, facts)].into_iter().chain(parts).collect();
            self.write(Node::Multipart("report", Some(("report-type", report.kind())), children), block, steps);
            return Ok(());
        }
        node = enclosed("related", node, related);
        node = enclosed("mixed", node, attached);
        if let Some(node) = node {
            self.write(node, block, steps);
        }
        Ok(())
    }

    /// The steps of a part whose fields are written behind those in the block.
    fn write(&mut self, node: Node, mut block: Block, steps: &mut Vec<Step>) {
        match node {
            Node::Leaf(fields, content) => {
                let mut bytes = block.into_bytes();
                bytes.extend(fields.into_bytes());
                bytes.extend_from_slice(b"\r\n");
                steps.push(Step::Bytes(bytes));
                steps.push(Step::Content(content));
            }
            Node::Attached(part) => {
                steps.push(Step::Bytes(block.into_bytes()));
                steps.push(Step::Part(Box::new(part)));
            }
            Node::Multipart(subtype, parameter, children) => {
                let boundary = self.boundary();
                let parameters: Vec<(&str, &str)> = parameter.into_iter().chain([("boundary", boundary.as_str())]).collect();
                block.parameterised("Content-Type", &format!("multipart/{subtype}"), &parameters);
                block.end();
                steps.push(Step::Bytes(block.into_bytes()));
                for (position, child) in children.into_iter().enumerate() {
                    let before = if position == 0 { "" } else { "\r\n" };
                    steps.push(Step::Bytes(format!("{before}--{boundary}\r\n").into_bytes()));
                    self.write(child, Block::default(), steps);
                }
                steps.push(Step::Bytes(format!("\r\n--{boundary}--\r\n").into_bytes()));
            }
        }
    }

    /// The steps of an attachment.
    pub(super) fn part(&self, part: &Part) -> Result<Vec<Step>> {
        let values = &part.values;
        let mut block = Block::default();
        let path = match values.long(tags::ATTACH_METHOD).unwrap_or(method::NONE) {
            method::EMBEDDED_MSG => {
                describe(&mut block, part, "message/rfc822", &[], Encoding::SevenBit);
                block.end();
                let mut steps = vec![Step::Bytes(block.into_bytes())];
                steps.extend(part.attachment.embedded_message()?.map(|message| Step::Message(message, false)));
                return Ok(steps);
            }
            method::BY_REFERENCE | method::BY_REF_RESOLVE | method::BY_REF_ONLY | method::BY_WEB_REFERENCE => {
                Some(values.text(tags::ATTACH_LONG_PATHNAME).or(values.text(tags::ATTACH_PATHNAME)).unwrap_or_default())
            }
            _ => None,
        };
        if let Some(path) = path {
            let source = StreamSource::Text(path.into());
            let encoding = Survey::of(&source)?.text_encoding();
            describe(&mut block, part, "text/plain", &[("charset", charset_of(encoding))], encoding);
            block.end();
            return Ok(vec![Step::Bytes(block.into_bytes()), Step::Content(Content::encoded(source, encoding))]);
        }
        let source = part.attachment.data()?.unwrap_or_else(|| StreamSource::Bytes([].into()));
        let (kind, encoding) = data_type(values.text(tags::ATTACH_MIME_TAG).unwrap_or_default(), &source)?;
        let mut parameters = Vec::new();
        if let Some(charset) = values.text(tags::ATTACH_CHARSET).filter(|_| kind.starts_with("text/")) {
            parameters.push(("charset", charset));
        }
        if kind.ends_with("/pkcs7-mime") || kind.ends_with("/x-pkcs7-mime") {
            parameters.extend(smime_type(&source)?.map(|kind| ("smime-type", kind)));
        }
        describe(&mut block, part, &kind, &parameters, encoding);
        block.end();
        Ok(vec![Step::Bytes(block.into_bytes()), Step::Content(Content::encoded(source, encoding))])
    }
}

/// A node with parts behind it, in a multipart if there are several.
fn enclosed(subtype: &'static str, node: Option<Node>, parts: Vec<Part>) -> Option<Node> {
    let mut children: Vec<Node> = node.into_iter().chain(parts.into_iter().map(Node::Attached)).collect();
    if children.len() <= 1 { children.pop() } else { Some(Node::Multipart(subtype, None, children)) }
}

/// A text property too long to be read with the others; empty if there is none, or it is no text.
fn long_text(message: &Message, tag: PropTag) -> Result<String> {
    let Some((source, _)) = message.source(tag)?.filter(|(_, kind)| is_text(*kind)) else { return Ok(String::new()) };
    let bytes = Reading::new(source).whole(2 * BLOCK_LIMIT)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The names of the named properties among the values.
fn names_of(message: &Message, values: &Values) -> Result<Vec<(PropTag, NamedProperty)>> {
    let tags: Vec<PropTag> = values.iter().map(|(tag, _)| tag).filter(|tag| (0x8000..=0xFFFE).contains(&tag.id())).collect();
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<u16> = tags.iter().map(|tag| tag.id()).collect();
    let names = message.store().connection.backend().names_of_ids(&ids)?;
    Ok(tags.into_iter().zip(names).filter_map(|(tag, name)| Some((tag, name?))).collect())
}

/// The attachments that can travel.
fn parts_of(message: &Message) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for attachment in message.attachments()? {
        let values = attachment.values(DESCRIPTION, DESCRIBED)?;
        let empty = values.long(tags::ATTACH_METHOD).unwrap_or(method::NONE) == method::NONE && attachment.data()?.is_none();
        if empty {
            continue;
        }
        let flagged = values.long(tags::ATTACH_FLAGS).unwrap_or(0) & RENDERED_IN_BODY != 0;
        let named = values.contains(tags::ATTACH_CONTENT_ID) || values.contains(tags::ATTACH_CONTENT_LOCATION);
        parts.push(Part { attachment, values, related: flagged && named });
    }
    Ok(parts)
}

/// Marks the attachments an HTML body shows by their content identifiers.
fn mark_related(parts: &mut [Part], html: &StreamSource) -> Result<()> {
    let id = |part: &Part| part.values.text(tags::ATTACH_CONTENT_ID).filter(|id| !id.is_empty()).map(|id| format!("cid:{id}"));
    if !parts.iter().any(|part| !part.related && id(part).is_some()) {
        return Ok(());
    }
    let Some(html) = Reading::new(html.clone()).whole(SEARCHED)? else { return Ok(()) };
    for part in parts {
        if let Some(id) = id(part) {
            // One identifier may begin another.
            let ends = |at: usize| !html.get(at + id.len()).is_some_and(|b| b.is_ascii_alphanumeric() || b"@._-".contains(b));
            part.related |= memchr::memmem::find_iter(&html, id.as_bytes()).any(ends);
        }
    }
    Ok(())
}

/// The plain text and the HTML of a body that is RTF.
fn rich_text(message: &Message) -> Result<(Option<StreamSource>, Option<StreamSource>)> {
    let Some((source, _)) = message.source(tags::RTF_COMPRESSED)? else { return Ok((None, None)) };
    let container = Reading::new(source).whole(SEARCHED)?;
    let rtf = container.and_then(|container| rtf::decompress(&container));
    let text = |text: String| Some(StreamSource::Text(text.into()));
    Ok(match rtf.map(|bytes| rtf::content(&bytes)) {
        None => (None, None),
        Some(RtfContent::Text(plain)) => (text(plain), None),
        Some(RtfContent::Html(markup)) => (text(html::html_to_text(&markup)), text(markup)),
    })
}

fn charset_of(encoding: Encoding) -> &'static str {
    if encoding == Encoding::SevenBit { "us-ascii" } else { "utf-8" }
}

fn text_leaf(source: StreamSource) -> Result<Node> {
    let encoding = Survey::of(&source)?.text_encoding();
    let mut block = Block::default();
    block.parameterised("Content-Type", "text/plain", &[("charset", charset_of(encoding))]);
    block.tokens("Content-Transfer-Encoding", encoding.name());
    Ok(Node::Leaf(block, Content::encoded(source, encoding)))
}

fn html_leaf(source: StreamSource, kind: PropType, code_page: Option<i32>) -> Result<Node> {
    let encoding = Survey::of(&source)?.markup_encoding();
    let charset = if is_text(kind) {
        Some("utf-8".to_owned())
    } else {
        // The code page is written even of ASCII: it is a property of the message.
        code_page.and_then(html::encoding_of_code_page).map(|encoding| encoding.name().to_ascii_lowercase())
    };
    let parameters: Vec<(&str, &str)> = charset.iter().map(|charset| ("charset", charset.as_str())).collect();
    let mut block = Block::default();
    block.parameterised("Content-Type", "text/html", &parameters);
    block.tokens("Content-Transfer-Encoding", encoding.name());
    Ok(Node::Leaf(block, Content::encoded(source, encoding)))
}

/// What a report says to programs.
fn status_leaf(report: Report, facts: &Facts) -> Node {
    let mut block = Block::default();
    block.tokens("Content-Type", &format!("message/{}", report.kind()));
    let source = StreamSource::Bytes(report.content(facts).into());
    Node::Leaf(block, Content::encoded(source, Encoding::SevenBit))
}

/// The type an attachment is sent as, and how. What may not be encoded goes as it is if it can, else as bytes.
fn data_type(tag: &str, source: &StreamSource) -> Result<(String, Encoding)> {
    const BYTES: &str = "application/octet-stream";
    let tag = tag.trim().to_ascii_lowercase();
    let token = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let valid = tag.len() <= 127 && tag.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    if !valid || tag.starts_with("multipart/") {
        return Ok((BYTES.to_owned(), Encoding::Base64));
    }
    if !tag.starts_with("message/") {
        return Ok((tag, Encoding::Base64));
    }
    Ok(if Survey::of(source)?.is_seven_bit() { (tag, Encoding::SevenBit) } else { (BYTES.to_owned(), Encoding::Base64) })
}

/// The fields of an attachment.
fn describe(block: &mut Block, part: &Part, kind: &str, parameters: &[(&str, &str)], encoding: Encoding) {
    let values = &part.values;
    block.parameterised("Content-Type", kind, parameters);
    if encoding != Encoding::SevenBit {
        block.tokens("Content-Transfer-Encoding", encoding.name());
    }
    let name = [tags::ATTACH_LONG_FILENAME, tags::ATTACH_FILENAME].into_iter().find_map(|tag| values.text(tag));
    let name = name.filter(|name| !name.is_empty() && !name.starts_with(crate::mime::part::UNTITLED));
    let disposition = if part.related { "inline" } else { "attachment" };
    let parameters: Vec<(&str, &str)> = name.map(|name| ("filename", name)).into_iter().collect();
    block.parameterised("Content-Disposition", disposition, &parameters);
    if let Some(id) = values.text(tags::ATTACH_CONTENT_ID).filter(|id| !id.is_empty()) {
        block.tokens("Content-ID", &bracketed(id));
    }
    for (field, tag) in [("Content-Location", tags::ATTACH_CONTENT_LOCATION), ("Content-Base", tags::ATTACH_CONTENT_BASE)] {
        if let Some(value) = values.text(tag).filter(|value| !value.is_empty()) {
            block.tokens(field, value);
        }
    }
}

/// The content of a clear-signed message: its one attachment, with the fields of the structure in front.
fn signed(values: &Values, parts: &[Part]) -> Result<Option<StreamSource>> {
    let class = values.text(tags::MESSAGE_CLASS).unwrap_or_default();
    let [part] = parts else { return Ok(None) };
    let is_signed = |tag: &str| tag.eq_ignore_ascii_case("multipart/signed");
    if !class.eq_ignore_ascii_case("IPM.Note.SMIME.MultipartSigned")
        || !part.values.text(tags::ATTACH_MIME_TAG).is_some_and(is_signed)
    {
        return Ok(None);
    }
    let Some(source) = part.attachment.data()? else { return Ok(None) };
    let mut header = Header::default();
    for line in original::leading_block(&source)?.split_inclusive(|byte| *byte == b'\n') {
        if header.push(line) != Line::Taken {
            return Ok(None);
        }
    }
    // Nothing but the structure may come from an attachment.
    let structural = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "mime-version" || name.starts_with("content-")
    };
    let sound = header.fields().all(|(name, _)| structural(name))
        && header.parameterised("content-type").is_some_and(|kind| is_signed(&kind.value))
        && Survey::of(&source)?.is_kept_whole();
    Ok(sound.then_some(source))
}

/// What a PKCS #7 content is, told by the object identifier it begins with (RFC 8551 3.2.2).
fn smime_type(source: &StreamSource) -> Result<Option<&'static str>> {
    const PKCS7: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07];
    let head = Reading::new(source.clone()).next()?;
    let head = &head[..head.len().min(64)];
    let kind = memchr::memmem::find(head, PKCS7).and_then(|at| head.get(at + PKCS7.len()));
    Ok(match kind {
        Some(2) => Some("signed-data"),
        Some(3) => Some("enveloped-data"),
        _ => None,
    })
}
