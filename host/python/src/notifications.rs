//! Registrations and their events (`session` 6.9, 8.1).

use crate::values::cell;
use crate::waiting::{runtime, wait};
use mapi_session::flags::EventMask;
use mapi_session::notifications::{
    ErrorNotification, ExtendedNotification, NewMailNotification, Notification, ObjectNotification, TableNotification,
};
use mapi_session::properties::{Property, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::time::Duration;

/// The registration for the events whose MAPI bits are set.
pub(crate) fn mask(bits: u32) -> EventMask {
    let all = [
        (0x1, EventMask::FNEV_CRITICAL_ERROR),
        (0x2, EventMask::FNEV_NEW_MAIL),
        (0x4, EventMask::FNEV_OBJECT_CREATED),
        (0x8, EventMask::FNEV_OBJECT_DELETED),
        (0x10, EventMask::FNEV_OBJECT_MODIFIED),
        (0x20, EventMask::FNEV_OBJECT_MOVED),
        (0x40, EventMask::FNEV_OBJECT_COPIED),
        (0x80, EventMask::FNEV_SEARCH_COMPLETE),
        (0x100, EventMask::FNEV_TABLE_MODIFIED),
        (0x200, EventMask::FNEV_STATUS_OBJECT_MODIFIED),
        (0x1_0000, EventMask::FNEV_INDEXING),
        (0x8000_0000, EventMask::FNEV_EXTENDED),
    ];
    let set = all.into_iter().filter(|(bit, _)| bits & bit != 0);
    set.fold(EventMask::empty(), |mask, (_, event)| mask | event)
}

/// A registration; closing or dropping it takes it back.
#[pyclass(module = "mapi_session._native")]
pub(crate) struct Subscription(Option<mapi_session::Subscription>);

impl Subscription {
    pub(crate) const fn new(subscription: mapi_session::Subscription) -> Self {
        Self(Some(subscription))
    }
}

#[pymethods]
impl Subscription {
    /// The next events, waiting for the first of them at most so many seconds: none if none came, `None` if no more
    /// come at all.
    #[pyo3(signature = (seconds = None))]
    fn next_batch<'py>(&mut self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Option<Bound<'py, PyList>>> {
        let Some(subscription) = &mut self.0 else { return Ok(None) };
        let patience = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let events = wait(py, async {
            match patience {
                None => Some(subscription.next_batch().await),
                Some(patience) => tokio::time::timeout(patience, subscription.next_batch()).await.ok(),
            }
        })?;
        let Some(events) = events else { return Ok(Some(PyList::empty(py))) };
        if events.is_empty() {
            return Ok(None);
        }
        let events: Vec<_> = events.into_iter().map(|event| dictionary(py, event)).collect::<PyResult<_>>()?;
        Ok(Some(PyList::new(py, events)?))
    }

    /// `Unadvise`.
    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        match self.0.take() {
            Some(subscription) => crate::waiting::answer(py, subscription.unadvise()),
            None => Ok(()),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // The registration is taken back by a task, which needs the runtime.
        let entered = Python::try_attach(|py| runtime(py).map(tokio::runtime::Runtime::enter));
        drop(self.0.take());
        drop(entered);
    }
}

fn dictionary(py: Python<'_>, event: Notification) -> PyResult<Bound<'_, PyDict>> {
    let known = PyDict::new(py);
    let name = match &event {
        Notification::CriticalError(_) => "critical-error",
        Notification::NewMail(_) => "new-mail",
        Notification::ObjectCreated(_) => "object-created",
        Notification::ObjectDeleted(_) => "object-deleted",
        Notification::ObjectModified(_) => "object-modified",
        Notification::ObjectMoved(_) => "object-moved",
        Notification::ObjectCopied(_) => "object-copied",
        Notification::SearchComplete(_) => "search-complete",
        Notification::TableModified(_) => "table-modified",
        Notification::StatusObjectModified(_) => "status-object-modified",
        Notification::Indexing(_) => "indexing",
        Notification::Extended(_) => "extended",
    };
    known.set_item("name", name)?;
    let bytes = |bytes: Option<Vec<u8>>| bytes.map(|bytes| PyBytes::new(py, &bytes));
    match event {
        Notification::CriticalError(ErrorNotification { entry_id, code, error }) => {
            known.set_item("entry_id", bytes(entry_id))?;
            known.set_item("code", code.to_string())?;
            known.set_item("message", error.map(|error| error.error))?;
        }
        Notification::NewMail(NewMailNotification { entry_id, parent_id, message_class, message_flags }) => {
            known.set_item("entry_id", bytes(Some(entry_id)))?;
            known.set_item("parent_id", bytes(Some(parent_id)))?;
            known.set_item("message_class", message_class)?;
            known.set_item("message_flags", message_flags)?;
        }
        Notification::ObjectCreated(object)
        | Notification::ObjectDeleted(object)
        | Notification::ObjectModified(object)
        | Notification::ObjectMoved(object)
        | Notification::ObjectCopied(object)
        | Notification::SearchComplete(object) => {
            let ObjectNotification { entry_id, object_type, parent_id, old_id, old_parent_id, tags } = object;
            known.set_item("entry_id", bytes(Some(entry_id)))?;
            known.set_item("object_type", object_type)?;
            known.set_item("parent_id", bytes(parent_id))?;
            known.set_item("old_id", bytes(old_id))?;
            known.set_item("old_parent_id", bytes(old_parent_id))?;
            known.set_item("tags", tags.map(|tags| tags.into_iter().map(|tag| tag.0).collect::<Vec<_>>()))?;
        }
        Notification::TableModified(TableNotification { event, code, index, prior, row }) => {
            let key = |property: Property| match property.value {
                Value::Binary(key) => bytes(Some(key)),
                _ => None,
            };
            let cells = row.into_iter().map(|property| Ok((property.tag.0, cell(py, Some(property.value))?)));
            known.set_item("event", event as u32)?;
            known.set_item("code", code.to_string())?;
            known.set_item("key", key(index))?;
            known.set_item("prior_key", key(prior))?;
            known.set_item("row", cells.collect::<PyResult<Vec<_>>>()?)?;
        }
        Notification::StatusObjectModified(status) => known.set_item("entry_id", bytes(Some(status.entry_id)))?,
        Notification::Indexing(ExtendedNotification { event, data })
        | Notification::Extended(ExtendedNotification { event, data }) => {
            known.set_item("event", event)?;
            known.set_item("data", bytes(Some(data)))?;
        }
    }
    Ok(known)
}
