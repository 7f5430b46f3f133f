"""Metrics: what is counted, under labels of bounded number, and what is told without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tintype import catalogue
from tintype.domain import errors
from tintype.observing import Begun, Ended
from tintype.service.standing import Alerts, Booked, Fleet, Left, Open, Pace, Standing, Waiting
from tintype.telemetry.metrics import Meters
from tintype.telemetry.standing import Families

FLUX = "black-forest-labs/flux-schnell"


@pytest.fixture
def meters() -> Meters:
    return Meters(catalogue.load())


def _read(text: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the samples by name and by the values of their labels, in the order of the labels' names."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = (
                sample.value
            )
    return found


def _begun(model: str = FLUX, **changes: Any) -> Begun:
    facts: dict[str, Any] = {
        "id": "01k",
        "kind": "image",
        "key_id": "key-of-ada",
        "estimate_nano_usd": 3_000_000,
        "hold_nano_usd": 3_000_000,
        "prompt": "a boat",
    }
    return Begun(model=model, **{**facts, **changes})


def _ended(model: str = FLUX, **changes: Any) -> Ended:
    facts: dict[str, Any] = {
        "id": "01k",
        "kind": "image",
        "key_id": "key-of-ada",
        "state": "succeeded",
        "cost_nano_usd": 3_000_000,
        "created_at": datetime.now(UTC),
        "seconds": 4.0,
    }
    return Ended(model=model, **{**facts, **changes})


def test_the_seed_documents_metrics_are_there_from_the_start(meters: Meters) -> None:
    """With its names, and without labels, so that its queries find them."""
    told = _read(meters.text())

    for kind in ("image", "video"):
        assert told[f"replicate_{kind}_requests_total"] == {(): 0.0}
        assert told[f"replicate_{kind}_duration_seconds_count"] == {(): 0.0}


def test_generations_are_counted_by_kind_model_and_end(meters: Meters) -> None:
    meters.begun(_begun())
    meters.begun(_begun(kind="video"))
    meters.ended(_ended())
    meters.ended(_ended(state="failed", cost_nano_usd=0))
    meters.ended(_ended(cached_from="01j", cost_nano_usd=0))

    told = _read(meters.text())

    assert told["replicate_image_requests_total"][()] == 1
    assert told["replicate_video_requests_total"][()] == 1
    assert told["replicate_image_duration_seconds_sum"][()] == 4.0
    assert told["tintype_generations_ended_total"] == {(FLUX, "succeeded"): 2.0, (FLUX, "failed"): 1.0}
    assert told["tintype_cost_usd_total"][(FLUX,)] == pytest.approx(0.003)
    assert told["tintype_cached_total"][(FLUX,)] == 1


def test_no_label_grows_with_what_callers_send(meters: Meters) -> None:
    """Models outside the catalogue are one label; methods and paths that nobody foresaw too; no key is named."""
    for number in range(50):
        meters.begun(_begun(f"somebody/model-{number}"))
        meters.answered(f"BREW{number}", None, 404, 0.01)
    meters.begun(_begun("flux_schnell"))

    told = _read(meters.text())

    assert told["tintype_generations_started_total"] == {("other",): 50.0, (FLUX,): 1.0}
    assert told["tintype_http_requests_total"] == {("other", "none", "404"): 50.0}
    assert b"key-of-ada" not in meters.text()


def test_calls_of_upstream_are_counted_by_what_came_of_them(meters: Meters) -> None:
    """HTTP's status where there was one, else the error's own word; what is raised passes through."""
    with meters.call("predictions.get"):
        pass
    for error in (errors.RateLimited("slow", status=429), errors.OutcomeUnknown("who knows")):
        with pytest.raises(type(error)), meters.call("predictions.create"):
            raise error

    told = _read(meters.text())["tintype_upstream_requests_total"]

    assert told == {
        ("predictions.get", "ok"): 1.0,
        ("predictions.create", "429"): 1.0,
        ("predictions.create", "outcome_unknown"): 1.0,
    }


def test_a_job_that_fails_is_counted_and_fails_all_the_same(meters: Meters) -> None:
    with pytest.raises(ZeroDivisionError), meters.job("capture", "01k"):
        _ = 1 / 0

    told = _read(meters.text())
    assert told["tintype_job_seconds_count"] == {("capture",): 1.0}
    assert told["tintype_jobs_failed_total"] == {("capture",): 1.0}


def _told(standing: Standing | None) -> dict[str, dict[tuple[str, ...], float]]:
    registry = CollectorRegistry()
    registry.register(Families(standing, lambda name: name if name == FLUX else "other"))
    return _read(generate_latest(registry))


def test_a_database_that_is_away_is_told_and_nothing_is_made_up() -> None:
    assert _told(None) == {"tintype_database_up": {(): 0.0}}


def test_how_things_stand_is_told_in_dollars_and_seconds() -> None:
    standing = Standing(
        open=(
            Open("running", FLUX, 2, 6_000_000),
            Open("queued", "a/one", 1, 1_000_000_000),
            Open("queued", "a/two", 3, 0),
        ),
        queues=(Waiting("submit", 4, 1, 2.5),),
        limits=(Left("all", "money", "day", 5_000_000_000, 0), Left("key", "images", "month", 0, 1)),
        lanes=(Pace("creates", 600, 6.0, 12.0),),
        booked=(Booked("charge", 3_000_000),),
        alerts=(Alerts("retention", 2),),
        fleet=Fleet(workers=3, callbacks=7),
    )

    told = _told(standing)

    assert told["tintype_generations"] == {(FLUX, "running"): 2.0, ("other", "queued"): 4.0}
    assert told["tintype_held_usd"] == {(): pytest.approx(1.006)}
    assert told["tintype_budget_left_usd"] == {("day", "all"): 5.0}
    assert told["tintype_quota_left"] == {("images", "month", "key"): 0.0}
    assert told["tintype_limits_used_up"][("images", "month", "key")] == 1.0
    assert told["tintype_queue_depth"][("submit",)] == 4.0
    assert told["tintype_queue_depth"][("capture",)] == 0.0
    assert told["tintype_queue_oldest_seconds"][("submit",)] == 2.5
    assert told["tintype_throttle_permits_per_minute"] == {("creates",): 6.0}
    assert told["tintype_throttle_paused_seconds"] == {("creates",): 12.0}
    assert (told["tintype_workers"][()], told["tintype_callbacks_owed"][()]) == (3.0, 7.0)
