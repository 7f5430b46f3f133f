"""Traces for OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` says that somebody takes them: one for each generation.

    with traces.observers() as watching:
        async with Studio(observers=watching) as studio: ...

`tintype.telemetry.spans` makes the spans; it needs the extra `otel`, and is imported only where they are wished for.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tintype.observing import Observer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CLOSE_S = 2.0
"""How long a process that ends waits for its last spans to be taken."""

_log = logging.getLogger("tintype.traces")


def is_wished(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a receiver of traces and does not switch them off."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    kind = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return any(environ.get(name, "").strip() for name in ENDPOINTS) and not is_off and kind in {"", "otlp"}


@contextmanager
def observers() -> Iterator[tuple[Observer, ...]]:
    """Give the observer that sends traces, or none where they are not wished for.

    At the end what is left is sent, as far as that goes within two seconds.
    """
    if not is_wished(os.environ):
        yield ()
        return
    try:
        from tintype.telemetry import spans  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        _log.warning("no traces are sent, as OpenTelemetry is not installed: pip install 'tintype[otel]'")
        yield ()
        return
    provider = spans.provider()
    try:
        yield (spans.Spans(provider),)
    finally:
        # A receiver that is away must not hold up the end.
        closing = threading.Thread(target=provider.shutdown, daemon=True, name="traces: close")
        closing.start()
        closing.join(CLOSE_S)


__all__ = ["CLOSE_S", "is_wished", "observers"]
