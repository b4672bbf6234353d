//! A message as a person composes it, and how it comes into the Outbox (`messages` 1 to 3, 11).

use crate::addresses::{Recipient, Role};
use crate::args::{ContentArguments, Importance};
use crate::context::Context;
use crate::terminal::bytes;
use anyhow::{Context as _, bail, ensure};
use mapi_session::expression::timestamp;
use mapi_session::flags::{
    CreateAttachFlags, CreateMessageFlags, GetPropsFlags, ModifyRecipientsFlags, OpenPropertyFlags, OpenPropertyOptions,
    SaveChangesFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{FileTime, PropTag, Property, Value, tags};
use mapi_session::{DataStream, Folder, Message, MessageStore, Object, OpenedProperty, Properties, PropertyInterface};
use serde_json::json;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Bytes written to a stream at a time.
const CHUNK: usize = 256 * 1024;
/// Bytes of text a person may send; more is a mistake, and belongs into an attachment.
const TEXT_LIMIT: u64 = 64 << 20;
/// `ATTACH_BY_VALUE`.
const BY_VALUE: i32 = 1;

/// A message not yet in the store.
pub(crate) struct Draft {
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) subject: String,
    pub(crate) body: String,
    attachments: Vec<PathBuf>,
    /// Everything else.
    properties: Vec<Property>,
    at: Option<FileTime>,
}

impl Draft {
    /// A message with the content asked for; `given` is what the editor begins with, and what a text without
    /// an editor is put in front of.
    pub(crate) fn new(
        recipients: Vec<Recipient>,
        subject: &str,
        content: &ContentArguments,
        given: &str,
    ) -> anyhow::Result<Self> {
        for path in &content.attach {
            let found = std::fs::metadata(path).with_context(|| format!("{} cannot be attached", path.display()))?;
            ensure!(found.is_file(), "{} cannot be attached: it is no file", path.display());
        }
        let at = content.at.as_deref().map(|text| point_in_time(text, &jiff::Zoned::now())).transpose()?;
        let body = body(content, given)?;
        let importance = match content.importance {
            Importance::Low => 0,
            Importance::Normal => 1,
            Importance::High => 2,
        };
        let mut properties = vec![
            Property::new(tags::IMPORTANCE, Value::Long(importance)),
            Property::new(tags::READ_RECEIPT_REQUESTED, Value::Boolean(content.read_receipt)),
            Property::new(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, Value::Boolean(content.delivery_receipt)),
        ];
        properties.extend(at.map(|at| Property::new(tags::DEFERRED_SEND_TIME, Value::SysTime(at))));
        Ok(Self { recipients, subject: subject.to_owned(), body, attachments: content.attach.clone(), properties, at })
    }

    /// A message that is to be completed in its form.
    pub(crate) const fn to_complete(recipients: Vec<Recipient>, subject: String, body: String) -> Self {
        Self { recipients, subject, body, attachments: Vec::new(), properties: Vec::new(), at: None }
    }

    /// Adds properties.
    pub(crate) fn with(mut self, properties: impl IntoIterator<Item = Property>) -> Self {
        self.properties.extend(properties);
        self
    }

    /// Shows it instead of sending it.
    pub(crate) fn show(&self, context: &Context) -> anyhow::Result<()> {
        let named = |role: Role| -> Vec<String> {
            self.recipients.iter().filter(|recipient| recipient.role == role).map(Recipient::to_string).collect()
        };
        let sizes: Vec<(String, u64)> = (self.attachments.iter())
            .map(|path| Ok((file_name(path), std::fs::metadata(path)?.len())))
            .collect::<std::io::Result<_>>()?;
        if context.output.json {
            return context.output.object(&json!({
                "to": named(Role::To),
                "cc": named(Role::Cc),
                "bcc": named(Role::Bcc),
                "subject": self.subject,
                "at": self.at.map(timestamp),
                "body": self.body,
                "attachments": sizes.iter().map(|(name, size)| json!({ "name": name, "size": size })).collect::<Vec<_>>(),
            }));
        }
        for (heading, role) in [("To", Role::To), ("Cc", Role::Cc), ("Bcc", Role::Bcc)] {
            for recipient in named(role) {
                context.output.line(&format!("{:<9}{}", format!("{heading}:"), crate::terminal::harmless(&recipient)))?;
            }
        }
        context.output.line(&format!("{:<9}{}", "Subject:", crate::terminal::harmless(&self.subject)))?;
        if let Some(at) = self.at {
            context.output.line(&format!("{:<9}{}", "At:", timestamp(at)))?;
        }
        context.output.line("")?;
        context.output.line(crate::terminal::harmless_lines(&self.body).trim_end())?;
        for (name, size) in sizes {
            context.output.line(&format!("[{}, {}]", crate::terminal::harmless(&name), bytes(size)))?;
        }
        Ok(())
    }

