"""Check a running simulator against an OpenAPI document and, if given, against recorded shapes.

    python tools/check_openapi.py http://127.0.0.1:8901 --openapi FILE [--golden DIR] [--ca FILE]

Every operation is called with real requests. An answer has to have a documented status, the documented media
type, a body that its schema allows, and the headers that clients rely on. DIR holds `shapes.json` (fields
with types for each operation) and `errors.json` (recorded refusals). Prints a table; the exit code is 1 where
anything deviates.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exercise
import shapes
from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exercise import Exchange

METHODS = ("get", "post", "put", "patch", "delete", "query")
ANY_OBJECT = "= prediction/training object, all endpoints"
OBJECT_PATHS = re.compile(r"(predictions|trainings)(/\{\w+\}(/cancel)?)?$")
PROBLEM = "application/problem+json"
LIMIT_HEADERS = ("ratelimit-remaining", "ratelimit-reset")


@dataclass(slots=True)
class Row:
    """What was found about one operation."""

    method: str
    path: str
    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    schemas: int = 0
    recorded: int = 0
    deviations: list[str] = field(default_factory=list)


class Document:
    """An OpenAPI document, with what is meant where JSON Schema reads it differently.

    `nullable` is understood as in OpenAPI 3.0. Alternatives of `oneOf` may overlap: a version is any text or
    the word for a hidden one, which is a text as well.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._root = {"components": _readable(document.get("components", {}))}
        self._formats = FormatChecker(formats=())
        self._formats.checks("date-time")(
            lambda value: not isinstance(value, str) or shapes.kind(value) == "datetime"
        )
        self._formats.checks("uri")(lambda value: not isinstance(value, str) or shapes.kind(value) == "url")

    def operations(self) -> Iterator[tuple[str, str]]:
        """Yield method and path of every documented operation."""
        for path, item in self._document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path

    def faults(self, exchange: Exchange) -> list[str] | None:
        """Return what is wrong with an answer; None where its status says nothing about the body."""
        operation = self._document["paths"].get(exchange.path, {}).get(exchange.method.lower())
        if operation is None:
            return ["is not documented"]
        answer = operation["responses"].get(str(exchange.status))
        if answer is None:
            return None if exchange.probe else [f"status {exchange.status} is not documented"]
        content = answer.get("content", {})
        if not content:
            # A refusal may say why, also where the document is silent about it.
            return [] if not exchange.body or exchange.media_type == PROBLEM else ["has a body"]
        if exchange.media_type not in content:
            return [f"media type is {exchange.media_type or 'none'}, not {' or '.join(content)}"]
        schema = content[exchange.media_type].get("schema", {})
        if schema.get("format") == "binary":
            return [] if isinstance(exchange.body, bytes) else ["is no binary body"]
        validator = Draft202012Validator(self._root | _readable(schema), format_checker=self._formats)
        return [f"{error.json_path}: {error.message[:120]}" for error in validator.iter_errors(exchange.body)]


class Golden:
    """Recorded shapes and refusals.

    A prediction or training looks differently at each moment, and a recording shows few of them: its fields
    are compared with what was seen of such objects anywhere, not with the one recording of the same path.
    """

    def __init__(self, folder: Path) -> None:
        recorded = json.loads((folder / "shapes.json").read_text(encoding="utf-8"))
        self._shapes = {name: self._fields(shape["fields"]) for name, shape in recorded.items()}
        self._headers = {name: shape["headers"] for name, shape in recorded.items()}
        self._errors = json.loads((folder / "errors.json").read_text(encoding="utf-8"))
        self._unmet = {name for name in self._shapes if name != ANY_OBJECT}

    def unmet(self) -> list[str]:
        """Return the recorded answers that no exchange was compared with."""
        return sorted(self._unmet)

    def faults(self, exchange: Exchange) -> list[str] | None:
        """Return what an answer lacks or has otherwise than recorded; None where nothing is recorded."""
        name = f"{exchange.method} {_anonymous(exchange.path)} {exchange.status}"
        fields = self._shapes.get(name)
        self._unmet.discard(name)
        if exchange.probe:
            return self._refusal_faults(exchange)
        if fields is None:
            return None
        if OBJECT_PATHS.search(exchange.path):
            fields = self._shapes[ANY_OBJECT]
            if "trainings" in exchange.path:
                # No recorded training had come to its end; the document says that its output is an object.
                fields = {
                    **fields,
                    "output": shapes.Field(fields["output"].types | {"object"}, optional=True),
                }
        headers = self._headers[name]
        found = [
            f"header {one} is missing"
            for one in LIMIT_HEADERS
            if one in headers and one not in exchange.headers
        ]
        body = "" if exchange.status == 204 else exchange.body
        return found + shapes.faults(fields, body)

    def _refusal_faults(self, exchange: Exchange) -> list[str] | None:
        alike = [one["body"] for one in self._errors if one["status"] == exchange.status]
        if not alike or not isinstance(exchange.body, dict):
            return None
        # The same members and, but for figures and names of fields, the same words as one of the recordings.
        if any(exchange.body.keys() == one.keys() and _same_words(exchange.body, one) for one in alike):
            return []
        return (
            None
            if exchange.status in (404, 422, 429, 401) and _is_other(exchange)
            else ["is not as recorded"]
        )

    @staticmethod
    def _fields(recorded: Mapping[str, Any]) -> dict[str, shapes.Field]:
        return {
            path: shapes.Field(frozenset(known["types"]), optional=known["optional"])
            for path, known in recorded.items()
        }


