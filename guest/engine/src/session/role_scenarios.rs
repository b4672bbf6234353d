//! Roles of stores, identities, address types and message options of whole sessions (`session` 12, items 9 and
//! 10; 6.11, 7).

use super::logon_flags::*;
use super::scenarios::{UNICODE, cells, code, logon, text};
use super::store_roles::*;
use super::{Session, Subsystem};
use crate::backend::{
    Envelope, InboundMessage, Opened, OptionData, OptionKind, Outcome, ProviderKind, StoreCapabilities, Transport,
    TransportIdentity, TransportNotice,
};
use crate::entry_id::OneOff;
use crate::error::{Code, Failure, Result, Warned};
use crate::memory::{MemoryCatalogue, MemoryHost, MemoryStore};
use crate::messages::Message;
use crate::properties::{Guid, Property, Value, tags};
use crate::tables::Table;
use std::rc::Rc;
use std::sync::Arc;

/// A transport that is only asked who it is and what it offers.
struct Quiet {
    types: Option<Vec<String>>,
    options: Vec<OptionData>,
}

impl Transport for Quiet {
    fn identity(&self) -> TransportIdentity {
        TransportIdentity { address_types: self.types.clone(), uids: Vec::new(), polls: false, idles: false }
    }

    fn register_options(&self) -> Result<Vec<OptionData>> {
        match self.options.as_slice() {
            [] => Err(Failure::new(Code::NoSupport, "none")),
            options => Ok(options.to_vec()),
        }
    }

    fn notify(&self, _: u32, _: Option<&[u8]>) -> Result<()> {
        Ok(())
    }

    fn begin(&self, _: &Envelope) -> Result<u64> {
        Err(Failure::new(Code::NotMe, "quiet"))
    }

    fn write(&self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _: u64) -> Result<Outcome> {
        Err(Failure::new(Code::NotMe, "quiet"))
    }

    fn cancel(&self, _: u64) {}

    fn poll(&self) -> Result<bool> {
        Ok(false)
    }

    fn idle(&self) {}

    fn receive(&self) -> Result<Option<InboundMessage>> {
        Ok(None)
    }

    fn read(&self, _: u64, _: u64, _: u32) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _: u64, _: bool) -> Result<()> {
        Ok(())
    }

    fn flush(&self, _: u32) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _: u32) -> Result<()> {
        Ok(())
    }

    fn notices(&self) -> Vec<TransportNotice> {
        Vec::new()
    }
}

/// Registers a transport `name` with these types, identity columns and options.
fn add_transport(host: &MemoryHost, name: &str, types: Option<&[&str]>, row: Vec<Property>, options: Vec<OptionData>) {
    let types = types.map(|types| types.iter().map(|kind| (*kind).to_owned()).collect());
    let transport: Rc<dyn Transport> = Rc::new(Quiet { types, options });
    host.add_transport_opener(name, move |_| {
        Ok(Opened { provider: Rc::clone(&transport), section_changes: Vec::new(), status_row: row.clone(), warning: None })
    });
}

/// A host with the transports `first` and `last`, whose services a profile has in that order; `flags` are those of
/// the provider section of `first`.
fn host_with_transports(first_flags: u32) -> MemoryHost {
    let mut first = MemoryCatalogue::service("first", "First", ProviderKind::Transport, "first");
    first.providers[0].flags |= first_flags;
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        first,
        MemoryCatalogue::service("last", "Last", ProviderKind::Transport, "last"),
    ]);
    MemoryHost::new().with_catalogue(catalogue)
}

fn subsystem(host: &MemoryHost) -> Subsystem {
    super::scenarios::subsystem(host)
}

fn identity(entry_id: Option<&[u8]>, display: Option<&str>, key: Option<&[u8]>) -> Vec<Property> {
    let entry_id = entry_id.map(|entry_id| Property::new(tags::IDENTITY_ENTRYID, Value::Binary(entry_id.to_vec())));
    let display = display.map(|name| Property::new(tags::IDENTITY_DISPLAY, text(name)));
    let key = key.map(|key| Property::new(tags::IDENTITY_SEARCH_KEY, Value::Binary(key.to_vec())));
    entry_id.into_iter().chain(display).chain(key).collect()
}

