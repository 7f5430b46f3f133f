"""Read a request's JSON more strictly than the standard library does: what has no meaning is refused, not guessed.

Refused are other types than JSON (415), what is no JSON (400), and JSON that different readers understand
differently or that cannot be kept: doubled keys, NaN, numbers beyond 64 bits, NUL, half a surrogate pair, nesting
beyond 64, more parts than anybody sends (422). Whatever a text holds, it is read in a time that grows as its length.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import re
from typing import Any, NoReturn

from starlette.requests import Request

from tintype.api.problems import Problem

DEPTH_MAX = 64
NAMES_MAX = 1_000
"""The most names of one object: each may have to be told of."""
PARTS_MAX = 300_000
"""The most lists and objects. A batch of 100,000 rows with an object each has 200,001."""
# With those in texts; each takes a moment to be told from the others.
_MARKS_MAX = 1_500_000
INTEGER_LEAST, INTEGER_MOST = -(2**63), 2**63 - 1
# The longest that a number of 64 bits is written with.
_DIGITS_MAX = 20
# Where neither stands in the text, no string can hold what cannot be kept.
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# All but brackets outside of strings. What was matched is never tried anew: a string without an end is one, too.
_NO_BRACKETS = re.compile(r'(?:"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[^"\[\]{}]++)++', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
# Larger bodies are read beside the event loop.
_AT_ONCE_BYTES = 128 * 1024
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)


class StrictRequest(Request):
    """A request whose JSON is read by `parse`, and whose body is JSON at all."""

    async def body(self) -> bytes:
        """Return the body; raises Problem 415 when it says that it is something else."""
        content = await super().body()
        stated = self.headers.get("content-type", "")
        if content and not _JSON.match(stated):
            raise Problem(
                "unsupported_media_type",
                f"the body is {stated[:80] or 'of no stated type'}; send JSON with Content-Type: application/json",
            )
        return content

    async def json(self) -> Any:
        """Return what the body says. Raises Problem."""
        content = await self.body()
        return parse(content) if len(content) <= _AT_ONCE_BYTES else await asyncio.to_thread(parse, content)


def parse(content: bytes) -> Any:
    """Return what JSON says. Raises Problem 400 for what is none, 422 for what means nothing."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Problem("not_json", "the body is not UTF-8, so it is no JSON") from None
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_number
        )
    except json.JSONDecodeError as fault:
        raise Problem(
            "not_json", f"the body is not JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}"
        ) from None
    if _SUSPICIOUS.search(content):
        _check_texts(value)
    return value


def _check_depth(text: str) -> None:
    """Refuse deep nesting before it is built, and more parts than anybody sends."""
    opened = text.count("[") + text.count("{")
    if opened <= DEPTH_MAX:
        return
    if opened > _MARKS_MAX:
        _refuse(f"the body has more than {_MARKS_MAX:,} brackets")
    brackets = _NO_BRACKETS.sub("", text)
    if len(brackets) > 2 * PARTS_MAX:
        _refuse(f"the body has more than {PARTS_MAX:,} lists and objects")
    if max(itertools.accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEPTH_MAX:
        _refuse(f"the body nests deeper than {DEPTH_MAX} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > NAMES_MAX:
        _refuse(f"an object of the body has more than {NAMES_MAX:,} names")
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                _refuse(f"the body has the key {name[:60]!r} twice")
            seen.add(name)
    return made


def _constant(word: str) -> NoReturn:
    _refuse(f"{word} is no number that JSON has")


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= _DIGITS_MAX else None
    if value is None or not INTEGER_LEAST <= value <= INTEGER_MOST:
        _refuse("a whole number is beyond 64 bits")
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        _refuse("a number is beyond 64 bits")
    return value


def _check_texts(value: Any) -> None:
    match value:
        case str():
            if "\x00" in value:
                _refuse("a text holds a NUL character, which cannot be kept")
            if any("\ud800" <= sign <= "\udfff" for sign in value):
                _refuse("a text holds half a surrogate pair, which is no Unicode")
        case list():
            for part in value:
                _check_texts(part)
        case dict():
            for name, part in value.items():
                _check_texts(name)
                _check_texts(part)


def _refuse(detail: str) -> NoReturn:
    raise Problem("bad_input", f"{detail}.")
