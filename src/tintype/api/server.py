"""Run the gateway: uvicorn in one process or several, with a stop that loses nothing and takes under ten seconds."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from multiprocessing.reduction import DupFd
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from tintype import settings
from tintype.api import app, auth, gateway, heads, startup
from tintype.domain.errors import ConfigurationError, TintypeError
from tintype.telemetry import logs, metrics

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp

    from tintype.api.gateway import Gateway

GRACE_SHARE = 0.625
"""How much of a stop's time requests in hand may take; those that wait are answered at once, the rest is the jobs'."""
BACKLOG = 4096
GONE_S = 120
"""How long what was sent may wait for a reader before its connection is given up (Linux)."""
_LOOK_S = 0.1
# Python's own thresholds of its garbage collection; commands start with higher ones.
_GARBAGE = (700, 10, 10)
_OPTIONS = "_TINTYPE_SERVE"
_DESCRIPTORS, _KEPT_FREE = 65_536, 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How it listens. `workers` are processes; `works` says whether they empty the queues too.

    `shutdown_s` is what a stop may take: first for requests in hand, then for jobs that were begun; what is left of
    these is given back.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    works: bool = True
    tls_cert: str | None = None
    tls_key: str | None = None
    shutdown_s: float = 8.0

    @property
    def origin(self) -> str:
        """Where it is reached from this machine."""
        scheme = "http" if self.tls_cert is None else "https"
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - a name for links
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


class Listener(socket.socket):
    """A listening socket that no program inherits which is started here; processes that answer have it handed over.

    Whoever is in its queue when it is closed where requests are answered is let in yet: the system would reset them,
    whatever they have sent. `config` is that of the server.
    """

    config: heads.Config | None = None
    _queue: socket.socket | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _handed_over, (self.family, self.type, self.proto, DupFd(self.fileno()), self.config)

    def open_queue(self) -> None:
        """Keep the queue open until this is closed: the server closes what it was given before it says so."""
        self._queue = self.dup()

    def close(self) -> None:
        """Close it, and let in who waits."""
        super().close()
        queue, self._queue = self._queue, None
        if queue is not None and self.config is not None:
            with queue:
                heads.let_in(queue, self.config)


def _handed_over(family: int, kind: int, protocol: int, duplicate: Any, config: heads.Config) -> Listener:
    made = Listener(family, kind, protocol, fileno=duplicate.detach())
    # Those who start this process have to let it be inherited; a decoder of pictures would listen, and never answer.
    made.set_inheritable(False)
    made.config = config
    made.open_queue()
    return made


class _Several(Multiprocess):
    """Processes that answer together, below one that only watches them."""

    def terminate_all(self) -> None:
        """Let them end. Before, this one listens no more: who connects would wait for an answer that nobody gives."""
        for one in self.sockets:
            one.close()
        super().terminate_all()


def bind(options: Options) -> Listener:
    """Return the listening socket. Raises ConfigurationError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = Listener(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except (OSError, OverflowError) as fault:
        listener.close()
        why = getattr(fault, "strerror", None) or "it is no address"
        raise ConfigurationError(
            f"cannot listen on {options.host} port {options.port}: {why}; take another with --port or --host"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Who is gone without a word, or reads no more, holds its connection so long and no longer.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_S * 1000)
    # From now on callers wait for the first answer in place of being refused.
    listener.listen(BACKLOG)
    return listener


def serve(options: Options, listener: Listener, *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called when it answers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has handlers of its own while it runs and raises what it got once more afterwards: being told to
        # stop is no failure.
        signal.signal(number, lambda *_: None)
    raise_descriptors()
    _check_certificate(options)
    if options.workers == 1:
        faults: list[TintypeError] = []
        try:
            listener.config = _config(build(options, ready, faults.append), options)
            listener.open_queue()
            uvicorn.Server(listener.config).run(sockets=[listener])
        except SystemExit:
            if faults:
                raise faults[0] from None
            raise
        return
    os.environ[_OPTIONS] = json.dumps(asdict(options))
    threading.Thread(target=_when_answered, args=(options, ready), daemon=True).start()
    with metrics.shared():
        listener.config = _config("tintype.api.server:from_environment", options)
        several = _Several(listener.config, sockets=[listener])
        several.run()
    if any(one.exitcode == STARTUP_FAILURE for one in several.processes):
        raise ConfigurationError("none of the processes that answer could start; why, each of them said")


def _check_certificate(options: Options) -> None:
    if options.tls_cert is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(options.tls_cert, options.tls_key)
    except (ssl.SSLError, OSError):
        raise ConfigurationError(
            f"{options.tls_cert} and {options.tls_key} are no certificate and its key, both PEM; see --tls-cert"
        ) from None


def raise_descriptors() -> int:
    """Let this process and those that it starts open as many files as the system allows; returns how many."""
    if sys.platform == "win32":
        return 8192
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems say that there is no limit and mean their own.
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, _DESCRIPTORS)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _when_answered(options: Options, ready: Callable[[], None]) -> None:
    """Call `ready` as soon as one of the processes answers."""
    # Whatever the certificate says: this asks itself whether it is there.
    with httpx2.Client(base_url=options.origin, verify=False, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                client.get("/healthz")
                return ready()
            time.sleep(_LOOK_S)


def build(
    options: Options,
    ready: Callable[[], None] | None = None,
    refused: Callable[[TintypeError], object] | None = None,
) -> ASGIApp:
    """Return the application for these options. `refused` is told what it cannot start with."""
    uvicorns = logging.getLogger("uvicorn.error")
    level = uvicorns.level
    if refused is not None:
        # That it begins to start is no news, and what it cannot start with is to be said in one line.
        uvicorns.setLevel(max(level, logging.WARNING))

    @asynccontextmanager
    async def opening() -> AsyncIterator[Gateway]:
        has_opened = False
        try:
            async with _opened() as made:
                has_opened = True
                uvicorns.setLevel(level)
                yield made
        except TintypeError as error:
            if refused is not None and not has_opened:
                # uvicorn would tell of the way through its layers.
                uvicorns.disabled = True
                refused(error)
            raise

    @asynccontextmanager
    async def _opened() -> AsyncIterator[Gateway]:
        async with gateway.opened(
            origin=options.origin,
            is_local=auth.is_loopback(options.host),
            works=options.works,
            finish_s=options.shutdown_s * (1 - GRACE_SHARE),
            # What is left are callers, files and the database.
            streams_max=max(raise_descriptors() - _KEPT_FREE, _KEPT_FREE),
        ) as made:
            await startup.check_clock(made)
            # What is there by now stays; from here on garbage is looked for among what requests leave, as usual.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GARBAGE)
            with made.stopping.told_by_signals():
                if ready is not None:
                    ready()
                yield made

    return app.build(opening, made=settings.load())


def from_environment() -> ASGIApp:
    """Return the application of a process that another one started."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.set_up(settings.load())
    # Requests have a line of ours; setting up turned uvicorn's own on again in this process.
    logging.getLogger("uvicorn.access").propagate = False
    return build(
        Options(**json.loads(os.environ[_OPTIONS])),
        refused=lambda error: sys.stderr.write(f"tintype: {error}\n"),
    )


def _end_with_parent() -> None:
    """Stop as by SIGTERM when the process above is gone: it was killed, and nobody else would tell this one."""
    above = multiprocessing.parent_process()
    if above is not None:
        above.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _config(application: ASGIApp | str, options: Options) -> heads.Config:
    return heads.Config(
        application,
        factory=isinstance(application, str),
        http=heads.Connection,
        loop="uvloop",
        ws="none",
        lifespan="on",
        workers=options.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=options.shutdown_s * GRACE_SHARE,  # type: ignore[arg-type] # it is waited for as it is
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )


__all__ = ["Listener", "Options", "bind", "build", "from_environment", "raise_descriptors", "serve"]
