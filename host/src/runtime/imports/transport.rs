//! The import `transport-backend`.

use super::{Find, OpenedProvider, open, unsupported};
use crate::runtime::backends::{SharedTransport, find};
use crate::runtime::convert::{self, Wire, flags as bits};
use crate::runtime::provider::{Provider, Weight};
use crate::runtime::state::HostState;
use crate::runtime::turns::Followed;
use crate::runtime::world::mapi::session::{backend_types as wit, method_flags as flags, transport_backend, types};
use mapi_engine::backend::{ProviderKind, TransportIdentity};
use mapi_engine::error::{Code, Failure, Result};
use std::sync::Arc;
use wasmtime::component::Resource;

/// A transport the component has opened.
pub struct TransportHandle {
    provider: Arc<Provider<SharedTransport>>,
    /// As it was at the opening, for a backend that breaks down when asked again.
    identity: TransportIdentity,
    /// Held so that what it has to tell wakes the subsystem as long as it is open.
    _followed: Option<Arc<Followed>>,
}

/// A hook provider the component has opened. This host offers none, so there is no value of it.
pub enum HookHandle {}

impl Find<TransportHandle> for HostState {
    type Provider = SharedTransport;

    fn provider(&self, this: &Resource<TransportHandle>) -> Result<Arc<Provider<SharedTransport>>> {
        let handle = self.providers.get(this);
        let handle = handle.map_err(|_| Failure::new(Code::InvalidObject, "this transport was closed"))?;
        Ok(Arc::clone(&handle.provider))
    }
}

impl transport_backend::Host for HostState {
    async fn open(&mut self, logon: wit::ProviderLogon) -> Result<transport_backend::OpenedTransport> {
        let support = self.count_opening(ProviderKind::Transport);
        let logon = convert::logon(logon)?;
        let registered = find(&self.backends.transports, &logon)?;
        let section = logon.section;
        let OpenedProvider { provider, changes, report } = open(&self.context, registered, logon, None, support).await?;
        let followed = changes.map(|watch| self.turns.follow(section, watch));
        let identity = provider.call(&self.context, Weight::Short, |transport| Ok(transport.identity())).await?;
        let transport = self.providers.push(TransportHandle { provider, identity, _followed: followed });
        let transport = transport.map_err(|_| Failure::new(Code::NotEnoughResources, "too many providers are open"))?;
        Ok(transport_backend::OpenedTransport { transport, report })
    }

    async fn open_hook(&mut self, logon: wit::ProviderLogon) -> Result<transport_backend::OpenedHook> {
        Err(Failure::new(Code::NotFound, format!("this host offers no hook provider named {:?}", logon.backend)))
    }
}

impl transport_backend::HostTransport for HostState {
    async fn identity(&mut self, this: Resource<TransportHandle>) -> wasmtime::Result<wit::TransportIdentity> {
        let handle = self.providers.get(&this)?;
        let asked = handle.provider.call(&self.context, Weight::Short, |transport| Ok(transport.identity())).await;
        Ok(convert::transport_identity(asked.unwrap_or_else(|_| handle.identity.clone())))
    }

    async fn register_options(&mut self, this: Resource<TransportHandle>) -> Result<Vec<wit::OptionData>> {
        let provider = self.provider(&this)?;
        let options = provider.call(&self.context, Weight::Short, |transport| transport.register_options()).await?;
        Ok(options.into_iter().map(convert::option_data).collect())
    }

    async fn notify(
        &mut self,
        this: Resource<TransportHandle>,
        how: flags::TransportNotifyFlags,
        entry_id: Option<Vec<u8>>,
    ) -> Result<()> {
        let how = bits::transport_notify(how);
        let notify = move |transport: &SharedTransport| transport.notify(how, entry_id.as_deref());
        self.provider(&this)?.call(&self.context, Weight::Long, notify).await
    }

    async fn begin(&mut self, this: Resource<TransportHandle>, envelope: wit::Envelope) -> Result<u64> {
        let envelope = convert::envelope(envelope)?;
        self.provider(&this)?.call(&self.context, Weight::Transfer, move |transport| transport.begin(&envelope)).await
    }

    async fn write(&mut self, this: Resource<TransportHandle>, transfer: u64, bytes: Vec<u8>) -> Result<()> {
        self.provider(&this)?.call(&self.context, Weight::Transfer, move |transport| transport.write(transfer, &bytes)).await
    }

    async fn finish(&mut self, this: Resource<TransportHandle>, transfer: u64) -> Result<transport_backend::TransferOutcome> {
        let finish = move |transport: &SharedTransport| transport.finish(transfer);
        let outcome = self.provider(&this)?.call(&self.context, Weight::Transfer, finish).await?;
        Ok(transport_backend::TransferOutcome {
            failure: outcome.failure.map(Wire::into_wit),
            retry_after: outcome.retry_after,
            end: bits::end_message(outcome.end),
            recipients: outcome.recipients.into_iter().map(convert::row_outcome).collect(),
            set: convert::wires(outcome.set),
        })
    }

    async fn cancel(&mut self, this: Resource<TransportHandle>, transfer: u64) -> wasmtime::Result<()> {
        self.tell(&this, move |transport| transport.cancel(transfer)).await;
        Ok(())
    }

    async fn poll(&mut self, this: Resource<TransportHandle>) -> Result<bool> {
        self.provider(&this)?.call(&self.context, Weight::Long, |transport| transport.poll()).await
    }

    async fn idle(&mut self, this: Resource<TransportHandle>) -> wasmtime::Result<()> {
        self.tell(&this, |transport| transport.idle()).await;
        Ok(())
    }

