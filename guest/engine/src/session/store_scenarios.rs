//! Behaviours of opening stores and objects (`session` 12 items 5 to 7 and 11, `status` 7).

use super::logon_flags::{MAPI_ALLOW_OTHERS, MAPI_NO_MAIL};
use super::open_store_flags::{MAPI_BEST_ACCESS, MDB_NO_MAIL, MDB_TEMPORARY, MDB_WRITE};
use super::scenarios::{UNICODE, cells, code, logon, subsystem, text};
use super::{Entry, Session};
use crate::backend::{Opened, Store};
use crate::entry_id::{OneOff, WrappedStoreId};
use crate::error::{Code, Failure};
use crate::memory::{MemoryHost, MemoryStore};
use crate::properties::{Guid, MAPI_MODIFY, PropTag, Value, tags};
use std::rc::Rc;

/// The identifier in that row of the message stores table.
fn store_id(session: &Session, row: usize) -> Vec<u8> {
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    match &cells(&table, &[tags::ENTRYID])[row][0] {
        Value::Binary(id) => id.clone(),
        other => panic!("PR_ENTRYID is {other:?}"),
    }
}

/// The identifiers of the status rows.
fn status_ids(session: &Session) -> Vec<Vec<u8>> {
    let table = session.get_status_table(UNICODE).unwrap();
    let rows = cells(&table, &[tags::ENTRYID]);
    rows.into_iter()
        .map(|row| match &row[0] {
            Value::Binary(id) => id.clone(),
            other => panic!("PR_ENTRYID is {other:?}"),
        })
        .collect()
}

fn root_id(session: &Session, flags: u32) -> Vec<u8> {
    let store = session.open_msg_store(0, &store_id(session, 0), None, flags).unwrap().value;
    bytes(&store.root_folder().unwrap().properties(), tags::ENTRYID)
}

fn bytes(properties: &crate::properties::PropertyObject, tag: PropTag) -> Vec<u8> {
    match &properties.get_props(Some(&[tag]), UNICODE).unwrap().value[0].value {
        Value::Binary(bytes) => bytes.clone(),
        other => panic!("{tag} is {other:?}"),
    }
}

#[test]
fn a_store_opens_by_the_identifier_of_its_row_before_and_after_it_was_first_open() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let before = store_id(&session, 0);
    let store = session.open_msg_store(0, &before, None, MDB_WRITE).unwrap();
    assert_eq!(store.warning, None);
    assert!(store.value.is_writable());
    let after = store_id(&session, 0);
    assert_ne!(before, after, "from now on the row shows what the backend calls the store");
    assert!(session.open_msg_store(0, &before, None, 0).is_ok() && session.open_msg_store(0, &after, None, 0).is_ok());
    assert_eq!(session.compare_entry_ids(&before, &after, 0), Ok(true));
    assert_eq!(host.stores().len(), 1);
    assert_eq!(bytes(&store.value.properties(), tags::ENTRYID), after);
}

#[test]
fn opening_a_store_twice_gives_one_status_row_and_access_per_reference() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let id = store_id(&session, 0);
    let reader = session.open_msg_store(0, &id, None, 0).unwrap().value;
    let writer = session.open_msg_store(0, &id, None, MAPI_BEST_ACCESS).unwrap().value;
    assert!(!reader.is_writable() && writer.is_writable());
    let rows = cells(&session.get_status_table(UNICODE).unwrap(), &[tags::RESOURCE_TYPE]);
    assert_eq!(rows.iter().filter(|row| row[0] == Value::Long(33)).count(), 1);
}

#[test]
fn a_store_opened_without_mail_gets_no_standard_folders() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let id = store_id(&session, 0);
    let store = session.open_msg_store(0, &id, None, MDB_NO_MAIL).unwrap().value;
    assert_eq!(store.valid_folder_mask(), Ok(0));
    session.open_msg_store(0, &id, None, 0).unwrap();
    assert_eq!(store.valid_folder_mask(), Ok(0xFF), "all eight in the default store");
}

