//! The compiled component, and the subsystems it runs in.

use crate::failure::raise;
use crate::profiles::ProfileAdmin;
use crate::session::Session;
use crate::waiting::{answer, runtime};
use mapi_session::{Backends, EngineOptions, Limits, LogonOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::time::Duration;

/// The compiled component, made once a process.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Engine(mapi_session::Engine);

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (cache = None, subsystems = 0))]
    fn new(py: Python<'_>, cache: Option<PathBuf>, subsystems: u32) -> PyResult<Self> {
        let options = EngineOptions::default().with_subsystems(subsystems);
        let options = match cache {
            Some(folder) => options.with_cache(folder),
            None => options,
        };
        runtime(py)?;
        py.detach(|| mapi_session::Engine::new(&options)).map(Self).map_err(|failure| raise(py, &failure))
    }

    /// A subsystem on a data folder, or in memory.
    #[pyo3(signature = (folder = None, memory_limit = None))]
    fn open(&self, py: Python<'_>, folder: Option<PathBuf>, memory_limit: Option<usize>) -> PyResult<Subsystem> {
        let backends = match folder {
            None => Ok(Backends::memory()),
            Some(folder) => py.detach(|| Backends::embedded(&folder)),
        };
        let backends = backends.map_err(|failure| raise(py, &failure))?;
        let mut limits = Limits::default();
        if let Some(bytes) = memory_limit {
            limits.memory = bytes;
        }
        answer(py, self.0.subsystem(&backends, limits)).map(Subsystem)
    }
}

/// Sessions that share one instance of the component.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Subsystem(mapi_session::Subsystem);

#[pymethods]
impl Subsystem {
    /// `MAPIAdminProfiles`.
    fn profiles(&self, py: Python<'_>) -> PyResult<ProfileAdmin> {
        answer(py, self.0.admin_profiles()).map(ProfileAdmin)
    }

    /// `MAPILogonEx`: with that profile, or the default one.
    #[pyo3(signature = (profile = None, shared = false, no_mail = false))]
    fn logon(&self, py: Python<'_>, profile: Option<String>, shared: bool, no_mail: bool) -> PyResult<Session> {
        let new_session = !shared;
        let how = flags!(
            LogonFlags,
            true => MAPI_EXTENDED,
            profile.is_none() => MAPI_USE_DEFAULT,
            new_session => MAPI_NEW_SESSION,
            shared => MAPI_ALLOW_OTHERS,
            no_mail => MAPI_NO_MAIL
        );
        answer(py, self.0.logon(LogonOptions { profile, flags: how })).map(Session)
    }

    /// Takes a turn of so many seconds: whether more work waits.
    fn pump(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let budget = Duration::try_from_secs_f64(seconds).map_err(|_| PyValueError::new_err("a turn takes seconds"))?;
        Ok(answer(py, self.0.pump(budget))?.more)
    }

    /// Cancels the call that runs now, in another thread: whether there was one.
    fn cancel(&self) -> bool {
        self.0.cancel(None)
    }

    /// `MAPIUninitialize`: logs every session off.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        answer(py, self.0.uninitialize())
    }
}