    async fn receive(&mut self, this: Resource<TransportHandle>) -> Result<Option<wit::InboundMessage>> {
        let received = self.provider(&this)?.call(&self.context, Weight::Long, |transport| transport.receive()).await?;
        Ok(received.map(convert::inbound))
    }

    async fn read(&mut self, this: Resource<TransportHandle>, message: u64, offset: u64, length: u32) -> Result<Vec<u8>> {
        let read = move |transport: &SharedTransport| transport.read(message, offset, length);
        self.provider(&this)?.call(&self.context, Weight::Long, read).await
    }

    async fn acknowledge(&mut self, this: Resource<TransportHandle>, message: u64, stored: bool) -> Result<()> {
        let acknowledge = move |transport: &SharedTransport| transport.acknowledge(message, stored);
        self.provider(&this)?.call(&self.context, Weight::Long, acknowledge).await
    }

    async fn flush_queues(&mut self, this: Resource<TransportHandle>, _ui: u64, how: flags::FlushQueuesFlags) -> Result<()> {
        let how = bits::flush_queues(how);
        self.provider(&this)?.call(&self.context, Weight::Long, move |transport| transport.flush(how)).await
    }

    async fn validate_state(&mut self, this: Resource<TransportHandle>, _ui: u64, how: flags::ValidateStateFlags) -> Result<()> {
        let how = bits::validate_state(how);
        self.provider(&this)?.call(&self.context, Weight::Long, move |transport| transport.validate(how)).await
    }

    async fn settings_dialog(&mut self, this: Resource<TransportHandle>, ui: u64, how: flags::SettingsDialogFlags) -> Result<()> {
        let how = bits::settings_dialog(how);
        self.provider(&this)?.call(&self.context, Weight::Person, move |transport| transport.settings_dialog(ui, how)).await
    }

    async fn change_password(&mut self, this: Resource<TransportHandle>, old: String, new: String) -> Result<()> {
        self.provider(&this)?.call(&self.context, Weight::Long, move |transport| transport.change_password(&old, &new)).await
    }

    async fn set_status_properties(
        &mut self,
        this: Resource<TransportHandle>,
        properties: Vec<types::Property>,
    ) -> Result<Vec<wit::StatusProblem>> {
        let properties: Vec<mapi_engine::properties::Property> = convert::map(properties)?;
        let set = move |transport: &SharedTransport| transport.set_status_properties(&properties);
        Ok(convert::status_problems(self.provider(&this)?.call(&self.context, Weight::Long, set).await?))
    }

    async fn preprocess(
        &mut self,
        _this: Resource<TransportHandle>,
        _name: String,
        _message: wit::MessageValues,
    ) -> Result<wit::PreprocessOutcome> {
        unsupported("preprocessor")
    }

    async fn remove_preprocess_info(
        &mut self,
        _this: Resource<TransportHandle>,
        _name: String,
        _message: wit::MessageValues,
    ) -> Result<wit::PreprocessOutcome> {
        unsupported("preprocessor")
    }

    async fn read_headers(
        &mut self,
        _this: Resource<TransportHandle>,
        _columns: Vec<u32>,
        _after: Option<Vec<u8>>,
        _max: u32,
    ) -> Result<wit::HeaderPage> {
        unsupported("remote headers")
    }

    async fn set_header_status(
        &mut self,
        _this: Resource<TransportHandle>,
        _entry_id: Vec<u8>,
        _new_status: u32,
        _mask: u32,
    ) -> Result<u32> {
        unsupported("remote headers")
    }

    async fn take_effects(&mut self, this: Resource<TransportHandle>) -> wasmtime::Result<Vec<wit::Effect>> {
        let handle = self.providers.get(&this)?;
        let notices = handle.provider.call(&self.context, Weight::Short, |transport| Ok(transport.notices())).await;
        // A transport that has broken down reports nothing; its next real call says so.
        let notices = notices.unwrap_or_default().into_iter().map(convert::notice);
        Ok(notices.chain(handle.provider.reported(Ok(Vec::new())).into_iter().map(convert::effect)).collect())
    }

    async fn drop(&mut self, this: Resource<TransportHandle>) -> wasmtime::Result<()> {
        self.providers.delete(this)?;
        Ok(())
    }
}

impl HostState {
    /// Calls a method that answers nothing; that it could not be called is the log's.
    async fn tell(&mut self, this: &Resource<TransportHandle>, call: impl FnOnce(&SharedTransport) + Send + 'static) {
        let Ok(provider) = self.provider(this) else { return };
        let called = provider.call(&self.context, Weight::Long, |transport: &SharedTransport| {
            call(transport);
            Ok(())
        });
        if let Err(failure) = called.await {
            tracing::debug!(%failure, "a transport could not be told");
        }
    }
}

impl transport_backend::HostHook for HostState {
    async fn inbound(&mut self, this: Resource<HookHandle>, _message: wit::MessageValues) -> Result<wit::HookOutcome> {
        no_hook(&this)
    }

    async fn outbound(&mut self, this: Resource<HookHandle>, _message: wit::MessageValues) -> Result<wit::HookOutcome> {
        no_hook(&this)
    }

    async fn take_effects(&mut self, _this: Resource<HookHandle>) -> wasmtime::Result<Vec<wit::Effect>> {
        Ok(Vec::new())
    }

    async fn drop(&mut self, _this: Resource<HookHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn no_hook<T>(_this: &Resource<HookHandle>) -> Result<T> {
    Err(Failure::new(Code::InvalidObject, "this host has opened no hook provider"))
}
