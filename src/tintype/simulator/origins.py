"""The origin that URLs in answers begin with."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

    from tintype.simulator.settings import Settings


def origin(settings: Settings, scope: Scope) -> str:
    """Return the public URL of the settings, or the scheme and host that the request came to."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    for name, value in scope["headers"]:
        if name == b"host":
            return intern(f"{scope['scheme']}://{value.decode('latin-1')}")
    host, port = scope.get("server") or (settings.host, settings.port)
    return f"{scope['scheme']}://{host}:{port}"
