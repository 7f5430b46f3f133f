"""What a create of unknown outcome may have bought: by webhook, else by time, what was run, and plain inputs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tintype.domain.errors import SentCreate
from tintype.replicate import finding
from tintype.replicate.results import Prediction

SENT_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOOK = "https://example.com/hook?token=1"


def _sent(**facts: Any) -> SentCreate:
    known: dict[str, Any] = {
        "path": "/models/owner/name/predictions",
        "model": "owner/name",
        "version": None,
        "deployment": None,
        "input": {"prompt": "a", "seed": 1},
        "webhook": None,
        "sent_at": SENT_AT,
        "ended_at": SENT_AT + timedelta(seconds=5),
    }
    return SentCreate(**{**known, **facts})


def _listed(*, after_s: float = 1.0, **facts: Any) -> Prediction:
    known: dict[str, Any] = {
        "id": "p1",
        "status": "processing",
        "model": "owner/name",
        "version": "hidden",
        "input": {"prompt": "a", "seed": 1},
        "created_at": SENT_AT + timedelta(seconds=after_s),
    }
    return Prediction.model_validate({**known, **facts})


def test_the_same_model_and_input_in_the_time_is_a_candidate() -> None:
    assert finding.candidates(_sent(), [_listed()]) == [_listed()]


@pytest.mark.parametrize(
    "other",
    [
        _listed(after_s=-121),
        _listed(after_s=60),
        _listed(model="owner/other"),
        _listed(input={"prompt": "b", "seed": 1}),
        _listed(webhook="https://example.com/other"),
        _listed(deployment="owner/own"),
    ],
    ids=["before", "after", "model", "input", "webhook", "deployment"],
)
def test_another_time_model_input_or_webhook_is_none(other: Prediction) -> None:
    assert finding.candidates(_sent(), [other]) == []


def test_an_equal_webhook_decides_alone() -> None:
    mine = _listed(webhook=HOOK, input={}, after_s=-500)

    assert finding.candidates(_sent(webhook=HOOK), [_listed(), mine]) == [mine]


def test_a_webhook_that_upstream_does_not_echo_decides_nothing() -> None:
    assert finding.candidates(_sent(webhook=HOOK), [_listed()]) == [_listed()]
    assert finding.candidates(_sent(webhook=HOOK), [_listed(webhook=None)]) == []


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ({"image": "data:image/png;base64,AAAA"}, {"image": "https://replicate.delivery/x.png"}),
        ({"openai_api_key": "sk-1"}, {"openai_api_key": "**********"}),
        ({"images": ["https://a.test/1.png"]}, {"images": ["https://b.test/1.png"]}),
        ({"prompt": "a", "image": "data:,x"}, {"prompt": "a"}),
    ],
    ids=["file", "secret", "files", "removed"],
)
def test_files_secrets_and_removed_values_count_as_equal(
    sent: dict[str, Any], echoed: dict[str, Any]
) -> None:
    assert finding.equal(sent, echoed)


def test_data_that_is_gone_rules_nothing_out() -> None:
    gone = _listed(input={}, data_removed=True)

    assert finding.candidates(_sent(), [gone]) == [gone]


def test_time_is_reckoned_by_the_upstreams_clock() -> None:
    """Upstream is ten minutes ahead, known from before, or from the `Date` of the answer."""
    listed = _listed(after_s=601)

    assert finding.candidates(_sent(clock_ahead_s=600.0), [listed]) == [listed]
    assert finding.candidates(_sent(upstream_date=SENT_AT + timedelta(seconds=605)), [listed]) == [listed]
    assert finding.since(_sent(clock_ahead_s=600.0)) == SENT_AT + timedelta(seconds=480)


def test_versions_and_deployments_are_compared_as_what_they_are() -> None:
    version, other = "a" * 64, "b" * 64

    found = finding.candidates(
        _sent(model=None, version=version), [_listed(version=version), _listed(id="p2", version=other)]
    )
    deployed = finding.candidates(_sent(model=None, deployment="me/mine"), [_listed(deployment="me/mine")])

    assert [one.id for one in found] == ["p1"]
    assert len(deployed) == 1
