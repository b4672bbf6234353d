//! A data folder with services that fail as they are told to, and subsystems on it.

use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value};
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, ProfileAdmin, ServiceAdmin, Session, Subsystem, flags,
};
use mapi_tests::configured_provider::ConfiguredProviders;
use std::path::Path;
use std::sync::OnceLock;

/// The services beside the built-in ones. Behind each provider that can be told to fail comes an honest one: of the
/// stores and address books it is in SQLite.
const SERVICES: &str = r#"
[[service]]
name = "told.store"
display-name = "Told store"
settings = ["6700001F", "67010003", "6702001F", "67030003", "6704000B"]

[[service.provider]]
section = "told.store"
display-name = "Told store"
provider-display = "Fails as it is told to"
backend = "configured-store"
kind = "store"

[[service.provider]]
section = "told.store.file"
display-name = "Store beside it"
provider-display = "Message store in one file"
backend = "sqlite"
kind = "store"

[[service]]
name = "told.book"
display-name = "Told book"
settings = ["6700001F", "67010003", "6702001F", "67030003", "6704000B"]

[[service.provider]]
section = "told.book"
display-name = "Told book"
provider-display = "Fails as it is told to"
backend = "configured-book"
kind = "address-book"

[[service.provider]]
section = "told.book.file"
display-name = "Book beside it"
provider-display = "Address book in one file"
backend = "sqlite-pab"
kind = "address-book"

[[service]]
name = "told.wire"
display-name = "Told wire"
settings = ["6700001F", "67010003", "6702001F", "67030003", "6704000B", "PR_IDENTITY_DISPLAY", "PR_IDENTITY_ENTRYID", "PR_IDENTITY_SEARCH_KEY"]

[[service.provider]]
section = "told.wire"
display-name = "Told wire"
provider-display = "Sends as it is told to"
backend = "configured-wire"
kind = "transport"
flags = ["STATUS_PRIMARY_IDENTITY"]
"#;

pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(700)).unwrap()
    })
}

/// A data folder with the profiles `Work` and `Home`, both empty.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) backends: Backends,
    pub(crate) providers: ConfiguredProviders,
    pub(crate) subsystem: Subsystem,
    pub(crate) admin: ProfileAdmin,
    pub(crate) work: ServiceAdmin,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(folder.path().join("services.toml"), SERVICES).unwrap();
        let providers = ConfiguredProviders::default();
        let backends = providers.grant(Backends::embedded(folder.path()).unwrap());
        let subsystem = engine().pulled_subsystem(&backends, limits).await.unwrap();
        let admin = subsystem.admin_profiles().await.unwrap();
        for name in ["Work", "Home"] {
            admin.create_profile(name, flags::CreateProfileFlags::empty()).await.unwrap();
        }
        let work = admin.admin_services("Work").await.unwrap();
        Self { folder, backends, providers, subsystem, admin, work }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a service to `Work`, and tells its first provider how to fail.
    pub(crate) async fn add(&self, service: &str, told: &[(PropTag, Value)]) -> Guid {
        let uid = self.work.create_msg_service_ex(service, None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
        if !told.is_empty() {
            let told = told.iter().map(|(tag, value)| Property::new(*tag, value.clone())).collect();
            self.work.configure_msg_service(uid, told).await.unwrap();
        }
        uid
    }

    /// A session of its own on `Work`.
    pub(crate) async fn session(&self) -> Session {
        self.subsystem.logon(LogonOptions::profile("Work")).await.unwrap()
    }

    pub(crate) async fn logon(&self, profile: Option<&str>, how: flags::LogonFlags) -> Result<Session> {
        let options = LogonOptions { profile: profile.map(str::to_owned), flags: how };
        self.subsystem.logon(options).await.map_err(Failure::from)
    }

    /// The files of that kind in the data folder.
    pub(crate) fn files(&self, kind: &str) -> usize {
        let files = std::fs::read_dir(self.path().join(kind)).into_iter().flatten();
        files.filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|end| end == "mapi"))).count()
    }
}

pub(crate) fn code<T>(done: Result<T>) -> Code {
    done.map_or_else(|failure| failure.code(), |_| Code::SOk)
}
