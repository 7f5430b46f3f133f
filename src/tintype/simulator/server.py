"""Run the simulator: in the foreground for a command, in a thread for tests; http or https."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tintype.simulator.settings import Settings


class CannotServe(Exception):  # noqa: N818 - named for what it says to a person
    """The simulator cannot start; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate with its key, and the CA file that clients must trust (None: a public CA's)."""

    cert: Path
    key: Path
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that listens at `url` (without `/v1`); `ca` is the file for SSL_CERT_FILE where it is https."""

    url: str
    ca: Path | None = None


@contextmanager
def running(settings: Settings, *, tls: Tls | None = None) -> Iterator[Running]:
    """Run a simulator in a thread of its own until the block ends. `settings.port` 0 takes a free port."""
    raise NotImplementedError
    yield


def serve(settings: Settings, *, tls: Tls | None = None) -> None:
    """Run until SIGTERM or SIGINT; print `ready URL` on a line of its own as soon as it listens.

    Raises CannotServe when the port is in use or the data directory cannot be written.
    """
    raise NotImplementedError
