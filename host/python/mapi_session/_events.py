"""Notifications: as an iterator, or handed to a function."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Union

from . import _native

#: Seconds between looks whether a registration was closed.
_SLICE = 0.25

#: The kinds of events and their ``fnev*`` bits.
EVENTS = {
    "critical-error": 0x1,
    "new-mail": 0x2,
    "object-created": 0x4,
    "object-deleted": 0x8,
    "object-modified": 0x10,
    "object-moved": 0x20,
    "object-copied": 0x40,
    "search-complete": 0x80,
    "table-modified": 0x100,
    "status-object-modified": 0x200,
    "indexing": 0x10000,
    "extended": 0x80000000,
}

_TABLE_EVENTS = {
    1: "changed",
    2: "error",
    3: "row-added",
    4: "row-deleted",
    5: "row-modified",
    6: "sort-done",
    7: "restrict-done",
    8: "set-columns-done",
    9: "reload",
}


def event_mask(names: tuple[str, ...]) -> int:
    """The bits of the events named."""
    mask = 0
    for name in names:
        if name not in EVENTS:
            raise ValueError(f"there is no event {name!r}; there are {', '.join(EVENTS)}")
        mask |= EVENTS[name]
    return mask


@dataclass(frozen=True)
class CriticalError:
    """Something failed for good, or events were lost and everything is to be read again."""

    name: str
    entry_id: bytes | None
    code: str
    message: str | None


@dataclass(frozen=True)
class NewMail:
    """A message was delivered."""

    name: str
    entry_id: bytes
    parent_id: bytes
    message_class: str
    message_flags: int


@dataclass(frozen=True)
class ObjectEvent:
    """Something happened to an object: created, deleted, modified, moved, copied."""

    name: str
    entry_id: bytes
    object_type: int
    parent_id: bytes | None
    old_id: bytes | None
    old_parent_id: bytes | None
    tags: tuple[int, ...] | None


@dataclass(frozen=True)
class TableEvent:
    """Something happened to a row of a table, or to all of it."""

    name: str
    #: ``row-added``, ``row-deleted``, ``row-modified``, ``changed``, ``reload``, ``error``, …
    event: str
    code: str
    #: ``instance_key`` of the row, and of the one now before it.
    key: bytes | None
    prior_key: bytes | None
    #: The row's cells by tag.
    row: dict[int, Any]


@dataclass(frozen=True)
class OtherEvent:
    """An event of a provider's own, or of indexing."""

    name: str
    data: dict[str, Any]


Event = Union[CriticalError, NewMail, ObjectEvent, TableEvent, OtherEvent]


def _event(known: dict[str, Any]) -> Event:
    name = known["name"]
    if name == "critical-error":
        return CriticalError(**known)
    if name == "new-mail":
        return NewMail(**known)
    if name == "table-modified":
        known["event"] = _TABLE_EVENTS.get(known["event"], "changed")
        known["row"] = dict(known["row"])
        return TableEvent(**known)
    if "object_type" in known:
        known["tags"] = None if known["tags"] is None else tuple(known["tags"])
        return ObjectEvent(**known)
    del known["name"]
    return OtherEvent(name, known)


class Subscription:
    """A registration (``Advise``): an iterator of events, which waits for the next one.

    With a callback, batches of events are handed to it in a thread of their own; an exception there is
    logged (``mapi_session``) and ends nothing. Closing takes the registration back, as does the end of a ``with``.
    """

    def __init__(self, native: _native.Subscription, callback: Callable[[list[Event]], object] | None = None) -> None:
        self._native = native
        self._waiting: list[Event] = []
        self._turn = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        if callback is not None:
            self._thread = threading.Thread(target=self._deliver, args=(callback,), name="mapi-session-events", daemon=True)
            self._thread.start()

    def _next(self, timeout: float | None) -> list[Event]:
        """Waits in slices, so that another thread can close the registration meanwhile."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            patience = _SLICE if end is None else max(0.0, min(_SLICE, end - time.monotonic()))
            with self._turn:
                batch = None if self._ending.is_set() else self._native.next_batch(patience)
            if batch is None:
                self._ending.set()
                return []
            if batch:
                return [_event(known) for known in batch]
            if end is not None and time.monotonic() >= end:
                return []

    def _deliver(self, callback: Callable[[list[Event]], object]) -> None:
        while batch := self._next(None):
            if not self._ending.is_set():
                try:
                    callback(batch)
                except Exception:
                    # The registration outlives the mistakes of its callback.
                    logging.getLogger("mapi_session").exception("a notification callback failed")

    def wait(self, timeout: float | None = None) -> list[Event]:
        """The next events, waiting for the first of them at most so many seconds; none if none came."""
        if self._thread is not None:
            raise RuntimeError("the events go to the callback")
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            return waiting
        return self._next(timeout)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        if not self._waiting:
            self._waiting = self.wait()
        if not self._waiting:
            raise StopIteration
        return self._waiting.pop(0)

    def close(self) -> None:
        """``Unadvise``: nothing comes any more."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        with self._turn:
            self._native.close()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
