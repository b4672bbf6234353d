//! Opening a message.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, microseconds};
use anyhow::{Context as _, bail, ensure};
use mapi_session::flags::{
    GetAttachmentTableFlags, GetContentsTableFlags, GetRecipientTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
    StoreOpenEntryFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{ImportOptions, MessageOptions, MessageStore, Object};
use std::time::Instant;

const MESSAGES: u32 = 200;
const RECIPIENTS: usize = 5;
const ATTACHMENTS: usize = 3;

/// `stores.open_message`: a message opened, its recipients and attachments listed; each time another one.
pub(crate) fn open_message(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::empty(stage, stage.path("opening"))?;
    let time = stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let folder = client::folder(&store, Some(&fixture.folder)).await?;
        let import = folder.import_messages(ImportOptions::default()).await?;
        for number in 0..MESSAGES {
            import.begin(MessageOptions::default()).await?;
            import.write(mail(number)).await?;
            import.finish().await?;
        }
        import.flush().await?;
        let table = folder.get_contents_table(GetContentsTableFlags::empty()).await?;
        table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
        let mut samples = Vec::new();
        for row in table.query_rows(i32::try_from(MESSAGES)?, QueryRowsFlags::empty()).await? {
            let Some(Property { value: Value::Binary(id), .. }) = row.first() else { bail!("a row has no identifier") };
            let start = Instant::now();
            let seen = open(&store, id).await?;
            samples.push(start.elapsed());
            ensure!(seen == (RECIPIENTS, ATTACHMENTS), "{seen:?} recipients and attachments were found");
        }
        session.logoff(LogoffFlags::empty()).await?;
        median(samples).context("no message was imported")
    })?;
    std::fs::remove_dir_all(stage.path("opening"))?;
    Ok(Figures::alone(microseconds(time)))
}

/// How many recipients and attachments it has.
async fn open(store: &MessageStore, id: &[u8]) -> anyhow::Result<(usize, usize)> {
    let opened = store.open_entry(Some(id), StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await?;
    let Object::Message(message) = opened.object else { bail!("the entry is no message") };
    let recipients = message.get_recipient_table(GetRecipientTableFlags::MAPI_UNICODE).await?;
    let recipients = recipients.query_rows(100, QueryRowsFlags::empty()).await?.len();
    let attachments = message.get_attachment_table(GetAttachmentTableFlags::MAPI_UNICODE).await?;
    Ok((recipients, attachments.query_rows(100, QueryRowsFlags::empty()).await?.len()))
}

/// A message with a text, recipients and attachments.
fn mail(number: u32) -> Vec<u8> {
    let to: Vec<String> = (0..RECIPIENTS).map(|place| format!("Reader {place} <reader{place}@example.org>")).collect();
    let mut mail = format!(
        "From: Ada Quill <ada@example.org>\r\nTo: {}\r\nSubject: Plan {number}\r\nMessage-ID: <{number}@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\n\
         Content-Type: text/plain\r\n\r\nThe plan, number {number}.\r\n",
        to.join(", ")
    );
    for place in 0..ATTACHMENTS {
        let name = format!("plan-{place}.pdf");
        mail.push_str(&format!("--part\r\nContent-Type: application/pdf; name={name}\r\n"));
        mail.push_str(&format!("Content-Disposition: attachment; filename={name}\r\n\r\n{}\r\n", "page ".repeat(400)));
    }
    mail.push_str("--part--\r\n");
    mail.into_bytes()
}
