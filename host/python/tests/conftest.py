"""What the tests work on: one engine, and a mailbox on each kind of backends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mapi_session
import pytest


def message(number: int, **more: str) -> bytes:
    """A message with a number in its subject, its day and its identifier."""
    fields = {
        "From": "Ada <ada@example.org>" if number % 2 else "Ben <ben@example.org>",
        "To": "Chloe <chloe@example.org>",
        "Subject": f"Letter {number}",
        "Date": f"{number:02} Jan 2024 08:00:00 +0000",
        "Message-ID": f"<{number}@example.org>",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\nHello {number}\r\n".encode()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> mapi_session.Engine:
    return mapi_session.Engine(os.environ.get("MAPI_CACHE") or tmp_path_factory.mktemp("cache"))


@pytest.fixture(params=["sqlite", "memory"])
def subsystem(
    request: pytest.FixtureRequest, engine: mapi_session.Engine, tmp_path: Path
) -> Iterator[mapi_session.Subsystem]:
    opened = engine.memory() if request.param == "memory" else engine.open(tmp_path / "data")
    with opened as subsystem:
        subsystem.profiles.create("Ada", default=True)
        yield subsystem


@pytest.fixture
def session(subsystem: mapi_session.Subsystem) -> Iterator[mapi_session.Session]:
    with subsystem.logon() as session:
        yield session


@pytest.fixture
def store(session: mapi_session.Session) -> mapi_session.Store:
    return session.default_store


@pytest.fixture
def archive(store: mapi_session.Store) -> mapi_session.Folder:
    """A folder with ten messages."""
    folder = store.folder("Archive", create=True)
    for number in range(1, 11):
        folder.import_message(message(number))
    return folder


@pytest.fixture
def mail(engine: mapi_session.Engine, tmp_path: Path) -> Iterator[mapi_session.Session]:
    """A session of somebody who can send mail, to herself at least."""
    with engine.open(tmp_path / "mail") as subsystem:
        services = subsystem.profiles.create("Ada", default=True)
        services.create("mapi.local", None, {"sender_name": "Ada", "sender_email_address": "ada@example.org"})
        with subsystem.logon() as session:
            yield session


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of the mailbox of somebody who can send mail."""
    return tmp_path / "mail"
