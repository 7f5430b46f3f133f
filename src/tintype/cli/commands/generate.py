"""`tintype generate`: make pictures from a prompt and save them."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import (
    book,
    choosing,
    durable,
    exits,
    files,
    finishing,
    options,
    orders,
    preview,
    progress,
    runs,
    screen,
    upstream,
)
from tintype.cli.planned import Open, Planned
from tintype.domain import profiles
from tintype.domain.catalogue import Kind
from tintype.domain.choosing import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.cli.orders import Order
    from tintype.cli.runs import Broken, Done, Saved
    from tintype.cli.upstream import Place
    from tintype.domain.catalogue import Catalogue
    from tintype.domain.choosing import Choice
    from tintype.local.studio import Studio
    from tintype.settings import Settings

EXAMPLES = """\b
Examples:
  tintype generate "a red sports car on a wet street"
  tintype generate "a red sports car" --mode proof -n 4
  tintype generate "a red sports car" --mode auto --max-usd 0.05 --explain
  tintype generate "a paper boat" --model flux-schnell -n 4 --aspect 4:3 --seed 7
  tintype generate "a paper boat" --size 1024x768 --format png --out pictures
  tintype generate "in watercolours" --model nano-banana --set image_input=boat.png
  tintype generate --model real-esrgan --set image=boat.png
  tintype generate "a fox" --model someone/their-model --set image=@fox.png
  tintype generate "a lighthouse" --json
  tintype generate "a fox" --finish upscale:4 --finish print:poster-a3

\b
Interrupted and started again, it takes up what was paid for, as tintype
resume does. Exit codes: 0 all made, 1 something failed upstream, 2 wrong
input or configuration, 130 interrupted.
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def generate(  # noqa: PLR0913 - each is an option of the command
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="What to show; left out only for models that take none."),
    ] = None,
    *,
    model: options.Model = None,
    mode: Annotated[
        Mode | None, typer.Option(help="In place of a model: what it is for.  [default: standard]")
    ] = None,
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, max=100, help="How many pictures.  [default: 1]")
    ] = None,
    aspect: Annotated[str | None, typer.Option(metavar="W:H", help="Width to height, as 4:3.")] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same seed makes the same picture.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="In pixels, as 1024x768: the nearest that is made.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Of the file: png, jpg, webp.")
    ] = None,
    quality: Annotated[
        str | None, typer.Option(metavar="NAME", help="low, medium or high, of models that have qualities.")
    ] = None,
    negative: Annotated[str | None, typer.Option(metavar="TEXT", help="What to leave out.")] = None,
    transparent: Annotated[bool, typer.Option("--transparent", help="Without a background.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what the model cannot do, in place of a note.")
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What goes along with the prompt: plain, print, photo, logo, yours."
        ),
    ] = None,
    max_usd: Annotated[
        str | None,
        typer.Option(metavar="USD", help="The most that all may cost, --finish too; dearer is refused."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why --mode auto took its model.")] = False,
    settings: options.Inputs = None,
    finish: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP",
            help="Then upscale:FACTOR, remove-background, trim, print:PRODUCT; may be repeated.",
        ),
    ] = None,
    out: options.Out = Path(),
    as_json: options.AsJson = False,
    with_preview: Annotated[
        bool, typer.Option("--preview/--no-preview", help="Show the pictures in the terminal.")
    ] = True,
    direct: options.Direct = False,
) -> None:
    """Make pictures from a prompt and save them; without a token, at a simulator on this machine."""
    from tintype import settings as all_settings  # noqa: PLC0415 - not needed for --help

    if model is not None and mode is not None:
        raise exits.Refusal("give --model or --mode, not both")
    given = all_settings.load()
    wish = orders.Wish(
        model=model or ("" if mode is Mode.AUTO else given.model_of(mode)),
        prompt=prompt,
        count=count,
        aspect=aspect,
        seed=seed,
        size=orders.size(size),
        format=file_format,
        quality=quality,
        negative_prompt=negative,
        is_transparent=transparent,
        is_strict=strict,
        settings=settings or (),
        profile=profiles.find(profile or given.profile, given.profiles),
    )
    task = _Task(
        wish,
        book.load(),
        given,
        # The model that a mode stands for may be another tomorrow.
        mode=(mode or Mode.STANDARD) if model is None else None,
        steps=finish or (),
        most_nano_usd=choosing.nano(max_usd),
        is_durable=not direct and durable.is_installed(),
        is_explained=explain,
    )
    delivered, planned, place = made(
        task.asked(), kind="generate", folder=files.folder(out), is_quiet=as_json, is_direct=direct
    )
    order, ended = planned.order, delivered.ended
    done = [one for one in ended if isinstance(one, runs.Done)]
    broken = [one for one in ended if isinstance(one, runs.Broken)]
    if as_json:
        also = {} if planned.choice is None else {"chosen": choosing.document(planned.choice)}
        screen.put_json({**document(order, place, done, broken), **also})
    else:
        _put(order, done, with_preview=with_preview and preview.is_possible())
        if mode is Mode.PROOF:
            _put_next(done)
    if broken:
        raise runs.failure(broken, count=len(ended))


