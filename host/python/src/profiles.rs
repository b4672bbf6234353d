//! `IProfAdmin`, `IMsgServiceAdmin`, `IProviderAdmin`, `IMAPIStatus`.

use crate::failure::warning;
use crate::properties::Properties;
use crate::table::Table;
use crate::values::{guid, properties, to_guid};
use crate::waiting::answer;
use mapi_session::flags as f;
use pyo3::prelude::*;

/// Administration of profiles.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct ProfileAdmin(pub(crate) mapi_session::ProfileAdmin);

#[pymethods]
impl ProfileAdmin {
    /// `GetProfileTable`.
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_profile_table(f::GetProfileTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `CreateProfile`.
    #[pyo3(signature = (name, default_services = true))]
    fn create(&self, py: Python<'_>, name: &str, default_services: bool) -> PyResult<Option<String>> {
        let how = flags!(CreateProfileFlags, default_services => MAPI_DEFAULT_SERVICES);
        Ok(warning(answer(py, self.0.create_profile(name, how))?.warning))
    }

    /// `CopyProfile`.
    fn copy(&self, py: Python<'_>, name: &str, new_name: &str) -> PyResult<()> {
        answer(py, self.0.copy_profile(name, new_name, f::CopyProfileFlags::empty()))
    }

    /// `RenameProfile`.
    fn rename(&self, py: Python<'_>, name: &str, new_name: &str) -> PyResult<()> {
        answer(py, self.0.rename_profile(name, new_name, f::RenameProfileFlags::empty()))
    }

    /// `DeleteProfile`.
    fn delete(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        answer(py, self.0.delete_profile(name))
    }

    /// `SetDefaultProfile`.
    #[pyo3(signature = (name))]
    fn set_default(&self, py: Python<'_>, name: Option<&str>) -> PyResult<()> {
        answer(py, self.0.set_default_profile(name))
    }

    /// `AdminServices`.
    fn services(&self, py: Python<'_>, name: &str) -> PyResult<ServiceAdmin> {
        answer(py, self.0.admin_services(name)).map(ServiceAdmin)
    }
}

/// Administration of the services of a profile.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct ServiceAdmin(pub(crate) mapi_session::ServiceAdmin);

#[pymethods]
impl ServiceAdmin {
    /// `GetMsgServiceTable`.
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_msg_service_table(f::GetMsgServiceTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `GetProviderTable`.
    fn providers(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_provider_table(f::GetProviderTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `CreateMsgServiceEx`: its MAPIUID.
    #[pyo3(signature = (service, display_name = None))]
    fn create<'py>(&self, py: Python<'py>, service: &str, display_name: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        let how = f::CreateMsgServiceFlags::empty();
        guid(py, answer(py, self.0.create_msg_service_ex(service, display_name, how))?)
    }

    /// `ConfigureMsgService`.
    fn configure(&self, py: Python<'_>, service: &Bound<'_, PyAny>, values: Vec<(u32, Bound<'_, PyAny>)>) -> PyResult<()> {
        answer(py, self.0.configure_msg_service(to_guid(service)?, properties(&values)?))
    }

    /// `CopyMsgService`: the MAPIUID of the copy.
    fn copy<'py>(&self, py: Python<'py>, service: &Bound<'py, PyAny>, destination: &Self) -> PyResult<Bound<'py, PyAny>> {
        let copied = self.0.copy_msg_service(to_guid(service)?, &destination.0, f::CopyMsgServiceFlags::empty());
        guid(py, answer(py, copied)?)
    }

    /// `DeleteMsgService`.
    fn delete(&self, py: Python<'_>, service: &Bound<'_, PyAny>) -> PyResult<()> {
        answer(py, self.0.delete_msg_service(to_guid(service)?))
    }

    /// `MsgServiceTransportOrder`.
    fn set_transport_order(&self, py: Python<'_>, order: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        let order = order.iter().map(to_guid).collect::<PyResult<Vec<_>>>()?;
        answer(py, self.0.msg_service_transport_order(&order))
    }

    /// `SetPrimaryIdentity`.
    #[pyo3(signature = (service))]
    fn set_primary_identity(&self, py: Python<'_>, service: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        answer(py, self.0.set_primary_identity(service.map(to_guid).transpose()?))
    }

    /// `OpenProfileSection`.
    #[pyo3(signature = (section, write = false, force = false))]
    fn section(&self, py: Python<'_>, section: &Bound<'_, PyAny>, write: bool, force: bool) -> PyResult<Properties> {
        let how = flags!(OpenProfileSectionFlags, write => MAPI_MODIFY, force => MAPI_FORCE_ACCESS);
        answer(py, self.0.open_profile_section(Some(to_guid(section)?), how)).map(Properties)
    }

    /// `AdminProviders`.
    fn providers_of(&self, py: Python<'_>, service: &Bound<'_, PyAny>) -> PyResult<ProviderAdmin> {
        answer(py, self.0.admin_providers(to_guid(service)?)).map(ProviderAdmin)
    }
}

/// Administration of the providers of a service.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct ProviderAdmin(mapi_session::ProviderAdmin);

#[pymethods]
impl ProviderAdmin {
    /// `GetProviderTable`.
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        answer(py, self.0.get_provider_table(f::GetProviderTableFlags::MAPI_UNICODE)).map(Table)
    }

    /// `CreateProvider`: its MAPIUID.
    #[pyo3(signature = (name, values = Vec::new()))]
    fn create<'py>(&self, py: Python<'py>, name: &str, values: Vec<(u32, Bound<'py, PyAny>)>) -> PyResult<Bound<'py, PyAny>> {
        let made = self.0.create_provider(name, properties(&values)?, f::CreateProviderFlags::empty());
        guid(py, answer(py, made)?)
    }

    /// `DeleteProvider`.
    fn delete(&self, py: Python<'_>, provider: &Bound<'_, PyAny>) -> PyResult<()> {
        answer(py, self.0.delete_provider(to_guid(provider)?))
    }

    /// `OpenProfileSection`.
    #[pyo3(signature = (section, write = false, force = false))]
    fn section(&self, py: Python<'_>, section: &Bound<'_, PyAny>, write: bool, force: bool) -> PyResult<Properties> {
        let how = flags!(OpenProfileSectionFlags, write => MAPI_MODIFY, force => MAPI_FORCE_ACCESS);
        answer(py, self.0.open_profile_section(Some(to_guid(section)?), how)).map(Properties)
    }
}

/// A status object.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Status(pub(crate) mapi_session::StatusObject);

#[pymethods]
impl Status {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }

    /// `ValidateState`.
    fn validate(&self, py: Python<'_>) -> PyResult<()> {
        answer(py, self.0.validate_state(f::ValidateStateFlags::SUPPRESS_UI))
    }

    /// `ChangePassword`.
    fn change_password(&self, py: Python<'_>, old: &str, new: &str) -> PyResult<()> {
        answer(py, self.0.change_password(old, new))
    }

    /// `FlushQueues`.
    #[pyo3(signature = (upload = true, download = true, target = None))]
    fn flush(&self, py: Python<'_>, upload: bool, download: bool, target: Option<&[u8]>) -> PyResult<()> {
        let how = flags!(
            FlushQueuesFlags,
            true => FLUSH_NO_UI,
            upload => FLUSH_UPLOAD,
            download => FLUSH_DOWNLOAD
        );
        answer(py, self.0.flush_queues(target, how))
    }
}
