"""The control paths: what a test does to a simulator, and the document that describes it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract import wire
from tintype.simulator import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tintype.testing import Simulator


@pytest.fixture
def document(simulator: Simulator) -> dict[str, Any]:
    """The OpenAPI document of the control operations."""
    answer: dict[str, Any] = wire.send(simulator.url, "GET", "/_sim/openapi.json").json()
    return answer


def _validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({"components": document["components"], **schema})


def _resolved(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in item:
        return item
    _, _, kind, name = item["$ref"].split("/")
    found: dict[str, Any] = document["components"][kind][name]
    return found


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield the place, the schema and the value of every example."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            answers = [_resolved(document, answer) for answer in operation["responses"].values()]
            for part in bodies + answers:
                for content in part.get("content", {}).values():
                    values = [one["value"] for one in content.get("examples", {}).values()]
                    for value in [*values, *([content["example"]] if "example" in content else [])]:
                        yield f"{method} {path}", content["schema"], value


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    """And every schema is one."""
    examples = list(_examples(document))

    assert document["openapi"].startswith("3.1")
    assert len(examples) >= 10
    for place, schema, value in examples:
        assert list(_validator(document, schema).iter_errors(value)) == [], place
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_what_is_documented_is_there(simulator: Simulator, document: dict[str, Any]) -> None:
    """Each operation answers with a documented status and a body that its schema allows."""
    wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [one["value"] for one in content.get("examples", {}).values()] or [
                content.get("example")
            ]
            for body in [*examples, *([{"wrong": 1}] if content else [])]:
                seen = wire.send(simulator.url, method.upper(), path, body=body)
                answer = _resolved(document, operation["responses"][str(seen.status)])
                for media_type, stated in answer.get("content", {}).items():
                    assert seen.headers["content-type"].startswith(media_type)
                    assert list(_validator(document, stated["schema"]).iter_errors(seen.json())) == [], path


def test_rules_are_documented_whole(document: dict[str, Any]) -> None:
    """Every field of a rule, every act, every default."""
    schema = document["components"]["schemas"]["Rule"]["properties"]

    assert set(schema) == {one.name for one in dataclasses.fields(rules.Rule)}
    assert set(schema["do"]["enum"]) == {act for acts in rules.ACTS.values() for act in acts}
    assert schema["on"]["enum"] == list(rules.ACTS)
    for one in dataclasses.fields(rules.Rule):
        if "default" in schema[one.name]:
            assert schema[one.name]["default"] == one.default


def test_bills_tell_each_prediction(simulator: Simulator) -> None:
    """Free ones too; of all accounts, or of one."""
    other = simulator.new_token()
    wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})
    wire.create(simulator.url, simulator.token, "[[fail=no]]", headers={"Prefer": "wait"})
    wire.create(simulator.url, other, "[[delay=50]]")

    everyone, one = simulator.bills(), simulator.bills(simulator.token)

    assert (everyone["predictions"], one["predictions"]) == (3, 2)
    assert everyone["total_usd"] == one["total_usd"] == "0.003"
    assert [(item["status"], item["usd"]) for item in one["items"]] == [
        ("succeeded", "0.003"),
        ("failed", "0.00"),
    ]
    assert {item["token"] for item in one["items"]} == {simulator.token}
    assert everyone["items"][2]["status"] in ("starting", "processing")
    assert simulator.bills("r8_nobody") == {"predictions": 0, "total_usd": "0.00", "items": []}


def test_what_was_billed_is_taken_from_the_credit(simulator: Simulator) -> None:
    """To the nano-dollar."""
    simulator.credit("7.5")

    wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})

    assert Decimal(simulator.account()["credit_usd"]) == Decimal("7.497")


def test_reset_forgets_everything_but_the_time(simulator: Simulator) -> None:
    """Predictions, files, accounts, faults."""
    simulator.account(username="alice")
    wire.create(simulator.url, simulator.token, headers={"Prefer": "wait"})
    simulator.faults([{"do": "delay", "path": "/never"}])
    simulator.advance(5_000)
    before = simulator.health()

    simulator.reset()

    after = simulator.health()
    assert (before["predictions"], before["accounts"]) == (1, 1)
    assert (after["predictions"], after["accounts"], after["running"]) == (0, 0, 0)
    assert after["now"] >= before["now"]
    assert simulator.fired() == []
    assert simulator.account()["username"] != "alice"


def test_every_request_is_counted_and_those_under_way_too(simulator: Simulator) -> None:
    """Whatever becomes of it; the control paths are left out."""
    simulator.faults([{"do": "reset", "path": "/hardware"}])
    wire.send(simulator.url, "GET", "/v1/account", token=simulator.token)
    wire.send(simulator.url, "GET", "/hardware", token=simulator.token)

    health = simulator.health()

    assert (health["requests"], health["under_way"]) == (2, 0)
    simulator.reset()
    assert simulator.health()["requests"] == 0


def test_the_clock_stops_short_of_times_that_cannot_be_written(simulator: Simulator) -> None:
    """Years have four digits; a step beyond them is refused, and the simulator goes on answering."""
    step = {"advance_s": 315_360_000}
    seen = [wire.send(simulator.url, "POST", "/_sim/clock", body=step) for _ in range(720)]

    assert seen[0].status == 200
    assert (seen[-1].status, seen[-1].json()["field"]) == (422, "advance_s")
    assert wire.create(simulator.url, simulator.token).status == 201


def test_accounts_can_be_named(simulator: Simulator) -> None:
    """What is set is what the account shows; a name belongs to one account."""
    simulator.account(username="acme", name="Acme Ltd.", type="organization")

    shown = wire.send(simulator.url, "GET", "/v1/account", token=simulator.token).json()
    taken = wire.send(simulator.url, "POST", "/_sim/accounts", body={"token": "r8_other", "username": "acme"})

    assert (shown["type"], shown["username"], shown["name"]) == ("organization", "acme", "Acme Ltd.")
    assert (taken.status, taken.json()["field"]) == (422, "username")


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("clock", {}, 422, "advance_s"),
        ("clock", {"advance_s": -1}, 422, "advance_s"),
        ("clock", {"advance_s": "1"}, 422, "advance_s"),
        ("clock", {"advance_s": True}, 422, "advance_s"),
        ("clock", {"advance_s": 1e300}, 422, "advance_s"),
        ("clock", {"advance": 1}, 422, "advance"),
        ("accounts", {}, 422, "token"),
        ("accounts", {"token": "sk-1"}, 422, "token"),
        ("accounts", {"token": "r8_a\0"}, 422, "token"),
        ("accounts", {"token": "r8_a", "credit_usd": "much"}, 422, "credit_usd"),
        ("accounts", {"token": "r8_a", "credit_usd": -1}, 422, "credit_usd"),
        ("accounts", {"token": "r8_a", "credit_usd": "NaN"}, 422, "credit_usd"),
        ("accounts", {"token": "r8_a", "username": "a/b"}, 422, "username"),
        ("accounts", {"token": "r8_a", "type": "robot"}, 422, "type"),
        ("faults", {}, 422, "rules"),
        ("faults", {"rules": [{}]}, 422, "rules[0].do"),
        ("faults", {"rules": [], "seed": -1}, 422, "seed"),
        ("faults", {"rules": [], "speed": 1}, 422, "speed"),
        ("faults", b"{", 400, None),
        ("faults", b"[]", 422, None),
    ],
)
def test_wrong_control_is_refused_by_its_field(
    simulator: Simulator, path: str, body: Any, status: int, field: str | None
) -> None:
    """A problem, never an error of the server, and nothing changes."""
    seen = wire.send(simulator.url, "POST", f"/_sim/{path}", body=body)

    assert seen.status == status
    assert seen.headers["content-type"] == "application/problem+json"
    assert seen.json().get("field") == field
    assert simulator.health()["accounts"] == 0
