//! How providers are opened, who they are and what they report.

use super::objects::index_plan;
use super::{Wire, flags, map, wires};
use crate::runtime::world::mapi::session::backend_types as backend;
use crate::runtime::world::mapi::session::method_flags::{ModifyStatusRowFlags, SpoolerNotifyFlags};
use mapi_engine::backend::{
    AddressBookIdentity, Effect, Envelope, EnvelopeRecipient, InboundMessage, OptionData, OptionKind, OutcomeKind, ProviderLogon,
    Resolution, StoreCapabilities, StoreIdentity, TransportIdentity, TransportNotice,
};
use mapi_engine::error::{Code, Result};
use mapi_engine::properties::{Guid, PropTag, Property};

pub(crate) fn logon(logon: backend::ProviderLogon) -> Result<ProviderLogon> {
    Ok(ProviderLogon {
        backend: logon.backend,
        profile: logon.profile,
        section: Guid::from_wit(logon.section)?,
        configuration: map(logon.configuration)?,
        may_prompt: !logon.how.contains(backend::ProviderLogonFlags::NO_DIALOG),
        write: logon.how.contains(backend::ProviderLogonFlags::WRITE),
        temporary: logon.how.contains(backend::ProviderLogonFlags::TEMPORARY),
        background: logon.how.contains(backend::ProviderLogonFlags::BACKGROUND),
    })
}

pub(crate) fn report(
    section_changes: Vec<Property>,
    status_row: Vec<Property>,
    warning: Option<mapi_engine::error::Failure>,
) -> backend::LogonReport {
    let mut effects = Vec::new();
    if !section_changes.is_empty() {
        effects.push(backend::Effect::Section(backend::SectionEffect { set: wires(section_changes), delete: Vec::new() }));
    }
    if !status_row.is_empty() {
        effects.push(status_effect(status_row, ModifyStatusRowFlags::empty()));
    }
    backend::LogonReport { effects, warning: warning.map(Wire::into_wit) }
}

fn status_effect(row: Vec<Property>, how: ModifyStatusRowFlags) -> backend::Effect {
    backend::Effect::StatusRow(backend::StatusRowEffect { properties: wires(row), how })
}

/// What any provider may report.
pub(crate) fn effect(effect: Effect) -> backend::Effect {
    match effect {
        Effect::StatusRow { columns, update } => {
            let how = if update { ModifyStatusRowFlags::STATUSROW_UPDATE } else { ModifyStatusRowFlags::empty() };
            status_effect(columns, how)
        }
        Effect::Section { set, delete } => {
            backend::Effect::Section(backend::SectionEffect { set: wires(set), delete: wires(delete) })
        }
        Effect::ModifyProfile => backend::Effect::ModifyProfile,
    }
}

/// What the object of a status row did not take.
pub(crate) fn status_problems(problems: Vec<(PropTag, Code)>) -> Vec<backend::StatusProblem> {
    problems.into_iter().map(|(tag, code)| backend::StatusProblem { tag: tag.into_wit(), code: code.into_wit() }).collect()
}

pub(crate) fn notice(notice: TransportNotice) -> backend::Effect {
    match notice {
        TransportNotice::Spooler { flags: raw, entry_id } => {
            backend::Effect::SpoolerNotify(backend::SpoolerEffect { how: flags::spooler_notify(raw), entry_id, error: None })
        }
        TransportNotice::Reported(reported) => effect(reported),
        TransportNotice::StatusRow(row) => status_effect(row, ModifyStatusRowFlags::STATUSROW_UPDATE),
        TransportNotice::CriticalError(failure) => backend::Effect::SpoolerNotify(backend::SpoolerEffect {
            how: SpoolerNotifyFlags::NOTIFY_CRITICAL_ERROR,
            entry_id: None,
            error: Some(failure.into_wit()),
        }),
        TransportNotice::StatusRecips { entry_id, recipients } => {
            let recipients = recipients.into_iter().map(super::wires).collect();
            backend::Effect::StatusRecips(backend::StatusRecipsEffect { entry_id, recipients })
        }
    }
}

