//! The story of a message: composed, addressed by name, submitted, delivered, announced, answered, deleted;
//! between two profiles of the data folder, without any server.

use super::correspondent::{Correspondent, Counts, INBOX};
use super::{Facts, PROFILE, Steps, first_cell, log_on};
use crate::addresses::{Recipient, Role, resolve};
use crate::args::{ContentArguments, Importance};
use crate::commands::reply;
use crate::compose::Draft;
use crate::context::Context;
use crate::{address_book, target};
use anyhow::{bail, ensure};
use mapi_session::expression::value_to_json;
use mapi_session::flags::{
    CreateEntryFlags, CreateMsgServiceFlags, CreateProfileFlags, GetAttachmentTableFlags, GetContentsTableFlags, GetPropsFlags,
    LogoffFlags, OpenAttachFlags, QueryRowsFlags, SaveChangesFlags, SetColumnsFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Message, MessageStore, Object, ProfileAdmin, Session, Subsystem};
use serde_json::json;
use std::path::PathBuf;

/// The profile Ada writes to.
pub(super) const OTHER: &str = "Ben";

const ADA: (&str, &str) = ("Ada Demo", "ada@demo.example");
const BEN: (&str, &str) = ("Ben Demo", "ben@demo.example");
const NOBODY: &str = "nobody@demo.example";

const SUBJECT: &str = "The picture you asked for";
const BODY: &str = "Here it is.";
const ANSWER: &str = "Thank you!";
/// What Ben has before; by subject one stands in front of the picture and one behind.
const BEFORE: [&str; 2] = ["Agenda for Monday", "Trip to the mountains"];
/// Of them the one Ben deletes.
const DELETED: &str = BEFORE[1];

