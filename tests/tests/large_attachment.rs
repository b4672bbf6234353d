//! An attachment larger than the memory anyone has for it: written through a stream, copied inside a store and
//! to another one, read again, sent, received, exported. Alone in its process, whose memory is measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::entry_id::OneOff;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{
    Attachment, Backends, DataStream, Engine, EngineOptions, ExportOptions, Folder, Limits, LogonOptions, Message, MessageStore,
    Object, OpenedProperty, PropertyInterface, Session, Subsystem, flags,
};
use mapi_tests::clients::{self, entry_id, folder, open_stores, value, whole};
use std::time::{Duration, Instant};

/// The address that mail is sent from and to.
const ADDRESS: &str = "me@example.org";

const SUBJECT: &str = "Large";

/// Memory all of it may take beside what there was before.
const EXTRA: u64 = 64 << 20;

/// What is written and read at once.
const PIECE: usize = 1 << 20;

/// Bytes of this process in memory: at most so far, since the last reset.
mod resident {
    /// Forgets the peak.
    pub(super) fn reset() {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
    }

    fn kilobytes(field: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(super) fn now() -> u64 {
        kilobytes("VmRSS:") << 10
    }

    pub(super) fn peak() -> u64 {
        kilobytes("VmHWM:") << 10
    }
}

/// What a step has taken, for those who look at the numbers.
struct Measured {
    before: u64,
    began: Instant,
}

impl Measured {
    fn new() -> Self {
        resident::reset();
        Self { before: resident::now(), began: Instant::now() }
    }

    fn check(&mut self, step: &str) {
        let extra = resident::peak().saturating_sub(self.before);
        println!("{step}: {} MiB more at most, {:.1?}", extra >> 20, self.began.elapsed());
        assert!(extra < EXTRA, "{step} took {} MiB more memory", extra >> 20);
        resident::reset();
        self.began = Instant::now();
    }
}

/// A session on a new profile with two stores, in that much memory, that sends mail to itself.
async fn session(backends: &Backends, limits: Limits) -> (Subsystem, Session) {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
    let engine = Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(1)).unwrap();
    let (subsystem, session) = clients::session(&engine, backends, limits, &["One", "Two"]).await;
    let admin = subsystem.admin_profiles().await.unwrap();
    let services = admin.admin_services("Test").await.unwrap();
    let local = services.create_msg_service_ex("mapi.local", Some("Local"), flags::CreateMsgServiceFlags::empty()).await.unwrap();
    let address = Property::new(tags::SENDER_EMAIL_ADDRESS, Value::Unicode(ADDRESS.into()));
    services.configure_msg_service(local, vec![address]).await.unwrap();
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    (subsystem, session)
}

fn piece(number: usize) -> Vec<u8> {
    vec![u8::try_from(number % 251).unwrap(); PIECE]
}

async fn data_of(attachment: &Attachment, how: flags::OpenPropertyFlags) -> DataStream {
    let properties = attachment.properties().await.unwrap();
    let options = flags::OpenPropertyOptions::empty();
    match properties.open_property(tags::ATTACH_DATA_BIN, PropertyInterface::DataStream, options, how).await.unwrap() {
        OpenedProperty::DataStream(stream) => stream,
        other => panic!("no stream: {other:?}"),
    }
}

/// A saved message to ourselves with an attachment of that many MiB; its entry identifier.
async fn write(folder: &Folder, mebibytes: usize) -> Vec<u8> {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let text = |tag, text: &str| Property::new(tag, Value::Unicode(text.into()));
    let saved = message.properties().await.unwrap();
    saved.set_props(vec![text(tags::SUBJECT, SUBJECT), text(tags::BODY, "See the attachment.")]).await.unwrap();
    let one_off = OneOff::new("Me", "SMTP", ADDRESS).to_bytes();
    let recipient = vec![
        text(tags::DISPLAY_NAME, "Me"),
        text(tags::ADDRTYPE, "SMTP"),
        text(tags::EMAIL_ADDRESS, ADDRESS),
        Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
        Property::new(tags::ENTRYID, Value::Binary(one_off)),
    ];
    message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, vec![recipient]).await.unwrap();
    let (_, attachment) = message.create_attach(flags::CreateAttachFlags::empty()).await.unwrap();
    let properties = attachment.properties().await.unwrap();
    let method = Property::new(tags::ATTACH_METHOD, Value::Long(1));
    properties.set_props(vec![method, text(tags::ATTACH_LONG_FILENAME, "large.bin")]).await.unwrap();
    let how = flags::OpenPropertyFlags::MAPI_MODIFY | flags::OpenPropertyFlags::MAPI_CREATE;
    let stream = data_of(&attachment, how).await;
    for number in 0..mebibytes {
        stream.write(&piece(number)).await.unwrap();
    }
    stream.commit().await.unwrap();
    drop(stream);
    properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    let id = entry_id(&saved).await;
    saved.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    id
}

async fn open(folder: &Folder, entry_id: &[u8], how: flags::StoreOpenEntryFlags) -> Message {
    match folder.open_entry(Some(entry_id), how, None).await.unwrap().object {
        Object::Message(message) => message,
        other => panic!("no message: {other:?}"),
    }
}

