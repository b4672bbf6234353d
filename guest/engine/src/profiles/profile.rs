//! A profile: its services, providers and sections, and the roles among them (`profiles` 1, 5).

use crate::backend::{ExtraDefinition, ProviderDefinition, ProviderKind, ServiceDefinition};
use crate::profiles::{PROTECTED, SectionProperties};
use crate::properties::{Guid, PropTag, Property, Value, tags};

/// `SERVICE_*` bits of a service's `PR_RESOURCE_FLAGS` (`profiles` 2.3).
pub mod service_flags {
    #![expect(missing_docs, reason = "named by `profiles` 2.3")]
    pub const DEFAULT_STORE: u32 = 0x1;
    pub const SINGLE_COPY: u32 = 0x2;
    pub const PRIMARY_IDENTITY: u32 = 0x8;
    pub const NO_PRIMARY_IDENTITY: u32 = 0x20;
}

/// `STATUS_*` bits of a provider's `PR_RESOURCE_FLAGS` (`profiles` 2.3).
pub mod provider_flags {
    #![expect(missing_docs, reason = "named by `profiles` 2.3")]
    pub const DEFAULT_STORE: u32 = 0x2;
    pub const PRIMARY_IDENTITY: u32 = 0x4;
    pub const SIMPLE_STORE: u32 = 0x8;
    pub const XP_PREFER_LAST: u32 = 0x10;
    pub const NO_PRIMARY_IDENTITY: u32 = 0x20;
    pub const NO_DEFAULT_STORE: u32 = 0x40;
    pub const TEMP_SECTION: u32 = 0x80;
    pub const PRIMARY_STORE: u32 = 0x1000;
    pub const SECONDARY_STORE: u32 = 0x2000;
}

/// MUID_PROFILE_INSTANCE: the section with the profile's search key.
pub const PROFILE_INSTANCE: Guid = Guid::mapi(0x0002_0385);

/// The global section, which every profile has.
pub const GLOBAL_SECTION: Guid = Guid::from_fields(0xC8B0_DB13, 0x05AA, 0x1A10, [0x9B, 0xB0, 0x00, 0xAA, 0x00, 0x2F, 0xC4, 0x5A]);

/// The section of the integrated address book: search path, default directory, personal address book
/// (`address-book` 1). It is the engine's own.
pub const ADDRESS_BOOK_SECTION: Guid =
    Guid::from_fields(0xE0F3_0792, 0xB1A3, 0x1910, [0x90, 0x8B, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2]);

/// `PR_OBJECT_TYPE` of a profile section.
pub const MAPI_PROFSECT: i32 = 9;

/// A message service of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// `PR_SERVICE_UID`.
    pub uid: Guid,
    /// `PR_SERVICE_NAME`: the key in the catalogue.
    pub name: String,
    /// `PR_RESOURCE_FLAGS`.
    pub flags: u32,
    /// Whether it has an entry point.
    pub configurable: bool,
    /// Its section.
    pub properties: SectionProperties,
}

/// A provider of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// `PR_PROVIDER_UID`.
    pub uid: Guid,
    /// The service it belongs to; a store opened by a constructed identifier has none.
    pub service: Option<Guid>,
    /// `PR_PROVIDER_DLL_NAME`.
    pub backend: String,
    /// `PR_RESOURCE_TYPE`.
    pub kind: ProviderKind,
    /// `PR_RESOURCE_FLAGS`.
    pub flags: u32,
    /// Whether the catalogue marks it as a supplier of the primary identity.
    pub may_supply_identity: bool,
    /// Its section.
    pub properties: SectionProperties,
}

impl Provider {
    /// `PR_DISPLAY_NAME`, for people.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.properties.text(tags::DISPLAY_NAME).unwrap_or(&self.backend)
    }

    /// Whether the provider's flags have that bit.
    #[must_use]
    pub const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// A section that is neither a service's nor a provider's.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraSection {
    /// Its key.
    pub uid: Guid,
    /// The service that lists it; `None` for a client's own section.
    pub service: Option<Guid>,
    /// Its properties.
    pub properties: SectionProperties,
}

/// A service with its providers and extra sections, made from the catalogue and not yet in a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceContents {
    /// The service.
    pub service: Service,
    /// Its providers, in catalogue order.
    pub providers: Vec<Provider>,
    /// Its extra sections.
    pub extras: Vec<ExtraSection>,
}

