//! The extension module below the Python package `mapi_session`: one class for each MAPI interface, its methods with
//! plain values. What is natural in Python is made of them by the package itself.

/// The flags of a method, set where a condition holds.
macro_rules! flags {
    ($type:ident, $($condition:expr => $flag:ident),+) => {{
        let mut how = mapi_session::flags::$type::empty();
        $(if $condition {
            how |= mapi_session::flags::$type::$flag;
        })+
        how
    }};
}

mod address_book;
mod columns;
mod engine;
mod failure;
mod notifications;
mod profiles;
mod properties;
mod restriction;
mod session;
mod store;
mod table;
mod transfer;
mod values;
mod waiting;

use pyo3::prelude::*;

/// The host library below the package.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<address_book::AddressBook>()?;
    module.add_class::<address_book::Container>()?;
    module.add_class::<address_book::DistList>()?;
    module.add_class::<address_book::MailUser>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<engine::Subsystem>()?;
    module.add_class::<notifications::Subscription>()?;
    module.add_class::<profiles::ProfileAdmin>()?;
    module.add_class::<profiles::ProviderAdmin>()?;
    module.add_class::<profiles::ServiceAdmin>()?;
    module.add_class::<profiles::Status>()?;
    module.add_class::<properties::Properties>()?;
    module.add_class::<properties::Stream>()?;
    module.add_class::<restriction::Restriction>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<store::Attachment>()?;
    module.add_class::<store::Folder>()?;
    module.add_class::<store::Message>()?;
    module.add_class::<store::Store>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<transfer::Export>()?;
    module.add_class::<values::ErrorValue>()?;
    module.add_function(wrap_pyfunction!(transfer::one_off, module)?)?;
    module.add_function(wrap_pyfunction!(transfer::parse_property, module)?)?;
    module.add_function(wrap_pyfunction!(transfer::property_name, module)?)?;
    module.add("COMPONENT_HASH", mapi_session::COMPONENT_HASH)
}
