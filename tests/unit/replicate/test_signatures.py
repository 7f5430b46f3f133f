"""Both clients have the same methods, and every operation of the API has one."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tintype import AsyncClient, Client
from tintype.replicate import steps
from tintype.replicate.outputs import AsyncOutput, Output

BLOCKING, AWAITING = Client("r8_x"), AsyncClient("r8_x")
PARTS = [
    "account",
    "collections",
    "deployments",
    "files",
    "hardware",
    "models",
    "predictions",
    "trainings",
    "versions",
    "webhooks",
]


def _methods(thing: Any) -> dict[str, inspect.Signature]:
    found = {}
    for name in dir(type(thing)):
        value = getattr(thing, name)
        if not name.startswith("_") and callable(value):
            found[name] = inspect.signature(value)
    return found


def _parameters(thing: Any) -> dict[str, list[tuple[str, Any, Any]]]:
    return {
        name: [(one.name, one.kind, one.default) for one in signature.parameters.values()]
        for name, signature in _methods(thing).items()
    }


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_the_same_methods_in_both_clients(part: str) -> None:
    assert _parameters(getattr(BLOCKING, part)) == _parameters(getattr(AWAITING, part))


def test_the_clients_differ_in_how_they_close_alone() -> None:
    ours, theirs = _parameters(BLOCKING), _parameters(AWAITING)

    assert ours.pop("close") == theirs.pop("aclose") == []
    assert ours == theirs
    assert inspect.signature(Client).replace(return_annotation=None) == inspect.signature(
        AsyncClient
    ).replace(return_annotation=None)


def test_outputs_have_the_same_methods_in_both_clients() -> None:
    assert {name for name in dir(Output) if name[0] != "_"} == {
        name for name in dir(AsyncOutput) if name[0] != "_"
    }


def test_every_method_is_written_once() -> None:
    """What both share is declared on the class above them."""
    for part in PARTS:
        ours, theirs = type(getattr(BLOCKING, part)), type(getattr(AWAITING, part))
        for name, declared in vars(ours.__mro__[1]).items():
            if isinstance(declared, steps.operation | steps.iteration):
                assert inspect.getattr_static(theirs, name) is declared


def test_every_method_says_what_it_does() -> None:
    for part in [BLOCKING, *(getattr(BLOCKING, name) for name in PARTS)]:
        for name in _methods(part):
            assert inspect.getdoc(getattr(type(part), name)), name
            assert getattr(part, name).__doc__, name


def test_every_operation_of_the_api_has_a_method() -> None:
    expected = {
        "account": "get",
        "collections": "get list",
        "deployments": "create delete get list update",
        "files": "create delete download get list",
        "hardware": "list",
        "models": "create delete examples get list readme search update",
        "predictions": "cancel create get list",
        "trainings": "cancel create get list",
        "versions": "delete get list",
        "webhooks": "secret",
    }

    for part, names in expected.items():
        assert set(names.split()) <= set(_methods(getattr(BLOCKING, part)))
    assert {"run", "search", "stream"} <= set(_methods(BLOCKING))
