"""An address book in memory: objects like those of a store. What `address-book-backend` is."""

from component import guid, no_support, record, section
from memory_store import Database, MemoryStore


class MemoryAddressBook(MemoryStore):
    """One opening of an address book: people and lists in containers."""

    kinds = {
        "subfolders": ("folder",),
        "contents": ("message", "distribution-list"),
        "recipients": ("recipient",),
    }

    def identity(self):
        return record(
            uid=guid(b"python addressbk"), kind=guid(b"python ab kind  "), root=self.database.root, writable=True, feed=True,
            index=record(ordered=[], searched=[], key_version=0),
        )

    def resolve(self, container, names, tags, how):
        no_support("finding names; the session does it")

    def templates(self, container):
        return []


class MemoryAddressBooks:
    """`address-book-backend`: a book for each profile section that names this backend."""

    def __init__(self):
        self.databases = {}

    def open(self, logon):
        return MemoryAddressBook(self.databases.setdefault(section(logon), Database()))
