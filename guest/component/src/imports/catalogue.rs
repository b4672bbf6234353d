//! The service catalogue.

use crate::types::{Bits, properties, tags, wire_properties};
use crate::world::mapi::session::method_flags::ServiceEntryFlags;
use crate::world::mapi::session::service_catalogue as wire;
use mapi_engine::backend::{
    Catalogue, ConfigureContext, ConfigureOutcome, ConfigureRequest, ExtraDefinition, NewProvider, ProviderDefinition,
    ProviderKind, SectionChange, SectionValues, ServiceDefinition,
};
use mapi_engine::error::Result;

/// The catalogue of the host.
pub(crate) struct ImportedCatalogue;

fn provider(definition: wire::ProviderDefinition) -> Result<ProviderDefinition> {
    Ok(ProviderDefinition {
        section: definition.section,
        display_name: definition.display_name,
        provider_display: definition.provider_display,
        backend: definition.backend,
        kind: match definition.kind {
            wire::ProviderKind::Store => ProviderKind::Store,
            wire::ProviderKind::AddressBook => ProviderKind::AddressBook,
            wire::ProviderKind::Transport => ProviderKind::Transport,
            wire::ProviderKind::Hook => ProviderKind::Hook,
        },
        flags: definition.resource_flags,
        properties: properties(definition.properties)?,
    })
}

fn extra(definition: wire::ExtraDefinition) -> Result<ExtraDefinition> {
    Ok(ExtraDefinition { uid: definition.uid.into(), properties: properties(definition.properties)? })
}

fn service(definition: wire::ServiceDefinition) -> Result<ServiceDefinition> {
    Ok(ServiceDefinition {
        name: definition.name,
        display_name: definition.display_name,
        flags: definition.resource_flags,
        default: definition.is_default,
        configurable: definition.configurable,
        properties: properties(definition.properties)?,
        providers: definition.providers.into_iter().map(provider).collect::<Result<_>>()?,
        extras: definition.extras.into_iter().map(extra).collect::<Result<_>>()?,
    })
}

fn wire_section(section: SectionValues) -> Result<wire::SectionValues> {
    Ok(wire::SectionValues { uid: section.uid.into(), properties: wire_properties(section.properties)? })
}

fn wire_sections(sections: Vec<SectionValues>) -> Result<Vec<wire::SectionValues>> {
    sections.into_iter().map(wire_section).collect()
}

fn wire_request(request: ConfigureRequest) -> Result<wire::ConfigureRequest> {
    Ok(wire::ConfigureRequest {
        service: request.service,
        context: match request.context {
            ConfigureContext::Install => wire::ConfigureContext::Install,
            ConfigureContext::Create => wire::ConfigureContext::Create,
            ConfigureContext::Configure => wire::ConfigureContext::Configure,
            ConfigureContext::Delete => wire::ConfigureContext::Delete,
            ConfigureContext::Uninstall => wire::ConfigureContext::Uninstall,
            ConfigureContext::ProviderCreate => wire::ConfigureContext::ProviderCreate,
            ConfigureContext::ProviderDelete => wire::ConfigureContext::ProviderDelete,
        },
        how: ServiceEntryFlags::from_raw(request.flags),
        ui: request.ui,
        properties: wire_properties(request.properties)?,
        profile: request.profile,
        section: wire_section(request.section)?,
        providers: wire_sections(request.providers)?,
        extras: wire_sections(request.extras)?,
        provider: request.provider.map(Into::into),
    })
}

fn section_change(change: wire::SectionChange) -> Result<SectionChange> {
    Ok(SectionChange { uid: change.uid.into(), set: properties(change.set)?, delete: tags(change.delete) })
}

fn new_provider(provider: wire::NewProvider) -> Result<NewProvider> {
    Ok(NewProvider { section: provider.section, properties: properties(provider.properties)? })
}

impl Catalogue for ImportedCatalogue {
    fn services(&self) -> Result<Vec<ServiceDefinition>> {
        wire::services()?.into_iter().map(service).collect()
    }

    fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome> {
        let outcome = wire::configure(&wire_request(request)?)?;
        Ok(ConfigureOutcome {
            failure: outcome.failure.map(Into::into),
            sections: outcome.sections.into_iter().map(section_change).collect::<Result<_>>()?,
            create: outcome.create.into_iter().map(new_provider).collect::<Result<_>>()?,
            delete: outcome.delete.into_iter().map(Into::into).collect(),
            extras: outcome.extras.into_iter().map(extra).collect::<Result<_>>()?,
        })
    }
}
