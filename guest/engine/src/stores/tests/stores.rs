//! `stores` 2 and 3.

use super::*;
use crate::backend::{NamedProperty, PropertyName};
use crate::error::Code;
use crate::properties::named::{PS_INTERNET_HEADERS, PS_MAPI, PS_PUBLIC_STRINGS};
use crate::properties::{MAPI_BEST_ACCESS, MAPI_CREATE, PropType};
use crate::stores::{INBOX_TAG, MAPI_FORCE_CREATE, MAPI_FULL_IPM_TREE, folder_mask, support_mask};

fn code<T>(result: crate::error::Result<T>) -> Code {
    match result {
        Ok(_) => Code::SOk,
        Err(failure) => failure.code(),
    }
}

#[test]
fn the_store_tells_who_it_is() {
    let store = Bench::new().open();
    let properties = store.properties();
    assert_eq!(get(&properties, tags::OBJECT_TYPE), Value::Long(1));
    assert_eq!(get(&properties, tags::RECORD_KEY), get(&properties, tags::STORE_RECORD_KEY));
    assert_eq!(get(&properties, tags::ENTRYID), Value::Binary(store.entry_id()));
    assert_eq!(get(&properties, tags::DEFAULT_STORE), Value::Boolean(true));
    let Value::Long(mask) = get(&properties, tags::STORE_SUPPORT_MASK) else { panic!("no mask") };
    let writing = (support_mask::MODIFY_OK | support_mask::CREATE_OK).cast_signed();
    assert_eq!(mask & writing, writing);
    let problems = properties.set_props(vec![property(tags::STORE_SUPPORT_MASK, Value::Long(0))]).unwrap();
    assert_eq!(problems[0].code, Code::Computed);
    assert!(properties.get_prop_list(0).unwrap().contains(&tags::RECEIVE_FOLDER_SETTINGS));
}

#[test]
fn a_reference_opened_read_only_changes_nothing() {
    let bench = Bench::new();
    let name = folder(&bench.open(), "a");
    let entry_id = get(&name.properties(), tags::ENTRYID);
    let store = bench.open_as(2, false);
    let Value::Long(mask) = get(&store.properties(), tags::STORE_SUPPORT_MASK) else { panic!("no mask") };
    assert_eq!(mask.cast_unsigned() & (support_mask::MODIFY_OK | support_mask::CREATE_OK), 0);
    let Value::Binary(bytes) = &entry_id else { panic!("no identifier") };
    assert_eq!(code(store.open_entry(Some(bytes), None, MAPI_MODIFY)), Code::NoAccess);
    let OpenedEntry::Folder(open) = store.open_entry(Some(bytes), None, MAPI_BEST_ACCESS).unwrap() else { panic!("no folder") };
    assert_eq!(get(&open.properties(), tags::ACCESS_LEVEL), Value::Long(0));
    assert_eq!(get(&open.properties(), tags::ACCESS), Value::Long(2));
    assert_eq!(code(open.create_message(None, 0)), Code::NoAccess);
    assert_eq!(code(open.create_folder(1, "b", None, None, 0)), Code::NoAccess);
    assert_eq!(code(open.properties().set_props(vec![property(tags::COMMENT, text("x"))])), Code::NoAccess);
}

#[test]
fn forged_truncated_and_foreign_identifiers_give_the_specified_errors() {
    let store = Bench::new().open();
    let open = |bytes: &[u8]| code(store.open_entry(Some(bytes), None, 0));
    assert_eq!(open(&[]), Code::SOk);
    assert_eq!(open(&[0; 19]), Code::InvalidEntryid);
    let mut own = vec![0; 4];
    own.extend_from_slice(&UID.0);
    assert_eq!(open(&own), Code::InvalidEntryid);
    own.extend_from_slice(b"no such object");
    assert_eq!(open(&own), Code::NotFound);
    assert_eq!(open(&[0; 40]), Code::UnknownEntryid);
    assert_eq!(open(&store.entry_id()), Code::SOk);
    let foreign = WrappedStoreId::new("memory", b"other").unwrap().to_bytes();
    assert_eq!(open(&foreign), Code::UnknownEntryid);
    let store_object = crate::entry_id::ProviderEntryId::of_object(UID, &store.connection().identity().store).to_bytes();
    assert_eq!(open(&store_object), Code::NotFound);
    assert_eq!(code(store.open_entry(None, None, 0x8000)), Code::UnknownFlags);
    let table = Some(crate::properties::interface::IID_IMAPITABLE);
    assert_eq!(code(store.open_entry(None, table, 0)), Code::InterfaceNotSupported);
}

