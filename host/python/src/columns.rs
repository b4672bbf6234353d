//! Rows by column, as the buffers the Arrow format has: values in one block, texts and bytes behind their offsets, and
//! one bit a row for those that are there. The package makes arrays of them without touching a cell.
//!
//! The form of a column follows from its tag, not from what a page happens to hold, so that pages fit together. A cell
//! without a value, or with one that could not be given (too long, another type), has no bit.

use crate::values;
use mapi_session::RowBatch;
use mapi_session::backend::{Column, ColumnData};
use mapi_session::properties::{PropTag, PropType, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// A column: form, bits, values, offsets; values are Python objects in a list where Arrow has no such form.
type Buffers<'py> = (&'static str, Option<Bound<'py, PyBytes>>, Bound<'py, PyAny>, Option<Bound<'py, PyBytes>>);

/// The columns of a page, in the forms of these tags.
pub(crate) fn buffers<'py>(py: Python<'py>, tags: &[PropTag], batch: &RowBatch) -> PyResult<Vec<Buffers<'py>>> {
    let rows = batch.rows as usize;
    tags.iter().zip(&batch.columns).map(|(tag, column)| one(py, tag.kind(), column, rows)).collect()
}

fn one<'py>(py: Python<'py>, kind: PropType, column: &Column, rows: usize) -> PyResult<Buffers<'py>> {
    // The elements of a multi-value shown one by one are single values.
    let kind = if kind.is_instance() { kind.base() } else { kind };
    let present = || (!column.present.is_empty()).then(|| PyBytes::new(py, &column.present));
    Ok(match (kind, &column.data) {
        (PropType::LONG, ColumnData::Longs(cells)) if column.tag.kind() == kind => {
            ("int32", present(), block(py, cells.iter().flat_map(|cell| cell.to_ne_bytes())), None)
        }
        (PropType::BOOLEAN, ColumnData::Longs(cells)) if column.tag.kind() == kind => {
            ("bool", present(), PyBytes::new(py, &bits(cells.iter().map(|cell| *cell != 0))).into_any(), None)
        }
        (PropType::I8 | PropType::CURRENCY, ColumnData::I64s(cells)) if column.tag.kind() == kind => {
            ("int64", present(), block(py, cells.iter().flat_map(|cell| cell.to_ne_bytes())), None)
        }
        (PropType::SYSTIME, ColumnData::I64s(cells)) if column.tag.kind() == kind => {
            let since = |cell: &i64| values::microseconds(mapi_session::properties::FileTime(cell.cast_unsigned()));
            ("time", present(), block(py, cells.iter().flat_map(|cell| since(cell).to_ne_bytes())), None)
        }
        (PropType::UNICODE, ColumnData::Text(arena, ends)) => {
            ("text", present(), PyBytes::new(py, arena.as_bytes()).into_any(), Some(offsets(py, ends)))
        }
        (PropType::BINARY, ColumnData::Bytes(arena, ends)) => {
            ("bytes", present(), PyBytes::new(py, arena).into_any(), Some(offsets(py, ends)))
        }
        _ => cell_by_cell(py, kind, column, rows)?,
    })
}

/// A column whose cells are not what its tag says, or of a type that is seldom a column.
fn cell_by_cell<'py>(py: Python<'py>, kind: PropType, column: &Column, rows: usize) -> PyResult<Buffers<'py>> {
    let cells: Vec<Option<Value>> = (0..rows).map(|row| column.value(row).filter(|value| value.kind() == kind)).collect();
    let present = || Some(PyBytes::new(py, &bits(cells.iter().map(Option::is_some))));
    macro_rules! numbers {
        ($form:literal, $zero:expr, $($pattern:pat => $value:expr),+) => {{
            let bytes = cells.iter().flat_map(|cell| match cell { $(Some($pattern) => $value,)+ _ => $zero }.to_ne_bytes());
            ($form, present(), block(py, bytes), None)
        }};
    }
    Ok(match kind {
        PropType::I2 => numbers!("int16", 0_i16, Value::I2(v) => *v),
        PropType::LONG => numbers!("int32", 0_i32, Value::Long(v) => *v),
        PropType::I8 | PropType::CURRENCY => numbers!("int64", 0_i64, Value::I8(v) | Value::Currency(v) => *v),
        PropType::SYSTIME => numbers!("time", 0_i64, Value::SysTime(v) => values::microseconds(*v)),
        PropType::R4 => numbers!("float", 0_f32, Value::R4(v) => *v),
        PropType::DOUBLE | PropType::APPTIME => numbers!("double", 0_f64, Value::Double(v) | Value::AppTime(v) => *v),
        PropType::BOOLEAN => {
            let set = cells.iter().map(|cell| matches!(cell, Some(Value::Boolean(true))));
            ("bool", present(), PyBytes::new(py, &bits(set)).into_any(), None)
        }
        PropType::UNICODE => {
            let text = |cell: &Option<Value>| match cell {
                Some(Value::Unicode(text)) => text.clone().into_bytes(),
                _ => Vec::new(),
            };
            behind_each_other(py, "text", present(), cells.iter().map(text))
        }
        PropType::BINARY | PropType::STRING8 | PropType::SVREID | PropType::ACTIONS => {
            let bytes = |cell: &Option<Value>| match cell {
                Some(Value::Binary(bytes) | Value::String8(bytes) | Value::SvrEid(bytes) | Value::Actions(bytes)) => {
                    bytes.clone()
                }
                _ => Vec::new(),
            };
            behind_each_other(py, "bytes", present(), cells.iter().map(bytes))
        }
        PropType::CLSID => {
            let bytes = cells.iter().flat_map(|cell| match cell {
                Some(Value::Clsid(guid)) => *guid.as_bytes(),
                _ => [0; 16],
            });
            ("guid", present(), block(py, bytes), None)
        }
        _ => {
            let value = |row: usize| values::cell(py, column.value(row).filter(|value| !matches!(value, Value::Error(_))));
            let values: Vec<_> = (0..rows).map(value).collect::<PyResult<_>>()?;
            ("objects", None, PyList::new(py, values)?.into_any(), None)
        }
    })
}

fn block(py: Python<'_>, bytes: impl Iterator<Item = u8>) -> Bound<'_, PyAny> {
    PyBytes::new(py, &bytes.collect::<Vec<u8>>()).into_any()
}

fn bits(cells: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (row, set) in cells.enumerate() {
        if row % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(set) << (row % 8);
        }
    }
    bytes
}

/// Where each of them begins, and where the last one ends. A page never comes near two gigabytes.
fn offsets<'py>(py: Python<'py>, ends: &[u32]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = std::iter::once(&0_u32).chain(ends).flat_map(|end| end.to_ne_bytes()).collect();
    PyBytes::new(py, &bytes)
}

fn behind_each_other<'py>(
    py: Python<'py>,
    form: &'static str,
    present: Option<Bound<'py, PyBytes>>,
    cells: impl Iterator<Item = Vec<u8>>,
) -> Buffers<'py> {
    let (mut arena, mut ends) = (Vec::new(), Vec::new());
    for mut cell in cells {
        arena.append(&mut cell);
        ends.push(u32::try_from(arena.len()).unwrap_or(u32::MAX));
    }
    (form, present, PyBytes::new(py, &arena).into_any(), Some(offsets(py, &ends)))
}
