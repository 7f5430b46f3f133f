"""Metrics for Prometheus: what this process counted, and what the database knows when it is asked.

    meters = metrics.Meters(catalogue)                       # an observer of the core
    text = await metrics.exposition(meters, watch)           # for GET /metrics

With several processes that answer, `shared()` makes them count into files that each of them can read, so that whichever
is asked tells of all. No label holds a user's or a key's name, and models outside the catalogue are one label.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

from tintype import observing
from tintype.domain.errors import ConfigurationError, TintypeError
from tintype.domain.money import NANO_PER_USD
from tintype.observing import Observer
from tintype.store.errors import DatabaseAway
from tintype.telemetry.standing import Families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tintype.domain.catalogue import Catalogue
    from tintype.observing import Begun, Ended
    from tintype.service.standing import Watch

CONTENT_TYPE = CONTENT_TYPE_LATEST
OTHER = "other"
FOLDER_NAME = "PROMETHEUS_MULTIPROC_DIR"
"""Set by `shared`; whoever counts reads it when the library is imported."""
LOOK_S = 3.0
"""How long the database may take to tell how things stand."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# A picture takes seconds, a film minutes.
_LONG = (0.5, 1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90, 150, 300, 600, 1200, 1800)
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)


class Meters(Observer):
    """Counts what happens in this process, or in all that share a folder."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names: dict[str, str] = {}
        self.registry = made = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=made)

        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=made)

        kinds = (observing.IMAGE, observing.VIDEO)
        self._asked = {
            kind: counter(
                f"replicate_{kind}_requests_total", f"Generations of kind {kind} that were admitted."
            )
            for kind in kinds
        }
        self._lasted = {
            kind: histogram(
                f"replicate_{kind}_duration_seconds", f"From admission to success, for kind {kind}.", _LONG
            )
            for kind in kinds
        }
        self._started = counter("tintype_generations_started_total", "Generations admitted.", "model")
        self._ended = counter("tintype_generations_ended_total", "Generations ended.", "model", "state")
        self._cost = counter("tintype_cost_usd_total", "Dollars booked for generations that ended.", "model")
        self._cached = counter("tintype_cached_total", "Generations answered by another's outputs.", "model")
        self._refused = counter("tintype_refused_total", "Requests refused as a whole.", "reason")
        self._unsure = counter("tintype_unknown_outcomes_total", "Creates of unknown outcome.", "model")
        self._lag = histogram(
            "tintype_end_lag_seconds", "From an end upstream to hearing of it, by who was first.", _LAG, "by"
        )
        self._webhooks = counter("tintype_webhooks_total", "Webhooks from upstream.", "result")
        self._captures = histogram("tintype_capture_seconds", "Storing all outputs of a generation.", _LONG)
        self._callbacks = counter("tintype_callbacks_total", "Callbacks that were sent.", "result")
        self._callback_s = histogram("tintype_callback_seconds", "Waiting for a receiver.", _SHORT)
        self._takeovers = counter("tintype_takeovers_total", "Jobs taken over from dead workers.", "queue")
        self._jobs = histogram("tintype_job_seconds", "Doing a job.", _SHORT, "queue")
        self._jobs_failed = counter("tintype_jobs_failed_total", "Jobs that are to be done again.", "queue")
        self._calls = counter("tintype_upstream_requests_total", "Calls of upstream.", "route", "status")
        self._call_s = histogram("tintype_upstream_seconds", "Waiting for upstream.", _SHORT, "route")
        self._requests = counter(
            "tintype_http_requests_total", "Requests answered.", "method", "route", "status"
        )
        self._request_s = histogram("tintype_http_seconds", "Answering a request.", _SHORT, "route")

    def begun(self, begin: Begun) -> None:
        """Count an admission."""
        self._started.labels(self.model(begin.model)).inc()
        if begin.kind in self._asked:
            self._asked[begin.kind].inc()

    def refused(self, reason: str) -> None:
        """Count a refusal."""
        self._refused.labels(reason).inc()

    def ended(self, end: Ended) -> None:
        """Count an end, its cost and, for a success, its time."""
        model = self.model(end.model)
        self._ended.labels(model, end.state).inc()
        self._cost.labels(model).inc(end.cost_nano_usd / NANO_PER_USD)
        if end.cached_from is not None:
            self._cached.labels(model).inc()
        elif end.is_success and end.kind in self._lasted:
            self._lasted[end.kind].observe(end.seconds)

    def unsure(self, model: str) -> None:
        """Count an unknown outcome."""
        self._unsure.labels(self.model(model)).inc()

    def found(self, by: str, lag_s: float) -> None:
        """Count who heard of an end first, and how late."""
        self._lag.labels(by).observe(lag_s)

    def webhook(self, result: str) -> None:
        """Count a webhook."""
        self._webhooks.labels(result).inc()

    def captured(self, model: str, seconds: float) -> None:
        """Count a capture."""
        del model
        self._captures.observe(seconds)

    def called_back(self, result: str, seconds: float) -> None:
        """Count a callback."""
        self._callbacks.labels(result).inc()
        self._callback_s.observe(seconds)

    def taken_over(self, queue: str) -> None:
        """Count a take-over."""
        self._takeovers.labels(queue).inc()

    @contextmanager
    def job(self, queue: str, ident: str) -> Iterator[None]:
        """Measure a job."""
        del ident
        began = time.monotonic()
        try:
            yield
        except Exception:
            self._jobs_failed.labels(queue).inc()
            raise
        finally:
            self._jobs.labels(queue).observe(time.monotonic() - began)

    @contextmanager
    def call(self, route: str) -> Iterator[None]:
        """Measure a call of upstream; its status is HTTP's, or the word for what kept it from getting one."""
        began, status = time.monotonic(), "ok"
        try:
            yield
        except TintypeError as error:
            status = str(error.status or error.code)
            raise
        except BaseException:
            status = "given_up"
            raise
        finally:
            self._calls.labels(route, status).inc()
            self._call_s.labels(route).observe(time.monotonic() - began)

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request; `route` is its path with the names of its parameters, None where there is none."""
        name = route or "none"
        self._requests.labels(method if method in _METHODS else OTHER, name, str(status)).inc()
        self._request_s.labels(name).observe(seconds)

    def model(self, name: str) -> str:
        """Return the label for a model: its slug, or `other` outside the catalogue."""
        found = self._names.get(name)
        if found is None:
            model = self._catalogue.get(name)
            if model is None:
                # Not kept: whoever asks for made-up names does not fill the memory.
                return OTHER
            found = self._names[name] = model.slug
        return found

    def text(self) -> bytes:
        """Write what was counted; with a shared folder, by all of its processes."""
        registry = self.registry
        if FOLDER_NAME in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library leaves it untyped
        return generate_latest(registry)


async def exposition(meters: Meters, watch: Watch) -> bytes:
    """Write all metrics, in the form of `CONTENT_TYPE`. A database that is away is one of them."""
    counted = await asyncio.to_thread(meters.text)
    standing = None
    with contextlib.suppress(DatabaseAway, psycopg.Error, TimeoutError):
        async with asyncio.timeout(LOOK_S):
            standing = await watch.look()
    registry = CollectorRegistry()
    registry.register(Families(standing, meters.model))
    return counted + generate_latest(registry)


@contextmanager
def shared() -> Iterator[None]:
    """Let the processes that are started meanwhile count together, in a folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="tintype-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER_NAME] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER_NAME]


@contextmanager
def served(meters: Meters, address: tuple[str, int]) -> Iterator[None]:
    """Serve what this process counts by http, for a process that serves nothing else.

    Raises ConfigurationError where the address cannot be had.
    """
    host, port = address
    try:
        server, thread = start_http_server(port, addr=host, registry=meters.registry)
    except OSError as fault:
        raise ConfigurationError(
            f"TINTYPE_METRICS_ADDRESS: cannot listen on {host} port {port}: {fault.strerror}"
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


__all__ = ["CONTENT_TYPE", "Meters", "exposition", "served", "shared"]
