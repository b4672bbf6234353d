"""A message store backend in memory: what satisfies `store-backend`, and no more.

It answers "unsupported" to every plan, so the engine filters and sorts by itself, and keeps no deleted items. What
outlives an opening is the `Database`; a `MemoryStore` is one opening of it.
"""

from copy import copy

from component import Failure, guid, missing, no_support, record, section
from wasmtime.component import Variant

FOLDERS = ("folder", "search-folder")
#: What each kind of scan lists; the contents of an attachment are the message embedded in it.
KINDS = {
    "subfolders": FOLDERS,
    "contents": ("message", "embedded-message"),
    "associated": ("associated",),
    "recipients": ("recipient",),
    "attachments": ("attachment",),
}
CONTENT_COUNT, CONTENT_UNREAD, ASSOC_CONTENT_COUNT, SUBFOLDERS = 0x3602, 0x3603, 0x3617, 0x360A
DELETED_COUNTS = (0x6640, 0x6641, 0x6643)
MESSAGE_FLAGS, QUEUE_NUMBER = 0x0E07, 0x67E0
FIRST_NAME, LAST_NAME = 0x8001, 0xFFFE
#: Bytes of a value of each type, but for texts and bytes.
SIZES = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}


def gone(object):
    raise Failure("mapi-e-object-deleted", 0x8004010A, f"object {object.hex()} is not there any more")


def size_of(tag, value):
    """The size of a value as MAPI counts it: texts as UTF-16, multi-values the sum of their elements."""
    kind, payload = tag & 0xFFFF, value.payload
    elements = payload if kind & 0x1000 else [payload]
    if kind & 0xFFF == 0x1F:
        return sum(len(element.encode("utf-16-le")) for element in elements)
    if kind & 0xFFF in SIZES:
        return SIZES[kind & 0xFFF] * len(elements)
    return sum(len(element) for element in elements if isinstance(element, (bytes, str)))


