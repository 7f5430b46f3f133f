"""`tintype serve`: the gateway, with database, worker and, without a token, the simulator, in one command."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from tintype.cli import screen, studio

if TYPE_CHECKING:
    from tintype.settings import Settings

EXAMPLES = """\b
Examples:
  tintype serve
  tintype serve --host 0.0.0.0 --port 443 --tls-cert cert.pem --tls-key key.pem
  tintype serve --workers 2 --no-worker
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to listen on; 8000 by default, 0 finds a free one."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that answer; 1 by default.")
    ] = None,
    worker: Annotated[
        bool, typer.Option(help="Empty the queues here too, or leave that to `tintype worker`.")
    ] = True,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) for https; goes with --tls-key.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key (PEM) of the certificate.")] = None,
) -> None:
    """Serve the HTTP API until Ctrl-C. Without a token the built-in simulator does the work.

    Listening on this machine only, and while no key exists, requests need no key; see: tintype keys create --help
    """
    from tintype import settings  # noqa: PLC0415 - pydantic, which --help need not wait for

    loaded = settings.load_with_sources(
        host=host, port=port, workers=workers, tls_cert=tls_cert, tls_key=tls_key
    )
    made = loaded.settings
    for told in loaded.unknown:
        studio.note(told)
    from tintype.api import server  # noqa: PLC0415 - as above
    from tintype.telemetry import logs  # noqa: PLC0415 - as above

    logs.set_up(made)
    options = server.Options(
        host=made.host,
        port=made.port,
        workers=made.workers,
        works=worker,
        tls_cert=None if made.tls_cert is None else str(made.tls_cert),
        tls_key=None if made.tls_key is None else str(made.tls_key),
        shutdown_s=made.shutdown_s,
    )
    with server.bind(options) as listener:
        bound = dataclasses.replace(options, port=listener.getsockname()[1])
        server.serve(bound, listener, ready=lambda: _greet(made, bound.origin))


def _greet(made: Settings, origin: str) -> None:
    from tintype.local import simulated  # noqa: PLC0415 - as above

    place, simulated_note, left_alone = simulated.upstream(made), "", None
    if place is None:
        left_alone = simulated.left_alone(made)
        made = simulated.settings_of(made)
        simulated_note = " (the built-in simulator: no token is set)"
    upstream = simulated.Upstream(made.data / "upstream").origin if place is None else place.origin
    screen.put(f"ready {origin}")
    screen.put(f"upstream {upstream}{simulated_note}")
    screen.put(f"data {made.data}, files {made.storage}")
    studio.note(left_alone)
    sys.stdout.flush()
