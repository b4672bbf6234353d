//! The imports `profile-storage`, `service-catalogue`, `progress` and `logging`.

use crate::runtime::convert;
use crate::runtime::provider::Weight;
use crate::runtime::state::HostState;
use crate::runtime::world::mapi::session::{logging, profile_storage, progress, service_catalogue};
use mapi_engine::backend::{LogLevel, Verdict};
use mapi_engine::error::Result;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl profile_storage::Host for HostState {
    async fn list_profiles(&mut self) -> Result<Vec<profile_storage::ProfileEntry>> {
        let profiles = self.profiles.call(&self.profile_context(), Weight::Short, |storage| storage.list()).await?;
        let entry = |entry: mapi_engine::backend::ProfileEntry| profile_storage::ProfileEntry {
            name: entry.name,
            version: entry.version,
        };
        Ok(profiles.into_iter().map(entry).collect())
    }

    async fn load(&mut self, name: String) -> Result<profile_storage::LoadedProfile> {
        let loaded = self.profiles.call(&self.profile_context(), Weight::Short, move |storage| storage.load(&name)).await?;
        Ok(profile_storage::LoadedProfile { bytes: loaded.bytes, version: loaded.version })
    }

    async fn replace(&mut self, name: String, bytes: Vec<u8>, expected: u64) -> Result<u64> {
        self.profiles.call(&self.profile_context(), Weight::Long, move |storage| storage.replace(&name, &bytes, expected)).await
    }

    async fn rename(&mut self, name: String, new_name: String, expected: u64) -> Result<u64> {
        self.profiles.call(&self.profile_context(), Weight::Long, move |storage| storage.rename(&name, &new_name, expected)).await
    }

    async fn delete(&mut self, name: String, expected: u64) -> Result<()> {
        self.profiles.call(&self.profile_context(), Weight::Long, move |storage| storage.delete(&name, expected)).await
    }

    async fn default_name(&mut self) -> Result<Option<String>> {
        self.profiles.call(&self.profile_context(), Weight::Short, |storage| storage.default_name()).await
    }

    async fn set_default_name(&mut self, name: Option<String>) -> Result<()> {
        self.profiles.call(&self.profile_context(), Weight::Long, move |storage| storage.set_default_name(name.as_deref())).await
    }

    async fn secret(&mut self, profile: String, key: String) -> Result<Option<Vec<u8>>> {
        self.profiles.call(&self.profile_context(), Weight::Long, move |storage| storage.secret(&profile, &key)).await
    }

    async fn set_secret(&mut self, profile: String, key: String, value: Option<Vec<u8>>) -> Result<()> {
        let set = move |storage: &crate::runtime::SharedProfileStorage| storage.set_secret(&profile, &key, value.as_deref());
        self.profiles.call(&self.profile_context(), Weight::Long, set).await
    }

    async fn acquire_lease(&mut self, name: String) -> Result<u64> {
        let given_up = Arc::new(AtomicBool::new(false));
        let is_given_up = Arc::clone(&given_up);
        let acquire = move |storage: &crate::runtime::SharedProfileStorage| {
            let lease = storage.acquire_lease(&name)?;
            if is_given_up.load(Ordering::Acquire) {
                // Nobody waits any more, so nobody would ever give it back.
                storage.release_lease(lease);
            }
            Ok(lease)
        };
        let acquired = self.profiles.call(&self.profile_context(), Weight::Short, acquire).await;
        given_up.store(acquired.is_err(), Ordering::Release);
        let lease = acquired?;
        self.leases.push(lease);
        Ok(lease)
    }

    async fn release_lease(&mut self, lease: u64) -> wasmtime::Result<()> {
        self.leases.retain(|held| *held != lease);
        let released = self.profiles.call(&self.context, Weight::Short, move |storage| {
            storage.release_lease(lease);
            Ok(())
        });
        if let Err(failure) = released.await {
            tracing::warn!(%failure, "the lease of a profile could not be given back");
        }
        Ok(())
    }

    async fn leases(&mut self, name: String) -> Result<u32> {
        self.profiles.call(&self.profile_context(), Weight::Short, move |storage| storage.leases(&name)).await
    }
}

impl service_catalogue::Host for HostState {
    async fn services(&mut self) -> Result<Vec<service_catalogue::ServiceDefinition>> {
        let services = self.catalogue.call(&self.context, Weight::Short, |catalogue| catalogue.services()).await?;
        Ok(services.into_iter().map(convert::service).collect())
    }

    async fn configure(&mut self, request: service_catalogue::ConfigureRequest) -> Result<service_catalogue::ConfigureOutcome> {
        let request = convert::configure_request(request)?;
        let configure = move |catalogue: &crate::runtime::SharedCatalogue| catalogue.configure(request);
        Ok(convert::configure_outcome(self.catalogue.call(&self.context, Weight::Long, configure).await?))
    }
}

impl progress::Host for HostState {
    /// A cancelled call learns of it here, if it does work long enough to report.
    async fn report(&mut self, done: u64, total: u64) -> wasmtime::Result<progress::Verdict> {
        let verdict = match &self.backends.progress {
            // A display that panics is not asked to judge.
            Some(report) => catch_unwind(AssertUnwindSafe(|| report(done, total))).unwrap_or(Verdict::Continue),
            None => Verdict::Continue,
        };
        Ok(match verdict {
            Verdict::Continue if !self.context.control.is_cancelled() => progress::Verdict::Proceed,
            _ => progress::Verdict::Cancel,
        })
    }
}

impl logging::Host for HostState {
    async fn log(&mut self, level: logging::Level, text: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace => LogLevel::Trace,
            logging::Level::Debug => LogLevel::Debug,
            logging::Level::Info => LogLevel::Info,
            logging::Level::Warn => LogLevel::Warn,
            logging::Level::Error => LogLevel::Error,
        };
        match level {
            LogLevel::Trace => tracing::trace!(target: "mapi_session::engine", "{text}"),
            LogLevel::Debug => tracing::debug!(target: "mapi_session::engine", "{text}"),
            LogLevel::Info => tracing::info!(target: "mapi_session::engine", "{text}"),
            LogLevel::Warn => tracing::warn!(target: "mapi_session::engine", "{text}"),
            LogLevel::Error => tracing::error!(target: "mapi_session::engine", "{text}"),
        }
        if let Some(log) = &self.backends.log
            && catch_unwind(AssertUnwindSafe(|| log(level, &text))).is_err()
        {
            tracing::error!("the log sink of the host panicked");
        }
        Ok(())
    }
}
