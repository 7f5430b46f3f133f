"""Plain pages of the API: what this is, its reference, what each problem means. Templates beside this file."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shlex
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from starlette.responses import Response

from tintype.api import examples, problems
from tintype.domain import errors

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_CACHED = "public, max-age=31536000, immutable"
_NEXT = " \\\n  "


def page(template: str, **values: Any) -> Response:
    """Return a page."""
    text = _templates().get_template(f"{template}.html").render(style=style_path(), **values)
    headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


def style() -> Response:
    """Return the style sheet of all pages; its address changes with it."""
    return Response(_style(), media_type="text/css; charset=utf-8", headers={"Cache-Control": _CACHED})


@cache
def style_path() -> str:
    """Return where the style sheet is served."""
    return f"/static/{hashlib.sha256(_style().encode()).hexdigest()[:12]}.css"


def operations(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations of an OpenAPI document by their tag, each with all that a reader wants to know."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, stated in methods.items():
            for tag in stated.get("tags") or ["other"]:
                found.setdefault(tag, []).append(_operation(path, method, stated, document))
    return dict(sorted(found.items()))


def meaning(code: str) -> str:
    """Return what a problem's code means, as the error behind it says."""
    for one in vars(errors).values():
        if inspect.isclass(one) and issubclass(one, errors.TintypeError) and one.code == code:
            return inspect.getdoc(one) or ""
    return problems.TABLE[code][1] + "."


def _operation(path: str, method: str, stated: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    body = stated.get("requestBody", {}).get("content", {})
    kind = next(iter(body), "")
    shape = body.get(kind, {})
    schema = examples.resolved(shape.get("schema", {}), document["components"]["schemas"])
    answers = {
        status: told.get("description", "") for status, told in sorted(stated.get("responses", {}).items())
    }
    return {
        "id": stated.get("operationId", f"{method}{path}"),
        "method": method.upper(),
        "path": path,
        "summary": stated.get("description", "").partition("\n")[0],
        "description": stated.get("description", ""),
        "parameters": [
            {
                "name": one["name"],
                "in": one["in"],
                "type": _type(one.get("schema", {})),
                "required": one.get("required", False),
                "description": one.get("description", ""),
            }
            for one in stated.get("parameters", [])
        ],
        "body_kind": kind,
        "fields": [
            {
                "name": name,
                "type": _type(field),
                "required": name in schema.get("required", ()),
                "description": field.get("description", ""),
            }
            for name, field in schema.get("properties", {}).items()
        ],
        "answers": answers,
        "curl": _curl(path, method, needs_key="security" in stated) + _sent(kind, shape, schema),
    }


def _curl(path: str, method: str, *, needs_key: bool) -> str:
    asked = f"curl -X {method.upper()} {shlex.quote(f'http://localhost:8000{path}')}"
    return f"{asked}{_NEXT}-H 'Authorization: Bearer tt_…'" if needs_key else asked


def _sent(kind: str, shape: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what curl is told of the body: its example, or the files that it cannot do without."""
    if kind == "multipart/form-data":
        return "".join(f"{_NEXT}-F {name}=@FILE" for name in schema["required"])
    if "example" not in shape:
        return ""
    body = shlex.quote(json.dumps(shape["example"], ensure_ascii=False))
    return f"{_NEXT}-H 'Content-Type: {kind}'{_NEXT}-d {body}"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"] if one.get("type") != "null")
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if "enum" in field:
        return ", ".join(str(one) for one in field["enum"])
    return str(field.get("type", "any"))


def anchor(text: str) -> str:
    """Return a heading as the name of its place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("tintype.api.pages", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["anchor"] = anchor
    return made


@cache
def _style() -> str:
    return resources.files("tintype.api.pages").joinpath("style.css").read_text(encoding="utf-8")


__all__ = ["meaning", "operations", "page", "style", "style_path"]
