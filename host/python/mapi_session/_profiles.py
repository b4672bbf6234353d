"""Profiles, services and providers; status objects."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from . import _native
from ._errors import MapiWarning
from ._names import PropertyKey, tag_of
from ._properties import Properties
from ._stores import EntryLike, entry_id, register
from ._tables import Table


def _pairs(values: Mapping[PropertyKey, Any]) -> list[tuple[int, Any]]:
    return [(tag_of(key), value) for key, value in values.items()]


class Profiles:
    """Administration of profiles (``IProfAdmin``)."""

    def __init__(self, native: _native.ProfileAdmin) -> None:
        self._native = native

    def table(self) -> Table:
        """``GetProfileTable``."""
        return Table(self._native.table())

    def names(self) -> list[str]:
        """The names of all profiles."""
        return [row["display_name"] for row in self.table().select("display_name")]

    def create(self, name: str, *services: str, default: bool = False) -> Services:
        """``CreateProfile``, with those services, or without any named with the default ones."""
        said = self._native.create(name, not services)
        if said is not None:
            warnings.warn(f"the profile {name!r} is there, but not complete ({said})", MapiWarning, stacklevel=2)
        admin = self.services(name)
        for service in services:
            admin.create(service)
        if default:
            self.set_default(name)
        return admin

    def copy(self, name: str, new_name: str) -> None:
        """``CopyProfile``."""
        self._native.copy(name, new_name)

    def rename(self, name: str, new_name: str) -> None:
        """``RenameProfile``; one in use keeps its name until its last session ends."""
        self._native.rename(name, new_name)

    def delete(self, name: str) -> None:
        """``DeleteProfile``."""
        self._native.delete(name)

    def set_default(self, name: str | None) -> None:
        """``SetDefaultProfile``; ``None``: there is none any more."""
        self._native.set_default(name)

    def services(self, name: str) -> Services:
        """``AdminServices`` of a profile."""
        return Services(self._native.services(name))


class Services:
    """Administration of the services of a profile (``IMsgServiceAdmin``). A service is named by its MAPIUID."""

    def __init__(self, native: _native.ServiceAdmin) -> None:
        self._native = native

    def table(self) -> Table:
        """``GetMsgServiceTable``."""
        return Table(self._native.table())

    def providers(self) -> Table:
        """``GetProviderTable``: the providers of all services."""
        return Table(self._native.providers())

    def create(self, service: str, display_name: str | None = None, values: Mapping[PropertyKey, Any] | None = None) -> UUID:
        """``CreateMsgServiceEx``, and ``ConfigureMsgService`` if there are values: its MAPIUID."""
        uid = self._native.create(service, display_name)
        if values is not None:
            self.configure(uid, values)
        return uid

    def configure(self, service: UUID, values: Mapping[PropertyKey, Any]) -> None:
        """``ConfigureMsgService``."""
        self._native.configure(service, _pairs(values))

    def copy(self, service: UUID, destination: Services) -> UUID:
        """``CopyMsgService``: the MAPIUID of the copy."""
        return self._native.copy(service, destination._native)

    def delete(self, service: UUID) -> None:
        """``DeleteMsgService``."""
        self._native.delete(service)

    def set_transport_order(self, order: list[UUID]) -> None:
        """``MsgServiceTransportOrder``: all transports, by ``provider_uid``."""
        self._native.set_transport_order(order)

    def set_primary_identity(self, service: UUID | None) -> None:
        """``SetPrimaryIdentity``."""
        self._native.set_primary_identity(service)

    def section(self, section: UUID, *, write: bool = False, force: bool = False) -> Properties:
        """``OpenProfileSection``; ``force``: also one that belongs to a provider."""
        return Properties(self._native.section(section, write, force))

    def providers_of(self, service: UUID) -> Providers:
        """``AdminProviders``."""
        return Providers(self._native.providers_of(service))


class Providers:
    """Administration of the providers of a service (``IProviderAdmin``)."""

    def __init__(self, native: _native.ProviderAdmin) -> None:
        self._native = native

    def table(self) -> Table:
        """``GetProviderTable``."""
        return Table(self._native.table())

    def create(self, name: str, values: Mapping[PropertyKey, Any] | None = None) -> UUID:
        """``CreateProvider``: its MAPIUID."""
        return self._native.create(name, _pairs(values or {}))

    def delete(self, provider: UUID) -> None:
        """``DeleteProvider``."""
        self._native.delete(provider)

    def section(self, section: UUID, *, write: bool = False, force: bool = False) -> Properties:
        """``OpenProfileSection``; ``force``: also one that belongs to a provider."""
        return Properties(self._native.section(section, write, force))


class Status(Properties):
    """A status object (``IMAPIStatus``); ``resource_methods`` says what it can do."""

    def __init__(self, native: _native.Status, owner: object = None) -> None:
        super().__init__(native, owner)
        self._native = native

    def validate(self) -> None:
        """``ValidateState``."""
        self._native.validate()

    def change_password(self, old: str, new: str) -> None:
        """``ChangePassword``."""
        self._native.change_password(old, new)

    def flush(self, *, upload: bool = True, download: bool = True, transport: EntryLike | None = None) -> None:
        """``FlushQueues``; of the spooler's object also for one transport."""
        self._native.flush(upload, download, None if transport is None else entry_id(transport))


register(_native.Status, Status)
