"""Serve the output files: public, with ranges, for as long as the data are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from tintype.simulator import calls, problems

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tintype.simulator.world import World

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def routes(world: World) -> list[BaseRoute]:
    """Return the route of output files."""

    async def download(request: Request) -> Response:
        name = request.path_params["name"]
        content = await world.outputs.read(request.path_params["token"], name)
        if content is None:
            raise problems.not_found()
        return file_response(
            request, content, media_type=MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        )

    return [Route("/pbxt/{token}/{name}", calls.open_operation(download), methods=["GET", "HEAD"])]


def file_response(request: Request, content: bytes, *, media_type: str) -> Response:
    """Return a file or the range of it that was asked for. Raises Problem 416 for a range beyond its end."""
    headers = {"accept-ranges": "bytes", "cache-control": "public, max-age=3600"}
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or not any(asked.groups()):
        return Response(content, 200, headers, media_type)
    size = len(content)
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size - 1, int(last)) if first and last else size - 1
    if start > end or start >= size:
        raise problems.Problem(
            416, "The range is not in the file", headers={"content-range": f"bytes */{size}"}
        )
    headers["content-range"] = f"bytes {start}-{end}/{size}"
    return Response(content[start : end + 1], 206, headers, media_type)
