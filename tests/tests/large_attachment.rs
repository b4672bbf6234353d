//! An attachment larger than the memory anyone has for it: written through a stream, copied inside a store and
//! to another one, read again. Alone in its process, whose memory is measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_session::error::Warned;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, Limits, LogonOptions, MessageStore, Object, OpenedProperty, Properties,
    PropertyInterface, Session, flags,
};

/// A session on a new profile with two stores, in that much memory.
async fn session(backends: &Backends, limits: Limits) -> Session {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
    let engine = Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(1)).unwrap();
    let subsystem = engine.subsystem(backends, limits).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.unwrap();
    let services = admin.admin_services("Test").await.unwrap();
    for name in ["One", "Two"] {
        services.create_msg_service_ex("mapi.store", Some(name), flags::CreateMsgServiceFlags::empty()).await.unwrap();
    }
    subsystem.logon(LogonOptions::profile("Test")).await.unwrap()
}

async fn open_stores(session: &Session) -> Vec<MessageStore> {
    let table = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let mut stores = Vec::new();
    for row in table.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap() {
        let Value::Binary(entry_id) = &row[0].value else { panic!("no entry identifier: {row:?}") };
        stores.push(session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object);
    }
    stores
}

async fn folder(store: &MessageStore, name: &str) -> Folder {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(root) => {
            root.create_folder(FolderType::Generic, name, None, flags::CreateFolderFlags::OPEN_IF_EXISTS).await.unwrap()
        }
        other => panic!("the root is no folder: {other:?}"),
    }
}

async fn value(properties: &Properties, tag: PropTag) -> Value {
    properties.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value.remove(0).value
}

async fn entry_id(properties: &Properties) -> Vec<u8> {
    match value(properties, tags::ENTRYID).await {
        Value::Binary(entry_id) => entry_id,
        other => panic!("no entry identifier: {other:?}"),
    }
}

fn whole<T>(done: mapi_session::error::Result<Warned<T>>) -> T {
    let done = done.unwrap();
    assert_eq!(done.warning, None);
    done.value
}

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

/// Writes an attachment of that many MiB through a stream, copies its message inside the store and to another
/// one, and reads the copies: with little more memory than before, on both sides of the border.
async fn large_attachment(mebibytes: usize) {
    const EXTRA: u64 = 64 << 20;
    const PIECE: usize = 1 << 20;
    let place = tempfile::tempdir().unwrap();
    let mut limits = Limits::default();
    limits.memory = 48 << 20;
    let session = session(&Backends::embedded(place.path()).unwrap(), limits).await;
    let stores = open_stores(&session).await;
    let (a, b, far) = (folder(&stores[0], "a").await, folder(&stores[0], "b").await, folder(&stores[1], "far").await);
    resident::reset();
    let before = resident::now();

    let message = a.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let (_, attachment) = message.create_attach(flags::CreateAttachFlags::empty()).await.unwrap();
    let properties = attachment.properties().await.unwrap();
    properties.set_props(vec![Property::new(tags::ATTACH_METHOD, Value::Long(1))]).await.unwrap();
    let how = flags::OpenPropertyFlags::MAPI_MODIFY | flags::OpenPropertyFlags::MAPI_CREATE;
    let options = flags::OpenPropertyOptions::empty();
    let opened = properties.open_property(tags::ATTACH_DATA_BIN, PropertyInterface::DataStream, options, how).await.unwrap();
    let OpenedProperty::DataStream(stream) = opened else { panic!("no stream: {opened:?}") };
    let piece = |number: usize| vec![u8::try_from(number % 251).unwrap(); PIECE];
    for number in 0..mebibytes {
        stream.write(&piece(number)).await.unwrap();
    }
    stream.commit().await.unwrap();
    drop(stream);
    properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    let saved = message.properties().await.unwrap();
    let id = entry_id(&saved).await;
    saved.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    drop((message, attachment, properties, saved));

    whole(a.copy_messages(std::slice::from_ref(&id), &b, flags::CopyMessagesFlags::empty()).await);
    whole(a.copy_messages(std::slice::from_ref(&id), &far, flags::CopyMessagesFlags::empty()).await);
    for folder in [&b, &far] {
        let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let row = table.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap().remove(0);
        let Value::Binary(copy) = &row[0].value else { panic!("no copy") };
        let Object::Message(copy) =
            folder.open_entry(Some(copy), flags::StoreOpenEntryFlags::empty(), None).await.unwrap().object
        else {
            panic!("no message")
        };
        let attachment = copy.open_attach(0, flags::OpenAttachFlags::empty(), None).await.unwrap().object;
        let how = flags::OpenPropertyFlags::empty();
        let opened = attachment
            .properties()
            .await
            .unwrap()
            .open_property(tags::ATTACH_DATA_BIN, PropertyInterface::DataStream, options, how)
            .await;
        let OpenedProperty::DataStream(stream) = opened.unwrap() else { panic!("no stream") };
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
    let extra = resident::peak().saturating_sub(before);
    assert!(extra < EXTRA, "{mebibytes} MiB took {} MiB more memory", extra >> 20);
}

/// The size is that of a quick test unless `MAPI_LARGE_ATTACHMENT_MIB` asks for another one.
#[tokio::test]
async fn a_large_attachment_is_written_and_copied_in_little_memory() {
    let mebibytes = std::env::var("MAPI_LARGE_ATTACHMENT_MIB").map_or(160, |text| text.parse().unwrap());
    large_attachment(mebibytes).await;
}
