//! One part without parts of its own: what becomes of its content (`messages` 10 "MIME part (in)").

use crate::backend::StoredValue;
use crate::error::Result;
use crate::messages::html::code_page_of_charset;
use crate::messages::{Draft, DraftAttachment};
use crate::mime::charset::Charset;
use crate::mime::collect::{Bytes, Collected, Context, Text, set_stored};
use crate::mime::header::{Header, Parameterised, parse_date, unfold};
use crate::mime::message::Message;
use crate::mime::report;
use crate::mime::transfer::Transfer;
use crate::mime::words;
use crate::mime::{Oddity, ReadOptions};
use crate::properties::{Value, tags};

/// How deep messages may nest, multiparts counted too; one nested deeper is a plain attachment.
pub(super) const DEPTH_LIMIT: usize = 32;

/// `ATT_MHTML_REF`: rendered in the body.
const RENDERED_IN_BODY: i32 = 4;

/// The name of an attachment without one, followed by an extension.
pub(super) const UNTITLED: &str = "Untitled Attachment";

/// Where a part stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The innermost multipart/alternative around it.
    pub(super) alternative: Option<usize>,
    /// Whether that is its direct parent.
    pub(super) in_alternative: bool,
    /// Whether it is a part of a multipart/related other than the first.
    pub(super) related: bool,
    /// Whether it is inside a clear-signed message, which is one attachment already.
    pub(super) suppress_attachments: bool,
    /// Whether it is a part of the report the message is.
    pub(super) report: bool,
}

/// The bodies found so far.
#[derive(Default)]
pub(super) struct Bodies {
    plain: Option<Option<usize>>,
    html: Option<Option<usize>>,
    plain_value: Option<StoredValue>,
    html_value: Option<StoredValue>,
    code_page: Option<i32>,
}

impl Bodies {
    fn takes_plain(&self, place: Place) -> bool {
        match (self.plain, self.html) {
            (Some(_), _) => false,
            (None, None) => true,
            // An alternative in the wrong order.
            (None, Some(html)) => html.is_some() && html == place.alternative,
        }
    }

    fn takes_html(&self, place: Place) -> bool {
        match (self.html, self.plain) {
            (Some(_), _) => false,
            (None, None) => true,
            (None, Some(plain)) => plain.is_some() && plain == place.alternative,
        }
    }

    /// Writes the bodies into the draft.
    pub(super) fn finish(self, draft: &mut Draft) {
        let values = &mut draft.properties;
        if let Some(code_page) = self.code_page {
            values.put(tags::INTERNET_CPID, Value::Long(code_page));
        }
        if let Some(plain) = self.plain_value {
            set_stored(values, tags::BODY, plain);
        }
        if let Some(html) = self.html_value {
            set_stored(values, tags::HTML, html);
        }
    }
}

/// What becomes of the content.
enum Target {
    Plain(Text),
    Html(Bytes),
    Attachment(DraftAttachment, Bytes),
    Embedded(DraftAttachment, Box<Message>),
    /// What a report says to programs; an attachment if it says nothing.
    Report(String, DraftAttachment, Bytes),
    /// The content of a multipart of which no delimiter has been seen.
    Undecided(Bytes),
    Nothing,
}

/// A part being read.
pub(super) struct Leaf {
    transfer: Transfer,
    target: Target,
    /// Decoded bytes on their way to an embedded message.
    decoded: Vec<u8>,
}

impl Leaf {
    /// A part with that header.
    pub(super) fn new(
        header: &Header,
        kind: &Parameterised,
        place: Place,
        bodies: &mut Bodies,
        options: ReadOptions,
        depth: usize,
        context: &mut Context,
    ) -> Self {
        let encoding = header.value("content-transfer-encoding").unwrap_or_default();
        let transfer = Transfer::named(&encoding).unwrap_or_else(|| {
            context.oddities.add(Oddity::UnknownTransferEncoding(encoding));
            Transfer::Identity
        });
        let target = Self::target(header, kind, place, bodies, options, depth, context);
        Self { transfer, target, decoded: Vec::new() }
    }

