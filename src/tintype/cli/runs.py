"""Make the predictions of an order at the same time, and cancel them upstream when asked to stop."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tintype.cli import exits, files
from tintype.domain.errors import OutcomeUnknown, TintypeError
from tintype.replicate import outputs
from tintype.replicate.inputs import INLINE_MAX
from tintype.replicate.limits import AsyncRateLimiter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tintype.cli.orders import Order, Run
    from tintype.replicate.aio import AsyncClient
    from tintype.replicate.outputs import AsyncOutput
    from tintype.replicate.progress import Progress
    from tintype.replicate.results import Prediction

# A create is held this long for models that are done at once; an interruption waits for it.
HELD_S = 1
# How long cancelling may take when a person wants to leave.
CANCEL_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A file on disk: its size in bytes, and in pixels where it is a picture or a film that could be read.

    `dpi` is there for a file for the print shop.
    """

    path: Path
    size: int
    width: int | None
    height: int | None
    dpi: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A prediction that succeeded. `seconds` counts from the create to the last file on disk.

    `generation_id` and `cost_nano_usd` are there where it was a durable generation, whose cost is booked.
    """

    run: Run
    prediction_id: str | None
    saved: tuple[Saved, ...]
    seconds: float
    generation_id: str | None = None
    cost_nano_usd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A prediction that did not come about, or whose files could not be saved."""

    run: Run
    error: Exception
    prediction_id: str | None

    @property
    def line(self) -> str:
        """What went wrong, with the prediction that it is about."""
        words = str(exits.of(self.error))
        is_named = self.prediction_id is None or self.prediction_id in words
        return words if is_named else f"{words} (prediction {self.prediction_id})"


class Watcher(Protocol):
    """Whoever wants to know how far each run is."""

    def moved(self, number: int, status: str, fraction: float | None) -> None:
        """Take in the state of the run with this number."""


@dataclass(slots=True)
class Runs:
    """The runs of one order under way; `names` are what the files of each are called, without ending.

    After an interruption `told` says what became of them.
    """

    client: AsyncClient
    order: Order
    watcher: Watcher
    folder: Path
    names: Sequence[str]
    speed: float = 1.0
    cancel_s: float = CANCEL_S
    told: str = ""
    finished: dict[int, Done | Broken] = field(default_factory=dict)
    limiter: AsyncRateLimiter = field(default_factory=AsyncRateLimiter)
    _reference: str = ""
    _urls: dict[Path, str] = field(default_factory=dict)
    _creates: dict[int, asyncio.Task[Prediction]] = field(default_factory=dict)
    _open: dict[int, str] = field(default_factory=dict)

    async def make(self) -> list[Done | Broken]:
        """Make all predictions at once and save what they make, in the order of the runs.

        A run that fails leaves the others alone. When cancelled, all that are open are cancelled upstream.
        """
        self._reference = await self._runnable()
        self._urls = await self._uploaded()
        tasks = [asyncio.create_task(self._one(number, run)) for number, run in enumerate(self.order.runs)]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.told = await self._cancel_all()
            raise
        return [self.finished[number] for number in range(len(tasks))]

    async def _runnable(self) -> str:
        """Name what to run: official models by their slug, others need a version."""
        slug, model = self.order.slug, self.order.model
        if ":" in slug or (model is not None and model.is_official):
            return slug
        found = await self.client.models.get(slug)
        if found.is_official or found.latest_version is None:
            return slug
        return f"{slug}:{found.latest_version.id}"

    async def _uploaded(self) -> dict[Path, str]:
        """Upload each large file once, however many runs work on it; small ones travel inside the input."""
        paths = {path for run in self.order.runs for path in _paths(run.values) if _is_large(path)}
        if paths:
            for number in range(len(self.order.runs)):
                self.watcher.moved(number, "uploading", None)
        sent = await asyncio.gather(*map(self.client.files.create, paths))
        return {path: file.url for path, file in zip(paths, sent, strict=True) if file.url is not None}

    async def _one(self, number: int, run: Run) -> None:
        started = time.monotonic()
        prediction: Prediction | None = None
        try:
            prediction = await self._predicted(number, run)
            saved = await self._saved(number, prediction)
        except (TintypeError, exits.Exit, OSError) as error:
            known = self._open.pop(number, None) or getattr(error, "prediction_id", None)
            about = known if prediction is None else prediction.id
            self.finished[number] = Broken(run=run, error=error, prediction_id=about)
            self.watcher.moved(number, "failed", None)
            return
        seconds = time.monotonic() - started
        self.finished[number] = Done(run=run, prediction_id=prediction.id, saved=saved, seconds=seconds)
        self.watcher.moved(number, "saved", 1.0)

    async def _predicted(self, number: int, run: Run) -> Prediction:
        # The limit is kept here and not by the client, so that an interruption ends the wait for a place.
        await self.limiter.acquire()
        # A create that is on its way may buy something: it is never cut off, so that it can be cancelled.
        create = asyncio.ensure_future(
            self.client.predictions.create(self._reference, _with_urls(run.values, self._urls), wait_s=HELD_S)
        )
        self._creates[number] = create
        prediction = await asyncio.shield(create)
        del self._creates[number]
        self._open[number] = prediction.id

        def tell(progress: Progress) -> None:
            self.watcher.moved(number, progress.status, progress.fraction)

        model = self.order.model
        usual_s = float(model.usual_s) / self.speed if model is not None else None
        ended = await self.client.predictions.wait(prediction, usual_s=usual_s, on_progress=tell)
        del self._open[number]
        return ended

    async def _saved(self, number: int, prediction: Prediction) -> tuple[Saved, ...]:
        made = self.client.predictions.outputs(prediction)
        if not made:
            raise exits.Failure(f"prediction {prediction.id} succeeded without an output")
        return tuple([await save(one, folder=self.folder, name=self.names[number]) for one in made])

    async def _cancel_all(self) -> str:
        under_way = sorted({*self._creates, *self._open})
        for number in under_way:
            self.watcher.moved(number, "canceling", None)
        return _told([end for end in await asyncio.gather(*map(self._cancelled, under_way)) if end])

    async def _cancelled(self, number: int) -> tuple[str, str] | None:
        """Cancel a run, once its create is answered; says what became of it, or None where nothing was bought."""
        try:
            async with asyncio.timeout(self.cancel_s):
                if number in self._creates:
                    self._open[number] = (await asyncio.shield(self._creates[number])).id
                return (await self.client.predictions.cancel(self._open[number])).status, self._open[number]
        except (TimeoutError, OutcomeUnknown):
            if number in self._open:
                return "not canceled in time", self._open[number]
            return "sent without an answer, so it may run", "see replicate.com/predictions"
        except TintypeError as error:
            return (f"not canceled ({error.code})", self._open[number]) if number in self._open else None


