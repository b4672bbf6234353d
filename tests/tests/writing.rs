//! Everything that changes stores, through the component: copying, moving, deleting and marking, inside a store
//! and between two.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_session::error::Code;
use mapi_session::properties::{Property, Value, tags};
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{Backends, Engine, EngineOptions, Folder, Limits, Message, MessageStore, Object, flags};
use mapi_tests::clients::{entry_id, folder, open_stores, session, value, whole};
use std::sync::OnceLock;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(20)).unwrap()
    })
}

/// A saved message that nobody has open.
async fn put(folder: &Folder, subject: &str) -> Vec<u8> {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let properties = message.properties().await.unwrap();
    properties.set_props(vec![Property::new(tags::SUBJECT, Value::Unicode(subject.into()))]).await.unwrap();
    let recipient = vec![Property::new(tags::DISPLAY_NAME, Value::Unicode("Ann".into()))];
    message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, vec![recipient]).await.unwrap();
    let entry_id = entry_id(&properties).await;
    properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    entry_id
}

async fn subjects(folder: &Folder) -> Vec<String> {
    let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(1_000, flags::QueryRowsFlags::empty()).await.unwrap();
    let subject = |row: Vec<Property>| if let Value::Unicode(text) = &row[0].value { text.clone() } else { String::new() };
    rows.into_iter().map(subject).collect()
}

async fn open(store: &MessageStore, entry_id: &[u8], how: flags::StoreOpenEntryFlags) -> Message {
    match store.open_entry(Some(entry_id), how, None).await.unwrap().object {
        Object::Message(message) => message,
        other => panic!("no message: {other:?}"),
    }
}

async fn story(backends: &Backends) {
    let (_subsystem, session) = session(engine(), backends, Limits::default(), &["One", "Two"]).await;
    let stores = open_stores(&session).await;
    let (here, there) = (&stores[0], &stores[1]);
    let (a, b, far) = (folder(here, "a").await, folder(here, "b").await, folder(there, "far").await);
    let (x, y) = (put(&a, "x").await, put(&a, "y").await);

    whole(a.copy_messages(std::slice::from_ref(&x), &b, flags::CopyMessagesFlags::empty()).await);
    whole(a.copy_messages(std::slice::from_ref(&y), &b, flags::CopyMessagesFlags::MESSAGE_MOVE).await);
    assert_eq!((subjects(&a).await, subjects(&b).await), (vec!["x".into()], vec!["x".into(), "y".into()]));
    let declined = a.copy_messages(std::slice::from_ref(&x), &far, flags::CopyMessagesFlags::MAPI_DECLINE_OK).await;
    assert_eq!(declined.unwrap_err().code(), Code::DeclineCopy);
    whole(a.copy_messages(std::slice::from_ref(&x), &far, flags::CopyMessagesFlags::MESSAGE_MOVE).await);
    assert_eq!((subjects(&a).await, subjects(&far).await), (vec![], vec!["x".to_owned()]));

    // What is not in the folder is told.
    let done = a.copy_messages(&[x, y.clone()], &far, flags::CopyMessagesFlags::empty()).await.unwrap();
    assert_eq!(done.warning, Some(Code::WPartialCompletion));
    let told = a.properties().await.unwrap().get_last_error(Code::WPartialCompletion).await.unwrap().unwrap();
    assert!(told.error.contains("not in this folder"), "{told:?}");

    // Read state and status.
    whole(b.set_read_flags(None, flags::SetReadFlagsFlags::SUPPRESS_RECEIPT).await);
    assert_eq!(value(&b.properties().await.unwrap(), tags::CONTENT_UNREAD).await, Value::Long(0));
    let message = open(here, &y, flags::StoreOpenEntryFlags::empty()).await;
    whole(message.set_read_flag(flags::SetReadFlagFlags::CLEAR_READ_FLAG).await);
    assert_eq!(value(&b.properties().await.unwrap(), tags::CONTENT_UNREAD).await, Value::Long(1));
    assert_eq!(b.set_message_status(&y, 2, 2).await.unwrap(), 0);
    assert_eq!(b.get_message_status(&y).await.unwrap(), 2);

    // Copies of objects: to a new message of the other store.
    let source = message.properties().await.unwrap();
    let copy = far.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let target = copy.properties().await.unwrap();
    assert!(whole(source.copy_to(&[], Some(&[tags::SEARCH_KEY]), &target, flags::CopyToFlags::empty()).await).is_empty());
    let problems = whole(source.copy_props(&[tags::SUBJECT, tags::REPLY_TIME], &target, flags::CopyPropsFlags::empty()).await);
    assert_eq!((problems[0].index, problems[0].code), (1, Code::NotFound));
    target.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    assert_eq!(subjects(&far).await, ["x", "y"]);
    assert_eq!(value(&target, tags::DISPLAY_TO).await, Value::Unicode("Ann".into()));
    assert_ne!(value(&target, tags::SEARCH_KEY).await, value(&source, tags::SEARCH_KEY).await);

    // Folders.
    let b_id = entry_id(&b.properties().await.unwrap()).await;
    let Object::Folder(root) = here.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object else {
        panic!("the root is no folder")
    };
    let deep = flags::CopyFolderFlags::COPY_SUBFOLDERS | flags::CopyFolderFlags::MAPI_UNICODE;
    whole(root.copy_folder(&b_id, &a, Some("copy"), deep).await);
    let a_id = entry_id(&a.properties().await.unwrap()).await;
    let cycle = root.copy_folder(&a_id, &a, None, flags::CopyFolderFlags::FOLDER_MOVE);
    assert_eq!(cycle.await.unwrap_err().code(), Code::FolderCycle);
    whole(root.copy_folder(&b_id, &far, None, flags::CopyFolderFlags::FOLDER_MOVE).await);
    assert_eq!(value(&far.properties().await.unwrap(), tags::SUBFOLDERS).await, Value::Boolean(true));
    let refused = root.delete_folder(&a_id, flags::DeleteFolderFlags::empty()).await.unwrap_err();
    assert_eq!(refused.code(), Code::HasFolders);
    whole(a.empty_folder(flags::EmptyFolderFlags::empty()).await);
    whole(root.delete_folder(&a_id, flags::DeleteFolderFlags::empty()).await);

    // An order for later tables, and where mail goes.
    let order = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
    far.save_contents_sort(order, flags::SaveContentsSortFlags::empty()).await.unwrap();
    assert_eq!(subjects(&far).await, ["y", "x"]);
    let far_id = entry_id(&far.properties().await.unwrap()).await;
    there.set_receive_folder(Some("IPM.Task"), Some(&far_id)).await.unwrap();
    let found = there.get_receive_folder(Some("IPM.Task.Mine")).await.unwrap();
    assert_eq!(found, (far_id, "IPM.Task".to_owned()));

    // Deleted messages.
    let ids: Vec<Vec<u8>> = {
        let table = far.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = table.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap();
        rows.iter().filter_map(|row| if let Value::Binary(id) = &row[0].value { Some(id.clone()) } else { None }).collect()
    };
    let done = far.delete_messages(&ids, flags::DeleteMessagesFlags::empty()).await.unwrap();
    assert_eq!(done.warning, Some(Code::WPartialCompletion), "one of them is open for writing");
    drop((copy, target));
    let done = far.delete_messages(&ids[..1], flags::DeleteMessagesFlags::DELETE_HARD_DELETE).await.unwrap();
    assert_eq!((done.warning, subjects(&far).await), (None, vec![]));
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
}