    fn target(
        header: &Header,
        kind: &Parameterised,
        place: Place,
        bodies: &mut Bodies,
        options: ReadOptions,
        depth: usize,
        context: &mut Context,
    ) -> Target {
        let disposition = header.parameterised("content-disposition").unwrap_or_default();
        let inline = disposition.value != "attachment";
        let is_text = kind.value.starts_with("text/");
        let label = kind.parameter("charset").unwrap_or_default();
        // A multipart without boundary has no parts: its content is a text.
        let plain = kind.value == "text/plain" || kind.value.starts_with("multipart/");
        if inline && !place.related && (plain || kind.value == "text/html") {
            match Charset::labelled(label) {
                None => {
                    context.oddities.add(Oddity::UnknownCharset(label.to_owned()));
                    // The text is attached, and no later one takes its place as the body.
                    if plain && bodies.takes_plain(place) {
                        bodies.plain = Some(place.alternative);
                    } else if !plain && bodies.takes_html(place) {
                        bodies.html = Some(place.alternative);
                    }
                }
                Some(charset) if plain && bodies.takes_plain(place) => {
                    bodies.plain = Some(place.alternative);
                    bodies.code_page = bodies.code_page.or(code_page_of_charset(label));
                    return Target::Plain(Text::new(charset));
                }
                Some(_) if !plain && bodies.takes_html(place) => {
                    bodies.html = Some(place.alternative);
                    // Without a label the document may name its own (`messages` 5).
                    bodies.code_page = code_page_of_charset(label);
                    return Target::Html(Bytes::default());
                }
                Some(_) => {}
            }
        }
        if place.suppress_attachments || (place.in_alternative && is_text && inline) {
            return Target::Nothing;
        }
        let mut attachment = describe(header, kind, &disposition, place);
        if matches!(kind.value.as_str(), "message/rfc822" | "message/global") {
            if depth < DEPTH_LIMIT {
                attachment.properties.put(tags::ATTACH_METHOD, Value::Long(5));
                return Target::Embedded(attachment, Box::new(Message::new(options, depth)));
            }
            context.oddities.add(Oddity::TooDeep);
        }
        name_by_type(&mut attachment, kind);
        if place.report && report::is_machine_readable(&kind.value) {
            return Target::Report(kind.value.clone(), attachment, Bytes::default());
        }
        Target::Attachment(attachment, Bytes::default())
    }

    /// The whole of a clear-signed message, as one attachment.
    pub(super) fn signed(header: &Header, draft: &mut Draft, context: &mut Context) -> Result<Self> {
        draft.properties.put(tags::MESSAGE_CLASS, Value::Unicode("IPM.Note.SMIME.MultipartSigned".to_owned()));
        let mut attachment = DraftAttachment::default();
        attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
        attachment.properties.put(tags::RENDERING_POSITION, Value::Long(-1));
        attachment.properties.put(tags::ATTACH_MIME_TAG, text("multipart/signed"));
        attachment.properties.put(tags::ATTACH_LONG_FILENAME, text("smime.p7m"));
        attachment.properties.put(tags::DISPLAY_NAME, text("smime.p7m"));
        let mut bytes = Bytes::default();
        for (name, raw) in header.fields() {
            let lower = name.to_ascii_lowercase();
            if lower.starts_with("content-") || lower == "mime-version" {
                bytes.push(&[name.as_bytes(), b":", raw].concat(), context)?;
            }
        }
        let end: &[u8] = if header.block().ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
        bytes.push(end, context)?;
        Ok(Self { transfer: Transfer::Identity, target: Target::Attachment(attachment, bytes), decoded: Vec::new() })
    }

    /// The content of a multipart of which no delimiter has been seen.
    pub(super) fn undecided() -> Self {
        Self { transfer: Transfer::Identity, target: Target::Undecided(Bytes::default()), decoded: Vec::new() }
    }

    /// Reads the next bytes of the content.
    pub(super) fn push(&mut self, input: &[u8], context: &mut Context) -> Result<()> {
        // Pieces keep what one call decodes within bounds.
        for piece in input.chunks(64 << 10) {
            self.push_piece(piece, context)?;
        }
        Ok(())
    }

    fn push_piece(&mut self, input: &[u8], context: &mut Context) -> Result<()> {
        let transfer = &mut self.transfer;
        match &mut self.target {
            Target::Plain(text) => text.push_with(context, |out| transfer.push(input, out)),
            Target::Html(bytes) | Target::Attachment(_, bytes) | Target::Report(_, _, bytes) | Target::Undecided(bytes) => {
                bytes.push_with(context, |out| transfer.push(input, out))
            }
            Target::Embedded(_, message) => {
                if matches!(transfer, Transfer::Identity) {
                    return message.push(input, context);
                }
                self.decoded.clear();
                transfer.push(input, &mut self.decoded);
                message.push(&self.decoded, context)
            }
            Target::Nothing => Ok(()),
        }
    }

