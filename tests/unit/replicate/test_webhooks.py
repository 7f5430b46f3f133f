"""Webhooks are believed only when signature, age and headers are right."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import webhooks
from tintype.domain.errors import ConfigurationError, WebhookRefused

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER = "whsec_" + base64.b64encode(b"another key of enough bytes").decode()
BODY = b'{"id":"ufawqhfynnddngldkgtslldrkq","status":"succeeded"}'
NOW = 1_700_000_000.0
SIGNATURE = "v1,wq8AtVGnHuOdlFY2N0tPpIcl++fImT4s0HiIc21aBZA="
HEADERS = {"webhook-id": "msg_test_0001", "webhook-timestamp": "1700000000", "webhook-signature": SIGNATURE}


def test_the_known_signature_passes() -> None:
    """A vector that both official SDKs accept."""
    verified = webhooks.verify(HEADERS, BODY, SECRET, now=NOW)

    assert verified == webhooks.Verified(id="msg_test_0001", timestamp=1_700_000_000)


def test_header_names_are_read_in_any_case_and_bodies_as_text_too() -> None:
    shouted = {name.upper(): value for name, value in HEADERS.items()}

    assert webhooks.verify(shouted, BODY.decode(), SECRET, now=NOW).id == "msg_test_0001"


def test_one_right_signature_among_others_is_enough() -> None:
    headers = {**HEADERS, "webhook-signature": f"v1,AAAA v2,whatever {SIGNATURE}"}

    assert webhooks.verify(headers, BODY, SECRET, now=NOW).timestamp == int(NOW)


def test_old_and_new_secret_both_pass_while_they_are_changed() -> None:
    assert webhooks.verify(HEADERS, BODY, [OTHER, SECRET], now=NOW).timestamp == int(NOW)
    with pytest.raises(WebhookRefused, match="no signature"):
        webhooks.verify(HEADERS, BODY, [OTHER], now=NOW)


@pytest.mark.parametrize("body", [BODY + b" ", b"", BODY.replace(b"succeeded", b"failed")])
def test_a_changed_body_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused, match="no signature"):
        webhooks.verify(HEADERS, body, SECRET, now=NOW)


@pytest.mark.parametrize("now", [NOW + 301, NOW - 301])
def test_a_webhook_of_another_time_is_refused(now: float) -> None:
    with pytest.raises(WebhookRefused, match="replay"):
        webhooks.verify(HEADERS, BODY, SECRET, now=now)
    assert webhooks.verify(HEADERS, BODY, SECRET, tolerance_s=400, now=now).timestamp == int(NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "\x00"),
        ("webhook-id", None),
        ("webhook-id", "msg.1"),
        ("webhook-timestamp", 1_700_000_000),
        ("webhook-signature", [SIGNATURE]),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "٣"),
        ("webhook-timestamp", "9" * 40),
        ("webhook-signature", ""),
        ("webhook-signature", "wq8A"),
        ("webhook-signature", "v1,not base64"),
        ("webhook-signature", "v1,ö"),
        ("webhook-signature", "v2,AAAA"),
        ("webhook-signature", "v1," * 10_000),
    ],
)
def test_a_malformed_header_is_a_clear_refusal(name: str, value: Any) -> None:
    with pytest.raises(WebhookRefused, match="webhook") as caught:
        webhooks.verify({**HEADERS, name: value}, BODY, SECRET, now=NOW)

    assert caught.value.code == "webhook_refused"


def test_a_piece_of_an_old_body_never_stands_for_the_time() -> None:
    """Under the signature id, time and body are parted by dots: the same bytes, parted elsewhere, are a replay."""
    old, key = b'{"prompt":"a.1700000000.b"}', base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, b"msg_1.1600000000." + old, hashlib.sha256).digest()
    moved = {"webhook-id": 'msg_1.1600000000.{"prompt":"a', "webhook-timestamp": "1700000000"}

    with pytest.raises(WebhookRefused, match="malformed"):
        webhooks.verify(
            {**moved, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"},
            b'b"}',
            SECRET,
            now=NOW,
        )


def test_a_body_that_is_no_unicode_and_a_tolerance_that_is_no_number_refuse() -> None:
    with pytest.raises(WebhookRefused, match="no signature"):
        webhooks.verify(HEADERS, "\ud800", SECRET, now=NOW)
    with pytest.raises(WebhookRefused, match="replay"):
        webhooks.verify(HEADERS, BODY, SECRET, tolerance_s=float("nan"), now=NOW + 9_999)


@pytest.mark.parametrize("missing", list(HEADERS))
def test_a_missing_header_is_named(missing: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    with pytest.raises(WebhookRefused, match=missing):
        webhooks.verify(headers, BODY, SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "MDEy", [], ["whsec_!"], None])
def test_a_secret_that_is_none_is_a_fault_of_the_settings(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        webhooks.verify(HEADERS, BODY, secret, now=NOW)


@given(st.binary(max_size=200), st.text("abc+/=,v12 ", max_size=60))
def test_nothing_but_the_right_signature_ever_passes(body: bytes, signature: str) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    message = b"msg_test_0001.1700000000." + body
    right = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()

    webhooks.verify({**HEADERS, "webhook-signature": f"v1,{right}"}, body, SECRET, now=NOW)
    with pytest.raises(WebhookRefused):
        webhooks.verify({**HEADERS, "webhook-signature": signature}, body, SECRET, now=NOW)


def test_the_body_is_read_as_a_prediction() -> None:
    assert webhooks.parse(BODY).status == "succeeded"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', "☃"])
def test_a_body_that_tells_of_no_prediction_is_refused(body: bytes | str) -> None:
    with pytest.raises(WebhookRefused):
        webhooks.parse(body)
