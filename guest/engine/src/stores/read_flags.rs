//! `IMAPIFolder::SetReadFlags` and `IMessage::SetReadFlag`: the read state of messages and the reports it
//! owes (`stores` 5.8, 8). Read state is no content: no time of modification, no conflict.

use crate::backend::{Change, Expected, ObjectId, ScanFrom, ScanKind};
use crate::error::{Code, Failure, Result, Warned};
use crate::messages::message_flags::{EVERREAD, NRN_PENDING, READ, RN_PENDING};
use crate::properties::{MAPI_DEFERRED_ERRORS, Property, Value, tags};
use crate::stores::completion::Completion;
use crate::stores::message_list::Listed;
use crate::stores::reference::StoreReference;
use crate::stores::reports::ReportKind;
use crate::stores::{CommitMode, Folder};

/// `SUPPRESS_RECEIPT`.
pub const SUPPRESS_RECEIPT: u32 = 0x1;
/// `MESSAGE_DIALOG`.
const MESSAGE_DIALOG: u32 = 0x2;
/// `CLEAR_READ_FLAG`.
pub const CLEAR_READ_FLAG: u32 = 0x4;
/// `GENERATE_RECEIPT_ONLY`.
pub const GENERATE_RECEIPT_ONLY: u32 = 0x10;
/// `CLEAR_RN_PENDING`.
pub const CLEAR_RN_PENDING: u32 = 0x20;
/// `CLEAR_NRN_PENDING`.
pub const CLEAR_NRN_PENDING: u32 = 0x40;

/// How often the changes are gathered anew when messages vanish meanwhile.
const ATTEMPTS: u32 = 8;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadMarks {
    flags: u32,
}

/// What it does to one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marking {
    pub(crate) set: i32,
    pub(crate) clear: i32,
    /// The read report is to be sent.
    report: bool,
    /// The request for one is taken back.
    withdraw: bool,
}

impl ReadMarks {
    /// Checks flags.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for undefined bits and for combinations that contradict each other,
    /// `MAPI_E_NO_SUPPRESS` in a store that has no reports.
    pub(crate) fn parse(flags: u32, dialog: bool, store: &StoreReference) -> Result<Self> {
        let meant = SUPPRESS_RECEIPT | CLEAR_READ_FLAG | GENERATE_RECEIPT_ONLY | CLEAR_RN_PENDING | CLEAR_NRN_PENDING;
        let defined = meant | MAPI_DEFERRED_ERRORS | if dialog { MESSAGE_DIALOG } else { 0 };
        let has = |flag| flags & flag != 0;
        if has(!defined) || (has(CLEAR_READ_FLAG) && (has(SUPPRESS_RECEIPT) || has(GENERATE_RECEIPT_ONLY))) {
            return Err(Failure::invalid(
                "flags",
                "CLEAR_READ_FLAG goes with neither SUPPRESS_RECEIPT nor GENERATE_RECEIPT_ONLY, and other bits are not defined.",
            ));
        }
        if has(SUPPRESS_RECEIPT) && !store.connection.keeps_reports() {
            return Err(Failure::new(Code::NoSuppress, "This store sends no read reports, so that none can be suppressed."));
        }
        Ok(Self { flags: flags & meant })
    }

    /// Only the report of a message that is to be sent before it is gone.
    pub(crate) const REPORT_ONLY: Self = Self { flags: GENERATE_RECEIPT_ONLY };

    /// What becomes of a message with these flags.
    pub(crate) fn of(self, flags: i32) -> Marking {
        let has = |flag| self.flags & flag != 0;
        let unread = flags & READ == 0;
        let owes = flags & RN_PENDING != 0 && !has(CLEAR_RN_PENDING);
        let pending = RN_PENDING | NRN_PENDING;
        let mut marking = match (has(SUPPRESS_RECEIPT), has(GENERATE_RECEIPT_ONLY)) {
            (true, true) => Marking { clear: pending, withdraw: true, ..Marking::default() },
            (false, true) if owes => Marking { clear: pending, report: true, ..Marking::default() },
            (false, true) => Marking::default(),
            (true, false) if unread => Marking { set: READ | EVERREAD, clear: pending, ..Marking::default() },
            (true, false) => Marking::default(),
            (false, false) if has(CLEAR_READ_FLAG) => Marking { clear: READ, ..Marking::default() },
            // The bits of reports alone do not mark as read.
            (false, false) if has(CLEAR_RN_PENDING | CLEAR_NRN_PENDING) => Marking::default(),
            (false, false) if unread => {
                let clear = if flags & RN_PENDING != 0 { pending } else { NRN_PENDING };
                Marking { set: READ | EVERREAD, clear, report: owes, ..Marking::default() }
            }
            (false, false) => Marking::default(),
        };
        for (flag, bit) in [(CLEAR_RN_PENDING, RN_PENDING), (CLEAR_NRN_PENDING, NRN_PENDING)] {
            if has(flag) {
                marking.clear |= bit;
            }
        }
        marking.set &= !flags;
        marking.clear &= flags;
        marking
    }
}

