//! Messages in RFC 5322 form, in and out.

use crate::values;
use crate::waiting::{answer, wait};
use mapi_session::archive::{Archive, Intake, IntakeError};
use mapi_session::error::Failure;
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{Folder, ImportOptions, MessageOptions, Oddity};
use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::PathBuf;

/// What was odd in messages: kind and sentence.
pub(crate) type Oddities = Vec<(String, String)>;

/// Messages seen, those added of them, and what was odd in these.
pub(crate) type Imported = (u64, u64, Oddities);

fn pairs(oddities: Vec<Oddity>) -> Oddities {
    oddities.into_iter().map(|oddity| (oddity.kind, oddity.message)).collect()
}

/// Takes archives in, once each message.
pub(crate) fn import_archives(py: Python<'_>, folder: &Folder, paths: &[PathBuf], defer_indexing: bool) -> PyResult<Imported> {
    let (mut seen, mut added, mut oddities) = (0, 0, Vec::new());
    let outcome = wait(py, async {
        // Every archive is opened before anything is written.
        let archives: Vec<Archive> = paths.iter().map(|path| Archive::open(path, None)).collect::<Result<_, _>>()?;
        let mut intake = Intake::begin(folder, ImportOptions { defer_indexing }).await?;
        for mut archive in archives {
            let taken = intake
                .archive(&mut archive, |_, _, imported| {
                    seen += 1;
                    if let Some(imported) = imported {
                        added += 1;
                        oddities.extend(pairs(imported.oddities));
                    }
                })
                .await;
            // What was finished before the trouble is kept, if it can be.
            let flushed = intake.flush().await;
            taken?;
            flushed?;
        }
        Ok(())
    })?;
    match outcome {
        Ok(()) => Ok((seen, added, oddities)),
        Err(IntakeError::Session(failure)) => Err(crate::failure::raise(py, &failure)),
        Err(error @ (IntakeError::Archive(_) | IntakeError::Temporary(_))) => Err(PyOSError::new_err(error.to_string())),
    }
}

/// The size of the message, and what was odd in it.
pub(crate) fn import_message(
    py: Python<'_>,
    folder: &Folder,
    data: &[u8],
    received: Option<&Bound<'_, PyAny>>,
    seen: bool,
) -> PyResult<(u64, Oddities)> {
    let received = match received.map(|time| values::property(tags::MESSAGE_DELIVERY_TIME, time)).transpose()? {
        None => None,
        Some(property) => match property.value {
            Value::SysTime(time) => Some(time),
            _ => return Err(PyTypeError::new_err("received is a time")),
        },
    };
    let options = MessageOptions { received, keep_original: true, seen, properties: Vec::new() };
    let imported = answer(py, async {
        let import = folder.import_messages(ImportOptions::default()).await?;
        import.begin(options).await?;
        for piece in data.chunks(1 << 20) {
            import.write(piece.to_vec()).await?;
        }
        let imported = import.finish().await?;
        import.flush().await?;
        Ok::<_, Failure>(imported)
    })?;
    Ok((imported.size, pairs(imported.oddities)))
}

/// A running export.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Export(pub(crate) mapi_session::MessageExport);

#[pymethods]
impl Export {
    /// Goes on to the next message: what is known of it besides its bytes, `None` at the end.
    fn next_message<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(message) = answer(py, self.0.next_message())? else { return Ok(None) };
        let known = PyDict::new(py);
        known.set_item("entry_id", PyBytes::new(py, &message.entry_id))?;
        known.set_item("message_flags", message.message_flags)?;
        known.set_item("received", message.received.map(|time| values::python(py, Value::SysTime(time))).transpose()?)?;
        known.set_item("sender", message.sender)?;
        known.set_item("original", message.original)?;
        Ok(Some(known))
    }

    /// The next bytes of the message, none at its end.
    fn read<'py>(&self, py: Python<'py>, length: u32) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &answer(py, self.0.read(length))?))
    }
}

/// The entry identifier of a recipient that is no entry of the address book (`address-book` 3.4).
#[pyfunction]
pub(crate) fn one_off<'py>(py: Python<'py>, name: &str, address_type: &str, address: &str) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &mapi_engine::entry_id::OneOff::new(name, address_type, address).to_bytes())
}

/// The tag of a property name: a short one, a MAPI one with or without `PR_`, or eight hexadecimal digits.
#[pyfunction]
pub(crate) fn parse_property(name: &str) -> Option<u32> {
    mapi_session::expression::parse_property(name).map(|tag| tag.0)
}

/// The name of a property: `PR_SUBJECT`, or its tag in hexadecimal.
#[pyfunction]
pub(crate) fn property_name(tag: u32) -> String {
    mapi_session::expression::property_name(PropTag(tag))
}