/// `STATUS_PRIMARY_IDENTITY`, in a catalogue: may supply the primary identity.
const SUPPLIES_IDENTITY: u32 = 0x4;

fn asked(first_flags: u32, first: Vec<Property>, last: Vec<Property>) -> Warned<Vec<u8>> {
    let host = host_with_transports(first_flags);
    add_transport(&host, "first", None, first, Vec::new());
    add_transport(&host, "last", None, last, Vec::new());
    let subsystem = subsystem(&host);
    logon(&subsystem, "Work", 0).query_identity().unwrap()
}

#[test]
fn the_primary_identity_comes_first_whatever_its_place() {
    let host = host_with_transports(0);
    add_transport(&host, "first", None, identity(Some(&[1; 24]), Some("A"), Some(b"X:A\0")), Vec::new());
    add_transport(&host, "last", None, identity(Some(&[2; 24]), None, None), Vec::new());
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(session.query_identity().unwrap().value, [1; 24], "nobody is primary");
    let first = identity(Some(&[1; 24]), None, None);
    let last = identity(Some(&[2; 24]), Some("B"), Some(b"X:B\0"));
    let primary = asked(SUPPLIES_IDENTITY, first, last);
    assert_eq!((primary.value, primary.warning), (vec![1; 24], None));
}

#[test]
fn a_primary_identity_without_identifier_is_a_one_off_made_of_its_key() {
    let first = identity(None, Some("Ann"), Some(b"SMTP:ANN@EXAMPLE.COM\0"));
    let found = asked(SUPPLIES_IDENTITY, first, identity(Some(&[2; 24]), Some("B"), Some(b"X:B\0")));
    assert_eq!(OneOff::parse(&found.value).unwrap(), OneOff::new("Ann", "SMTP", "ANN@EXAMPLE.COM"));
    // Without a display name the row's own.
    let found = asked(SUPPLIES_IDENTITY, identity(None, None, Some(b"X400:/C=DE:1\0")), Vec::new());
    assert_eq!(OneOff::parse(&found.value).unwrap(), OneOff::new("First", "X400", "/C=DE:1"));
    let unusable =
        asked(SUPPLIES_IDENTITY, identity(None, Some("Ann"), Some(b"no colon\0")), identity(Some(&[2; 24]), None, None));
    assert_eq!(unusable.value, [2; 24], "an unusable key is passed over");
}

#[test]
fn without_a_primary_identity_a_whole_one_comes_before_a_mere_identifier() {
    let whole = identity(Some(&[2; 24]), Some("B"), Some(b"X:B\0"));
    assert_eq!(asked(0, identity(Some(&[1; 24]), None, None), whole).value, [2; 24]);
    assert_eq!(asked(0, identity(None, Some("A"), None), identity(Some(&[2; 24]), None, None)).value, [2; 24]);
}

#[test]
fn nobody_is_a_generic_user_and_a_warning() {
    let found = asked(0, Vec::new(), Vec::new());
    assert_eq!(found.warning, Some(Code::WNoService));
    assert_eq!(OneOff::parse(&found.value).unwrap(), OneOff::new("Unknown", "NONE", "Unknown"));
}

#[test]
fn a_client_without_mail_has_no_identity_of_transports_and_no_address_types() {
    let host = host_with_transports(0);
    add_transport(&host, "first", Some(&["SMTP"]), identity(Some(&[1; 24]), None, None), Vec::new());
    add_transport(&host, "last", None, Vec::new(), Vec::new());
    let subsystem = subsystem(&host);
    let quiet = logon(&subsystem, "Work", MAPI_NO_MAIL);
    assert_eq!(quiet.query_identity().unwrap().warning, Some(Code::WNoService));
    assert_eq!(quiet.enum_adr_types(UNICODE).unwrap(), Vec::<String>::new());
}