impl ServiceContents {
    /// Copies a service of the catalogue, with fresh identifiers.
    pub fn from_catalogue(definition: &ServiceDefinition, mut new_uid: impl FnMut() -> Guid) -> Self {
        let uid = new_uid();
        let mut properties: SectionProperties = catalogue_section(&definition.properties);
        properties.put(tags::DISPLAY_NAME, Value::Unicode(definition.display_name.clone()));
        let service = Service {
            uid,
            name: definition.name.clone(),
            flags: definition.flags & !service_flags::DEFAULT_STORE & !service_flags::PRIMARY_IDENTITY,
            configurable: definition.configurable,
            properties,
        };
        let providers = definition.providers.iter().map(|provider| new_provider(provider, uid, new_uid())).collect();
        let extras = definition.extras.iter().map(|extra| new_extra(extra, uid)).collect();
        Self { service, providers, extras }
    }

    /// The stored properties of all its sections.
    pub fn sections(&self) -> impl Iterator<Item = (Guid, &SectionProperties)> {
        let providers = self.providers.iter().map(|provider| (provider.uid, &provider.properties));
        let extras = self.extras.iter().map(|extra| (extra.uid, &extra.properties));
        core::iter::once((self.service.uid, &self.service.properties)).chain(providers).chain(extras)
    }

    /// The section with that key, `None` if it is not one of this service.
    pub fn section_mut(&mut self, uid: Guid) -> Option<&mut SectionProperties> {
        if self.service.uid == uid {
            return Some(&mut self.service.properties);
        }
        let provider = self.providers.iter_mut().find(|provider| provider.uid == uid).map(|provider| &mut provider.properties);
        provider.or_else(|| self.extras.iter_mut().find(|extra| extra.uid == uid).map(|extra| &mut extra.properties))
    }
}

/// A provider section from the catalogue.
#[must_use]
pub fn new_provider(definition: &ProviderDefinition, service: Guid, uid: Guid) -> Provider {
    let mut properties: SectionProperties = catalogue_section(&definition.properties);
    properties.put(tags::DISPLAY_NAME, Value::Unicode(definition.display_name.clone()));
    properties.put(tags::PROVIDER_DISPLAY, Value::Unicode(definition.provider_display.clone()));
    Provider {
        uid,
        service: Some(service),
        backend: definition.backend.clone(),
        kind: definition.kind,
        flags: definition.flags & !(provider_flags::TEMP_SECTION | provider_flags::PRIMARY_IDENTITY),
        may_supply_identity: definition.flags & provider_flags::PRIMARY_IDENTITY != 0,
        properties,
    }
}

/// An extra section from the catalogue.
#[must_use]
pub fn new_extra(definition: &ExtraDefinition, service: Guid) -> ExtraSection {
    ExtraSection { uid: definition.uid, service: Some(service), properties: catalogue_section(&definition.properties) }
}

/// A profile. The order of services and providers is the profile order (`profiles` 1.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// `PR_SEARCH_KEY`: unique among all profiles ever.
    pub search_key: Guid,
    /// Whether it is an application profile.
    pub application: bool,
    /// Whether it is marked for deletion (`profiles` 1.5).
    pub deleted: bool,
    /// Whether it is still being written: nobody sees it, and it goes when its writer has died.
    pub unfinished: bool,
    /// The name it gets when its last session ends (`profiles` 1.5).
    pub rename_to: Option<String>,
    /// The transports as MsgServiceTransportOrder put them; empty: they were never put in order.
    pub transport_order: Vec<Guid>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its providers.
    pub providers: Vec<Provider>,
    /// Its other sections.
    pub extras: Vec<ExtraSection>,
}

impl Profile {
    /// An empty profile.
    #[must_use]
    pub fn new(search_key: Guid, application: bool) -> Self {
        let global = ExtraSection { uid: GLOBAL_SECTION, service: None, properties: SectionProperties::default() };
        Self {
            search_key,
            application,
            deleted: false,
            unfinished: false,
            rename_to: None,
            transport_order: Vec::new(),
            services: Vec::new(),
            providers: Vec::new(),
            extras: vec![global],
        }
    }

