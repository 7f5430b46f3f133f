"""The spans of a generation: its whole, its admission, the jobs about it, the calls of upstream that these make.

Whichever process does a piece of the work, the pieces meet: a trace has the number that the generation's id is, and the
span of the whole has one that is made of it, so that nothing has to be handed over. No span holds a prompt, an input
or the name of a user.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision

import tintype
from tintype.domain import ids
from tintype.domain.money import to_usd
from tintype.masking import masked
from tintype.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tintype.observing import Begun, Ended

_NANO = 1_000_000_000


class Spans(Observer):
    """Makes them, through a provider of `provider()`'s."""

    def __init__(self, made: TracerProvider) -> None:
        self._sampler = made.sampler
        self._numbers = made.id_generator
        self._tracer = made.get_tracer("tintype", tintype.__version__)

    def begun(self, begin: Begun) -> None:
        """Note the admission, linked to the span that the request came with where there is one."""
        caller = trace.get_current_span().get_span_context()
        span = self._tracer.start_span(
            "admit",
            self._within(begin.id),
            attributes={
                "tintype.generation_id": begin.id,
                "tintype.model": begin.model,
                "tintype.hold_usd": to_usd(begin.hold_nano_usd),
                "tintype.is_bought": begin.joined_to is None and begin.cached_from is None,
            },
            links=[trace.Link(caller)] if caller.is_valid else [],
        )
        span.end()

    def ended(self, end: Ended) -> None:
        """Make the span of the whole generation."""
        began_ns = int(end.created_at.timestamp() * _NANO)
        assert isinstance(self._numbers, Numbers)  # noqa: S101 - `provider()` made it so
        with self._numbers.fixed(end.id):
            span = self._tracer.start_span(
                "generation",
                Context(),
                attributes={
                    "tintype.generation_id": end.id,
                    "tintype.model": end.model,
                    "tintype.state": end.state,
                    "tintype.cost_usd": to_usd(end.cost_nano_usd),
                },
                start_time=began_ns,
            )
        if end.failure_code is not None:
            span.set_status(trace.StatusCode.ERROR, end.failure_code)
        span.end(began_ns + int(end.seconds * _NANO))

    @contextmanager
    def job(self, queue: str, ident: str) -> Iterator[None]:
        """Make a job's span, a part of its generation's."""
        if not ids.is_ulid(ident):
            yield
            return
        with self._spanned(queue, self._within(ident), kind=trace.SpanKind.CONSUMER):
            yield

    @contextmanager
    def call(self, route: str) -> Iterator[None]:
        """Make the span of a call that a job makes; what is asked for many at once is in nobody's trace."""
        if not trace.get_current_span().is_recording():
            yield
            return
        with self._spanned(f"upstream {route}", None, kind=trace.SpanKind.CLIENT):
            yield

    @contextmanager
    def _spanned(self, name: str, within: Context | None, *, kind: trace.SpanKind) -> Iterator[None]:
        # What the library would write down of an error by itself may hold a secret.
        with self._tracer.start_as_current_span(
            name, within, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_status(trace.StatusCode.ERROR, masked(f"{type(error).__name__}: {error}"))
                raise

    def _within(self, ident: str) -> Context:
        """Return the context of a generation's span, which may be made later and elsewhere."""
        trace_number, span_number = numbers(ident)
        decision = self._sampler.should_sample(None, trace_number, "generation").decision
        is_sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = trace.TraceFlags.SAMPLED if is_sampled else trace.TraceFlags.DEFAULT
        whole = trace.SpanContext(
            trace_number, span_number, is_remote=True, trace_flags=trace.TraceFlags(flags)
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(whole), Context())


class Numbers(RandomIdGenerator):
    """Gives random numbers, and within `fixed` those of a generation."""

    def __init__(self) -> None:
        self._fixed: tuple[int, int] | None = None

    @contextmanager
    def fixed(self, ident: str) -> Iterator[None]:
        """Give a generation's numbers, for a moment in which nothing else runs."""
        self._fixed = numbers(ident)
        try:
            yield
        finally:
            self._fixed = None

    def generate_trace_id(self) -> int:
        """Return the number of a trace."""
        return super().generate_trace_id() if self._fixed is None else self._fixed[0]

    def generate_span_id(self) -> int:
        """Return the number of a span."""
        return super().generate_span_id() if self._fixed is None else self._fixed[1]


def numbers(ident: str) -> tuple[int, int]:
    """Return the numbers of a generation's trace and of its span in it."""
    return ids.number(ident), int.from_bytes(hashlib.sha256(ident.encode()).digest()[:8], "big") or 1


def provider() -> TracerProvider:
    """Make what sends spans in batches, as the `OTEL_` variables say. Nothing global is set."""
    facts: dict[str, str | int] = {"service.version": tintype.__version__, "process.pid": os.getpid()}
    is_named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    if not is_named:
        facts["service.name"] = "tintype"
    made = TracerProvider(resource=Resource.create(facts), id_generator=Numbers(), shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


__all__ = ["Numbers", "Spans", "numbers", "provider"]