#[test]
fn address_types_come_in_transport_order_each_once() {
    let host = host_with_transports(crate::profiles::provider_flags::XP_PREFER_LAST);
    add_transport(&host, "first", Some(&["smtp", "", "FAX"]), Vec::new(), Vec::new());
    add_transport(&host, "last", Some(&["SMTP", "MS\u{20AC}\u{4E2D}"]), Vec::new(), Vec::new());
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(session.enum_adr_types(UNICODE).unwrap(), ["SMTP", "MS\u{20AC}\u{4E2D}", "FAX"]);
    assert_eq!(session.enum_adr_types(0).unwrap(), ["SMTP", "MS\u{20AC}?", "FAX"], "in the code page of 8-bit strings");
    assert_eq!(code(session.enum_adr_types(1)), Code::UnknownFlags);
    let of_all = host_with_transports(0);
    add_transport(&of_all, "first", None, Vec::new(), Vec::new());
    let subsystem = super::scenarios::subsystem(&of_all);
    assert_eq!(logon(&subsystem, "Work", 0).enum_adr_types(UNICODE).unwrap(), Vec::<String>::new());
}

/// A host whose profile `Work` has three stores, of which the last can only be read.
fn host_with_stores() -> MemoryHost {
    let store = |name: &str, backend| MemoryCatalogue::service(name, name, ProviderKind::Store, backend);
    let catalogue = MemoryCatalogue::new(vec![store("one", "memory"), store("two", "memory"), store("three", "fixed")]);
    let host = MemoryHost::new().with_catalogue(catalogue);
    let fixed = StoreCapabilities { read_only: true, feed: true, submit: true, ..StoreCapabilities::default() };
    let fixed = Arc::new(MemoryStore::new(Guid([9; 16]), "fixed").with_capabilities(fixed));
    host.add_store("fixed", fixed);
    host
}

fn stores(session: &Session) -> (Table, Vec<Vec<u8>>) {
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    let ids = cells(&table, &[tags::ENTRYID]).into_iter().map(|row| match &row[0] {
        Value::Binary(id) => id.clone(),
        other => panic!("no identifier: {other:?}"),
    });
    let ids = ids.collect();
    (table, ids)
}

/// The `PR_RESOURCE_FLAGS` of stores, in the store table and in the status table.
fn flags_of(session: &Session) -> (Vec<Value>, Vec<(Value, Value)>) {
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    let in_stores = cells(&table, &[tags::RESOURCE_FLAGS]).into_iter().map(|row| row[0].clone()).collect();
    let status = session.get_status_table(UNICODE).unwrap();
    let rows = cells(&status, &[tags::RESOURCE_TYPE, tags::DISPLAY_NAME, tags::RESOURCE_FLAGS]);
    let of_stores = rows.into_iter().filter(|row| row[0] == Value::Long(33));
    (in_stores, of_stores.map(|row| (row[1].clone(), row[2].clone())).collect())
}

fn longs(values: &[i32]) -> Vec<Value> {
    values.iter().map(|value| Value::Long(*value)).collect()
}

#[test]
fn each_role_moves_from_its_holder_to_the_new_one_in_both_tables() {
    let host = host_with_stores();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let (_, ids) = stores(&session);
    assert_eq!(flags_of(&session), (longs(&[2, 0, 0]), vec![(text("one"), Value::Long(2))]));
    for (role, bit) in [(MAPI_SIMPLE_STORE_PERMANENT, 0x8), (MAPI_PRIMARY_STORE, 0x1000), (MAPI_SECONDARY_STORE, 0x2000)] {
        session.set_default_store(role, 0, Some(&ids[0])).unwrap();
        assert_eq!(flags_of(&session).0, longs(&[2 | bit, 0, 0]), "{role}");
        session.set_default_store(role, 0, Some(&ids[2])).unwrap();
        assert_eq!(flags_of(&session), (longs(&[2, 0, bit]), vec![(text("one"), Value::Long(2))]), "{role}");
        session.set_default_store(role, 0, None).unwrap();
        assert_eq!(flags_of(&session).0, longs(&[2, 0, 0]), "nobody has role {role}");
    }
    session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[1])).unwrap();
    // The new one was opened to see whether it may be the default, so it has a row.
    let rows = vec![(text("one"), Value::Long(0)), (text("two"), Value::Long(2))];
    assert_eq!(flags_of(&session), (longs(&[0, 2, 0]), rows));
    let services = session.admin_services(0).unwrap().get_msg_service_table(UNICODE).unwrap();
    assert_eq!(cells(&services, &[tags::RESOURCE_FLAGS]), [longs(&[0]), longs(&[1]), longs(&[0])]);
    session.set_default_store(MAPI_DEFAULT_STORE, 0, None).unwrap();
    assert_eq!(flags_of(&session).0, longs(&[0, 0, 0]));
}