/// Makes the second profile and gives both a transport and an address.
pub(super) async fn set_up(steps: &Steps, profiles: &ProfileAdmin) -> anyhow::Result<()> {
    profiles.create_profile(OTHER, CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
    for (profile, (name, address)) in [(PROFILE, ADA), (OTHER, BEN)] {
        let services = profiles.admin_services(profile).await?;
        let service = services.create_msg_service_ex("mapi.local", None, CreateMsgServiceFlags::empty()).await?;
        let properties = vec![text(tags::SENDER_NAME, name), text(tags::SENDER_EMAIL_ADDRESS, address)];
        services.configure_msg_service(service, properties).await?;
    }
    let (ada, ben) = (ADA.1, BEN.1);
    steps.say(
        "CreateMsgServiceEx, ConfigureMsgService",
        &format!("{ada} and, on a profile {OTHER:?}, {ben}: they can write to each other, there is no server"),
    )
}

/// Tells it, and answers what was stated. `session` and `store` are Ada's.
pub(super) async fn tell(
    steps: &Steps,
    context: &Context,
    subsystem: &Subsystem,
    session: &Session,
    store: &MessageStore,
) -> anyhow::Result<Facts> {
    let mut ada = Correspondent::new(session.clone(), store.clone()).await?;
    let (session, store) = log_on(context, subsystem, OTHER).await?;
    let mut ben = Correspondent::new(session, store).await?;
    for subject in BEFORE {
        ada.submit(&draft(vec![Recipient::one_off(Role::To, BEN.0, BEN.1)], subject, "See you.", Vec::new())?).await?;
        ben.arrival(subject).await?;
    }
    steps.say("MAPILogonEx", &format!("a second session, on the profile {OTHER:?}; {} short messages come in", BEFORE.len()))?;
    steps.say("SortTable, Advise", &format!("{OTHER}'s {INBOX} stays open, by subject: {}", BEFORE.join(" | ")))?;

    let to = address(steps, &ada.session).await?;
    let entry_id = send(steps, &ada, &mut ben, to).await?;
    let received = ben.open(&entry_id).await?;
    read(steps, &received).await?;
    answer(steps, &mut ada, &ben, &received).await?;
    drop(received);
    bounce(steps, &mut ada).await?;
    delete(steps, &mut ben).await?;

    ada.sent().await?;
    ben.sent().await?;
    let facts = facts(&ada.store, &ben.store).await?;
    steps.say(
        "GetOutgoingQueue",
        &format!("nothing waits; {PROFILE} has sent {} messages and received {}", facts["sent by Ada"], facts["received by Ada"]),
    )?;
    ada.unadvise().await?;
    ben.unadvise().await?.logoff(LogoffFlags::empty()).await?;
    Ok(facts)
}

/// Ada notes Ben in the address book and finds Ben there by a part of the name.
async fn address(steps: &Steps, ada: &Session) -> anyhow::Result<Vec<Recipient>> {
    let container = address_book::container(&address_book::open(ada).await?, None).await?;
    let Object::MailUser(entry) = container.create_entry(None, CreateEntryFlags::empty()).await? else {
        bail!("the address book made no entry");
    };
    let properties = entry.properties().await?;
    let (name, address) = BEN;
    let values = vec![text(tags::DISPLAY_NAME, name), text(tags::ADDRTYPE, "SMTP"), text(tags::EMAIL_ADDRESS, address)];
    let problems = properties.set_props(values).await?;
    ensure!(problems.is_empty(), "the entry refuses {problems:?}");
    properties.save_changes(SaveChangesFlags::empty()).await?;
    let to = resolve(ada, Role::To, "ben").await?;
    let found: Vec<String> = to.iter().map(ToString::to_string).collect();
    ensure!(found == [format!("{name} <{address}>")], "\"ben\" was resolved to {found:?}");
    steps.say("CreateEntry, ResolveName", &format!("in the address book \"ben\" means {}", found.join(", ")))?;
    Ok(to)
}

/// From the draft to the row in Ben's table.
async fn send(steps: &Steps, ada: &Correspondent, ben: &mut Correspondent, to: Vec<Recipient>) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let picture = folder.path().join("picture.png");
    std::fs::write(&picture, PICTURE)?;
    let draft = draft(to, SUBJECT, BODY, vec![picture])?;
    steps.say(
        "CreateMessage, ModifyRecipients, CreateAttach",
        &format!("{PROFILE} writes {SUBJECT:?}, with a picture of {} bytes", PICTURE.len()),
    )?;
    ada.submit(&draft).await?;
    steps.say("SubmitMessage", "it is in the outgoing queue, durable, and closed to change; the spooler takes it from there")?;
    let arrival = ben.arrival(SUBJECT).await?;
    let (class, row, rows) = (&arrival.message_class, arrival.row + 1, arrival.rows);
    steps.say("fnevNewMail", &format!("{OTHER} is told of a message of class {class} in the {INBOX}"))?;
    ensure!(class == "IPM.Note" && (row, rows) == (2, 3), "the message came as {class} to row {row} of {rows}");
    let behind = arrival.behind.unwrap_or_default();
    ensure!(behind == BEFORE[0], "it stands behind {behind:?}");
    steps.say("TABLE_ROW_ADDED", &format!("in the open table it is row {row} of {rows}, behind {behind:?}"))?;
    Ok(arrival.entry_id)
}

/// What came is what was sent.
async fn read(steps: &Steps, received: &Message) -> anyhow::Result<()> {
    let wanted = [tags::SENT_REPRESENTING_NAME, tags::SENT_REPRESENTING_EMAIL_ADDRESS, tags::BODY];
    let values = received.properties().await?.get_props(Some(&wanted), GetPropsFlags::MAPI_UNICODE).await?.value;
    let expected = [ADA.0, ADA.1, BODY].map(|text| Value::Unicode(text.to_owned()));
    ensure!(values.iter().map(|property| &property.value).eq(&expected), "the message arrived as {values:?}");
    let (name, data) = attachment(received).await?;
    ensure!(data == PICTURE, "the picture arrived as {} other bytes", data.len());
    steps.say("OpenEntry, OpenAttach", &format!("from {} <{}>; {name} arrived byte for byte", ADA.0, ADA.1))
}

