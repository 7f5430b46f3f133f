"""Addresses that callers give to be called at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tintype.api import gateway
from tintype.domain import errors

if TYPE_CHECKING:
    from starlette.requests import Request


def address(request: Request, url: str, *, field: str = "callback_url") -> str:
    """Return an address that can be called. Raises InputError for one that is none, or is the gateway itself."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in {"http", "https"} or not url.isprintable():
        raise errors.InputError(f"{field}: it is no address like https://app.example.com/films")
    own = urlsplit(gateway.of(request).origin_of(request))
    if (host, port) == (own.hostname, own.port):
        raise errors.InputError(f"{field}: it leads to this gateway itself; give one of your own")
    return url