#[test]
fn a_temporary_role_hides_the_profiles_and_ends_with_the_session() {
    let host = host_with_stores();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let (_, ids) = stores(&session);
    session.set_default_store(MAPI_SIMPLE_STORE_PERMANENT, 0, Some(&ids[0])).unwrap();
    session.set_default_store(MAPI_SIMPLE_STORE_TEMPORARY, 0, Some(&ids[1])).unwrap();
    assert_eq!(flags_of(&session).0, longs(&[2, 8, 0]));
    assert_eq!(flags_of(&session).1, [(text("one"), Value::Long(2))]);
    let other = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(flags_of(&other).0, longs(&[10, 0, 0]), "another session is not concerned");
    session.set_default_store(MAPI_SIMPLE_STORE_TEMPORARY, 0, None).unwrap();
    assert_eq!(flags_of(&session).0, longs(&[2, 0, 0]));
    drop(session);
    let session = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(flags_of(&session).0, longs(&[10, 0, 0]));
    // A permanent role ends a temporary one, also where the profile has it already.
    session.set_default_store(MAPI_SIMPLE_STORE_TEMPORARY, 0, Some(&ids[1])).unwrap();
    session.set_default_store(MAPI_SIMPLE_STORE_PERMANENT, 0, Some(&ids[0])).unwrap();
    assert_eq!(flags_of(&session).0, longs(&[10, 0, 0]));
}

#[test]
fn a_change_of_role_is_four_row_events_at_most_and_none_without_change() {
    let host = host_with_stores();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let (table, ids) = stores(&session);
    // Both stores are open, so both have a row in either table.
    session.open_msg_store(0, &ids[1], None, 0).unwrap();
    let status = session.get_status_table(UNICODE).unwrap();
    table.advise(crate::notifications::mask::TABLE_MODIFIED).unwrap();
    status.advise(crate::notifications::mask::TABLE_MODIFIED).unwrap();
    let events = || {
        let due = subsystem.dispatch_notifications(0, 0).unwrap();
        due.batches.into_iter().map(|batch| batch.events.len()).sum::<usize>()
    };
    assert_eq!(events(), 0);
    session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[1])).unwrap();
    assert_eq!(events(), 4, "the old and the new one, in two tables");
    session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[1])).unwrap();
    assert_eq!(events(), 0, "it is the default already");
    session.set_default_store(MAPI_PRIMARY_STORE, 0, Some(&ids[0])).unwrap();
    assert_eq!(events(), 2, "there was none before");
}

#[test]
fn only_a_store_that_sends_and_takes_mail_in_may_be_the_default() {
    let host = host_with_stores();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let (_, ids) = stores(&session);
    assert_eq!(code(session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[2]))), Code::NoSupport);
    assert_eq!(flags_of(&session).0, longs(&[2, 0, 0]));
    for value in [0, 6, 0x8000_0001] {
        assert_eq!(code(session.set_default_store(value, 0, Some(&ids[0]))), Code::UnknownFlags);
    }
    let foreign = crate::entry_id::WrappedStoreId::new("memory", &[7; 16]).unwrap().to_bytes();
    assert_eq!(code(session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&foreign))), Code::NotFound);
    assert_eq!(code(session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[0][..12]))), Code::InvalidEntryid);
}

#[test]
fn mail_goes_through_the_new_default_store_from_the_next_turn_on() {
    let host = host_with_stores();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let (_, ids) = stores(&session);
    subsystem.pump(0).unwrap();
    assert_eq!(host.stores().len(), 1, "mail needs the default store alone");
    session.set_default_store(MAPI_DEFAULT_STORE, 0, Some(&ids[1])).unwrap();
    subsystem.pump(0).unwrap();
    let store = session.open_msg_store(0, &ids[1], None, super::open_store_flags::MDB_NO_MAIL).unwrap().value;
    let values = store.properties().get_props(Some(&[tags::IPM_OUTBOX_ENTRYID, tags::DEFAULT_STORE]), 0).unwrap().value;
    assert!(matches!(values[0].value, Value::Binary(_)), "the turn has made the Outbox");
    assert_eq!(values[1].value, Value::Boolean(true));
}