    /// Ends the part and hands over what it became.
    pub(super) fn finish(mut self, draft: &mut Draft, bodies: &mut Bodies, context: &mut Context) -> Result<()> {
        let mut rest = Vec::new();
        if !matches!(self.target, Target::Nothing) && !self.transfer.finish(&mut rest) {
            context.oddities.add(Oddity::DamagedTransferEncoding);
        }
        match self.target {
            Target::Plain(mut text) => {
                text.push_with(context, |out| out.extend_from_slice(&rest))?;
                bodies.plain_value = Some(text.finish(context)?);
            }
            Target::Html(mut bytes) => {
                bytes.push(&rest, context)?;
                bodies.html_value = Some(bytes.finish(context)?.into_stored());
            }
            Target::Attachment(mut attachment, mut bytes) => {
                bytes.push(&rest, context)?;
                set_stored(&mut attachment.properties, tags::ATTACH_DATA_BIN, bytes.finish(context)?.into_stored());
                draft.attachments.push(attachment);
            }
            Target::Report(kind, mut attachment, mut bytes) => {
                bytes.push(&rest, context)?;
                let content = bytes.finish(context)?;
                let told = matches!(&content, Collected::Memory(bytes) if report::read(&kind, bytes, draft));
                if !told {
                    set_stored(&mut attachment.properties, tags::ATTACH_DATA_BIN, content.into_stored());
                    draft.attachments.push(attachment);
                }
            }
            Target::Embedded(mut attachment, mut message) => {
                message.push(&rest, context)?;
                let embedded = message.finish(context)?;
                if attachment.properties.text(tags::DISPLAY_NAME).is_none() {
                    let subject = embedded.properties.text(tags::SUBJECT).unwrap_or(UNTITLED).to_owned();
                    attachment.properties.put(tags::DISPLAY_NAME, Value::Unicode(subject));
                }
                attachment.embedded = Some(Box::new(embedded));
                draft.attachments.push(attachment);
            }
            Target::Undecided(bytes) => match bytes.finish(context)? {
                Collected::Memory(bytes) if bodies.plain.is_none() => {
                    let mut text = Text::new(Charset::Unlabelled);
                    text.push_with(context, |out| out.extend_from_slice(&bytes))?;
                    bodies.plain = Some(None);
                    bodies.plain_value = Some(text.finish(context)?);
                }
                content => {
                    let mut attachment = DraftAttachment::default();
                    attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
                    attachment.properties.put(tags::RENDERING_POSITION, Value::Long(-1));
                    name_by_type(&mut attachment, &Parameterised::named("text/plain"));
                    set_stored(&mut attachment.properties, tags::ATTACH_DATA_BIN, content.into_stored());
                    draft.attachments.push(attachment);
                }
            },
            Target::Nothing => {}
        }
        Ok(())
    }

    /// Forgets the part.
    pub(super) fn discard(self, context: &mut Context) {
        if let Target::Undecided(bytes) = self.target {
            bytes.discard(context);
        }
    }
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

/// The properties of an attachment but for its data.
fn describe(header: &Header, kind: &Parameterised, disposition: &Parameterised, place: Place) -> DraftAttachment {
    let mut attachment = DraftAttachment::default();
    attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
    attachment.properties.put(tags::RENDERING_POSITION, Value::Long(-1));
    attachment.properties.put(tags::ATTACH_MIME_TAG, text(&kind.value));
    let name = disposition.parameter("filename").or_else(|| kind.parameter("name")).map(file_name);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        attachment.properties.put(tags::DISPLAY_NAME, text(&name));
        attachment.properties.put(tags::ATTACH_LONG_FILENAME, Value::Unicode(name));
    }
    let id = header.value("content-id").map(|id| id.trim_start_matches('<').trim_end_matches('>').to_owned());
    let location = header.value("content-location");
    if place.related && (id.is_some() || location.is_some()) {
        attachment.properties.put(tags::ATTACH_FLAGS, Value::Long(RENDERED_IN_BODY));
        attachment.properties.put(tags::ATTACHMENT_HIDDEN, Value::Boolean(true));
    }
    for (tag, value) in [
        (tags::ATTACH_CONTENT_ID, id),
        (tags::ATTACH_CONTENT_LOCATION, location),
        (tags::ATTACH_CONTENT_BASE, header.value("content-base")),
        (tags::ATTACH_CHARSET, kind.parameter("charset").map(|label| unfold(label.as_bytes()))),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            attachment.properties.put(tag, Value::Unicode(value));
        }
    }
    for (tag, parameter) in [(tags::CREATION_TIME, "creation-date"), (tags::LAST_MODIFICATION_TIME, "modification-date")] {
        if let Some(time) = disposition.parameter(parameter).and_then(parse_date) {
            attachment.properties.put(tag, Value::SysTime(time));
        }
    }
    attachment
}

/// A file name as the sender meant it: encoded words decoded though they are forbidden here, control
/// characters removed.
fn file_name(raw: &str) -> String {
    let decoded = if raw.contains("=?") { words::decode(raw).text } else { raw.to_owned() };
    let clean: String = decoded.chars().filter(|character| !character.is_control()).collect();
    clean.trim().to_owned()
}

fn name_by_type(attachment: &mut DraftAttachment, kind: &Parameterised) {
    if attachment.properties.text(tags::ATTACH_LONG_FILENAME).is_some() {
        return;
    }
    let extension = match kind.value.as_str() {
        "text/plain" => ".txt",
        "text/html" => ".htm",
        "text/calendar" => ".ics",
        "text/csv" => ".csv",
        "text/rtf" | "application/rtf" => ".rtf",
        "text/x-patch" | "text/x-diff" => ".patch",
        "text/vcard" | "text/x-vcard" => ".vcf",
        "text/xml" | "application/xml" => ".xml",
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/gif" => ".gif",
        "application/pdf" => ".pdf",
        "application/zip" => ".zip",
        "application/pgp-signature" | "application/pgp-keys" => ".asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ".p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ".p7m",
        "application/ms-tnef" => ".dat",
        "message/rfc822" | "message/global" => ".eml",
        _ => "",
    };
    let name = format!("{UNTITLED}{extension}");
    attachment.properties.put(tags::DISPLAY_NAME, text(&name));
    attachment.properties.put(tags::ATTACH_LONG_FILENAME, Value::Unicode(name));
}
