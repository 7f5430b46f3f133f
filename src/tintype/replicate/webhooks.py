"""Webhooks that Replicate sends: checked by signature and age, then read.

Every delivery carries an id that stays the same when it is repeated: keep it to know a repetition. A late
delivery may be older than what is known already; a prediction that has ended never goes back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tintype.domain.errors import ConfigurationError, WebhookRefused
from tintype.replicate.results import Prediction
from tintype.replicate.wire import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TOLERANCE_S = 300.0
"""How far a webhook's own time may be from ours."""
_PREFIX = "whsec_"
_HEADER_MAX = 8_192
# Dots part id, time and body under the signature: an id with dots could pass off a piece of the body as the time.
_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Verified:
    """A webhook that passed: its id, the same for every repetition, and when it was sent, in Unix seconds."""

    id: str
    timestamp: int


def verify(
    headers: Mapping[str, str],
    body: bytes | str,
    secret: str | Iterable[str],
    tolerance_s: float = TOLERANCE_S,
    *,
    now: float | None = None,
) -> Verified:
    """Check that a webhook is from Replicate, unchanged and fresh.

    `body` is the raw body, `secret` one `whsec_…` or several while they are being changed; any that fits will
    do. Comparison takes the same time wherever signatures differ. `now` is in Unix seconds.
    Raises WebhookRefused, and ConfigurationError for a secret that is none.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret or ())]
    if not keys:
        raise ConfigurationError("no webhook secret was given; ask for it with client.webhooks.secret()")
    given = _headers(headers)
    id_, stamp = given["webhook-id"], given["webhook-timestamp"]
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise WebhookRefused("the webhook-timestamp header is not a number of seconds")
    if not _ID.fullmatch(id_):
        raise WebhookRefused("the webhook-id header is malformed: it is letters, digits, _ and -")
    age_s = (time.time() if now is None else now) - int(stamp)
    if not abs(age_s) <= tolerance_s:
        raise WebhookRefused(
            f"the webhook is {abs(age_s):.0f} s {'old' if age_s > 0 else 'ahead'}; it may be a replay"
        )
    raw = body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)
    message = b".".join((id_.encode(), stamp.encode(), raw))
    expected = [hmac.digest(key, message, hashlib.sha256) for key in keys]
    fits = False
    for signature in _signatures(given["webhook-signature"]):
        for one in expected:
            fits |= hmac.compare_digest(one, signature)
    if not fits:
        raise WebhookRefused(
            "no signature of the webhook fits: it is not from Replicate, or was changed on its way"
        )
    return Verified(id=id_, timestamp=int(stamp))


def parse(body: bytes | str) -> Prediction:
    """Read the body of a webhook as the prediction it tells of. Raises WebhookRefused for anything else."""
    try:
        return Prediction.model_validate_json(body)
    except ValidationError as fault:
        raise WebhookRefused("the webhook's body is not a prediction") from plain(fault)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, object] = {str(name).lower(): value for name, value in headers.items()}
    found: dict[str, str] = {}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        value = given.get(name, "")
        if not isinstance(value, str):
            raise WebhookRefused(f"the {name} header is malformed: it is no text")
        text = found[name] = value.strip()
        if not text:
            raise WebhookRefused(f"the {name} header is missing")
        if len(text) > _HEADER_MAX or not text.isascii() or not text.isprintable():
            raise WebhookRefused(f"the {name} header is malformed")
    return found


def _signatures(header: str) -> list[bytes]:
    """The `v1` signatures of a header; other versions are passed over. Raises WebhookRefused without any."""
    found: list[bytes] = []
    for entry in header.split():
        version, comma, text = entry.partition(",")
        if not comma:
            raise WebhookRefused("the webhook-signature header is malformed: write version,signature")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise WebhookRefused(
                "the webhook-signature header is malformed: a signature is not base64"
            ) from None
    if not found:
        raise WebhookRefused("the webhook-signature header holds no v1 signature")
    return found


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        raise ConfigurationError(
            f"a webhook secret starts with {_PREFIX}; ask for it with client.webhooks.secret()"
        )
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            "the webhook secret is not base64 after its prefix; it was cut or changed"
        ) from None
    if not key:
        raise ConfigurationError("the webhook secret is empty after its prefix")
    return key