@dataclasses.dataclass(frozen=True, slots=True)
class _Task:
    """A command's options, and how they become an order. `mode` is None where a model is named."""

    wish: orders.Wish
    known: Catalogue
    given: Settings
    _: dataclasses.KW_ONLY
    mode: Mode | None
    steps: Sequence[str]
    most_nano_usd: int | None
    is_durable: bool
    is_explained: bool

    def asked(self) -> Planned | Open:
        """Plan it, or say how it is planned once there is a studio to choose the model with. Raises Refusal."""
        if self.mode is not Mode.AUTO:
            return self._planned(self.wish)
        if not self.is_durable:
            return self._chosen(choosing.choose_unrated(self.known, self._open, self.given))

        async def plan(open_studio: Studio) -> Planned:
            return self._chosen(await choosing.choose(open_studio, self.known, self._open))

        return Open(self._said, plan)

    @property
    def _open(self) -> choosing.Asked:
        return choosing.Asked(self.wish, self.most_nano_usd, self.steps)

    def _chosen(self, choice: Choice) -> Planned:
        for line in choice.reasons if self.is_explained else ():
            screen.say(line)
        wish = dataclasses.replace(self.wish, model=choice.model.slug)
        return dataclasses.replace(self._planned(wish), choice=choice)

    def _planned(self, wish: orders.Wish) -> Planned:
        order = orders.order(self.known, wish)
        if order.model is None:
            screen.say(orders.unknown_note(self.known, order.slug))
        elif order.model.kind is Kind.TEXT:
            raise exits.Refusal(
                f"{order.slug} writes text; generate makes pictures and films. See: tintype models"
            )
        for note in order.notes:
            screen.say(note)
        names = _names(order)
        also: dict[str, Any] = {}
        if self.steps:
            if self.mode is Mode.PROOF or not self.is_durable:
                raise exits.Refusal(
                    "--finish goes with durable generations that are no proofs; see: tintype doctor"
                )
            order, names = finishing.expanded(order, names, self.steps, known=self.known, chosen=self.given)
            also = {"steps": list(self.steps)}
        choosing.check_price(order, self.most_nano_usd, is_measured=self.is_durable)
        if self.mode is Mode.PROOF:
            also = {"is_proof": True}
        return Planned(order, names, also, said=None if self.mode is None else self._said)

    @property
    def _said(self) -> list[Any]:
        """What was asked for, which stays the same whatever the mode stands for by now."""
        first, further = self.wish.asked
        return [self.mode, *first, list(self.steps), self.most_nano_usd, *further]


def _names(order: Order) -> list[str]:
    """Name the files of each run by its prompt, or by the file that it works on."""
    names = []
    for run in order.runs:
        source = next((Path(value) for value in run.values.values() if isinstance(value, Path)), None)
        words = run.values.get("prompt") or (source.stem if source else "")
        names.append(files.stem(str(words), model=order.slug, seed=run.seed))
    return names


def made(
    asked: Planned | Open, *, kind: str, folder: Path, is_quiet: bool, is_direct: bool
) -> tuple[durable.Delivered, Planned, Place]:
    """Make all runs of an order: as durable generations, or by the bare client where that is wanted or all there is."""
    if not is_direct and durable.is_installed():
        return durable.make(asked, kind=kind, folder=folder, is_quiet=is_quiet)
    if isinstance(asked, Open):
        raise TypeError("without a studio the model is chosen beforehand")
    with upstream.chosen() as place:
        ended = make(asked.order, place, folder=folder, names=asked.names, is_quiet=is_quiet)
        return durable.Delivered(ended), asked, place


