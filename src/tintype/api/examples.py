"""Write an example beside every body that the API's description has, out of what its shapes say of their fields.

A field's `examples` come first, then its constant, default or first choice; only a text or a number has to bring one.
"""

from __future__ import annotations

import contextlib
from typing import Any

JSON = "application/json"
_MOMENT = "2026-03-01T12:00:00Z"
_OWN = {"example", "examples", "const", "enum"}


def add(document: dict[str, Any]) -> None:
    """Add examples to an OpenAPI document, in place, where there are none and the shapes say enough for one."""
    shapes = document["components"]["schemas"]
    for methods in document["paths"].values():
        for stated in methods.values():
            _add(stated.get("requestBody", {}), shapes, is_whole=False)
            for status, told in stated.get("responses", {}).items():
                _add(told, shapes, is_whole=True)
                example = told.get("content", {}).get(JSON, {}).get("example")
                if status >= "400" and isinstance(example, dict) and "status" in example:
                    example["status"] = int(status)


def of(schema: dict[str, Any], shapes: dict[str, Any], *, is_whole: bool) -> Any:
    """Return an example of a schema: with all its fields, or with those that are required or bring one.

    Raises LookupError, with its title, for a field that has to bring one and does not.
    """
    schema = resolved(schema, shapes)
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("default") is not None:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return _of_choices(choices, shapes, is_whole=is_whole)
    return _of_type(schema, shapes, is_whole=is_whole)


def resolved(schema: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, or the shape that it names with what it says beside that."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return (
        {**shapes[name], **{key: value for key, value in schema.items() if key != "$ref"}} if name else schema
    )


def _add(body: dict[str, Any], shapes: dict[str, Any], *, is_whole: bool) -> None:
    media = body.get("content", {}).get(JSON)
    if media is not None and not media.keys() & {"example", "examples"}:
        with contextlib.suppress(LookupError):
            media["example"] = of(media["schema"], shapes, is_whole=is_whole)


def _of_choices(choices: list[dict[str, Any]], shapes: dict[str, Any], *, is_whole: bool) -> Any:
    first = resolved(choices[0], shapes)
    is_nullable = choices[-1].get("type") == "null"
    is_bare = first.get("type") in {"string", "integer", "number"} and not first.keys() & (_OWN | {"format"})
    return None if is_nullable and is_bare else of(first, shapes, is_whole=is_whole)


def _of_type(schema: dict[str, Any], shapes: dict[str, Any], *, is_whole: bool) -> Any:
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                name: of(field, shapes, is_whole=is_whole)
                for name, field in schema.get("properties", {}).items()
                if is_whole or name in required or field.get("examples")
            }
        case "array":
            return [] if schema.get("default") == [] else [of(schema["items"], shapes, is_whole=is_whole)]
        case "boolean":
            return True
        case "string" if schema.get("format") == "date-time":
            return _MOMENT
        case "null":
            return None
    raise LookupError(
        f"{schema.get('title', schema)} has no example; give its field one: Field(examples=[…])"
    )


__all__ = ["JSON", "add", "of", "resolved"]
