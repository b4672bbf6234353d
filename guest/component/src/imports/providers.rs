//! Opening providers, and what they report on their own.

use super::Diagnostics;
use crate::types::{properties, tags, wire_properties};
use crate::world::mapi::session::backend_types as wire;
use crate::world::mapi::session::method_flags::ModifyStatusRowFlags;
use mapi_engine::backend::{Effect, Log, LogLevel, Opened, ProviderLogon};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{PropTag, Property};
use std::cell::RefCell;
use std::rc::Rc;

/// Version 1.0 of the provider interfaces.
const PROVIDER_VERSION: u32 = 0x0001_0000;

/// What a provider is told when it is opened.
pub(crate) fn wire_logon(logon: &ProviderLogon) -> Result<wire::ProviderLogon> {
    let mut how = wire::ProviderLogonFlags::empty();
    how.set(wire::ProviderLogonFlags::NO_DIALOG, !logon.may_prompt);
    how.set(wire::ProviderLogonFlags::WRITE, logon.write);
    how.set(wire::ProviderLogonFlags::TEMPORARY, logon.temporary);
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

/// What a provider reported while it was opened.
#[derive(Default)]
pub(crate) struct Report {
    section_changes: Vec<Property>,
    status_row: Vec<Property>,
    warning: Option<Failure>,
}

impl Report {
    /// What the engine takes at once, and what it asks for with what is reported later.
    pub(crate) fn of(report: wire::LogonReport) -> Result<(Self, Vec<Effect>)> {
        let mut made = Self { warning: report.warning.map(Into::into), ..Self::default() };
        let mut pending = Vec::new();
        for reported in report.effects {
            match effect(reported)? {
                Some(Effect::Section { set, delete }) if delete.is_empty() => made.section_changes.extend(set),
                Some(Effect::StatusRow { columns, .. }) if made.status_row.is_empty() => made.status_row = columns,
                // Identifiers come with the identity.
                other => pending.extend(other),
            }
        }
        Ok((made, pending))
    }

    /// The opened provider.
    pub(crate) fn opened<T: ?Sized>(self, provider: Rc<T>) -> Opened<T> {
        Opened { provider, section_changes: self.section_changes, status_row: self.status_row, warning: self.warning }
    }
}

/// What the engine applies of any provider's reports; `None` for what it has otherwise or not at all.
pub(crate) fn effect(effect: wire::Effect) -> Result<Option<Effect>> {
    Ok(match effect {
        wire::Effect::StatusRow(row) => Some(Effect::StatusRow {
            columns: properties(row.properties)?,
            update: row.how.contains(ModifyStatusRowFlags::STATUSROW_UPDATE),
        }),
        wire::Effect::Section(change) => Some(Effect::Section { set: properties(change.set)?, delete: tags(change.delete) }),
        wire::Effect::ModifyProfile => Some(Effect::ModifyProfile),
        _ => None,
    })
}

/// The reports of a store or an address book, those of its opening first.
pub(crate) fn effects(pending: &RefCell<Vec<Effect>>, reported: Vec<wire::Effect>) -> Vec<Effect> {
    let mut effects = pending.take();
    for reported in reported {
        match effect(reported) {
            Ok(effect) => effects.extend(effect),
            Err(failure) => {
                Diagnostics.log(LogLevel::Warn, &format!("a provider's report was dropped: {failure}"));
            }
        }
    }
    effects
}

/// What the object of a status row did not take.
pub(crate) fn problems(problems: Vec<wire::StatusProblem>) -> Vec<(PropTag, Code)> {
    problems.into_iter().map(|problem| (PropTag(problem.tag), problem.code.into())).collect()
}
