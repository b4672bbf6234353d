//! The world's imports: what the component asks of its host, and nothing else.

#![allow(unreachable_pub, reason = "the bindings publish the types behind their resources")]

mod address_book;
mod objects;
mod presenter;
mod services;
mod store;
mod transport;
mod wasi;

pub use address_book::AddressBookHandle;
pub use store::StoreHandle;
pub use transport::{HookHandle, TransportHandle};

use crate::runtime::backends::{Opened, Registered, WatchChanges};
use crate::runtime::convert::Wire;
use crate::runtime::provider::{Context, Provider, Weight};
use crate::runtime::state::HostState;
use crate::runtime::support::{Connected, Support};
use crate::runtime::world::mapi::session::types as wit;
use crate::runtime::{Threading, world};
use mapi_engine::backend::ProviderLogon;
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{Value, tags};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wasmtime::component::{HasSelf, Linker, Resource};

/// A linker with every import of the world.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    world::Session::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

impl wit::Host for HostState {
    /// The one way of a backend's failure into the component.
    fn convert_failure(&mut self, failure: Failure) -> wasmtime::Result<wit::Failure> {
        Ok(failure.into_wit())
    }
}

impl world::mapi::session::method_flags::Host for HostState {}

impl world::mapi::session::backend_types::Host for HostState {}

/// A provider just opened, with its name for people.
struct OpenedProvider<T: ?Sized> {
    provider: Arc<Provider<T>>,
    changes: Option<WatchChanges>,
    report: world::mapi::session::backend_types::LogonReport,
}

/// Opens a backend as the profile section names it.
async fn open<T: ?Sized + Send + Sync + 'static>(
    context: &Context,
    registered: Registered<T>,
    logon: ProviderLogon,
    entry: Option<Vec<u8>>,
    support: impl FnOnce(Connected) -> Support,
) -> Result<OpenedProvider<T>> {
    let name = display_name(&logon);
    let (backend, configuration) = (logon.backend.clone(), logon.configuration.clone());
    // Opening reads files or asks servers even where later calls need not.
    let threading = match registered.threading {
        Threading::Immediate => Threading::Immediate,
        Threading::Prompt | Threading::Blocking => Threading::Blocking,
    };
    let opener = Provider::new(registered.open, &name, threading);
    let Opened { provider, section_changes, status_row, warning, changes, support: wanted } =
        opener.call(context, Weight::Long, move |open| open(&logon, entry.as_deref())).await?;
    let provider = Arc::new(Provider::new(provider, &name, registered.threading));
    if let Some(take) = wanted {
        let (occupied, reports) = (provider.occupied(), provider.reports());
        let support = support(Connected { occupied, reports, backend, configuration });
        if catch_unwind(AssertUnwindSafe(|| take(support))).is_err() {
            return Err(Failure::new(
                Code::CallFailed,
                "the backend broke down (a panic, see the log) when it got its support object",
            ));
        }
    }
    Ok(OpenedProvider { provider, changes, report: super::convert::report(section_changes, status_row, warning) })
}

fn display_name(logon: &ProviderLogon) -> String {
    let named = logon.configuration.iter().find(|property| property.tag.id() == tags::DISPLAY_NAME.id());
    match named.map(|property| &property.value) {
        Some(Value::Unicode(name)) => name.clone(),
        _ => logon.backend.clone(),
    }
}

/// A method the world has and this kind of backend does not offer.
fn unsupported<T>(what: &str) -> Result<T> {
    Err(Failure::new(Code::NoSupport, format!("this provider has no {what}")))
}

/// The provider behind a handle.
trait Find<T> {
    type Provider: ?Sized;
    fn provider(&self, this: &Resource<T>) -> Result<Arc<Provider<Self::Provider>>>;
}
