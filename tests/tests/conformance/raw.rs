//! The engine with raw numbers for flags, as a binding without types would call it.

use crate::table::Outcome;
use mapi_engine::backend::ProviderKind;
use mapi_engine::error::Code;
use mapi_engine::memory::{MemoryCatalogue, MemoryHost};
use mapi_engine::properties::{PropTag, Value};
use mapi_engine::session::{Entry, Session, StatusObject, Subsystem, logon_flags};
use mapi_engine::tables::Table;
use mapi_tests::scripted_transport::Scripted;
use std::rc::Rc;

/// `MAPI_UNICODE`.
pub(crate) const UNICODE: u32 = 0x8000_0000;

/// An initialised subsystem in memory with the profile `Work` of a store, an address book and a transport.
pub(crate) fn subsystem() -> Subsystem {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        MemoryCatalogue::service("pab", "Book", ProviderKind::AddressBook, "memory-pab"),
        MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire"),
    ]);
    let host = MemoryHost::new().with_catalogue(catalogue);
    host.add_transport("wire", Scripted::default());
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("Work", None, 0, mapi_engine::profiles::MAPI_DEFAULT_SERVICES).unwrap();
    subsystem
}

/// A session of its own on `Work`.
pub(crate) fn logon(subsystem: &Subsystem) -> Session {
    subsystem.logon_ex(0, Some("Work"), None, logon_flags::MAPI_NEW_SESSION).unwrap()
}

/// The same, with its subsystem.
pub(crate) fn session() -> (Subsystem, Session) {
    let subsystem = subsystem();
    let session = logon(&subsystem);
    (subsystem, session)
}

fn identifier(table: &Table, tag: PropTag, at: usize) -> Vec<u8> {
    table.set_columns(&[tag], 0).unwrap();
    match table.query_rows(100, 0).unwrap().swap_remove(at).remove(0).value {
        Value::Binary(id) => id,
        other => panic!("an identifier was expected, not {other:?}"),
    }
}

/// The identifier of the store.
pub(crate) fn store_id(session: &Session) -> Vec<u8> {
    identifier(&session.get_msg_stores_table(0).unwrap(), mapi_engine::properties::tags::ENTRYID, 0)
}

/// The status object in that row.
pub(crate) fn status(session: &Session, at: usize) -> StatusObject {
    let id = identifier(&session.get_status_table(0).unwrap(), mapi_engine::properties::tags::ENTRYID, at);
    match session.open_entry(&id, None, 0).unwrap().value {
        Entry::Status(object) => object,
        _ => panic!("not a status object"),
    }
}

/// What every bit outside `defined` is answered with: `MAPI_E_UNKNOWN_FLAGS`, or the first other answer.
pub(crate) fn undefined(defined: u32, call: impl Fn(u32) -> Code) -> Outcome {
    each_bit(!defined, Code::UnknownFlags, call)
}

/// The same of an argument that is reserved as a whole: `MAPI_E_INVALID_PARAMETER`.
pub(crate) fn reserved(call: impl Fn(u32) -> Code) -> Outcome {
    each_bit(u32::MAX, Code::InvalidParameter, call)
}

fn each_bit(bits: u32, expected: Code, call: impl Fn(u32) -> Code) -> Outcome {
    let flags = (0..32).map(|bit| 1 << bit).filter(|flag| bits & flag != 0);
    let other = flags.map(|flag| (flag, call(flag))).find(|(_, got)| *got != expected);
    other.map_or_else(|| expected.into(), |(flag, got)| (got, format!("for {flag:#x}")).into())
}