/// The only message of a folder.
async fn only(folder: &Folder) -> Vec<u8> {
    let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(2, flags::QueryRowsFlags::empty()).await.unwrap();
    match rows.as_slice() {
        [row] => match &row[0].value {
            Value::Binary(entry_id) => entry_id.clone(),
            other => panic!("no entry identifier: {other:?}"),
        },
        other => panic!("{} messages", other.len()),
    }
}

/// Reads the attachment of the only message of a folder: every byte is there.
async fn check(folder: &Folder, mebibytes: usize) {
    let message = open(folder, &only(folder).await, flags::StoreOpenEntryFlags::empty()).await;
    // And it is that message, no report about it.
    let subject = value(&message.properties().await.unwrap(), tags::SUBJECT).await;
    assert_eq!(subject, Value::Unicode(SUBJECT.into()));
    let attachment = message.open_attach(0, flags::OpenAttachFlags::empty(), None).await.unwrap().object;
    let stream = data_of(&attachment, flags::OpenPropertyFlags::empty()).await;
    for number in 0..mebibytes {
        let mut read = Vec::new();
        while read.len() < PIECE {
            let more = stream.read(u32::try_from(PIECE - read.len()).unwrap()).await.unwrap();
            assert!(!more.is_empty(), "the copy ends in piece {number}");
            read.extend(more);
        }
        assert!(read == piece(number), "piece {number} differs");
    }
    assert!(stream.read(1).await.unwrap().is_empty());
}

async fn standard(store: &MessageStore, tag: PropTag) -> Folder {
    let Value::Binary(entry_id) = value(&store.properties().await.unwrap(), tag).await else { panic!("no folder {tag}") };
    by_id(store, &entry_id).await
}

async fn by_id(store: &MessageStore, entry_id: &[u8]) -> Folder {
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

/// Lets the spooler work until the message is in the folder.
async fn spool(subsystem: &Subsystem, inbox: &Folder) {
    for _ in 0..1_000 {
        subsystem.pump(Duration::from_millis(50)).await.unwrap();
        if value(&inbox.properties().await.unwrap(), tags::CONTENT_COUNT).await == Value::Long(1) {
            return;
        }
    }
    panic!("the message does not arrive");
}

/// Bytes an export of the only message of a folder has.
async fn exported(folder: &Folder, options: ExportOptions) -> usize {
    let export = folder.export_messages(vec![only(folder).await], options).await.unwrap();
    export.next_message().await.unwrap().unwrap();
    let mut length = 0;
    loop {
        let piece = export.read(u32::try_from(PIECE).unwrap()).await.unwrap();
        if piece.is_empty() {
            return length;
        }
        length += piece.len();
    }
}

/// All that is done with an attachment of that many MiB, with little more memory than before, on both sides of the
/// border.
async fn large_attachment(mebibytes: usize) {
    let place = tempfile::tempdir().unwrap();
    let mut limits = Limits::default();
    limits.memory = 48 << 20;
    // A message is written or taken in by one call, which takes its time in a component that is not optimised.
    limits.call_time = Duration::from_secs(600);
    let (subsystem, session) = session(&Backends::embedded(place.path()).unwrap(), limits).await;
    let stores = open_stores(&session).await;
    let (a, b, far) = (folder(&stores[0], "a").await, folder(&stores[0], "b").await, folder(&stores[1], "far").await);
    let mut measured = Measured::new();

    let id = write(&a, mebibytes).await;
    measured.check("written");
    whole(a.copy_messages(std::slice::from_ref(&id), &b, flags::CopyMessagesFlags::empty()).await);
    measured.check("copied");
    whole(a.copy_messages(std::slice::from_ref(&id), &far, flags::CopyMessagesFlags::empty()).await);
    measured.check("copied to another store");
    for folder in [&b, &far] {
        check(folder, mebibytes).await;
    }
    measured.check("read twice");

    let outbox = standard(&stores[0], tags::IPM_OUTBOX_ENTRYID).await;
    whole(b.copy_messages(&[only(&b).await], &outbox, flags::CopyMessagesFlags::MESSAGE_MOVE).await);
    let message = open(&outbox, &only(&outbox).await, flags::StoreOpenEntryFlags::MAPI_MODIFY).await;
    message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
    drop(message);
    let (inbox, _) = stores[0].get_receive_folder(None).await.unwrap();
    let inbox = by_id(&stores[0], &inbox).await;
    spool(&subsystem, &inbox).await;
    measured.check("sent and received");
    check(&inbox, mebibytes).await;
    for original in [true, false] {
        let length = exported(&inbox, ExportOptions { original, ..ExportOptions::default() }).await;
        assert!(length > mebibytes * PIECE * 4 / 3, "{length} bytes");
    }
    measured.check("read and exported twice");
}

/// More than the memory there is, and still quick, unless `MAPI_LARGE_ATTACHMENT_MIB` asks for another one.
#[tokio::test]
async fn a_large_attachment_is_written_copied_sent_and_exported_in_little_memory() {
    let mebibytes = std::env::var("MAPI_LARGE_ATTACHMENT_MIB").map_or(80, |text| text.parse().unwrap());
    large_attachment(mebibytes).await;
}
