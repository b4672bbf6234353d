//! Everything the engine asks of a host, in memory: for tests, and for hosts that want nothing on disk.
//!
//! [`MemoryStore`] and [`MemoryAddressBook`] are the plainest backends that keep every promise of
//! [`crate::backend`]: what they answer is what any other backend must answer. They are `Send + Sync`, so
//! that several sessions may share one. [`MemoryHost`] puts them together with a catalogue, profiles and
//! clocks for session tests; [`Faulty`] makes a good backend misbehave. No MAPI rule lives here.

mod address_book;
mod catalogue;
mod cells;
mod database;
mod evaluate;
mod faults;
mod garble;
mod host;
mod objects;
mod presenter;
mod profiles;
mod reports;
mod segments;
mod services;
mod store;

pub use address_book::MemoryAddressBook;
pub use catalogue::MemoryCatalogue;
pub use faults::{Fault, Faults, Faulty, Meanwhile, Trigger};
pub use host::MemoryHost;
pub use objects::{MemoryObjects, PushDown};
pub use presenter::MemoryPresenter;
pub use profiles::MemoryProfiles;
pub use reports::MemoryReports;
pub use services::{MemoryClock, MemoryLog, MemoryProgress, SeededEntropy};
pub use store::MemoryStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another holder panicked: every change below is made whole before it is seen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
