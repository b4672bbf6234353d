"""Message stores, folders, messages and attachments."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Union

from . import _native
from ._errors import NOT_FOUND, MapiError
from ._events import Event, Subscription, event_mask
from ._names import PropertyKey
from ._properties import Properties
from ._tables import Row, SortKey, Table

_ENTRYID = 0x0FFF0102
_DISPLAY_NAME = 0x3001001F
_RECIPIENT_TYPE = 0x0C150003
_ATTACH_DATA_BIN, _ATTACH_DATA_OBJ = 0x37010102, 0x3701000D
_ATTACH_METHOD, _BY_VALUE, _EMBEDDED = 0x37050003, 1, 5
_KINDS = {"to": 1, "cc": 2, "bcc": 3}

#: What names an object: a row with the column ``entryid``, an opened object, or the identifier itself.
EntryLike = Union[bytes, Row, Properties]


def entry_id(entry: EntryLike) -> bytes:
    """The entry identifier of what names an object."""
    found = entry if isinstance(entry, bytes) else entry[_ENTRYID]
    if not isinstance(found, bytes):
        raise ValueError("there is no entry identifier")
    return found


def wrap(native: object, owner: object) -> Any:
    """The Python object for what the host opened through the owner."""
    for kind, made in _CLASSES.items():
        if isinstance(native, kind):
            return made(native, owner)
    raise TypeError(f"{native!r} is nothing that can be opened")


@dataclass(frozen=True)
class ImportReport:
    """What became of archives taken in."""

    #: Messages in the archives.
    seen: int
    #: Messages added.
    added: int
    #: What was odd in these: kind and sentence.
    oddities: list[tuple[str, str]]

    @property
    def known(self) -> int:
        """Messages that were there already."""
        return self.seen - self.added


@dataclass(frozen=True)
class ImportedMessage:
    """A message taken in."""

    #: Its size in bytes.
    size: int
    #: What was odd in it: kind and sentence.
    oddities: list[tuple[str, str]]


@dataclass(frozen=True)
class ExportedMessage:
    """A message in RFC 5322 form."""

    data: bytes
    entry_id: bytes
    message_flags: int
    received: datetime | None
    sender: str | None
    #: The bytes are those it was received as.
    original: bool


def _exported(export: _native.Export) -> Iterator[ExportedMessage]:
    while (known := export.next_message()) is not None:
        pieces = iter(lambda: export.read(1 << 20), b"")
        yield ExportedMessage(data=b"".join(pieces), **known)


class Attachment(Properties):
    """An attachment; :meth:`save` it, then its message."""

    def __init__(self, native: _native.Attachment, number: int, owner: object = None) -> None:
        super().__init__(native, owner)
        #: ``PR_ATTACH_NUM``: by this its message knows it.
        self.number = number

    @property
    def data(self) -> bytes:
        """Its bytes (``PR_ATTACH_DATA_BIN``)."""
        return self.stream(_ATTACH_DATA_BIN).read()

    @data.setter
    def data(self, data: bytes) -> None:
        self._write(_ATTACH_DATA_BIN, data)

    def message(self, *, create: bool = False) -> Message:
        """The message it holds; with ``create`` it begins to hold one."""
        if create:
            self[_ATTACH_METHOD] = _EMBEDDED
        opened = self._native_properties.open(_ATTACH_DATA_OBJ, "message", create, create)
        if not isinstance(opened, _native.Message):
            raise TypeError("the attachment holds no message")
        return Message(opened, self)


class Message(Properties):
    """A message."""

    def __init__(self, native: _native.Message, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    def recipients(self) -> Table:
        """``GetRecipientTable``."""
        return Table(self._native.recipients(), self)

    def add_recipient(
        self,
        address: str | Mapping[PropertyKey, Any],
        name: str | None = None,
        *,
        kind: Literal["to", "cc", "bcc"] = "to",
        address_type: str = "SMTP",
    ) -> None:
        """Adds a recipient: an address with a name, or the properties of a resolved one."""
        if isinstance(address, str):
            given: dict[PropertyKey, Any] = {
                "display_name": name or address,
                "addrtype": address_type,
                "email_address": address,
                _ENTRYID: _native.one_off(name or address, address_type, address),
            }
        else:
            given = dict(address)
        given[_RECIPIENT_TYPE] = _KINDS[kind]
        self._native.modify_recipients("add", [self._pairs(given)])

    def attachments(self) -> Table:
        """``GetAttachmentTable``."""
        return Table(self._native.attachments(), self)

    def open_attachment(self, number: int, *, read_only: bool = False) -> Attachment:
        """``OpenAttach``."""
        return Attachment(self._native.open_attachment(number, read_only), number, self)

    def create_attachment(self) -> Attachment:
        """``CreateAttach``: an attachment without anything in it."""
        number, native = self._native.create_attachment()
        return Attachment(native, number, self)

    def attach(self, data: bytes | str | os.PathLike[str], name: str | None = None, mime_type: str | None = None) -> Attachment:
        """Attaches bytes, or the file at a path."""
        if not isinstance(data, bytes):
            with open(data, "rb") as file:
                name = name or os.path.basename(os.fspath(data))
                data = file.read()
        if name is None:
            raise ValueError("an attachment of bytes needs a name")
        attachment = self.create_attachment()
        attachment.set_many(
            {
                _ATTACH_METHOD: _BY_VALUE,
                "rendering_position": -1,
                "attach_long_filename": name,
                "display_name": name,
                "attach_mime_tag": mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream",
            }
        )
        attachment.data = data
        attachment.save()
        return attachment

    def delete_attachment(self, number: int) -> None:
        """``DeleteAttach``."""
        self._native.delete_attachment(number)

    def submit(self) -> None:
        """``SubmitMessage``: saves it and puts it into the outgoing queue. It cannot be used afterwards."""
        self._native.submit()

    def mark_read(self, read: bool = True, *, receipt: bool = True) -> bool:
        """``SetReadFlag``; whether that could be done."""
        return self._native.set_read_flag(read, receipt) is None

    def as_bytes(self) -> bytes:
        """The message in RFC 5322 form; as it was received, if it was not changed since."""
        exported = next(_exported(self._native.export()), None)
        return b"" if exported is None else exported.data


class Folder(Properties):
    """A folder."""

    def __init__(self, native: _native.Folder, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    @property
    def name(self) -> str:
        """``PR_DISPLAY_NAME``."""
        return str(self[_DISPLAY_NAME])

    def contents(self, *, associated: bool = False, deleted: bool = False) -> Table:
        """``GetContentsTable``: its messages."""
        return Table(self._native.contents(associated, deleted), self)

    def subfolders(self, *, deep: bool = False, deleted: bool = False) -> Table:
        """``GetHierarchyTable``: its subfolders, with ``deep`` those of all levels."""
        return Table(self._native.hierarchy(deep, deleted), self)

    def folder(self, path: str, *, create: bool = False) -> Folder:
        """The folder at a path below this one, such as ``Archive/2024``; with ``create`` it is made if need be."""
        folder = self
        for name in filter(None, path.split("/")):
            folder = folder.create_folder(name, open_existing=True) if create else folder._child(name)
        return folder

    def _child(self, name: str) -> Folder:
        wanted = _native.Restriction.content(_DISPLAY_NAME, 0x10000, name)
        row = self.subfolders().select(_ENTRYID).find(wanted)
        if row is None:
            raise MapiError(
                f"there is no folder {name!r} in {self.name!r}; create=True makes one",
                code="MAPI_E_NOT_FOUND",
                number=NOT_FOUND,
                argument="path",
            )
        opened = self.open(row)
        if not isinstance(opened, Folder):
            raise TypeError(f"{name!r} is no folder")
        return opened

    def open(self, entry: EntryLike, *, read_only: bool = False, deleted: bool = False) -> Any:
        """``OpenEntry``: a message or folder of this store, by its row, its identifier or an object of it."""
        return wrap(self._native.open(entry_id(entry), read_only, deleted), self)

    def create_message(self, *, associated: bool = False) -> Message:
        """``CreateMessage``; it is there when it is saved."""
        return Message(self._native.create_message(associated), self)

    def create_folder(self, name: str, comment: str | None = None, *, open_existing: bool = False) -> Folder:
        """``CreateFolder``."""
        return Folder(self._native.create_folder(name, comment, open_existing), self)

    def copy(self, entries: Iterable[EntryLike], destination: Folder) -> bool:
        """``CopyMessages``; whether all could be copied."""
        return self._native.copy_messages(list(map(entry_id, entries)), destination._native, False) is None

    def move(self, entries: Iterable[EntryLike], destination: Folder) -> bool:
        """``CopyMessages`` with ``MESSAGE_MOVE``; whether all could be moved."""
        return self._native.copy_messages(list(map(entry_id, entries)), destination._native, True) is None

    def delete(self, entries: Iterable[EntryLike], *, hard: bool = False) -> bool:
        """``DeleteMessages``, with ``hard`` for good; whether all could be deleted."""
        return self._native.delete_messages(list(map(entry_id, entries)), hard) is None

    def mark_read(self, entries: Iterable[EntryLike] | None = None, read: bool = True, *, receipts: bool = True) -> bool:
        """``SetReadFlags``, of all messages without entries; whether all could be marked."""
        ids = None if entries is None else list(map(entry_id, entries))
        return self._native.set_read_flags(ids, read, receipts) is None

    def empty(self, *, associated: bool = False, hard: bool = False) -> bool:
        """``EmptyFolder``; whether it is empty."""
        return self._native.empty(associated, hard) is None

    def copy_folder(
        self, folder: EntryLike, destination: Folder, new_name: str | None = None, *, move: bool = False, subfolders: bool = True
    ) -> bool:
        """``CopyFolder``, of a subfolder; whether all of it could be copied."""
        return self._native.copy_folder(entry_id(folder), destination._native, new_name, move, subfolders) is None

    def delete_folder(self, folder: EntryLike, *, messages: bool = False, folders: bool = False, hard: bool = False) -> bool:
        """``DeleteFolder``, of a subfolder, with what it holds if that is said; whether all could be deleted."""
        return self._native.delete_folder(entry_id(folder), messages, folders, hard) is None

    def message_status(self, entry: EntryLike) -> int:
        """``GetMessageStatus``."""
        return self._native.message_status(entry_id(entry))

    def set_message_status(self, entry: EntryLike, status: int, mask: int) -> int:
        """``SetMessageStatus``: the status before."""
        return self._native.set_message_status(entry_id(entry), status, mask)

    def save_sort(self, *keys: SortKey) -> None:
        """``SaveContentsSort``: the order later tables of this folder begin with."""
        table = self.contents()
        self._native.save_sort([table._key(key) for key in keys])

    def import_archives(self, *paths: str | os.PathLike[str], defer_indexing: bool = False) -> ImportReport:
        """Takes archives in: mbox, Maildir or .eml, plain or compressed. Each message once, however often."""
        return ImportReport(*self._native.import_archives([os.fspath(path) for path in paths], defer_indexing))

    def import_message(self, data: bytes, *, received: datetime | None = None, seen: bool = False) -> ImportedMessage:
        """Takes one message in RFC 5322 form in. ``received``: when, for one that does not say so itself."""
        return ImportedMessage(*self._native.import_message(data, received, seen))

    def export(self, entries: Iterable[EntryLike]) -> Iterator[ExportedMessage]:
        """The messages in RFC 5322 form, one after the other."""
        return _exported(self._native.export(list(map(entry_id, entries))))


class Store(Properties):
    """A message store."""

    def __init__(self, native: _native.Store, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    def open(self, entry: EntryLike | None = None, *, read_only: bool = False, deleted: bool = False) -> Any:
        """``OpenEntry``: a folder or message, by its row, its identifier or an object of it; without one the root."""
        return wrap(self._native.open(None if entry is None else entry_id(entry), read_only, deleted), self)

    def _standard(self, key: str) -> Folder:
        opened = self.open(self[key])
        if not isinstance(opened, Folder):
            raise TypeError(f"{key} names no folder")
        return opened

    @property
    def top(self) -> Folder:
        """The folder below which people see theirs."""
        return self._standard("ipm_subtree_entryid")

    @property
    def inbox(self) -> Folder:
        """Where mail arrives (``GetReceiveFolder``)."""
        opened = self.open(self._native.receive_folder()[0])
        if not isinstance(opened, Folder):
            raise TypeError("the receive folder is no folder")
        return opened

    @property
    def outbox(self) -> Folder:
        """Where messages are made that are to be sent."""
        return self._standard("ipm_outbox_entryid")

    @property
    def sent(self) -> Folder:
        """Where sent messages go."""
        return self._standard("ipm_sentmail_entryid")

    @property
    def deleted(self) -> Folder:
        """Where people throw things."""
        return self._standard("ipm_wastebasket_entryid")

    def folder(self, path: str, *, create: bool = False) -> Folder:
        """The folder at a path below the top, such as ``Inbox`` or ``Archive/2024``."""
        return self.top.folder(path, create=create)

    def new_message(self) -> Message:
        """A message in the Outbox that goes to Sent Items once it is sent."""
        message = self.outbox.create_message()
        message.set_many({"message_class": "IPM.Note", "sentmail_entryid": self["ipm_sentmail_entryid"]})
        return message

    def receive_folder(self, message_class: str | None = None) -> tuple[Folder, str]:
        """``GetReceiveFolder``: the folder, and the class that decided it."""
        found, decided = self._native.receive_folder(message_class)
        opened = self.open(found)
        if not isinstance(opened, Folder):
            raise TypeError("the receive folder is no folder")
        return opened, decided

    def set_receive_folder(self, message_class: str | None, folder: EntryLike | None) -> None:
        """``SetReceiveFolder``."""
        self._native.set_receive_folder(message_class, None if folder is None else entry_id(folder))

    def outgoing_queue(self) -> Table:
        """``GetOutgoingQueue``."""
        return Table(self._native.outgoing_queue(), self)

    def abort_submit(self, message: EntryLike) -> None:
        """``AbortSubmit``."""
        self._native.abort_submit(entry_id(message))

    def same_entry(self, first: EntryLike, second: EntryLike) -> bool:
        """``CompareEntryIDs``."""
        return self._native.compare_entry_ids(entry_id(first), entry_id(second))

    def subscribe(
        self, *events: str, entry: EntryLike | None = None, callback: Callable[[list[Event]], object] | None = None
    ) -> Subscription:
        """``Advise``: the events named (see ``EVENTS``), of the whole store or of one object."""
        named = None if entry is None else entry_id(entry)
        return Subscription(self._native.advise(event_mask(events), named), callback)


#: Filled up by the other modules.
_CLASSES: dict[type, Callable[[Any, object], Any]] = {
    _native.Store: Store,
    _native.Folder: Folder,
    _native.Message: Message,
    _native.Properties: Properties,
}


def register(kind: type, made: Callable[[Any, object], Any]) -> None:
    """Says which Python object stands for what the host opened."""
    _CLASSES[kind] = made


__all__ = [
    "Attachment",
    "EntryLike",
    "ExportedMessage",
    "Folder",
    "ImportReport",
    "ImportedMessage",
    "Message",
    "Store",
    "entry_id",
    "register",
    "wrap",
]
