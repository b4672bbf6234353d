"""Tables are sequences of mappings, with a cursor."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import mapi_session
import pytest
from mapi_session import Folder, MapiError, P, PropertyKey, Restriction, any_recipient, condition, first


def subjects(table: mapi_session.Table) -> list[Any]:
    return [row["subject"] for row in table]


def day(number: int) -> datetime:
    return datetime(2024, 1, number, 8, tzinfo=timezone.utc)


def numbers(*wanted: int) -> list[str]:
    return [f"Letter {number}" for number in wanted]


def test_rows_are_mappings_by_the_names_they_were_asked_for_by(archive: Folder) -> None:
    row = archive.contents().select("subject", "PR_SENDER_NAME", 0x00390040).order_by("date")[0]
    assert dict(row) == {"subject": "Letter 1", "PR_SENDER_NAME": "Ada", "client_submit_time": day(1)}
    assert row["PR_SUBJECT"] == row[0x0037001F] == row[P.subject] == "Letter 1"
    assert row.cells == ("Letter 1", "Ada", day(1))
    with pytest.raises(KeyError):
        row["size"]
    with pytest.raises(KeyError):
        row["no such property"]


def test_a_cell_without_a_value_is_none(archive: Folder) -> None:
    assert archive.contents().select("comment")[0]["comment"] is None


def test_a_table_is_a_sequence(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("date")
    assert len(table) == 10
    assert subjects(table) == numbers(*range(1, 11))
    assert (table[0]["subject"], table[-1]["subject"]) == ("Letter 1", "Letter 10")
    assert [row["subject"] for row in table[2:4]] == numbers(3, 4)
    assert [row["subject"] for row in table[-2:]] == numbers(9, 10)
    assert [row["subject"] for row in table[8:2:-3]] == numbers(9, 6)
    assert table[20:] == []
    for index in (10, -11):
        with pytest.raises(IndexError):
            table[index]


def test_rows_are_ordered_by_any_number_of_keys(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("sender", "-date")
    assert subjects(table) == numbers(9, 7, 5, 3, 1, 10, 8, 6, 4, 2)
    assert subjects(table.order_by(-P.date))[0] == "Letter 10"


def test_conditions_are_made_of_properties_and_joined_with_operators(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("date")
    conditions: list[tuple[Restriction | str, list[str]]] = [
        (P.subject == "letter 3", numbers(3)),
        (P.subject.equals("letter 3", case=True), []),
        (P.subject.contains("TTER 1"), numbers(1, 10)),
        (P.subject.begins("letter 1") & ~(P.subject == "Letter 1"), numbers(10)),
        ((P.date < day(2)) | (P.date >= day(10)), numbers(1, 10)),
        (P.sender.contains("Ada") & (P.date > day(6)), numbers(7, 9)),
        (P.sender != P.from_, []),
        (P.flags.lacks(1) & (P.date == day(2)), numbers(2)),
        (P.comment.exists(), []),
        (P.subject.size > len("Letter 1") * 2, numbers(10)),
        (any_recipient(P.address.contains("chloe")) & (P.date == day(4)), numbers(4)),
        (first(2, P.subject.contains("letter")), numbers(1, 2)),
        (condition('subject = "Letter 5"'), numbers(5)),
        ('subject contains "letter" and sender = "Ben" and received > 2024-01-08T10:00:00Z', numbers(10)),
    ]
    for wanted, meets in conditions:
        assert subjects(table.where(wanted)) == meets, wanted
    assert len(table.where(None)) == 10


def test_a_condition_cannot_be_joined_with_the_words(archive: Folder) -> None:
    with pytest.raises(TypeError, match="&"):
        P.subject.exists() and P.sender.exists()


def test_a_text_that_is_no_condition_is_pointed_at(archive: Folder) -> None:
    with pytest.raises(ValueError, match=r"column 9(.|\n)*\^"):
        archive.contents().where("subject !! 3")


def test_a_value_that_does_not_fit_the_property_is_refused(archive: Folder) -> None:
    with pytest.raises(TypeError, match="PR_SUBJECT"):
        P.subject == 3
    with pytest.raises(ValueError, match="time zone"):
        P.date > datetime(2024, 1, 1)
    with pytest.raises(LookupError, match="no property"):
        archive.contents().select("subjekt")


def test_categories_are_expanded_and_collapsed(archive: Folder) -> None:
    table = archive.contents().select("instance_key", "sender", "content_count", "subject")
    table.group_by("sender", order=("-date",))
    assert [(row["sender"], row["content_count"]) for row in table] == [("Ada", 5), ("Ben", 5)]
    ada = table[0]
    rows, total = table.expand(ada, rows=2)
    assert ([row["subject"] for row in rows], total, len(table)) == (numbers(9, 7), 5, 7)
    state = table.collapse_state(ada)
    assert (table.collapse(ada), len(table)) == (5, 2)
    table.restore_collapse_state(state).free()
    assert len(table) == 7
    table.group_by("sender", order=("max:date",))
    assert [row["sender"] for row in table] == ["Ada", "Ben"]


def test_find_puts_the_cursor_on_the_row(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("date")
    found = table.find(P.sender == "Ben")
    assert found is not None and (found["subject"], table.position) == ("Letter 2", 1)
    table.position = 4
    found = table.find(P.sender == "Ben", from_cursor=True)
    assert found is not None and found["subject"] == "Letter 6"
    found = table.find(P.sender == "Ben", backward=True)
    assert found is not None and found["subject"] == "Letter 10"
    assert table.find(P.subject == "nothing") is None


def test_the_cursor_reads_on_and_bookmarks_are_places(archive: Folder) -> None:
    table = archive.contents().select("subject").order_by("date")
    table.position = 3
    with table.bookmark() as place:
        assert [row["subject"] for row in table.read(2)] == numbers(4, 5)
        assert [row["subject"] for row in table.read_backwards(1)] == numbers(5)
        table.seek(1, place)
        assert table.position == 4
    with pytest.raises(MapiError) as caught:
        table.seek(0, place)
    assert caught.value.code == "MAPI_E_INVALID_BOOKMARK"
    table.seek_fraction(1, 2)
    assert table.position == 5


def test_a_table_says_what_the_store_evaluates(archive: Folder) -> None:
    explained = dict(archive.contents().where("subject = sender").explain())
    assert explained["order"] == "store" and explained["condition"].startswith("session")


def test_arrow_has_the_rows_in_columns_of_the_types_of_the_tags(archive: Folder) -> None:
    import pyarrow as pa

    archive.create_message().save()
    columns = ("subject", "date", "size", "attachments", "entryid", "comment")
    table = archive.contents().select(*columns).order_by("date")
    arrow = table.to_arrow()
    time = pa.timestamp("us", tz="UTC")
    assert arrow.schema.types == [pa.string(), time, pa.int32(), pa.bool_(), pa.binary(), pa.string()]
    assert arrow.column_names == list(columns)
    rows = [dict(row) for row in table]
    assert arrow.to_pylist() == rows
    assert rows[-1]["date"] is None
    empty = table.where(P.subject == "nothing").to_arrow()
    assert (empty.num_rows, empty.schema) == (0, arrow.schema)


def test_arrow_takes_any_type_of_property(archive: Folder) -> None:
    from uuid import UUID

    import pyarrow as pa

    message = archive.create_message()
    guid = UUID(int=7)
    values: dict[PropertyKey, Any] = {
        0x66010002: 3,
        0x66020004: 1.5,
        0x66030005: 2.5,
        0x66040006: 12345,
        0x66050014: 1 << 40,
        0x66060048: guid,
        0x6607101F: ["a", "b"],
        0x66081048: [guid],
        0x6609000B: True,
        0x660A1040: [day(3)],
    }
    message.set_many({**values, "subject": "odd"})
    message.save()
    arrow = archive.contents().select(*values).where(P.subject == "odd").to_arrow()
    [row] = arrow.to_pylist()
    assert list(row.values()) == [3, 1.5, 2.5, 12345, 1 << 40, guid.bytes_le, ["a", "b"], [guid.bytes_le], True, [day(3)]]
    assert arrow.schema.field(0).type == pa.int16() and arrow.schema.field(2).type == pa.float64()


def test_pandas_has_the_rows_too(archive: Folder) -> None:
    frame = archive.contents().select("subject", "date").order_by("-date").to_pandas()
    assert list(frame["subject"]) == numbers(*range(10, 0, -1))
    assert frame["date"].iloc[0].to_pydatetime() == day(10)
