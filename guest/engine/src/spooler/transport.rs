//! A transport logged on, as the spooler sees it (`transport` 1.2, 2).

use crate::backend::{Named, OptionData, Transport, TransportIdentity};
use crate::error::{Code, Failure, Result};
use crate::properties::{FileTime, Guid};
use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::rc::Rc;

/// Bits of `TransportNotify`.
pub(crate) mod notify {
    pub(crate) const BEGIN_INBOUND: u32 = 0x1;
    pub(crate) const BEGIN_OUTBOUND: u32 = 0x2;
    pub(crate) const BEGIN_INBOUND_FLUSH: u32 = 0x4;
    pub(crate) const BEGIN_OUTBOUND_FLUSH: u32 = 0x8;
    pub(crate) const END_INBOUND_FLUSH: u32 = 0x4_0000;
    pub(crate) const END_OUTBOUND_FLUSH: u32 = 0x8_0000;
    pub(crate) const END_INBOUND: u32 = 0x1_0000;
    pub(crate) const END_OUTBOUND: u32 = 0x2_0000;
    pub(crate) const ABORT_DEFERRED: u32 = 0x4000_0000;
    pub(crate) const CANCEL_MESSAGE: u32 = 0x8000_0000;
}

/// Whether a direction may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Not begun yet.
    Closed,
    /// Begun.
    Open,
    /// It could not begin, and stays closed.
    Failed,
}

/// A transport between logon and logoff.
pub(crate) struct ActiveTransport {
    /// Its profile section.
    pub(crate) section: Guid,
    /// For people.
    pub(crate) name: String,
    pub(crate) provider: Rc<dyn Transport>,
    identity: RefCell<TransportIdentity>,
    /// What it registered; asked when it is first needed.
    options: OnceCell<Vec<OptionData>>,
    pub(crate) outbound: Cell<Direction>,
    pub(crate) inbound: Cell<Direction>,
    /// Between `NOTIFY_CRITSEC` and `NOTIFY_NONCRIT`.
    pub(crate) in_critical_section: Cell<bool>,
    /// What it broke down with; only release is left.
    pub(crate) lost: RefCell<Option<Failure>>,
    /// Nothing is offered before: the network is down.
    pub(crate) paused_until: Cell<FileTime>,
    /// It said that it is ready: what waits for it is tried now.
    pub(crate) is_eager: Cell<bool>,
    /// It has, or may have, a message.
    pub(crate) has_mail: Cell<bool>,
    /// When to poll and to give it idle time, in nanoseconds of the monotonic clock.
    pub(crate) next_poll: Cell<u64>,
    pub(crate) next_idle: Cell<u64>,
}

impl ActiveTransport {
    /// A transport just logged on; its address types are asked at once.
    pub(crate) fn new(section: Guid, name: &str, provider: Rc<dyn Transport>) -> Rc<Self> {
        let provider: Rc<dyn Transport> = Rc::new(Named::new(provider, name, section));
        let identity = provider.identity();
        Rc::new(Self {
            section,
            name: name.to_owned(),
            provider,
            identity: RefCell::new(identity),
            options: OnceCell::new(),
            outbound: Cell::new(Direction::Closed),
            inbound: Cell::new(Direction::Closed),
            in_critical_section: Cell::new(false),
            lost: RefCell::default(),
            paused_until: Cell::new(FileTime(0)),
            is_eager: Cell::new(false),
            has_mail: Cell::new(false),
            next_poll: Cell::new(0),
            next_idle: Cell::new(0),
        })
    }

    pub(crate) fn identity(&self) -> Ref<'_, TransportIdentity> {
        self.identity.borrow()
    }

    /// Asks for the address types again.
    pub(crate) fn ask_identity(&self) {
        let identity = self.provider.identity();
        self.identity.replace(identity);
    }

    /// The options it registered (`session` 7); few have any.
    ///
    /// # Errors
    /// The provider's own.
    pub(crate) fn options(&self) -> Result<&[OptionData]> {
        if let Some(options) = self.options.get() {
            return Ok(options);
        }
        let options = match self.provider.register_options() {
            Err(failure) if failure.code() == Code::NoSupport => Vec::new(),
            registered => registered?,
        };
        Ok(self.options.get_or_init(|| options))
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    /// Whether messages may be offered to it now.
    pub(crate) fn may_send(&self, now: FileTime) -> bool {
        self.outbound.get() == Direction::Open
            && !self.in_critical_section.get()
            && !self.is_lost()
            && (self.is_eager.get() || self.paused_until.get() <= now)
    }

    /// Whether it may be asked for messages now.
    pub(crate) fn may_receive(&self) -> bool {
        self.inbound.get() == Direction::Open && !self.in_critical_section.get() && !self.is_lost()
    }

    /// Begins a direction.
    ///
    /// # Errors
    /// The provider's own; the direction stays closed.
    pub(crate) fn begin(&self, direction: &Cell<Direction>, flag: u32) -> Result<()> {
        let begun = self.provider.notify(flag, None);
        direction.set(if begun.is_ok() { Direction::Open } else { Direction::Failed });
        begun
    }
}
