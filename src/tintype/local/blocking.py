"""The studio for code that is not async: `with tintype.studio() as studio: studio.generate("a boat")`.

An event loop in a thread of its own does the work; each call waits for its answer. Calls from several threads at
once are fine.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tintype.local.studio import Cache, Studio

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from tintype.domain.choosing import Choice, Mode
    from tintype.local.batching import Batch
    from tintype.local.generation import Estimate, Generation, Moment, StoredOutput
    from tintype.local.studio import Film
    from tintype.recommending import Recommendation
    from tintype.service.requests import Request
    from tintype.service.spend import Line

T = TypeVar("T")


class BlockingStudio:
    """A studio whose calls wait. Made by `tintype.studio()`; each method is described at `Studio`."""

    def __init__(self, studio: Studio, loop: asyncio.AbstractEventLoop) -> None:
        self._studio, self._loop = studio, loop

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator does the work, so that nothing is bought."""
        return self._studio.is_simulated

    def generate(  # noqa: PLR0913 - keyword-only choices, all optional
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
        """Make one generation and wait for it; see `Studio.generate`."""
        return self._do(
            self._studio.generate(
                prompt,
                model=model,
                mode=mode,
                profile=profile,
                cache=cache,
                max_usd=max_usd,
                finish=finish,
                idempotency_key=idempotency_key,
                timeout_s=timeout_s,
                strict=strict,
                **inputs,
            )
        )

    def approve(
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
        """Make the final of a proof's picture and wait for it; see `Studio.approve`."""
        return self._do(
            self._studio.approve(
                ident,
                pick=pick,
                model=model,
                max_usd=max_usd,
                idempotency_key=idempotency_key,
                timeout_s=timeout_s,
                **inputs,
            )
        )

    def choose(
        self, prompt: str, *, max_usd: str | Decimal | None = None, strict: bool = False, **inputs: Any
    ) -> Choice:
        """Choose a model as the mode `auto` does, and say why; see `Studio.choose`."""
        return self._do(self._studio.choose(prompt, max_usd=max_usd, strict=strict, **inputs))

    def rate(self, ident: str, rating: int | str) -> int:
        """Say what is thought of a generation; see `Studio.rate`."""
        return self._do(self._studio.rate(ident, rating))

    def recommend(  # noqa: PLR0913 - what a picture is to be, each optional
        self,
        budget: str | Decimal | float,
        iterations: int = 1,
        needs_high_quality: bool = False,  # noqa: FBT001, FBT002 - by position, as in guides
        *,
        transparent: bool = False,
        lettering: bool = False,
        edit: bool = False,
        aspect_ratio: str | None = None,
        size: str | None = None,
        models: Sequence[str] | None = None,
    ) -> Recommendation:
        """Recommend a model for a budget by the studio's settings; see `Studio.recommend`."""
        return self._studio.recommend(
            budget,
            iterations,
            needs_high_quality,
            transparent=transparent,
            lettering=lettering,
            edit=edit,
            aspect_ratio=aspect_ratio,
            size=size,
            models=models,
        )

    def video(
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
        """Make a clip of each image and join them; see `Studio.video`."""
        return self._do(
            self._studio.video(
                images,
                to=to,
                prompt=prompt,
                model=model,
                crossfade_s=crossfade_s,
                idempotency_key=idempotency_key,
                timeout_s=timeout_s,
                **inputs,
            )
        )

    def batch(  # noqa: PLR0913 - each is an option of a batch
        self,
        rows: Iterable[Mapping[str, Any]] | Path | str,
        *,
        prompt: str | None = None,
        model: str | None = None,
        mode: Mode | str | None = None,
        n: int = 1,
        strict: bool = False,
        cache: Cache | str = Cache.SEEDED,
        max_usd: str | Decimal | None = None,
        budget_usd: str | Decimal | None = None,
        duplicates: str = "once",
        idempotency_key: str | None = None,
        files_from: Sequence[Path | str] = (),
        timeout_s: float | None = None,
        **inputs: Any,
    ) -> Batch:
        """Make rows × a template within one budget, and wait; see `Studio.batch`."""
        return self._do(
            self._studio.batch(
                rows,
                prompt=prompt,
                model=model,
                mode=mode,
                n=n,
                strict=strict,
                cache=cache,
                max_usd=max_usd,
                budget_usd=budget_usd,
                duplicates=duplicates,
                idempotency_key=idempotency_key,
                files_from=files_from,
                timeout_s=timeout_s,
                **inputs,
            )
        )

    def resume_batch(
        self, ident: str, *, budget_usd: str | Decimal | None = None, timeout_s: float | None = None
    ) -> Batch:
        """Buy what a batch left undone, and wait; see `Studio.resume_batch`."""
        return self._do(self._studio.resume_batch(ident, budget_usd=budget_usd, timeout_s=timeout_s))

    def film(self, order_id: str, *, to: Path | str, timeout_s: float | None = None) -> Film:
        """Wait for a film that was asked for, and write it; see `Studio.film`."""
        return self._do(self._studio.film(order_id, to=to, timeout_s=timeout_s))

    def retry(self, ident: str) -> Generation:
        """Ask anew for what ended without success, and wait; see `Studio.retry`."""
        return self._do(self._studio.retry(ident))

    def submit(self, request: Request, *, idempotency_key: str | None = None) -> Generation:
        """Ask for a generation without waiting for its end; see `Studio.submit`."""
        return self._do(self._studio.submit(request, idempotency_key=idempotency_key))

    def submit_all(
        self,
        requests: Sequence[Request],
        *,
        idempotency_key: str | None = None,
        kind: str = "batch",
        plan: Mapping[str, Any] | None = None,
    ) -> list[Generation]:
        """Ask for several as one order; see `Studio.submit_all`."""
        return self._do(
            self._studio.submit_all(requests, idempotency_key=idempotency_key, kind=kind, plan=plan)
        )

    def wait(self, ident: str, *, timeout_s: float | None = None) -> Generation:
        """Return a generation when it has ended; see `Studio.wait`."""
        return self._do(self._studio.wait(ident, timeout_s=timeout_s))

    def watch(self, ident: str) -> Iterator[Moment]:
        """Give how far a generation is until it has ended; see `Studio.watch`."""
        moments = self._studio.watch(ident)
        try:
            while (moment := self._do(_next(moments))) is not None:
                yield moment
        finally:
            self._do(_end(moments))

    def get(self, ident: str) -> Generation:
        """Return a generation with its stored outputs; see `Studio.get`."""
        return self._do(self._studio.get(ident))

    def cancel(self, ident: str) -> Generation:
        """Wish that a generation ends; see `Studio.cancel`."""
        return self._do(self._studio.cancel(ident))

    def resume(self) -> list[Generation]:
        """Wait for everything that has not ended; see `Studio.resume`."""
        return self._do(self._studio.resume())

    def resolve(self, ident: str, *, bought: str | None) -> Generation:
        """Say what became of an outcome that nobody could tell; see `Studio.resolve`."""
        return self._do(self._studio.resolve(ident, bought=bought))

    def estimate(
        self,
        prompt: str | None = None,
        *,
        model: str | None = None,
        mode: Mode | str | None = None,
        profile: str | None = None,
        max_usd: str | Decimal | None = None,
        finish: Sequence[str] = (),
        strict: bool = False,
        **inputs: Any,
    ) -> Estimate:
        """Say what a generation will cost; see `Studio.estimate`."""
        return self._do(
            self._studio.estimate(
                prompt, model=model, mode=mode, profile=profile, max_usd=max_usd, finish=finish,
                strict=strict, **inputs,
            )
        )  # fmt: skip

    def spend(
        self, *, by: str = "model", since: datetime | None = None, until: datetime | None = None
    ) -> list[Line]:
        """Sum up what was booked; see `Studio.spend`."""
        return self._do(self._studio.spend(by=by, since=since, until=until))

    def read(self, output: StoredOutput) -> bytes:
        """Return the bytes of a stored output."""
        return self._do(self._studio.read(output))

    def save(self, output: StoredOutput, to: Path | str) -> Path:
        """Write a stored output to a new file; see `Studio.save`."""
        return self._do(self._studio.save(output, to))

    def list(self, *, search: str = "", before: str | None = None, at_most: int = 100) -> list[Generation]:
        """List generations, newest first; see `Studio.list`."""
        return self._do(self._studio.list(search=search, before=before, at_most=at_most))

    def _do(self, act: Coroutine[Any, Any, T]) -> T:
        return _done(act, self._loop)


@contextmanager
def studio(token: str | None = None, **options: Any) -> Iterator[BlockingStudio]:
    """Open a studio for code that is not async. `options` are those of `Studio`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tintype-studio", daemon=True)
    thread.start()
    try:
        made = _done(Studio(token, **options).__aenter__(), loop)
        try:
            yield BlockingStudio(made, loop)
        finally:
            _done(made.__aexit__(None, None, None), loop)
    finally:
        _done(loop.shutdown_asyncgens(), loop)
        _done(loop.shutdown_default_executor(), loop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _done(act: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Run it in the other thread; Ctrl-C here ends it there."""
    doing = asyncio.run_coroutine_threadsafe(act, loop)
    try:
        return doing.result()
    except BaseException:
        doing.cancel()
        raise


async def _next(moments: Any) -> Moment | None:
    found: Moment | None = await anext(moments, None)
    return found


async def _end(moments: Any) -> None:
    with contextlib.suppress(RuntimeError):
        await moments.aclose()


__all__ = ["BlockingStudio", "studio"]
