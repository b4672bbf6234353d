"""The scenario that every host passes: `tests/scenario`, where its steps are described."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import mapi_session
import pytest
from mapi_session import Engine, Event, Folder, MapiError, Message, P, Restriction, Session, Store, Subscription, Subsystem, Table

SCENARIO = Path(__file__).parents[3] / "tests" / "scenario" / "scenario.json"
EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)


def written(value: Any) -> Any:
    """A value as the scenario writes it."""
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1) * 10)
    return value.hex() if isinstance(value, bytes) else value


def failure(caught: MapiError) -> dict[str, str]:
    return {"code": caught.code, "number": f"{caught.number:#010x}"}


class Runner:
    """The steps over the package; each answers what it saw."""

    def __init__(self, subsystem: Subsystem, tags: dict[str, str]) -> None:
        self.subsystem = subsystem
        self.tags = {name: int(tag, 16) for name, tag in tags.items()}
        self.session: Session
        self.store: Store
        self.events: Subscription

    def run(self, step: dict[str, Any]) -> Any:
        given = {name.replace("-", "_"): value for name, value in step.items() if name not in ("do", "expect", "rule")}
        if "from" in given:
            given["start"] = given.pop("from")
        return getattr(self, step["do"].replace("-", "_"))(**given)

    def tag(self, name: str) -> int:
        return self.tags[name] if name in self.tags else int(name, 16)

    def value(self, tag: int, value: Any) -> Any:
        if tag & 0xFFFF == 0x40:
            return EPOCH + timedelta(microseconds=int(value) // 10)
        return bytes.fromhex(value) if tag & 0xFFFF == 0x102 else value

    def condition(self, tree: dict[str, Any]) -> Restriction:
        [(kind, body)] = tree.items()
        if kind in ("and", "or"):
            first, *others = map(self.condition, body)
            for other in others:
                first = first & other if kind == "and" else first | other
            return first
        if kind == "not":
            return ~self.condition(body)
        if kind == "recipient":
            return mapi_session.any_recipient(self.condition(body))
        if kind == "exist":
            return Restriction.exists(self.tag(body))
        tag = self.tag(body["tag"])
        if kind == "bits":
            return Restriction.bits(tag, body["mask"], body["relation"] == "nez")
        if kind == "property":
            return Restriction.compare(tag, body["relop"], self.value(tag, body["value"]))
        if kind == "content":
            fuzzy = {"substring": 1, "prefix": 2, "ignorecase": 0x10000}
            return Restriction.content(tag, sum(fuzzy[how] for how in body["how"]), body["text"])
        raise ValueError(f"there is no condition {kind!r}")

    def profile(self, name: str, services: list[dict[str, Any]]) -> None:
        admin = self.subsystem.profiles.create(name)
        for service in services:
            admin.create(service["name"], values={int(tag, 16): value for tag, value in service["settings"].items()})

    def logon(self, profile: str) -> dict[str, Any]:
        self.session = self.subsystem.logon(profile)
        self.store = self.session.default_store
        return {"stores": len(self.session.stores()), "addressTypes": self.session.address_types()}

    def logon_fails(self, profile: str) -> dict[str, str]:
        with pytest.raises(MapiError) as caught:
            self.subsystem.logon(profile)
        return failure(caught.value)

    def folders(self) -> list[str]:
        return sorted(row["display_name"] for row in self.store.top.subfolders().select("display_name"))

    def create_folder(self, name: str, comment: str) -> dict[str, Any]:
        made = self.store.top.create_folder(name, comment)
        return {"comment": made["comment"], "contentCount": made["content_count"]}

    def import_(self, folder: str, messages: list[str]) -> dict[str, Any]:
        into = self.store.folder(folder)
        sizes = [into.import_message(message.encode()).size for message in messages]
        return {"sizes": sizes, "contentCount": into["content_count"], "unreadCount": into["content_unread"]}

    def view(
        self,
        folder: str,
        sort: list[list[str]],
        columns: list[str],
        restrict: dict[str, Any] | None,
        categories: int,
        expanded: int,
    ) -> Table:
        table = self.store.folder(folder).contents().select(*(self.tag(column) for column in columns))
        keys = [mapi_session.Order(self.tag(tag), {"ascend": 0, "descend": 1}[how]) for tag, how in sort]
        table.group_by(*keys[:categories], order=tuple(keys[categories:]), expanded=expanded)
        return table.where(None if restrict is None else self.condition(restrict))

    def table(
        self,
        folder: str,
        columns: list[str],
        sort: list[list[str]],
        restrict: dict[str, Any] | None = None,
        categories: int = 0,
        expanded: int = 0,
        start: int = 0,
        count: int | None = None,
    ) -> dict[str, Any]:
        table = self.view(folder, sort, columns, restrict, categories, expanded)
        end = None if count is None else start + count
        rows = [row.cells for row in table[start:end]]
        by_columns = [tuple(row.values()) for row in table.to_arrow().to_pylist()[start:end]]
        assert by_columns == rows
        return {"count": len(table), "rows": [[written(cell) for cell in row] for row in rows]}

    def find(self, folder: str, sort: list[list[str]], restrict: dict[str, Any]) -> dict[str, Any]:
        table = self.view(folder, sort, ["entryId"], None, 0, 0)
        # What finds nothing is None; that it was for the code stated shows in the host's own call.
        if table.find(self.condition(restrict)) is not None:
            return {"position": table.position}
        with pytest.raises(MapiError) as caught:
            table._native.find(self.condition(restrict), 0)
        return failure(caught.value)

    def opened(self, folder: str, message_id: str) -> Message:
        place = self.store.folder(folder)
        [row] = place.contents().select("entryid").where(P.internet_message_id == message_id)
        opened = place.open(row)
        assert isinstance(opened, Message)
        return opened

    def message(self, folder: str, messageId: str, columns: list[str]) -> dict[str, Any]:
        message = self.opened(folder, messageId)
        recipients = message.recipients().select("display_name", "email_address", "recipient_type")
        attachments = message.attachments().select("attach_num", "attach_long_filename")
        return {
            "properties": [written(value) for value in message.read(*map(self.tag, columns))],
            "recipients": [list(row.cells) for row in recipients],
            "attachments": [
                [row["attach_long_filename"], written(message.open_attachment(row["attach_num"]).data)] for row in attachments
            ],
        }

    def mark_read(self, folder: str, messageId: str) -> dict[str, int]:
        assert self.opened(folder, messageId).mark_read(receipt=False)
        return {"unreadCount": self.store.folder(folder)["content_unread"]}

    def add_entry(self, displayName: str, emailAddress: str) -> None:
        personal = self.session.address_book.personal
        assert personal is not None
        personal.add(displayName, emailAddress)

    def resolve(self, name: str) -> dict[str, str]:
        [found] = self.session.address_book.resolve(name)
        if found.verdict != "resolved":
            return {"verdict": found.verdict}
        known = {"displayName": found.properties["display_name"], "emailAddress": found.properties["email_address"]}
        return {"verdict": found.verdict} | known

    def watch(self, events: list[str]) -> None:
        self.events = self.store.subscribe(*events)

    def submit(self, subject: str, body: str, to: list[dict[str, str]]) -> None:
        message = self.store.new_message()
        message.set_many({"subject": subject, "body": body})
        for recipient in to:
            message.add_recipient(recipient["address"], recipient["name"])
        message.submit()
        while self.subsystem.pump(0.2):
            pass

    def notifications(self) -> Counter[str]:
        events: list[Event] = []
        while batch := self.events.wait(1):
            events.extend(batch)
        return Counter(event.name for event in events)

    def open(self, entryId: str) -> dict[str, str]:
        with pytest.raises(MapiError) as caught:
            self.store.open(bytes.fromhex(entryId))
        return failure(caught.value)

    def logoff(self) -> dict[str, str]:
        root = self.store.open()
        assert isinstance(root, Folder)
        table = root.subfolders()
        self.session.logoff()
        with pytest.raises(MapiError) as caught:
            len(table)
        return failure(caught.value)


def test_the_scenario_is_passed_step_by_step(engine: Engine, tmp_path: Path) -> None:
    scenario = json.loads(SCENARIO.read_text())
    with engine.open(tmp_path / "data") as subsystem:
        runner = Runner(subsystem, scenario["tags"])
        for number, step in enumerate(scenario["steps"], 1):
            seen = runner.run(step if step["do"] != "import" else step | {"do": "import_"})
            if step["do"] == "notifications":
                # Of the kinds that are stated.
                seen = {kind: seen[kind] for kind in step["expect"]}
            if "expect" in step:
                assert seen == step["expect"], f"step {number}: {step['do']}, {step.get('rule', '')}"