/// Ben answers; the answer arrives in the thread.
async fn answer(steps: &Steps, ada: &mut Correspondent, ben: &Correspondent, received: &Message) -> anyhow::Result<()> {
    let how = reply::Answer { all: false, quote: true };
    ben.submit(&reply::draft(&ben.session, received, &how, &content(ANSWER, Vec::new())).await?).await?;
    let subject = format!("Re: {SUBJECT}");
    let arrival = ada.arrival(&subject).await?;
    let thread = [tags::CONVERSATION_INDEX, tags::CONVERSATION_TOPIC, tags::INTERNET_MESSAGE_ID];
    let parent = received.properties().await?.get_props(Some(&thread), GetPropsFlags::MAPI_UNICODE).await?.value;
    let thread = [tags::CONVERSATION_INDEX, tags::CONVERSATION_TOPIC, tags::IN_REPLY_TO_ID];
    let child = ada.open(&arrival.entry_id).await?.properties().await?;
    let child = child.get_props(Some(&thread), GetPropsFlags::MAPI_UNICODE).await?.value;
    let (parent, child): (Vec<_>, Vec<_>) = (parent.iter().map(|p| &p.value).collect(), child.iter().map(|p| &p.value).collect());
    let ([Value::Binary(before), topic, identifier], [Value::Binary(index), same_topic, refers_to]) = (&parent[..], &child[..])
    else {
        bail!("the two messages are in no thread: {parent:?}, {child:?}");
    };
    ensure!(topic == same_topic && identifier == refers_to, "the answer does not refer to what it answers");
    ensure!(
        index.starts_with(before) && index.len() == before.len() + 5,
        "the answer has no place behind what it answers in the thread"
    );
    steps.say("a reply", &format!("{OTHER} answers; {PROFILE} is told of {subject:?}, in its thread one step below"))
}

/// Nobody has that address.
async fn bounce(steps: &Steps, ada: &mut Correspondent) -> anyhow::Result<()> {
    let subject = "Is anybody there?";
    ada.submit(&draft(resolve(&ada.session, Role::To, NOBODY).await?, subject, "Hello?", Vec::new())?).await?;
    let report = format!("Undeliverable: {subject}");
    let arrival = ada.arrival(&report).await?;
    ensure!(arrival.message_class == "REPORT.IPM.Note.NDR", "the report is of class {}", arrival.message_class);
    steps.say("an address nobody has", &format!("comes back as {report:?}, of class {}", arrival.message_class))
}

/// Ben deletes a message, which can still be recovered.
async fn delete(steps: &Steps, ben: &mut Correspondent) -> anyhow::Result<()> {
    let before = ben.counts().await?;
    let folder = target::folder(&ben.store, INBOX, false).await?;
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::SUBJECT, tags::ENTRYID], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let row = rows.iter().find(|row| first_cell(std::slice::from_ref(row)) == DELETED);
    let Some([_, Property { value: Value::Binary(entry_id), .. }]) = row.map(Vec::as_slice) else {
        bail!("{DELETED:?} is not in {OTHER}'s {INBOX}");
    };
    ben.delete(entry_id).await?;
    let after = ben.counts().await?;
    let expected = Counts { messages: before.messages - 1, deleted: before.deleted + 1 };
    ensure!(after == expected, "the {INBOX} counts {after:?} instead of {expected:?}");
    let Counts { messages, deleted } = after;
    steps.say(
        "DeleteMessages, TABLE_ROW_DELETED",
        &format!("{DELETED:?} is gone: {messages} messages are left in {OTHER}'s {INBOX}, {deleted} can be recovered"),
    )
}