#[test]
fn a_store_by_a_constructed_identifier_has_no_row_in_the_store_table() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let elsewhere = Rc::new(std::sync::Arc::new(MemoryStore::new(Guid([8; 16]), "elsewhere")));
    host.add_store_opener("memory", move |logon, entry| {
        assert!(entry == Some(b"elsewhere".as_slice()) || logon.backend == "memory");
        let provider: Rc<dyn Store> = elsewhere.clone();
        Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
    });
    let session = logon(&subsystem, "Work", 0);
    let id = WrappedStoreId::new("MEMORY", b"elsewhere").unwrap().to_bytes();
    assert!(session.open_msg_store(0, &id, None, MDB_TEMPORARY).is_ok());
    assert_eq!(session.get_msg_stores_table(0).unwrap().get_row_count(0).unwrap().value, 1);
    assert!(session.open_msg_store(0, &id, None, 0).is_ok(), "the temporary section is found again");
    let foreign = WrappedStoreId::new("nowhere", b"x").unwrap().to_bytes();
    assert_eq!(code(session.open_msg_store(0, &foreign, None, 0)), Code::UnknownEntryid);
}

#[test]
fn a_malformed_identifier_or_flag_of_open_msg_store_is_refused_in_order() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let id = store_id(&session, 0);
    assert_eq!(code(session.open_msg_store(0, &[], None, 0x2)), Code::InvalidParameter);
    assert_eq!(code(session.open_msg_store(0, &id, None, 0x2)), Code::UnknownFlags);
    assert_eq!(code(session.open_msg_store(0, &id, Some(Guid([1; 16])), 0)), Code::InterfaceNotSupported);
    assert_eq!(code(session.open_msg_store(0, &id[..10], None, 0)), Code::InvalidEntryid);
    assert_eq!(code(session.open_msg_store(0, &id[..24], None, 0)), Code::InvalidEntryid);
    assert_eq!(code(session.open_msg_store(0, &[0; 24], None, 0)), Code::UnknownEntryid);
}

#[test]
fn a_store_that_refuses_tells_why_and_may_be_tried_again() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let refused = std::cell::Cell::new(Some(Code::PasswordExpired));
    let store = Rc::new(std::sync::Arc::new(MemoryStore::new(Guid([8; 16]), "x")));
    host.add_store_opener("memory", move |_, _| match refused.take() {
        Some(code) => Err(Failure::new(code, "choose a new password")),
        None => {
            let provider: Rc<dyn Store> = store.clone();
            Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
        }
    });
    let session = logon(&subsystem, "Work", 0);
    let id = store_id(&session, 0);
    assert_eq!(code(session.open_msg_store(0, &id, None, 0)), Code::PasswordExpired);
    let error = session.get_last_error(Code::PasswordExpired, 0).unwrap().unwrap();
    assert_eq!((error.error.as_str(), error.component.as_str()), ("choose a new password", "Mailbox"));
    assert!(session.open_msg_store(0, &id, None, 0).is_ok());
}

#[test]
fn a_store_that_warns_is_open_and_named_with_its_warning() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let store = Rc::new(std::sync::Arc::new(MemoryStore::new(Guid([8; 16]), "x")));
    host.add_store_opener("memory", move |_, _| {
        let provider: Rc<dyn Store> = store.clone();
        let warning = Some(Failure::new(Code::Offline, "only what was fetched before"));
        Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning })
    });
    let session = logon(&subsystem, "Work", 0);
    let opened = session.open_msg_store(0, &store_id(&session, 0), None, 0).unwrap();
    assert_eq!(opened.warning, Some(Code::WErrorsReturned));
    let error = session.get_last_error(Code::WErrorsReturned, 0).unwrap().unwrap();
    assert_eq!((error.error.as_str(), error.component.as_str()), ("only what was fetched before", "Mailbox"));
}

#[test]
fn a_damaged_store_disables_its_service_for_the_session() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    host.add_store_opener("memory", |_, _| Err(Failure::new(Code::CorruptStore, "damaged")));
    let session = logon(&subsystem, "Work", 0);
    let id = store_id(&session, 0);
    assert_eq!(code(session.open_msg_store(0, &id, None, 0)), Code::CorruptStore);
    assert_eq!(code(session.open_msg_store(0, &id, None, 0)), Code::LogonFailed);
}

#[test]
fn open_entry_dispatches_on_the_owner() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let root = root_id(&session, 0);
    let open = |id: &[u8], flags| session.open_entry(id, None, flags).map(|entry| entry.value.object_type());
    assert_eq!(open(&root, 0), Ok(3));
    assert_eq!(open(&store_id(&session, 0), 0), Ok(1));
    assert_eq!(open(&OneOff::new("A", "SMTP", "a@b").to_bytes(), 0), Ok(6));
    for id in status_ids(&session) {
        assert_eq!(open(&id, 0), Ok(10));
    }
    assert_eq!(code(open(&[], 0x8000)), Code::InvalidParameter);
    assert_eq!(code(open(&root, 0x1000)), Code::UnknownFlags);
    assert_eq!(code(open(&root[..19], 0)), Code::InvalidEntryid);
    assert_eq!(code(open(&[7; 40], 0)), Code::UnknownEntryid);
    assert_eq!(code(open(&root, MAPI_MODIFY)), Code::NoAccess, "the store was opened read-only");
    root_id(&session, MDB_WRITE);
    assert_eq!(open(&root, MAPI_MODIFY), Ok(3), "the most permissive reference counts");
}

