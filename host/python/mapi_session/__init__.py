"""Extended MAPI sessions: message stores, tables, address books and transports in one sandboxed component.

::

    import mapi_session
    from mapi_session import P

    engine = mapi_session.Engine()
    with engine.open("mail") as subsystem, subsystem.logon() as session:
        inbox = session.default_store.inbox
        table = inbox.contents().select("subject", "received").where(P.subject.contains("plan"))
        for row in table.order_by("-received")[:50]:
            print(row["received"], row["subject"])

Any thread may call; calls of one subsystem run one after the other, and no call holds the interpreter while it waits.
"""

from ._address_book import AddressBook, Container, DistList, MailUser, Resolved
from ._errors import MapiError, MapiWarning
from ._events import EVENTS, CriticalError, Event, NewMail, ObjectEvent, OtherEvent, Subscription, TableEvent
from ._names import (
    Named,
    Order,
    P,
    Property,
    PropertyKey,
    PropType,
    any_attachment,
    any_recipient,
    condition,
    first,
    name_of,
    tag_of,
)
from ._native import COMPONENT_HASH, ErrorValue, Restriction, Stream
from ._profiles import Profiles, Providers, Services, Status
from ._properties import Properties
from ._sessions import Engine, Session, Subsystem
from ._stores import Attachment, EntryLike, ExportedMessage, Folder, ImportedMessage, ImportReport, Message, Store, entry_id
from ._tables import Bookmark, Columns, Row, SortKey, Table

__all__ = [
    "COMPONENT_HASH",
    "EVENTS",
    "AddressBook",
    "Attachment",
    "Bookmark",
    "Columns",
    "Container",
    "CriticalError",
    "DistList",
    "Engine",
    "EntryLike",
    "ErrorValue",
    "Event",
    "ExportedMessage",
    "Folder",
    "ImportReport",
    "ImportedMessage",
    "MailUser",
    "MapiError",
    "MapiWarning",
    "Message",
    "Named",
    "NewMail",
    "ObjectEvent",
    "Order",
    "OtherEvent",
    "P",
    "Profiles",
    "PropType",
    "Properties",
    "Property",
    "PropertyKey",
    "Providers",
    "Resolved",
    "Restriction",
    "Row",
    "Services",
    "Session",
    "SortKey",
    "Status",
    "Store",
    "Stream",
    "Subscription",
    "Subsystem",
    "Table",
    "TableEvent",
    "any_attachment",
    "any_recipient",
    "condition",
    "entry_id",
    "first",
    "name_of",
    "tag_of",
]
