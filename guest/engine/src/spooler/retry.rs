//! What the answer of a transport means for a message, and when it is offered again (`transport` 3, 3.2).

use crate::backend::Outcome;
use crate::error::Code;

/// Ticks of 100 ns in a second.
pub(crate) const SECOND: u64 = 10_000_000;
/// Seconds a busy transport, or one that wants a message again, is left alone at least.
const BUSY: u64 = 5;
/// Seconds to wait when a transport names none.
const WAIT: u64 = 60;
/// Seconds to wait at most after failures.
const LONGEST: u64 = 3600;
/// Failures after which the sender is told.
const FAILURES: u32 = 10;
/// How often a message is offered again at once.
pub(crate) const RESENDS: u32 = 3;

const END_RESEND_NOW: u32 = 0x1_0000;
const END_RESEND_LATER: u32 = 0x2_0000;
const END_DONT_RESEND: u32 = 0x4_0000;

/// What becomes of a message after an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken; what it left goes to the next transport.
    Taken,
    /// Taken, to be offered again at once.
    Again,
    /// To be offered to the same transport after so many seconds.
    Later {
        /// Seconds.
        after: u64,
        /// No other message either.
        pauses: bool,
    },
    /// The transport keeps it.
    Deferred,
    /// Nothing was done: the next transport.
    NotMe,
    /// Not to this transport before it says that it is ready.
    Refused,
    /// The user cancelled.
    Withdrawn,
    /// It failed in another way.
    Failed,
}

impl Verdict {
    /// The verdict on an answer.
    pub(crate) fn on(outcome: &Outcome) -> Self {
        let given = u64::from(outcome.retry_after);
        let after = if given == 0 { WAIT } else { given };
        match outcome.failure.as_ref().map(crate::error::Failure::code) {
            None if outcome.end & END_DONT_RESEND != 0 => Self::Deferred,
            None if outcome.end & END_RESEND_LATER != 0 => Self::Later { after: BUSY.max(given), pauses: false },
            None if outcome.end & END_RESEND_NOW != 0 => Self::Again,
            None => Self::Taken,
            Some(Code::NotMe) => Self::NotMe,
            Some(Code::Busy) => Self::Later { after: BUSY.max(given), pauses: false },
            Some(Code::Wait) => Self::Later { after, pauses: false },
            Some(Code::NetworkError) => Self::Later { after, pauses: true },
            Some(Code::Cancel) => Self::Refused,
            Some(Code::UserCancel) => Self::Withdrawn,
            Some(_) => Self::Failed,
        }
    }

    /// Whether the answer's results for recipients count: with these two nothing was done.
    pub(crate) fn counts_rows(outcome: &Outcome) -> bool {
        !matches!(outcome.failure.as_ref().map(crate::error::Failure::code), Some(Code::NotMe | Code::Busy))
    }
}

/// Seconds to wait after so many failures in a row; `None`: no more, the sender is told.
pub(crate) fn after_failures(failures: u32) -> Option<u64> {
    if failures >= FAILURES {
        return None;
    }
    Some((WAIT << failures.saturating_sub(1).min(10)).min(LONGEST))
}

/// Seconds to wait for a transport that could not be logged on, after so many attempts: up to a quarter of an hour.
pub(crate) fn after_logons(attempts: u32) -> u64 {
    (WAIT << attempts.saturating_sub(1).min(10)).min(900)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    fn outcome(code: Option<Code>, retry_after: u32, end: u32) -> Outcome {
        Outcome { failure: code.map(|code| Failure::new(code, "x")), retry_after, end, recipients: Vec::new(), set: Vec::new() }
    }

    #[test]
    fn every_result_of_the_table_has_its_consequence() {
        let later = |after, pauses| Verdict::Later { after, pauses };
        let cases = [
            (None, 0, 0, Verdict::Taken),
            (None, 0, END_RESEND_NOW, Verdict::Again),
            (None, 0, END_RESEND_LATER | END_RESEND_NOW, later(5, false)),
            (None, 0, END_DONT_RESEND | END_RESEND_LATER | END_RESEND_NOW, Verdict::Deferred),
            (Some(Code::NotMe), 0, 0, Verdict::NotMe),
            (Some(Code::Busy), 0, 0, later(5, false)),
            (Some(Code::Busy), 7, 0, later(7, false)),
            (Some(Code::Wait), 0, 0, later(60, false)),
            (Some(Code::Wait), 3, 0, later(3, false)),
            (Some(Code::NetworkError), 0, 0, later(60, true)),
            (Some(Code::Cancel), 0, 0, Verdict::Refused),
            (Some(Code::UserCancel), 0, 0, Verdict::Withdrawn),
            (Some(Code::CallFailed), 0, 0, Verdict::Failed),
            (Some(Code::Timeout), 0, 0, Verdict::Failed),
        ];
        for (code, seconds, end, expected) in cases {
            assert_eq!(Verdict::on(&outcome(code, seconds, end)), expected, "{code:?} {seconds} {end:x}");
        }
    }

    #[test]
    fn failures_double_the_wait_up_to_an_hour_and_the_tenth_ends_it() {
        let waits: Vec<Option<u64>> = (1..=10).map(after_failures).collect();
        let expected = [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600].map(Some);
        assert_eq!(waits[..9], expected);
        assert_eq!(waits[9], None);
        assert_eq!((after_logons(1), after_logons(4), after_logons(20)), (60, 480, 900));
    }
}
