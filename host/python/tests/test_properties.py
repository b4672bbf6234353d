"""Objects are mappings of their properties."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from mapi_session import Folder, MapiError, Message, Named, P, Properties, PropType

SET = UUID("00020329-0000-0000-c000-000000000046")


@pytest.fixture
def note(archive: Folder) -> Message:
    return archive.create_message()


def again(folder: Folder, message: Properties) -> Any:
    message.save()
    return folder.open(message)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (0x66010002, -3),
        (0x66010003, -(1 << 31)),
        (0x66010004, 1.5),
        (0x66010005, 0.1),
        (0x66010006, 12345),
        (0x66010007, 45000.25),
        (0x6601000B, True),
        (0x66010014, -(1 << 63)),
        (0x6601001F, "Grüße 😀"),
        (0x66010040, datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=timezone.utc)),
        (0x66010040, datetime(1601, 1, 1, tzinfo=timezone.utc)),
        (0x66010040, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)),
        (0x66010048, SET),
        (0x66010102, b"\x00\xff"),
        (0x66011002, [1, -2]),
        (0x66011003, [1, -2]),
        (0x66011004, [0.5]),
        (0x66011005, [0.1, 0.2]),
        (0x66011006, [5]),
        (0x66011007, [1.25]),
        (0x66011014, [1 << 40]),
        (0x6601101F, ["a", "ü"]),
        (0x66011040, [datetime(2024, 1, 1, tzinfo=timezone.utc)]),
        (0x66011048, [SET, SET]),
        (0x66011102, [b"a", b""]),
        (0x660100FD, P.subject.contains("clk") & (P.size > 3)),
    ],
)
def test_a_value_of_every_type_comes_back_as_it_was_given(archive: Folder, note: Message, tag: int, value: Any) -> None:
    note[tag] = value
    assert again(archive, note)[tag] == value


def test_a_time_of_another_zone_is_the_same_time(archive: Folder, note: Message) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    note["client_submit_time"] = datetime(2024, 1, 1, 5, 30, tzinfo=zone)
    assert again(archive, note)["client_submit_time"] == datetime(2024, 1, 1, tzinfo=timezone.utc)


def test_a_tick_that_no_datetime_reaches_is_its_number(archive: Folder, note: Message) -> None:
    note[0x66010040] = (1 << 63) - 1
    assert again(archive, note)[0x66010040] == (1 << 63) - 1


@pytest.mark.parametrize(
    ("tag", "value", "error"),
    [
        (0x66010003, "3", TypeError),
        (0x66010003, 1 << 32, OverflowError),
        (0x6601001F, b"text", TypeError),
        (0x66010040, datetime(2024, 1, 1), ValueError),
        (0x66010040, datetime(1600, 12, 31, tzinfo=timezone.utc), OverflowError),
        (0x66010048, "guid", TypeError),
        (0x66010102, "bytes", TypeError),
        (0x66010102, [1, 2], TypeError),
        (0x6601101F, "one text", TypeError),
        (0x66010000, object(), TypeError),
    ],
)
def test_a_value_of_another_type_is_refused(note: Message, tag: int, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        note[tag] = value


def test_what_is_not_there_is_a_key_error(note: Message) -> None:
    assert "comment" not in note and note.get("comment") is None
    for key in ("comment", "no such property", 0x66010003):
        with pytest.raises((KeyError, LookupError)):
            note[key]
    with pytest.raises(KeyError):
        del note["comment"]


def test_properties_are_deleted_and_listed(archive: Folder, note: Message) -> None:
    note.set_many({"subject": "A", "comment": "B"})
    assert {"subject", "comment"} <= set(note)
    del note["comment"]
    opened = again(archive, note)
    assert "subject" in set(opened) and "comment" not in set(opened)
    assert opened.read("subject", "comment") == ("A", None)
    assert len(opened) == len(list(opened))


def test_texts_and_bytes_of_any_size_are_read_and_written_whole(archive: Folder, note: Message) -> None:
    text, data = "Grüße 😀 " * 40_000, bytes(range(256)) * 12_000
    note["body"], note[0x66010102] = text, data
    opened = again(archive, note)
    assert opened["body"] == text and opened[0x66010102] == data
    assert opened.read("body") == (text,)
    opened["body"] = "short"
    opened["body"] = text[:40_000]
    assert again(archive, opened)["body"] == text[:40_000]


def test_streams_are_read_in_parts(archive: Folder, note: Message) -> None:
    note[0x66010102] = b"0123456789" * 10_000
    stream = again(archive, note).stream(0x66010102)
    assert (stream.size(), stream.seek(-5, 2), stream.read(), stream.read()) == (100_000, 99_995, b"56789", b"")
    assert (stream.seek(3), stream.read(4)) == (3, b"3456")


def test_named_properties_are_made_and_found_by_their_names(archive: Folder, note: Message) -> None:
    by_text, by_number = Named(SET, "colour"), Named(SET, 0x8550, PropType.LONG)
    assert by_text not in note
    note[by_text], note[by_number] = "green", 3
    opened = again(archive, note)
    assert (opened[by_text], opened[by_number]) == ("green", 3)
    names = {(name.set, name.name) for name in opened.names().values()}
    assert {(SET, "colour"), (SET, 0x8550)} <= names
    table = archive.contents().select("subject", by_text).where(archive.property(by_text) == "GREEN")
    assert [row.cells[1] for row in table] == ["green"]


def test_a_property_that_cannot_be_set_is_named_and_the_others_are_set(note: Message) -> None:
    with pytest.raises(MapiError, match="PR_ENTRYID") as caught:
        note.set_many({"subject": "set", "entryid": b"x"})
    assert (caught.value.tag, caught.value.code) == (0x0FFF0102, "MAPI_E_COMPUTED")
    assert note["subject"] == "set"


def test_a_change_of_another_is_not_overwritten(archive: Folder) -> None:
    [row] = archive.contents().select("entryid").where(P.subject == "Letter 1")
    mine, other = archive.open(row), archive.open(row)
    other["comment"] = "other"
    other.save()
    mine["comment"] = "mine"
    with pytest.raises(MapiError) as caught:
        mine.save()
    assert caught.value.code == "MAPI_E_OBJECT_CHANGED"


def test_properties_are_copied_to_another_object(archive: Folder) -> None:
    [row] = archive.contents().select("entryid").where(P.subject == "Letter 1")
    copy = archive.create_message()
    assert archive.open(row).copy_to(copy, excluded=("internet_message_id",))
    opened = again(archive, copy)
    assert opened["subject"] == "Letter 1" and len(opened.recipients()) == 1
    assert "internet_message_id" not in opened