    /// Creates it in the Outbox, with recipients and attachments, not saved yet.
    pub(crate) async fn create(&self, store: &MessageStore) -> anyhow::Result<Message> {
        let places = [tags::IPM_OUTBOX_ENTRYID, tags::IPM_SENTMAIL_ENTRYID];
        let places = store.properties().await?.get_props(Some(&places), GetPropsFlags::empty()).await?.value;
        let [Property { value: Value::Binary(outbox), .. }, Property { value: Value::Binary(sent), .. }] = places.as_slice()
        else {
            bail!("the store has no Outbox and no Sent Items folder");
        };
        self.create_in(&open_folder(store, outbox).await?, sent).await
    }

    /// Creates it in that folder, not saved yet. Once sent, it goes to the folder with the identifier `sent`.
    pub(crate) async fn create_in(&self, folder: &Folder, sent: &[u8]) -> anyhow::Result<Message> {
        let message = folder.create_message(CreateMessageFlags::empty()).await?;
        let object = message.properties().await?;
        let mut properties = self.properties.clone();
        properties.push(Property::new(tags::MESSAGE_CLASS, Value::Unicode("IPM.Note".to_owned())));
        properties.push(Property::new(tags::SUBJECT, Value::Unicode(self.subject.clone())));
        properties.push(Property::new(tags::SENTMAIL_ENTRYID, Value::Binary(sent.to_vec())));
        set(&object, properties).await?;
        let units: Vec<u8> = self.body.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fill(&object, tags::BODY, &mut units.as_slice()).await?;
        let rows = self.recipients.iter().map(Recipient::row).collect();
        message.modify_recipients(ModifyRecipientsFlags::MODRECIP_ADD, rows).await?;
        for path in &self.attachments {
            attach(&message, path).await.with_context(|| format!("{} cannot be attached", path.display()))?;
        }
        Ok(message)
    }
}

pub(crate) async fn open_folder(store: &MessageStore, entry_id: &[u8]) -> anyhow::Result<Folder> {
    match store.open_entry(Some(entry_id), StoreOpenEntryFlags::MAPI_MODIFY, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        _ => bail!("it is no folder"),
    }
}

/// Sets properties; one that cannot be set is a failure.
async fn set(object: &Properties, properties: Vec<Property>) -> anyhow::Result<()> {
    if let Some(problem) = object.set_props(properties).await?.first() {
        bail!("{} cannot be set: {}", mapi_session::expression::property_name(problem.tag), problem.code);
    }
    Ok(())
}

async fn attach(message: &Message, path: &Path) -> anyhow::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let (_, attachment) = message.create_attach(CreateAttachFlags::empty()).await?;
    let object = attachment.properties().await?;
    set(&object, attachment_properties(path)).await?;
    fill(&object, tags::ATTACH_DATA_BIN, &mut file).await?;
    Ok(object.save_changes(SaveChangesFlags::empty()).await?)
}

/// What is said of a file that is attached.
pub(crate) fn attachment_properties(path: &Path) -> Vec<Property> {
    let name = file_name(path);
    let kind = mime_guess::from_path(path).first_or_octet_stream().to_string();
    vec![
        Property::new(tags::ATTACH_METHOD, Value::Long(BY_VALUE)),
        Property::new(tags::RENDERING_POSITION, Value::Long(-1)),
        Property::new(tags::ATTACH_LONG_FILENAME, Value::Unicode(name.clone())),
        Property::new(tags::DISPLAY_NAME, Value::Unicode(name)),
        Property::new(tags::ATTACH_MIME_TAG, Value::Unicode(kind)),
    ]
}

