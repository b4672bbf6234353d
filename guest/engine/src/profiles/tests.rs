//! Administration as a client sees it (`profiles` 8).

mod cut_off;
mod profiles;
mod providers;
mod roles;
mod services;

use crate::backend::{ExtraDefinition, ProviderKind};
use crate::error::{Code, Result};
use crate::memory::{MemoryCatalogue, MemoryHost};
use crate::profiles::{MAPI_FORCE_ACCESS, MsgServiceAdmin, ProfAdmin, provider_flags, service_flags};
use crate::properties::{Guid, MAPI_MODIFY, PropTag, Property, PropertyObject, Value, tags};
use crate::session::{Session, Subsystem};
use crate::tables::{Bookmark, MAPI_UNICODE, Table};
use std::rc::Rc;
use std::sync::Arc;

const SECRET: PropTag = PropTag(0x67F2_001F);
const SETTING: PropTag = PropTag(0x6601_001F);
const EXTRA: Guid = Guid([0xE; 16]);

/// Two providers and an extra section, with an entry point that agrees to everything but what `refusing` says.
fn pair(
    catalogue: MemoryCatalogue,
    refusing: impl Fn(&crate::backend::ConfigureRequest) -> Option<Code> + Send + Sync + 'static,
) -> MemoryCatalogue {
    let mut pair = MemoryCatalogue::service("pair", "Pair", ProviderKind::AddressBook, "memory-pab");
    pair.default = false;
    let mut second = pair.providers[0].clone();
    second.section = "second".into();
    second.display_name = "Second".into();
    second.flags = provider_flags::PRIMARY_IDENTITY;
    pair.providers.push(second);
    pair.extras.push(ExtraDefinition { uid: EXTRA, properties: vec![Property::new(tags::COMMENT, text("extra"))] });
    catalogue.with(pair).with_entry_point("pair", move |request| match refusing(request) {
        Some(code) => Err(crate::error::Failure::new(code, "the service says no")),
        None => Ok(crate::backend::ConfigureOutcome::default()),
    })
}

struct Fixture {
    host: MemoryHost,
    catalogue: Arc<MemoryCatalogue>,
    subsystem: Subsystem,
}

/// A subsystem with the profiles `Work` and `Home`, both empty, and services for everything.
fn fixture() -> Fixture {
    fixture_refusing(|_| None)
}

fn fixture_refusing(refusing: impl Fn(&crate::backend::ConfigureRequest) -> Option<Code> + Send + Sync + 'static) -> Fixture {
    let mut single = MemoryCatalogue::service("single", "Single", ProviderKind::Store, "memory");
    single.flags = service_flags::SINGLE_COPY;
    let mut silent = MemoryCatalogue::service("silent", "Silent", ProviderKind::AddressBook, "memory-pab");
    silent.flags = service_flags::NO_PRIMARY_IDENTITY;
    let mut last = MemoryCatalogue::service("last", "Last", ProviderKind::Transport, "wire");
    last.providers[0].flags = provider_flags::XP_PREFER_LAST;
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        single,
        silent,
        last,
        MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire"),
    ]);
    let catalogue = Arc::new(pair(catalogue, refusing));
    let host = MemoryHost::new().with_catalogue(Arc::clone(&catalogue));
    let subsystem = Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    for name in ["Work", "Home"] {
        subsystem.admin_profiles(0).unwrap().create_profile(name, None, 0, 0).unwrap();
    }
    Fixture { host, catalogue, subsystem }
}

impl Fixture {
    fn admin(&self) -> ProfAdmin {
        self.subsystem.admin_profiles(0).unwrap()
    }

    fn services(&self, profile: &str) -> MsgServiceAdmin {
        self.admin().admin_services(profile, None, 0, 0).unwrap()
    }

    fn logon(&self, profile: &str) -> Session {
        self.subsystem.logon_ex(0, Some(profile), None, 0x22).unwrap()
    }

    /// The names in the profile table, application profiles too.
    fn names(&self) -> Vec<Value> {
        column(&self.admin().get_profile_table(4 | MAPI_UNICODE).unwrap(), tags::DISPLAY_NAME)
    }

    fn search_key(&self, profile: &str) -> Value {
        let section = self.services(profile).open_profile_section(Some(crate::profiles::PROFILE_INSTANCE), None, 0).unwrap();
        value(&section.properties(), tags::SEARCH_KEY)
    }
}

fn add(services: &MsgServiceAdmin, name: &str) -> Guid {
    services.create_msg_service_ex(name, "", 0, 0).unwrap()
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

fn code<T>(result: Result<T>) -> Code {
    result.map_or_else(|failure| failure.code(), |_| Code::SOk)
}

fn column(table: &Table, tag: PropTag) -> Vec<Value> {
    table.set_columns(&[tag], 0).unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    table.query_rows(100, 0).unwrap().into_iter().map(|mut row| row.remove(0).value).collect()
}

fn keys(table: &Table, tag: PropTag) -> Vec<Guid> {
    let keys = column(table, tag).into_iter().map(|cell| match cell {
        Value::Binary(bytes) => Guid::from_slice(&bytes).unwrap(),
        other => panic!("a key was expected, not {other:?}"),
    });
    keys.collect()
}

fn providers(services: &MsgServiceAdmin) -> Vec<Guid> {
    keys(&services.get_provider_table(0).unwrap(), tags::PROVIDER_UID)
}

fn flags(table: &Table) -> Vec<u32> {
    let numbers = column(table, tags::RESOURCE_FLAGS).into_iter().map(|cell| match cell {
        Value::Long(flags) => flags.cast_unsigned(),
        other => panic!("flags were expected, not {other:?}"),
    });
    numbers.collect()
}

fn open(services: &MsgServiceAdmin, uid: Guid) -> PropertyObject {
    services.open_profile_section(Some(uid), None, MAPI_MODIFY | MAPI_FORCE_ACCESS).unwrap().properties()
}

fn value(section: &PropertyObject, tag: PropTag) -> Value {
    section.get_props(Some(&[tag]), MAPI_UNICODE).unwrap().value.remove(0).value
}

/// Puts a plain and a protected value into a section.
fn fill(services: &MsgServiceAdmin, uid: Guid, word: &str) {
    let values = vec![Property::new(SETTING, text(word)), Property::new(SECRET, text(word))];
    assert!(open(services, uid).set_props(values).unwrap().is_empty());
}

fn filled(services: &MsgServiceAdmin, uid: Guid) -> [Value; 2] {
    let section = open(services, uid);
    [value(&section, SETTING), value(&section, SECRET)]
}
