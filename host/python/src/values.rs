//! Property values as Python objects and back (`properties` 2).
//!
//! Texts are `str`, bytes `bytes`, times aware `datetime`s in UTC, GUIDs `uuid.UUID`, multi-values lists. Time counts
//! 100 nanoseconds and may be later than year 9999: a tick that no `datetime` reaches is its number, an `int`, and a
//! number is taken for a time too. An error in the place of a value is an `ErrorValue`.

use crate::restriction::Restriction;
use mapi_session::error::Code;
use mapi_session::expression::property_name;
use mapi_session::properties::{FileTime, Guid, PropTag, PropType, Property, Value};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

/// Why there is no value.
#[pyclass(frozen, eq, hash, module = "mapi_session._native")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct ErrorValue(u32);

#[pymethods]
impl ErrorValue {
    /// The 32-bit code.
    #[getter]
    fn number(&self) -> u32 {
        self.0
    }

    /// The name of the code, such as `MAPI_E_NOT_ENOUGH_MEMORY`.
    #[getter]
    fn code(&self) -> String {
        Code::from_raw(self.0).to_string()
    }

    fn __repr__(&self) -> String {
        format!("ErrorValue({})", self.code())
    }
}

/// Ticks in a microsecond.
const TICKS: u64 = 10;

/// 9999-12-31 23:59:59.999999: the last time a `datetime` can say.
const LAST: i64 = 253_402_300_799_999_999;

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = EPOCH.get_or_try_init(py, || {
        let datetime = py.import("datetime")?;
        let utc = datetime.getattr("timezone")?.getattr("utc")?;
        Ok::<_, PyErr>(datetime.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind())
    })?;
    Ok(made.bind(py))
}

fn timedelta(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TIMEDELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TIMEDELTA.import(py, "datetime", "timedelta")
}

fn datetime(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static DATETIME: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DATETIME.import(py, "datetime", "datetime")
}

fn uuid(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    UUID.import(py, "uuid", "UUID")
}

/// Microseconds since 1970, rounded down.
pub(crate) fn microseconds(time: FileTime) -> i64 {
    // The quotient of 64 unsigned bits and ten fits.
    let since_1601 = (time.0 / TICKS).cast_signed();
    since_1601 - (FileTime::UNIX_EPOCH.0 / TICKS).cast_signed()
}

