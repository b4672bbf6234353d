//! Flushing queues (`status` 4.4, `transport` 6): a transport is told, shows in its status row what it is ready for,
//! and its queues are emptied in turns.

use crate::error::{Code, Failure, Result};
use crate::properties::{FileTime, Guid};
use crate::spooler::pass::log_failure;
use crate::spooler::transport::{ActiveTransport, notify};
use crate::spooler::{Spooler, Surroundings};
use crate::status::{STATUS_INBOUND_FLUSH, STATUS_OUTBOUND_FLUSH, flush_flags};
use std::rc::Rc;

/// How far the flush of a transport has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The outbound queue comes next.
    BeforeUpload,
    Uploading,
    /// The inbound queue comes next.
    BeforeDownload,
    Downloading,
}

/// A flush that was accepted and is not over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flush {
    section: Guid,
    flags: u32,
    stage: Stage,
}

impl Spooler {
    /// Whether one of these transports is being flushed.
    pub(crate) fn is_flushing(&self, sections: &[Guid]) -> bool {
        self.flushes.borrow().iter().any(|flush| sections.contains(&flush.section))
    }

    /// Tells a transport that its queues are to be flushed. The transfers follow in turns.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` while another flush of it is not over, and inside its critical section; the provider's own.
    pub(crate) fn begin_flush(&self, around: &Surroundings<'_>, transport: &Rc<ActiveTransport>, flags: u32) -> Result<()> {
        if self.is_flushing(&[transport.section]) || transport.in_critical_section.get() {
            let text = format!("{} is busy; flush it again when it is done.", transport.name);
            let busy = Failure::new(Code::Busy, text).with_retry(true);
            return Err(busy.from_provider(&transport.name, transport.section));
        }
        let told = transport.provider.flush(flags);
        self.take_notices(around, transport);
        told?;
        self.flushes.borrow_mut().push(Flush { section: transport.section, flags, stage: Stage::BeforeUpload });
        Ok(())
    }

    /// Gives up the flushes of these transports; what was sent and received stays so.
    pub(crate) fn end_flushes(&self, around: &Surroundings<'_>, sections: &[Guid]) {
        let ended: Vec<Flush> = {
            let mut flushes = self.flushes.borrow_mut();
            let ended = flushes.iter().filter(|flush| sections.contains(&flush.section)).copied().collect();
            flushes.retain(|flush| !sections.contains(&flush.section));
            ended
        };
        for flush in ended {
            if let Some(transport) = around.transports.iter().find(|transport| transport.section == flush.section) {
                self.tell(around, transport, notify::END_INBOUND_FLUSH | notify::END_OUTBOUND_FLUSH);
            }
        }
    }

    /// Goes on with the first flush: one message, or one step of the handshake. Whether there was one.
    pub(super) fn flush_step(&self, around: &Surroundings<'_>) -> bool {
        let Some(flush) = self.flushes.borrow().first().copied() else { return false };
        let transport = around.transports.iter().find(|transport| transport.section == flush.section);
        let next = match transport.filter(|transport| !transport.is_lost()) {
            Some(transport) => self.flush_on(around, transport, flush),
            None => None,
        };
        let mut flushes = self.flushes.borrow_mut();
        match next {
            None => flushes.retain(|known| known.section != flush.section),
            Some(stage) => {
                let known = flushes.iter_mut().find(|known| known.section == flush.section);
                known.into_iter().for_each(|known| known.stage = stage);
            }
        }
        true
    }

    /// The stage a flush is in after one more step; `None`: it is over.
    fn flush_on(&self, around: &Surroundings<'_>, transport: &Rc<ActiveTransport>, flush: Flush) -> Option<Stage> {
        let shows = |bit: i32| around.status.code(transport.section) & bit != 0;
        match flush.stage {
            // A transport that shows no flush does not want one.
            Stage::BeforeUpload if flush.flags & flush_flags::UPLOAD == 0 || !shows(STATUS_OUTBOUND_FLUSH) => {
                Some(Stage::BeforeDownload)
            }
            Stage::BeforeUpload => {
                self.tell(around, transport, notify::BEGIN_OUTBOUND_FLUSH);
                transport.is_eager.set(true);
                transport.paused_until.set(FileTime(0));
                self.wake();
                Some(Stage::Uploading)
            }
            Stage::Uploading => {
                if shows(STATUS_OUTBOUND_FLUSH) && self.send_one(around) {
                    return Some(Stage::Uploading);
                }
                self.tell(around, transport, notify::END_OUTBOUND_FLUSH);
                Some(Stage::BeforeDownload)
            }
            Stage::BeforeDownload if flush.flags & flush_flags::DOWNLOAD == 0 => None,
            Stage::BeforeDownload => {
                self.tell(around, transport, notify::BEGIN_INBOUND_FLUSH);
                transport.has_mail.set(true);
                Some(Stage::Downloading)
            }
            Stage::Downloading => {
                if shows(STATUS_INBOUND_FLUSH) && self.receive_from(around, transport) {
                    return Some(Stage::Downloading);
                }
                self.tell(around, transport, notify::END_INBOUND_FLUSH);
                None
            }
        }
    }

    fn tell(&self, around: &Surroundings<'_>, transport: &Rc<ActiveTransport>, flags: u32) {
        if let Err(failure) = transport.provider.notify(flags, None) {
            log_failure(around, &format!("{} cannot flush its queues", transport.name), &failure);
        }
        self.take_notices(around, transport);
    }
}