#[tokio::test]
async fn stores_in_memory_are_changed_through_the_component() {
    story(&Backends::memory()).await;
}

#[tokio::test]
async fn stores_in_files_are_changed_through_the_component() {
    let folder = tempfile::tempdir().unwrap();
    story(&Backends::embedded(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn an_object_of_another_subsystem_is_no_destination() {
    let backends = Backends::memory();
    let (_one, here) = session(engine(), &backends, Limits::default(), &["One"]).await;
    let (_two, there) = session(engine(), &Backends::memory(), Limits::default(), &["One"]).await;
    let (here, there) = (open_stores(&here).await, open_stores(&there).await);
    let (a, b) = (folder(&here[0], "a").await, folder(&there[0], "b").await);
    let x = put(&a, "x").await;
    let refused = a.copy_messages(&[x], &b, flags::CopyMessagesFlags::empty()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidParameter);
}

#[tokio::test]
async fn long_work_shows_its_progress_and_can_be_cancelled() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    let (seen, cancel) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
    let (told, cancelled) = (seen.clone(), cancel.clone());
    let backends = Backends::memory().with_progress(move |done, total| {
        told.store(done << 32 | total, Ordering::SeqCst);
        if cancelled.load(Ordering::SeqCst) {
            mapi_session::backend::Verdict::Cancel
        } else {
            mapi_session::backend::Verdict::Continue
        }
    });
    let (_subsystem, session) = session(engine(), &backends, Limits::default(), &["One"]).await;
    let stores = open_stores(&session).await;
    let (a, b) = (folder(&stores[0], "a").await, folder(&stores[0], "b").await);
    put(&a, "x").await;
    // More than one batch of copies of it.
    for _ in 0..12 {
        cancel.store(false, Ordering::SeqCst);
        let table = a.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = table.query_rows(10_000, flags::QueryRowsFlags::empty()).await.unwrap();
        let ids: Vec<Vec<u8>> =
            rows.iter().filter_map(|row| if let Value::Binary(id) = &row[0].value { Some(id.clone()) } else { None }).collect();
        if ids.len() < 2_048 {
            whole(a.copy_messages(&ids, &a, flags::CopyMessagesFlags::empty()).await);
            continue;
        }
        cancel.store(true, Ordering::SeqCst);
        let done = a.copy_messages(&ids, &b, flags::CopyMessagesFlags::MESSAGE_MOVE).await.unwrap();
        assert_eq!(done.warning, Some(Code::WPartialCompletion));
        let count = |value| if let Value::Long(count) = value { u64::try_from(count).unwrap() } else { panic!("no count") };
        let moved = count(value(&b.properties().await.unwrap(), tags::CONTENT_COUNT).await);
        assert!(moved > 0 && moved < 2_048);
        assert_eq!(seen.load(Ordering::SeqCst), moved << 32 | 2_048);
        assert_eq!(count(value(&a.properties().await.unwrap(), tags::CONTENT_COUNT).await), 2_048 - moved);
    }
}
