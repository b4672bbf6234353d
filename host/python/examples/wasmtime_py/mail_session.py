"""Logon, a contents table and one message, with nothing but the component and backends in Python.

Argument: the component. Prints one JSON object with what it saw.
"""

import json
import sys

from component import Compiled, Failed, record
from memory_profiles import Catalogue, Profiles
from memory_store import MemoryStores
from wasmtime.component import Variant

ENTRYID, DISPLAY_NAME, SUBJECT, SUBTREE = 0x0FFF0102, 0x3001001F, 0x0037001F, 0x35E00102


class Log:
    """`logging`: what went wrong, on standard error."""

    def log(self, level, text):
        if level == "error":
            print(text, file=sys.stderr)


class Progress:
    """`progress`: nobody looks, and nobody cancels."""

    def report(self, done, total):
        return "proceed"


def mailbox(path):
    """What a session on a new mailbox sees."""
    call = Compiled(path).instantiate(
        store_backend=MemoryStores(),
        profile_storage=Profiles(),
        service_catalogue=Catalogue(),
        logging=Log(),
        progress=Progress(),
    )

    call("sessions", "initialize", None)
    admin = call("profiles", "admin-profiles")
    call("profiles", "[method]profile-admin.create-profile", admin, "Smoke", 0, {"mapi-default-services"})
    options = record(ui=0, profile="Smoke", password=None, how={"mapi-new-session", "mapi-extended"})
    session = call("sessions", "logon", options)

    stores = call("sessions", "[method]session.get-msg-stores-table", session, {"mapi-unicode"})
    call("tables", "[method]table.set-columns", stores, [ENTRYID, DISPLAY_NAME], set())
    store_row = call("tables", "[method]table.query-rows", stores, 10, set())[0].cells
    opened = call("sessions", "[method]session.open-msg-store", session, 0, store_row[0].value.payload, {"mapi-best-access"}, None)

    properties = call("objects", "[method]store.properties", opened.store)
    subtree = call("objects", "[method]properties.get-props", properties, [SUBTREE], {"mapi-unicode"}).properties[0].value.payload
    top = call("objects", "[method]store.open-entry", opened.store, subtree, {"mapi-best-access"}, None).object.payload
    inbox = call("objects", "[method]folder.create-folder", top, "generic", "Smoke", None, {"open-if-exists"})

    incoming = call("objects", "[method]folder.import-messages", inbox, record(defer_indexing=False))
    for subject in ("beta", "Alpha", "gamma"):
        call("objects", "[method]message-import.begin", incoming, record(received=None, keep_original=True, seen=False, properties=[]))
        text = (
            f"From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: {subject}\r\n"
            f"Date: Tue, 02 Jan 2024 08:00:00 +0000\r\nMessage-ID: <{subject}@example.org>\r\n\r\nHello {subject}\r\n"
        )
        call("objects", "[method]message-import.write", incoming, text.encode())
        call("objects", "[method]message-import.finish", incoming)
    call("objects", "[method]message-import.flush", incoming)

    contents = call("objects", "[method]folder.get-contents-table", inbox, {"mapi-unicode"})
    call("tables", "[method]table.set-columns", contents, [SUBJECT, ENTRYID], set())
    order = record(orders=[record(tag=SUBJECT, direction="ascend")], categories=0, expanded=0)
    call("tables", "[method]table.sort-table", contents, order, set())
    rows = [row.cells for row in call("tables", "[method]table.query-rows", contents, 10, set())]
    message = call("objects", "[method]store.open-entry", opened.store, rows[0][1].value.payload, {"mapi-best-access"}, None).object.payload
    properties = call("objects", "[method]message.properties", message)
    values = call("objects", "[method]properties.get-props", properties, [SUBJECT, 0x1000001F, 0x1035001F], {"mapi-unicode"}).properties
    recipients = call("objects", "[method]message.get-recipient-table", message, {"mapi-unicode"})
    call("tables", "[method]table.set-columns", recipients, [DISPLAY_NAME], set())
    names = [row.cells[0].value.payload for row in call("tables", "[method]table.query-rows", recipients, 10, set())]
    # Of the two lists of a restriction, the constants follow the order of the nodes that take them.
    def meet(nodes, *texts):
        constants = [record(tag=SUBJECT, value=Variant("unicode", text)) for text in texts]
        call("tables", "[method]table.restrict", contents, record(nodes=nodes, constants=constants), set())
        rows = call("tables", "[method]table.get-row-count", contents).rows
        call("tables", "[method]table.restrict", contents, None, set())
        return rows

    contains = Variant("content", record(fuzzy={"fl-substring", "fl-ignorecase"}, tag=SUBJECT))
    met = meet([Variant("and", 2), contains, Variant("not"), contains], "A", "alph")
    unequal = None
    try:
        meet([contains], "a", "b")
    except Failed as failure:
        unequal = failure.code
    refused = None
    try:
        call("objects", "[method]store.open-entry", opened.store, bytes(5), set(), None)
    except Failed as failure:
        refused = failure.code
    count = call("tables", "[method]table.get-row-count", contents).rows
    call("sessions", "[method]session.logoff", session, 0, set())
    return {
        "store": store_row[1].value.payload,
        "count": count,
        "subjects": [row[0].value.payload for row in rows],
        "message": [value.value.payload for value in values],
        "recipients": names,
        "met": met,
        "unequal": unequal,
        "refused": refused,
    }


if __name__ == "__main__":
    print(json.dumps(mailbox(sys.argv[1])))