#[test]
fn identifiers_of_one_object_compare_equal_and_nothing_else() {
    let store = Bench::new().open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let bytes = |folder: &Folder| folder.entry_id_of(folder.object());
    let same = |one: &[u8], two: &[u8]| store.compare_entry_ids(one, two, 0).unwrap();
    assert!(same(&bytes(&a), &bytes(&a)));
    let mut short = bytes(&a);
    short[0] = 0x80;
    assert!(same(&bytes(&a), &short));
    assert!(!same(&bytes(&a), &bytes(&b)));
    assert!(!same(&bytes(&a), &store.entry_id()));
    assert!(same(&store.entry_id(), &store.entry_id()));
    assert!(!same(&bytes(&a), &[7; 30]));
    assert_eq!(code(store.compare_entry_ids(&[], &bytes(&a), 0)), Code::InvalidParameter);
    assert_eq!(code(store.compare_entry_ids(&bytes(&a), &bytes(&a), 1)), Code::InvalidParameter);
}

#[test]
fn validation_creates_the_tree_once() {
    let bench = Bench::new();
    let store = bench.open();
    let first = store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
    assert_eq!(first[0].value, Value::Long(folder_mask::FULL.cast_signed()));
    assert_eq!(first.len(), 9);
    let inbox = first.iter().find(|property| property.tag == INBOX_TAG).unwrap();
    assert_eq!(
        store.get_receive_folder(Some("IPM.Note"), 0).unwrap(),
        match &inbox.value {
            Value::Binary(entry_id) => (entry_id.clone(), "IPM".to_owned()),
            _ => panic!("no identifier"),
        }
    );
    let commits = bench.memory.commits();
    assert_eq!(store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap(), first);
    assert_eq!(store.validate_ipm_subtree(MAPI_FULL_IPM_TREE | MAPI_FORCE_CREATE).unwrap(), first);
    assert_eq!(bench.memory.commits(), commits);
    assert_eq!(bench.open_as(7, true).validate_ipm_subtree(0).unwrap()[1..].len(), 8);
    let subtree = get(&store.properties(), tags::IPM_SUBTREE_ENTRYID);
    let Value::Binary(subtree) = &subtree else { panic!("no identifier") };
    let OpenedEntry::Folder(subtree) = store.open_entry(Some(subtree), None, 0).unwrap() else { panic!("no folder") };
    assert_eq!(get(&subtree.properties(), tags::DISPLAY_NAME), text("IPM Subtree"));
    assert_eq!(get(&subtree.properties(), tags::SUBFOLDERS), Value::Boolean(true));
}

#[test]
fn a_minimum_tree_grows_to_the_full_one() {
    let store = Bench::new().open();
    assert_eq!(store.validate_ipm_subtree(0).unwrap()[0].value, Value::Long(folder_mask::MINIMUM.cast_signed()));
    assert_eq!(store.valid_folder_mask().unwrap(), folder_mask::MINIMUM);
    assert_eq!(store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap()[0].value, Value::Long(folder_mask::FULL.cast_signed()));
}

#[test]
fn a_read_only_store_is_left_incomplete() {
    let store = Bench::new().open_as(1, false);
    assert_eq!(store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap()[0].value, Value::Long(0));
}

