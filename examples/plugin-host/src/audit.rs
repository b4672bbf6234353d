//! The audit log: JSON lines of what plugins did. Names, codes and numbers; nothing a message or a plugin says.

use serde::Serialize;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// A line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event<'a> {
    /// A plugin starts.
    Started {
        /// Which.
        plugin: &'a str,
    },
    /// A call has failed in this way for the first time.
    Failed {
        /// Of which plugin.
        plugin: &'a str,
        /// The function.
        call: &'a str,
        /// The code.
        outcome: &'a str,
    },
    /// How often a call came out in this way, when the plugin has ended.
    Calls {
        /// Of which plugin.
        plugin: &'a str,
        /// The function.
        call: &'a str,
        /// `ok`, or the code.
        outcome: &'a str,
        /// How often.
        count: u64,
    },
    /// A plugin has ended.
    Ended {
        /// Which.
        plugin: &'a str,
        /// `done`, or why it failed or was ended.
        outcome: &'a str,
        /// Whether its sessions were logged off; otherwise they ended with their instance.
        logged_off: bool,
        /// Calls.
        calls: u64,
        /// Rows read.
        rows: u64,
        /// Messages submitted.
        submissions: u64,
        /// Objects held in the end.
        handles: usize,
    },
}

/// Where the lines go.
pub struct Audit(Mutex<Box<dyn Write + Send>>);

impl Audit {
    /// To that writer.
    #[must_use]
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(writer)))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// The writer's own: what cannot be written down is not to be done.
    pub fn write(&self, event: &Event<'_>) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(&line)?;
        writer.flush()
    }
}

impl core::fmt::Debug for Audit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}
