"""The engine, its subsystems and their sessions."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from . import _native
from ._address_book import AddressBook
from ._errors import NOT_FOUND, MapiError, MapiWarning
from ._events import Event, Subscription, event_mask
from ._profiles import Profiles, Services, Status
from ._properties import Properties
from ._stores import EntryLike, Store, entry_id, wrap
from ._tables import Table

_RESOURCE_TYPE, _SPOOLER = 0x3E030003, 0x25


class Engine:
    """The compiled component, made once a process.

    ``cache``: a folder for the compiled component, so that it is not compiled at every start; it must belong to the user
    alone. ``subsystems``: so many may live at a time, for which address space is reserved; 0: no bound.
    """

    def __init__(self, cache: str | os.PathLike[str] | None = None, *, subsystems: int = 0) -> None:
        self._native = _native.Engine(None if cache is None else os.fspath(cache), subsystems)

    def open(self, folder: str | os.PathLike[str], *, memory_limit: int | None = None) -> Subsystem:
        """A subsystem on a data folder: profiles, mailboxes and address books in files, mail between its profiles and
        through servers. Any number of processes may use one folder."""
        return Subsystem(self._native.open(os.fspath(folder), memory_limit))

    def memory(self, *, memory_limit: int | None = None) -> Subsystem:
        """A subsystem that keeps everything in memory, and has no transport."""
        return Subsystem(self._native.open(None, memory_limit))


class Subsystem:
    """Sessions that share one instance of the component, and nothing with any other. Its calls, from any thread, run
    one after the other. At the end of a ``with`` every session is logged off."""

    def __init__(self, native: _native.Subsystem) -> None:
        self._native = native

    @property
    def profiles(self) -> Profiles:
        """Administration of profiles."""
        return Profiles(self._native.profiles())

    def logon(self, profile: str | None = None, *, shared: bool = False, no_mail: bool = False) -> Session:
        """``MAPILogonEx`` with that profile, or the default one; ``shared``: others may join the session."""
        return Session(self._native.logon(profile, shared, no_mail), self)

    def pump(self, seconds: float = 0.02) -> bool:
        """Takes a turn of at most so many seconds: whether more work waits. Turns are also taken by themselves once
        somebody has subscribed or a message was submitted."""
        return self._native.pump(seconds)

    def cancel(self) -> bool:
        """Cancels the call that runs now, in another thread; whether there was one."""
        return self._native.cancel()

    def close(self) -> None:
        """``MAPIUninitialize``."""
        self._native.close()

    def __enter__(self) -> Subsystem:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Session:
    """A session (``IMAPISession``). At the end of a ``with`` it is logged off."""

    def __init__(self, native: _native.Session, subsystem: Subsystem) -> None:
        self._native = native
        #: The subsystem it lives in.
        self.subsystem = subsystem

    def stores(self) -> Table:
        """``GetMsgStoresTable``."""
        return Table(self._native.stores(), self)

    @property
    def default_store(self) -> Store:
        """The default store of the profile, or the only one."""
        rows = list(self.stores().select("entryid", "default_store"))
        if not rows:
            raise MapiError("this profile has no message store", code="MAPI_E_NOT_FOUND", number=NOT_FOUND)
        return self.open_store(next((row for row in rows if row["default_store"]), rows[0]))

    def open_store(self, store: EntryLike, *, read_only: bool = False) -> Store:
        """``OpenMsgStore``."""
        opened, said = self._native.open_store(entry_id(store), read_only)
        if said is not None:
            warnings.warn(f"the store is open, but its provider has something to say ({said})", MapiWarning, stacklevel=2)
        return Store(opened, self)

    @property
    def address_book(self) -> AddressBook:
        """``OpenAddressBook``."""
        opened, said = self._native.address_book()
        if said is not None:
            warnings.warn(f"some providers of the address book are missing ({said})", MapiWarning, stacklevel=2)
        return AddressBook(opened, self)

    def status(self) -> Table:
        """``GetStatusTable``."""
        return Table(self._native.status(), self)

    @property
    def spooler(self) -> Status:
        """The status object of the spooler."""
        row = self.status().select("entryid").find(_native.Restriction.compare(_RESOURCE_TYPE, "eq", _SPOOLER))
        opened = None if row is None else self.open(row)
        if not isinstance(opened, Status):
            raise MapiError("this session has no spooler", code="MAPI_E_NOT_FOUND", number=NOT_FOUND)
        return opened

    def open(self, entry: EntryLike, *, read_only: bool = False) -> Any:
        """``OpenEntry``: an object of any store, of the address book, or a status object."""
        return wrap(self._native.open(entry_id(entry), read_only), self)

    def same_entry(self, first: EntryLike, second: EntryLike) -> bool:
        """``CompareEntryIDs``."""
        return self._native.compare_entry_ids(entry_id(first), entry_id(second))

    def subscribe(
        self, *events: str, entry: EntryLike | None = None, callback: Callable[[list[Event]], object] | None = None
    ) -> Subscription:
        """``Advise``: the events named (see ``EVENTS``), of the session itself or of one object."""
        named = None if entry is None else entry_id(entry)
        return Subscription(self._native.advise(event_mask(events), named), callback)

    def address_types(self) -> list[str]:
        """``EnumAdrTypes``."""
        return self._native.address_types()

    @property
    def identity(self) -> bytes:
        """``QueryIdentity``: who is logged on; of a generic user if nobody says so."""
        return self._native.identity()[0]

    def set_default_store(
        self,
        store: EntryLike | None,
        role: Literal["default", "simple-temporary", "simple-permanent", "primary", "secondary"] = "default",
    ) -> None:
        """``SetDefaultStore``."""
        self._native.set_default_store(role, None if store is None else entry_id(store))

    @property
    def services(self) -> Services:
        """``AdminServices`` of the session's profile."""
        return Services(self._native.services())

    def section(self, section: UUID, *, write: bool = False, force: bool = False) -> Properties:
        """``OpenProfileSection``; ``force``: also one that belongs to a provider."""
        return Properties(self._native.section(section, write, force), self)

    def logoff(self) -> None:
        """``Logoff``: the session and everything opened through it become invalid."""
        self._native.logoff()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.logoff()