fn capabilities(capabilities: StoreCapabilities) -> backend::StoreCapabilities {
    let StoreCapabilities { read_only, feed, submit, attachments, soft_delete, public_folders, plain_scans_only } = capabilities;
    [
        (read_only, backend::StoreCapabilities::READ_ONLY),
        (feed, backend::StoreCapabilities::FEED),
        (submit, backend::StoreCapabilities::SUBMIT),
        (attachments, backend::StoreCapabilities::ATTACHMENTS),
        (soft_delete, backend::StoreCapabilities::SOFT_DELETE),
        (public_folders, backend::StoreCapabilities::PUBLIC_FOLDERS),
        (plain_scans_only, backend::StoreCapabilities::PLAIN_SCANS_ONLY),
    ]
    .into_iter()
    .filter_map(|(has, flag)| has.then_some(flag))
    .fold(backend::StoreCapabilities::empty(), |all, flag| all | flag)
}

pub(crate) fn store_identity(identity: StoreIdentity) -> backend::StoreIdentity {
    backend::StoreIdentity {
        uid: identity.uid.into_wit(),
        kind: identity.kind.into_wit(),
        mapping_signature: identity.mapping_signature.into_wit(),
        store: identity.store.into_wit(),
        root: identity.root.into_wit(),
        private_entry: identity.private_entry,
        writable: identity.writable,
        capabilities: capabilities(identity.capabilities),
        index: index_plan(identity.index),
    }
}

pub(crate) fn address_book_identity(identity: AddressBookIdentity) -> backend::AddressBookIdentity {
    backend::AddressBookIdentity {
        uid: identity.uid.into_wit(),
        kind: identity.kind.into_wit(),
        root: identity.root.into_wit(),
        writable: identity.writable,
        feed: identity.feed,
        index: index_plan(identity.index),
    }
}

pub(crate) fn resolution(resolution: Resolution) -> backend::Resolution {
    match resolution {
        Resolution::Unresolved => backend::Resolution::Unresolved,
        Resolution::Ambiguous => backend::Resolution::Ambiguous,
        Resolution::Resolved(object, properties) => {
            backend::Resolution::Resolved(backend::ResolvedEntry { object: object.into_wit(), properties: wires(properties) })
        }
    }
}

pub(crate) fn transport_identity(identity: TransportIdentity) -> backend::TransportIdentity {
    let TransportIdentity { address_types, uids, polls, idles } = identity;
    backend::TransportIdentity { address_types, uids: wires(uids), polls, idles, resolves: false }
}

pub(crate) fn option_data(option: OptionData) -> backend::OptionData {
    backend::OptionData {
        kind: match option.kind {
            OptionKind::Recipient => backend::OptionKind::Recipient,
            OptionKind::Message => backend::OptionKind::Message,
        },
        uid: option.uid.map(Wire::into_wit),
        address_type: option.address_type,
        name: option.name,
        data: option.data,
        defaults: wires(option.defaults),
    }
}

pub(crate) fn to_option_data(option: backend::OptionData) -> Result<OptionData> {
    Ok(OptionData {
        kind: match option.kind {
            backend::OptionKind::Recipient => OptionKind::Recipient,
            backend::OptionKind::Message => OptionKind::Message,
        },
        uid: option.uid.map(Guid::from_wit).transpose()?,
        address_type: option.address_type,
        name: option.name,
        data: option.data,
        defaults: map(option.defaults)?,
    })
}

pub(crate) fn envelope(envelope: backend::Envelope) -> Result<Envelope> {
    let recipient = |recipient: backend::EnvelopeRecipient| {
        Ok(EnvelopeRecipient { row: recipient.row, serve: recipient.serve, properties: map(recipient.properties)? })
    };
    Ok(Envelope {
        entry_id: envelope.entry_id,
        sender: envelope.sender,
        recipients: envelope.recipients.into_iter().map(recipient).collect::<Result<_>>()?,
        properties: map(envelope.properties)?,
        size: envelope.size,
        deferred: envelope.deferred,
    })
}

pub(crate) fn row_outcome((row, outcome): (u32, OutcomeKind)) -> backend::RowOutcome {
    let outcome = match outcome {
        OutcomeKind::NotDone => backend::RecipientOutcome::NotDone,
        OutcomeKind::Delivered => backend::RecipientOutcome::Delivered,
        OutcomeKind::Failed { reason, diagnostic, status, text } => {
            backend::RecipientOutcome::Failed(backend::DeliveryFailure { reason, diagnostic, status, text })
        }
    };
    backend::RowOutcome { row, outcome, set: Vec::new() }
}

pub(crate) fn inbound(message: InboundMessage) -> backend::InboundMessage {
    let InboundMessage { number, size, properties, recipients } = message;
    backend::InboundMessage { number, size, properties: wires(properties), recipients }
}
