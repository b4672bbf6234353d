//! What one subsystem may use, and the answer to a limit that is hit (`errors` 2, design of the host).

use mapi_engine::error::{Code, Failure};
use std::time::Duration;

/// What one subsystem may use. Each limit that is hit is an error that names it; the host process and the
/// other subsystems go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory. The engine is ended when it needs more. Default: 512 MiB.
    pub memory: usize,
    /// Time one call may compute inside the component, waits for backends not counted. The engine is ended
    /// when it needs more. Default: 60 s.
    pub call_time: Duration,
    /// Time one call of a backend may take. The provider's call fails when it takes more, and the provider
    /// answers nothing else until the late call has returned. Default: 60 s.
    pub backend_time: Duration,
    /// Time a transport may take over a piece of a message, from the connection to the confirmation of the
    /// whole, for which a mail server is granted ten minutes (RFC 5321, 4.5.3.2.6). Default: 11 min.
    pub transfer_time: Duration,
    /// Time maintenance of a store (check, compact, backup, key changes) may take. Default: 1 h.
    pub maintenance_time: Duration,
    /// Objects the client may hold at a time: sessions, stores, messages, tables, … Default: 20,000.
    pub handles: u32,
    /// Time a cancelled call is given to end by itself before the engine is ended. Default: 5 s.
    pub cancel_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            call_time: Duration::from_secs(60),
            backend_time: Duration::from_secs(60),
            transfer_time: Duration::from_secs(660),
            maintenance_time: Duration::from_secs(3600),
            handles: 20_000,
            cancel_grace: Duration::from_secs(5),
        }
    }
}

/// Why the engine was ended by its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// [`Limits::memory`].
    Memory,
    /// [`Limits::call_time`].
    CallTime,
    /// Cancelled, and [`Limits::cancel_grace`] is over.
    Cancelled,
}

impl Exceeded {
    /// The failure of the call during which it happened.
    pub(crate) fn failure(self, limits: &Limits) -> Failure {
        match self {
            Self::Memory => Failure::new(
                Code::NotEnoughResources,
                format!(
                    "the subsystem needed more than {} MiB of memory (Limits::memory) and was ended; open it again, with a higher limit if the work is that large",
                    limits.memory >> 20
                ),
            ),
            Self::CallTime => Failure::new(
                Code::Timeout,
                format!(
                    "the call computed for more than {:?} (Limits::call_time) and the subsystem was ended; open it again, with a higher limit if the work is that long",
                    limits.call_time
                ),
            )
            .with_retry(false),
            Self::Cancelled => Failure::new(
                Code::UserCancel,
                format!(
                    "the cancelled call did not end within {:?} (Limits::cancel_grace) and the subsystem was ended; open it again",
                    limits.cancel_grace
                ),
            ),
        }
    }
}

/// The client holds too many objects.
pub(crate) fn too_many_handles(limits: &Limits) -> Failure {
    Failure::new(
        Code::NotEnoughResources,
        format!("{} objects are open (Limits::handles); drop some of them first", limits.handles),
    )
}
