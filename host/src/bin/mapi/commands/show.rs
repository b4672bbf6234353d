//! `mapi show`: a message as a person reads it.

use crate::args::ShowArguments;
use crate::context::Context;
use crate::output::cell_text;
use crate::target;
use crate::terminal::{bytes, harmless_lines};
use anyhow::{Context as _, bail};
use mapi_session::error::Code;
use mapi_session::expression::{timestamp, value_to_json};
use mapi_session::flags::{
    GetAttachmentTableFlags, GetPropsFlags, LogoffFlags, OpenAttachFlags, OpenPropertyFlags, OpenPropertyOptions, QueryRowsFlags,
    SetColumnsFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{DataStream, ExportOptions, Message, OpenedProperty, Properties, PropertyInterface};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Bytes read from a stream at a time.
const CHUNK: u32 = 256 * 1024;
/// Text shown at most, in bytes.
const SHOWN: u64 = 4 * 1024 * 1024;

const HEADER: [(&str, PropTag); 6] = [
    ("From", tags::SENT_REPRESENTING_NAME),
    ("To", tags::DISPLAY_TO),
    ("Cc", tags::DISPLAY_CC),
    ("Date", tags::CLIENT_SUBMIT_TIME),
    ("Subject", tags::SUBJECT),
    ("Message-ID", tags::INTERNET_MESSAGE_ID),
];

pub(crate) async fn run(context: &Context, arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let message = target::message(&store, &arguments.target).await?;
    if arguments.source {
        source(&message).await?;
        session.logoff(LogoffFlags::empty()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let attachments = attachments(&message).await?;
    let properties = message.properties().await?;
    let header = properties.get_props(Some(&HEADER.map(|(_, tag)| tag)), GetPropsFlags::MAPI_UNICODE).await?.value;
    let address = properties.get_props(Some(&[tags::SENT_REPRESENTING_EMAIL_ADDRESS]), GetPropsFlags::MAPI_UNICODE).await?.value;
    let body = text(&properties, tags::BODY).await?.unwrap_or_default();
    let headers = if arguments.headers { text(&properties, tags::TRANSPORT_MESSAGE_HEADERS).await? } else { None };
    if context.output.json {
        let mut object = serde_json::Map::new();
        for ((name, _), property) in HEADER.iter().zip(&header) {
            object.insert(name.to_lowercase(), value_or_null(property));
        }
        object.insert("from-address".into(), address.first().map_or(serde_json::Value::Null, value_or_null));
        object.insert("body".into(), json!(body));
        if let Some(headers) = &headers {
            object.insert("headers".into(), json!(headers));
        }
        let list = attachments
            .iter()
            .map(|attachment| json!({ "number": attachment.number, "name": attachment.name, "size": attachment.size }));
        object.insert("attachments".into(), list.collect());
        context.output.object(&serde_json::Value::Object(object))?;
    } else {
        print(context, &header, address.first(), headers.as_deref(), &body, &attachments)?;
    }
    if let Some(folder) = &arguments.save_attachments {
        for attachment in &attachments {
            save(context, &message, attachment, folder).await?;
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the RFC 5322 form: the very bytes, but what acts on a terminal is made harmless there.
async fn source(message: &Message) -> anyhow::Result<()> {
    use std::io::{IsTerminal, Write};
    let export = message.export_message(ExportOptions::default()).await?;
    export.next_message().await?;
    let terminal = std::io::stdout().is_terminal();
    loop {
        let piece = export.read(CHUNK).await?;
        if piece.is_empty() {
            std::io::stdout().flush()?;
            return Ok(());
        }
        if terminal {
            let text = harmless_lines(&String::from_utf8_lossy(&piece));
            std::io::stdout().write_all(text.as_bytes())?;
        } else {
            std::io::stdout().write_all(&piece)?;
        }
    }
}

fn value_or_null(property: &Property) -> serde_json::Value {
    if matches!(property.value, Value::Error(_)) { serde_json::Value::Null } else { value_to_json(&property.value) }
}

fn print(
    context: &Context,
    header: &[Property],
    address: Option<&Property>,
    headers: Option<&str>,
    body: &str,
    attachments: &[Attached],
) -> anyhow::Result<()> {
    if let Some(headers) = headers {
        context.output.line(harmless_lines(headers).trim_end())?;
    } else {
        for ((name, tag), property) in HEADER.iter().zip(header) {
            let mut value = match &property.value {
                Value::SysTime(time) => timestamp(*time),
                Value::Error(_) => continue,
                value => cell_text(value),
            };
            if *tag == tags::SENT_REPRESENTING_NAME
                && let Some(Value::Unicode(address)) = address.map(|property| &property.value)
                && *address != value
            {
                value = format!("{value} <{}>", cell_text(&Value::Unicode(address.clone())));
            }
            if !value.is_empty() {
                context.output.line(&format!("{:<12}{value}", format!("{name}:")))?;
            }
        }
    }
    context.output.line("")?;
    context.output.line(harmless_lines(body).trim_end())?;
    if !attachments.is_empty() {
        context.output.line("")?;
        for attachment in attachments {
            let name = cell_text(&Value::Unicode(attachment.name.clone()));
            context.output.line(&format!("[{}] {name} ({})", attachment.number, bytes(attachment.size)))?;
        }
    }
    Ok(())
}

/// A text property, however long, up to what a person would read.
pub(crate) async fn text(properties: &Properties, tag: PropTag) -> anyhow::Result<Option<String>> {
    let values = properties.get_props(Some(&[tag]), GetPropsFlags::MAPI_UNICODE).await?.value;
    match values.into_iter().next().map(|property| property.value) {
        Some(Value::Unicode(text)) => Ok(Some(text)),
        Some(Value::Error(raw)) if Code::from_raw(raw) == Code::NotEnoughMemory => {
            let stream = stream(properties, tag).await?;
            let mut units = Vec::new();
            while (units.len() as u64) < SHOWN {
                let chunk = stream.read(CHUNK).await?;
                if chunk.is_empty() {
                    break;
                }
                units.extend(chunk);
            }
            let units: Vec<u16> = units.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            Ok(Some(String::from_utf16_lossy(&units)))
        }
        _ => Ok(None),
    }
}

/// A property as a stream of bytes; text is UTF-16.
async fn stream(properties: &Properties, tag: PropTag) -> anyhow::Result<DataStream> {
    let opened = properties
        .open_property(tag, PropertyInterface::DataStream, OpenPropertyOptions::empty(), OpenPropertyFlags::empty())
        .await?;
    match opened {
        OpenedProperty::DataStream(stream) => Ok(stream),
        _ => bail!("{} is no stream", mapi_session::expression::property_name(tag)),
    }
}

struct Attached {
    number: u32,
    name: String,
    size: u64,
    method: i32,
}

const BY_VALUE: i32 = 1;

async fn attachments(message: &Message) -> anyhow::Result<Vec<Attached>> {
    let table = message.get_attachment_table(GetAttachmentTableFlags::MAPI_UNICODE).await?;
    let columns = [tags::ATTACH_NUM, tags::ATTACH_LONG_FILENAME, tags::ATTACH_SIZE, tags::ATTACH_METHOD, tags::DISPLAY_NAME];
    table.set_columns(&columns, SetColumnsFlags::empty()).await?;
    let long = |row: &[Property], index: usize| match row.get(index).map(|cell| &cell.value) {
        Some(Value::Long(number)) => *number,
        _ => 0,
    };
    let text = |row: &[Property], index: usize| match row.get(index).map(|cell| &cell.value) {
        Some(Value::Unicode(text)) => Some(text.clone()),
        _ => None,
    };
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    Ok(rows
        .iter()
        .map(|row| Attached {
            number: u32::try_from(long(row, 0)).unwrap_or(0),
            name: text(row, 1).or_else(|| text(row, 4)).unwrap_or_else(|| format!("attachment {}", long(row, 0))),
            size: u64::try_from(long(row, 2)).unwrap_or(0),
            method: long(row, 3),
        })
        .collect())
}

/// Writes one attachment under a name that stays inside the folder and replaces nothing.
async fn save(context: &Context, message: &Message, attached: &Attached, folder: &Path) -> anyhow::Result<()> {
    use std::io::Write;
    if attached.method != BY_VALUE {
        return context.output.line(&format!("[{}] holds no file of its own, not saved", attached.number));
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let name: String =
        attached.name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\' | ':') { '_' } else { c }).collect();
    let name = name.trim_start_matches('.');
    let mut path = folder.join(if name.is_empty() { "attachment" } else { name });
    if path.exists() {
        path = folder.join(format!("{}-{name}", attached.number));
    }
    let mut file = match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) => bail!("cannot write {}: {error}", path.display()),
    };
    let attachment = message.open_attach(attached.number, OpenAttachFlags::empty(), None).await?.object;
    let stream = stream(&attachment.properties().await?, tags::ATTACH_DATA_BIN).await?;
    loop {
        let chunk = stream.read(CHUNK).await?;
        if chunk.is_empty() {
            break;
        }
        file.write_all(&chunk)?;
    }
    if context.output.json {
        context.output.object(&json!({ "saved": path.display().to_string(), "number": attached.number }))
    } else {
        context.output.line(&format!("[{}] saved as {}", attached.number, path.display()))
    }
}