#[test]
fn a_status_object_reads_like_its_row_and_cannot_be_changed() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let ids = status_ids(&session);
    let Entry::Status(object) = session.open_entry(&ids[0], None, 0).unwrap().value else { panic!("not a status object") };
    let values = object.properties().get_props(Some(&[tags::DISPLAY_NAME, tags::OBJECT_TYPE]), UNICODE).unwrap();
    assert_eq!(values.value.iter().map(|p| p.value.clone()).collect::<Vec<_>>(), [text("Work"), Value::Long(10)]);
    let change = crate::properties::Property::new(tags::DISPLAY_NAME, text("x"));
    assert_eq!(code(object.properties().set_props(vec![change])), Code::NoAccess);
    let quiet = logon(&subsystem, "Work", MAPI_NO_MAIL);
    let Entry::Status(spooler) = quiet.open_entry(&ids[1], None, 0).unwrap().value else { panic!("not a status object") };
    let state = spooler.properties().get_props(Some(&[tags::STATUS_CODE]), 0).unwrap();
    assert_eq!(state.value[0].value, Value::Long(4));
    let other = logon(&subsystem, "Work", super::logon_flags::MAPI_NEW_SESSION);
    assert_eq!(code(other.open_entry(&ids[0], None, 0)), Code::UnknownEntryid, "it is good for one session");
}

#[test]
fn comparing_identifiers_asks_their_owner() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let root = root_id(&session, 0);
    let one_off = |name: &str| OneOff::new(name, "smtp", "A@b").to_bytes();
    let same = |one: &[u8], other: &[u8]| session.compare_entry_ids(one, other, 0);
    assert_eq!(same(&root, &root), Ok(true));
    assert_eq!(same(&root, &one_off("A")), Ok(false));
    assert_eq!(same(&one_off("A"), &OneOff::new("B", "SMTP", "a@B").to_bytes()), Ok(true));
    assert_eq!(code(same(&[7; 30], &[7; 30])), Code::UnknownEntryid, "even for equal bytes");
    assert_eq!(code(same(&root, &[])), Code::InvalidParameter);
    assert_eq!(code(same(&root, &root[..5])), Code::InvalidEntryid);
    assert_eq!(code(session.compare_entry_ids(&root, &root, 1)), Code::InvalidParameter);
    let ids = status_ids(&session);
    assert_eq!((same(&ids[0], &ids[0]), same(&ids[0], &ids[1])), (Ok(true), Ok(false)));
    // The provider of a store need only be installed: the catalogue knows it, whatever the profile has.
    subsystem.admin_profiles(0).unwrap().create_profile("Empty", None, 0, 0).unwrap();
    let empty = logon(&subsystem, "Empty", super::logon_flags::MAPI_NEW_SESSION);
    let store = |private: &[u8]| WrappedStoreId::new("memory", private).unwrap().to_bytes();
    assert_eq!(empty.compare_entry_ids(&store(b"one"), &store(b"one"), 0), Ok(true));
    assert_eq!(empty.compare_entry_ids(&store(b"one"), &store(b"two"), 0), Ok(false));
}

#[test]
fn logoff_invalidates_everything_opened_through_the_handle_and_nothing_else() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let first = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let second = logon(&subsystem, "Work", 0);
    let id = store_id(&first, 0);
    let gone = first.open_msg_store(0, &id, None, 0).unwrap().value;
    let folder = gone.root_folder().unwrap();
    let tables = [folder.get_contents_table(0).unwrap(), first.get_msg_stores_table(0).unwrap()];
    let kept = second.open_msg_store(0, &id, None, 0).unwrap().value;
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(code(gone.properties().get_props(None, 0)), Code::InvalidObject);
    assert_eq!(code(folder.get_contents_table(0)), Code::InvalidObject);
    for table in tables {
        assert_eq!(code(table.get_row_count(0)), Code::InvalidObject);
    }
    assert!(kept.properties().get_props(None, 0).is_ok());
    second.logoff(0, 0, 0).unwrap();
    assert_eq!(code(kept.properties().get_props(None, 0)), Code::InvalidObject);
}
