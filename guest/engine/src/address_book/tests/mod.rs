//! Behaviours of the address book, over providers in memory (`address-book` 14).

mod containers;
mod entries;
mod faults;
mod lists;
mod options;
mod oracle;
mod recipients;
mod resolution;

use super::container_flags::{AB_MODIFIABLE, AB_RECIPIENTS, AB_UNICODE_OK};
use super::{AbContainer, AddrBook, AdrList, OpenedAbEntry};
use crate::backend::{AddressBook, Change, Commit, ObjectId, ObjectKind, Objects, ProviderKind};
use crate::error::{Code, Result};
use crate::memory::{Faulty, MemoryAddressBook, MemoryCatalogue, MemoryHost};
use crate::profiles::MAPI_DEFAULT_SERVICES;
use crate::properties::{Guid, KEEP_OPEN_READWRITE, PropTag, Property, PropertyObject, Value, tags};
use crate::session::{Session, Subsystem, logon_flags};
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;
use std::sync::Arc;

const UNICODE: u32 = MAPI_UNICODE;
/// A container people may change.
const PERSONAL: i32 = AB_RECIPIENTS | AB_MODIFIABLE | AB_UNICODE_OK;

type Provider = Arc<Faulty<MemoryAddressBook>>;

/// A session on a profile with one address book provider for each name.
struct World {
    host: MemoryHost,
    subsystem: Subsystem,
    session: Session,
    providers: Vec<Provider>,
}

impl World {
    fn new(count: usize) -> Self {
        let providers = (0..count).map(|at| MemoryAddressBook::new(Guid([at as u8 + 1; 16])));
        Self::with(providers.map(|book| Arc::new(Faulty::new(book))).collect())
    }

    fn with(providers: Vec<Provider>) -> Self {
        let service = |at: usize| {
            MemoryCatalogue::service(&format!("s{at}"), &format!("Book {at}"), ProviderKind::AddressBook, &format!("b{at}"))
        };
        let host = MemoryHost::new().with_catalogue(MemoryCatalogue::new((0..providers.len()).map(service).collect()));
        for (at, provider) in providers.iter().enumerate() {
            host.add_address_book(&format!("b{at}"), Arc::clone(provider));
        }
        let subsystem = Subsystem::new(Rc::new(host.clone()));
        subsystem.initialize(None).unwrap();
        subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES | UNICODE).unwrap();
        let session = logon(&subsystem);
        Self { host, subsystem, session, providers }
    }

    fn book(&self) -> AddrBook {
        self.session.open_address_book(0, None, 0).unwrap().value
    }

    /// A container at the top of a provider.
    fn container(&self, provider: usize, name: &str, flags: i32, kind: i32) -> ObjectId {
        let book = &self.providers[provider];
        self.container_below(provider, &AddressBook::identity(&**book).root, name, flags, kind)
    }

    fn container_below(&self, provider: usize, parent: &ObjectId, name: &str, flags: i32, kind: i32) -> ObjectId {
        let properties = [
            Property::new(tags::DISPLAY_NAME, text(name)),
            Property::new(tags::CONTAINER_FLAGS, Value::Long(flags)),
            Property::new(tags::DISPLAY_TYPE, Value::Long(kind)),
        ];
        create(&self.providers[provider], parent, ObjectKind::Folder, &properties)
    }

    /// A personal container, opened.
    fn personal(&self, provider: usize) -> (ObjectId, AbContainer) {
        let object = self.container(provider, "Personal", PERSONAL, super::display_type::DT_MODIFIABLE);
        let opened = self.open_container(provider, &object);
        (object, opened)
    }

    fn open_container(&self, provider: usize, object: &ObjectId) -> AbContainer {
        match self.book().open_entry(Some(&self.id(provider, object)), None, 0).unwrap() {
            OpenedAbEntry::Container(container) => container,
            _ => panic!("no container"),
        }
    }

    /// A user of that name and SMTP address, put there by others.
    fn user(&self, provider: usize, container: &ObjectId, name: &str, address: &str) -> Vec<u8> {
        let properties = [
            Property::new(tags::DISPLAY_NAME, text(name)),
            Property::new(tags::ADDRTYPE, text("SMTP")),
            Property::new(tags::EMAIL_ADDRESS, text(address)),
        ];
        let object = create(&self.providers[provider], container, ObjectKind::Message, &properties);
        self.id(provider, &object)
    }

    fn id(&self, provider: usize, object: &ObjectId) -> Vec<u8> {
        crate::entry_id::ProviderEntryId::of_object(self.providers[provider].uid(), object).to_bytes()
    }
}

fn logon(subsystem: &Subsystem) -> Session {
    let flags = logon_flags::MAPI_EXTENDED | logon_flags::MAPI_NEW_SESSION | UNICODE;
    subsystem.logon_ex(0, Some("Work"), None, flags).unwrap()
}

fn create(book: &Provider, parent: &ObjectId, kind: ObjectKind, properties: &[Property]) -> ObjectId {
    let object = book.reserve(1).unwrap().remove(0);
    let properties = properties.iter().cloned().map(Into::into).collect();
    let change = Change::Create { object: object.clone(), parent: parent.clone(), kind, properties };
    book.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
    object
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

fn code<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => Code::SOk,
        Err(failure) => failure.code(),
    }
}

/// A recipient list of names.
fn names(names: &[&str]) -> AdrList {
    names.iter().map(|name| vec![Property::new(tags::DISPLAY_NAME, text(name))]).collect()
}

fn value(properties: &PropertyObject, tag: PropTag) -> Option<Value> {
    let values = properties.get_props(Some(&[tag]), UNICODE).unwrap().value;
    values.into_iter().next().map(|property| property.value).filter(|value| !matches!(value, Value::Error(_)))
}

fn entry_id(properties: &PropertyObject) -> Vec<u8> {
    match value(properties, tags::ENTRYID) {
        Some(Value::Binary(id)) => id,
        other => panic!("PR_ENTRYID is {other:?}"),
    }
}

/// Sets name and address of a new user, and saves it; the code of the save.
fn fill(user: &OpenedAbEntry, name: &str, address: &str) -> Code {
    let properties = user.properties();
    let values = vec![
        Property::new(tags::DISPLAY_NAME, text(name)),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text(address)),
    ];
    assert!(properties.set_props(values).unwrap().is_empty());
    code(properties.save_changes(KEEP_OPEN_READWRITE))
}

/// One column of a table, as text.
fn shown(table: &Table) -> Vec<String> {
    let rows = table.query_all_rows(Some(&[tags::DISPLAY_NAME]), None, None, 0).unwrap();
    rows.into_iter()
        .map(|row| match &row[0].value {
            Value::Unicode(name) => name.clone(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn contents(container: &AbContainer) -> Vec<String> {
    shown(&container.get_contents_table(UNICODE).unwrap())
}
