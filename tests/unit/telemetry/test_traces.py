"""Traces: one for a generation, whoever does the work; nothing secret in them; off unless they are wished for."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from tintype.domain import ids
from tintype.domain.errors import ServerError
from tintype.observing import Begun, Ended
from tintype.telemetry import spans, traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

TOKEN = "r8_abcdefghijklmnopqrstuvwxyz0123456789"


class Process:
    """One process's spans."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._made = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, id_generator=spans.Numbers(), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._made))
        self.spans = spans.Spans(provider)

    def made(self) -> tuple[ReadableSpan, ...]:
        return self._made.get_finished_spans()


def _id() -> str:
    return ids.ulid(time_ms=1_790_000_000_000, randomness=secrets.token_bytes(10))


def _begun(ident: str) -> Begun:
    return Begun(
        id=ident,
        model="flux",
        kind="image",
        key_id="key-of-quentin",
        estimate_nano_usd=1,
        hold_nano_usd=1,
        prompt="a boat for quentin",
    )


def _ended(ident: str, failure_code: str | None = None) -> Ended:
    return Ended(
        id=ident,
        model="flux",
        kind="image",
        key_id="key-of-quentin",
        state="failed" if failure_code else "succeeded",
        cost_nano_usd=3_000_000,
        created_at=datetime.now(UTC) - timedelta(seconds=4),
        seconds=4.0,
        failure_code=failure_code,
    )


def test_the_pieces_of_several_processes_meet_in_one_trace() -> None:
    """Admitted here, bought there, stored elsewhere: nothing was handed over but the id."""
    ident = _id()
    gateway, buyer, keeper = Process(), Process(), Process()

    gateway.spans.begun(_begun(ident))
    with buyer.spans.job("submit", ident), buyer.spans.call("predictions.create"):
        pass
    with keeper.spans.job("capture", ident):
        keeper.spans.ended(_ended(ident))

    made = {one.name: one for process in (gateway, buyer, keeper) for one in process.made()}
    assert set(made) == {"admit", "submit", "upstream predictions.create", "capture", "generation"}
    assert {one.context.trace_id for one in made.values() if one.context} == {ids.number(ident)}
    whole = made["generation"]
    assert whole.parent is None
    assert whole.context is not None
    for name in ("admit", "submit", "capture"):
        parent = made[name].parent
        assert parent is not None
        assert parent.span_id == whole.context.span_id
    assert whole.start_time is not None
    assert whole.end_time is not None
    assert whole.end_time - whole.start_time == 4_000_000_000


def test_spans_hold_nothing_that_is_nobodys_business() -> None:
    """No prompt, no user, no token that an error quotes."""
    process, ident = Process(), _id()

    process.spans.begun(_begun(ident))
    with (
        pytest.raises(ServerError),
        process.spans.job("submit", ident),
        process.spans.call("predictions.create"),
    ):
        raise ServerError(f"upstream said no to {TOKEN}")
    process.spans.ended(_ended(ident, "upstream_refused"))

    text = "".join(one.to_json() for one in process.made())
    for word in ("boat", "quentin", TOKEN):
        assert word not in text
    statuses = {one.name: one.status.status_code for one in process.made()}
    assert statuses == {
        "admit": StatusCode.UNSET,
        "upstream predictions.create": StatusCode.ERROR,
        "submit": StatusCode.ERROR,
        "generation": StatusCode.ERROR,
    }


def test_what_is_asked_for_many_at_once_is_in_nobodys_trace() -> None:
    process = Process()

    with process.spans.call("predictions.list"), process.spans.job("sweep", ""):
        pass

    assert process.made() == ()


def test_a_share_of_generations_is_traced_whole_or_not_at_all() -> None:
    """Every process comes to the same decision, by the number of the trace."""
    whole = 0
    for _ in range(40):
        ident = _id()
        first, second = (Process(ParentBased(TraceIdRatioBased(0.5))) for _ in range(2))

        first.spans.begun(_begun(ident))
        with second.spans.job("submit", ident), second.spans.call("predictions.create"):
            pass
        second.spans.ended(_ended(ident))

        count = len(first.made()) + len(second.made())
        assert count in {0, 4}
        whole += count == 4
    assert 0 < whole < 40


@pytest.mark.parametrize(
    ("environ", "is_wished"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "tintype"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_where_somebody_takes_them(environ: dict[str, str], *, is_wished: bool) -> None:
    assert traces.is_wished(environ) is is_wished
