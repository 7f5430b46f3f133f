"""`tintype video`: one clip for each image, joined into one film."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import book, exits, files, filmed, options, orders, runs, screen
from tintype.cli.commands import generate
from tintype.cli.planned import Planned
from tintype.domain import joining, pricing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.cli.runs import Done, Saved

EXAMPLES = """\b
Examples:
  tintype video first.png second.png
  tintype video stills/*.webp --prompt "the boat drifts to the left" --out films
  tintype video https://example.com/a.png --model seedance-lite --set duration=8
  tintype video --prompt "a boat in the harbour of an old town"

\b
Exit codes: 0 made, 1 something failed upstream (finished clips are kept),
2 wrong input or configuration, 130 interrupted and cancelled upstream. Killed
and started again, it takes up what was paid for.
"""
PROMPT = "Slow, natural movement; the scene stays as it is."
WORDS_MODEL = "wan-video/wan-2.2-t2v-fast"
"""What makes a film of words alone, unless another model is named."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLES)
def video(  # noqa: PLR0913 - each is an option of the command
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IMAGE]...", help="Paths or URLs, in order; none for a film of the prompt."),
    ] = None,
    *,
    prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What is to happen in each clip.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="NAME", help="A model that films images, or words."),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed makes the same clip.")] = None,
    crossfade: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Let each clip dissolve into the next.")
    ] = 0,
    settings: options.Inputs = None,
    out: options.Out = Path(),
    as_json: options.AsJson = False,
    direct: options.Direct = False,
) -> None:
    """Bring pictures to life, one clip for each, and join the clips into one MP4."""
    images = images or []
    if not images and prompt is None:
        raise exits.Refusal("give at least one image, or say with --prompt what is to be seen")
    wish = orders.Wish(
        model=model or _model(is_of_words=not images),
        prompt=PROMPT if prompt is None else prompt,
        seed=seed,
        settings=settings or (),
    )
    known = book.load()
    order = orders.clips(known, wish, images)
    if order.model is not None:
        lengths_s = [float(pricing.seconds(order.model, run.values)) for run in order.runs]
        joining.check_crossfade(crossfade, lengths_s)
    if order.model is None:
        screen.say(orders.unknown_note(known, order.slug))
    count = len(order.runs)
    if count > 1:
        # Without PyAV nothing can be joined: this says so before anything is bought.
        importlib.import_module("tintype.media.video")
    folder = files.folder(out)
    name = _name(images[0], slug=order.slug) if images else files.stem(prompt or "", model=order.slug)
    names = [name] if count == 1 else [f"{name}-clip-{number + 1}" for number in range(count)]
    planned = Planned(order, names, {"film": name, "crossfade_s": crossfade})
    delivered, _, place = generate.made(
        planned, kind="film", folder=folder, is_quiet=as_json, is_direct=direct
    )
    ended = delivered.ended
    done = [one for one in ended if isinstance(one, runs.Done)]
    broken = [one for one in ended if isinstance(one, runs.Broken)]
    film = None
    if delivered.film is not None:
        film = _stored(delivered.film)
    elif not broken:
        film = joined(done, folder=folder, name=name, crossfade_s=crossfade)
    if as_json:
        screen.put_json(_document(generate.document(order, place, done, broken), film, done))
    elif film is not None:
        put_film(film)
        seconds = max(one.seconds for one in done)
        screen.put(f"{len(done)} by {order.slug} in {seconds:.1f} s, {generate.cost(done)}")
    if broken:
        kept = ", ".join(str(saved.path) for one in done for saved in one.saved)
        end = runs.failure(broken, count=len(ended))
        raise type(end)(f"{end}; kept: {kept}" if kept else str(end))


def put_film(film: dict[str, Any]) -> None:
    """Print a film's path, size and length."""
    length = "" if film["seconds"] is None else f"  {film['seconds']:.1f} s long"
    pixels = f"{film['width']}x{film['height']}" if film["width"] else "size unknown"
    screen.put(f"{film['path']}  {pixels}{length}  {screen.size(film['bytes'])}")


def _name(image: str, *, slug: str) -> str:
    is_data = image.casefold().startswith("data:")
    return files.stem("film" if is_data else Path(image.partition("?")[0]).stem, model=slug)


def _model(*, is_of_words: bool) -> str:
    from tintype import settings  # noqa: PLC0415 - not needed for --help

    return WORDS_MODEL if is_of_words else settings.load().model_video


def _document(made: dict[str, Any], film: dict[str, Any] | None, done: Sequence[Done]) -> dict[str, Any]:
    """Tell the clips, each with how long it took, and the film; a clip has a path where a file is it alone."""
    clips = made.pop("files")
    if not clips:
        clips = [
            {
                "path": film["path"] if film is not None and len(done) == 1 else None,
                "seed": one.run.seed,
                "seconds": round(one.seconds, 3),
                "prediction_id": one.prediction_id,
                "generation_id": one.generation_id,
            }
            for one in done
        ]
    elif film is not None and len(clips) > 1:
        clips = [{**clip, "path": None} for clip in clips]
    # Beside the film's length, which is its `seconds`, this is another word.
    timed = [{"took_s" if name == "seconds" else name: told for name, told in clip.items()} for clip in clips]
    return {**made, "clips": timed, "film": film}


def _stored(film: filmed.Saved) -> dict[str, Any]:
    """Describe a film that the core has joined."""
    return {
        **_measured(film.path),
        "path": str(film.path),
        "bytes": film.size,
        "width": film.width,
        "height": film.height,
        "seconds": film.seconds,
        "poster": None if film.poster is None else str(film.poster),
        "order_id": film.order_id,
        "cost_usd": screen.dollars(film.cost_nano_usd),
    }


def joined(done: Sequence[Done], *, folder: Path, name: str, crossfade_s: float) -> dict[str, Any]:
    """Join the clips into one film and remove them; they stay where that fails, since they were paid for."""
    clips = [saved.path for one in done for saved in one.saved]
    if len(clips) == 1:
        return _whole(done[0].saved[0], folder=folder)
    from tintype.media import video as films  # noqa: PLC0415 - brings PyAV, which a single clip can do without

    try:
        with files.new_file(folder, name, ".mp4") as (path, placeholder):
            placeholder.close()
            film = films.join(clips, path, crossfade_s=crossfade_s)
    except (films.CannotJoin, films.UnreadableClip) as error:
        raise exits.Failure(f"{error}; the clips are kept: {', '.join(map(str, clips))}") from None
    for clip in clips:
        clip.unlink()
    return {
        "path": str(film.path),
        "bytes": film.path.stat().st_size,
        "width": film.width,
        "height": film.height,
        "seconds": float(film.seconds),
        "fps": float(film.fps),
        "has_audio": film.has_audio,
        "poster": _poster(film.path, folder=folder),
    }


def _poster(film: Path, *, folder: Path) -> str | None:
    """Save the first frame beside a film, as the core does; None where nothing is installed that decodes it."""
    if any(importlib.util.find_spec(name) is None for name in ("av", "PIL")):
        return None
    from tintype.media import thumbnails  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="tintype-") as draft:
        drawn = Path(draft, "poster")
        try:
            thumbnails.thumbnail(str(film), str(drawn), side_px=thumbnails.POSTER_MAX_PX)
        except thumbnails.Unreadable as error:
            screen.say(f"there is no poster: {error}")
            return None
        with files.new_file(folder, f"{film.stem}-poster", ".webp") as (path, file):
            file.write(drawn.read_bytes())
    return str(path)


def _whole(saved: Saved, *, folder: Path) -> dict[str, Any]:
    """Describe a film of one clip, which stays as it was made; its length only where PyAV can read it."""
    return {
        "path": str(saved.path),
        "bytes": saved.size,
        "width": saved.width,
        "height": saved.height,
        "poster": _poster(saved.path, folder=folder),
        **_measured(saved.path),
    }


def _measured(path: Path) -> dict[str, Any]:
    """Return length, rate and whether there is sound, each None where PyAV is not there to tell."""
    if importlib.util.find_spec("av") is None:
        return dict.fromkeys(("seconds", "fps", "has_audio"))
    from tintype.media import clips  # noqa: PLC0415 - as above

    clip = clips.read(path, 0)
    return {"seconds": float(clip.seconds), "fps": float(clip.fps), "has_audio": clip.has_audio}
