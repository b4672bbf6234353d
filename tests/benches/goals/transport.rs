//! Sending: a thousand messages of the outgoing queue to a mail server on the same machine.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::sink::{Acknowledge, Sink};
use crate::stage::Stage;
use crate::timing::median;
use anyhow::{Context as _, bail, ensure};
use mapi_session::archive::Archive;
use mapi_session::backends::smtp;
use mapi_session::flags::{
    CreateMsgServiceFlags, GetContentsTableFlags, GetPropsFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
    StoreOpenEntryFlags, SubmitMessageFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{ImportOptions, MessageOptions, Object};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const MESSAGES: usize = 1_000;
const RUNS: u32 = 3;
/// A run of lettre's takes three quarters of a minute: it leaves the end of each message in the kernel until the
/// server has acknowledged what came before, which a server at leisure does after 40 ms.
const REFERENCE_RUNS: u32 = 1;
/// How long one turn may take.
const TURN: Duration = Duration::from_millis(200);

/// `transport.submit_1k`: a thousand submitted messages sent by the spooler, against lettre sending the bytes that
/// came of it to the same server over one connection.
///
/// The clock starts when everything is submitted, since lettre has no queue to put a message in, and stops when the
/// queue is empty: with reading the queue, claiming and composing each message, and recording what the server said
/// of it on the disk before the next one goes out.
pub(crate) fn submit_1k(stage: &Stage) -> anyhow::Result<Figures> {
    let sink = Sink::start(Acknowledge::Late)?;
    let texts = texts(stage)?;
    let (mut samples, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let fixture = Fixture::empty(stage, stage.path("submit"))?;
        samples.push(stage.runtime.block_on(async {
            submit(stage, &fixture.data, sink.port, &texts).await?;
            send(stage, &fixture.data).await
        })?);
        sent = sink.take();
        ensure!(sent.len() == MESSAGES, "{} messages came to the server", sent.len());
    }
    std::fs::remove_dir_all(stage.path("submit"))?;
    let file = written(stage, &sent)?;
    let lettre = |sink: &Sink| {
        let (port, runs) = (sink.port.to_string(), REFERENCE_RUNS.to_string());
        stage.reference(&[OsStr::new("smtp"), OsStr::new(&port), file.as_os_str(), OsStr::new(&runs)])
    };
    let rate = |time: Duration| f64::from(u32::try_from(MESSAGES).unwrap_or(u32::MAX)) / time.as_secs_f64();
    let reference = lettre(&sink)?;
    let unhindered = lettre(&Sink::start(Acknowledge::AtOnce)?)?;
    eprintln!("  lettre with a server that acknowledges at once: {:.0} messages/s", rate(unhindered));
    Ok(Figures::against(rate(median(samples)?), rate(reference)))
}

/// Bodies of mail as it comes, each in a message to one recipient.
fn texts(stage: &Stage) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut archive = Archive::open(&stage.archive()?, None)?;
    let (mut texts, mut piece) = (Vec::new(), Vec::new());
    while texts.len() < MESSAGES {
        archive.next_message()?.context("the archive has too few messages")?;
        let mut message = Vec::new();
        while archive.read_piece(&mut piece)? {
            message.extend_from_slice(&piece);
        }
        let message = String::from_utf8_lossy(&message).replace("\r\n", "\n");
        let body = message.split_once("\n\n").map_or("", |(_, body)| body);
        let head = "From: ann@example.org\nTo: ben@example.org\nContent-Type: text/plain; charset=utf-8\n";
        texts.push(format!("{head}Subject: Message {}\n\n{body}", texts.len()).into_bytes());
    }
    Ok(texts)
}

/// Configures the transport, and submits every message.
async fn submit(stage: &Stage, data: &Path, port: u16, texts: &[Vec<u8>]) -> anyhow::Result<()> {
    let subsystem = stage.subsystem(data).await?;
    let session = client::logon(&subsystem).await?;
    let services = session.admin_services().await?;
    let uid = services.create_msg_service_ex("mapi.smtp", None, CreateMsgServiceFlags::empty()).await?;
    let text = |tag, value: &str| Property::new(tag, Value::Unicode(value.to_owned()));
    let settings = vec![
        text(tags::SENDER_EMAIL_ADDRESS, "ann@example.org"),
        text(smtp::SERVER, "127.0.0.1"),
        Property::new(smtp::PORT, Value::Long(port.into())),
        text(smtp::SECURITY, "none"),
    ];
    services.configure_msg_service(uid, settings).await?;
    let store = client::default_store(&session).await?;
    let properties = store.properties().await?;
    let values = properties.get_props(Some(&[tags::IPM_OUTBOX_ENTRYID]), GetPropsFlags::empty()).await?.value;
    let outbox = client::folder(&store, Some(&client::bytes(values.into_iter().next())?)).await?;
    let import = outbox.import_messages(ImportOptions::default()).await?;
    for text in texts {
        import.begin(MessageOptions::default()).await?;
        import.write(text.clone()).await?;
        import.finish().await?;
    }
    import.flush().await?;
    let table = outbox.get_contents_table(GetContentsTableFlags::empty()).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::try_from(MESSAGES)?, QueryRowsFlags::empty()).await?;
    ensure!(rows.len() == MESSAGES, "{} messages were made", rows.len());
    for row in rows {
        let entry_id = client::bytes(row.into_iter().next())?;
        match store.open_entry(Some(&entry_id), StoreOpenEntryFlags::MAPI_MODIFY, None).await?.object {
            Object::Message(message) => message.submit_message(SubmitMessageFlags::empty()).await?,
            _ => bail!("the entry is no message"),
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(())
}

/// Gives the spooler turns until the queue is empty; how long that took.
async fn send(stage: &Stage, data: &Path) -> anyhow::Result<Duration> {
    let subsystem = stage.subsystem(data).await?;
    let session = client::logon(&subsystem).await?;
    let store = client::default_store(&session).await?;
    let start = Instant::now();
    while subsystem.pump(TURN).await?.more {}
    let time = start.elapsed();
    let waiting = store.get_outgoing_queue().await?.get_row_count().await?.value;
    ensure!(waiting == 0, "{waiting} messages are still in the queue");
    session.logoff(LogoffFlags::empty()).await?;
    Ok(time)
}

/// A file of messages: each behind its length, eight bytes, little-endian.
fn written(stage: &Stage, messages: &[Vec<u8>]) -> anyhow::Result<PathBuf> {
    let file = stage.path("transport.messages");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file)?);
    for message in messages {
        out.write_all(&(message.len() as u64).to_le_bytes())?;
        out.write_all(message)?;
    }
    out.flush()?;
    Ok(file)
}
