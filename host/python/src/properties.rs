//! `IMAPIProp` and `IStream`.

use crate::failure::{problems, warning};
use crate::store::{Container, Message};
use crate::table::Table;
use crate::values::{guid, pairs, properties, to_guid};
use crate::waiting::answer;
use mapi_session::backend::{NamedProperty, PropertyName};
use mapi_session::flags as f;
use mapi_session::properties::PropTag;
use mapi_session::{OpenedProperty, PropertyInterface, SeekOrigin};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// The properties of an object.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Properties(pub(crate) mapi_session::Properties);

/// A property name: the set, and a number or a text in it.
#[derive(FromPyObject)]
enum Name {
    Number(u32),
    Text(String),
}

#[pymethods]
impl Properties {
    /// `GetProps`: tags and values in the order of the tags; everything without tags. What is not there is an
    /// `ErrorValue`.
    #[pyo3(signature = (tags = None))]
    fn get<'py>(&self, py: Python<'py>, tags: Option<Vec<u32>>) -> PyResult<Bound<'py, PyList>> {
        let tags: Option<Vec<PropTag>> = tags.map(|tags| tags.into_iter().map(PropTag).collect());
        let values = answer(py, self.0.get_props(tags.as_deref(), f::GetPropsFlags::MAPI_UNICODE))?.value;
        pairs(py, values)
    }

    /// `GetPropList`.
    fn tags(&self, py: Python<'_>) -> PyResult<Vec<u32>> {
        let tags = answer(py, self.0.get_prop_list(f::GetPropListFlags::MAPI_UNICODE))?;
        Ok(tags.into_iter().map(|tag| tag.0).collect())
    }

    /// `SetProps`; a property that could not be set is an error, the others are set.
    fn set(&self, py: Python<'_>, values: Vec<(u32, Bound<'_, PyAny>)>) -> PyResult<()> {
        let values = properties(&values)?;
        problems(py, &answer(py, self.0.set_props(values))?)
    }

    /// `DeleteProps`.
    fn delete(&self, py: Python<'_>, tags: Vec<u32>) -> PyResult<()> {
        let tags: Vec<PropTag> = tags.into_iter().map(PropTag).collect();
        problems(py, &answer(py, self.0.delete_props(&tags))?)
    }

    /// `SaveChanges`; the object stays open for writing.
    #[pyo3(signature = (force = false))]
    fn save(&self, py: Python<'_>, force: bool) -> PyResult<()> {
        let how = flags!(SaveChangesFlags, true => KEEP_OPEN_READWRITE, force => FORCE_SAVE);
        answer(py, self.0.save_changes(how))
    }

    /// `CopyTo`: everything but what is excluded; a warning tells that not all could be copied.
    fn copy_to(&self, py: Python<'_>, destination: &Self, excluded: Vec<u32>) -> PyResult<Option<String>> {
        let excluded: Vec<PropTag> = excluded.into_iter().map(PropTag).collect();
        let excluded = (!excluded.is_empty()).then_some(excluded.as_slice());
        let copied = answer(py, self.0.copy_to(&[], excluded, &destination.0, f::CopyToFlags::empty()))?;
        problems(py, &copied.value)?;
        Ok(warning(copied.warning))
    }

    /// `GetIDsFromNames`: for each name its identifier in a tag without a type, `None` for an unknown one.
    #[pyo3(signature = (names, create = false))]
    fn ids_from_names(&self, py: Python<'_>, names: Vec<(Bound<'_, PyAny>, Name)>, create: bool) -> PyResult<Vec<Option<u32>>> {
        let name = |(set, name): (Bound<'_, PyAny>, Name)| {
            let name = match name {
                Name::Number(number) => PropertyName::Number(number),
                Name::Text(text) => PropertyName::Text(text),
            };
            Ok(NamedProperty { set: to_guid(&set)?, name })
        };
        let names = names.into_iter().map(name).collect::<PyResult<Vec<_>>>()?;
        let how = flags!(GetIdsFromNamesFlags, create => MAPI_CREATE);
        let tags = answer(py, self.0.get_ids_from_names(Some(names), how))?.value;
        Ok(tags.into_iter().map(|tag| (tag.id() != 0).then_some(u32::from(tag.id()) << 16)).collect())
    }

    /// `GetNamesFromIDs`: set and name of each tag, `None` for one without a name; without tags all names there are.
    #[pyo3(signature = (tags = None))]
    fn names_from_ids<'py>(&self, py: Python<'py>, tags: Option<Vec<u32>>) -> PyResult<Bound<'py, PyList>> {
        let tags: Option<Vec<PropTag>> = tags.map(|tags| tags.into_iter().map(PropTag).collect());
        let names = answer(py, self.0.get_names_from_ids(tags.as_deref(), None, f::GetNamesFromIdsFlags::empty()))?.value;
        let names = names.into_iter().map(|(tag, name)| {
            let name = match name {
                None => py.None().into_bound(py),
                Some(NamedProperty { set, name }) => {
                    let name = match name {
                        PropertyName::Number(number) => number.into_pyobject(py)?.into_any(),
                        PropertyName::Text(text) => text.into_pyobject(py)?.into_any(),
                    };
                    (guid(py, set)?, name).into_pyobject(py)?.into_any()
                }
            };
            (tag.0, name).into_pyobject(py)
        });
        PyList::new(py, names.collect::<PyResult<Vec<_>>>()?)
    }

    /// `OpenProperty` as a stream.
    #[pyo3(signature = (tag, write = false))]
    fn stream(&self, py: Python<'_>, tag: u32, write: bool) -> PyResult<Stream> {
        let how = flags!(OpenPropertyFlags, write => MAPI_CREATE, write => MAPI_MODIFY);
        let options = flags!(OpenPropertyOptions, write => STGM_READWRITE);
        match answer(py, self.0.open_property(PropTag(tag), PropertyInterface::DataStream, options, how))? {
            OpenedProperty::DataStream(stream) => Ok(Stream(stream)),
            _ => Err(PyValueError::new_err("the property is no stream")),
        }
    }

    /// `OpenProperty` as a message, table or container.
    #[pyo3(signature = (tag, interface, write = false, create = false))]
    fn open(&self, py: Python<'_>, tag: u32, interface: &str, write: bool, create: bool) -> PyResult<Py<PyAny>> {
        let interface = match interface {
            "message" => PropertyInterface::Message,
            "table" => PropertyInterface::Table,
            "container" => PropertyInterface::Container,
            _ => return Err(PyValueError::new_err("a property opens as \"message\", \"table\" or \"container\"")),
        };
        let how = flags!(OpenPropertyFlags, create => MAPI_CREATE, write || create => MAPI_MODIFY);
        Ok(match answer(py, self.0.open_property(PropTag(tag), interface, f::OpenPropertyOptions::empty(), how))? {
            OpenedProperty::Message(message) => Py::new(py, Message(message))?.into_any(),
            OpenedProperty::Table(table) => Py::new(py, Table(table))?.into_any(),
            OpenedProperty::Container(container) => Py::new(py, Container(container))?.into_any(),
            OpenedProperty::DataStream(stream) => Py::new(py, Stream(stream))?.into_any(),
            _ => return Err(PyValueError::new_err("the property opened as something else")),
        })
    }
}