fn time(py: Python<'_>, time: FileTime) -> PyResult<Bound<'_, PyAny>> {
    let since = microseconds(time);
    if since > LAST {
        return Ok(time.0.into_pyobject(py)?.into_any());
    }
    epoch(py)?.add(timedelta(py)?.call1((0, 0, since))?)
}

fn to_time(object: &Bound<'_, PyAny>) -> PyResult<FileTime> {
    let py = object.py();
    if object.is_instance_of::<PyInt>() {
        return Ok(FileTime(object.extract()?));
    }
    if !object.is_instance(datetime(py)?)? {
        return Err(PyTypeError::new_err("a time is a datetime with a time zone"));
    }
    if object.call_method0("utcoffset")?.is_none() {
        return Err(PyValueError::new_err("the time has no time zone; give it one, such as datetime.timezone.utc"));
    }
    let since = object.sub(epoch(py)?)?;
    let part = |name: &str| since.getattr(name)?.extract::<i64>();
    let microseconds = (part("days")? * 86_400 + part("seconds")?) * 1_000_000 + part("microseconds")?;
    let ticks = i128::from(microseconds) * i128::from(TICKS) + i128::from(FileTime::UNIX_EPOCH.0);
    u64::try_from(ticks).map(FileTime).map_err(|_| PyOverflowError::new_err("times begin in 1601"))
}

/// A GUID.
pub(crate) fn guid(py: Python<'_>, guid: Guid) -> PyResult<Bound<'_, PyAny>> {
    let none = py.None();
    uuid(py)?.call1((&none, &none, PyBytes::new(py, guid.as_bytes())))
}

/// The GUID a `uuid.UUID` is.
pub(crate) fn to_guid(object: &Bound<'_, PyAny>) -> PyResult<Guid> {
    if !object.is_instance(uuid(object.py())?)? {
        return Err(PyTypeError::new_err("a GUID is a uuid.UUID"));
    }
    let bytes: Vec<u8> = object.getattr("bytes_le")?.extract()?;
    Guid::from_slice(&bytes).ok_or_else(|| PyValueError::new_err("a GUID has 16 bytes"))
}

fn list<'py, T>(py: Python<'py>, values: Vec<T>, each: impl Fn(T) -> PyResult<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    let values: Vec<_> = values.into_iter().map(each).collect::<PyResult<_>>()?;
    Ok(PyList::new(py, values)?.into_any())
}

/// A value.
pub(crate) fn python(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    let bytes = |bytes: Vec<u8>| Ok(PyBytes::new(py, &bytes).into_any());
    Ok(match value {
        Value::Null | Value::Object => py.None().into_bound(py),
        Value::I2(v) => v.into_pyobject(py)?.into_any(),
        Value::Long(v) => v.into_pyobject(py)?.into_any(),
        Value::R4(v) => v.into_pyobject(py)?.into_any(),
        Value::Double(v) | Value::AppTime(v) => v.into_pyobject(py)?.into_any(),
        Value::Currency(v) | Value::I8(v) => v.into_pyobject(py)?.into_any(),
        Value::Error(raw) => Bound::new(py, ErrorValue(raw))?.into_any(),
        Value::Boolean(v) => PyBool::new(py, v).to_owned().into_any(),
        Value::Unicode(v) => PyString::new(py, &v).into_any(),
        Value::SysTime(v) => time(py, v)?,
        Value::Clsid(v) => guid(py, v)?,
        Value::String8(v) | Value::SvrEid(v) | Value::Actions(v) | Value::Binary(v) => bytes(v)?,
        Value::Restriction(v) => Bound::new(py, Restriction(*v))?.into_any(),
        Value::MvI2(v) => v.into_pyobject(py)?.into_any(),
        Value::MvLong(v) => v.into_pyobject(py)?.into_any(),
        Value::MvR4(v) => v.into_pyobject(py)?.into_any(),
        Value::MvDouble(v) | Value::MvAppTime(v) => v.into_pyobject(py)?.into_any(),
        Value::MvCurrency(v) | Value::MvI8(v) => v.into_pyobject(py)?.into_any(),
        Value::MvUnicode(v) => v.into_pyobject(py)?.into_any(),
        Value::MvSysTime(v) => list(py, v, |v| time(py, v))?,
        Value::MvClsid(v) => list(py, v, |v| guid(py, v))?,
        Value::MvString8(v) | Value::MvBinary(v) => list(py, v, bytes)?,
    })
}

/// The value of a cell; `None` when the row has none.
pub(crate) fn cell(py: Python<'_>, value: Option<Value>) -> PyResult<Bound<'_, PyAny>> {
    match value {
        None => Ok(py.None().into_bound(py)),
        Some(Value::Error(raw)) if raw == Code::NotFound.raw() => Ok(py.None().into_bound(py)),
        Some(value) => python(py, value),
    }
}

/// Properties as a list of tags and values.
pub(crate) fn pairs(py: Python<'_>, properties: Vec<Property>) -> PyResult<Bound<'_, PyList>> {
    let pair = |property: Property| (property.tag.0, python(py, property.value)?).into_pyobject(py);
    PyList::new(py, properties.into_iter().map(pair).collect::<PyResult<Vec<_>>>()?)
}

/// A property from its tag and a Python object. Without a type in the tag, the object's own type is taken.
pub(crate) fn property(tag: PropTag, object: &Bound<'_, PyAny>) -> PyResult<Property> {
    let kind = if tag.kind() == PropType::UNSPECIFIED { own_type(object)? } else { tag.kind() };
    let kind = PropType(kind.0 & !PropType::MV_INSTANCE);
    let value = if kind.is_multi() { many(kind, object) } else { single(kind, object) };
    let value = value.map_err(|error| {
        let py = object.py();
        let said = format!("{}: {}", property_name(tag), error.value(py));
        PyErr::from_type(error.get_type(py), said)
    })?;
    Ok(Property::new(tag, value))
}

/// Properties from tags and Python objects.
pub(crate) fn properties(pairs: &[(u32, Bound<'_, PyAny>)]) -> PyResult<Vec<Property>> {
    pairs.iter().map(|(tag, value)| property(PropTag(*tag), value)).collect()
}

fn own_type(object: &Bound<'_, PyAny>) -> PyResult<PropType> {
    let py = object.py();
    if object.is_instance_of::<PyBool>() {
        return Ok(PropType::BOOLEAN);
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(if object.extract::<i32>().is_ok() { PropType::LONG } else { PropType::I8 });
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(PropType::DOUBLE);
    }
    if object.is_instance_of::<PyString>() {
        return Ok(PropType::UNICODE);
    }
    if object.is_instance_of::<PyBytes>() {
        return Ok(PropType::BINARY);
    }
    if object.is_instance(datetime(py)?)? {
        return Ok(PropType::SYSTIME);
    }
    if object.is_instance(uuid(py)?)? {
        return Ok(PropType::CLSID);
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        if let Some(first) = object.try_iter()?.next() {
            return Ok(own_type(&first?)?.multi());
        }
        return Err(PyTypeError::new_err("an empty list has no type; give the tag one"));
    }
    Err(PyTypeError::new_err(format!("{} is no property value", object.get_type().name()?)))
}

/// A number of 32 bits; masks are often written without a sign.
fn long(object: &Bound<'_, PyAny>) -> PyResult<i32> {
    match object.extract::<i32>() {
        Ok(number) => Ok(number),
        Err(error) => object.extract::<u32>().map(u32::cast_signed).map_err(|_| error),
    }
}

/// A `bool` is an `int` in Python, but hardly ever meant as one.
fn flag(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.extract::<bool>()
}

fn bytes(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    // A list of numbers would be taken for bytes otherwise.
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return Err(PyTypeError::new_err("bytes are expected"));
    }
    object.extract::<Vec<u8>>()
}

fn single(kind: PropType, object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Ok(match kind {
        PropType::NULL => Value::Null,
        PropType::I2 => Value::I2(object.extract()?),
        PropType::LONG => Value::Long(long(object)?),
        PropType::R4 => Value::R4(object.extract()?),
        PropType::DOUBLE => Value::Double(object.extract()?),
        PropType::CURRENCY => Value::Currency(object.extract()?),
        PropType::APPTIME => Value::AppTime(object.extract()?),
        PropType::BOOLEAN => Value::Boolean(flag(object)?),
        PropType::I8 => Value::I8(object.extract()?),
        PropType::STRING8 if object.is_instance_of::<PyString>() => Value::Unicode(object.extract()?),
        PropType::STRING8 => Value::String8(bytes(object)?),
        PropType::UNICODE => Value::Unicode(object.extract()?),
        PropType::SYSTIME => Value::SysTime(to_time(object)?),
        PropType::CLSID => Value::Clsid(to_guid(object)?),
        PropType::SVREID => Value::SvrEid(bytes(object)?),
        PropType::SRESTRICT => Value::Restriction(Box::new(object.cast::<Restriction>()?.get().0.clone())),
        PropType::ACTIONS => Value::Actions(bytes(object)?),
        PropType::BINARY => Value::Binary(bytes(object)?),
        _ => return Err(PyTypeError::new_err("properties of this type cannot be given as values")),
    })
}

fn many(kind: PropType, object: &Bound<'_, PyAny>) -> PyResult<Value> {
    fn each<T>(object: &Bound<'_, PyAny>, one: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>) -> PyResult<Vec<T>> {
        if object.is_instance_of::<PyString>() || object.is_instance_of::<PyBytes>() {
            return Err(PyTypeError::new_err("a list is expected"));
        }
        object.try_iter()?.map(|item| one(&item?)).collect()
    }
    Ok(match kind.base() {
        PropType::I2 => Value::MvI2(object.extract()?),
        PropType::LONG => Value::MvLong(each(object, long)?),
        PropType::R4 => Value::MvR4(object.extract()?),
        PropType::DOUBLE => Value::MvDouble(object.extract()?),
        PropType::CURRENCY => Value::MvCurrency(object.extract()?),
        PropType::APPTIME => Value::MvAppTime(object.extract()?),
        PropType::I8 => Value::MvI8(object.extract()?),
        PropType::STRING8 => Value::MvString8(each(object, bytes)?),
        PropType::UNICODE => Value::MvUnicode(each(object, |item| item.extract())?),
        PropType::SYSTIME => Value::MvSysTime(each(object, to_time)?),
        PropType::CLSID => Value::MvClsid(each(object, to_guid)?),
        PropType::BINARY => Value::MvBinary(each(object, bytes)?),
        _ => return Err(PyTypeError::new_err("properties of this type cannot be given as values")),
    })
}
