"""Every metric there is, with its labels: what the documents, the dashboard and the alert rules may name."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tintype import catalogue
from tintype.domain.errors import RateLimited
from tintype.observing import Begun, Ended
from tintype.service.standing import Alerts, Booked, Fleet, Left, Open, Pace, Standing, Waiting
from tintype.telemetry.metrics import Meters
from tintype.telemetry.standing import Families

MODEL = "black-forest-labs/flux-schnell"
STANDING = Standing(
    open=(Open("queued", MODEL, 1, 1),),
    queues=(Waiting("submit", 1, 1, 1.0),),
    limits=(Left("all", "money", "day", 1, 0), Left("key", "images", "month", 1, 0)),
    lanes=(Pace("creates", 600, 600.0, 0.0),),
    booked=(Booked("charge", 1),),
    alerts=(Alerts("retention", 1),),
    fleet=Fleet(1, 1),
)


def exposition() -> str:
    """Return the text of `/metrics` when everything has happened once."""
    meters = Meters(catalogue.load())
    begun = Begun(
        id="01k",
        model=MODEL,
        kind="image",
        key_id="local",
        estimate_nano_usd=1,
        hold_nano_usd=1,
        prompt=None,
    )
    meters.begun(begun)
    ended = Ended(
        id="01k",
        model=MODEL,
        kind="image",
        key_id="local",
        state="succeeded",
        cost_nano_usd=1,
        created_at=datetime.now(UTC),
        seconds=1.0,
        cached_from="01j",
    )
    meters.ended(ended)
    meters.refused("money")
    meters.unsure(MODEL)
    meters.found("webhook", 1.0)
    meters.webhook("new")
    meters.captured(MODEL, 1.0)
    meters.called_back("delivered", 1.0)
    meters.taken_over("submit")
    meters.answered("GET", "/healthz", 200, 0.1)
    with contextlib.suppress(RateLimited), meters.job("submit", "01k"), meters.call("predictions.create"):
        raise RateLimited("slow", status=429)
    registry = CollectorRegistry()
    registry.register(Families(STANDING, meters.model))
    return (meters.text() + generate_latest(registry)).decode()


def labels() -> dict[str, frozenset[str]]:
    """Return the names of all samples, each with the names of its labels."""
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(exposition()):
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                found[sample.name] = found.get(sample.name, frozenset()) | sample.labels.keys()
    return found


def families() -> dict[str, frozenset[str]]:
    """Return the metrics as they are documented, each with its own labels."""
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(exposition()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        own = frozenset(label for sample in family.samples for label in sample.labels)
        if not name.endswith("_created"):
            found[name] = own - {"le"}
    return found
