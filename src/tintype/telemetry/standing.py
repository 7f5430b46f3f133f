"""What the database knows, as families of metrics: the same whichever process is asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tintype.domain.money import NANO_PER_USD
from tintype.engine.app import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from tintype.service.standing import Standing


class Families(Collector):
    """Tells how things stand; None when the database did not answer. `model` gives a model's label."""

    def __init__(self, standing: Standing | None, model: Callable[[str], str]) -> None:
        self._standing = standing
        self._model = model

    def collect(self) -> Iterator[Metric]:
        """Give every family."""
        now = self._standing
        yield _one("tintype_database_up", "Whether the database answered.", float(now is not None))
        if now is None:
            return
        yield from self._generations(now)
        yield from _money(now)
        yield from _queues(now)
        yield from _paces(now)
        yield _several(
            "tintype_alerts_open",
            "Alerts that nobody has resolved.",
            ("kind",),
            {(one.kind,): one.alerts for one in now.alerts},
        )
        yield _one("tintype_workers", "Workers that beat.", now.fleet.workers)
        yield _one("tintype_callbacks_owed", "Callbacks that are not delivered yet.", now.fleet.callbacks)

    def _generations(self, now: Standing) -> Iterator[Metric]:
        by_label: Counter[tuple[str, ...]] = Counter()
        for one in now.open:
            by_label[one.state, self._model(one.model)] += one.generations
        yield _several(
            "tintype_generations",
            "Generations that have not ended.",
            ("state", "model"),
            dict(by_label),
        )


def _money(now: Standing) -> Iterator[Metric]:
    held = sum(one.held_nano_usd for one in now.open)
    yield _one("tintype_held_usd", "Dollars held for what has not ended.", held / NANO_PER_USD)
    yield _several(
        "tintype_booked_today_usd",
        "Dollars booked since the day began (UTC): charged, saved by the cache, lost.",
        ("kind",),
        {(one.kind,): one.amount_nano_usd / NANO_PER_USD for one in now.booked},
    )
    yield _several(
        "tintype_budget_left_usd",
        "The least that is left among the budgets of a scope; defaults for each user are not among them.",
        ("scope", "period"),
        {
            (one.scope, one.period): one.least_left / NANO_PER_USD
            for one in now.limits
            if one.measure == "money"
        },
    )
    yield _several(
        "tintype_quota_left",
        "The least that is left among the quotas of a scope: pictures, milliseconds of film, work at once.",
        ("scope", "measure", "period"),
        {
            (one.scope, one.measure, one.period): one.least_left
            for one in now.limits
            if one.measure != "money"
        },
    )
    yield _several(
        "tintype_limits_used_up",
        "Budgets and quotas with nothing left.",
        ("scope", "measure", "period"),
        {(one.scope, one.measure, one.period): one.used_up for one in now.limits},
    )


def _queues(now: Standing) -> Iterator[Metric]:
    nothing: dict[tuple[str, ...], float] = dict.fromkeys(((queue.value,) for queue in Queue), 0)
    yield _several(
        "tintype_queue_depth",
        "Jobs that are due.",
        ("queue",),
        nothing | {(one.queue,): one.due for one in now.queues},
    )
    yield _several(
        "tintype_queue_later",
        "Jobs whose time has not come.",
        ("queue",),
        nothing | {(one.queue,): one.later for one in now.queues},
    )
    yield _several(
        "tintype_queue_oldest_seconds",
        "How long the oldest due job has been waiting.",
        ("queue",),
        nothing | {(one.queue,): one.oldest_s for one in now.queues},
    )


def _paces(now: Standing) -> Iterator[Metric]:
    yield _several(
        "tintype_throttle_permits_per_minute",
        "How fast upstream is called at most, as it stands.",
        ("lane",),
        {(one.lane,): one.permits_per_minute for one in now.lanes},
    )
    yield _several(
        "tintype_throttle_ceiling_per_minute",
        "How fast upstream is called when nothing lowered it.",
        ("lane",),
        {(one.lane,): one.ceiling_per_minute for one in now.lanes},
    )
    yield _several(
        "tintype_throttle_paused_seconds",
        "For how long calls are paused; 0 when they are not.",
        ("lane",),
        {(one.lane,): one.paused_s for one in now.lanes},
    )


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _several(name: str, text: str, labels: tuple[str, ...], values: dict[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


__all__ = ["Families"]
