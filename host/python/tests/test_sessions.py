"""Sessions, profiles, notifications, errors; other threads go on while one waits."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import mapi_session
import pytest
from mapi_session import Engine, Folder, MapiError, P, Session, Status, Store, Subsystem, TableEvent


def test_profiles_are_administered(subsystem: Subsystem) -> None:
    profiles = subsystem.profiles
    profiles.create("Ben", "mapi.store")
    profiles.copy("Ben", "Chloe")
    profiles.rename("Chloe", "Dmitri")
    assert sorted(profiles.names()) == ["Ada", "Ben", "Dmitri"]
    profiles.delete("Dmitri")
    profiles.set_default("Ben")
    defaults = {row["display_name"]: row["default_profile"] for row in profiles.table().select("display_name", "default_profile")}
    assert defaults == {"Ada": False, "Ben": True}
    profiles.set_default(None)
    with pytest.raises(MapiError):
        subsystem.logon()


def test_services_of_a_profile_are_administered(subsystem: Subsystem) -> None:
    services = subsystem.profiles.create("Ben", "mapi.store")
    second = services.create("mapi.store", "Second")
    assert [row["service_name"] for row in services.table().select("service_name")] == ["mapi.store"] * 2
    providers = services.providers_of(second)
    [row] = providers.table().select("provider_uid", "display_name")
    section = providers.section(UUID(bytes_le=row["provider_uid"]), write=True, force=True)
    section["display_name"] = "Renamed"
    assert section["display_name"] == "Renamed"
    services.delete(second)
    assert len(services.table()) == 1


def test_a_logon_that_fails_says_why(subsystem: Subsystem) -> None:
    with pytest.raises(MapiError, match="MAPI_E_LOGON_FAILED") as caught:
        subsystem.logon("Nobody")
    failure = caught.value
    assert (failure.code, failure.number, failure.origin, failure.retry) == ("MAPI_E_LOGON_FAILED", 0x80040111, "session", False)
    assert failure.sentence and failure.sentence in str(failure)


def test_what_was_opened_ends_with_its_session(subsystem: Subsystem) -> None:
    with subsystem.logon() as session:
        table = session.default_store.top.subfolders()
        assert len(table) == 4
    with pytest.raises(MapiError) as caught:
        len(table)
    assert caught.value.code == "MAPI_E_INVALID_OBJECT"


def test_a_session_lasts_as_long_as_what_was_opened_through_it(subsystem: Subsystem) -> None:
    folder = subsystem.logon().default_store.top
    assert len(folder.subfolders()) == 4


def test_objects_are_opened_by_rows_by_identifiers_and_by_objects(session: Session, archive: Folder) -> None:
    row = archive.contents().select("entryid", "subject")[0]
    by_row, by_id = session.open(row), session.open(row["entryid"])
    assert by_row["subject"] == by_id["subject"] == session.open(by_row)["subject"] == row["subject"]
    assert session.same_entry(row, by_row) and not session.same_entry(row, archive)


def test_a_failure_names_the_argument(session: Session) -> None:
    with pytest.raises(MapiError) as caught:
        session.open(b"short")
    assert caught.value.code == "MAPI_E_INVALID_ENTRYID"


def test_rows_that_come_and_go_are_told_with_their_columns(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("subject")
    with table.subscribe() as events:
        archive.create_folder("elsewhere")
        note = archive.create_message()
        note["subject"] = "Added"
        note.save()
        entry_id = note["entryid"]
        # A message that is open is not deleted.
        del note
        [event] = events.wait(10)
        assert isinstance(event, TableEvent) and event.event == "row-added"
        assert list(event.row.values()) == ["Added"] and event.prior_key is None
        assert archive.delete([entry_id])
        assert [event.event for event in events.wait(10) if isinstance(event, TableEvent)] == ["row-deleted"]
        assert events.wait(0.05) == []


def test_events_are_an_iterator_that_ends_with_the_registration(store: Store) -> None:
    events = store.subscribe("object-created")
    store.top.create_folder("Made")
    event = next(iter(events))
    assert event.name == "object-created"
    events.close()
    assert events.wait(0.1) == []
    with pytest.raises(ValueError, match="no event"):
        store.subscribe("new mail")


def test_a_registration_closed_by_another_thread_ends_the_wait(store: Store) -> None:
    events = store.subscribe("new-mail")
    timer = threading.Timer(0.2, events.close)
    timer.start()
    assert list(events) == []
    timer.join()


def test_a_callback_may_use_the_session_and_outlives_its_mistakes(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    arrived = threading.Semaphore(0)

    def note(events: list[mapi_session.Event]) -> None:
        try:
            for event in events:
                assert isinstance(event, mapi_session.ObjectEvent)
                seen.append(store.open(event.entry_id)["display_name"])
            if len(seen) == 1:
                raise RuntimeError("a mistake")
        finally:
            arrived.release()

    with store.subscribe("object-created", callback=note):
        store.top.create_folder("First")
        assert arrived.acquire(timeout=10)
        store.top.create_folder("Second")
        assert arrived.acquire(timeout=10)
    store.top.create_folder("Third")
    assert seen == ["First", "Second"]
    assert "a mistake" in caplog.text


def test_other_threads_run_while_one_waits(store: Store) -> None:
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        store.subscribe("new-mail").wait(1)

    thread = threading.Thread(target=wait)
    thread.start()
    waiting.wait()
    started, turns = time.monotonic(), 0
    while time.monotonic() - started < 0.3:
        turns += 1
        time.sleep(0)
    assert thread.is_alive() and turns > 100
    assert len(store.top.subfolders()) == 4, "and so do calls of the same subsystem"
    thread.join()


def test_calls_from_many_threads_run_one_after_the_other(archive: Folder) -> None:
    wrong: list[object] = []

    def read() -> None:
        table = archive.contents().select("subject").order_by("date")
        for _ in range(20):
            if (found := [row["subject"] for row in table[3:6]]) != ["Letter 4", "Letter 5", "Letter 6"]:
                wrong.append(found)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_call_that_waits_can_be_interrupted(store: Store) -> None:
    timer = threading.Timer(0.3, _thread.interrupt_main)
    with store.subscribe("new-mail") as events:
        timer.start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            events.wait(30)
        assert time.monotonic() - started < 10
    assert len(store.top.subfolders()) == 4, "the session goes on"


def test_status_objects_are_asked(mail: Session) -> None:
    rows = {row["resource_type"]: row["display_name"] for row in mail.status().select("resource_type", "display_name")}
    assert 0x25 in rows
    spooler = mail.spooler
    assert isinstance(spooler, Status) and spooler["resource_type"] == 0x25
    spooler.flush()
    assert mail.address_types() == ["SMTP"]


def test_the_default_store_can_be_another(subsystem: Subsystem) -> None:
    subsystem.profiles.create("Two", "mapi.store", "mapi.store")
    with subsystem.logon("Two") as session:
        rows = list(session.stores().select("entryid", "default_store"))
        assert len(rows) == 2
        other = next(row for row in rows if not row["default_store"])
        session.set_default_store(other)
        assert session.same_entry(session.default_store, other)


def test_sections_of_the_profile_are_properties(session: Session) -> None:
    [row] = session.services.providers().select("provider_uid", "provider_dll_name").where(P.resource_type == 33)
    uid = UUID(bytes_le=row["provider_uid"])
    with pytest.raises(MapiError, match="MAPI_FORCE_ACCESS"):
        session.section(uid)
    section = session.section(uid, force=True)
    assert section["provider_dll_name"] == row["provider_dll_name"]


def test_a_process_ends_while_somebody_waits(tmp_path: Path) -> None:
    code = """
