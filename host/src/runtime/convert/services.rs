//! The service catalogue.

use super::{Wire, flags, map, wires};
use crate::runtime::world::mapi::session::service_catalogue as wit;
use mapi_engine::backend::{
    ConfigureContext, ConfigureOutcome, ConfigureRequest, ExtraDefinition, NewProvider, ProviderDefinition, ProviderKind,
    SectionChange, SectionValues, ServiceDefinition,
};
use mapi_engine::error::Result;
use mapi_engine::properties::Guid;

pub(crate) fn service(service: ServiceDefinition) -> wit::ServiceDefinition {
    wit::ServiceDefinition {
        name: service.name,
        display_name: service.display_name,
        resource_flags: service.flags,
        is_default: service.default,
        configurable: service.configurable,
        properties: wires(service.properties),
        providers: service.providers.into_iter().map(provider).collect(),
        extras: service.extras.into_iter().map(extra).collect(),
    }
}

fn provider(provider: ProviderDefinition) -> wit::ProviderDefinition {
    wit::ProviderDefinition {
        section: provider.section,
        display_name: provider.display_name,
        provider_display: provider.provider_display,
        backend: provider.backend,
        kind: match provider.kind {
            ProviderKind::Store => wit::ProviderKind::Store,
            ProviderKind::AddressBook => wit::ProviderKind::AddressBook,
            ProviderKind::Transport => wit::ProviderKind::Transport,
            ProviderKind::Hook => wit::ProviderKind::Hook,
        },
        resource_flags: provider.flags,
        properties: wires(provider.properties),
    }
}

fn extra(extra: ExtraDefinition) -> wit::ExtraDefinition {
    wit::ExtraDefinition { uid: extra.uid.into_wit(), properties: wires(extra.properties) }
}

fn values(values: wit::SectionValues) -> Result<SectionValues> {
    Ok(SectionValues { uid: Guid::from_wit(values.uid)?, properties: map(values.properties)? })
}

pub(crate) fn request(request: wit::ConfigureRequest) -> Result<ConfigureRequest> {
    Ok(ConfigureRequest {
        service: request.service,
        context: match request.context {
            wit::ConfigureContext::Install => ConfigureContext::Install,
            wit::ConfigureContext::Create => ConfigureContext::Create,
            wit::ConfigureContext::Configure => ConfigureContext::Configure,
            wit::ConfigureContext::Delete => ConfigureContext::Delete,
            wit::ConfigureContext::Uninstall => ConfigureContext::Uninstall,
            wit::ConfigureContext::ProviderCreate => ConfigureContext::ProviderCreate,
            wit::ConfigureContext::ProviderDelete => ConfigureContext::ProviderDelete,
        },
        flags: flags::service_entry(request.how),
        ui: request.ui,
        properties: map(request.properties)?,
        profile: request.profile,
        section: values(request.section)?,
        providers: request.providers.into_iter().map(values).collect::<Result<_>>()?,
        extras: request.extras.into_iter().map(values).collect::<Result<_>>()?,
        provider: request.provider.map(Guid::from_wit).transpose()?,
    })
}

pub(crate) fn outcome(outcome: ConfigureOutcome) -> wit::ConfigureOutcome {
    wit::ConfigureOutcome {
        failure: outcome.failure.map(Wire::into_wit),
        sections: outcome.sections.into_iter().map(section_change).collect(),
        create: outcome.create.into_iter().map(new_provider).collect(),
        delete: wires(outcome.delete),
        extras: outcome.extras.into_iter().map(extra).collect(),
    }
}

fn section_change(change: SectionChange) -> wit::SectionChange {
    wit::SectionChange { uid: change.uid.into_wit(), set: wires(change.set), delete: wires(change.delete) }
}

fn new_provider(provider: NewProvider) -> wit::NewProvider {
    wit::NewProvider { section: provider.section, properties: wires(provider.properties) }
}
