"""Read what a request says about the file it wants: only if it changed, only a part of it (RFC 9110). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tintype.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = re.compile(r'(?:W/)?("[^"]*")')
# However far behind the end of the file it lies; more digits are nobody's number.
_END = re.compile(r"[0-9]{0,4000}")


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the caller has the file already: its tag is among those of If-None-Match."""
    stated = headers.get("if-none-match")
    if stated is None:
        return False
    return stated.strip() == "*" or etag in _TAG.findall(stated)


def span(headers: Mapping[str, str], etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Return the asked range as the first byte and the one behind the last; None for all of the file.

    Several ranges, another unit, and a range of what was another file (If-Range) get all of it, as the RFC allows.
    Raises Problem 416 for a range that cannot be understood, or of which the file has nothing.
    """
    stated = headers.get("range")
    if stated is None or headers.get("if-range", etag).strip() != etag:
        return None
    unit, _, ranges = stated.partition("=")
    if unit.strip().lower() != "bytes" or "," in ranges:
        return None
    first, dash, last = (part.strip() for part in ranges.partition("-"))
    if not (dash and (first or last) and _END.fullmatch(first) and _END.fullmatch(last)):
        raise _not_there(f"the range {stated[:60]!r} cannot be understood", size_bytes)
    if not first:
        start, end = max(size_bytes - int(last), 0), size_bytes
    else:
        start, end = int(first), min(int(last or size_bytes) + 1, size_bytes)
        if last and int(last) < start:
            raise _not_there(f"the range {stated[:60]!r} ends before it begins", size_bytes)
    if start >= end:
        raise _not_there(f"the file has {size_bytes:,} bytes, and nothing of the range", size_bytes)
    return start, end


def _not_there(detail: str, size_bytes: int) -> Problem:
    return Problem("range_not_there", detail, headers={"Content-Range": f"bytes */{size_bytes}"})