    /// Whether clients may see it.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        !self.deleted && !self.unfinished
    }

    /// A service by its UID.
    #[must_use]
    pub fn service(&self, uid: Guid) -> Option<&Service> {
        self.services.iter().find(|service| service.uid == uid)
    }

    /// A provider by its UID.
    #[must_use]
    pub fn provider(&self, uid: Guid) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.uid == uid)
    }

    /// The permanent providers of a kind, in profile order.
    pub fn providers_of(&self, kind: ProviderKind) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(move |provider| provider.kind == kind)
    }

    /// The default store, if there is one.
    #[must_use]
    pub fn default_store(&self) -> Option<&Provider> {
        self.providers_of(ProviderKind::Store).find(|store| store.has(provider_flags::DEFAULT_STORE))
    }

    /// The providers of a service, in profile order.
    pub fn providers_in(&self, service: Guid) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(move |provider| provider.service == Some(service))
    }

    /// `PR_PROVIDER_ORDINAL`: the position of a provider within its resource type.
    #[must_use]
    pub fn ordinal(&self, provider: &Provider) -> i32 {
        let position = match provider.kind {
            ProviderKind::Transport => self.transports().iter().position(|other| other.uid == provider.uid),
            kind => self.providers_of(kind).position(|other| other.uid == provider.uid),
        };
        position.and_then(|position| i32::try_from(position).ok()).unwrap_or(0)
    }

    /// Appends a service and settles the roles of its providers (`profiles` 4.3 step 5, 5).
    pub fn add_service(&mut self, contents: ServiceContents) {
        let lacks_supplier = self.lacks_supplier();
        self.append(contents);
        if lacks_supplier {
            self.choose_identity();
        }
    }

    /// Appends a service that takes the primary identity from nobody, and not where there is none either. A
    /// profile without a default store gets one.
    pub fn append(&mut self, contents: ServiceContents) {
        self.services.push(contents.service);
        self.providers.extend(contents.providers);
        for extra in contents.extras {
            if !self.extras.iter().any(|known| known.uid == extra.uid) {
                self.extras.push(extra);
            }
        }
        self.settle_default_store();
    }

    /// A service with its providers and extra sections.
    #[must_use]
    pub fn contents_of(&self, uid: Guid) -> Option<ServiceContents> {
        Some(ServiceContents {
            service: self.service(uid)?.clone(),
            providers: self.providers_in(uid).cloned().collect(),
            extras: self.extras.iter().filter(|extra| extra.service == Some(uid)).cloned().collect(),
        })
    }

    /// Puts back what [`Profile::contents_of`] gave, changed: providers keep their places, new ones come last.
    pub fn replace_contents(&mut self, contents: ServiceContents) {
        let (had_supplier, lacks_supplier) = (self.has_supplier(), self.lacks_supplier());
        let uid = contents.service.uid;
        let kept = |provider: &Provider| contents.providers.iter().any(|new| new.uid == provider.uid);
        self.providers.retain(|provider| provider.service != Some(uid) || kept(provider));
        for provider in contents.providers {
            match self.providers.iter_mut().find(|known| known.uid == provider.uid) {
                Some(known) => *known = provider,
                None => self.providers.push(provider),
            }
        }
        self.extras.retain(|extra| extra.service != Some(uid));
        self.extras.extend(contents.extras);
        self.settle_transport_order();
        if let Some(service) = self.services.iter_mut().find(|service| service.uid == uid) {
            *service = contents.service;
        }
        self.settle_default_store();
        if lacks_supplier || (had_supplier && !self.has_supplier()) {
            self.choose_identity();
        }
    }

    /// Removes a service with its providers and extra sections; the roles it held go on (`profiles` 5).
    pub fn remove_service(&mut self, uid: Guid) {
        let supplied = self.service(uid).is_some_and(|service| service.flags & service_flags::PRIMARY_IDENTITY != 0);
        self.services.retain(|service| service.uid != uid);
        self.providers.retain(|provider| provider.service != Some(uid));
        self.extras.retain(|extra| extra.service != Some(uid));
        self.settle_transport_order();
        self.settle_default_store();
        if supplied {
            self.choose_identity();
        }
    }

    /// The stored properties of all sections.
    pub fn sections(&self) -> impl Iterator<Item = (Guid, &SectionProperties)> {
        let services = self.services.iter().map(|service| (service.uid, &service.properties));
        let providers = self.providers.iter().map(|provider| (provider.uid, &provider.properties));
        services.chain(providers).chain(self.extras.iter().map(|extra| (extra.uid, &extra.properties)))
    }

    /// What a section shows besides protected properties, engine-kept ones included; `None` if there is
    /// no such section.
    #[must_use]
    pub fn section(&self, name: &str, uid: Guid) -> Option<Vec<Property>> {
        let mut shown = if uid == PROFILE_INSTANCE {
            let mut shown = SectionProperties::default();
            shown.put(tags::SEARCH_KEY, Value::Binary(self.search_key.0.to_vec()));
            shown
        } else {
            self.stored_section(uid)?.clone()
        };
        if let Some(service) = self.service(uid) {
            self.show_service(service, &mut shown);
        }
        if let Some(provider) = self.provider(uid) {
            self.show_provider(provider, &mut shown);
        }
        shown.put(tags::PROFILE_NAME, Value::Unicode(name.to_owned()));
        shown.put(tags::OBJECT_TYPE, Value::Long(MAPI_PROFSECT));
        Some(shown.plain().cloned().collect())
    }

    /// The stored properties of a service, provider or extra section.
    #[must_use]
    pub fn stored_section(&self, uid: Guid) -> Option<&SectionProperties> {
        let service = self.service(uid).map(|service| &service.properties);
        let provider = || self.provider(uid).map(|provider| &provider.properties);
        service.or_else(provider).or_else(|| self.extras.iter().find(|extra| extra.uid == uid).map(|extra| &extra.properties))
    }

    fn show_service(&self, service: &Service, shown: &mut SectionProperties) {
        shown.put(tags::SERVICE_UID, Value::Binary(service.uid.0.to_vec()));
        shown.put(tags::SERVICE_NAME, Value::Unicode(service.name.clone()));
        shown.put(tags::RESOURCE_FLAGS, Value::Long(service.flags.cast_signed()));
        let extras: Vec<u8> =
            self.extras.iter().filter(|extra| extra.service == Some(service.uid)).flat_map(|extra| extra.uid.0).collect();
        if !extras.is_empty() {
            shown.put(tags::SERVICE_EXTRA_UIDS, Value::Binary(extras));
        }
    }

    fn show_provider(&self, provider: &Provider, shown: &mut SectionProperties) {
        shown.put(tags::PROVIDER_UID, Value::Binary(provider.uid.0.to_vec()));
        shown.put(tags::PROVIDER_DLL_NAME, Value::Unicode(provider.backend.clone()));
        shown.put(tags::PROVIDER_ORDINAL, Value::Long(self.ordinal(provider)));
        shown.put(tags::RESOURCE_TYPE, Value::Long(provider.kind.resource_type()));
        shown.put(tags::RESOURCE_FLAGS, Value::Long(provider.flags.cast_signed()));
        if let Some(service) = provider.service.and_then(|uid| self.service(uid)) {
            shown.put(tags::SERVICE_UID, Value::Binary(service.uid.0.to_vec()));
            shown.put(tags::SERVICE_NAME, Value::Unicode(service.name.clone()));
        }
    }

    /// Whether a provider may keep a property in its section: the engine keeps others itself, and sections have no
    /// named properties.
    pub fn is_providers_to_keep(tag: PropTag) -> bool {
        tag.id() < 0x8000 && ENGINE_KEPT.iter().all(|kept| kept.id() != tag.id())
    }

    /// The stored properties of a section, to change them.
    pub fn stored_section_mut(&mut self, uid: Guid) -> Option<&mut SectionProperties> {
        if let Some(at) = self.services.iter().position(|service| service.uid == uid) {
            return self.services.get_mut(at).map(|service| &mut service.properties);
        }
        if let Some(at) = self.providers.iter().position(|provider| provider.uid == uid) {
            return self.providers.get_mut(at).map(|provider| &mut provider.properties);
        }
        self.extras.iter_mut().find(|extra| extra.uid == uid).map(|extra| &mut extra.properties)
    }
}

/// Properties of a section that the engine keeps itself (`profiles` 3.2 rule 4); others cannot set them.
pub const ENGINE_KEPT: [PropTag; 9] = [
    tags::OBJECT_TYPE,
    tags::PROFILE_NAME,
    tags::SERVICE_UID,
    tags::PROVIDER_UID,
    tags::PROVIDER_ORDINAL,
    tags::RESOURCE_TYPE,
    tags::RESOURCE_FLAGS,
    tags::PROVIDER_DLL_NAME,
    tags::SERVICE_NAME,
];

/// Properties from the catalogue. Secrets never belong there, so protected ones are left out.
fn catalogue_section(properties: &[Property]) -> SectionProperties {
    properties.iter().filter(|property| !PROTECTED.contains(&property.tag.id())).cloned().collect()
}