/// Writes a property as a stream, however large it is.
async fn fill(object: &Properties, tag: PropTag, source: &mut impl Read) -> anyhow::Result<()> {
    let stream = open_stream(object, tag).await?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            return Ok(stream.commit().await?);
        }
        stream.write(&chunk[..read]).await?;
    }
}

async fn open_stream(object: &Properties, tag: PropTag) -> anyhow::Result<DataStream> {
    let flags = OpenPropertyFlags::MAPI_CREATE | OpenPropertyFlags::MAPI_MODIFY;
    let options = OpenPropertyOptions::STGM_READWRITE;
    match object.open_property(tag, PropertyInterface::DataStream, options, flags).await? {
        OpenedProperty::DataStream(stream) => Ok(stream),
        _ => bail!("{} is no stream", mapi_session::expression::property_name(tag)),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The text: given, from a file, from standard input, or from an editor.
fn body(content: &ContentArguments, given: &str) -> anyhow::Result<String> {
    let before = |text: String| if given.is_empty() { text } else { format!("{}\r\n\r\n{given}", text.trim_end()) };
    let text = match (&content.body, &content.body_file) {
        (Some(text), _) => before(text.clone()),
        (None, Some(path)) if path != Path::new("-") => {
            let file = std::fs::File::open(path).with_context(|| format!("the text {} cannot be read", path.display()))?;
            before(whole(file).with_context(|| format!("the text {} cannot be sent", path.display()))?)
        }
        (None, None) if std::io::stdin().is_terminal() => edited(given)?,
        (None, _) => before(whole(std::io::stdin()).context("the text on standard input cannot be sent")?),
    };
    Ok(text.replace("\r\n", "\n").replace('\n', "\r\n"))
}

fn whole(source: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = source.take(TEXT_LIMIT + 1).read_to_string(&mut text).context("it is no text in UTF-8")?;
    ensure!(read as u64 <= TEXT_LIMIT, "it is longer than {}; attach it", bytes(TEXT_LIMIT));
    Ok(text)
}

/// What a person writes in the editor of their choice.
pub(crate) fn edited(given: &str) -> anyhow::Result<String> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let Some(editor) = editor else {
        bail!("there is no text: give it with --body or --body-file, on standard input, or name an editor in EDITOR");
    };
    let file = tempfile::Builder::new().prefix("mapi-").suffix(".txt").tempfile()?;
    std::fs::write(file.path(), given.replace("\r\n", "\n"))?;
    let mut words = editor.split_whitespace();
    let status = std::process::Command::new(words.next().unwrap_or_default())
        .args(words)
        .arg(file.path())
        .status()
        .with_context(|| format!("the editor {editor:?} cannot be started"))?;
    ensure!(status.success(), "the editor {editor:?} failed; nothing was sent");
    let text = whole(std::fs::File::open(file.path())?)?;
    ensure!(!text.trim().is_empty(), "the text is empty; nothing was sent");
    Ok(text)
}

/// A time, or a delay from now.
fn point_in_time(text: &str, now: &jiff::Zoned) -> anyhow::Result<FileTime> {
    let moment = if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        moment
    } else if let Ok(moment) = text.parse::<jiff::civil::DateTime>() {
        moment.to_zoned(now.time_zone().clone())?.timestamp()
    } else if let Ok(delay) = text.parse::<jiff::SignedDuration>() {
        now.timestamp().checked_add(delay).context("that is too far away")?
    } else {
        bail!("{text:?} is no time; write one such as \"2026-12-24 18:00\", or a delay such as \"2h\"");
    };
    Ok(FileTime::from_unix(moment.as_second(), u32::try_from(moment.subsec_nanosecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_local_unless_it_names_a_zone_and_a_delay_counts_from_now() {
        let now: jiff::Zoned = "2026-12-01T12:00:00+02:00[+02:00]".parse().unwrap();
        let at = |text: &str| point_in_time(text, &now).map(timestamp);
        assert_eq!(at("2026-12-24 18:00").unwrap(), "2026-12-24T16:00:00Z");
        assert_eq!(at("2026-12-24T18:00:00Z").unwrap(), "2026-12-24T18:00:00Z");
        assert_eq!(at("2h").unwrap(), "2026-12-01T12:00:00Z");
        assert!(at("soon").unwrap_err().to_string().contains("is no time"));
    }
}
