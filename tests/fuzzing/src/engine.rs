//! What the engine reads: identifiers, restrictions, profiles, messages.

use arbitrary::Unstructured;
use mapi_engine::backend::{NamedProperty, ProfileStorage};
use mapi_engine::entry_id::{
    EntryId, OneOff, ProviderEntryId, WrappedStoreId, flat_entry, flat_entry_list, parse_flat_entry, parse_flat_entry_list,
};
use mapi_engine::error::Result;
use mapi_engine::memory::MemoryHost;
use mapi_engine::mime::{Destination, Importer, MessageOptions, Parsed, ReadOptions, Reader};
use mapi_engine::profiles::MAPI_DEFAULT_SERVICES;
use mapi_engine::properties::{PropTag, Property, Value, tags};
use mapi_engine::restriction::{BitRelation, Node, Place, Preorder, Relop, Rows, validate};
use mapi_engine::session::open_store_flags::MDB_WRITE;
use mapi_engine::session::{Session, Subsystem};
use std::rc::Rc;

/// `MAPI_UNICODE`.
const UNICODE: u32 = 0x8000_0000;
/// `MAPI_EXTENDED`.
const EXTENDED: u32 = 0x20;

/// An identifier of any form: what is accepted is written as it was, or as something that reads the same.
pub fn entry_ids(bytes: &[u8]) {
    match EntryId::parse(bytes) {
        Ok(EntryId::Provider(id)) => assert_eq!(ProviderEntryId::parse(&id.to_bytes()).unwrap(), id),
        Ok(EntryId::Store(id)) => assert_eq!(WrappedStoreId::parse(&id.to_bytes()).unwrap(), id),
        Ok(EntryId::OneOff(id)) => assert!(id.same_recipient(&id)),
        Err(_) => {}
    }
    if let Ok(entry) = parse_flat_entry(bytes) {
        assert_eq!(parse_flat_entry(&flat_entry(&entry).unwrap()).unwrap(), entry);
    }
    if let Ok(entries) = parse_flat_entry_list(bytes) {
        assert_eq!(parse_flat_entry_list(&flat_entry_list(&entries).unwrap()).unwrap(), entries);
    }
}

/// A one-off identifier, its header given.
pub fn one_off(bytes: &[u8]) {
    if let Ok(id) = OneOff::parse(&[&[0; 4], OneOff::UID.0.as_slice(), bytes].concat()) {
        assert!(id.same_recipient(&id));
        assert!(!id.search_key().is_empty());
        let _written = id.to_bytes();
    }
}

/// A wrapped store identifier, its header given.
pub fn wrapped_ids(bytes: &[u8]) {
    if let Ok(id) = WrappedStoreId::parse(&[&[0; 4], WrappedStoreId::UID.0.as_slice(), bytes].concat()) {
        assert_eq!(WrappedStoreId::parse(&id.to_bytes()).unwrap(), id);
    }
}

/// Two lists that may be a restriction: one tree, or refused.
pub fn restriction_lists(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(lists) = lists(&mut input) else { return };
    if let Ok(tree) = lists.clone().into_tree() {
        assert_eq!(Preorder::of(&tree), lists);
        for (place, rows) in [(Place::View, Rows::Messages), (Place::View, Rows::Others), (Place::Find, Rows::Messages)] {
            let _valid = validate(&tree, place, rows);
        }
    }
}

fn lists(input: &mut Unstructured<'_>) -> arbitrary::Result<Preorder> {
    const TAGS: [PropTag; 4] = [tags::SUBJECT, tags::MESSAGE_FLAGS, tags::MESSAGE_RECIPIENTS, tags::SEARCH_KEY];
    let mut lists = Preorder::default();
    for _ in 0..input.int_in_range(0..=8)? {
        let tag = *input.choose(&TAGS)?;
        let value = match input.int_in_range(0..=2)? {
            0 => Value::Long(input.arbitrary()?),
            1 => Value::Unicode(input.arbitrary()?),
            _ => Value::Binary(input.arbitrary()?),
        };
        lists.constants.push(Property { tag, value });
    }
    while !input.is_empty() {
        let tag = *input.choose(&TAGS)?;
        lists.nodes.push(match input.int_in_range(0..=11)? {
            0 => Node::And(input.arbitrary::<u8>()?.into()),
            1 => Node::Or(input.arbitrary()?),
            2 => Node::Not,
            3 => Node::Content { fuzzy: input.arbitrary()?, tag },
            4 => Node::Property { relop: *input.choose(&[Relop::Lt, Relop::Eq, Relop::Re])?, tag },
            5 => Node::CompareProps { relop: Relop::Ge, left: tag, right: PropTag(input.arbitrary()?) },
            6 => Node::Bitmask { relation: BitRelation::Nez, tag, mask: input.arbitrary()? },
            7 => Node::Size { relop: Relop::Ne, tag, size: input.arbitrary()? },
            8 => Node::SubRestriction { subobject: tag },
            9 => Node::Comment { properties: input.arbitrary()?, child: input.arbitrary()? },
            10 => Node::Count { count: input.arbitrary()? },
            _ => Node::Exist { tag },
        });
    }
    Ok(lists)
}