impl Marking {
    fn is_void(self) -> bool {
        self == Self::default()
    }

    /// The changes it takes.
    pub(crate) fn changes(self, message: &ObjectId) -> Vec<Change> {
        let object = message.clone();
        let mut changes = Vec::new();
        if self.set != 0 || self.clear != 0 {
            let (set, clear) = (self.set.cast_unsigned(), self.clear.cast_unsigned());
            changes.push(Change::Bits { object: object.clone(), tag: tags::MESSAGE_FLAGS, set, clear });
        }
        if self.withdraw {
            let set = vec![Property::new(tags::READ_RECEIPT_REQUESTED, Value::Boolean(false)).into()];
            changes.push(Change::Set { object, expected: Expected::Exists, set, delete: Vec::new(), quiet: true });
        }
        changes
    }
}

impl Folder {
    /// `SetReadFlags`: of the messages of a list, or of all standard messages of the folder. Hidden messages
    /// have no read state and are passed over.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NO_SUPPRESS`, `MAPI_E_NO_ACCESS`, `MAPI_E_OBJECT_DELETED`,
    /// `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn set_read_flags(&self, entry_ids: Option<&[Vec<u8>]>, flags: u32) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            let marks = ReadMarks::parse(flags, true, &self.store)?;
            self.store.check_writable()?;
            self.check_present()?;
            if self.is_deleted()? {
                return Err(Failure::new(Code::NoAccess, "Messages of a deleted folder cannot be marked; bring it back first."));
            }
            for _ in 0..ATTEMPTS {
                let mut completion = Completion::new(self.store.connection.environment(), 0);
                let messages = match entry_ids {
                    Some(entry_ids) => self.listed(entry_ids, false, &mut completion)?,
                    None => self.all_messages()?,
                };
                completion.expect(messages.len());
                match self.store.mark(&messages, marks, &mut completion) {
                    // A message vanished since it was looked at.
                    Err(failure) if failure.code() == Code::ObjectDeleted => {}
                    Err(failure) => return Err(failure),
                    Ok(()) => return completion.finish(&self.last_error),
                }
            }
            Err(Failure::new(Code::Busy, "Others keep deleting messages of this folder; try again."))
        })())
    }

    fn all_messages(&self) -> Result<Vec<Listed>> {
        let mut messages = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let (page, next) = self.store.messages_of(&self.object, ScanKind::Contents, from)?;
            messages.extend(page);
            match next {
                Some(next) => from = ScanFrom::After(next),
                None => return Ok(messages),
            }
        }
    }

    /// Sends the read reports that are due on messages which are about to leave the store.
    pub(crate) fn report_read(&self, listed: &[Listed], completion: &mut Completion) {
        if !self.store.is_writable() || !self.store.connection.keeps_reports() {
            return;
        }
        let owing = listed.iter().filter(|message| message.has(RN_PENDING) && !message.associated);
        for message in owing {
            let mut counted = Completion::new(self.store.connection.environment(), 0);
            match self.store.mark_one(&message.object, message.flags, ReadMarks::REPORT_ONLY, &mut counted) {
                Err(failure) => completion.refused(failure),
                Ok(()) if !counted.is_whole() => {
                    completion.failed(Failure::new(Code::CallFailed, "A read report could not be sent."));
                }
                Ok(()) => {}
            }
        }
    }
}

