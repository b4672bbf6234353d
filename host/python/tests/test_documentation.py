"""What the documentation shows runs."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import message

ROOT = Path(__file__).parents[3]


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def test_the_examples_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = os.environ.get("MAPI_CACHE") or str(tmp_path / "compiled")
    letters = [message(number, Subject=f"clk {number}") for number in (1, 2)]
    Path("list.mbox").write_bytes(b"".join(b"From x@y Tue Jan  2 08:00:00 2024\r\n" + letter + b"\r\n" for letter in letters))
    Path("plan.pdf").write_bytes(b"%PDF-1.4")
    known: dict[str, Any] = {"when": datetime(2024, 1, 1, tzinfo=timezone.utc)}
    opening, tables, composing = blocks("docs/embedding.md")
    exec(opening.replace('cache="cache"', f"cache={cache!r}").replace("list.mbox.xz", "list.mbox"), known)
    with known["engine"].open("mail") as subsystem, subsystem.logon() as session:
        known["store"] = session.default_store
        exec(tables, known)
        exec(composing, known)
        assert len(session.default_store.outgoing_queue()) + len(session.default_store.sent.contents()) == 1
    [readme] = blocks("README.md")
    shown: dict[str, Any] = {}
    exec(readme.replace("Engine()", f"Engine({cache!r})"), shown)
    assert list(shown["frame"]["subject"]) == ["clk 2", "clk 1"]
