"""The gateway as an HTTP service: `from tintype.api import router` mounts it in an app of one's own.

app = FastAPI()
app.include_router(router)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

    router: APIRouter


def __getattr__(name: str) -> Any:
    """Make the router when it is first asked for: it brings the whole service with it."""
    if name != "router":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tintype.api.app import collected  # noqa: PLC0415 - the reason stands above

    globals()["router"] = made = collected()
    return made


__all__ = ["router"]