impl StoreReference {
    /// Marks messages in one commit.
    fn mark(&self, messages: &[Listed], marks: ReadMarks, completion: &mut Completion) -> Result<()> {
        let mut changes = Vec::new();
        let mut reports = Vec::new();
        let mut done = 0;
        for message in messages.iter().filter(|message| !message.associated) {
            if let Err(failure) = message.check_not_submitted() {
                completion.failed(failure);
                continue;
            }
            let hindrance = if message.deleted {
                Some("A deleted message cannot be marked; bring it back first.")
            } else if self.connection.is_open_for_writing(&message.object) {
                Some("A message is open for writing; release it first.")
            } else {
                None
            };
            if let Some(hindrance) = hindrance {
                completion.failed(Failure::new(Code::NoAccess, hindrance));
                continue;
            }
            let marking = marks.of(message.flags);
            done += 1;
            if !marking.is_void() {
                changes.extend(marking.changes(&message.object));
            }
            if marking.report && self.connection.keeps_reports() {
                reports.push(self.connection.build_report(&message.object, ReportKind::Read));
            }
        }
        if !changes.is_empty() {
            self.connection.commit(changes, CommitMode::default())?;
        }
        completion.succeeded(done);
        // The bits are cleared whatever becomes of the reports: none is ever sent twice.
        for failure in reports.into_iter().filter_map(|report| report.and_then(|send| send()).err()) {
            completion.failed(failure);
        }
        Ok(())
    }

    /// Marks one message that has these flags.
    pub(crate) fn mark_one(&self, message: &ObjectId, flags: i32, marks: ReadMarks, completion: &mut Completion) -> Result<()> {
        let marking = marks.of(flags);
        if marking.is_void() {
            return Ok(());
        }
        let report =
            (marking.report && self.connection.keeps_reports()).then(|| self.connection.build_report(message, ReportKind::Read));
        self.connection.commit(marking.changes(message), CommitMode::default())?;
        if let Some(Err(failure)) = report.map(|report| report.and_then(|send| send())) {
            completion.failed(failure);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: u32, flags: i32) -> (i32, i32, bool, bool) {
        let marking = ReadMarks { flags: asked }.of(flags);
        (marking.set, marking.clear, marking.report, marking.withdraw)
    }

    #[test]
    fn each_flag_does_what_its_row_of_the_table_says() {
        let pending = RN_PENDING | NRN_PENDING;
        let read = READ | EVERREAD;
        assert_eq!(of(0, pending), (read, pending, true, false));
        assert_eq!(of(0, 0), (read, 0, false, false));
        assert_eq!(of(0, NRN_PENDING), (read, NRN_PENDING, false, false));
        assert_eq!(of(0, READ | pending), (0, 0, false, false));
        assert_eq!(of(SUPPRESS_RECEIPT, pending), (read, pending, false, false));
        assert_eq!(of(SUPPRESS_RECEIPT, READ | pending), (0, 0, false, false));
        assert_eq!(of(CLEAR_READ_FLAG, read | pending), (0, READ, false, false));
        assert_eq!(of(GENERATE_RECEIPT_ONLY, pending), (0, pending, true, false));
        assert_eq!(of(GENERATE_RECEIPT_ONLY, READ | RN_PENDING), (0, RN_PENDING, true, false));
        assert_eq!(of(GENERATE_RECEIPT_ONLY, NRN_PENDING), (0, 0, false, false));
        assert_eq!(of(SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY, pending), (0, pending, false, true));
        assert_eq!(of(CLEAR_RN_PENDING, pending), (0, RN_PENDING, false, false));
        assert_eq!(of(CLEAR_NRN_PENDING, pending), (0, NRN_PENDING, false, false));
        assert_eq!(of(CLEAR_READ_FLAG | CLEAR_RN_PENDING, read | pending), (0, READ | RN_PENDING, false, false));
        assert_eq!(of(GENERATE_RECEIPT_ONLY | CLEAR_RN_PENDING, pending), (0, RN_PENDING, false, false));
        assert_eq!(of(SUPPRESS_RECEIPT | CLEAR_NRN_PENDING, READ | pending), (0, NRN_PENDING, false, false));
    }

    #[test]
    fn ever_read_stays() {
        assert_eq!(of(0, EVERREAD), (READ, 0, false, false));
        assert_eq!(of(CLEAR_READ_FLAG, READ | EVERREAD).1 & EVERREAD, 0);
    }
}
