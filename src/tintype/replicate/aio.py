"""The async client: carries out the steps of every conversation in the running event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import httpx2

from tintype.domain import errors
from tintype.replicate import base, connections, fetching, inputs, settings, steps, transport, wire
from tintype.replicate.outputs import AsyncOutput
from tintype.replicate.pace import Pace
from tintype.replicate.policy import Policy
from tintype.replicate.resources import account, files, models, predictions
from tintype.replicate.transport import bare, fault, reply_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable

    from tintype.replicate.limits import Limits


class Opened:
    """A reply whose body is read piece by piece."""

    __slots__ = ("pieces", "reply", "response")

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.reply = reply_of(response, b"")
        self.pieces = response.aiter_bytes()


class AsyncClient(base.ClientOps, steps.Awaiting):
    """The async client for Replicate's API, with the methods and arguments of `Client`.

    It belongs to one event loop at a time. Close it with `aclose()`, or use it in an `async with`.
    """

    _desk: AwaitingDesk

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
        desk = AwaitingDesk(settings.resolve(token, base_url=base_url), options)
        super().__init__(desk)
        self.account = account.AsyncAccounts(desk)
        self.collections = models.AsyncCollections(desk)
        self.deployments = account.AsyncDeployments(desk)
        self.files = files.AsyncFiles(desk)
        self.hardware = account.AsyncMachines(desk)
        self.models = models.AsyncModels(desk)
        self.predictions = predictions.AsyncPredictions(desk)
        self.trainings = account.AsyncTrainings(desk)
        self.versions = models.AsyncVersions(desk)
        self.webhooks = account.AsyncWebhooks(desk)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. The client can be used again; it opens new ones."""
        await self._desk.aclose()


class AwaitingDesk(base.Desk):
    """Carries out steps in the running event loop."""

    output_kind = AsyncOutput

    def __init__(self, upstream: settings.Upstream, options: base.Options) -> None:
        super().__init__(upstream, options, asyncio.Event)
        self._pools: dict[str, connections.AsyncTransport] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        pools = self._own_pools()
        self._pools = {}
        for pool in pools.values():
            await pool.aclose()

    async def drive(self, op: steps.Op[Any]) -> Any:
        """Carry out a conversation to its result."""
        try:
            step = next(op)
            while True:
                try:
                    came = await self._do(step)
                except BaseException as error:  # noqa: BLE001 - the conversation decides what it means
                    step = op.throw(error)
                else:
                    step = op.send(came)
        except StopIteration as end:
            return end.value
        except errors.TintypeError as error:
            self.conceal(error)
            raise

    async def iterate(self, op: steps.Op[None]) -> AsyncIterator[Any]:
        """Carry out a conversation, handing on its items."""
        ended = object()
        try:
            step: Any = next(op, ended)
            while step is not ended:
                if type(step) is steps.Item:
                    try:
                        yield step.value
                    except GeneratorExit:
                        await self._unwind(op)
                        raise
                    step = next(op, ended)
                else:
                    step = await self._advance(op, step, ended)
        except errors.TintypeError as error:
            self.conceal(error)
            raise

    async def _advance(self, op: steps.Op[Any], step: steps.Step, ended: object) -> Any:
        # StopIteration cannot leave a coroutine, so the end of a conversation is a value here.
        try:
            came = await self._do(step)
        except BaseException as error:  # noqa: BLE001 - the conversation decides what it means
            try:
                return op.throw(error)
            except StopIteration:
                return ended
        try:
            return op.send(came)
        except StopIteration:
            return ended

    async def _unwind(self, op: steps.Op[Any]) -> None:
        """Let a conversation that nobody listens to any more close what it opened."""
        ended = object()
        try:
            step: Any = op.throw(steps.Left())
            while step is not ended:
                step = await self._advance(op, step, ended)
        except (steps.Left, StopIteration):
            return

    async def _do(self, step: steps.Step) -> Any:
        kind = type(step)
        if kind is steps.Send:
            return await self._send(step)  # type: ignore[arg-type] # compared by identity, for speed
        if isinstance(step, steps.Pause):
            return await _pause(step)
        if isinstance(step, steps.Sleep):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, steps.Work):
            return await asyncio.to_thread(step.act)
        if isinstance(step, steps.Open):
            return await self._open(step)
        if isinstance(step, steps.Chunk):
            return await self._chunk(step.opened)
        if isinstance(step, steps.Close):
            return await step.opened.response.aclose()
        raise TypeError(f"{kind.__name__} is not a step to carry out")

    def _pool(self, step: steps.Send | steps.Open) -> connections.AsyncTransport:
        pools, name = self._own_pools(), self.pool_name(step)
        pool = pools.get(name)
        if pool is None:
            pool = pools[name] = connections.AsyncTransport(**self.pool_options(name))
        return pool

    def _own_pools(self) -> dict[str, connections.AsyncTransport]:
        """The pools of the running event loop: connections of another cannot be used here, nor closed."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._pools = loop, {}
        return self._pools

    async def _send(self, step: steps.Send) -> wire.Reply:
        request = self.line.request(step)
        self.line.ask_before(request, step.call, in_loop=True)
        try:
            response = await self._pool(step).handle_async_request(request)
            body = transport.Body(response.status_code, step.call)
            try:
                async for piece in response.aiter_bytes():
                    if not body.take(piece):
                        break
            finally:
                await response.aclose()
        except httpx2.HTTPError as error:
            raise fault(error, step.call) from bare(error)
        return reply_of(response, body.whole())

    async def _open(self, step: steps.Open) -> Opened:
        request = self.line.request(step)
        try:
            return Opened(await self._pool(step).handle_async_request(request))
        except httpx2.HTTPError as error:
            raise fault(error, step.call) from bare(error)

    async def _chunk(self, opened: Opened) -> bytes | None:
        try:
            return await anext(opened.pieces, None)
        except httpx2.HTTPError as error:
            raise errors.NetworkError("the transfer broke off", can_retry=True) from bare(error)


async def _pause(step: steps.Pause) -> None:
    try:
        async with asyncio.timeout(step.seconds):
            await step.bell.wait()
    except TimeoutError:
        return
