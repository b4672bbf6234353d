"""Messages are composed, sent, taken in and given back."""

from __future__ import annotations

import gzip
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import message
from mapi_session import Folder, MapiError, NewMail, P, Session, Store


def test_a_message_has_recipients_and_attachments(archive: Folder) -> None:
    note = archive.create_message()
    note["subject"] = "With a drawing"
    note.add_recipient("ben@example.org", "Ben")
    note.add_recipient("chloe@example.org", kind="cc")
    note.attach(b"%PDF-1.4" * 100_000, "drawing.pdf")
    note.save()
    opened = archive.open(note)
    rows = [row.cells for row in opened.recipients().select("name", "address", "recipient_type")]
    assert rows == [("Ben", "ben@example.org", 1), ("chloe@example.org", "chloe@example.org", 2)]
    [row] = opened.attachments().select("attach_num", "filename", "attach_mime_tag")
    assert row.cells[1:] == ("drawing.pdf", "application/pdf")
    assert opened.open_attachment(row["attach_num"]).data == b"%PDF-1.4" * 100_000
    opened.delete_attachment(row["attach_num"])
    opened.save()
    assert len(archive.open(note).attachments()) == 0


def test_a_file_is_attached_under_its_name(archive: Folder, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"notes")
    note = archive.create_message()
    attachment = note.attach(path)
    assert (attachment["filename"], attachment.data) == ("notes.txt", b"notes")
    with pytest.raises(ValueError, match="name"):
        note.attach(b"bytes")


def test_an_attachment_may_be_a_message(archive: Folder) -> None:
    note = archive.create_message()
    attachment = note.create_attachment()
    inner = attachment.message(create=True)
    inner["subject"] = "inner"
    inner.save()
    attachment.save()
    note.save()
    assert archive.open(note).open_attachment(attachment.number).message()["subject"] == "inner"


def test_archives_are_taken_in_once_each_message(archive: Folder, tmp_path: Path) -> None:
    letters = [message(number, Subject=f"Archived {number}") for number in (1, 2)]
    mbox = b"".join(b"From x@y Tue Jan  2 08:00:00 2024\r\n" + letter + b"\r\n" for letter in [*letters, letters[0]])
    path = tmp_path / "list.mbox.gz"
    path.write_bytes(gzip.compress(mbox))
    report = archive.import_archives(path)
    assert (report.seen, report.added, report.known) == (3, 3, 0)
    single = tmp_path / "one.eml"
    single.write_bytes(message(3, Subject="Archived 3"))
    report = archive.import_archives(path, single)
    assert (report.seen, report.added, report.known) == (4, 1, 3)
    assert len(archive.contents().where(P.subject.begins("Archived"))) == 4


def test_an_archive_that_is_none_is_named(archive: Folder, tmp_path: Path) -> None:
    path = tmp_path / "no.mbox"
    path.write_bytes(b"\x00\x01")
    with pytest.raises(OSError, match="no.mbox"):
        archive.import_archives(path)


def test_a_message_is_given_back_as_it_was_received(archive: Folder) -> None:
    sent = message(12, X_Odd="=?utf-8?q?kept?=")
    taken = archive.import_message(sent)
    assert (taken.size, taken.oddities) == (len(sent), [])
    [row] = archive.contents().select("entryid").where(P.subject == "Letter 12")
    assert archive.open(row).as_bytes() == sent
    exported = list(archive.export(archive.contents().select("entryid").order_by("date")[-2:]))
    assert [one.original for one in exported] == [True, True]
    assert [one.data for one in exported] == [message(10), sent]


def test_what_is_odd_in_a_message_is_told(archive: Folder) -> None:
    when = datetime(2024, 5, 1, tzinfo=timezone.utc)
    taken = archive.import_message(b"Subject: x\r\n\r\nbody\r\n", received=when, seen=True)
    assert [kind for kind, _ in taken.oddities] != []
    [row] = archive.contents().select("received", "flags").where(P.subject == "x")
    assert row["received"] == when and row["flags"] & 1


def test_messages_are_copied_moved_marked_and_deleted(archive: Folder, store: Store) -> None:
    old = store.folder("Old/2023", create=True)
    table = archive.contents().select("entryid", "subject").order_by("date")
    assert archive.move(table[:2], old) and archive.copy(table[:1], old)
    assert (len(table), len(old.contents())) == (8, 3)
    assert archive.mark_read(table[:3]) and archive["content_unread"] == 5
    assert archive.mark_read(read=False) and archive["content_unread"] == 8
    assert archive.delete(table[:1]) and len(archive.contents(deleted=True)) == 1
    assert archive.delete(table[:1], hard=True)
    assert old.empty() and len(old.contents()) == 0
    assert archive.open(table[0]).mark_read() and archive["content_unread"] == 5
    assert store.folder("Old").delete_folder(old, messages=True)
    with pytest.raises(MapiError, match="2023") as caught:
        store.folder("Old/2023")
    assert caught.value.code == "MAPI_E_NOT_FOUND"


def test_folders_are_copied_with_what_is_in_them(archive: Folder, store: Store) -> None:
    assert store.top.copy_folder(archive, store.top, "Copy")
    assert len(store.folder("Copy").contents()) == 10
    names = [row["name"] for row in store.top.subfolders().select("name").order_by("name")]
    assert names == ["Archive", "Copy", "Deleted Items", "Inbox", "Outbox", "Sent Items"]


def test_a_submitted_message_is_delivered_and_announced(mail: Session) -> None:
    store = mail.default_store
    with store.subscribe("new-mail") as events:
        note = store.new_message()
        note["subject"], note["body"] = "To myself", "Hello"
        note.add_recipient("ada@example.org", "Ada")
        note.submit()
        [event] = events.wait(30)
    assert isinstance(event, NewMail) and event.message_class == "IPM.Note"
    delivered = mail.open(event.entry_id)
    assert (delivered["subject"], delivered["sender"]) == ("To myself", "Ada")
    assert [row["subject"] for row in store.sent.contents().select("subject")] == ["To myself"]
    assert len(store.outgoing_queue()) == 0


def test_a_message_that_waits_can_be_taken_back(mail: Session) -> None:
    store = mail.default_store
    note = store.new_message()
    note["deferred_send_time"] = datetime(2100, 1, 1, tzinfo=timezone.utc)
    note.add_recipient("ada@example.org")
    note.save()
    entry_id = note["entryid"]
    note.submit()
    assert len(store.outgoing_queue()) == 1
    store.abort_submit(entry_id)
    assert len(store.outgoing_queue()) == 0
