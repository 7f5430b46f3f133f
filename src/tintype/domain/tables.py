"""Read rows from CSV or JSON Lines, piece by piece: one that is broken is told of, and the next is read. Pure.

    for row in tables.read(file, Kind.CSV): …

Text is UTF-8. The first row of CSV names the columns; cells are divided by commas, or by semicolons or tabs where the
first row is. Every row knows the line that it begins in.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO

from tintype.domain import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LINE_MAX = 100_000
"""The most characters that a row may have."""
_DIVIDERS = (",", ";", "\t")
_ENDS = "\r\n"


class Kind(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the line that it begins in; or what is wrong with it, at which column or character."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str | None = None
    place: str | None = None


def kind(name: str) -> Kind:
    """Tell how a file is written by the end of its name. Raises InputError."""
    ending = name.rpartition(".")[2].lower()
    match ending:
        case "csv" | "tsv" | "txt":
            return Kind.CSV
        case "jsonl" | "ndjson":
            return Kind.JSONL
    raise errors.InputError(
        f"{name[:80]!r} is named neither .csv nor .jsonl, so it is not clear how to read it"
    )


def read(file: BinaryIO, written: Kind) -> Iterator[Row]:
    """Give the rows of a file. Raises InputError for CSV without names of columns, and for UTF-16."""
    lines = _lines(file)
    yield from _csv(lines) if written is Kind.CSV else _jsonl(lines)


def given(rows: Iterable[Any]) -> Iterator[Row]:
    """Give rows that are there already, numbered as lines."""
    for number, values in enumerate(rows, 1):
        if isinstance(values, dict):
            yield Row(number, values)
        else:
            yield Row(number, problem="this is no row: give names with their values", place="1")


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    is_whole: bool = True


def _lines(file: BinaryIO) -> Iterator[_Line]:
    """Give lines; of one that is too long its beginning. What is no UTF-8 stands as half surrogates."""
    number = 0
    while piece := file.readline(LINE_MAX * 4):
        number += 1
        is_whole = piece.endswith(b"\n") or len(piece) < LINE_MAX * 4
        while not is_whole and (rest := file.readline(LINE_MAX * 4)):
            if rest.endswith(b"\n"):
                break
        if number == 1 and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise errors.InputError("the file is written in UTF-16; save it as UTF-8")
        text = piece.decode(errors="surrogateescape")
        if number == 1:
            text = text.removeprefix("\ufeff")
        yield _Line(number, text, is_whole and len(text) <= LINE_MAX)


def _jsonl(lines: Iterator[_Line]) -> Iterator[Row]:
    for line in lines:
        if not line.text.strip():
            continue
        if not line.is_whole:
            yield _too_long(line)
            continue
        yield _unreadable(line) or _object(line)


def _object(line: _Line) -> Row:
    try:
        found = json.loads(line.text.rstrip(_ENDS), object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as fault:
        return Row(line.number, problem=f"this is no JSON: {fault.msg}", place=str(fault.colno))
    except (ValueError, RecursionError) as fault:
        words = "it is nested too deep" if isinstance(fault, RecursionError) else str(fault)
        return Row(line.number, problem=f"this cannot be meant: {words}", place="1")
    if not isinstance(found, dict):
        return Row(line.number, problem='this is no JSON object, such as {"prompt": "a boat"}', place="1")
    return Row(line.number, found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands in it twice")
    return made


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number that JSON has")


def _csv(lines: Iterator[_Line]) -> Iterator[Row]:
    header = next((line for line in lines if line.text.strip()), None)
    if header is None:
        raise errors.InputError("the file is empty; its first row names the columns")
    divider = max(_DIVIDERS, key=header.text.count)
    columns = _names(header, divider)
    for line in _records(lines, divider):
        if line.text.strip():
            yield _cells(line, columns, divider)


def _names(line: _Line, divider: str) -> list[str]:
    cells = _split(line.text, divider)
    names = [cell.strip() for cell in cells or []]
    if not line.is_whole or cells is None or _unreadable(line) or not all(names):
        raise errors.InputError("line 1 has to name the columns, each with a name of its own")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise errors.InputError(f"line 1 names the column {twice[:60]!r} twice")
    return names


def _records(lines: Iterator[_Line], divider: str) -> Iterator[_Line]:
    """Join lines whose quotes are open, as far as they close; where they never do, a line stands alone."""
    waiting: deque[_Line] = deque()
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        taken, text = [line], line.text
        is_open = text.count('"') % 2 == 1
        while is_open and line.is_whole and len(text) <= LINE_MAX:
            more = waiting.popleft() if waiting else next(lines, None)
            if more is None:
                break
            taken.append(more)
            text += more.text
            is_open ^= more.text.count('"') % 2 == 1
        if len(taken) > 1 and (is_open or _split(text, divider) is None):
            waiting.extendleft(reversed(taken[1:]))
            text = line.text
        yield _Line(line.number, text, line.is_whole)


def _cells(line: _Line, columns: list[str], divider: str) -> Row:
    if not line.is_whole:
        return _too_long(line)
    cells = _split(line.text, divider)
    if cells is None:
        before = line.text[: line.text.rfind('"')].count(divider)
        name = columns[min(before, len(columns) - 1)]
        return Row(line.number, problem="a quote does not close, or stands where none may", place=name)
    if len(cells) > len(columns):
        words = f"the row has {len(cells)} cells, and there are {len(columns)} columns"
        return Row(line.number, problem=words, place=str(len(columns) + 1))
    if len(cells) < len(columns):
        words = f"the row has {len(cells)} cells, and there are {len(columns)} columns"
        return Row(line.number, problem=words, place=columns[len(cells)])
    values = dict(zip(columns, cells, strict=True))
    for name, value in values.items():
        if not _is_text(value):
            return Row(line.number, problem="this is no UTF-8 text", place=name)
    return Row(line.number, values)


def _split(text: str, divider: str) -> list[str] | None:
    try:
        (cells,) = csv.reader([text.rstrip(_ENDS)], delimiter=divider, strict=True)
    except (csv.Error, ValueError):
        return None
    return cells


def _unreadable(line: _Line) -> Row | None:
    if line.text.isascii():
        return None
    for place, sign in enumerate(line.text, 1):
        if "\ud800" <= sign <= "\udfff":
            return Row(line.number, problem="this is no UTF-8 text", place=str(place))
    return None


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)


def _too_long(line: _Line) -> Row:
    return Row(line.number, problem=f"the row has more than {LINE_MAX:,} characters", place=str(LINE_MAX))


__all__ = ["LINE_MAX", "Kind", "Row", "given", "kind", "read"]
