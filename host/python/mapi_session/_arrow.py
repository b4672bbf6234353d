"""Tables as Arrow: the buffers of the host become arrays as they are."""

from __future__ import annotations

import pyarrow as pa

from . import _native

#: Rows a call; the most the engine gives at a time.
_PAGE = 1 << 16

_TYPES = {
    "bool": pa.bool_(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "time": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "bytes": pa.binary(),
    "guid": pa.binary(16),
}

#: Elements of multi-values, by their type.
_ELEMENTS = {
    0x02: pa.int16(),
    0x03: pa.int32(),
    0x04: pa.float32(),
    0x05: pa.float64(),
    0x06: pa.int64(),
    0x07: pa.float64(),
    0x14: pa.int64(),
    0x1E: pa.binary(),
    0x1F: pa.string(),
    0x40: pa.timestamp("us", tz="UTC"),
    0x48: pa.binary(16),
    0x102: pa.binary(),
}


def _list_type(tag: int) -> pa.DataType | None:
    element = _ELEMENTS.get(tag & 0x0FFF) if tag & 0x1000 else None
    return None if element is None else pa.list_(element)


def _plain(values: list[object], tag: int) -> list[object]:
    """GUIDs as their bytes, which is what Arrow knows."""
    if tag & 0x0FFF != 0x48:
        return values
    return [None if value is None else [guid.bytes_le for guid in value] for value in values]  # type: ignore[attr-defined]


def _array(column: _native._ColumnBuffers, tag: int, rows: int) -> pa.Array:
    form, present, values, offsets = column
    if isinstance(values, list):
        return pa.array(_plain(values, tag), type=_list_type(tag))
    buffers = [None if present is None else pa.py_buffer(present)]
    if offsets is not None:
        buffers.append(pa.py_buffer(offsets))
    buffers.append(pa.py_buffer(values))
    return pa.Array.from_buffers(_TYPES[form], rows, buffers)


def to_arrow(table: _native.Table, names: tuple[str, ...], tags: tuple[int, ...]) -> pa.Table:
    """The rows from the cursor on."""
    chunks: list[list[pa.Array]] = [[] for _ in tags]
    while True:
        rows, columns = table.row_buffers(_PAGE, list(tags))
        # An empty page gives a column without rows its type.
        if rows or not chunks or not chunks[0]:
            for chunk, column, tag in zip(chunks, columns, tags):
                chunk.append(_array(column, tag, rows))
        if not rows:
            break
    return pa.table([pa.chunked_array(chunk) for chunk in chunks], names=list(names))