/// A stored profile: shown, administered and logged on with, or refused.
pub fn profile_form(bytes: &[u8]) {
    let host = MemoryHost::new();
    if host.profiles.replace("Fuzzed", bytes, 0).is_err() {
        return;
    }
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    // A damaged profile is listed, so that it can be deleted.
    assert!(admin.get_profile_table(UNICODE).unwrap().get_row_count(0).unwrap().value <= 1);
    if let Ok(services) = admin.admin_services("Fuzzed", None, 0, UNICODE) {
        for table in [services.get_msg_service_table(UNICODE), services.get_provider_table(UNICODE)].into_iter().flatten() {
            let _rows = table.query_rows(100, 0);
        }
    }
    if let Ok(session) = subsystem.logon_ex(0, Some("Fuzzed"), None, EXTENDED | UNICODE) {
        let _rows = session.get_status_table(UNICODE).and_then(|table| table.query_rows(100, 0));
        let _rows = session.get_msg_stores_table(UNICODE).and_then(|table| table.query_rows(100, 0));
    }
    let _deleted = admin.delete_profile("Fuzzed", 0);
}

/// A store that keeps nothing.
struct Nowhere;

impl Destination for Nowhere {
    fn stage(&self) -> Result<u64> {
        Ok(0)
    }

    fn append(&self, _staged: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn discard(&self, _staged: u64) {}

    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
        Ok(vec![None; names.len()])
    }
}

fn parsed(bytes: &[u8], piece: usize) -> Parsed {
    let mut reader = Reader::new(Rc::new(Nowhere), ReadOptions::default());
    for piece in bytes.chunks(piece.max(1)) {
        reader.write(piece).unwrap();
    }
    reader.finish().unwrap()
}

/// A message, the size of its pieces in front: pieces of any size give the same message.
pub fn mime_reader(bytes: &[u8]) {
    let Some((piece, message)) = bytes.split_first() else { return };
    let whole = parsed(message, message.len());
    let pieces = parsed(message, usize::from(*piece));
    // As text, since NaN differs from itself.
    assert_eq!(format!("{:?}", whole.draft), format!("{:?}", pieces.draft));
    assert_eq!(whole.size, message.len() as u64);
}

/// A message imported into a store and read there.
pub fn mime_import(bytes: &[u8]) {
    let (_subsystem, session) = session();
    let stores = session.get_msg_stores_table(UNICODE).unwrap();
    stores.set_columns(&[tags::ENTRYID], 0).unwrap();
    let Value::Binary(store) = stores.query_rows(1, 0).unwrap().remove(0).remove(0).value else { return };
    let store = session.open_msg_store(0, &store, None, MDB_WRITE).unwrap().value;
    let folder = store.root_folder().unwrap();
    let mut importer = Importer::new(Rc::clone(store.connection()), folder.object().clone(), false);
    for message in bytes.split(|byte| *byte == 0) {
        importer.begin(MessageOptions::default());
        importer.write(message).unwrap();
        importer.finish().unwrap();
    }
    importer.flush().unwrap();
    let contents = folder.get_contents_table(UNICODE).unwrap();
    contents.set_columns(&[tags::ENTRYID, tags::SUBJECT, tags::DISPLAY_TO, tags::MESSAGE_SIZE], 0).unwrap();
    let rows = contents.query_rows(1000, 0).unwrap();
    assert_eq!(rows.len(), bytes.split(|byte| *byte == 0).count().min(1000));
    for row in rows {
        let Some(Value::Binary(entry_id)) = row.into_iter().next().map(|cell| cell.value) else {
            panic!("a row without identifier")
        };
        assert!(store.open_entry(Some(&entry_id), None, 0).is_ok());
    }
}

/// A session lives as long as its subsystem.
fn session() -> (Subsystem, Session) {
    let subsystem = Subsystem::new(Rc::new(MemoryHost::new()));
    subsystem.initialize(None).unwrap();
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES | UNICODE).unwrap();
    let session = subsystem.logon_ex(0, Some("Work"), None, EXTENDED | UNICODE).unwrap();
    (subsystem, session)
}
