//! A real archive through the command: every message must be in the store as Python's `email` package reads it
//! from the archive (`messages` 10), and none may be lost or doubled.

#[path = "../../../tests/python/reading.rs"]
mod reading;

use crate::running::Data;
use mapi_session::flags::{
    GetAttachmentTableFlags, GetContentsTableFlags, GetHierarchyTableFlags, GetMsgStoresTableFlags, GetPropsFlags,
    GetRecipientTableFlags, OpenAttachFlags, OpenMsgStoreFlags, OpenPropertyFlags, OpenPropertyOptions, QueryRowsFlags,
    SetColumnsFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, Message, MessageStore, Object, OpenedProperty, Properties,
    PropertyInterface, Table,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[test]
fn every_message_of_a_real_archive_is_stored_as_python_reads_it() {
    let Some(archive) = reading::corpus() else { return };
    // Python is the slower one: it reads while the command imports.
    let python = reading::Python::read(&archive);
    let python = std::thread::spawn(move || python.collect::<Vec<_>>());
    let data = Data::new();
    let first = data.import(&archive, "Inbox");
    println!("imported: {first}");
    let again = data.import(&archive, "Inbox");
    assert_eq!((&again["added"], &again["known"]), (&0.into(), &first["added"]));
    data.run(["check"]).succeeds();
    let python = python.join().unwrap();
    assert_eq!(first["added"].as_u64(), Some(python.len() as u64), "messages lost or doubled");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(compare(&data, &python));
}

async fn compare(data: &Data, python: &[reading::Fields]) {
    let backends = Backends::embedded(&data.path()).unwrap();
    let options = EngineOptions::default().with_subsystems(0).with_cache(data.path().join("cache"));
    let subsystem = Engine::new(&options).unwrap().subsystem(&backends, Limits::default()).await.unwrap();
    let session = subsystem.logon(LogonOptions::default_profile()).await.unwrap();
    let stores = session.get_msg_stores_table(GetMsgStoresTableFlags::empty()).await.unwrap();
    let store = &column(&stores, tags::ENTRYID).await[0];
    let store = session.open_msg_store(store, OpenMsgStoreFlags::empty(), None).await.unwrap().value.object;
    let messages = inbox(&store).await;
    assert_eq!(messages.len(), python.len());
    let mut comparison = reading::Comparison::default();
    for (entry_id, theirs) in messages.iter().zip(python) {
        let opened = store.open_entry(Some(entry_id), StoreOpenEntryFlags::empty(), None).await.unwrap().object;
        let Object::Message(message) = opened else { panic!("a row that is no message") };
        comparison.message(&ours(&message).await, theirs);
    }
    comparison.end();
}

/// The identifiers of its messages in order of arrival.
async fn inbox(store: &MessageStore) -> Vec<Vec<u8>> {
    let values = store.properties().await.unwrap();
    let values = values.get_props(Some(&[tags::IPM_SUBTREE_ENTRYID]), GetPropsFlags::empty()).await.unwrap().value;
    let Value::Binary(top) = &values[0].value else { panic!("no top of the store") };
    let Object::Folder(top) = store.open_entry(Some(top), StoreOpenEntryFlags::empty(), None).await.unwrap().object else {
        panic!("the top is no folder")
    };
    for folder in column(&top.get_hierarchy_table(GetHierarchyTableFlags::empty()).await.unwrap(), tags::ENTRYID).await {
        if let Object::Folder(folder) = store.open_entry(Some(&folder), StoreOpenEntryFlags::empty(), None).await.unwrap().object
        {
            let messages = column(&folder.get_contents_table(GetContentsTableFlags::empty()).await.unwrap(), tags::ENTRYID).await;
            if !messages.is_empty() {
                return messages;
            }
        }
    }
    panic!("no folder with messages")
}

async fn rows(table: &Table, columns: &[PropTag]) -> Vec<Vec<Property>> {
    table.set_columns(columns, SetColumnsFlags::empty()).await.unwrap();
    let mut rows = Vec::new();
    loop {
        let page = table.query_rows(1_000, QueryRowsFlags::empty()).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

async fn column(table: &Table, tag: PropTag) -> Vec<Vec<u8>> {
    let cell = |row: Vec<Property>| match row.into_iter().next().map(|cell| cell.value) {
        Some(Value::Binary(bytes)) => bytes,
        other => panic!("not an identifier: {other:?}"),
    };
    rows(table, &[tag]).await.into_iter().map(cell).collect()
}

fn text(property: &Property) -> Option<&str> {
    match &property.value {
        Value::Unicode(text) => Some(text),
        _ => None,
    }
}

async fn ours(message: &Message) -> BTreeMap<&'static str, Json> {
    const WANTED: [PropTag; 7] = [
        tags::INTERNET_MESSAGE_ID,
        tags::SUBJECT,
        tags::CLIENT_SUBMIT_TIME,
        tags::SENT_REPRESENTING_NAME,
        tags::SENT_REPRESENTING_EMAIL_ADDRESS,
        tags::SENDER_NAME,
        tags::SENDER_EMAIL_ADDRESS,
    ];
    let values = message.properties().await.unwrap();
    let values = values.get_props(Some(&WANTED), GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
    let date = match &values[2].value {
        Value::SysTime(time) => json!(time.unix_seconds()),
        _ => Json::Null,
    };
    let role = |name: &Property, address: &Property| json!([text(name).unwrap_or_default(), text(address).unwrap_or_default()]);
    let table = message.get_recipient_table(GetRecipientTableFlags::MAPI_UNICODE).await.unwrap();
    let recipients = rows(&table, &[tags::RECIPIENT_TYPE, tags::DISPLAY_NAME, tags::EMAIL_ADDRESS]).await;
    let recipients = |kind: i32| -> Json {
        recipients.iter().filter(|row| row[0].value == Value::Long(kind)).map(|row| role(&row[1], &row[2])).collect()
    };
    BTreeMap::from([
        ("id", json!(text(&values[0]))),
        ("subject", json!(text(&values[1]))),
        ("date", date),
        ("from", role(&values[3], &values[4])),
        ("sender", role(&values[5], &values[6])),
        ("to", recipients(1)),
        ("cc", recipients(2)),
        ("attachments", attachments(message).await),
    ])
}

/// Name, size of the content, and media type of each. A part without a name gets one by rule; Python has none for it.
async fn attachments(message: &Message) -> Json {
    const BY_VALUE: Value = Value::Long(1);
    let table = message.get_attachment_table(GetAttachmentTableFlags::MAPI_UNICODE).await.unwrap();
    let columns = [tags::ATTACH_NUM, tags::ATTACH_LONG_FILENAME, tags::ATTACH_METHOD, tags::ATTACH_MIME_TAG];
    let mut found = Vec::new();
    for row in rows(&table, &columns).await {
        let Value::Long(number) = row[0].value else { panic!("an attachment without a number") };
        let size = if row[2].value == BY_VALUE {
            let number = u32::try_from(number).unwrap();
            let attachment = message.open_attach(number, OpenAttachFlags::empty(), None).await.unwrap().object;
            json!(content_size(&attachment.properties().await.unwrap()).await)
        } else {
            Json::Null
        };
        let name = text(&row[1]).filter(|name| !name.starts_with("Untitled Attachment"));
        found.push(json!([name, size, text(&row[3])]));
    }
    Json::Array(found)
}

/// The bytes there are to read, not what is said about them.
async fn content_size(attachment: &Properties) -> usize {
    let opened = attachment
        .open_property(
            tags::ATTACH_DATA_BIN,
            PropertyInterface::DataStream,
            OpenPropertyOptions::empty(),
            OpenPropertyFlags::empty(),
        )
        .await
        .unwrap();
    let OpenedProperty::DataStream(stream) = opened else { panic!("the content is no stream") };
    stream.read_to_end().await.unwrap().len()
}