/// The bytes of a large property.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Stream(mapi_session::DataStream);

#[pymethods]
impl Stream {
    /// Up to so many bytes from the position on; all there are without a number.
    #[pyo3(signature = (length = None))]
    fn read<'py>(&self, py: Python<'py>, length: Option<u32>) -> PyResult<Bound<'py, PyBytes>> {
        let read = match length {
            Some(length) => answer(py, self.0.read(length))?,
            None => answer(py, self.0.read_to_end())?,
        };
        Ok(PyBytes::new(py, &read))
    }

    /// Writes all of the bytes at the position.
    fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        answer(py, self.0.write(data))
    }

    /// Moves the position, from the start (0), from where it is (1) or from the end (2).
    #[pyo3(signature = (offset, whence = 0))]
    fn seek(&self, py: Python<'_>, offset: i64, whence: u8) -> PyResult<u64> {
        let origin = match whence {
            0 => SeekOrigin::Start,
            1 => SeekOrigin::Current,
            2 => SeekOrigin::End,
            _ => return Err(PyValueError::new_err("whence is 0, 1 or 2")),
        };
        answer(py, self.0.seek(offset, origin))
    }

    /// The size in bytes.
    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        answer(py, self.0.size())
    }

    /// `SetSize`.
    fn truncate(&self, py: Python<'_>, size: u64) -> PyResult<()> {
        answer(py, self.0.set_size(size))
    }

    /// `Commit`: hands what was written to the object, which is saved afterwards.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        answer(py, self.0.commit())
    }
}
