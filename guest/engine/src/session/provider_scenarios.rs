//! What providers get of their session (`session` 10.2), and who owns entry identifiers (`session` 5).

use super::logon_flags::*;
use super::scenarios::{UNICODE, cells, code, logon, subsystem, text};
use super::{MAPI_LOGOFF_SHARED, Session};
use crate::backend::Host as _;
use crate::entry_id::{EntryFlags, OneOff, ProviderEntryId, WrappedStoreId};
use crate::error::Code;
use crate::memory::MemoryHost;
use crate::notifications::{Notification, SESSION_ENDING, SESSION_LOGOFF, mask};
use crate::properties::{Value, tags};

fn name_of(session: &Session) -> Value {
    let table = session.get_status_table(UNICODE).unwrap();
    cells(&table, &[tags::DISPLAY_NAME])[0][0].clone()
}

#[test]
fn a_provider_has_the_session_that_opened_it_and_cannot_end_it() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    subsystem.admin_profiles(0).unwrap().create_profile("Home", None, 0, crate::profiles::MAPI_DEFAULT_SERVICES).unwrap();
    let work = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    work.get_status_table(0).unwrap();
    let of_work = host.last_opening();
    let home = logon(&subsystem, "Home", MAPI_NEW_SESSION);
    home.get_status_table(0).unwrap();
    let of_home = host.last_opening();
    let (first, second) = (subsystem.session_of_provider(of_work).unwrap(), subsystem.session_of_provider(of_home).unwrap());
    assert_eq!((name_of(&first), name_of(&second)), (text("Work"), text("Home")));
    assert_eq!(code(first.logoff(0, 0, 0)), Code::NoAccess);
    assert_eq!(code(first.logoff(0, MAPI_LOGOFF_SHARED, 0)), Code::NoAccess);
    assert_eq!(name_of(&work), text("Work"));
    drop(first);
    assert_eq!(name_of(&work), text("Work"), "a provider's handle that goes takes nothing with it");
    assert_eq!(code(subsystem.session_of_provider(of_home + 1)), Code::InvalidObject);
    assert_eq!(code(subsystem.session_of_provider(0)), Code::InvalidObject);
}

#[test]
fn a_session_does_not_live_by_its_providers_and_tells_them_of_its_end() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let first = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let second = logon(&subsystem, "Work", 0);
    first.get_status_table(0).unwrap();
    let opening = host.last_opening();
    let provider = subsystem.session_of_provider(opening).unwrap();
    let connection = provider.advise(None, mask::EXTENDED).unwrap();
    let told = || {
        let batches = subsystem.dispatch_notifications(0, 0).unwrap().batches;
        let of_provider = batches.into_iter().filter(|batch| batch.connection == connection).flat_map(|batch| batch.events);
        let events = of_provider.map(|event| match event {
            Notification::Extended(extended) => extended.event,
            other => panic!("not expected: {other:?}"),
        });
        events.collect::<Vec<_>>()
    };
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(told(), [SESSION_LOGOFF]);
    assert_eq!(name_of(&provider), text("Work"));
    assert!(provider.get_last_error(Code::NoAccess, 0).unwrap().is_none(), "its last error is its own");
    second.logoff(0, 0, 0).unwrap();
    assert_eq!(told(), [SESSION_LOGOFF, SESSION_ENDING], "fetched after Logoff has returned");
    assert_eq!(code(provider.get_status_table(0)), Code::InvalidObject);
    assert_eq!(code(subsystem.session_of_provider(opening)), Code::InvalidObject);
    subsystem.admin_profiles(0).unwrap().delete_profile("Work", UNICODE).unwrap();
}

#[test]
fn identifiers_are_well_formed_before_anybody_is_asked_for_their_owner() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let open = |id: &[u8]| code(session.open_entry(id, None, 0));
    let compare = |one: &[u8], other: &[u8]| code(session.compare_entry_ids(one, other, 0));
    let unknown = [7; 30];
    for length in 1..20 {
        assert_eq!(open(&unknown[..length]), Code::InvalidEntryid, "{length}");
        assert_eq!(compare(&unknown, &unknown[..length]), Code::InvalidEntryid, "the form of both comes before the owner of one");
    }
    assert_eq!(open(&unknown[..20]), Code::UnknownEntryid);
    let wrapped = WrappedStoreId::new("memory", b"x").unwrap().to_bytes();
    let mut of_short_term = wrapped.clone();
    of_short_term[0] = 0xFF;
    assert_eq!(open(&of_short_term), Code::InvalidEntryid, "a wrapped identifier is long-term");
    assert_eq!(open(&wrapped[..24]), Code::InvalidEntryid);
    let foreign = WrappedStoreId::new("elsewhere", b"x").unwrap().to_bytes();
    assert_eq!(open(&foreign), Code::UnknownEntryid, "no such provider");
    assert_eq!(compare(&foreign, &foreign), Code::UnknownEntryid, "even for equal bytes");
    assert_eq!(compare(&wrapped, &wrapped), Code::SOk, "the provider need only be installed");
    let one_off = OneOff::new("Ann", "SMTP", "ann@example.org").to_bytes();
    assert_eq!(open(&one_off[..26]), Code::InvalidEntryid);
    assert_eq!(open(&one_off), Code::SOk);
}

#[test]
fn a_status_identifier_is_good_for_its_session_and_as_long_as_its_row() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let table = session.get_status_table(UNICODE).unwrap();
    let Value::Binary(id) = cells(&table, &[tags::ENTRYID])[0][0].clone() else { panic!("a row has one") };
    let parsed = ProviderEntryId::parse(&id).unwrap();
    assert_eq!((parsed.flags, id.len()), (EntryFlags::SHORT_TERM, 24));
    let with = |change: &dyn Fn(&mut ProviderEntryId)| {
        let mut changed = parsed.clone();
        change(&mut changed);
        code(session.open_entry(&changed.to_bytes(), None, 0))
    };
    assert_eq!(with(&|_| {}), Code::SOk);
    assert_eq!(with(&|id| id.flags = EntryFlags::LONG_TERM), Code::InvalidEntryid);
    assert_eq!(with(&|id| id.data.push(0)), Code::InvalidEntryid);
    assert_eq!(with(&|id| id.data = u32::MAX.to_le_bytes().to_vec()), Code::NotFound, "there is no such row");
    assert_eq!(with(&|id| id.uid.0[0] ^= 1), Code::UnknownEntryid);
    assert_eq!(code(session.advise(Some(&id), mask::OBJECT_MODIFIED)), Code::NoSupport);
}

#[test]
fn a_registration_ends_once_and_only_where_it_was_made() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let first = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let second = logon(&subsystem, "Work", 0);
    let connection = first.advise(None, mask::EXTENDED).unwrap();
    assert_eq!(code(second.unadvise(connection)), Code::NotFound);
    first.unadvise(connection).unwrap();
    assert_eq!(code(first.unadvise(connection)), Code::NotFound);
    second.logoff(0, MAPI_LOGOFF_SHARED, 0).unwrap();
    assert_eq!(subsystem.dispatch_notifications(0, 0).unwrap().batches.len(), 0, "nobody is registered any more");
}
