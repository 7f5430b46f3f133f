"""The simulator answers all 37 operations as `operations.toml` states, with and without `/v1`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype.testing import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exercise import Exchange

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "tools"
STATED = tomllib.loads((HERE / "operations.toml").read_text(encoding="utf-8"))
OPERATIONS = {(one["method"], one["path"]): one for one in STATED["operation"]}
LIMIT_HEADERS = ("ratelimit-remaining", "ratelimit-reset")


@pytest.fixture(scope="module", autouse=True)
def _tools() -> Iterator[None]:
    sys.path.insert(0, str(TOOLS))
    yield
    sys.path.remove(str(TOOLS))


@pytest.fixture(scope="module", params=["/v1", ""], ids=["with v1", "without v1"])
def exchanges(request: pytest.FixtureRequest, _tools: None) -> list[Exchange]:
    """Every operation called once or more on a fresh simulator."""
    import exercise  # noqa: PLC0415 - found through the fixture

    with simulator() as running:
        caller = exercise.Caller(running.url, prefix=request.param)
        return exercise.everything(caller, with_large_file=request.param == "/v1")


def test_the_api_has_37_operations() -> None:
    """The statement is whole, and no operation stands in it twice."""
    assert len(OPERATIONS) == len(STATED["operation"]) == 37
    assert len({one["name"] for one in STATED["operation"]}) == 37


def test_every_operation_is_called(exchanges: list[Exchange]) -> None:
    """Nothing below passes because it was not asked for."""
    called = {(one.method, one.path) for one in exchanges if not one.probe}

    assert called == set(OPERATIONS)


def test_every_answer_has_the_stated_status_media_type_and_headers(exchanges: list[Exchange]) -> None:
    """Success has one status for each operation; limits are told with every answer to an account."""
    for one in exchanges:
        if one.probe:
            continue
        stated = OPERATIONS[one.method, one.path]
        place = f"{stated['name']} {one.body if one.status >= 400 else ''}"
        assert one.status == stated["status"], place
        assert one.media_type == stated["content"], place
        wanted = {"date", *stated.get("headers", ()), *(() if stated.get("open") else LIMIT_HEADERS)}
        assert wanted <= one.headers.keys(), place
        if one.media_type == "application/json":
            assert one.headers["content-type"] == "application/json; charset=UTF-8"


def test_every_answer_has_the_required_fields(exchanges: list[Exchange]) -> None:
    """Each stated field is there and of a stated type."""
    import shapes  # noqa: PLC0415 - found through the fixture

    for one in exchanges:
        if one.probe or one.media_type != "application/json":
            continue
        stated = OPERATIONS[one.method, one.path]
        assert shapes.faults(_fields(stated, shapes.Field), one.body) == [], stated["name"]


def test_waits_are_confirmed(exchanges: list[Exchange]) -> None:
    """`Preference-Applied` says which wish was granted; without a wish there is none."""
    for one in exchanges:
        assert one.headers.get("preference-applied") == (None if one.probe else one.sent.get("Prefer"))


def test_refusals_are_problems(exchanges: list[Exchange]) -> None:
    """A refusal has a status of 400 and more, and says in `detail` what was wrong."""
    probes = [one for one in exchanges if one.probe]

    assert {401, 402, 404, 422, 429} <= {one.status for one in probes}
    for one in probes:
        assert one.status >= 400
        expected = "application/json" if one.path == "/search" else "application/problem+json"
        assert one.media_type == expected
        assert one.body["detail"]
        assert one.body["status"] == one.status


def test_shapes_notice_what_is_missing_or_of_another_type() -> None:
    """The comparison itself finds faults; otherwise all of the above would mean nothing."""
    import shapes  # noqa: PLC0415 - found through the fixture

    fields = _fields({"shapes": [{"name": "file", "at": "results[]"}]}, shapes.Field)
    good: dict[str, Any] = {
        "id": "a",
        "name": "a",
        "content_type": "image/png",
        "size": 1,
        "etag": "a",
        "checksums": {"sha256": "a", "md5": "a"},
        "metadata": {},
        "created_at": "2026-01-01T00:00:00.000Z",
        "expires_at": "2026-01-02T00:00:00.000Z",
        "urls": {"get": "http://127.0.0.1/v1/files/a"},
    }

    assert shapes.faults(fields, {"results": [good]}) == []
    for name in good:
        lacking = {key: value for key, value in good.items() if key != name}
        assert shapes.faults(fields, {"results": [good, lacking]}) == [f"results[].{name}: is missing"]
        assert shapes.faults(fields, {"results": [{**good, name: True}]})
    assert shapes.faults(fields, {"results": [{**good, "created_at": "yesterday"}]})
    assert shapes.faults(fields, {"results": [{**good, "urls": {"get": "/v1/files/a"}}]})


def _fields(stated: dict[str, Any], field: Any) -> dict[str, Any]:
    """Return the fields of an operation: its own, and those of the shapes that it brings in."""
    known = dict(stated.get("fields", {}))
    for shape in stated.get("shapes", ()):
        at = f"{shape['at']}." if "at" in shape else ""
        known |= {f"{at}{path}": types for path, types in STATED["shapes"][shape["name"]].items()}
    return {
        path.rstrip("?"): field(frozenset(types.split("|")), optional=path.endswith("?"))
        for path, types in known.items()
    }
