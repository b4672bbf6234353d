"""A message store backend in memory: the smallest thing that satisfies `store-backend`.

It answers "unsupported" to every plan, so the engine filters and sorts by itself. Methods take and
return the values of wasmtime-py: records with kebab-case attributes; variants with a tag, unless the
payloads of their cases tell them apart: then the payload alone, None for a case without one.
"""

from wasmtime.component import Record, Variant

FOLDERS = ("folder", "search-folder")
KINDS = {
    "subfolders": FOLDERS,
    "contents": ("message",),
    "associated": ("associated",),
    "recipients": ("recipient",),
    "attachments": ("attachment",),
}
CONTENT_COUNT, CONTENT_UNREAD, ASSOC_CONTENT_COUNT, SUBFOLDERS = 0x3602, 0x3603, 0x3617, 0x360A
MESSAGE_FLAGS = 0x0E07


def record(**fields):
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-").rstrip("-"), value)
    return made


def guid(data):
    return record(hi=int.from_bytes(data[:8], "big"), lo=int.from_bytes(data[8:], "big"))


class Failure(Exception):
    def __init__(self, code, raw, message):
        super().__init__(message)
        self.payload = record(
            code=record(code=code, raw=raw), origin=None, tag=None, argument=None, retry=False,
            message=message, low_level=0,
        )


def missing(what):
    raise Failure("not-found", 0x8004010F, f"there is no {what}")


def no_support(what):
    raise Failure("no-support", 0x80040102, f"{what} is not offered here")


def size_of(value):
    if value.tag == "unicode":
        return len(value.payload.encode("utf-16-le"))
    return len(value.payload) if isinstance(value.payload, (bytes, list)) else 8


class Stored:
    def __init__(self, id, kind, parent, arrival):
        self.id, self.kind, self.parent, self.arrival = id, kind, parent, arrival
        self.version = 1
        self.properties = {}

    def put(self, tag, value):
        self.properties[tag >> 16] = record(tag=tag, value=value)


