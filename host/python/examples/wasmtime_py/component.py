"""A component of this project under wasmtime-py, with backends in Python.

A backend is an object whose methods are named after the functions of its interface. They take and return the values of
wasmtime-py: records with attributes (here also under Python names); variants with a tag, unless the payloads of their
cases tell them apart: then the payload alone, None for a case without one. What a backend cannot do it raises as a
`Failure`; a function it does not have is `MAPI_E_NO_SUPPORT`.
"""

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, FuncType, Linker, Record, ResourceHost, ResourceType, ResultType, Variant

#: The resources the backends hand out, and the numbers their types go by.
RESOURCES = {"store": 1, "address-book": 2, "transport": 3, "hook": 4}
OPENINGS = {
    ("store-backend", "open"): "store",
    ("address-book-backend", "open"): "address-book",
    ("transport-backend", "open"): "transport",
    ("transport-backend", "open-hook"): "hook",
}


def record(**fields):
    """A record; names are written as in Python, with a trailing underscore for words Python has itself."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.rstrip("_").replace("_", "-"), value)
    return made


def guid(data):
    """A GUID from its sixteen bytes."""
    return record(hi=int.from_bytes(data[:8], "big"), lo=int.from_bytes(data[8:], "big"))


def section(logon):
    """The profile section a provider is opened for, to be a key of dictionaries."""
    return logon.section.hi, logon.section.lo


class Failure(Exception):
    """What a backend cannot do: the name of the code, its number, and a sentence for people."""

    def __init__(self, code, raw, message):
        super().__init__(message)
        self.payload = record(
            code=record(code=code, raw=raw), origin=None, tag=None, argument=None, retry=False, message=message, low_level=0
        )


def missing(what):
    raise Failure("mapi-e-not-found", 0x8004010F, f"there is no {what}")


def no_support(what):
    raise Failure("mapi-e-no-support", 0x80040102, f"{what} is not offered here")


class Failed(Exception):
    """What an export failed with."""

    def __init__(self, failure):
        if isinstance(failure, str):
            super().__init__(failure)
            return
        failure = getattr(failure, "failure", failure)
        super().__init__(f"{failure.message} ({failure.code.code})")
        self.code, self.number = failure.code.code, failure.code.raw


def python_names(value):
    """Gives records their fields under Python names too."""
    if isinstance(value, Record):
        for name, field in list(vars(value).items()):
            setattr(value, name.replace("-", "_"), python_names(field))
    elif isinstance(value, Variant):
        python_names(value.payload)
    elif isinstance(value, list):
        for item in value:
            python_names(item)
    return value


class Compiled:
    """A compiled component, to be instantiated any number of times."""

    def __init__(self, path):
        self.engine = Engine(Config())
        self.component = Component.from_file(self.engine, path)

    def instantiate(self, **granted):
        """An instance that can use these backends and nothing else, by the names of their interfaces."""
        return Instance(self, {name.replace("_", "-"): backend for name, backend in granted.items()})


class Instance:
    """A component running. Calling it calls an exported function; a failure is raised as `Failed`."""

    def __init__(self, compiled, granted):
        self.granted, self.opened, self.last = granted, {}, 0
        linker = Linker(compiled.engine)
        linker.add_wasip2()
        for name, item in compiled.component.type.imports(compiled.engine).items():
            if name.startswith("mapi:session/"):
                self.define(linker, name, item.ty.exports(compiled.engine))
        self.store = Store(compiled.engine)
        self.store.set_wasi(WasiConfig())
        self.instance = linker.instantiate(self.store, compiled.component)

    def define(self, linker, name, exports):
        """Defines an import: what is granted, and a refusal for the rest."""
        interface = name.split("/")[1].split("@")[0]
        with linker.root() as root, root.add_instance(name) as instance:
            for export, extern in exports.items():
                kind = extern.ty
                if isinstance(kind, ResourceType):
                    instance.add_resource(export, ResourceType.host(RESOURCES[export]), self.drop)
                elif isinstance(kind, FuncType):
                    instance.add_func(export, self.adapter(interface, export, kind))

    def drop(self, store, number):
        self.opened.pop(number, None)

    def adapter(self, interface, name, kind):
        """Calls a Python function; its failures become the error case of the result."""
        method = name.startswith("[method]")
        plain = name.split(".")[-1] if method else name
        python_name = plain.replace("-", "_")
        opening = OPENINGS.get((interface, plain))
        result = kind.result
        tagged = isinstance(result, ResultType) and result._tagged()

        def call(store, *arguments):
            target = self.granted.get(interface)
            if method:
                handle, *arguments = arguments
                # This also gives the borrowed handle back, which has to be done before the call returns.
                target = self.opened.get(handle.to_host(store).rep)
            try:
                function = getattr(target, python_name, None) or (lambda *_: no_support(f"{interface} {plain}"))
                value = function(*map(python_names, arguments))
                if opening is not None:
                    value = self.hand_out(opening, value)
                return Variant("ok", value) if tagged else value
            except Failure as failure:
                if not isinstance(result, ResultType):
                    raise
                return Variant("err", failure.payload) if tagged else failure.payload

        return call

    def hand_out(self, resource, backend):
        """What an opening answers: a handle, and that there is nothing to report."""
        self.last += 1
        self.opened[self.last] = backend
        handle = ResourceHost.own(self.last, RESOURCES[resource])
        return record(**{resource.replace("-", "_"): handle}, report=record(effects=[], warning=None))

    def __call__(self, interface, name, *arguments):
        package = interface if "/" in interface else f"mapi:session/{interface}"
        parent = self.instance.get_export_index(self.store, f"{package}@0.1.0")
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