import sys, threading, mapi_session
with_store = mapi_session.Engine(sys.argv[1]).memory()
with_store.profiles.create("Ada", default=True)
store = with_store.logon().default_store
threading.Thread(target=lambda: store.subscribe("new-mail").wait(), daemon=True).start()
store.subscribe("object-created", callback=print)
print("end")
"""
    cache = os.environ.get("MAPI_CACHE") or str(tmp_path)
    ended = subprocess.run([sys.executable, "-c", code, cache], capture_output=True, timeout=300, text=True, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr


def test_a_subsystem_keeps_to_its_memory(engine: Engine) -> None:
    with pytest.raises(MapiError) as caught:
        engine.memory(memory_limit=1 << 16).profiles.create("Ada")
    assert caught.value.code == "MAPI_E_NOT_ENOUGH_RESOURCES"


def test_people_and_lists_are_kept_and_resolved(mail: Session) -> None:
    book = mail.address_book
    personal = book.personal
    assert personal is not None
    grace = personal.add("Grace Hopper", "grace@example.org")
    personal.add("Grace Kelly", "kelly@example.org")
    hopper, some, nobody = book.resolve("Grace Hopper", "Grace", "nobody at all")
    assert (hopper.verdict, hopper.properties["email_address"]) == ("resolved", "grace@example.org")
    assert (some.verdict, nobody.verdict) == ("ambiguous", "unresolved")
    people = personal.add_list("People")
    assert people.copy_here([grace])
    assert [row["name"] for row in people.contents().select("name")] == ["Grace Hopper"]
    names = [row["name"] for row in personal.contents().select("name").order_by("name")]
    assert names == ["Grace Hopper", "Grace Kelly", "People"]
    assert personal.delete([grace]) and len(personal.contents()) == 2
    assert len(book.search_path()) >= 1
    assert book.one_off("Ben", "ben@example.org") != b""
    with pytest.raises(MapiError):
        personal.add("Grace Kelly", "kelly@example.org")


def test_a_recipient_is_found_by_name(mail: Session) -> None:
    personal = mail.address_book.personal
    assert personal is not None
    personal.add("Ada", "ada@example.org")
    [found] = mail.address_book.resolve("Ada")
    note = mail.default_store.new_message()
    note.add_recipient(found.properties)
    assert [row.cells for row in note.recipients().select("address")] == [("ada@example.org",)]


def test_names_of_properties_are_those_of_the_catalogue() -> None:
    assert mapi_session.tag_of("subject") == mapi_session.tag_of("PR_SUBJECT") == P.subject.tag == 0x0037001F
    assert mapi_session.name_of(0x0037001F) == "subject"
    with pytest.raises(AttributeError):
        P.no_such_property
