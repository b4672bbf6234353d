"""Tables: views with columns, condition, order, categories and one cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Union, overload

from . import _native
from ._errors import NOT_FOUND, MapiError
from ._events import Subscription
from ._names import Named, Order, Property, PropertyKey, name_of, tag_of
from ._native import ErrorValue, Restriction
from ._properties import Properties, error

if TYPE_CHECKING:
    import pandas
    import pyarrow

_PAGE = 512
_BEGINNING, _CURRENT, _END = 0, 1, 2
_INSTANCE_KEY = 0x0FF60102

#: A sort key: a property, ``-P.received``, ``"-received"``; among categories also ``"max:received"``, ``"min:received"``.
SortKey = Union[PropertyKey, Order]


class Columns:
    """The columns of rows: the names they were asked for by, and their tags."""

    __slots__ = ("names", "tags", "_places")

    def __init__(self, names: tuple[str, ...], tags: tuple[int, ...]) -> None:
        self.names, self.tags = names, tags
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}

    def place(self, key: PropertyKey) -> int:
        """Where a column is."""
        if isinstance(key, str) and key in self._places:
            return self._places[key]
        if not isinstance(key, Named):
            try:
                identifier = tag_of(key) >> 16
            except LookupError:
                raise KeyError(key) from None
            for place, tag in enumerate(self.tags):
                if tag >> 16 == identifier:
                    return place
        raise KeyError(key)


class Row(Mapping[PropertyKey, Any]):
    """A row: its cells by the names of the columns. A cell without a value is ``None``."""

    __slots__ = ("columns", "cells")

    def __init__(self, columns: Columns, cells: tuple[Any, ...]) -> None:
        self.columns, self.cells = columns, cells

    def __getitem__(self, key: PropertyKey) -> Any:
        place = self.columns.place(key)
        cell = self.cells[place]
        if isinstance(cell, ErrorValue):
            raise error(cell, self.columns.tags[place])
        return cell

    def __iter__(self) -> Iterator[PropertyKey]:
        return iter(self.columns.names)

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return f"Row({dict(zip(self.columns.names, self.cells))!r})"


class Bookmark:
    """A place in a table; freed by :meth:`free` or at the end of a ``with``."""

    def __init__(self, table: _native.Table, number: int) -> None:
        self._table, self.number = table, number

    def free(self) -> None:
        """``FreeBookmark``."""
        self._table.free_bookmark(self.number)

    def __enter__(self) -> Bookmark:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()


class Table:
    """A view of a table. Its methods change it and return it, so that they can be written one behind the other::

        for row in folder.contents().select("subject", "received").where(P.size > 1000).order_by("-received"):
            print(row["subject"])

    A table has one cursor. Iterating, indexing and slicing move it; :meth:`read` goes on from it.
    """

    def __init__(self, native: _native.Table, owner: object = None) -> None:
        # What it was opened through stays open as long as it, and knows the names of its properties.
        self._native, self._owner = native, owner
        self._columns: Columns | None = None

    def _tag(self, key: PropertyKey) -> int:
        return self._owner.tag(key) if isinstance(self._owner, Properties) else tag_of(key)

    @property
    def columns(self) -> Columns:
        """The columns in force."""
        if self._columns is None:
            tags = tuple(self._native.columns())
            self._columns = Columns(tuple(name_of(tag) for tag in tags), tags)
        return self._columns

    def available(self) -> tuple[str, ...]:
        """The columns there are."""
        return tuple(name_of(tag) for tag in self._native.columns(True))

    def select(self, *keys: PropertyKey) -> Table:
        """``SetColumns``: rows have these columns from now on."""
        tags = tuple(self._tag(key) for key in keys)
        names = tuple(key if isinstance(key, str) else name_of(tag) for key, tag in zip(keys, tags))
        self._native.set_columns(list(tags))
        self._columns = Columns(names, tags)
        return self

    def where(self, condition: Restriction | str | None) -> Table:
        """``Restrict``: only rows that meet the condition, given as such or as text; ``None``: all of them."""
        self._native.restrict(Restriction.parse(condition) if isinstance(condition, str) else condition)
        return self

    def _key(self, key: SortKey) -> tuple[int, int]:
        if isinstance(key, Order):
            return key.tag, key.how
        how = 0
        if isinstance(key, str):
            for mark, meant in (("-", 1), ("max:", 4), ("min:", 8)):
                if key.startswith(mark):
                    key, how = key[len(mark) :], meant
                    break
        return self._tag(key), how

    def order_by(self, *keys: SortKey) -> Table:
        """``SortTable`` without categories."""
        self._native.sort([self._key(key) for key in keys])
        return self

    def group_by(self, *keys: SortKey, order: tuple[SortKey, ...] = (), expanded: int = 0) -> Table:
        """``SortTable`` with a category for each key, in their order; inside the rows are ordered by ``order``. So many
        levels of the categories are expanded."""
        self._native.sort([self._key(key) for key in (*keys, *order)], len(keys), expanded)
        return self

    def __len__(self) -> int:
        return self._native.row_count()

    def __bool__(self) -> bool:
        return True

    def _row(self, cells: tuple[Any, ...]) -> Row:
        return Row(self.columns, cells)

    def __iter__(self) -> Iterator[Row]:
        self._native.seek(_BEGINNING, 0)
        while page := self._native.rows(_PAGE):
            columns = self.columns
            for cells in page:
                yield Row(columns, cells)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            if not places:
                return []
            low, high = min(places[0], places[-1]), max(places[0], places[-1])
            self._native.seek(_BEGINNING, low)
            rows = self.read(high - low + 1)
            return [rows[place - low] for place in places if place - low < len(rows)]
        moved = self._native.seek(_BEGINNING if index >= 0 else _END, index)
        cells = self._native.rows(1) if moved == index else []
        if not cells:
            raise IndexError(f"the table has no row {index}")
        return self._row(cells[0])

    def read(self, count: int) -> list[Row]:
        """``QueryRows``: so many rows from the cursor on, which goes behind them; fewer at the end."""
        rows: list[Row] = []
        while len(rows) < count:
            page = self._native.rows(min(count - len(rows), 1 << 16))
            if not page:
                break
            rows.extend(map(self._row, page))
        return rows

    def read_backwards(self, count: int) -> list[Row]:
        """The rows before the cursor, which goes before them."""
        return [self._row(cells) for cells in self._native.rows(-count)]

    @property
    def position(self) -> int:
        """Where the cursor is: the index of the row it is before."""
        return self._native.position()[0]

    @position.setter
    def position(self, row: int) -> None:
        self._native.seek(_BEGINNING, row)

    def seek(self, count: int, origin: Bookmark | None = None) -> int:
        """``SeekRow`` from the cursor, or from a bookmark: how many rows the cursor went."""
        return self._native.seek(_CURRENT if origin is None else origin.number, count)

    def seek_fraction(self, numerator: int, denominator: int) -> None:
        """``SeekRowApprox``."""
        self._native.seek_approximately(numerator, denominator)

    def bookmark(self) -> Bookmark:
        """``CreateBookmark``: the place of the cursor."""
        return Bookmark(self._native, self._native.create_bookmark())

    def find(
        self, condition: Restriction | str, *, origin: Bookmark | None = None, from_cursor: bool = False, backward: bool = False
    ) -> Row | None:
        """``FindRow``: the first row that meets the condition, from the beginning (or the end, when backward), the
        cursor or a bookmark on; the cursor is on it then. ``None``: there is none."""
        wanted = Restriction.parse(condition) if isinstance(condition, str) else condition
        start = _CURRENT if from_cursor else _END if backward else _BEGINNING
        try:
            self._native.find(wanted, start if origin is None else origin.number, backward)
        except MapiError as failure:
            if failure.number == NOT_FOUND:
                return None
            raise
        rows = self._native.rows(1, False)
        return self._row(rows[0]) if rows else None

    @staticmethod
    def _instance(header: Row | bytes) -> bytes:
        if isinstance(header, bytes):
            return header
        key = header[_INSTANCE_KEY]
        if not isinstance(key, bytes):
            raise ValueError("the row has no instance_key")
        return key

    def expand(self, header: Row | bytes, *, rows: int = 0) -> tuple[list[Row], int]:
        """``ExpandRow``, of a header with the column ``instance_key`` or by that key: up to so many of the rows that
        came into sight, and how many these are."""
        found, total = self._native.expand(self._instance(header), rows)
        return [self._row(cells) for cells in found], total

    def collapse(self, header: Row | bytes) -> int:
        """``CollapseRow``: how many rows went out of sight."""
        return self._native.collapse(self._instance(header))

    def collapse_state(self, row: Row | bytes) -> bytes:
        """``GetCollapseState``: which categories are expanded, and that row."""
        return self._native.collapse_state(self._instance(row))

    def restore_collapse_state(self, state: bytes) -> Bookmark:
        """``SetCollapseState``: a bookmark on the row of the state."""
        return Bookmark(self._native, self._native.set_collapse_state(state))

    def explain(self) -> list[tuple[str, str]]:
        """What of the view the store evaluates, and why not the rest."""
        return self._native.explain()

    def subscribe(self, callback: Callable[[list[Any]], object] | None = None) -> Subscription:
        """``Advise``: what happens to the rows of this view, with the columns it has then."""
        return Subscription(self._native.advise(), callback)

    def to_arrow(self) -> pyarrow.Table:
        """All rows as an Arrow table, column by column. Needs pyarrow.

        Times are microseconds in UTC; a cell without a value, or with one too long for a table, is null.
        """
        from ._arrow import to_arrow

        self._native.seek(_BEGINNING, 0)
        return to_arrow(self._native, self.columns.names, self.columns.tags)

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """All rows as a data frame. Needs pandas and pyarrow; the options are those of ``pyarrow.Table.to_pandas``."""
        return self.to_arrow().to_pandas(**options)


__all__ = ["Bookmark", "Columns", "Property", "Row", "SortKey", "Table"]
