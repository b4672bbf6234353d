"""The component runs under wasmtime-py too, with backends in Python: what works there works wherever a component runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "host" / "python" / "examples" / "wasmtime_py"))

import component  # type: ignore[import-not-found]
import mail_session  # type: ignore[import-not-found]
import memory_address_book  # type: ignore[import-not-found]
import memory_profiles  # type: ignore[import-not-found]
import memory_store  # type: ignore[import-not-found]
import memory_transport  # type: ignore[import-not-found]

KIT = ROOT / "target" / "guest" / "backend-kit.wasm"


def test_a_session_runs_on_backends_in_python() -> None:
    assert mail_session.mailbox(os.environ["MAPI_COMPONENT"]) == {
        "store": "Mail in Python",
        "count": 3,
        "subjects": ["Alpha", "beta", "gamma"],
        "message": ["Alpha", "Hello Alpha\r\n", "<Alpha@example.org>"],
        "recipients": ["Bob"],
        "met": 2,
        "unequal": "mapi-e-invalid-parameter",
        "refused": "mapi-e-invalid-entryid",
    }


def test_the_backends_in_python_keep_every_promise_of_the_conformance_kit() -> None:
    if not KIT.exists():
        assert "CI" not in os.environ, f"{KIT} is not there"
        pytest.skip(f"{KIT} is not there")
    kit = component.Compiled(str(KIT))
    granted = {
        "store_backend": memory_store.MemoryStores(),
        "address_book_backend": memory_address_book.MemoryAddressBooks(),
        "transport_backend": memory_transport.MemoryTransports("me@example.org"),
        "profile_storage": memory_profiles.Profiles(),
        "logging": mail_session.Log(),
        "progress": mail_session.Progress(),
    }
    suites, subject = "mapi:backend-kit/suites", component.record(backend="python", address="me@example.org")
    instance, broken, kept = kit.instantiate(**granted), [], 0
    for suite in ("store", "durable-store", "address-book", "transport", "profile-storage"):
        for name in instance(suites, "checks", suite, subject):
            try:
                instance(suites, "run", suite, name, subject)
                kept += 1
            except Exception as error:
                broken.append(f"{suite}: {name}: {error}")
                # A trap ends the instance; the next check gets another.
                instance = kit.instantiate(**granted)
    assert broken == [] and kept > 80
