//! Opening providers, and what they report on their own.

use crate::types::{properties, wire_properties};
use crate::world::mapi::session::backend_types as wire;
use mapi_engine::backend::{Opened, ProviderLogon};
use mapi_engine::error::Result;
use mapi_engine::properties::Property;
use std::rc::Rc;

/// Version 1.0 of the provider interfaces.
const PROVIDER_VERSION: u32 = 0x0001_0000;

/// What a provider is told when it is opened.
pub(crate) fn wire_logon(logon: &ProviderLogon) -> Result<wire::ProviderLogon> {
    let mut how = wire::ProviderLogonFlags::empty();
    how.set(wire::ProviderLogonFlags::NO_DIALOG, !logon.may_prompt);
    how.set(wire::ProviderLogonFlags::WRITE, logon.write);
    how.set(wire::ProviderLogonFlags::BACKGROUND, logon.background);
    // A transport opens each direction when it is told to (`transport` 1.1).
    how |= wire::ProviderLogonFlags::NO_INBOUND | wire::ProviderLogonFlags::NO_OUTBOUND;
    Ok(wire::ProviderLogon {
        backend: logon.backend.clone(),
        profile: logon.profile.clone(),
        section: logon.section.into(),
        configuration: wire_properties(logon.configuration.clone())?,
        how,
        ui: 0,
        version: PROVIDER_VERSION,
    })
}

/// An opened provider with what it reported meanwhile.
pub(crate) fn opened<T: ?Sized>(provider: Rc<T>, report: wire::LogonReport) -> Result<Opened<T>> {
    let mut section_changes: Vec<Property> = Vec::new();
    let mut status_row: Vec<Property> = Vec::new();
    for effect in report.effects {
        match effect {
            wire::Effect::Section(change) => section_changes.extend(properties(change.set)?),
            wire::Effect::StatusRow(row) => status_row.extend(properties(row.properties)?),
            // Identifiers come with the identity; nothing else can concern a provider that is not yet open.
            _ => {}
        }
    }
    Ok(Opened { provider, section_changes, status_row, warning: report.warning.map(Into::into) })
}
