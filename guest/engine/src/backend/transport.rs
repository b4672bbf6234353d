//! Transport backends: messages out as a stream, in by ranges (`transport`).

use crate::backend::Effect;
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};

/// Who a transport is and what it takes (`transport` 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportIdentity {
    /// Address types it handles; `None`: every type; an empty list: none.
    pub address_types: Option<Vec<String>>,
    /// MAPIUIDs of entry identifiers it handles.
    pub uids: Vec<Guid>,
    /// Wants [`Transport::poll`].
    pub polls: bool,
    /// Wants [`Transport::idle`].
    pub idles: bool,
}

/// One recipient of an envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRecipient {
    /// `PR_ROWID`.
    pub row: u32,
    /// The row is this transport's to serve (`PR_RESPONSIBILITY` false).
    pub serve: bool,
    /// All properties of the row.
    pub properties: Vec<Property>,
}

/// A message offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Long-term entry identifier of the message.
    pub entry_id: Vec<u8>,
    /// Address of the sender, empty for a report.
    pub sender: String,
    /// All recipients.
    pub recipients: Vec<EnvelopeRecipient>,
    /// The transmittable properties of the message that fit inline.
    pub properties: Vec<Property>,
    /// Bytes of the RFC 5322 form, if known.
    pub size: Option<u64>,
    /// It was deferred before (`BEGIN_DEFERRED`).
    pub deferred: bool,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq)]
pub enum OutcomeKind {
    /// Not served.
    NotDone,
    /// Handed over.
    Delivered,
    /// Failed for good.
    Failed {
        /// `PR_NDR_REASON_CODE`.
        reason: i32,
        /// `PR_NDR_DIAG_CODE`.
        diagnostic: i32,
        /// Enhanced status code times: 511 for 5.1.1; 0 if none.
        status: i32,
        /// For people.
        text: String,
    },
}

/// What became of a message (`transport` 3).
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `None`: the message was taken; otherwise why not (`NOT_ME`, `BUSY`, `WAIT`, `NETWORK_ERROR`, …).
    pub failure: Option<Failure>,
    /// Retry after that many seconds; 0: the engine's default.
    pub retry_after: u32,
    /// The `END_*` flags.
    pub end: u32,
    /// One per recipient of the envelope, by `PR_ROWID`.
    pub recipients: Vec<(u32, OutcomeKind)>,
    /// Properties to set on the message.
    pub set: Vec<Property>,
}

/// Whether options are for recipients or for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// `OPTION_TYPE_RECIPIENT`.
    Recipient,
    /// `OPTION_TYPE_MESSAGE`.
    Message,
}

/// Options a transport offers for recipients or messages (OPTIONDATA, `session` 7).
#[derive(Clone, Debug, PartialEq)]
pub struct OptionData {
    /// Which of the two.
    pub kind: OptionKind,
    /// For recipients whose entry identifiers carry it.
    pub uid: Option<Guid>,
    /// For recipients of that address type. Both absent: all.
    pub address_type: Option<String>,
    /// A name of the transport's own, for whoever shows the options.
    pub name: String,
    /// Data of the transport's own.
    pub data: Vec<u8>,
    /// The default values.
    pub defaults: Vec<Property>,
}

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct InboundMessage {
    /// A number to read it by.
    pub number: u64,
    /// Bytes of its RFC 5322 form.
    pub size: u64,
    /// Properties the transport knows beside the bytes.
    pub properties: Vec<Property>,
    /// Envelope recipients.
    pub recipients: Vec<String>,
}

/// What a transport reports on its own (`transport` 4).
#[derive(Clone, Debug, PartialEq)]
pub enum TransportNotice {
    /// `SpoolerNotify` with these flags and, for `SENTDEFERRED`, an entry identifier.
    Spooler {
        /// `NOTIFY_*`.
        flags: u32,
        /// The message concerned.
        entry_id: Option<Vec<u8>>,
    },
    /// `ModifyStatusRow` with `STATUSROW_UPDATE`.
    StatusRow(Vec<Property>),
    /// `NOTIFY_CRITICAL_ERROR`.
    CriticalError(Failure),
    /// `StatusRecips`: what became of recipients of a message taken earlier.
    StatusRecips {
        /// The message.
        entry_id: Vec<u8>,
        /// One row a recipient, with `PR_NDR_REASON_CODE` or `PR_DELIVER_TIME`.
        recipients: Vec<Vec<Property>>,
    },
    /// What any provider may report: another row, or writes to its section.
    Reported(Effect),
}

/// A transport backend. One message is in transfer at a time.
pub trait Transport {
    /// Who it is.
    fn identity(&self) -> TransportIdentity;

    /// `RegisterOptions` (`session` 7): asked once after the logon.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`: it has none.
    fn register_options(&self) -> Result<Vec<OptionData>> {
        Err(Failure::new(Code::NoSupport, "This transport has no options."))
    }

    /// `TransportNotify` with these flags.
    ///
    /// # Errors
    /// A failed `BEGIN_*` leaves that direction closed.
    fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()>;

    /// Offers a message.
    ///
    /// # Errors
    /// Instead of taking it: as [`Outcome::failure`].
    fn begin(&self, envelope: &Envelope) -> Result<u64>;

    /// The next bytes of its RFC 5322 form.
    ///
    /// # Errors
    /// Ends the transfer.
    fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()>;

    /// All bytes are there: what became of it.
    ///
    /// # Errors
    /// Ends the transfer; nothing is known of any recipient.
    fn finish(&self, transfer: u64) -> Result<Outcome>;

    /// Gives a transfer up.
    fn cancel(&self, transfer: u64);

    /// Whether a message waits.
    ///
    /// # Errors
    /// Ignored once.
    fn poll(&self) -> Result<bool>;

    /// True idle time.
    fn idle(&self);

    /// The next inbound message, `None` if there is none.
    ///
    /// # Errors
    /// Nothing is delivered.
    fn receive(&self) -> Result<Option<InboundMessage>>;

    /// A range of it.
    ///
    /// # Errors
    /// Nothing is delivered.
    fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>>;

    /// It is stored durably (`true`) or was not (`false`) and is to be offered again.
    ///
    /// # Errors
    /// The message may come again.
    fn acknowledge(&self, message: u64, stored: bool) -> Result<()>;

    /// `FlushQueues`.
    ///
    /// # Errors
    /// The provider's own.
    fn flush(&self, flags: u32) -> Result<()>;

    /// `ValidateState`.
    ///
    /// # Errors
    /// The provider's own.
    fn validate(&self, flags: u32) -> Result<()>;

    /// `SettingsDialog` of its status object (`status` 4.2): shows its settings, or with `UI_READONLY` (1) only shows
    /// them. Asked only of one whose status row says that it can.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`, the provider's own.
    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        let _ = (ui, flags);
        Err(Failure::new(Code::NoSupport, "This provider has no dialogue for its settings."))
    }

    /// `ChangePassword` of its status object (`status` 4.3). Asked only of one whose status row says that it can.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`: the old password is wrong; the provider's own.
    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        let _ = (old, new);
        Err(Failure::new(Code::NoSupport, "This provider has no password to change."))
    }

    /// `SetProps` of its status object (`status` 4); the properties it did not take, and why. What it takes is shown in its
    /// row.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`: its status object can only be read; the provider's own.
    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        let _ = properties;
        Err(Failure::new(Code::NoSupport, "The status object of this provider can only be read."))
    }

    /// What it reported since the last call.
    fn notices(&self) -> Vec<TransportNotice>;
}
