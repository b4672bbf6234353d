"""Logon, stores table, a contents table and one message under wasmtime-py, with backends in Python.

Argument: the component. Prints one JSON object with what it saw.
"""

import json
import sys

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, FuncType, Linker, Record, ResourceHost, ResourceType, ResultType, Variant

from memory_store import Failure, MemoryStore, missing, no_support, record

ENTRYID, DISPLAY_NAME, SUBJECT, SUBTREE = 0x0FFF0102, 0x3001001F, 0x0037001F, 0x35E00102
STORE_RESOURCE = 1


class Profiles:
    def __init__(self):
        self.profiles, self.default, self.secrets = {}, None, {}

    def list_profiles(self):
        return [record(name=name, version=kept.version) for name, kept in self.profiles.items()]

    def load(self, name):
        return self.profiles.get(name) or missing(f"profile {name}")

    def replace(self, name, data, expected):
        if (self.profiles[name].version if name in self.profiles else 0) != expected:
            raise Failure("object-changed", 0x80040109, "somebody else changed it")
        self.profiles[name] = record(bytes=data, version=expected + 1)
        return expected + 1

    def rename(self, name, new_name, expected):
        no_support("renaming")

    def delete(self, name, expected):
        self.profiles.pop(name, None)

    def default_name(self):
        return self.default

    def set_default_name(self, name):
        self.default = name

    def secret(self, profile, key):
        return self.secrets.get((profile, key))

    def set_secret(self, profile, key, value):
        self.secrets[profile, key] = value

    def acquire_lease(self, name):
        return 1

    def release_lease(self, lease):
        pass

    def leases(self, name):
        return 1


class Catalogue:
    def services(self):
        kind = record(tag=0x34140102, value=Variant("binary", b"python kind     "))
        provider = record(
            section="py.store.provider", display_name="Mail in Python", provider_display="Python", backend="python", kind="store",
            resource_flags=0, properties=[kind],
        )
        return [record(
            name="py.store", display_name="Python store", resource_flags=0, is_default=True, configurable=False, properties=[],
            providers=[provider], extras=[],
        )]

    def configure(self, request):
        no_support("configuration")


def define(linker, component_type, engine, granted):
    """Defines every `mapi:session` import: the granted ones, and a refusal for the rest."""
    for name, item in component_type.imports(engine).items():
        if not name.startswith("mapi:session/"):
            continue
        interface = name.split("/")[1].split("@")[0]
        with linker.root() as root, root.add_instance(name) as instance:
            for export, extern in item.ty.exports(engine).items():
                kind = extern.ty
                if isinstance(kind, ResourceType):
                    number = STORE_RESOURCE if interface == "store-backend" else 100 + len(export)
                    instance.add_resource(export, ResourceType.host(number), lambda store, rep: None)
                elif isinstance(kind, FuncType):
                    instance.add_func(export, adapter(granted.get(interface), interface, export, kind))


def snake(value):
    """Gives records their fields under Python names too."""
    if isinstance(value, Record):
        for name, field in list(vars(value).items()):
            setattr(value, name.replace("-", "_"), snake(field))
    elif isinstance(value, Variant):
        snake(value.payload)
    elif isinstance(value, list):
        for item in value:
            snake(item)
    return value


def adapter(implementation, interface, name, kind):
    """Calls a Python function; its failures become the error case of the result."""
    method = name.startswith("[method]")
    plain = name.split(".")[-1] if method else name
    target = getattr(implementation, plain.replace("-", "_"), None)
    result = kind.result
    tagged = isinstance(result, ResultType) and result._tagged()

    def call(store, *arguments):
        if method:
            arguments[0].drop(store)  # a borrowed handle must be given back before the call returns
        try:
            if target is None:
                no_support(f"{interface} {plain}")
            value = target(*map(snake, arguments[1:] if method else arguments))
            return Variant("ok", value) if tagged else value
        except Failure as failure:
            if not isinstance(result, ResultType):
                raise
            return Variant("err", failure.payload) if tagged else failure.payload

    return call


class Exports:
    """Calls of exported functions by interface, resource and method name; failures are raised."""

    def __init__(self, store, instance):
        self.store, self.instance = store, instance

    def __call__(self, interface, name, *arguments):
        parent = self.instance.get_export_index(self.store, f"mapi:session/{interface}@0.1.0")
        function = self.instance.get_func(self.store, self.instance.get_export_index(self.store, name, parent))
        result = function(self.store, *arguments)
        function.post_return(self.store)
        if isinstance(result, Variant) and result.tag in ("ok", "err"):
            if result.tag == "err":
                raise Failed(result.payload)
            return result.payload
        if hasattr(result, "message") and hasattr(result, "code"):
            raise Failed(result)
        return result


class Failed(Exception):
    def __init__(self, failure):
        failure = getattr(failure, "failure", failure)
        super().__init__(f"{failure.message} ({failure.code.code})")
        self.code = failure.code.code


def main(path):
    engine = Engine(Config())
    component = Component.from_file(engine, path)
    backend = MemoryStore()
    backend.open = lambda logon, entry: record(
        store=ResourceHost.own(0, STORE_RESOURCE), report=record(effects=[], warning=None)
    )
    backend.compare_store_ids = lambda name, first, second: first == second
    log = lambda level, text: print(text, file=sys.stderr) if level == "error" else None
    granted = {
        "store-backend": backend,
        "profile-storage": Profiles(),
        "service-catalogue": Catalogue(),
        "logging": record(log=log),
        "progress": record(report=lambda done, total: "proceed"),
    }
    linker = Linker(engine)
    linker.add_wasip2()
    define(linker, component.type, engine, granted)
    store = Store(engine)
    store.set_wasi(WasiConfig())
    call = Exports(store, linker.instantiate(store, component))

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
    print(json.dumps({
        "store": store_row[1].value.payload,
        "count": count,
        "subjects": [row[0].value.payload for row in rows],
        "message": [value.value.payload for value in values],
        "recipients": names,
        "met": met,
        "unequal": unequal,
        "refused": refused,
    }))


main(sys.argv[1])
