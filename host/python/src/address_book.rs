//! `IAddrBook`, `IABContainer`, `IMailUser`, `IDistList`.

use crate::failure::warning;
use crate::properties::Properties;
use crate::store::object;
use crate::table::Table;
use crate::values::{pairs, properties};
use crate::waiting::answer;
use mapi_session::{Verdict, flags as f};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// The properties of a recipient, to be given to the book.
type Given<'py> = Vec<(u32, Bound<'py, PyAny>)>;

/// The address book of all providers.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct AddressBook(pub(crate) mapi_session::AddressBook);

#[pymethods]
impl AddressBook {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }

    /// `OpenEntry`; without an identifier the root container.
    #[pyo3(signature = (entry_id = None, read_only = false))]
    fn open(&self, py: Python<'_>, entry_id: Option<&[u8]>, read_only: bool) -> PyResult<Py<PyAny>> {
        let how = flags!(AddressBookOpenEntryFlags, !read_only => MAPI_BEST_ACCESS);
        object(py, answer(py, self.0.open_entry(entry_id, how, None))?.object)
    }

    /// `CompareEntryIDs`.
    fn compare_entry_ids(&self, py: Python<'_>, first: &[u8], second: &[u8]) -> PyResult<bool> {
        answer(py, self.0.compare_entry_ids(first, second))
    }

    /// `CreateOneOff`.
    fn create_one_off<'py>(
        &self,
        py: Python<'py>,
        name: Option<&str>,
        kind: &str,
        address: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let how = f::CreateOneOffFlags::MAPI_UNICODE;
        Ok(PyBytes::new(py, &answer(py, self.0.create_one_off(name, kind, address, how))?))
    }

    /// `ResolveName`: for each recipient its properties and `resolved`, `ambiguous` or `unresolved`.
    fn resolve<'py>(&self, py: Python<'py>, recipients: Vec<Given<'py>>) -> PyResult<Vec<(Bound<'py, PyList>, &'static str)>> {
        let list = recipients.iter().map(|recipient| properties(recipient)).collect::<PyResult<_>>()?;
        let resolved = answer(py, self.0.resolve_name(f::ResolveNameFlags::MAPI_UNICODE, list))?;
        let one = |recipient: mapi_session::NamedRecipient| {
            let verdict = match recipient.verdict {
                Verdict::Unresolved => "unresolved",
                Verdict::Ambiguous => "ambiguous",
                Verdict::Resolved => "resolved",
            };
            Ok((pairs(py, recipient.properties)?, verdict))
        };
        resolved.recipients.into_iter().map(one).collect()
    }

    /// `GetPAB`.
    fn personal_address_book<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        Ok(answer(py, self.0.get_pab())?.map(|entry_id| PyBytes::new(py, &entry_id)))
    }

    /// `GetDefaultDir`.
    fn default_directory<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        Ok(answer(py, self.0.get_default_dir())?.map(|entry_id| PyBytes::new(py, &entry_id)))
    }

    /// `GetSearchPath`: the containers names are looked up in, each as its properties.
    fn search_path<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyList>>> {
        let rows = answer(py, self.0.get_search_path(f::GetSearchPathFlags::MAPI_UNICODE))?;
        rows.into_iter().map(|row| pairs(py, row)).collect()
    }
}

/// `CREATE_*` of an entry that is there already.
fn duplicates(how: &str) -> PyResult<f::CreateEntryFlags> {
    Ok(match how {
        "allow" => f::CreateEntryFlags::empty(),
        "refuse" => f::CreateEntryFlags::CREATE_CHECK_DUP_STRICT,
        "replace" => f::CreateEntryFlags::CREATE_CHECK_DUP_STRICT | f::CreateEntryFlags::CREATE_REPLACE,
        _ => return Err(pyo3::exceptions::PyValueError::new_err("duplicates is allow, refuse or replace")),
    })
}

/// Defines a class of entries that hold others.
macro_rules! container {
    ($(#[$doc:meta])* $name:ident, { $($more:tt)* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "mapi_session._native")]
        pub(crate) struct $name(pub(crate) mapi_session_class!($name));

        #[pymethods]
        impl $name {
            /// Its properties.
            fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
                answer(py, self.0.properties()).map(Properties)
            }

            /// `GetContentsTable`.
            fn contents(&self, py: Python<'_>) -> PyResult<Table> {
                answer(py, self.0.get_contents_table(f::GetContentsTableFlags::MAPI_UNICODE)).map(Table)
            }

            /// `CreateEntry`: a user, or what the template says; it is there when it is saved.
            #[pyo3(signature = (template = None, duplicates = "refuse"))]
            fn create_entry(&self, py: Python<'_>, template: Option<&[u8]>, duplicates: &str) -> PyResult<Py<PyAny>> {
                object(py, answer(py, self.0.create_entry(template, self::duplicates(duplicates)?))?)
            }

            /// `CopyEntries`; a warning tells that not all could be copied.
            fn copy_entries(&self, py: Python<'_>, entry_ids: Vec<Vec<u8>>) -> PyResult<Option<String>> {
                Ok(warning(answer(py, self.0.copy_entries(entry_ids, f::CopyEntriesFlags::empty()))?.warning))
            }

            /// `DeleteEntries`; a warning tells that some are not in it.
            fn delete_entries(&self, py: Python<'_>, entry_ids: Vec<Vec<u8>>) -> PyResult<Option<String>> {
                Ok(warning(answer(py, self.0.delete_entries(entry_ids))?.warning))
            }

            $($more)*
        }
    };
}

macro_rules! mapi_session_class {
    (Container) => {
        mapi_session::AddressBookContainer
    };
    (DistList) => {
        mapi_session::DistList
    };
}

container! {
    /// An address book container.
    Container, {
        /// `GetHierarchyTable`; a warning tells that containers of some provider are missing.
        fn hierarchy(&self, py: Python<'_>) -> PyResult<(Table, Option<String>)> {
            let opened = answer(py, self.0.get_hierarchy_table(f::GetHierarchyTableFlags::MAPI_UNICODE))?;
            Ok((Table(opened.value), warning(opened.warning)))
        }
    }
}

container! {
    /// A distribution list: the container of its members.
    DistList, {}
}

/// A person.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct MailUser(pub(crate) mapi_session::MailUser);

#[pymethods]
impl MailUser {
    /// Its properties.
    fn properties(&self, py: Python<'_>) -> PyResult<Properties> {
        answer(py, self.0.properties()).map(Properties)
    }
}