def _paths(value: Any) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [path for one in value for path in _paths(one)] if isinstance(value, list) else []


def _is_large(path: Path) -> bool:
    return path.stat().st_size > INLINE_MAX


def _with_urls(value: Any, urls: Mapping[Path, str]) -> Any:
    if isinstance(value, Path):
        return urls.get(value, value)
    if isinstance(value, dict):
        return {name: _with_urls(one, urls) for name, one in value.items()}
    return [_with_urls(one, urls) for one in value] if isinstance(value, list) else value


async def save(output: AsyncOutput, *, folder: Path, name: str) -> Saved:
    """Write an output to a new file named by its content; nothing is left of one that broke off."""
    pieces = output.stream()
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= 64:
            break
    ending = outputs.extension(output.url, output.media_type, head)
    with files.new_file(folder, name, ending) as (path, file):
        await asyncio.to_thread(file.write, head)
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
    width, height = await asyncio.to_thread(measure, path)
    return Saved(path=path, size=path.stat().st_size, width=width, height=height)


def measure(path: Path) -> tuple[int, int] | tuple[None, None]:
    """Read the size in pixels of a picture or a film; (None, None) where it has none that can be read."""
    if path.suffix in {".mp4", ".webm", ".mov"}:
        return _film_size(path)
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - loads while the prediction runs

    try:
        with Image.open(path) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None, None


def _film_size(path: Path) -> tuple[int, int] | tuple[None, None]:
    try:
        import av  # noqa: PLC0415 - not part of every installation
    except ModuleNotFoundError:
        return None, None
    try:
        with av.open(path) as film:
            stream = film.streams.video[0]
            return stream.width, stream.height
    except (av.FFmpegError, IndexError):
        return None, None


def _told(ended: Sequence[tuple[str, str]]) -> str:
    if not ended:
        return "interrupted; nothing was running upstream"
    by_status: dict[str, list[str]] = {}
    for status, where in ended:
        by_status.setdefault(status, []).append(where)
    words = [f"{status} upstream: {', '.join(dict.fromkeys(places))}" for status, places in by_status.items()]
    return f"interrupted; {'; '.join(words)}"


def failure(broken: Sequence[Broken], *, count: int) -> exits.Exit:
    """Say in one line what went wrong; a refusal only when nothing was made and all of it was wrong input."""
    lines = list(dict.fromkeys(one.line for one in broken))
    nothing_made = len(broken) == count
    is_wrong = nothing_made and all(exits.of(one.error).exit_code == 2 for one in broken)
    kind: type[exits.Exit] = exits.Refusal if is_wrong else exits.Failure
    if nothing_made and len(lines) == 1:
        return kind(lines[0])
    return kind(f"{len(broken)} of {count} predictions failed: {'; '.join(lines)}")


def document(done: Done) -> list[dict[str, Any]]:
    """Return what a run left on disk, for JSON."""
    return [
        {
            "path": str(saved.path),
            "bytes": saved.size,
            "width": saved.width,
            "height": saved.height,
            "seed": done.run.seed,
            "seconds": round(done.seconds, 3),
            "prediction_id": done.prediction_id,
            **({} if done.generation_id is None else {"generation_id": done.generation_id}),
            **({} if saved.dpi is None else {"dpi": saved.dpi}),
        }
        for saved in done.saved
    ]
