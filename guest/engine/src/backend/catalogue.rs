//! The services the host offers: the meaning of the classical information file (`profiles` 1.6, 6).

use crate::error::{Failure, Result};
use crate::properties::{Guid, PropTag, Property};

/// `PR_RESOURCE_TYPE` of a provider section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named by `profiles` 2.2")]
pub enum ProviderKind {
    Store,
    AddressBook,
    Transport,
    Hook,
}

impl ProviderKind {
    /// `PR_RESOURCE_TYPE`.
    #[must_use]
    pub const fn resource_type(self) -> i32 {
        match self {
            Self::Store => 33,
            Self::AddressBook => 35,
            Self::Transport => 36,
            Self::Hook => 40,
        }
    }
}

/// A provider section of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderDefinition {
    /// Name of the section.
    pub section: String,
    /// `PR_DISPLAY_NAME`.
    pub display_name: String,
    /// `PR_PROVIDER_DISPLAY`.
    pub provider_display: String,
    /// `PR_PROVIDER_DLL_NAME`: the backend.
    pub backend: String,
    /// `PR_RESOURCE_TYPE`.
    pub kind: ProviderKind,
    /// `PR_RESOURCE_FLAGS`.
    pub flags: u32,
    /// Everything else.
    pub properties: Vec<Property>,
}

/// An extra section of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraDefinition {
    /// Its fixed key.
    pub uid: Guid,
    /// Its properties.
    pub properties: Vec<Property>,
}

/// A message service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDefinition {
    /// `PR_SERVICE_NAME`: the key.
    pub name: String,
    /// `PR_DISPLAY_NAME`.
    pub display_name: String,
    /// `PR_RESOURCE_FLAGS` (`SERVICE_*`).
    pub flags: u32,
    /// Whether it is one of the default services.
    pub default: bool,
    /// Whether it has an entry point.
    pub configurable: bool,
    /// Everything else.
    pub properties: Vec<Property>,
    /// Its providers, in order; at least one.
    pub providers: Vec<ProviderDefinition>,
    /// Its extra sections.
    pub extras: Vec<ExtraDefinition>,
}

/// `MSG_SERVICE_*`: why an entry point is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by `profiles` 6")]
pub enum ConfigureContext {
    Install,
    Create,
    Configure,
    Delete,
    Uninstall,
    ProviderCreate,
    ProviderDelete,
}

/// A section handed to an entry point, protected properties included.
#[derive(Clone, Debug, PartialEq)]
pub struct SectionValues {
    /// Its key.
    pub uid: Guid,
    /// Its properties.
    pub properties: Vec<Property>,
}

/// A call of an entry point.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigureRequest {
    /// `PR_SERVICE_NAME`.
    pub service: String,
    /// Why.
    pub context: ConfigureContext,
    /// `SERVICE_*` and `MSG_SERVICE_UI_*` flags.
    pub flags: u32,
    /// Token of the window to show UI in, 0: none.
    pub ui: u64,
    /// Given properties.
    pub properties: Vec<Property>,
    /// Name of the profile.
    pub profile: String,
    /// The service section.
    pub section: SectionValues,
    /// The provider sections.
    pub providers: Vec<SectionValues>,
    /// The extra sections.
    pub extras: Vec<SectionValues>,
    /// The provider concerned, if one is.
    pub provider: Option<Guid>,
}

/// Changes of one section.
#[derive(Clone, Debug, PartialEq)]
pub struct SectionChange {
    /// Its key.
    pub uid: Guid,
    /// Values to set.
    pub set: Vec<Property>,
    /// Identifiers to delete.
    pub delete: Vec<PropTag>,
}

/// A provider an entry point asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewProvider {
    /// Section of the catalogue.
    pub section: String,
    /// Properties on top of the catalogue's.
    pub properties: Vec<Property>,
}

/// What an entry point answered.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ConfigureOutcome {
    /// `None`: done. Changes count only then.
    pub failure: Option<Failure>,
    /// Sections to change; only the service's own.
    pub sections: Vec<SectionChange>,
    /// Providers to create.
    pub create: Vec<NewProvider>,
    /// Providers to delete.
    pub delete: Vec<Guid>,
    /// Extra sections to create.
    pub extras: Vec<ExtraDefinition>,
}

/// The catalogue.
pub trait Catalogue {
    /// All services, in order.
    ///
    /// # Errors
    /// The host's own.
    fn services(&self) -> Result<Vec<ServiceDefinition>>;

    /// Calls the entry point of a service.
    ///
    /// # Errors
    /// The call itself failed; a refusal is in the outcome.
    fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome>;
}
