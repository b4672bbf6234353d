//! Calls of the host library from Python threads: the interpreter is free while one waits.
//!
//! The host library is asynchronous; its tasks (turns, deliveries) run on one small runtime of this module. After
//! `os.fork` that runtime has no threads, so processes are to be started anew (`spawn`).

use crate::failure::raise;
use mapi_session::error::Failure;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How often a call that waits looks whether it was interrupted (Ctrl-C).
pub(crate) const SLICE: Duration = Duration::from_millis(100);

static RUNTIME: PyOnceLock<Runtime> = PyOnceLock::new();

/// The runtime of all subsystems of this process.
pub(crate) fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    RUNTIME.get_or_try_init(py, || {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("mapi-session")
            .enable_all()
            .build()
            .map_err(|error| PyRuntimeError::new_err(format!("no threads can be started for sessions: {error}")))
    })
}

/// Waits for something without holding the interpreter. An interrupted call ends in the background.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    let runtime = runtime(py)?;
    // Dropped after the future: what is left of an interrupted call needs the runtime.
    let _entered = runtime.enter();
    let mut future = pin!(future);
    loop {
        let slice = || runtime.block_on(async { tokio::time::timeout(SLICE, future.as_mut()).await.ok() });
        if let Some(value) = py.detach(slice) {
            return Ok(value);
        }
        py.check_signals()?;
    }
}

/// The same for a call that may fail.
pub(crate) fn answer<T: Send, E: Into<Failure> + Send>(
    py: Python<'_>,
    call: impl Future<Output = Result<T, E>> + Send,
) -> PyResult<T> {
    wait(py, call)?.map_err(|failure| raise(py, &failure.into()))
}
