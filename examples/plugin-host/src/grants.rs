//! What a plugin is granted: one TOML file names the plugins, and for each what it may reach and how much it may use.

use crate::profile::OneProfile;
use mapi_session::backend::ProviderLogon;
use mapi_session::error::{Code, Failure};
use mapi_session::properties::{Value, tags};
use mapi_session::{Backends, Limits};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plugins {
    /// The plugins.
    #[serde(default, rename = "plugin")]
    pub plugins: Vec<Plugin>,
}

/// A plugin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plugin {
    /// Its name in the audit log.
    pub name: String,
    /// The component.
    pub component: PathBuf,
    /// What it is called with.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What it may reach.
    pub grant: Grant,
    /// What it may use.
    #[serde(default)]
    pub quota: Quota,
}

/// What a plugin may reach. What is not here is not there for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grant {
    /// The profile: the only one it sees, and its default. It cannot change it.
    pub profile: String,
    /// The stores of the profile it may open.
    #[serde(default)]
    pub stores: Vec<GrantedStore>,
    /// Whether it is given transports.
    #[serde(default)]
    pub send: bool,
    /// Whether it is given the address books of the profile.
    #[serde(default)]
    pub address_books: bool,
}

/// A store; every one of that name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GrantedStore {
    /// Its display name in the profile.
    pub name: String,
    /// How it may be used.
    pub access: Access,
}

/// How a store may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read only.
    Read,
    /// Read and changed.
    Write,
}

/// What a plugin may use. It ends when it wants more.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Quota {
    /// MiB of memory of its own.
    pub memory_mib: usize,
    /// MiB of memory of its session.
    pub session_memory_mib: usize,
    /// Seconds a call may compute in its session.
    pub call_seconds: f64,
    /// Seconds in all.
    pub seconds: f64,
    /// Objects it may hold at a time.
    pub handles: u32,
    /// Calls.
    pub calls: u64,
    /// Rows read.
    pub rows: u64,
    /// Messages submitted.
    pub submissions: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            session_memory_mib: 128,
            call_seconds: 5.0,
            seconds: 30.0,
            handles: 200,
            calls: 100_000,
            rows: 100_000,
            submissions: 10,
        }
    }
}

impl Quota {
    /// Seconds in all.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX)
    }

    /// The limits of its session.
    #[must_use]
    pub fn session(&self) -> Limits {
        let mut limits = Limits::default();
        limits.memory = self.session_memory_mib << 20;
        limits.call_time = Duration::try_from_secs_f64(self.call_seconds).unwrap_or(Duration::MAX);
        limits.handles = self.handles;
        limits.cancel_grace = Duration::from_millis(500);
        limits
    }
}

impl Grant {
    /// Of all backends of the data folder those that are granted.
    #[must_use]
    pub fn narrow(&self, all: &Backends) -> Backends {
        let (profile, stores, send) = (self.profile.clone(), self.stores.clone(), self.send);
        let mut granted = all
            .clone()
            .with_profiles(|profiles| Arc::new(OneProfile::new(profiles, profile, send)))
            .with_stores_narrowed(move |logon, entry| store_logon(&stores, logon, entry));
        if !self.send {
            granted = granted.without_transports();
        }
        if !self.address_books {
            granted = granted.without_address_books();
        }
        granted
    }
}

/// How a store may be opened; one that is named by its identifier alone may not.
fn store_logon(granted: &[GrantedStore], logon: &ProviderLogon, entry: Option<&[u8]>) -> Result<ProviderLogon, Failure> {
    let name = logon.configuration.iter().find(|property| property.tag.id() == tags::DISPLAY_NAME.id());
    let found =
        granted.iter().find(|store| matches!(name.map(|name| &name.value), Some(Value::Unicode(name)) if *name == store.name));
    match found {
        Some(store) if entry.is_none() => {
            Ok(ProviderLogon { write: logon.write && store.access == Access::Write, ..logon.clone() })
        }
        _ => Err(Failure::new(Code::NoAccess, "the plugin is not granted this store")),
    }
}
