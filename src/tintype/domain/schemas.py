"""Read what a model takes and makes from the OpenAPI document that its version carries. Pure.

    facts(document)     # {"inputs": {"prompt": {"type": "string", "required": True}, …}, "is_text": False}

Facts have the form of the catalogue's own data, so that both are read by the same code.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tintype.domain.catalogue import Field

_TYPES = frozenset({"string", "integer", "number", "boolean", "array"})
_ANY = "object"
_COMPARED = ("type", "required", "default", "minimum", "maximum", "format", "choices")
_FEW = 6
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


def stated(field: Field) -> dict[str, Any]:
    """Return an input of the catalogue in the form of facts."""
    facts: dict[str, Any] = {"type": field.type, "required": field.required, "default": field.default}
    facts |= {"minimum": field.minimum, "maximum": field.maximum, "format": field.format}
    return facts | {"choices": list(field.choices)}


def changes(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Say what became of a model's inputs: new ones, ones that are gone, and what of the others is not as it was."""
    yield from (f"input {name} is new ({now[name].get('type')})" for name in now if name not in before)
    yield from (f"input {name} is gone" for name in before if name not in now)
    for name in now:
        if name not in before:
            continue
        for fact in _COMPARED:
            then, since = (_plain(facts.get(name, {}).get(fact)) for facts in (before, now))
            if then == since:
                continue
            if fact == "choices" and then and since:
                yield f"input {name}: choices{_few(' and ', since, then)}{_few(' without ', then, since)}"
            else:
                yield f"input {name}: {fact} {_word(then)}, now {_word(since)}"


def _few(word: str, those: Any, others: Any) -> str:
    """Name those choices that are not among the others."""
    fresh = [str(one) for one in those if one not in others]
    more = f" and {len(fresh) - _FEW} more" if len(fresh) > _FEW else ""
    return f"{word}{', '.join(fresh[:_FEW])}{more}" if fresh else ""


def _word(value: Any) -> str:
    return "none" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    """Return a fact so that equal ones are equal: an empty one is none, and the order of choices means nothing."""
    if isinstance(value, list):
        return sorted(value, key=str) or None
    if isinstance(value, bool):
        return value or None
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    return value or None


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
    if stated.get("default") is not None:
        found["default"] = stated["default"]
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