def make(
    order: Order, place: Place, *, folder: Path, names: Sequence[str], is_quiet: bool
) -> list[Done | Broken]:
    """Make all runs of an order. Raises Interrupted after Ctrl-C, when they were cancelled upstream."""
    name = order.slug.partition("/")[2].partition(":")[0]
    with progress.Board(name, len(order.runs), is_wanted=not is_quiet) as board:
        work = _Work(order, place, folder, names, board)
        try:
            return asyncio.run(work.make())
        except KeyboardInterrupt:
            kept = [saved.path for one in work.done for saved in one.saved]
            line = work.told or "interrupted; what was sent may still run upstream"
            raise exits.Interrupted(f"{line}; kept: {', '.join(map(str, kept))}" if kept else line) from None


class _Work:
    """The runs of an order inside an event loop, remembered for when it is interrupted."""

    def __init__(
        self, order: Order, place: Place, folder: Path, names: Sequence[str], board: progress.Board
    ) -> None:
        self._order, self._place, self._folder, self._names, self._board = order, place, folder, names, board
        self._runs: runs.Runs | None = None

    async def make(self) -> list[Done | Broken]:
        from tintype.replicate.aio import AsyncClient  # noqa: PLC0415 - not needed to refuse wrong input
        from tintype.replicate.limits import Limits  # noqa: PLC0415 - as above

        async with AsyncClient(
            self._place.token,
            base_url=self._place.origin,
            # The runs keep the limit of creates themselves.
            limits=Limits(creates_per_minute=None),
            trust_env=not self._place.is_simulated,
        ) as client:
            self._runs = runs.Runs(
                client, self._order, self._board, self._folder, self._names, speed=self._place.speed
            )
            return await self._runs.make()

    @property
    def told(self) -> str:
        return self._runs.told if self._runs is not None else ""

    @property
    def done(self) -> list[Done]:
        finished = self._runs.finished.values() if self._runs is not None else ()
        return [one for one in finished if isinstance(one, runs.Done)]


def document(order: Order, place: Place, done: Sequence[Done], broken: Sequence[Broken]) -> dict[str, Any]:
    """Return what was made, what it is estimated to cost and what failed, for JSON."""
    estimate = orders.total(one.run for one in done)
    return {
        "model": order.slug,
        "simulated": place.is_simulated,
        "warnings": list(order.notes),
        "files": [entry for one in done for entry in runs.document(one)],
        "failures": [
            {
                "code": getattr(one.error, "failure_code", None) or getattr(one.error, "code", "error"),
                "message": exits.one_line(one.line),
                "prediction_id": one.prediction_id,
            }
            for one in broken
        ],
        "estimate": None
        if estimate is None
        else {
            "expected_usd": screen.dollars(estimate.expected_nano_usd),
            "at_most_usd": screen.dollars(estimate.bound_nano_usd),
        },
        "cost_usd": None if (booked := _booked(done)) is None else screen.dollars(booked),
    }


def cost(done: Sequence[Done]) -> str:
    """Say what the finished runs cost: what was booked, or an estimate, since upstream tells no prices."""
    booked = _booked(done)
    if booked is not None:
        return screen.usd(booked)
    estimate = orders.total(one.run for one in done)
    return "price unknown" if estimate is None else f"{screen.usd(estimate.expected_nano_usd)} (estimate)"


def _booked(done: Sequence[Done]) -> int | None:
    """Add up what was booked, in nano-dollars; None where nobody kept a book."""
    costs = [one.cost_nano_usd for one in done if one.cost_nano_usd is not None]
    return sum(costs) if costs and len(costs) == len(done) else None


def _put(order: Order, done: Sequence[Done], *, with_preview: bool) -> None:
    saved = [(file, one.seconds) for one in done for file in one.saved]
    for file, seconds in saved:
        if with_preview:
            preview.show(file.path)
        screen.put(f"{file.path}  {_pixels(file)}  {screen.size(file.size)}  {seconds:.1f} s")
    if saved:
        screen.put(f"{len(saved)} from {order.slug}, {cost(done)}")


def _put_next(done: Sequence[Done]) -> None:
    """Say how a proof that is liked becomes a final."""
    for one in done:
        if one.generation_id is not None:
            pick = f" --pick N, of {len(one.saved)}" if len(one.saved) > 1 else ""
            screen.put(f"for the final: tintype approve {one.generation_id}{pick}")


def _pixels(file: Saved) -> str:
    if file.width is not None:
        return f"{file.width}x{file.height}" + ("" if file.dpi is None else f"  {file.dpi} DPI")
    return {".svg": "vector", ".txt": "text"}.get(file.path.suffix, "size unknown")
