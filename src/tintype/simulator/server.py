"""Run the simulator: in the foreground for a command, in a thread for tests; http or https."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from tintype.simulator import app, certificates, connections, journal
from tintype.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tintype.simulator.settings import Settings

GRACE_S = 0.5  # how long answers under way may take when the server stops
LOST_S = 0.05  # how long it takes until requests know that their connection is gone
START_S = 30.0
BACKLOG = 2_048
KEEP_ALIVE_S = 60


class CannotServe(Exception):
    """The simulator cannot start; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that listens at `url` (an origin, without `/v1`).

    `ca` is the file that clients of https name in SSL_CERT_FILE; None for http and for a given certificate.
    """

    url: str
    ca: Path | None = None


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Run a simulator in a thread of its own until the block ends. `settings.port` 0 takes a free port.

    Raises CannotServe where it cannot start.
    """
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(_prepared(settings))
        is_ready = threading.Event()
        thread = threading.Thread(
            target=host.run, args=(is_ready.set,), name="tintype-simulator", daemon=True
        )
        thread.start()
        stack.callback(thread.join, START_S)
        stack.callback(host.stop)
        while not is_ready.wait(0.05):
            if not thread.is_alive():
                raise CannotServe("the simulator stopped while it was starting; its log says why")
        yield host.place


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; print `ready URL` on a line of its own as soon as it listens.

    With a self-signed certificate a line before it says which CA file clients have to trust. Stops within two
    seconds even while clients wait. Raises CannotServe where it cannot start.
    """
    with _prepared(settings) as host:

        def ready() -> None:
            if host.place.ca is not None:
                print(f"certificate authority {host.place.ca}", flush=True)  # noqa: T201 - scripts read these lines
            print(f"ready {host.place.url}", flush=True)  # noqa: T201 - the same

        host.run(ready, signals=(signal.SIGINT, signal.SIGTERM))


class _Host:
    """A bound socket and what will answer on it."""

    def __init__(self, world: World, listener: socket.socket, certificate: _Files | None) -> None:
        self._world = world
        self._listener = listener
        self._certificate = certificate
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None
        scheme = "http" if certificate is None else "https"
        address, port = listener.getsockname()[:2]
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, world.settings.host)  # noqa: S104 - a name for links
        shown = f"[{name}]" if ":" in name else name
        self.place = Running(f"{scheme}://{shown}:{port}", certificate.ca if certificate else None)

    def run(self, ready: Callable[[], None], *, signals: Sequence[signal.Signals] = ()) -> None:
        """Serve until `stop` is called or one of the signals comes; `ready` is called when it listens."""
        config = uvicorn.Config(
            _quiet(app.build(self._world)),
            http=connections.Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            # The simulator's own clock says the date, so that advancing it is seen by clients.
            date_header=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            ssl_certfile=self._certificate.cert if self._certificate else None,
            ssl_keyfile=self._certificate.key if self._certificate else None,
        )
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            self._loop = runner.get_loop()
            self._server = _Server(config, ready)
            for number in signals:
                self._stop_on(number, self._loop)
            runner.run(self._server.serve(sockets=[self._listener]))

    def _stop_on(self, number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
        try:
            # Through the loop, which a signal wakes up whichever thread it was raised in.
            loop.add_signal_handler(number, self.stop)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: self.stop())

    def stop(self) -> None:
        """End `run` soon; may be called from any thread, at any time, more than once."""
        loop, server = self._loop, self._server
        if loop is not None and server is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(server.stopping.set)


@dataclass(frozen=True, slots=True)
class _Files:
    cert: Path
    key: Path
    ca: Path | None


class _Server(uvicorn.Server):
    """A server that stops at once when told, without a word and without signal handlers of its own."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._ready()

    async def main_loop(self) -> None:
        """Wait until told to stop."""
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers under way end for a moment, then end the rest."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(list(state.tasks), timeout=GRACE_S)
        # Whoever still waits gets the end of the connection, as from a server that dies.
        for connection in list(state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        left = list(state.tasks)
        if left:
            await asyncio.wait(left, timeout=LOST_S)
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=GRACE_S)
        await self.lifespan.shutdown()


def _quiet(application: ASGIApp) -> ASGIApp:
    """Return the application, with requests that end because the server stops ending without a traceback."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise

    return answer


@contextmanager
def _prepared(settings: Settings) -> Iterator[_Host]:
    with contextlib.ExitStack() as stack:
        _check_folder(settings.data)
        certificate = _certificate(settings, stack)
        listener = stack.enter_context(contextlib.closing(_listener(settings)))
        world = _world(settings)
        stack.callback(world.journal.close)
        yield _Host(world, listener, certificate)


def _world(settings: Settings) -> World:
    try:
        return World(settings)
    except journal.CannotOpen as error:
        raise CannotServe(f"the data directory {settings.data} {error}") from error


def _listener(settings: Settings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise CannotServe(f"{host!r} is no address of this machine; try --host 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotServe(
            f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}; "
            "choose another with --port, or let --port 0 find a free one"
        ) from error
    return listener


def _check_folder(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotServe(
            f"cannot write to the data directory {folder}: {reason}; name another with --data"
        ) from error


def _certificate(settings: Settings, stack: contextlib.ExitStack) -> _Files | None:
    if settings.tls_self_signed:
        folder = settings.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tintype-")))
        made = certificates.self_signed(folder / "tls", host=settings.host)
        return _Files(made.cert, made.key, made.ca)
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_cert, settings.tls_key, password=""
        )
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or getattr(error, "reason", None) or str(error)
        raise CannotServe(
            f"cannot use the certificate {settings.tls_cert} with the key {settings.tls_key}: "
            f"{reason.lower()}; give a readable PEM certificate and its key without a passphrase, "
            "or --tls self-signed"
        ) from error
    return _Files(settings.tls_cert, settings.tls_key, None)
