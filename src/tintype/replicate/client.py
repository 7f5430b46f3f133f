"""The blocking client: carries out the steps of every conversation, in the calling thread. Safe for threads."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

from tintype.domain import errors
from tintype.replicate import base, connections, fetching, inputs, settings, steps, transport, wire
from tintype.replicate.outputs import Output
from tintype.replicate.pace import Pace
from tintype.replicate.policy import Policy
from tintype.replicate.resources import account, files, models, predictions
from tintype.replicate.transport import bare, fault, reply_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from tintype.replicate.limits import Limits


class Opened:
    """A reply whose body is read piece by piece."""

    __slots__ = ("pieces", "reply", "response")

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.reply = reply_of(response, b"")
        self.pieces = response.iter_bytes()


class Client(base.ClientOps, steps.Blocking):
    """A client for Replicate's API.

    The token is the argument, or from REPLICATE_API_TOKEN, REPLICATE_API_KEY, `.env` or the OS keyring;
    `base_url` is the upstream's origin, or from TINTYPE_REPLICATE_URL. The other arguments are those of
    `Options`. Raises ConfigurationError when something is missing. Close it, or use it in a `with`.
    """

    _desk: BlockingDesk

    def __init__(  # noqa: PLR0913 - each keyword is one option
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        limits: Limits | None = None,
        policy: Policy | None = None,
        pace: Pace | None = None,
        read_s: float = base.READ_S,
        connect_s: float = transport.CONNECT_S,
        wait_s: int = wire.WAIT_MAX_S,
        inline_max: int = inputs.INLINE_MAX,
        output_hosts: Iterable[str] = (),
        output_bytes_max: int = fetching.SIZE_MAX,
        tls: ssl.SSLContext | None = None,
        trust_env: bool = True,
    ) -> None:
        options = base.Options(
            limits=limits,
            policy=policy or Policy(),
            pace=pace or Pace(),
            read_s=read_s,
            connect_s=connect_s,
            wait_s=wait_s,
            inline_max=inline_max,
            output_hosts=output_hosts,
            output_bytes_max=output_bytes_max,
            tls=tls,
            trust_env=trust_env,
        )
        desk = BlockingDesk(settings.resolve(token, base_url=base_url), options)
        super().__init__(desk)
        self.account = account.Accounts(desk)
        self.collections = models.Collections(desk)
        self.deployments = account.Deployments(desk)
        self.files = files.Files(desk)
        self.hardware = account.Machines(desk)
        self.models = models.Models(desk)
        self.predictions = predictions.Predictions(desk)
        self.trainings = account.Trainings(desk)
        self.versions = models.Versions(desk)
        self.webhooks = account.Webhooks(desk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. The client can be used again; it opens new ones."""
        self._desk.close()


class BlockingDesk(base.Desk):
    """Carries out steps in the calling thread. Safe for threads."""

    output_kind = Output

    def __init__(self, upstream: settings.Upstream, options: base.Options) -> None:
        super().__init__(upstream, options, threading.Event)
        self._lock = threading.Lock()
        self._pools: dict[str, connections.Transport] = {}
        self._process = os.getpid()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def drive(self, op: steps.Op[Any]) -> Any:
        """Carry out a conversation to its result."""
        try:
            step = next(op)
            while True:
                step = self._advance(op, step)
        except StopIteration as end:
            return end.value
        except errors.TintypeError as error:
            self.conceal(error)
            raise

    def iterate(self, op: steps.Op[None]) -> Iterator[Any]:
        """Carry out a conversation, handing on its items."""
        ended = object()
        try:
            step: Any = next(op, ended)
            while step is not ended:
                if type(step) is steps.Item:
                    try:
                        yield step.value
                    except GeneratorExit:
                        self._unwind(op)
                        raise
                    step = next(op, ended)
                    continue
                try:
                    step = self._advance(op, step)
                except StopIteration:
                    return
        except errors.TintypeError as error:
            self.conceal(error)
            raise

    def _advance(self, op: steps.Op[Any], step: steps.Step) -> steps.Step:
        try:
            came = self._do(step)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the conversation decides what it means
            return op.throw(error)
        return op.send(came)

    def _unwind(self, op: steps.Op[Any]) -> None:
        """Let a conversation that nobody listens to any more close what it opened."""
        try:
            step = op.throw(steps.Left())
            while True:
                step = self._advance(op, step)
        except (steps.Left, StopIteration):
            return

    def _do(self, step: steps.Step) -> Any:
        kind = type(step)
        if kind is steps.Send:
            return self._send(step)  # type: ignore[arg-type] # compared by identity, for speed
        if isinstance(step, steps.Pause):
            return step.bell.wait(step.seconds)
        if isinstance(step, steps.Sleep):
            return time.sleep(step.seconds)
        if isinstance(step, steps.Work):
            return step.act()
        if isinstance(step, steps.Open):
            return self._open(step)
        if isinstance(step, steps.Chunk):
            return self._chunk(step.opened)
        if isinstance(step, steps.Close):
            return step.opened.response.close()
        raise TypeError(f"{kind.__name__} is not a step to carry out")

    def _pool(self, step: steps.Send | steps.Open) -> connections.Transport:
        if self._process != os.getpid():
            # Connections of the process that this one was forked from are that one's: answers would be mixed up.
            self._process, self._lock, self._pools = os.getpid(), threading.Lock(), {}
        name = self.pool_name(step)
        pool = self._pools.get(name)
        if pool is None:
            with self._lock:
                pool = self._pools.get(name)
                if pool is None:
                    pool = connections.Transport(**self.pool_options(name))
                    self._pools[name] = pool
        return pool

    def _send(self, step: steps.Send) -> wire.Reply:
        request = self.line.request(step)
        self.line.ask_before(request, step.call, in_loop=False)
        try:
            response = self._pool(step).handle_request(request)
            body = transport.Body(response.status_code, step.call)
            try:
                for piece in response.iter_bytes():
                    if not body.take(piece):
                        break
            finally:
                response.close()
        except httpx2.HTTPError as error:
            raise fault(error, step.call) from bare(error)
        return reply_of(response, body.whole())

    def _open(self, step: steps.Open) -> Opened:
        request = self.line.request(step)
        try:
            return Opened(self._pool(step).handle_request(request))
        except httpx2.HTTPError as error:
            raise fault(error, step.call) from bare(error)

    def _chunk(self, opened: Opened) -> bytes | None:
        try:
            return next(opened.pieces, None)
        except httpx2.HTTPError as error:
            raise errors.NetworkError("the transfer broke off", can_retry=True) from bare(error)
