"""`/`, `/docs` and `/problems`: plain pages for people, without a script."""

from __future__ import annotations

from fastapi import Path, Request, Response

import tintype
from tintype.api import gateway, pages, problems, routing
from tintype.api.problems import Problem

router = routing.router(include_in_schema=False)

_ADVICE = {
    400: "Send the request as the reference describes it.",
    401: "Send a good key, Authorization: Bearer tt_…; the operator makes one with: tintype keys create --name NAME",
    402: "Wait until the budget begins anew (frees_at says when), or ask the operator for more.",
    403: "Use a key that may do this, or ask the operator for its scope or model.",
    404: "Check the id or the path. What is another key's looks as if it were not there.",
    405: "Use one of the methods that the Allow header lists.",
    409: "Look at how it stands now, and do what its state allows.",
    410: "It was deleted; make it again, under another Idempotency-Key where one was given.",
    413: "Send less, or upload files to /api/files and name their URLs.",
    415: "Send JSON with Content-Type: application/json, or multipart where files are taken.",
    416: "Ask for a range within the size that Content-Range tells.",
    422: "Change what `fields` and `detail` name; nothing was held or bought.",
    429: "Wait as long as Retry-After says, then ask again. Nothing was held.",
    500: "Tell the operator the request_id: the log has the rest under it.",
    502: "Nothing more will come of this one; `detail` says why. Ask anew if it is worth it.",
    503: "Wait as long as Retry-After says. What was accepted goes on, and nothing is lost.",
    504: "What was accepted goes on: look for it by the id in the answer, or in its list where there is none.",
}


@router.get("/")
async def home(request: Request) -> Response:
    """Say what this is."""
    return pages.page("home", origin=gateway.of(request).origin_of(request), version=tintype.__version__)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Show the reference, written from the OpenAPI document."""
    document = request.app.openapi()
    return pages.page("docs", tags=pages.operations(document), description=document["info"]["description"])


@router.get("/problems")
async def index() -> Response:
    """List all problems."""
    return pages.page("problems", table=problems.TABLE)


@router.get("/problems/{code}")
async def problem(code: str = Path(max_length=60)) -> Response:
    """Say what a problem means and what to do."""
    if code not in problems.TABLE:
        raise Problem("not_found", "there is no such problem; /problems lists all")
    status, title = problems.TABLE[code]
    return pages.page(
        "problem", code=code, status=status, title=title, meaning=pages.meaning(code), advice=_ADVICE[status]
    )


@router.get(pages.style_path())
async def style() -> Response:
    """Return the pages' style sheet."""
    return pages.style()
