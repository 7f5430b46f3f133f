"""Requests are built and replies read as the API means them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors
from tintype.replicate import results, wire

VERSION = "a" * 64


def _reply(status: int, body: Any = None, **headers: str) -> wire.Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("owner/name", wire.Target("/models/owner/name/predictions", model="owner/name")),
        (f"owner/name:{VERSION}", wire.Target("/predictions", model="owner/name", version=VERSION)),
        (VERSION, wire.Target("/predictions", version=VERSION)),
        ("black-forest-labs/flux-1.1-pro", None),
    ],
)
def test_a_reference_says_where_a_create_goes(ref: str, expected: wire.Target | None) -> None:
    assert wire.target(ref) == (expected or wire.Target(f"/models/{ref}/predictions", model=ref))


def test_a_deployment_has_a_path_of_its_own() -> None:
    assert wire.target(None, deployment="owner/name").path == "/deployments/owner/name/predictions"


@pytest.mark.parametrize(
    "ref",
    ["", "name", "owner/", "/name", "a/b/c", "owner/name:v1", "owner/name:", "owner/na me", "../x", "a/.."],
)
def test_a_reference_that_names_nothing_is_refused(ref: str) -> None:
    with pytest.raises(errors.InputError):
        wire.target(ref)


def test_exactly_one_way_of_saying_what_to_run_is_taken() -> None:
    with pytest.raises(errors.InputError, match="exactly one"):
        wire.target(None)
    with pytest.raises(errors.InputError, match="exactly one"):
        wire.target("owner/name", version=VERSION)
    with pytest.raises(errors.InputError, match="names no version"):
        wire.target(None, version="owner/name")


def test_a_create_says_all_that_was_asked() -> None:
    call = wire.create(
        wire.target(VERSION),
        {"prompt": "x"},
        wait_s=10,
        webhook="https://example.com/hook",
        webhook_events=["completed"],
        cancel_after_s=90,
        read_s=30,
    )

    assert json.loads(call.body or b"") == {
        "version": VERSION,
        "input": {"prompt": "x"},
        "webhook": "https://example.com/hook",
        "webhook_events_filter": ["completed"],
    }
    assert dict(call.headers) == {"Prefer": "wait=10", "Cancel-After": "90s"}
    assert call.read_s == 30
    assert wire.create(wire.target(VERSION), {}, wait_s=60, read_s=30).read_s == 70


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_s": 61},
        {"wait_s": -1},
        {"cancel_after_s": 4},
        {"cancel_after_s": float("nan")},
        {"webhook_events": ["completed"]},
        {"webhook": "https://example.com", "webhook_events": ["finished"]},
    ],
    ids=str,
)
def test_a_create_that_upstream_would_refuse_is_refused_here(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.InputError):
        wire.create(wire.target(VERSION), {}, **{"wait_s": None, "read_s": 30, **wrong})


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1, 2}, object(), "\ud800"],
    ids=["nan", "inf", "set", "object", "surrogate"],
)
def test_what_json_has_no_form_for_is_refused(value: object) -> None:
    with pytest.raises(errors.InputError, match="cannot be sent as JSON"):
        wire.dump({"value": value})


@pytest.mark.parametrize(
    ("status", "kind", "can_retry"),
    [
        (400, errors.InvalidInput, False),
        (401, errors.AuthenticationError, False),
        (402, errors.PaymentError, False),
        (403, errors.PermissionDenied, False),
        (404, errors.NotFound, False),
        (408, errors.ServerError, True),
        (413, errors.InvalidInput, False),
        (422, errors.InvalidInput, False),
        (429, errors.RateLimited, True),
        (500, errors.ServerError, True),
        (503, errors.ServerError, True),
        (301, errors.ServerError, True),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[errors.UpstreamError], *, can_retry: bool) -> None:
    for body in ({"detail": "it  was\nso"}, b"<html>", b"", [1], None):
        error = wire.problem(_reply(status, body), wire.Call("GET", "/account"))
        assert type(error) is kind
        assert (error.status, error.can_retry) == (status, can_retry)
    told = wire.problem(_reply(status, {"detail": "it  was\nso"}), wire.Call("GET", "/account"))
    assert status < 400 or "it was so" in str(told)


def test_invalid_fields_are_named() -> None:
    body = {
        "detail": "- input.steps: Must be less than or equal to 4\n",
        "invalid_fields": [
            {"type": "number_lte", "field": "input.steps", "description": "Must be less than or equal to 4"},
            "nonsense",
        ],
    }

    error = wire.problem(_reply(422, body), wire.Call("POST", "/predictions"))

    assert isinstance(error, errors.InvalidInput)
    assert error.fields == (
        errors.InvalidField("number_lte", "input.steps", "Must be less than or equal to 4"),
    )


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (_reply(429, {"retry_after": 7}), 7.0),
        (_reply(429, {"retry_after": 7}, retry_after="9"), 9.0),
        (_reply(503, b"", retry_after="3"), 3.0),
        (_reply(429, {"retry_after": "soon"}, retry_after="later"), None),
        (_reply(429, {"retry_after": -1}), None),
        (_reply(429, {"retry_after": True}), None),
        (
            _reply(
                429, b"", retry_after="Wed, 01 Jul 2099 10:00:00 GMT", date="Wed, 01 Jul 2026 10:00:00 GMT"
            ),
            86_400.0,
        ),
        (
            _reply(
                503, b"", retry_after="Wed, 01 Jul 2026 10:00:30 GMT", date="Wed, 01 Jul 2026 10:00:00 GMT"
            ),
            30.0,
        ),
    ],
)
def test_the_longer_of_header_and_body_says_when_to_come_again(
    reply: wire.Reply, seconds: float | None
) -> None:
    assert wire.retry_after_s(reply) == seconds


def test_unknown_fields_and_all_precisions_of_time_are_kept() -> None:
    body = {
        "id": "x",
        "status": "paused",
        "created_at": "2025-06-08T12:06:20.383588891Z",
        "metrics": {"predict_time": 1.5, "new": 2},
        "tomorrow": {"a": 1},
    }

    read = wire.prediction(_reply(200, body))

    assert read.created_at == datetime(2025, 6, 8, 12, 6, 20, 383588, tzinfo=UTC)
    assert read.model_extra == {"tomorrow": {"a": 1}}
    assert read.is_final is False
    with pytest.raises(ValueError, match="frozen"):
        read.status = "succeeded"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"status": "starting"}', b'{"id": "", "status": "x"}']
)
def test_an_answer_that_is_no_prediction_is_an_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(errors.ServerError, match="readable prediction") as caught:
        wire.prediction(_reply(201, body))

    assert caught.value.can_retry is True


def test_the_id_is_found_in_an_answer_that_was_cut() -> None:
    cut = b'{"id":"ufawqhfynnddngldkgtslldrkq","status":"star'

    assert wire.prediction_id(cut) == "ufawqhfynnddngldkgtslldrkq"
    assert wire.prediction_id(b'{"status":"starting"}') is None


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_answer_whatsoever_breaks_the_reading(body: bytes, status: int) -> None:
    """Any bytes are a record or a typed error."""
    reply = _reply(status, body)

    assert isinstance(wire.problem(reply, wire.Call("GET", "/x")), errors.UpstreamError)
    with suppress(errors.ServerError):
        assert isinstance(wire.read(results.Page[results.Prediction], reply), results.Page)


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_id_leaves_its_place_in_the_path(text: str) -> None:
    try:
        part = wire.part(text)
    except errors.InputError:
        return
    assert "/" not in part
    assert "?" not in part
    assert part not in {".", ".."}
