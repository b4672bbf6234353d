"""The files of a data folder are the same for the package and for the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from conftest import message
from mapi_session import Engine, P


def data_folder(tmp_path: Path) -> Path:
    """A data folder that has the compiled component: compiling it anew would take longer than the tests."""
    data = tmp_path / "data"
    data.mkdir()
    if cache := os.environ.get("MAPI_CACHE"):
        shutil.copytree(cache, data / "cache")
        (data / "cache").chmod(0o700)
    return data


def mapi(data: Path, *arguments: str) -> list[Any]:
    ended = subprocess.run(
        [os.environ["MAPI_COMMAND"], "--json", "--data", str(data), *arguments], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_store_written_here_passes_the_check_of_the_command_and_gives_the_same_tables(engine: Engine, tmp_path: Path) -> None:
    data = data_folder(tmp_path)
    archive = tmp_path / "letters.mbox"
    archive.write_bytes(b"".join(b"From x@y Tue Jan  2 08:00:00 2024\r\n" + message(n) + b"\r\n" for n in range(1, 6)))
    with engine.open(data) as subsystem:
        subsystem.profiles.create("Ada", default=True)
        with subsystem.logon() as session:
            folder = session.default_store.folder("Archive", create=True)
            assert folder.import_archives(archive).added == 5
            note = folder.create_message()
            note["subject"], note["body"] = "Composed", "x" * 200_000
            note.attach(bytes(300_000), "zeros.bin")
            note.save()
            folder.delete(folder.contents().select("entryid").where(P.subject == "Letter 2"))
            expected = [row["subject"] for row in folder.contents().select("subject").order_by("subject")]
    assert all(not found.get("findings") for found in mapi(data, "check"))
    rows = mapi(data, "table", "Archive", "--columns", "subject", "--sort", "subject")
    assert [row["PR_SUBJECT"] for row in rows] == expected
    # The command knows the messages again that came in here, but for the one that was deleted.
    [report] = mapi(data, "import", str(archive), "--folder", "Archive")
    assert (report["added"], report["known"]) == (1, 4)


def test_a_store_written_by_the_command_is_read_here(engine: Engine, tmp_path: Path) -> None:
    data, letter = data_folder(tmp_path), tmp_path / "letter.eml"
    letter.write_bytes(message(1))
    mapi(data, "profile", "create", "Ada", "--default")
    mapi(data, "import", str(letter), "--folder", "Archive")
    with engine.open(data) as subsystem, subsystem.logon() as session:
        folder = session.default_store.folder("Archive")
        [row] = folder.contents().select("entryid", "subject")
        assert folder.open(row).as_bytes() == message(1)
        assert folder.import_archives(letter).known == 1
