"""What all resources share: the client behind them, reading one record, and walking through pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel

from tintype.domain import errors
from tintype.replicate import calling, steps, wire
from tintype.replicate.results import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.replicate.base import Desk

M = TypeVar("M", bound=BaseModel)
PAGES_MAX = 10_000
"""Pages after which iterating stops: a list that never ends is a fault of the upstream."""


class Resource:
    """A noun of the API, bound to a client."""

    __slots__ = ()
    _desk: Desk


def fetch(desk: Desk, kind: type[M], call: wire.Call, *, until: float | None = None) -> steps.Op[M]:
    """Make a call whose answer is one record."""
    return calling.call(desk.context, call, partial(wire.read, kind), until=until)


def done(desk: Desk, call: wire.Call) -> steps.Op[None]:
    """Make a call whose answer says nothing more than that it was done."""
    return calling.call(desk.context, call, _nothing)


def page(
    desk: Desk,
    kind: type[M],
    path: str,
    query: Mapping[str, str | None] | None = None,
    cursor: str | None = None,
) -> steps.Op[Page[M]]:
    """Read one page of a list. `cursor` is a page's `next` or `previous`.

    Only the query of a cursor counts: the call stays on the client's own origin and path.
    """
    sent = {name: value for name, value in (query or {}).items() if value is not None}
    if cursor is not None:
        sent = dict(parse_qsl(urlsplit(cursor).query)) or {"cursor": cursor}
    call = wire.Call("GET", path, query=sent or None)
    return calling.call(desk.context, call, partial(_read_page, kind))


def walk(
    desk: Desk, kind: type[M], path: str, query: Mapping[str, str | None] | None = None
) -> steps.Op[None]:
    """Yield every record of a list, page after page."""
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        one = yield from page(desk, kind, path, query, cursor)
        for record in one.results:
            yield steps.Item(record)
        if one.next is None or one.next == cursor:
            return
        cursor = one.next
    raise errors.ServerError(f"the list {path} has more than {PAGES_MAX} pages")


def body(**members: Any) -> bytes:
    """A JSON body of the members that are not None."""
    return wire.dump({name: value for name, value in members.items() if value is not None})


JSON = (("Content-Type", "application/json"),)


def _read_page(kind: type[M], reply: wire.Reply) -> Page[M]:
    return wire.read(Page[kind], reply)  # type: ignore[valid-type] # a type at run time


def _nothing(_reply: wire.Reply) -> None:
    return None
