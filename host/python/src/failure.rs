//! Failures as the Python exception `MapiError`, with everything known of them (`errors` 1 to 3).

use mapi_session::PropProblem;
use mapi_session::error::{Code, Failure, FailureDetail, Origin};
use mapi_session::expression::property_name;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// The exception of a failure.
pub(crate) fn raise(py: Python<'_>, failure: &Failure) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = || {
        let FailureDetail { code, origin, tag, argument, retry, message, low_level } = failure.detail();
        let known = PyDict::new(py);
        known.set_item("code", code.to_string())?;
        known.set_item("number", code.raw())?;
        match origin {
            Origin::Session => known.set_item("origin", "session")?,
            Origin::Provider { name, uid } => {
                known.set_item("origin", name)?;
                known.set_item("provider", crate::values::guid(py, *uid)?)?;
            }
        }
        known.set_item("tag", tag.map(|tag| tag.0))?;
        known.set_item("argument", argument.as_deref())?;
        known.set_item("retry", *retry)?;
        known.set_item("low_level", *low_level)?;
        CLASS.import(py, "mapi_session._errors", "MapiError")?.call((&**message,), Some(&known))
    };
    made().map_or_else(|error| error, PyErr::from_value)
}

/// The exception of properties of which some could not be treated; the others were.
pub(crate) fn problems(py: Python<'_>, problems: &[PropProblem]) -> PyResult<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    let names: Vec<_> = problems.iter().map(|problem| format!("{} ({})", property_name(problem.tag), problem.code)).collect();
    let sentence = format!("not every property could be treated: {}", names.join(", "));
    Err(raise(py, &Failure::new(first.code, sentence).with_tag(first.tag)))
}

/// The name of a warning.
pub(crate) fn warning(warning: Option<Code>) -> Option<String> {
    warning.map(|code| code.to_string())
}