#[test]
fn receive_folders_are_a_table_with_8_bit_classes() {
    let store = Bench::new().open();
    store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
    let rows = store.get_receive_folder_table(MAPI_UNICODE).unwrap().query_rows(10, 0).unwrap();
    let classes: Vec<_> = rows.iter().map(|row| row[4].value.clone()).collect();
    assert_eq!(classes, ["", "IPM", "REPORT.IPM", "IPC"].map(|class| Value::String8(class.into())));
    assert_eq!(
        store.get_receive_folder(Some("IPC.X"), 0).unwrap().0,
        match get(&store.root_folder().unwrap().properties(), tags::ENTRYID) {
            Value::Binary(bytes) => bytes,
            _ => panic!("no identifier"),
        }
    );
    assert_eq!(code(store.get_receive_folder(Some("a..b"), 0)), Code::InvalidParameter);
}

#[test]
fn a_public_store_has_no_receive_folders() {
    let store = Bench::able(StoreCapabilities { public_folders: true, ..full() }).open();
    assert_eq!(code(store.get_receive_folder(None, 0)), Code::NoSupport);
    assert_eq!(code(store.get_receive_folder_table(0)), Code::NoSupport);
    assert_eq!(code(store.validate_ipm_subtree(0)), Code::NoSupport);
}

#[test]
fn names_get_identifiers_once_and_for_good() {
    let bench = Bench::new();
    let store = bench.open();
    let name = |set: Guid, text: &str| NamedProperty { set, name: PropertyName::Text(text.into()) };
    let names = [
        name(PS_PUBLIC_STRINGS, "Keywords"),
        NamedProperty { set: PS_MAPI, name: PropertyName::Number(0x37) },
        name(PS_INTERNET_HEADERS, "X-Mailer"),
        name(PS_PUBLIC_STRINGS, ""),
    ];
    let unknown = store.properties().get_ids_from_names(Some(&names), 0).unwrap();
    assert_eq!(unknown.warning, Some(Code::WErrorsReturned));
    assert_eq!(unknown.value[0], PropTag(0x0000_000A));
    assert_eq!(unknown.value[1], PropTag(0x0037_0000));
    let created = store.properties().get_ids_from_names(Some(&names[..3]), MAPI_CREATE).unwrap();
    assert_eq!(created.warning, None);
    assert!(created.value[0].id() >= 0x8001 && created.value[0].kind() == PropType::UNSPECIFIED);
    let lower = [name(PS_INTERNET_HEADERS, "x-mailer")];
    assert_eq!(bench.open_as(2, false).properties().get_ids_from_names(Some(&lower), 0).unwrap().value[0], created.value[2]);
    let names = store.properties().get_names_from_ids(Some(&[created.value[0], PropTag(0x9999_001F)]), None, 0).unwrap();
    assert_eq!(names.warning, Some(Code::WErrorsReturned));
    assert_eq!(names.value[0].1, Some(name(PS_PUBLIC_STRINGS, "Keywords")));
    assert_eq!(names.value[1], (PropTag(0x9999_000A), None));
    let all = store.properties().get_names_from_ids(None, Some(PS_MAPI), 0).unwrap();
    assert!(all.value.is_empty());
    assert_eq!(code(store.properties().get_ids_from_names(Some(&[]), 0)), Code::InvalidParameter);
    assert_eq!(code(store.properties().get_ids_from_names(None, MAPI_CREATE)), Code::InvalidParameter);
}

#[test]
fn after_the_end_of_the_session_every_object_is_invalid() {
    let store = Bench::new().open();
    let name = folder(&store, "a");
    let message = saved(&name, "s");
    store.alive().end();
    assert_eq!(code(store.open_entry(None, None, 0)), Code::InvalidObject);
    assert_eq!(code(name.get_contents_table(0)), Code::InvalidObject);
    assert_eq!(code(message.properties().get_props(None, 0)), Code::InvalidObject);
    assert_eq!(code(message.get_recipient_table(0)), Code::InvalidObject);
}
