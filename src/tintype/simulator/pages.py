"""Cut a listing into pages with opaque cursors and absolute URLs for the next and the previous one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from tintype.simulator import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

T = TypeVar("T")
K = TypeVar("K")

MODELS_PER_PAGE = 25
PREDICTIONS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a listing: after the item with this key, or before it when going back."""

    key: str
    is_back: bool = False

    def text(self) -> str:
        """Return the cursor as it stands in a URL."""
        return base64.b64encode(
            urlencode({**({"r": "1"} if self.is_back else {}), "p": self.key}).encode()
        ).decode()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a listing, and cursors to what is after and before them."""

    items: Sequence[T]
    next: Cursor | None
    previous: Cursor | None


def cursor_of(request: Request) -> Cursor | None:
    """Return the cursor of a request, None on the first page. Raises Problem 404 for what is no cursor."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        pairs = dict(parse_qsl(base64.b64decode(text, validate=True).decode(), strict_parsing=True))
        return Cursor(pairs["p"], pairs.get("r") == "1")
    except (binascii.Error, ValueError, KeyError) as error:
        raise problems.not_found("Invalid cursor") from error


def cut(
    items: Sequence[T],
    *,
    cursor: Cursor | None,
    size: int,
    key: Callable[[T], str],
    descending: bool = False,
) -> Page[T]:
    """Return one page of `items`, which are in order of `key` (a text that no two of them share).

    The place is found by bisection and holds when its item is gone; only the page's items are looked at.
    """
    start, end = 0, min(size, len(items))
    if cursor is not None and cursor.is_back:
        end = _place(items, cursor.key, key=key, descending=descending, after=False)
        start = max(0, end - size)
    elif cursor is not None:
        start = _place(items, cursor.key, key=key, descending=descending, after=True)
        end = min(start + size, len(items))
    page = items[start:end]
    return Page(
        page,
        Cursor(key(page[-1])) if page and end < len(items) else None,
        Cursor(key(page[0]), is_back=True) if page and start > 0 else None,
    )


def body(request: Request, page: Page[T], show: Callable[[T], Any], *, origin: str) -> dict[str, Any]:
    """Return the body of a page: absolute URLs under `origin` that keep the request's other parameters."""
    return {
        "previous": _url(request, page.previous, origin),
        "next": _url(request, page.next, origin),
        "results": [show(item) for item in page.items],
    }


def _url(request: Request, cursor: Cursor | None, origin: str) -> str | None:
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    path = request.url.path.removeprefix("/v1")
    return f"{origin}/v1{path}?{urlencode([*kept, ('cursor', cursor.text())])}"


def _place(items: Sequence[T], at: str, *, key: Callable[[T], str], descending: bool, after: bool) -> int:
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        value = key(items[middle])
        comes_first = value > at if descending else value < at
        if comes_first or (after and value == at):
            low = middle + 1
        else:
            high = middle
    return low
