"""Looking for what a create of unknown outcome may have bought: by webhook, then by time, model and input. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.errors import SentCreate
    from tintype.replicate.results import Prediction

BEFORE_S = 120.0
"""How far before the sending the list is read, by upstream's clock."""
_AFTER_S = 30.0


def since(sent: SentCreate) -> datetime:
    """The moment of upstream's clock back to which the list is to be read."""
    return sent.sent_at + timedelta(seconds=_ahead_s(sent) - BEFORE_S)


def candidates(sent: SentCreate, listed: list[Prediction]) -> list[Prediction]:
    """The predictions that may be what the create bought, oldest first.

    A webhook decides where upstream names it: equal is a match, another one rules a prediction out. Without it
    count time (from 120 s before the sending to 30 s after the failure, by upstream's clock), what was run, and
    the plain values of the input; files, secrets and removed values count as equal.
    """
    named = [one for one in listed if sent.webhook is not None and one.webhook == sent.webhook]
    if named:
        return _in_order(named)
    return _in_order([one for one in listed if _fits(sent, one)])


def _fits(sent: SentCreate, one: Prediction) -> bool:
    if one.webhook is not None and one.webhook != sent.webhook:
        return False
    if one.webhook is None and sent.webhook is not None and "webhook" in one.model_fields_set:
        return False
    if one.created_at is not None:
        ahead = timedelta(seconds=_ahead_s(sent))
        latest = sent.ended_at + ahead + timedelta(seconds=_AFTER_S)
        if not since(sent) <= one.created_at <= latest:
            return False
    return _is_same_target(sent, one) and (one.data_removed or equal(sent.input, one.input or {}))


def _is_same_target(sent: SentCreate, one: Prediction) -> bool:
    if sent.deployment is not None:
        return one.deployment in {None, sent.deployment}
    if one.deployment is not None:
        return False
    if sent.version is not None:
        return one.version in {None, sent.version, "hidden"} and sent.model in {None, one.model}
    return sent.model == one.model


def equal(sent: Mapping[str, Any], echoed: Mapping[str, Any]) -> bool:
    """Whether an echoed input is the one that was sent, as far as its values are plain."""
    return all(
        _same(sent.get(name, echoed.get(name)), echoed.get(name, sent.get(name))) for name in {*sent, *echoed}
    )


def _same(sent: Any, echoed: Any) -> bool:
    if _is_hidden(sent) or _is_hidden(echoed):
        return True
    if isinstance(sent, dict) and isinstance(echoed, dict):
        return equal(sent, echoed)
    if isinstance(sent, list) and isinstance(echoed, list):
        return len(sent) == len(echoed) and all(map(_same, sent, echoed))
    return bool(sent == echoed)


def _is_hidden(value: Any) -> bool:
    """Whether a value is a file or was redacted, so that its text says nothing."""
    if value is None:
        return True
    return isinstance(value, str) and (
        value.startswith(("data:", "http://", "https://"))
        or (len(value) > 2 and not value.strip("*"))
        or value.strip("[]<>").lower() == "redacted"
    )


def _ahead_s(sent: SentCreate) -> float:
    if sent.upstream_date is not None:
        return (sent.upstream_date - sent.ended_at).total_seconds()
    return sent.clock_ahead_s or 0.0


def _in_order(found: list[Prediction]) -> list[Prediction]:
    return sorted(
        found, key=lambda one: (one.created_at is None, one.created_at.timestamp() if one.created_at else 0.0)
    )
