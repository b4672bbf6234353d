//! Identifiers of every owner (`session` 12, items 6 and 7).

use crate::bench::{Bench, code, engine};
use mapi_engine::entry_id::{OneOff, WrappedStoreId};
use mapi_session::backend::Store as _;
use mapi_session::backends::data_folder;
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::error::Code;
use mapi_session::flags::{self, OpenMsgStoreFlags, SessionOpenEntryFlags};
use mapi_session::properties::{Property, tags};
use mapi_session::{Backends, Entry, Limits, LogonOptions, Object, Session};
use mapi_tests::clients::{entry_id, open_store, root, root_id, status_ids, store_ids, text};

/// A bench with a store, an address book with an entry, and identifiers of everything in them.
async fn owners(bench: &Bench) -> (Session, Vec<(&'static str, Vec<u8>)>) {
    for service in ["mapi.store", "mapi.pab"] {
        bench.add(service, &[]).await;
    }
    let session = bench.session().await;
    let store = open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    let folder = root(&store).await;
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap().properties().await.unwrap();
    message.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    let book = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
    let pab = book.get_pab().await.unwrap().unwrap();
    let open = flags::AddressBookOpenEntryFlags::empty();
    let Object::Container(container) = book.open_entry(Some(&pab), open, None).await.unwrap().object else {
        panic!("the personal address book is a container")
    };
    let Object::MailUser(user) = container.create_entry(None, flags::CreateEntryFlags::empty()).await.unwrap() else {
        panic!("a new entry is a user")
    };
    let user = user.properties().await.unwrap();
    let values = [(tags::DISPLAY_NAME, "Ann"), (tags::ADDRTYPE, "SMTP"), (tags::EMAIL_ADDRESS, "ann@example.com")];
    user.set_props(values.map(|(tag, value)| Property::new(tag, text(value))).to_vec()).await.unwrap();
    user.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    let ids = vec![
        ("store", store_ids(&session).await.remove(0)),
        ("folder", entry_id(&folder.properties().await.unwrap()).await),
        ("message", entry_id(&message).await),
        ("container", pab),
        ("user", entry_id(&user).await),
        ("user", OneOff::new("Ben", "SMTP", "ben@example.com").to_bytes()),
        ("status", status_ids(&session).await.remove(0)),
    ];
    (session, ids)
}

async fn kind(session: &Session, id: &[u8], how: SessionOpenEntryFlags) -> String {
    match session.open_entry(id, how, None).await.map(|opened| opened.object) {
        Ok(Entry::Object(Object::Store(_))) => "store".into(),
        Ok(Entry::Object(Object::Folder(_))) => "folder".into(),
        Ok(Entry::Object(Object::Message(_))) => "message".into(),
        Ok(Entry::Object(Object::Container(_))) => "container".into(),
        Ok(Entry::Object(Object::MailUser(_))) => "user".into(),
        Ok(Entry::Status(_)) => "status".into(),
        Ok(other) => format!("{other:?}"),
        Err(failure) => failure.code().to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identifier_opens_what_its_owner_has_and_nothing_else() {
    let bench = Bench::new().await;
    let (session, ids) = owners(&bench).await;
    let none = SessionOpenEntryFlags::empty();
    for (expected, id) in &ids {
        assert_eq!(kind(&session, id, none).await, *expected);
        assert_eq!(kind(&session, &id[..id.len().min(19)], none).await, "MAPI_E_INVALID_ENTRYID", "{expected}, cut off");
    }
    assert_eq!(kind(&session, &[], none).await, "MAPI_E_INVALID_PARAMETER");
    assert_eq!(kind(&session, &[7; 40], none).await, "MAPI_E_UNKNOWN_ENTRYID");
    // Long-term identifiers are good for a session that has their owner open; a status row is its session's own.
    let other = bench.session().await;
    assert_eq!(kind(&other, &ids[1].1, none).await, "MAPI_E_UNKNOWN_ENTRYID", "a store is never opened to find an owner");
    assert_eq!(kind(&other, &ids[4].1, none).await, "user", "address books are");
    root_id(&other, OpenMsgStoreFlags::empty()).await;
    assert_eq!(kind(&other, &ids[1].1, none).await, "folder");
    assert_eq!(kind(&other, &ids[1].1, SessionOpenEntryFlags::MAPI_MODIFY).await, "MAPI_E_NO_ACCESS", "opened for reading");
    assert_eq!(kind(&other, &ids[6].1, none).await, "MAPI_E_UNKNOWN_ENTRYID");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identifiers_are_compared_by_their_owner_and_nothing_is_said_of_a_stranger() {
    let bench = Bench::new().await;
    let (session, ids) = owners(&bench).await;
    for (at, (name, one)) in ids.iter().enumerate() {
        for (to, (_, other)) in ids.iter().enumerate() {
            assert_eq!(session.compare_entry_ids(one, other).await, Ok(at == to), "{name}, {at} and {to}");
        }
        assert_eq!(code(session.compare_entry_ids(one, &[7; 30]).await), Code::UnknownEntryid);
    }
    assert_eq!(code(session.compare_entry_ids(&[7; 30], &[7; 30]).await), Code::UnknownEntryid, "even for equal bytes");
    let renamed = OneOff::new("Benjamin", "smtp", "BEN@example.com").to_bytes();
    assert_eq!(session.compare_entry_ids(&ids[5].1, &renamed).await, Ok(true), "the name does not count");
    let absent = WrappedStoreId::new("nowhere", b"x").unwrap().to_bytes();
    assert_eq!(code(session.compare_entry_ids(&absent, &absent).await), Code::UnknownEntryid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identifiers_are_good_after_a_backup_a_restore_and_a_check() {
    let bench = Bench::new().await;
    let (session, ids) = owners(&bench).await;
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let (kept, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (backup, restored) = (kept.path().join("backup"), elsewhere.path().join("restored"));
    data_folder::backup(bench.path(), &backup).unwrap();
    data_folder::restore(&restored, &backup).unwrap();
    for file in std::fs::read_dir(restored.join("stores")).unwrap() {
        let report = SqliteStore::open(&file.unwrap().path(), Access::Write).unwrap().check(true).unwrap();
        assert_eq!(report.findings, []);
    }
    let backends = Backends::embedded(&restored).unwrap();
    let subsystem = engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Work")).await.unwrap();
    let none = SessionOpenEntryFlags::empty();
    // The store first: a store is never opened to find an owner.
    for (expected, id) in ids.iter().filter(|(expected, _)| *expected != "status") {
        assert_eq!(kind(&session, id, none).await, *expected);
    }
    let store = open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    assert_eq!(session.compare_entry_ids(&ids[0].1, &store_ids(&session).await[0]).await, Ok(true));
    assert_eq!(entry_id(&root(&store).await.properties().await.unwrap()).await, ids[1].1, "the root has its old identifier");
    assert_eq!(kind(&session, &ids[6].1, none).await, "MAPI_E_UNKNOWN_ENTRYID", "a status row was its session's own");
}
