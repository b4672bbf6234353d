"""Profiles in memory, and a catalogue of one service: what `profile-storage` and `service-catalogue` are."""

from component import Failure, missing, no_support, record
from wasmtime.component import Variant


def changed():
    raise Failure("mapi-e-object-changed", 0x80040109, "somebody else changed the profile")


class Profiles:
    """`profile-storage`: bytes by name, each with a version, and protected values by profile and key."""

    def __init__(self):
        self.profiles, self.default, self.secrets, self.held, self.last = {}, None, {}, {}, 0

    def version(self, name):
        return self.profiles[name].version if name in self.profiles else 0

    def list_profiles(self):
        return [record(name=name, version=kept.version) for name, kept in self.profiles.items()]

    def load(self, name):
        return self.profiles.get(name) or missing(f"profile {name}")

    def replace(self, name, data, expected):
        if self.version(name) != expected:
            changed()
        self.profiles[name] = record(bytes=data, version=expected + 1)
        return expected + 1

    def rename(self, name, new_name, expected):
        kept = self.load(name)
        if kept.version != expected:
            changed()
        if new_name in self.profiles:
            raise Failure("mapi-e-collision", 0x80040604, f"there is a profile {new_name} already")
        kept = record(bytes=kept.bytes, version=expected + 1)
        self.profiles = {new_name if known == name else known: kept if known == name else it for known, it in self.profiles.items()}
        self.secrets = {(new_name if known == name else known, key): value for (known, key), value in self.secrets.items()}
        if self.default == name:
            self.default = new_name
        return expected + 1

    def delete(self, name, expected):
        if self.load(name).version != expected:
            changed()
        del self.profiles[name]
        self.secrets = {known: value for known, value in self.secrets.items() if known[0] != name}
        if self.default == name:
            self.default = None

    def default_name(self):
        return self.default

    def set_default_name(self, name):
        self.default = name

    def secret(self, profile, key):
        return self.secrets.get((profile, key))

    def set_secret(self, profile, key, value):
        if value is None:
            self.secrets.pop((profile, key), None)
        else:
            self.secrets[profile, key] = value

    def acquire_lease(self, name):
        self.last += 1
        self.held[self.last] = name
        return self.last

    def release_lease(self, lease):
        self.held.pop(lease, None)

    def leases(self, name):
        return list(self.held.values()).count(name)


class Catalogue:
    """`service-catalogue`: one service with one store."""

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
