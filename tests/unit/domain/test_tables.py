"""Reading rows: whatever is wrong with one is told with its line and column, and the next is read."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors, tables
from tintype.domain.tables import Kind


def read(content: bytes, kind: Kind) -> list[tuple[int, dict[str, object] | str, str | None]]:
    """Return the line of each row with its values, or what is wrong with it and where."""
    return [
        (row.line, row.problem or dict(row.values), row.place)
        for row in tables.read(io.BytesIO(content), kind)
    ]


def test_csv_is_read_row_by_row() -> None:
    content = '\ufeffcolor,n\r\nred,1\r\n\r\n"two\nlines","a ""b"""\r\n'.encode()

    assert read(content, Kind.CSV) == [
        (2, {"color": "red", "n": "1"}, None),
        (4, {"color": "two\nlines", "n": 'a "b"'}, None),
    ]


@pytest.mark.parametrize("divider", [";", "\t"])
def test_csv_of_spreadsheets_has_other_dividers(divider: str) -> None:
    content = f"a{divider}b\n1,5{divider}2\n".encode()

    assert read(content, Kind.CSV) == [(2, {"a": "1,5", "b": "2"}, None)]


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (b"only one", "b"),
        (b"1,2,3", "3"),
        (b'"open,1', "a"),
        (b'1,"open', "b"),
        (b"bad\xff,1", "a"),
        (b'"a"b,1', "a"),
    ],
)
def test_a_broken_row_of_csv_stops_no_other(broken: bytes, place: str) -> None:
    """Also one whose quote would swallow what comes behind it."""
    rows = read(b"a,b\n1,2\n" + broken + b'\n3,4\n"5",6\n', Kind.CSV)

    assert [line for line, _, _ in rows] == [2, 3, 4, 5]
    assert isinstance(rows[1][1], str)
    assert rows[1][2] == place
    assert [values for _, values, found in rows if found is None] == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
        {"a": "5", "b": "6"},
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,a\n1,2\n", b"a,\n1,2\n", b"\xff\n1\n"])
def test_csv_without_names_of_columns_is_refused(content: bytes) -> None:
    with pytest.raises(errors.InputError):
        read(content, Kind.CSV)


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (b'{"a": 1', "8"),
        (b"[1]", "1"),
        (b'{"a": 1, "a": 2}', "1"),
        (b'{"a": NaN}', "1"),
        (b'{"a": "\xff"}', "8"),
        (b"[" * 50_000, "1"),
    ],
)
def test_a_broken_line_of_json_stops_no_other(broken: bytes, place: str) -> None:
    rows = read(b'{"a": 1}\n' + broken + b'\n\n{"a": {"b": [2]}}', Kind.JSONL)

    assert (rows[0], rows[2]) == ((1, {"a": 1}, None), (4, {"a": {"b": [2]}}, None))
    assert (rows[1][0], rows[1][2]) == (2, place)
    assert isinstance(rows[1][1], str)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_row_without_end_is_told_and_passed_over(kind: Kind) -> None:
    head = b"a,b\n" if kind is Kind.CSV else b""
    good = b"1,2\n" if kind is Kind.CSV else b'{"a": 1}\n'

    rows = read(head + b'"' + b"x" * 3_000_000 + b"\n" + good, kind)

    assert ["more than" in str(told) for _, told, _ in rows] == [True, False]


@given(st.lists(st.binary(max_size=40), max_size=30), st.sampled_from(Kind))
def test_whatever_a_file_holds_every_row_has_its_line(lines: list[bytes], kind: Kind) -> None:
    """Nothing but a missing header is refused, and lines are told in their order."""
    content = b"\n".join([b"a,b" if kind is Kind.CSV else b"{}", *lines])

    rows = read(content, kind)

    numbers = [line for line, _, _ in rows]
    assert numbers == sorted(set(numbers))
    assert all(place is not None for _, told, place in rows if isinstance(told, str))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_its_mark(encoding: str) -> None:
    """As spreadsheets save "Unicode text"; what to do is said in place of what is wrong with the first line."""
    for kind in Kind:
        with pytest.raises(errors.InputError, match="save it as UTF-8"):
            read("\ufeffcolor\nred\n".encode(encoding), kind)


def test_the_end_of_a_name_says_how_a_file_is_written() -> None:
    assert (tables.kind("a.CSV"), tables.kind("b.jsonl")) == (Kind.CSV, Kind.JSONL)
    with pytest.raises(errors.InputError, match=r"neither \.csv nor \.jsonl"):
        tables.kind("rows.xlsx")
