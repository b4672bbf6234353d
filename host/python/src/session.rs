//! `IMAPISession`.

use crate::address_book::AddressBook;
use crate::failure::warning;
use crate::notifications::{Subscription, mask};
use crate::profiles::{ServiceAdmin, Status};
use crate::properties::Properties;
use crate::store::{Store, object};
use crate::table::Table;
use crate::values::to_guid;
use crate::waiting::answer;
use mapi_session::{Entry, StoreRole, flags as f};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A session.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Session(pub(crate) mapi_session::Session);

#[pymethods]
impl Session {
    /// `GetMsgStoresTable`.
    fn stores(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_msg_stores_table(f::GetMsgStoresTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `OpenMsgStore`, with as much access as there is; and the name of a warning.
    #[pyo3(signature = (entry_id, read_only = false))]
    fn open_store(&self, py: Python<'_>, entry_id: &[u8], read_only: bool) -> PyResult<(Store, Option<String>)> {
        let how = flags!(OpenMsgStoreFlags, true => MDB_NO_DIALOG, !read_only => MAPI_BEST_ACCESS);
        let opened = answer(py, self.0.open_msg_store(entry_id, how, None))?;
        Ok((Store(opened.value.object), warning(opened.warning)))
    }

    /// `OpenAddressBook`; and the name of a warning.
    fn address_book(&self, py: Python<'_>) -> PyResult<(AddressBook, Option<String>)> {
        let opened = answer(py, self.0.open_address_book(f::OpenAddressBookFlags::AB_NO_DIALOG))?;
        Ok((AddressBook(opened.value), warning(opened.warning)))
    }

    /// `GetStatusTable`.
    fn status(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_status_table(f::GetStatusTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `OpenEntry`.
    #[pyo3(signature = (entry_id, read_only = false))]
    fn open(&self, py: Python<'_>, entry_id: &[u8], read_only: bool) -> PyResult<Py<PyAny>> {
        let how = flags!(SessionOpenEntryFlags, !read_only => MAPI_BEST_ACCESS);
        match answer(py, self.0.open_entry(entry_id, how, None))?.object {
            Entry::Object(opened) => object(py, opened),
            Entry::Status(status) => Ok(Py::new(py, Status(status))?.into_any()),
            _ => Err(PyTypeError::new_err("this version of the package does not know such objects")),
        }
    }

    /// `CompareEntryIDs`.
    fn compare_entry_ids(&self, py: Python<'_>, first: &[u8], second: &[u8]) -> PyResult<bool> {
        answer(py, self.0.compare_entry_ids(first, second))
    }

    /// `Advise` for events of the session, or of one object.
    #[pyo3(signature = (events, entry_id = None))]
    fn advise(&self, py: Python<'_>, events: u32, entry_id: Option<&[u8]>) -> PyResult<Subscription> {
        Ok(Subscription::new(answer(py, self.0.advise(entry_id, mask(events)))?))
    }

    /// `EnumAdrTypes`.
    fn address_types(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        answer(py, self.0.enum_adr_types(f::EnumAdrTypesFlags::MAPI_UNICODE))
    }

    /// `QueryIdentity`; and the name of a warning.
    fn identity<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Option<String>)> {
        let identity = answer(py, self.0.query_identity())?;
        Ok((PyBytes::new(py, &identity.value), warning(identity.warning)))
    }

    /// `SetDefaultStore`.
    #[pyo3(signature = (role, entry_id))]
    fn set_default_store(&self, py: Python<'_>, role: &str, entry_id: Option<&[u8]>) -> PyResult<()> {
        let role = match role {
            "default" => StoreRole::Default,
            "simple-temporary" => StoreRole::SimpleTemporary,
            "simple-permanent" => StoreRole::SimplePermanent,
            "primary" => StoreRole::Primary,
            "secondary" => StoreRole::Secondary,
            _ => return Err(PyValueError::new_err(format!("there is no role {role:?}"))),
        };
        answer(py, self.0.set_default_store(role, entry_id))
    }

    /// `OpenProfileSection`.
    #[pyo3(signature = (section, write = false, force = false))]
    fn section(&self, py: Python<'_>, section: &Bound<'_, PyAny>, write: bool, force: bool) -> PyResult<Properties> {
        let how = flags!(OpenProfileSectionFlags, write => MAPI_MODIFY, force => MAPI_FORCE_ACCESS);
        answer(py, self.0.open_profile_section(Some(to_guid(section)?), how)).map(Properties)
    }

    /// `AdminServices`.
    fn services(&self, py: Python<'_>) -> PyResult<ServiceAdmin> {
        answer(py, self.0.admin_services()).map(ServiceAdmin)
    }

    /// `Logoff`.
    fn logoff(&self, py: Python<'_>) -> PyResult<()> {
        answer(py, self.0.logoff(f::LogoffFlags::empty()))
    }
}