/// Everything stated about both mailboxes.
pub(super) async fn facts(ada: &MessageStore, ben: &MessageStore) -> anyhow::Result<Facts> {
    let mut facts = Facts::new();
    let (alive, deleted) = (GetContentsTableFlags::empty(), GetContentsTableFlags::SHOW_SOFT_DELETES);
    for (name, store, folder, which) in [
        ("sent by Ada", ada, "Sent Items", alive),
        ("received by Ada", ada, INBOX, alive),
        ("waiting with Ada", ada, "Outbox", alive),
        ("sent by Ben", ben, "Sent Items", alive),
        ("kept by Ben", ben, INBOX, alive),
        ("deleted by Ben", ben, INBOX, deleted),
        ("waiting with Ben", ben, "Outbox", alive),
    ] {
        let table = target::folder(store, folder, false).await?.get_contents_table(which | unicode()).await?;
        table.set_columns(&[tags::SUBJECT], SetColumnsFlags::empty()).await?;
        let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
        facts.insert(name.into(), json!(rows.len()));
        facts.insert(format!("{name}: subjects"), rows.iter().flatten().map(|cell| value_to_json(&cell.value)).collect());
    }
    for (name, store, subject) in [("the picture", ben, SUBJECT.to_owned()), ("the answer", ada, format!("Re: {SUBJECT}"))] {
        let message = named(store, &subject).await?;
        let wanted = [
            tags::SENT_REPRESENTING_EMAIL_ADDRESS,
            tags::BODY,
            tags::CONVERSATION_TOPIC,
            tags::CONVERSATION_INDEX,
            tags::IN_REPLY_TO_ID,
            tags::MESSAGE_DELIVERY_TIME,
        ];
        let values = message.properties().await?.get_props(Some(&wanted), GetPropsFlags::MAPI_UNICODE).await?.value;
        facts.insert(name.into(), values.iter().map(|property| value_to_json(&property.value)).collect());
    }
    let (name, data) = attachment(&named(ben, SUBJECT).await?).await?;
    facts.insert("its attachment".into(), json!([name, data]));
    Ok(facts)
}

fn unicode() -> GetContentsTableFlags {
    GetContentsTableFlags::MAPI_UNICODE
}

/// The message with that subject in the Inbox.
async fn named(store: &MessageStore, subject: &str) -> anyhow::Result<Message> {
    let table = target::folder(store, INBOX, false).await?.get_contents_table(unicode()).await?;
    table.set_columns(&[tags::SUBJECT, tags::ENTRYID], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let row = rows.iter().find(|row| first_cell(std::slice::from_ref(row)) == subject);
    let Some([_, Property { value: Value::Binary(entry_id), .. }]) = row.map(Vec::as_slice) else {
        bail!("{subject:?} is not in the {INBOX}");
    };
    match store.open_entry(Some(entry_id), StoreOpenEntryFlags::empty(), None).await?.object {
        Object::Message(message) => Ok(message),
        _ => bail!("the row of {subject:?} is not a message"),
    }
}

/// Name and bytes of the only attachment.
async fn attachment(message: &Message) -> anyhow::Result<(String, Vec<u8>)> {
    let table = message.get_attachment_table(GetAttachmentTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::ATTACH_NUM], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let [Value::Long(number)] = rows.iter().flatten().map(|cell| cell.value.clone()).collect::<Vec<_>>()[..] else {
        bail!("the message has {} attachments", rows.len());
    };
    let attachment = message.open_attach(number.cast_unsigned(), OpenAttachFlags::empty(), None).await?.object;
    let wanted = [tags::ATTACH_LONG_FILENAME, tags::ATTACH_DATA_BIN];
    let values = attachment.properties().await?.get_props(Some(&wanted), GetPropsFlags::MAPI_UNICODE).await?.value;
    match <[Property; 2]>::try_from(values).map(|values| values.map(|property| property.value)) {
        Ok([Value::Unicode(name), Value::Binary(data)]) => Ok((name, data)),
        other => bail!("the attachment has other values than name and bytes: {other:?}"),
    }
}

fn draft(to: Vec<Recipient>, subject: &str, body: &str, attach: Vec<PathBuf>) -> anyhow::Result<Draft> {
    Draft::new(to, subject, &content(body, attach), "")
}

fn content(body: &str, attach: Vec<PathBuf>) -> ContentArguments {
    ContentArguments {
        body: Some(body.to_owned()),
        body_file: None,
        attach,
        importance: Importance::Normal,
        read_receipt: false,
        delivery_receipt: false,
        at: None,
        dry_run: false,
    }
}

fn text(tag: PropTag, text: &str) -> Property {
    Property::new(tag, Value::Unicode(text.to_owned()))
}

/// A picture of one pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\xa75\x81\x84\0\0\0\0IEND\xaeB`\x82";
