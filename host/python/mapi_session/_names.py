"""Properties by name, by tag or by their name in a property set, and conditions on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Union
from uuid import UUID

from ._native import Restriction, parse_property, property_name


class PropType(IntEnum):
    """The types of properties: the low word of a tag."""

    UNSPECIFIED = 0x0000
    I2 = 0x0002
    LONG = 0x0003
    R4 = 0x0004
    DOUBLE = 0x0005
    CURRENCY = 0x0006
    APPTIME = 0x0007
    BOOLEAN = 0x000B
    OBJECT = 0x000D
    I8 = 0x0014
    STRING8 = 0x001E
    UNICODE = 0x001F
    SYSTIME = 0x0040
    CLSID = 0x0048
    SVREID = 0x00FB
    SRESTRICT = 0x00FD
    ACTIONS = 0x00FE
    BINARY = 0x0102
    MV_I2 = 0x1002
    MV_LONG = 0x1003
    MV_R4 = 0x1004
    MV_DOUBLE = 0x1005
    MV_CURRENCY = 0x1006
    MV_APPTIME = 0x1007
    MV_I8 = 0x1014
    MV_STRING8 = 0x101E
    MV_UNICODE = 0x101F
    MV_SYSTIME = 0x1040
    MV_CLSID = 0x1048
    MV_BINARY = 0x1102


@dataclass(frozen=True)
class Named:
    """A property by its name in a property set. Which identifier that is, each store decides."""

    set: UUID
    name: str | int
    type: PropType = PropType.UNICODE


PropertyKey = Union[str, int, "Property", Named]

_IGNORECASE, _IGNORENONSPACE = 0x10000, 0x20000
_FULL, _SUBSTRING, _PREFIX, _WORD, _PHRASE = 0, 1, 2, 0x10, 0x20
_RECIPIENTS, _ATTACHMENTS = 0x0E12000D, 0x0E13000D


def tag_of(key: PropertyKey) -> int:
    """The tag a name, a number or a property stands for."""
    if isinstance(key, Property):
        return key.tag
    if isinstance(key, int):
        return key
    if isinstance(key, Named):
        raise TypeError("which identifier a named property has depends on the store; ask property() of one of its objects")
    tag = parse_property(key)
    if tag is None:
        raise LookupError(f"there is no property {key!r}; name one such as 'subject', 'PR_SUBJECT' or '0x0037001F'")
    return tag


def name_of(tag: int) -> str:
    """The name of a tag, such as ``subject``, or its number where the catalogue has none."""
    name = property_name(tag)
    return name[3:].lower() if name.startswith("PR_") else name


class Property:
    """A property to make conditions of: ``P.received > when``, ``P.subject.contains("clk")``."""

    __slots__ = ("tag",)

    def __init__(self, key: str | int | Property) -> None:
        self.tag = tag_of(key)

    def _compared(self, relation: str, other: Any) -> Restriction:
        if isinstance(other, Property):
            return Restriction.compare_properties(self.tag, relation, other.tag)
        return Restriction.compare(self.tag, relation, other)

    def __lt__(self, other: Any) -> Restriction:
        return self._compared("lt", other)

    def __le__(self, other: Any) -> Restriction:
        return self._compared("le", other)

    def __gt__(self, other: Any) -> Restriction:
        return self._compared("gt", other)

    def __ge__(self, other: Any) -> Restriction:
        return self._compared("ge", other)

    def __eq__(self, other: Any) -> Restriction:  # type: ignore[override]
        return self._compared("eq", other)

    def __ne__(self, other: Any) -> Restriction:  # type: ignore[override]
        return self._compared("ne", other)

    def __hash__(self) -> int:
        return hash(self.tag)

    def __neg__(self) -> Order:
        return Order(self.tag, 1)

    def __repr__(self) -> str:
        return f"Property({name_of(self.tag)!r})"

    def _content(self, how: int, value: str | bytes, case: bool, nonspace: bool, word: bool, phrase: bool) -> Restriction:
        how |= (0 if case else _IGNORECASE) | (_IGNORENONSPACE if nonspace else 0)
        how |= (_WORD if word else 0) | (_PHRASE if phrase else 0)
        return Restriction.content(self.tag, how, value)

    def contains(
        self, value: str | bytes, *, case: bool = False, nonspace: bool = False, word: bool = False, phrase: bool = False
    ) -> Restriction:
        """The text has that in it; ``word``: at the beginning of a word."""
        return self._content(_SUBSTRING, value, case, nonspace, word, phrase)

    def begins(self, value: str | bytes, *, case: bool = False, nonspace: bool = False) -> Restriction:
        """The text begins with that."""
        return self._content(_PREFIX, value, case, nonspace, False, False)

    def equals(self, value: str | bytes, *, case: bool = False, nonspace: bool = False) -> Restriction:
        """The text is that."""
        return self._content(_FULL, value, case, nonspace, False, False)

    def has(self, bits: int) -> Restriction:
        """One of the bits is set."""
        return Restriction.bits(self.tag, bits, True)

    def lacks(self, bits: int) -> Restriction:
        """None of the bits is set."""
        return Restriction.bits(self.tag, bits, False)

    def exists(self) -> Restriction:
        """There is a value."""
        return Restriction.exists(self.tag)

    @property
    def size(self) -> Size:
        """The size of the value in bytes, to be compared."""
        return Size(self.tag)


@dataclass(frozen=True)
class Size:
    """The size of a value, to make conditions of."""

    tag: int

    def __lt__(self, size: int) -> Restriction:
        return Restriction.size(self.tag, "lt", size)

    def __le__(self, size: int) -> Restriction:
        return Restriction.size(self.tag, "le", size)

    def __gt__(self, size: int) -> Restriction:
        return Restriction.size(self.tag, "gt", size)

    def __ge__(self, size: int) -> Restriction:
        return Restriction.size(self.tag, "ge", size)


@dataclass(frozen=True)
class Order:
    """A sort key: a tag and how it sorts (``TABLE_SORT_*``)."""

    tag: int
    how: int


class _Properties:
    """Properties as attributes: ``P.subject``, ``P.message_delivery_time``, ``P.from_address``, ``P.from_``."""

    def __getattr__(self, name: str) -> Property:
        name = name.rstrip("_")
        for spelt in (name, name.replace("_", "-")):
            tag = parse_property(spelt)
            if tag is not None:
                return Property(tag)
        raise AttributeError(f"there is no property {name!r}")


#: Properties as attributes, to make conditions and sort keys of.
P = _Properties()


def condition(text: str) -> Restriction:
    """The condition a text says, such as ``subject contains "clk" and received > 2024-01-01``."""
    return Restriction.parse(text)


def any_recipient(meets: Restriction) -> Restriction:
    """A recipient of the message meets the condition."""
    return Restriction.any(_RECIPIENTS, meets)


def any_attachment(meets: Restriction) -> Restriction:
    """An attachment of the message meets the condition."""
    return Restriction.any(_ATTACHMENTS, meets)


def first(count: int, meets: Restriction) -> Restriction:
    """The first rows that meet the condition."""
    return Restriction.first(count, meets)
