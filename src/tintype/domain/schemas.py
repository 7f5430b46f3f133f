"""Read what a model takes and makes from the OpenAPI document that its version carries. Pure.

    facts(document)     # {"inputs": {"prompt": {"type": "string", "required": True}, …}, "is_text": False}

Facts have the form of the catalogue's own data, so that both are read by the same code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = frozenset({"string", "integer", "number", "boolean", "array"})
_ANY = "object"
_REFERENCE = "#/components/schemas/"


def facts(document: Any) -> dict[str, Any] | None:
    """Return the inputs, and whether the output is text that comes in pieces; None for what is no such document."""
    schemas = _object(_object(_object(document).get("components")).get("schemas"))
    properties = _object(_object(schemas.get("Input")).get("properties"))
    if not properties:
        return None
    required = _object(schemas["Input"]).get("required")
    names = (
        frozenset(name for name in required if isinstance(name, str)) if isinstance(required, list) else ()
    )
    return {
        "inputs": {
            name: _input(_object(stated), schemas, is_required=name in names)
            for name, stated in properties.items()
        },
        "is_text": _object(schemas.get("Output")).get("x-cog-array-display") == "concatenate",
    }


def _input(stated: Mapping[str, Any], schemas: Mapping[str, Any], *, is_required: bool) -> dict[str, Any]:
    """Return one input; enumerations stand in schemas of their own."""
    stated = {**_referred(stated, schemas), **stated}
    kind = stated.get("type")
    found: dict[str, Any] = {"type": kind if kind in _TYPES else _ANY}
    if is_required:
        found["required"] = True
    if stated.get("nullable") is True:
        found["nullable"] = True
    for name in ("minimum", "maximum"):
        if isinstance(stated.get(name), int | float) and not isinstance(stated[name], bool):
            found[name] = stated[name]
    if isinstance(stated.get("enum"), list):
        found["choices"] = [one for one in stated["enum"] if isinstance(one, str | int | float)]
    items = _object(stated.get("items"))
    if items.get("type") in _TYPES:
        found["items"] = items["type"]
    form = stated.get("format") or items.get("format")
    if isinstance(form, str):
        found["format"] = form
    return found


def _referred(stated: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a property refers to, directly or by `allOf`."""
    parts = stated.get("allOf")
    for one in [stated, *(parts if isinstance(parts, list) else ())]:
        path = _object(one).get("$ref")
        if isinstance(path, str) and path.startswith(_REFERENCE):
            return _object(schemas.get(path.removeprefix(_REFERENCE)))
    return {}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