def cut(value, limit):
    """A cell, cut at whole characters: texts at so many UTF-16 units, bytes at twice as many."""
    if limit and value.tag == "unicode":
        return Variant("unicode", value.payload.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore"))
    if limit and value.tag == "binary":
        return Variant("binary", value.payload[: 2 * limit])
    return value


class Stored:
    """An object."""

    def __init__(self, id, kind, parent, arrival):
        self.id, self.kind, self.parent, self.arrival = id, kind, parent, arrival
        self.version = 1
        self.properties = {}

    def put(self, tag, value):
        self.properties[tag >> 16] = record(tag=tag, value=value)

    def number(self, identifier):
        found = self.properties.get(identifier)
        return found.value.payload if found else 0


class Database:
    """What a store holds. Changes are taken back by the copies made before the first change of each object."""

    def __init__(self):
        self.objects, self.names, self.feed, self.tags = {}, [], [], {}
        self.last_id = self.arrival = self.commits = 0
        self.before = {}
        self.store, self.root = self.next_id(), self.next_id()
        self.add(self.store, "store", None)
        self.add(self.root, "folder", self.root).put(0x3001001F, Variant("unicode", "Root"))

    def next_id(self):
        self.last_id += 1
        return self.last_id.to_bytes(8, "big")

    def next_arrival(self):
        self.arrival += 1
        return self.arrival

    def add(self, id, kind, parent):
        self.before.setdefault(id, None)
        self.objects[id] = Stored(id, kind, parent, self.next_arrival())
        return self.objects[id]

    def change(self, id):
        """The object, to be changed."""
        stored = self.objects.get(id) or gone(id)
        if id not in self.before:
            self.before[id] = copy(stored)
            stored.properties = dict(stored.properties)
        return stored

    def remove(self, id):
        for below in [o.id for o in self.objects.values() if o.parent == id and o.id != id]:
            self.remove(below)
        self.change(id)
        del self.objects[id]

    def take_back(self):
        for id, stored in self.before.items():
            if stored is None:
                self.objects.pop(id, None)
            else:
                self.objects[id] = stored

    def children(self, parent, kinds):
        return [o for o in self.objects.values() if o.parent == parent and o.kind in kinds and o.id != parent]

    def is_below(self, id, ancestor):
        while id != ancestor:
            parent = self.objects[id].parent
            if parent in (None, id):
                return False
            id = parent
        return True


class MemoryStore:
    """One opening of a store."""

    kinds = KINDS

    def __init__(self, database=None):
        self.database, self.staged = database or Database(), {}

    def get(self, id):
        return self.database.objects.get(id) or missing(f"object {id.hex()}")

    def property(self, stored, tag):
        identifier = tag >> 16
        if stored.kind in FOLDERS:
            children = lambda *kinds: self.database.children(stored.id, kinds)
            counted = {
                CONTENT_COUNT: lambda: Variant("long", len(children("message"))),
                CONTENT_UNREAD: lambda: Variant("long", sum(not m.number(MESSAGE_FLAGS) & 1 for m in children("message"))),
                ASSOC_CONTENT_COUNT: lambda: Variant("long", len(children("associated"))),
                SUBFOLDERS: lambda: Variant("boolean", bool(children(*FOLDERS))),
            }.get(identifier)
            if identifier in DELETED_COUNTS:
                counted = lambda: Variant("long", 0)
            if counted:
                kind = 0x0B if identifier == SUBFOLDERS else 0x03
                return record(tag=tag & 0xFFFF0000 | kind, value=counted())
        return stored.properties.get(identifier)

    def identity(self):
        return record(
            uid=guid(b"python memory st"), kind=guid(b"python kind     "), mapping_signature=guid(b"python signature"),
            store=self.database.store, root=self.database.root, private_entry=b"python", writable=True,
            capabilities={"feed", "attachments", "submit"}, index=record(ordered=[], searched=[], key_version=0),
        )

    def read(self, id, want, inline_limit, hints):
        stored = self.get(id)
        tags = [p.tag for p in stored.properties.values()] if want is None else want
        found = [p for p in (self.property(stored, tag) for tag in tags) if p]
        shown = [
            p if size_of(p.tag, p.value) <= inline_limit
            else record(tag=p.tag & 0xFFFF0000 | 0x0A, value=Variant("error", 0x8007000E))
            for p in found
        ]
        head = record(kind=stored.kind, parent=stored.parent, version=stored.version, arrival=stored.arrival, deleted=False)
        return record(head=head, properties=shown)

    def list_tags(self, id):
        properties = sorted(self.get(id).properties.values(), key=lambda p: p.tag)
        return [record(tag=p.tag, size=size_of(p.tag, p.value)) for p in properties]

    def batch(self, rows, columns, cell_limit, several=False):
        def column(tag):
            cells = [self.property(row, tag) for row in rows]
            present = bytearray((len(rows) + 7) // 8)
            for index, cell in enumerate(cells):
                present[index >> 3] |= bool(cell) << (index & 7)
            mixed = [cut(cell.value, cell_limit) if cell else Variant("null") for cell in cells]
            return record(tag=tag, present=bytes(present), data=Variant("mixed", mixed))

        def arena(identifiers):
            return record(bytes=b"".join(identifiers), ends=[8 * (i + 1) for i in range(len(identifiers))])

        return record(
            ids=arena([row.id for row in rows]), arrivals=[row.arrival for row in rows],
            parents=arena([row.parent for row in rows] if several else []), kinds=[row.kind for row in rows],
            columns=[column(tag) for tag in columns],
        )

    def read_rows(self, ids, columns, cell_limit):
        rows = [self.database.objects[id] for id in ids if id in self.database.objects]
        return self.batch(rows, columns, cell_limit, several=True)

    def plan(self, request):
        return record(
            filters=["unsupported"] * len(request.filters), order="unsupported" if request.order else "exact",
            counts=False, positions=False, groups=False,
        )

    def rows(self, request):
        """The rows of a scan, each with its place; those of the queue have their number in front."""
        if request.kind == "queue":
            waiting = [o for o in self.database.objects.values() if QUEUE_NUMBER in o.properties]
            return [((o.number(QUEUE_NUMBER), o.arrival), o) for o in waiting]
        scope = request.scope
        containers = [scope] if isinstance(scope, bytes) else list(dict.fromkeys(scope.ids))
        if not isinstance(scope, bytes) and scope.recursive:
            for id in containers:
                containers.extend(o.id for o in self.database.children(id, ("folder",)) if o.id not in containers)
        kinds = self.kinds.get(request.kind, ())
        return [((0, o.arrival), o) for id in containers for o in self.database.children(id, kinds)]

    def scan(self, request):
        rows = sorted(self.rows(request), key=lambda row: row[0], reverse=request.backwards)
        if request.start.tag in ("after", "at"):
            at = request.start.payload
            place = (int.from_bytes(at.keys[0], "big") if at.keys else 0, at.arrival)
            rows = [
                row for row in rows
                if (row[0] < place if request.backwards else row[0] > place) or (request.start.tag == "at" and row[0] == place)
            ]
        page = rows[: request.max]
        last = None
        if page:
            number, arrival = page[-1][0]
            last = record(keys=[number.to_bytes(8, "big")] if request.kind == "queue" else [], arrival=arrival)
        several = request.kind == "queue" or not isinstance(request.scope, bytes)
        batch = self.batch([row for _, row in page], request.columns, request.cell_limit, several)
        return record(batch=batch, last=last, more=len(rows) > len(page))

    def container_tags(self, container, kind):
        rows = self.database.children(container, self.kinds.get(kind, ()))
        return sorted({p.tag for row in rows for p in row.properties.values()})

    def read_range(self, id, tag, offset, length):
        found = self.get(id).properties.get(tag >> 16) or missing("such property")
        data = found.value.payload
        data = data.encode() if isinstance(data, str) else data
        return data[offset : offset + length]

    def reserve(self, count):
        return [self.database.next_id() for _ in range(count)]

    def stage(self):
        number = len(self.staged) + 1
        self.staged[number] = bytearray()
        return number

    def staged_value(self, number):
        found = self.staged.get(number)
        return missing(f"staged value {number}") if found is None else found

    def append(self, staged, data):
        self.staged_value(staged).extend(data)

    def discard(self, staged):
        if staged in self.staged:
            self.staged[staged] = None

    def value(self, given, used):
        if isinstance(given.value, Variant):
            return given.value
        data = bytes(self.staged_value(given.value.number))
        used.add(given.value.number)
        return Variant("unicode", data.decode()) if given.tag & 0xFFFF == 0x1F else Variant("binary", data)

    def commit(self, request):
        database = self.database
        database.before, used, told = {}, set(), []
        try:
            changed = [self.apply(change, used, told) for change in request.changes]
        except Failure:
            database.take_back()
            raise
        for number in used:
            self.discard(number)
        database.commits += 1
        for stored, parent, verb in told:
            database.feed.append(record(
                commit=database.commits, token=request.token, object=stored.id, kind=stored.kind, parent=parent, verb=verb,
                tags=[], delivery=request.delivery,
            ))
        return record(objects=changed, cursor=self.feed_cursor())

    def apply(self, change, used, told):
        """Makes a change, and notes what is to be told of it: object, container, what happened."""
        database, what, body = self.database, change.tag, change.payload
        if getattr(body, "parent", None) is not None and body.parent not in database.objects:
            gone(body.parent)
        if what in ("create", "copy"):
            if body.object in database.objects:
                raise Failure("mapi-e-collision", 0x80040604, f"there is an object {body.object.hex()} already")
            if what == "copy":
                return self.copy(body, used, told)
            if body.kind == "embedded-message" and database.children(body.parent, ("embedded-message",)):
                raise Failure("mapi-e-collision", 0x80040604, "the attachment holds a message already")
            stored, verb = database.add(body.object, body.kind, body.parent), Variant("created")
        else:
            stored, verb = database.change(body.object), Variant("modified")
        expected = getattr(body, "expected", None)
        if expected is not None and stored.version != expected:
            raise Failure("mapi-e-object-changed", 0x80040109, "somebody else changed it")
        if what == "bits":
            bits = stored.number(body.tag >> 16)
            new = (bits & ~body.clear | body.set) & 0xFFFFFFFF
            new -= (new & 0x80000000) << 1
            if new == bits:
                return record(version=stored.version, arrival=stored.arrival)
            stored.put(body.tag, Variant("long", new))
        elif what == "remove":
            if stored.id in (database.store, database.root):
                raise Failure("mapi-e-no-access", 0x80070005, "a store cannot be without its root")
            told.append((stored, stored.parent, Variant("deleted", False)))
            database.remove(body.object)
            return record(version=stored.version, arrival=stored.arrival)
        else:
            for given in body.properties if what == "create" else body.set:
                stored.put(given.tag, self.value(given, used))
            for tag in getattr(body, "delete", []):
                stored.properties.pop(tag >> 16, None)
            if what == "move":
                if database.is_below(body.parent, stored.id):
                    raise Failure("mapi-e-folder-cycle", 0x8004060B, "a folder cannot be moved into itself")
                verb = Variant("moved", stored.parent)
                stored.parent, stored.arrival = body.parent, database.next_arrival()
            elif what == "set" and not body.quiet:
                stored.version += 1
        told.append((stored, stored.parent or stored.id, verb))
        return record(version=stored.version, arrival=stored.arrival)

    def copy(self, body, used, told):
        source = self.database.objects.get(body.source) or gone(body.source)
        if source.kind not in ("message", "associated"):
            raise Failure("mapi-e-invalid-parameter", 0x80070057, "only messages are copied")
        made = self.copy_below(source, body.object, body.parent)
        for given in body.set:
            made.put(given.tag, self.value(given, used))
        for tag in body.delete:
            made.properties.pop(tag >> 16, None)
        verb = Variant("copied", record(source=source.id, source_parent=source.parent))
        told.append((made, made.parent, verb))
        return record(version=made.version, arrival=made.arrival)

    def copy_below(self, source, id, parent):
        below = [o for o in self.database.objects.values() if o.parent == source.id]
        made = self.database.add(id, source.kind, parent)
        made.properties = dict(source.properties)
        for stored in below:
            self.copy_below(stored, self.database.next_id(), id)
        return made

    def feed_cursor(self):
        return len(self.database.feed).to_bytes(8, "big")

    def changes(self, since, max):
        feed, start = self.database.feed, int.from_bytes(since, "big")
        if len(since) != 8 or start > len(feed):
            return record(records=[], cursor=self.feed_cursor(), gap=True, more=False)
        end = min(start + (max or 1), len(feed))
        return record(records=feed[start:end], cursor=end.to_bytes(8, "big"), gap=False, more=start < end < len(feed))

    def ids_of_names(self, names, create):
        return [self.id_of(name, create) for name in names]

    def id_of(self, name, create):
        known = self.database.names
        if name in known:
            return FIRST_NAME + known.index(name)
        if not create or FIRST_NAME + len(known) > LAST_NAME:
            return None
        known.append(name)
        return FIRST_NAME + len(known) - 1

    def names_of_ids(self, ids):
        names = dict(enumerate(self.database.names, FIRST_NAME))
        return [names.get(id) for id in ids]

    def all_names(self):
        return [record(id=id, name=name) for id, name in enumerate(self.database.names, FIRST_NAME)]

    def rekey(self, objects, key_version, finished):
        """It stores no order keys."""

    def index_step(self, budget):
        return False

    def take_effects(self):
        return []

    def quota(self):
        stored = self.database.objects.values()
        return record(used=sum(size_of(p.tag, p.value) for o in stored for p in o.properties.values()), limit=0)

    def check(self, repair):
        return record(objects=len(self.database.objects), findings=[])

    def compact(self):
        """There is never unused space."""

    def backup(self, target):
        no_support("a copy of what is in memory")


class MemoryStores:
    """`store-backend`: a store for each profile section that names this backend."""

    def __init__(self):
        self.databases = {}

    def open(self, logon, entry):
        return MemoryStore(self.databases.setdefault(section(logon), Database()))

    def compare_store_ids(self, backend, first, second):
        return first == second