fn option(kind: OptionKind, address_type: Option<&str>, default: i32) -> OptionData {
    OptionData {
        kind,
        uid: None,
        address_type: address_type.map(str::to_owned),
        name: "options".into(),
        data: vec![1],
        defaults: vec![Property::new(tags::PRIORITY, Value::Long(default))],
    }
}

fn message(session: &Session) -> Message {
    let (_, ids) = stores(session);
    let store = session.open_msg_store(0, &ids[0], None, super::open_store_flags::MDB_WRITE).unwrap().value;
    match store.open_entry(None, None, crate::properties::MAPI_MODIFY).unwrap() {
        crate::stores::OpenedEntry::Folder(root) => root.create_message(None, 0).unwrap(),
        _ => panic!("the root is a folder"),
    }
}

#[test]
fn options_of_a_type_come_from_the_first_transport_that_has_them() {
    let host = host_with_transports(0);
    add_transport(&host, "first", None, Vec::new(), vec![option(OptionKind::Recipient, Some("FAX"), 9)]);
    let of_last = vec![option(OptionKind::Message, Some("FAX"), 1), option(OptionKind::Message, Some("SMTP"), -1)];
    add_transport(&host, "last", None, Vec::new(), of_last);
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let default = |value| vec![Property::new(tags::PRIORITY, Value::Long(value))];
    assert_eq!(session.query_default_message_opt("fax", UNICODE).unwrap(), default(1));
    assert_eq!(session.query_default_message_opt("SMTP", 0).unwrap(), default(-1));
    assert_eq!(code(session.query_default_message_opt("X400", 0)), Code::NotFound);
    assert_eq!(code(session.query_default_message_opt("", 0)), Code::InvalidParameter);
    assert_eq!(code(session.query_default_message_opt("FAX", 1)), Code::UnknownFlags);
    let quiet = logon(&subsystem, "Work", MAPI_NO_MAIL | MAPI_NEW_SESSION);
    assert_eq!(code(quiet.query_default_message_opt("FAX", 0)), Code::NotFound);
}

#[test]
fn options_are_edited_on_the_message_and_kept_by_its_save() {
    let host = host_with_transports(0);
    add_transport(&host, "first", None, Vec::new(), vec![option(OptionKind::Message, None, 0)]);
    host.presenter.answer_options(Err(Failure::new(Code::UserCancel, "no")));
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let message = message(&session);
    message.properties().set_props(vec![Property::new(tags::PRIORITY, Value::Long(1))]).unwrap();
    assert_eq!(code(session.message_options(0, 0, Some("SMTP"), &message)), Code::UserCancel);
    let (options, present) = host.presenter.edited().remove(0);
    assert_eq!(options, [option(OptionKind::Message, None, 0)]);
    assert_eq!(present, [Property::new(tags::PRIORITY, Value::Long(1))]);
    host.presenter.answer_options(Ok(vec![Property::new(tags::PRIORITY, Value::Long(-1))]));
    session.message_options(0, 0, None, &message).unwrap();
    let priority = message.properties().get_props(Some(&[tags::PRIORITY]), 0).unwrap().value;
    assert_eq!(priority, [Property::new(tags::PRIORITY, Value::Long(-1))]);
    host.presenter.answer_options(Ok(vec![Property::new(tags::ENTRYID, Value::Binary(vec![1]))]));
    assert_eq!(code(session.message_options(0, 0, None, &message)), Code::Computed);
}

#[test]
fn options_need_a_transport_that_has_some_and_a_user_interface() {
    let host = host_with_transports(0);
    add_transport(&host, "first", None, Vec::new(), vec![option(OptionKind::Message, Some("SMTP"), 0)]);
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let message = message(&session);
    assert_eq!(code(session.message_options(0, 0, Some("FAX"), &message)), Code::NotFound);
    assert_eq!(code(session.message_options(0, 0, Some("SMTP"), &message)), Code::NoSupport);
    assert_eq!(code(session.message_options(0, 2, Some("SMTP"), &message)), Code::UnknownFlags);
}
