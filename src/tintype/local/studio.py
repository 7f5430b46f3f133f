"""The durable core inside one's own process: `async with Studio() as studio: await studio.generate("a boat")`.

Everything runs here: the database (embedded, or the one of TINTYPE_DATABASE_URL), a worker, the tracker, the capture of
outputs. Without a token the built-in simulator does the work, in a database of its own. Whatever was begun and not
finished, by this process or by one that died, goes on as soon as a studio is open on the same data.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tintype import bootstrap, settings
from tintype.domain import access, errors
from tintype.domain.feed import Kind
from tintype.domain.generation import State
from tintype.local import choosing, filming, finished, generation, judging, proofing, resolving, simulated
from tintype.local.filming import Film
from tintype.local.generation import Generation, Moment, StoredOutput
from tintype.replicate import settings as replicate_settings
from tintype.replicate.tokens import Token
from tintype.service import listing, spend
from tintype.service.listing import Filters
from tintype.service.requests import Cache, Request
from tintype.store import outputs
from tintype.store.patience import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from types import TracebackType

    from tintype.domain.choosing import Mode
    from tintype.observing import Observer


class Studio(judging.Judging):
    """Tintype in one's own process; belongs to one event loop.

    `data`, `database_url` and `storage_url` stand in for the settings of these names, `token` and `base_url` for the
    token and the upstream. `user` and `project` say in whose name is asked. With `works=False` nothing is bought or
    followed here: for looking only, or where `tintype worker` runs. `simulates` says whether the built-in simulator is
    kept running where no token is set: by default, where something is bought. `application` is what the database sees.
    At the end, jobs that were begun get `finish_s`, then they are given back. `observers` are told what happens;
    callbacks tell that outputs are at `origin`.
    """

    def __init__(  # noqa: PLR0913 - keyword-only choices, all optional
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        data: Path | str | None = None,
        database_url: str | None = None,
        storage_url: str | None = None,
        user: str | None = None,
        project: str | None = None,
        works: bool = True,
        simulates: bool | None = None,
        application: str = "tintype studio",
        finish_s: float = 20.0,
        observers: Sequence[Observer] = (),
        origin: str | None = None,
    ) -> None:
        self._token, self._base_url = token, base_url
        self._given: dict[str, Any] = {
            name: value
            for name, value in (
                ("data", data and Path(data)),
                ("database_url", database_url),
                ("storage_url", storage_url),
            )
            if value
        }
        self._works, self._application, self._finish_s = works, application, finish_s
        self._simulates = works if simulates is None else simulates
        self._observers = tuple(observers)
        self._origin = origin
        self._stack = contextlib.AsyncExitStack()
        self._core: bootstrap.Core | None = None
        self._working: asyncio.Task[None] | None = None
        self.actor = access.Actor(access.LOCAL, user=user, project=project)
        self.is_simulated = False
        """Whether a simulator on this machine does the work, so that nothing is bought."""
        self.is_built_in = False
        """Whether that is the built-in one, since no token is set."""
        self.left_alone: str | None = None
        """Which settings count for nothing then, as a sentence."""

    async def __aenter__(self) -> Self:
        """Open the database and begin to work.

        Raises ConfigurationError for settings, folders and databases that cannot be used, DatabaseAway.
        """
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was begun at this moment; the rest is taken up by whoever works next."""
        await self._stack.aclose()

    async def _open(self) -> None:
        made = settings.load(**self._given)
        place = simulated.upstream(made, self._token, base_url=self._base_url)
        if place is None:
            self.is_built_in = True
            self.left_alone = simulated.left_alone(made)
            made = simulated.settings_of(made)
        database = await self._stack.enter_async_context(
            bootstrap.open_database(made, application=self._application)
        )
        if place is None:
            place = await self._simulator(made.data / "upstream")
        core = bootstrap.core_on(
            database, made, place, observers=self._observers, origin=self._origin, uses_files=self._works
        )
        self._core = await self._stack.enter_async_context(core)
        self.is_simulated = self._core.upstream.simulated
        if self._works:
            self._working = asyncio.create_task(self._core.work(finish_s=self._finish_s), name="studio: work")
            self._stack.push_async_callback(self._stop)
            await self.beside(self._core.worker.is_ready.wait())

    async def _simulator(self, folder: Path) -> replicate_settings.Upstream:
        running = simulated.Upstream(folder)
        if self._simulates:
            await self._stack.enter_async_context(running)
        return replicate_settings.Upstream(
            running.origin, Token(simulated.TOKEN), source=replicate_settings.BUILT_IN
        )

    async def _stop(self) -> None:
        self.core.worker.stop()
        if self._working is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._working

    @property
    def core(self) -> bootstrap.Core:
        """The core itself, with all its services. Raises RuntimeError before the studio is open."""
        if self._core is None:
            raise RuntimeError("the studio is not open: use it inside `async with`")
        return self._core

    async def generate(  # noqa: PLR0913 - keyword-only choices, all optional
        self,
        prompt: str | None = None,
        *,
        model: str | None = None,
        mode: Mode | str | None = None,
        profile: str | None = None,
        cache: Cache = Cache.SEEDED,
        max_usd: str | Decimal | None = None,
        finish: Sequence[str] = (),
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        strict: bool = False,
        **inputs: Any,
    ) -> Generation:
        """Make one generation and wait for it; `inputs` are the model's own, files as bytes, Path or URL.

        Among them `size`, `aspect_ratio`, `seed`, `negative_prompt`, `format`, `quality` and `transparent` are words
        for every model: what it cannot do of them is told in `warnings` of the answer, or refused where `strict`.
        `mode` stands for a model of the settings, or `auto` for one that is chosen: `choice` of the answer says why.
        `profile` is what goes along with the prompt. With steps of `finish` the generation of the last is returned.
        `max_usd` is the most that all of it may cost.
        Cancelling the call leaves the generation to go on. Raises GenerationFailed, and what `submit` raises.
        """
        told = await choosing.asked(
            self.core, self.actor, prompt, model=model, mode=mode, profile=profile, cache=cache, max_usd=max_usd,
            finish=finish, idempotency_key=idempotency_key, strict=strict, inputs=inputs,
        )  # fmt: skip
        return await finished.make(self, told, idempotency_key=idempotency_key, timeout_s=timeout_s)

    async def approve(
        self,
        ident: str,
        *,
        pick: int = 1,
        model: str | None = None,
        max_usd: str | Decimal | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        **inputs: Any,
    ) -> Generation:
        """Make the final of a proof's picture and wait for it: once for each, asked again it is the first.

        `ident` may be an order's too; pictures are counted from 1. `inputs` are the final model's own, and win over the
        proof's. Raises NotPossibleNow for a proof that has not succeeded, and what `generate` raises.
        """
        final = await proofing.approve(
            self,
            ident,
            pick=pick,
            model=model,
            max_usd=max_usd,
            idempotency_key=idempotency_key,
            inputs=inputs,
        )
        return (await self.wait(final.final_id, timeout_s=timeout_s)).raise_for_failure()

    async def video(
        self,
        images: Sequence[Path | bytes | str] = (),
        *,
        to: Path | str,
        prompt: str | None = None,
        model: str | None = None,
        crossfade_s: float = 0.0,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        **inputs: Any,
    ) -> Film:
        """Make a clip of each image, all admitted together or none, and join them into one MP4 at `to`.

        Without images it is one clip of the prompt. Raises GenerationFailed when a clip failed, whose `generation_id`
        may be given to `retry`; then `film` brings the film. Raises InputError for a model that makes none, and before
        anything is bought FileExistsError, or another OSError where `to` cannot be written.
        """
        order_id = await filming.begin(
            self,
            images,
            to=to,
            prompt=prompt,
            model=model,
            crossfade_s=crossfade_s,
            idempotency_key=idempotency_key,
            inputs=inputs,
        )
        return await self.film(order_id, to=to, timeout_s=timeout_s)

    async def film(self, order_id: str, *, to: Path | str, timeout_s: float | None = None) -> Film:
        """Wait for a film, and write it to `to`, which is not there yet. Raises as `video`."""
        return await filming.brought(self, order_id, to=to, timeout_s=timeout_s)

    async def retry(self, ident: str) -> Generation:
        """Ask anew for a generation that ended without success, at its place in its order, and wait for it."""
        again = await self.core.generations.retry(ident, actor=self.actor)
        return (await self.wait(again.ids[0])).raise_for_failure()

    async def submit(self, request: Request, *, idempotency_key: str | None = None) -> Generation:
        """Ask for a generation without waiting for it: held, written and enqueued when this returns.

        Raises InputError, LimitReached with the limit, IdempotencyConflict, UpstreamPaused: nothing was held then.
        """
        asked = await self.core.generations.submit(request, actor=self.actor, idempotency_key=idempotency_key)
        return await self.get(asked.ids[0])

    async def submit_all(
        self,
        requests: Sequence[Request],
        *,
        idempotency_key: str | None = None,
        kind: str = "batch",
        plan: Mapping[str, Any] | None = None,
    ) -> list[Generation]:
        """Ask for several as one order: all are admitted, or none is. Raises as `submit`."""
        asked = await self.core.generations.submit(
            list(requests), actor=self.actor, idempotency_key=idempotency_key, kind=kind, plan=plan
        )
        return [await self.get(ident) for ident in asked.ids]

    async def wait(self, ident: str, *, timeout_s: float | None = None) -> Generation:
        """Return a generation when it has ended, however it ended. Raises TimedOut; it goes on all the same."""
        try:
            async with asyncio.timeout(timeout_s):
                async for _ in self.watch(ident):
                    pass
        except TimeoutError:
            raise errors.TimedOut(
                f"generation {ident} did not end within {timeout_s:g} s; it goes on, wait for it again",
                can_retry=True,
            ) from None
        return await self.get(ident)

    async def watch(self, ident: str) -> AsyncGenerator[Moment]:
        """Give how far a generation is, at most twice a second, until it has ended."""
        await patiently(lambda: self.core.generations.get(ident, actor=self.actor))
        is_over = False
        while not is_over:
            async with contextlib.aclosing(self.core.feed.watch(ident)) as following:
                while (event := await self.beside(anext(following, None))) is not None:
                    if event.state is None:
                        return
                    state = State(event.state)
                    body = event.body if event.kind is Kind.PROGRESS else event.body.get("progress") or {}
                    is_over = state.is_final
                    yield Moment(ident, state, body.get("percent"), body.get("logs") or "")
            # A reader that was too slow is told to begin anew.

    async def get(self, ident: str) -> Generation:
        """Return a generation with its stored outputs. Raises UnknownGeneration."""
        row = await self.core.generations.get(ident, actor=self.actor, is_shown=True)
        return generation.of(row, await outputs.of(self.core.database, ident))

    async def cancel(self, ident: str) -> Generation:
        """Wish that a generation ends: at once and free when it was not bought yet."""
        await self.core.generations.cancel(ident, actor=self.actor)
        return await self.get(ident)

    async def resume(self) -> list[Generation]:
        """Wait for everything that was asked for and has not ended, whoever began it; returns it all."""
        idents = await listing.open_ids(self.core.database, self.actor)
        return list(await asyncio.gather(*map(self.wait, idents)))

    async def resolve(self, ident: str, *, bought: str | None) -> Generation:
        """Say what became of an outcome that nobody could tell: the prediction bought, or None for nothing.

        Raises NotFound when upstream does not know that prediction, NotPossibleNow where nothing is to be decided, or
        not yet: what a prediction costs is known when it has ended.
        """
        await resolving.resolve(self.core, ident, bought=bought, actor=self.actor)
        return await self.get(ident)

    async def spend(
        self, *, by: str = "model", since: datetime | None = None, until: datetime | None = None
    ) -> list[spend.Line]:
        """Sum up what was booked, by model, user, key or day."""
        return await spend.report(
            self.core.database, by=spend.By(by), simulated=self.is_simulated, since=since, until=until
        )

    async def read(self, output: StoredOutput) -> bytes:
        """Return the bytes of a stored output."""
        return await self.read_file(output.sha256)

    async def read_file(self, sha256: str) -> bytes:
        """Return the bytes of a stored file."""
        return b"".join([piece async for piece in (await self.core.files.open(sha256)).pieces])

    async def save(self, output: StoredOutput, to: Path | str) -> Path:
        """Write a stored output to a file that is not there yet. Raises FileExistsError."""
        return await self.save_file(output.sha256, to)

    async def save_file(self, sha256: str, to: Path | str) -> Path:
        """Write a stored file to one that is not there yet. Raises FileExistsError."""
        path = Path(to)
        reading = await self.core.files.open(sha256)
        file = await asyncio.to_thread(path.open, "xb")
        try:
            with file:
                async for piece in reading.pieces:
                    await asyncio.to_thread(file.write, piece)
        except BaseException:
            await asyncio.to_thread(path.unlink)
            raise
        return path

    async def list(
        self, *, search: str = "", before: str | None = None, at_most: int = 100
    ) -> list[Generation]:
        """List generations, newest first; `search` is looked for in prompt, model, state and tags.

        `before` is the last id of the page before. Outputs are not among it: ask for one with `get`.
        """
        rows = await self.core.generations.list(
            actor=self.actor, filters=Filters(text=search), before=before, at_most=at_most
        )
        return [generation.of(row) for row in rows]

    async def beside(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Await it, or fail with the worker when that one fails first."""
        doing = asyncio.ensure_future(act)
        among = {doing} if self._working is None else {doing, self._working}
        try:
            await asyncio.wait(among, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            doing.cancel()
            await asyncio.wait({doing})
            raise
        if not doing.done() and self._working is not None:
            doing.cancel()
            await asyncio.wait({doing})
            self._working.result()
            raise RuntimeError("the studio was closed while it was waited for")
        return doing.result()


__all__ = ["Cache", "Film", "Request", "Studio"]
