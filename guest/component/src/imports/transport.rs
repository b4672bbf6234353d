//! Transports.

use crate::imports::providers::{effect, problems};
use crate::types::{Bits, properties, wire_properties};
use crate::world::mapi::session::backend_types as wire;
use crate::world::mapi::session::method_flags::{
    FlushQueuesFlags, ModifyStatusRowFlags, SettingsDialogFlags, TransportNotifyFlags, ValidateStateFlags,
};
use crate::world::mapi::session::transport_backend;
use mapi_engine::backend::{
    Effect, Envelope, EnvelopeRecipient, InboundMessage, Log, LogLevel, OptionData, OptionKind, Outcome, OutcomeKind, Transport,
    TransportIdentity, TransportNotice,
};
use mapi_engine::error::{Code, Result};
use mapi_engine::properties::{PropTag, Property};
use std::cell::RefCell;

/// A transport of the host.
pub(crate) struct ImportedTransport {
    import: transport_backend::Transport,
    /// What it reported while it was opened.
    pending: RefCell<Vec<Effect>>,
}

impl ImportedTransport {
    pub(crate) fn new(import: transport_backend::Transport, pending: Vec<Effect>) -> Self {
        Self { import, pending: RefCell::new(pending) }
    }
}

fn wire_recipient(recipient: EnvelopeRecipient) -> Result<wire::EnvelopeRecipient> {
    Ok(wire::EnvelopeRecipient { row: recipient.row, serve: recipient.serve, properties: wire_properties(recipient.properties)? })
}

fn wire_envelope(envelope: &Envelope) -> Result<wire::Envelope> {
    Ok(wire::Envelope {
        entry_id: envelope.entry_id.clone(),
        sender: envelope.sender.clone(),
        recipients: envelope.recipients.iter().cloned().map(wire_recipient).collect::<Result<_>>()?,
        properties: wire_properties(envelope.properties.clone())?,
        size: envelope.size,
        deferred: envelope.deferred,
    })
}

fn option_data(option: wire::OptionData) -> Result<OptionData> {
    Ok(OptionData {
        kind: match option.kind {
            wire::OptionKind::Recipient => OptionKind::Recipient,
            wire::OptionKind::Message => OptionKind::Message,
        },
        uid: option.uid.map(Into::into),
        address_type: option.address_type,
        name: option.name,
        data: option.data,
        defaults: properties(option.defaults)?,
    })
}

/// Options of a transport for whoever shows them.
pub(crate) fn wire_option_data(option: OptionData) -> Result<wire::OptionData> {
    Ok(wire::OptionData {
        kind: match option.kind {
            OptionKind::Recipient => wire::OptionKind::Recipient,
            OptionKind::Message => wire::OptionKind::Message,
        },
        uid: option.uid.map(Into::into),
        address_type: option.address_type,
        name: option.name,
        data: option.data,
        defaults: wire_properties(option.defaults)?,
    })
}

fn outcome_kind(outcome: wire::RecipientOutcome) -> OutcomeKind {
    match outcome {
        wire::RecipientOutcome::NotDone => OutcomeKind::NotDone,
        wire::RecipientOutcome::Delivered => OutcomeKind::Delivered,
        wire::RecipientOutcome::Failed(failed) => {
            OutcomeKind::Failed { reason: failed.reason, diagnostic: failed.diagnostic, status: failed.status, text: failed.text }
        }
    }
}

/// A notice, `None` for effects that are no notices of a transport.
fn notice(reported: wire::Effect) -> Result<Option<TransportNotice>> {
    Ok(match reported {
        wire::Effect::StatusRow(row) if row.how.contains(ModifyStatusRowFlags::STATUSROW_UPDATE) => {
            Some(TransportNotice::StatusRow(properties(row.properties)?))
        }
        wire::Effect::SpoolerNotify(wire::SpoolerEffect { error: Some(error), .. }) => {
            Some(TransportNotice::CriticalError(error.into()))
        }
        wire::Effect::SpoolerNotify(spooler) => {
            Some(TransportNotice::Spooler { flags: spooler.how.raw(), entry_id: spooler.entry_id })
        }
        wire::Effect::StatusRecips(recips) => Some(TransportNotice::StatusRecips {
            entry_id: recips.entry_id,
            recipients: recips.recipients.into_iter().map(properties).collect::<Result<_>>()?,
        }),
        other => effect(other)?.map(TransportNotice::Reported),
    })
}

impl Transport for ImportedTransport {
    fn identity(&self) -> TransportIdentity {
        let identity = self.import.identity();
        TransportIdentity {
            address_types: identity.address_types,
            uids: identity.uids.into_iter().map(Into::into).collect(),
            polls: identity.polls,
            idles: identity.idles,
        }
    }

    fn register_options(&self) -> Result<Vec<OptionData>> {
        self.import.register_options()?.into_iter().map(option_data).collect()
    }

    fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()> {
        Ok(self.import.notify(TransportNotifyFlags::from_raw(flags), entry_id)?)
    }

    fn begin(&self, envelope: &Envelope) -> Result<u64> {
        Ok(self.import.begin(&wire_envelope(envelope)?)?)
    }

    fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()> {
        Ok(self.import.write(transfer, bytes)?)
    }

    fn finish(&self, transfer: u64) -> Result<Outcome> {
        let outcome = self.import.finish(transfer)?;
        Ok(Outcome {
            failure: outcome.failure.map(Into::into),
            retry_after: outcome.retry_after,
            end: outcome.end.raw(),
            recipients: outcome.recipients.into_iter().map(|row| (row.row, outcome_kind(row.outcome))).collect(),
            set: properties(outcome.set)?,
        })
    }

    fn cancel(&self, transfer: u64) {
        self.import.cancel(transfer);
    }

    fn poll(&self) -> Result<bool> {
        Ok(self.import.poll()?)
    }

    fn idle(&self) {
        self.import.idle();
    }

    fn receive(&self) -> Result<Option<InboundMessage>> {
        let Some(message) = self.import.receive()? else { return Ok(None) };
        Ok(Some(InboundMessage {
            number: message.number,
            size: message.size,
            properties: properties(message.properties)?,
            recipients: message.recipients,
        }))
    }

    fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>> {
        Ok(self.import.read(message, offset, length)?)
    }

    fn acknowledge(&self, message: u64, stored: bool) -> Result<()> {
        Ok(self.import.acknowledge(message, stored)?)
    }

    fn flush(&self, flags: u32) -> Result<()> {
        Ok(self.import.flush_queues(0, FlushQueuesFlags::from_raw(flags))?)
    }

    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        Ok(self.import.settings_dialog(ui, SettingsDialogFlags::from_raw(flags))?)
    }

    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        Ok(self.import.change_password(old, new)?)
    }

    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        Ok(problems(self.import.set_status_properties(&wire_properties(properties.to_vec())?)?))
    }

    fn validate(&self, flags: u32) -> Result<()> {
        Ok(self.import.validate_state(0, ValidateStateFlags::from_raw(flags))?)
    }

    fn notices(&self) -> Vec<TransportNotice> {
        let mut notices: Vec<TransportNotice> = self.pending.take().into_iter().map(TransportNotice::Reported).collect();
        for effect in self.import.take_effects() {
            match notice(effect) {
                Ok(notice) => notices.extend(notice),
                Err(failure) => super::Diagnostics.log(LogLevel::Warn, &format!("a transport's report was dropped: {failure}")),
            }
        }
        notices
    }
}