class MemoryStore:
    def __init__(self):
        self.objects, self.staged, self.names, self.feed = {}, {}, [], []
        self.last_id = self.arrival = self.commits = 0
        self.store = self.add(self.next_id(), "store", None).id
        self.root = self.next_id()
        self.add(self.root, "folder", self.root).put(0x3001001F, Variant("unicode", "Root"))

    def next_id(self):
        self.last_id += 1
        return self.last_id.to_bytes(8, "big")

    def add(self, id, kind, parent):
        self.arrival += 1
        self.objects[id] = Stored(id, kind, parent, self.arrival)
        return self.objects[id]

    def get(self, id):
        return self.objects.get(id) or missing(f"object {id.hex()}")

    def children(self, parent, kinds):
        return [o for o in self.objects.values() if o.parent == parent and o.kind in kinds and o.id != parent]

    def property(self, stored, tag):
        if stored.kind in FOLDERS:
            messages = self.children(stored.id, ("message",))
            unread = [m for m in messages if not (m.properties[MESSAGE_FLAGS].value.payload & 1 if MESSAGE_FLAGS in m.properties else 0)]
            counted = {
                CONTENT_COUNT: lambda: Variant("long", len(messages)),
                CONTENT_UNREAD: lambda: Variant("long", len(unread)),
                ASSOC_CONTENT_COUNT: lambda: Variant("long", len(self.children(stored.id, ("associated",)))),
                SUBFOLDERS: lambda: Variant("boolean", bool(self.children(stored.id, FOLDERS))),
            }.get(tag >> 16)
            if counted:
                return record(tag=tag, value=counted())
        return stored.properties.get(tag >> 16)

    def identity(self):
        return record(
            uid=guid(b"python memory st"), kind=guid(b"python kind     "), mapping_signature=guid(b"python signature"),
            store=self.store, root=self.root, private_entry=b"python", writable=True,
            capabilities={"feed", "attachments", "submit"}, index=record(ordered=[], searched=[], key_version=0),
        )

    def read(self, id, want, inline_limit, hints):
        stored = self.get(id)
        tags = [p.tag for p in stored.properties.values()] if want is None else want
        found = [p for p in (self.property(stored, tag) for tag in tags) if p]
        shown = [
            p if size_of(p.value) <= inline_limit else record(tag=p.tag & 0xFFFF0000 | 0x0A, value=Variant("error", 0x8007000E))
            for p in found
        ]
        head = record(kind=stored.kind, parent=stored.parent, version=stored.version, arrival=stored.arrival, deleted=False)
        return record(head=head, properties=shown)

    def list_tags(self, id):
        return sorted((record(tag=p.tag, size=size_of(p.value)) for p in self.get(id).properties.values()), key=lambda t: t.tag)

    def batch(self, rows, columns, cell_limit):
        def cut(value):
            if cell_limit and value.tag == "unicode":
                return Variant("unicode", value.payload[:cell_limit])
            if cell_limit and value.tag == "binary":
                return Variant("binary", value.payload[: 2 * cell_limit])
            return value

        def column(tag):
            cells = [self.property(row, tag) for row in rows]
            present = bytearray((len(rows) + 7) // 8)
            for index, cell in enumerate(cells):
                present[index >> 3] |= bool(cell) << (index & 7)
            mixed = [cut(cell.value) if cell else Variant("null") for cell in cells]
            return record(tag=tag, present=bytes(present), data=Variant("mixed", mixed))

        return record(
            ids=record(bytes=b"".join(row.id for row in rows), ends=[8 * (i + 1) for i in range(len(rows))]),
            arrivals=[row.arrival for row in rows], parents=record(bytes=b"", ends=[]), kinds=[row.kind for row in rows],
            columns=[column(tag) for tag in columns],
        )

    def read_rows(self, ids, columns, cell_limit):
        return self.batch([self.objects[id] for id in ids if id in self.objects], columns, cell_limit)

    def plan(self, request):
        return record(
            filters=["unsupported"] * len(request.filters), order="unsupported" if request.order else "exact",
            counts=False, positions=False, groups=False,
        )

    def scan(self, request):
        containers = [request.scope] if isinstance(request.scope, bytes) else request.scope.ids
        rows = [row for id in containers for row in self.children(id, KINDS.get(request.kind, ()))]
        rows.sort(key=lambda row: row.arrival, reverse=request.backwards)
        if request.start.tag in ("after", "at"):
            place = request.start.payload.arrival
            rows = [
                row for row in rows
                if (row.arrival < place if request.backwards else row.arrival > place) or (request.start.tag == "at" and row.arrival == place)
            ]
        page = rows[: request.max]
        last = record(keys=[], arrival=page[-1].arrival) if page else None
        return record(batch=self.batch(page, request.columns, request.cell_limit), last=last, more=len(rows) > len(page))

    def container_tags(self, container, kind):
        return sorted({p.tag for row in self.children(container, KINDS.get(kind, ())) for p in row.properties.values()})

    def read_range(self, id, tag, offset, length):
        found = self.get(id).properties.get(tag >> 16) or missing("such property")
        data = found.value.payload
        data = data.encode() if isinstance(data, str) else data
        return data[offset : offset + length]

    def reserve(self, count):
        return [self.next_id() for _ in range(count)]

    def stage(self):
        self.last_id += 1
        self.staged[self.last_id] = bytearray()
        return self.last_id

    def append(self, staged, data):
        self.staged[staged] += data

    def discard(self, staged):
        self.staged.pop(staged, None)

    def stored(self, value, tag):
        if isinstance(value, Variant):
            return value
        data = bytes(self.staged.pop(value.number))
        return Variant("unicode", data.decode()) if tag & 0xFFFF == 0x1F else Variant("binary", data)

    def commit(self, request):
        for change in request.changes:
            expected = getattr(change.payload, "expected", None)
            if expected is not None and self.get(change.payload.object).version != expected:
                raise Failure("object-changed", 0x80040109, "somebody else changed it")
        self.commits += 1
        return record(objects=[self.apply(change, request) for change in request.changes], cursor=self.feed_cursor())

    def apply(self, change, request):
        what, body = change.tag, change.payload
        if what == "copy":
            no_support("copying")
        stored = self.add(body.object, body.kind, body.parent) if what == "create" else self.get(body.object)
        verb = Variant("created" if what == "create" else "modified")
        if what == "bits":
            old = stored.properties.get(body.tag >> 16)
            stored.put(body.tag, Variant("long", (old.value.payload if old else 0) & ~body.clear | body.set))
        elif what == "remove":
            del self.objects[body.object]
            verb = Variant("deleted", False)
        else:
            for given in body.properties if what == "create" else body.set:
                stored.put(given.tag, self.stored(given.value, given.tag))
            for gone in getattr(body, "delete", []):
                stored.properties.pop(gone >> 16, None)
            if what == "move":
                verb = Variant("moved", stored.parent)
                self.arrival += 1
                stored.parent, stored.arrival = body.parent, self.arrival
            stored.version += what != "create" and not getattr(body, "quiet", False)
        self.feed.append(record(
            commit=self.commits, token=request.token, object=stored.id, kind=stored.kind, parent=stored.parent or stored.id,
            verb=verb, tags=[], delivery=request.delivery,
        ))
        return record(version=stored.version, arrival=stored.arrival)

    def feed_cursor(self):
        return len(self.feed).to_bytes(8, "big")

    def changes(self, since, max):
        start = int.from_bytes(since, "big")
        records = self.feed[start : start + max]
        end = start + len(records)
        return record(records=records, cursor=end.to_bytes(8, "big"), gap=False, more=end < len(self.feed))

    def ids_of_names(self, names, create):
        return [self.id_of(name, create) for name in names]

    def id_of(self, name, create):
        for id, known in self.names:
            if known == name:
                return id
        if not create:
            return None
        self.names.append((0x8001 + len(self.names), name))
        return self.names[-1][0]

    def names_of_ids(self, ids):
        return [next((name for known, name in self.names if known == id), None) for id in ids]

    def all_names(self):
        return [record(id=id, name=name) for id, name in self.names]

    def rekey(self, objects, key_version, finished):
        pass

    def index_step(self, budget):
        return False

    def take_effects(self):
        return []
