//! The kit as a component: checks by name, over the imports.

use crate::address_books::SharedBook;
use crate::imports::address_book::ImportedAddressBook;
use crate::imports::hook_panics;
use crate::imports::profiles::ImportedProfiles;
use crate::imports::providers::wire_logon;
use crate::imports::services::Randomness;
use crate::imports::store::ImportedStore;
use crate::imports::transport::ImportedTransport;
use crate::report::{Broken, Outcome};
use crate::stores::SharedStore;
use crate::transports::SharedTransport;
use crate::world::exports::mapi::backend_kit::suites::{Guest, Subject, Suite};
use crate::world::mapi::session::{address_book_backend, store_backend, transport_backend};
use crate::{address_books, profiles, stores, transports};
use mapi_engine::backend::{Entropy as _, ProviderLogon};
use mapi_engine::error::Result;
use mapi_engine::properties::Guid;
use std::sync::Arc;

/// The component.
struct Kit;

crate::world::export!(Kit with_types_in crate::world);

impl Guest for Kit {
    fn checks(suite: Suite, subject: Subject) -> Vec<String> {
        let names = match suite {
            Suite::Store => stores::named::empty(),
            Suite::DurableStore => stores::named::durable(),
            Suite::AddressBook => address_books::named::all(),
            Suite::Transport => transports::named::all(subject.address.as_deref()),
            Suite::ProfileStorage => profiles::named::all(),
        };
        names.into_iter().map(ToOwned::to_owned).collect()
    }

    fn run(suite: Suite, name: String, subject: Subject) -> std::result::Result<(), String> {
        hook_panics();
        let section = chance();
        let backend = &subject.backend;
        let outcome = match suite {
            Suite::Store => stores::named::run_empty(&name, &|| store(backend, chance())),
            Suite::DurableStore => stores::named::run_durable(&name, &|| store(backend, section)),
            Suite::AddressBook => address_books::named::run(&name, || {
                let opened = address_book_backend::open(&wire_logon(&logon(backend, section))?)?;
                Ok(Arc::new(ImportedAddressBook::new(opened.address_book, Vec::new())?) as SharedBook)
            }),
            Suite::Transport => {
                let open = || {
                    let opened = transport_backend::open(&wire_logon(&logon(backend, section))?)?;
                    Ok(Arc::new(ImportedTransport::new(opened.transport, Vec::new())) as SharedTransport)
                };
                transports::named::run(&name, open, subject.address.as_deref())
            }
            Suite::ProfileStorage => profiles::named::run(&name, &ImportedProfiles, &format!("backend kit {section}")),
        };
        told(outcome.unwrap_or_else(|| Err(Broken("there is no such check".to_owned()))))
    }
}

fn told(outcome: Outcome) -> std::result::Result<(), String> {
    outcome.map_err(|Broken(why)| why)
}

/// An identifier nobody had before.
fn chance() -> Guid {
    let mut bytes = [0; 16];
    Randomness.fill(&mut bytes);
    Guid(bytes)
}

fn logon(backend: &str, section: Guid) -> ProviderLogon {
    ProviderLogon {
        backend: backend.to_owned(),
        profile: "Backend kit".to_owned(),
        section,
        configuration: Vec::new(),
        may_prompt: false,
        write: true,
        background: false,
        temporary: false,
    }
}

fn store(backend: &str, section: Guid) -> Result<SharedStore> {
    let opened = store_backend::open(&wire_logon(&logon(backend, section))?, None)?;
    Ok(Arc::new(ImportedStore::new(opened.store, Vec::new())?))
}