def _readable(schema: Any) -> Any:
    """Return a schema in which `nullable` and overlapping alternatives are spelled out."""
    if isinstance(schema, list):
        return [_readable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {("anyOf" if name == "oneOf" else name): _readable(value) for name, value in schema.items()}
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _anonymous(path: str) -> str:
    """Return a path with the shorter names of the recordings: `{owner}` for `{model_owner}`."""
    short = {"collection_slug": "slug"}
    return re.sub(r"\{(\w+)\}", lambda name: f"{{{short.get(name[1], name[1].rpartition('_')[2])}}}", path)


def _same_words(body: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    def words(value: Mapping[str, Any]) -> tuple[Any, str]:
        detail = re.sub(r"^- input: .*\n", "- input\n", str(value.get("detail")))
        return value.get("title"), re.sub(r"\d+", "0", detail)

    return words(body) == words(recorded)


def _is_other(exchange: Exchange) -> bool:
    """Return whether this is another refusal than the recorded ones of its status."""
    body = exchange.body
    if exchange.status == 404:
        return set(body) == {"detail", "status"}
    if exchange.status == 429:
        return set(body) == {"detail", "status", "retry_after"} and body["detail"].startswith(
            "Request was throttled."
        )
    return body.get("title") in ("Unauthenticated", "Input validation failed")


def _header_faults(exchange: Exchange) -> list[str]:
    """Return the headers that clients rely on and that an answer lacks."""
    wanted = ["date"]
    if not exchange.probe and not exchange.path.endswith("/download"):
        wanted += LIMIT_HEADERS
    if exchange.status == 201 and exchange.method == "POST" and exchange.path.endswith("predictions"):
        wanted.append("location")
        if "Prefer" in exchange.sent:
            wanted.append("preference-applied")
    if exchange.status == 429:
        wanted.append("retry-after")
    if exchange.status >= 400 and exchange.path != "/search" and exchange.media_type != PROBLEM:
        return [f"media type of a refusal is {exchange.media_type}"]
    return [f"header {name} is missing" for name in wanted if name not in exchange.headers]


def check(exchanges: Sequence[Exchange], document: Document, golden: Golden | None) -> list[Row]:
    """Return a row for every documented operation, in the document's order."""
    rows = {(method, path): Row(method, path) for method, path in document.operations()}
    for exchange in exchanges:
        key = (exchange.method, exchange.path)
        row = rows.setdefault(key, Row(*key))
        row.calls += 1
        row.statuses[exchange.status] += 1
        place = f"{exchange.method} {exchange.path} {exchange.status}"
        found = _header_faults(exchange)
        documented = document.faults(exchange)
        if documented is not None:
            row.schemas += 1
            found += documented
        recorded = golden.faults(exchange) if golden else None
        if recorded is not None:
            row.recorded += 1
            found += recorded
        row.deviations += [f"{place}: {one}" for one in found]
    for row in rows.values():
        if not row.calls:
            row.deviations.append(f"{row.method} {row.path}: was not called")
    return list(rows.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check; 1 where anything deviates."""
    parser = argparse.ArgumentParser(description="Check a running simulator against an OpenAPI document.")
    parser.add_argument("url", help="origin of the simulator, without /v1")
    parser.add_argument("--openapi", type=Path, required=True, metavar="FILE", help="OpenAPI document (JSON)")
    parser.add_argument("--golden", type=Path, metavar="DIR", help="folder of recorded shapes and refusals")
    parser.add_argument("--ca", metavar="FILE", help="certificate authority to trust, for https")
    parser.add_argument("--without-v1", action="store_true", help="leave /v1 out of the requests")
    arguments = parser.parse_args(argv)

    document = Document(json.loads(arguments.openapi.read_text(encoding="utf-8")))
    golden = Golden(arguments.golden) if arguments.golden else None
    caller = exercise.Caller(arguments.url, prefix="" if arguments.without_v1 else "/v1", cafile=arguments.ca)
    rows = check(exercise.everything(caller), document, golden)
    print(f"{'operation':76} {'calls':>5}  {'statuses':12} {'schema':>6} {'golden':>6}")
    for row in rows:
        statuses = " ".join(str(status) for status in sorted(row.statuses))
        mark = f"{len(row.deviations)} deviations" if row.deviations else "ok"
        name = f"{row.method:6} {row.path}"
        print(f"{name:76} {row.calls:5}  {statuses:12} {row.schemas:6} {row.recorded:6}  {mark}")
    deviations = [one for row in rows for one in row.deviations]
    deviations += [f"{name}: is recorded and was not met" for name in (golden.unmet() if golden else ())]
    for one in dict.fromkeys(deviations):
        print(f"  {one}")
    print(f"{len(rows)} operations, {sum(row.calls for row in rows)} calls, {len(deviations)} deviations")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
