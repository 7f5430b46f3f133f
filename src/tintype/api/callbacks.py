"""Addresses that callers give to be called at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tintype.api import auth, gateway
from tintype.domain import errors

if TYPE_CHECKING:
    from starlette.requests import Request

_THIS_MACHINE = "localhost"
_PORTS = {"http": 80, "https": 443}


def address(request: Request, url: str, *, field: str = "callback_url") -> str:
    """Return an address that can be called. Raises InputError for one that is none, or is the gateway itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"} or not url.isprintable():
        raise errors.InputError(f"{field}: it is no address like https://app.example.com/films")
    if is_own(request, url):
        raise errors.InputError(f"{field}: it leads to this gateway itself; give one of your own")
    return url


def is_own(request: Request, url: str) -> bool:
    """Whether an address leads to the gateway that a request came to, by whichever of its names."""
    here = gateway.of(request)
    server = request.scope.get("server") or ("", None)
    own = {_place(here.origin), _place(here.origin_of(request)), (_THIS_MACHINE, server[1])}
    return _place(url) in own


def _place(url: str) -> tuple[str, int | None]:
    """Return host and port; all names of this machine are one."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None
    return _THIS_MACHINE if auth.is_loopback(host) else host, port or _PORTS.get(parts.scheme)
