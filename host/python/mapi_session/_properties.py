"""Objects as mappings of their properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol

from . import _native
from ._errors import NOT_ENOUGH_MEMORY, NOT_FOUND, MapiError
from ._names import Named, Property, PropertyKey, PropType, name_of, tag_of
from ._native import ErrorValue

#: Texts and bytes beyond this go through a stream.
_IN_ONE_CALL = 32 << 10


class _HasProperties(Protocol):
    def properties(self) -> _native.Properties: ...


def error(value: ErrorValue, tag: int) -> MapiError:
    """The exception for an error in the place of a value."""
    return MapiError(f"{name_of(tag)} cannot be given", code=value.code, number=value.number, tag=tag)


def _type(tag: int) -> int:
    return tag & 0xFFFF


class Properties(MutableMapping[PropertyKey, Any]):
    """The properties of an object: ``message["subject"]``, by name, tag or name in a property set.

    Changes are durable after :meth:`save`. What is not there raises ``KeyError``; texts and bytes of any size are read
    and written whole.
    """

    def __init__(self, native: _HasProperties | _native.Properties, owner: object = None) -> None:
        # What it was opened through stays open as long as it: a session without handles is logged off.
        self._owner = owner
        self._native_properties = native if isinstance(native, _native.Properties) else native.properties()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True

    def tag(self, key: PropertyKey, *, create: bool = False) -> int:
        """The tag of a property of this object; a name that the store does not know yet is made with ``create``."""
        if not isinstance(key, Named):
            return tag_of(key)
        [identifier] = self._native_properties.ids_from_names([(key.set, key.name)], create)
        if identifier is None:
            raise KeyError(key)
        return identifier | key.type

    def property(self, key: PropertyKey, *, create: bool = False) -> Property:
        """A property to make conditions of, of tables of this object and its store."""
        return Property(self.tag(key, create=create))

    def __getitem__(self, key: PropertyKey) -> Any:
        tag = self.tag(key)
        [(_, value)] = self._native_properties.get([tag])
        if not isinstance(value, ErrorValue):
            return value
        if value.number == NOT_FOUND:
            raise KeyError(key)
        if value.number == NOT_ENOUGH_MEMORY and _type(tag) in (PropType.UNICODE, PropType.BINARY):
            data = self._native_properties.stream(tag).read()
            return data.decode("utf-16-le") if _type(tag) == PropType.UNICODE else data
        raise error(value, tag)

    def __setitem__(self, key: PropertyKey, value: Any) -> None:
        tag = self.tag(key, create=True)
        if isinstance(value, (str, bytes)) and len(value) > _IN_ONE_CALL and _type(tag) in (PropType.UNICODE, PropType.BINARY):
            self._write(tag, value)
        else:
            self._native_properties.set([(tag, value)])

    def _write(self, tag: int, value: str | bytes) -> None:
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        if isinstance(value, str) is not (_type(tag) == PropType.UNICODE):
            raise TypeError(f"{name_of(tag)}: the value does not fit the type")
        stream = self._native_properties.stream(tag, write=True)
        stream.truncate(0)
        for start in range(0, len(data), 1 << 20):
            stream.write(data[start : start + (1 << 20)])
        stream.commit()

    def __delitem__(self, key: PropertyKey) -> None:
        tag = self.tag(key)
        if key not in self:
            raise KeyError(key)
        self._native_properties.delete([tag])

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, (str, int, Property, Named)):
            return False
        try:
            tag = self.tag(key)
        except LookupError:
            return False
        [(_, value)] = self._native_properties.get([tag])
        return not (isinstance(value, ErrorValue) and value.number == NOT_FOUND)

    def __iter__(self) -> Iterator[PropertyKey]:
        """The names of the properties there are, but for those that are objects and can only be opened."""
        return iter([name_of(tag) for tag in self._native_properties.tags() if _type(tag) != PropType.OBJECT])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def read(self, *keys: PropertyKey) -> tuple[Any, ...]:
        """The values of several properties in one call; ``None`` for those that are not there."""
        tags = [self.tag(key) for key in keys]
        found = self._native_properties.get(tags)
        values = []
        for key, tag, (_, value) in zip(keys, tags, found):
            if isinstance(value, ErrorValue):
                if value.number == NOT_FOUND:
                    value = None
                elif value.number == NOT_ENOUGH_MEMORY:
                    value = self[key]
                else:
                    raise error(value, tag)
            values.append(value)
        return tuple(values)

    def set_many(self, values: Mapping[PropertyKey, Any]) -> None:
        """Sets several properties in one call."""
        self._native_properties.set(self._pairs(values))

    def _pairs(self, values: Mapping[PropertyKey, Any]) -> list[tuple[int, Any]]:
        return [(self.tag(key, create=True), value) for key, value in values.items()]

    def save(self, *, force: bool = False) -> None:
        """``SaveChanges``: makes the changes durable. ``force``: also over the changes of others."""
        self._native_properties.save(force)

    def stream(self, key: PropertyKey, *, write: bool = False) -> _native.Stream:
        """The bytes of a property that may be large; texts are UTF-16."""
        return self._native_properties.stream(self.tag(key, create=write), write)

    def copy_to(self, destination: Properties, *, excluded: tuple[PropertyKey, ...] = ()) -> bool:
        """Copies everything but what is excluded to an object of the same kind; whether all of it could be copied."""
        tags = [self.tag(key) for key in excluded]
        return self._native_properties.copy_to(destination._native_properties, tags) is None

    def names(self) -> dict[int, Named]:
        """All names the store knows, by tag."""
        pairs = self._native_properties.names_from_ids()
        return {tag: Named(name[0], name[1], PropType.UNSPECIFIED) for tag, name in pairs if name is not None}
