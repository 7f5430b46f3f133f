"""The description of the API says all that a reader needs, of every operation: nothing of this can be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from tintype.api import app, examples
from tintype.api.schemas.generations import GenerationsWanted
from tintype.api.schemas.shapes import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT: dict[str, Any] = app.described(FastAPI(title="Tintype", routes=app.collected().routes))
OPEN = ("/healthz", "/hooks/", "/media/", "/share/", "/streams/", "/replicate/v1/files/{id}/download")
"""What opens without a key: it asks nobody, or its path cannot be guessed."""
VALUES: tuple[Any, ...] = ("2", "2.5", "", "true", 2, 2.5, -1, True, False, None, ["2"], {})


def _operations() -> Iterator[Any]:
    for path, methods in DOCUMENT["paths"].items():
        for method, stated in methods.items():
            yield pytest.param(path, stated, id=f"{method.upper()} {path}")


def _bodies(of: type[Asked] = Asked) -> Iterator[type[Asked]]:
    for shape in of.__subclasses__():
        yield from _bodies(shape)
        # What is asked for by a query is text.
        if shape is not GenerationsWanted:
            yield shape


@pytest.mark.parametrize(("path", "stated"), [*_operations()])
def test_every_operation_is_described(path: str, stated: dict[str, Any]) -> None:
    """A sentence, examples of what it takes and gives that fit their schemas, its errors, and who may call it."""
    answers: dict[str, Any] = stated["responses"]
    successes = [told for status, told in answers.items() if status < "300"]

    assert stated["description"]
    assert successes
    assert {"422", "500", "503", "504"} <= answers.keys()
    assert ("security" in stated) != path.startswith(OPEN)
    assert path.startswith(OPEN) or {"401", "403", "429"} <= answers.keys()
    for body in [stated.get("requestBody", {}), *answers.values()]:
        for kind, media in body.get("content", {}).items():
            if not _is_file(media["schema"]):
                _fits(media, kind)


@pytest.mark.parametrize("shape", [*_bodies()], ids=lambda shape: shape.__name__)
def test_no_value_is_taken_for_another(shape: type[Asked]) -> None:
    """A field takes no more than the description says: "2" is no number, nor is true."""
    schema = shape.model_json_schema()
    example = examples.of(schema, schema.get("$defs", {}), is_whole=False)
    shape.model_validate(example)
    validator = Draft202012Validator(schema)

    for name in shape.model_fields:
        for value in VALUES:
            body = {**example, name: value}
            if _is_taken(shape, body):
                assert validator.is_valid(body), f"{name}: {value!r}"


def _is_taken(shape: type[Asked], body: dict[str, Any]) -> bool:
    try:
        shape.model_validate(body)
    except ValidationError:
        return False
    return True


def _is_file(schema: dict[str, Any]) -> bool:
    """Whether a body is bytes, or a form around them, of which no text is an example."""
    return any(one.get("format") == "binary" for one in (schema, *schema.get("properties", {}).values()))


def _fits(media: dict[str, Any], kind: str) -> None:
    given = (
        [media["example"]]
        if "example" in media
        else [one["value"] for one in media.get("examples", {}).values()]
    )
    if not given:
        # Says which field is in want of one.
        examples.of(media["schema"], DOCUMENT["components"]["schemas"], is_whole=True)
    assert given, kind
    rooted = {"components": DOCUMENT["components"], **media["schema"]}
    validator = Draft202012Validator(rooted, format_checker=FormatChecker())
    for example in given:
        assert not [one.message for one in validator.iter_errors(example)]
