"""The address book: containers, people, lists, names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import _native
from ._names import PropertyKey, name_of
from ._properties import Properties
from ._stores import EntryLike, entry_id, register, wrap
from ._tables import Table

_DISPLAY_NAME, _ENTRYID = 0x3001001F, 0x0FFF0102

Duplicates = Literal["refuse", "allow", "replace"]


class MailUser(Properties):
    """A person."""

    def __init__(self, native: _native.MailUser, owner: object = None) -> None:
        super().__init__(native, owner)


class _Entries(Properties):
    """What holds entries."""

    _native: _native.Container | _native.DistList

    def contents(self) -> Table:
        """``GetContentsTable``: its entries."""
        return Table(self._native.contents(), self)

    def create_entry(self, template: bytes | None = None, *, duplicates: Duplicates = "refuse") -> Any:
        """``CreateEntry``: a person, or what the template says; it is there when it is saved."""
        return wrap(self._native.create_entry(template, duplicates), self)

    def add(self, name: str, address: str, *, address_type: str = "SMTP", duplicates: Duplicates = "refuse") -> MailUser:
        """Adds a person."""
        entry = self.create_entry(duplicates=duplicates)
        if not isinstance(entry, MailUser):
            raise TypeError("the container made something that is no person")
        entry.set_many({"display_name": name, "addrtype": address_type, "email_address": address})
        entry.save()
        return entry

    def add_list(self, name: str, *, duplicates: Duplicates = "refuse") -> DistList:
        """Adds a distribution list without members; these are copied into it."""
        made = self.create_entry(self["def_create_dl"], duplicates=duplicates)
        if not isinstance(made, DistList):
            raise TypeError("the container made something that is no list")
        made["display_name"] = name
        made.save()
        return made

    def copy_here(self, entries: Iterable[EntryLike]) -> bool:
        """``CopyEntries``: copies entries into it; whether all could be copied."""
        return self._native.copy_entries(list(map(entry_id, entries))) is None

    def delete(self, entries: Iterable[EntryLike]) -> bool:
        """``DeleteEntries``; whether all were in it."""
        return self._native.delete_entries(list(map(entry_id, entries))) is None


class Container(_Entries):
    """An address book container."""

    def __init__(self, native: _native.Container, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    def containers(self) -> Table:
        """``GetHierarchyTable``: the containers in it."""
        assert isinstance(self._native, _native.Container)
        return Table(self._native.hierarchy()[0], self)


class DistList(_Entries):
    """A distribution list: the container of its members."""

    def __init__(self, native: _native.DistList, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native


@dataclass(frozen=True)
class Resolved:
    """What became of a name."""

    #: ``resolved``, ``ambiguous`` or ``unresolved``.
    verdict: str
    #: The properties of the recipient, by name.
    properties: dict[PropertyKey, Any]


class AddressBook(Properties):
    """The address book of all providers of a session."""

    def __init__(self, native: _native.AddressBook, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    def open(self, entry: EntryLike | None = None, *, read_only: bool = False) -> Any:
        """``OpenEntry``; without an entry the root container."""
        return wrap(self._native.open(None if entry is None else entry_id(entry), read_only), self)

    @property
    def personal(self) -> Container | None:
        """``GetPAB``: the container people keep their own entries in."""
        found = self._native.personal_address_book()
        opened = None if found is None else self.open(found)
        return opened if isinstance(opened, Container) else None

    def search_path(self) -> list[dict[PropertyKey, Any]]:
        """``GetSearchPath``: the containers names are looked up in."""
        return [_dictionary(row) for row in self._native.search_path()]

    def resolve(self, *names: str | Mapping[PropertyKey, Any]) -> list[Resolved]:
        """``ResolveName``: what becomes of names, or of recipients by their properties, in the same order."""
        given: list[dict[PropertyKey, Any]] = [{_DISPLAY_NAME: name} if isinstance(name, str) else dict(name) for name in names]
        answers = self._native.resolve([self._pairs(recipient) for recipient in given])
        return [Resolved(verdict, _dictionary(found)) for found, verdict in answers]

    def one_off(self, name: str | None, address: str, *, address_type: str = "SMTP") -> bytes:
        """``CreateOneOff``: the identifier of a recipient that is no entry."""
        return self._native.create_one_off(name, address_type, address)

    def same_entry(self, first: EntryLike, second: EntryLike) -> bool:
        """``CompareEntryIDs``."""
        return self._native.compare_entry_ids(entry_id(first), entry_id(second))


def _dictionary(pairs: list[tuple[int, Any]]) -> dict[PropertyKey, Any]:
    return {name_of(tag): value for tag, value in pairs if not isinstance(value, _native.ErrorValue)}


register(_native.Container, Container)
register(_native.DistList, DistList)
register(_native.MailUser, MailUser)
