"""Draw one output of a prediction from its plan and its input files. Slow and pure: made for a thread."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tintype.simulator import films, pictures, vectors
from tintype.simulator.making import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tintype.simulator.making import Given, Making

DRAWN = "draw:"
"""What the name of an input file begins with that is drawn from its URL."""
_PICTURE = Source(1024, 768)
_FILM = Source(640, 360, Decimal(3), 24)


def name(url: str, medium: str) -> str:
    """Return the name under which a drawn input file is remembered."""
    return f"{DRAWN}{medium} {url}"


def facts(source: str) -> Source:
    """Return the facts of a drawn input file without drawing it."""
    return _FILM if source.startswith(f"{DRAWN}video ") else _PICTURE


def given(source: str) -> bytes:
    """Draw an input file: always the same for the same URL, with the words of its path in it."""
    url = source.partition(" ")[2]
    parts = urlsplit(url)
    words = unquote(parts.path).strip("/").replace("/", " ").replace("-", " ").replace("_", " ")
    prompt = words.rpartition(".")[0] or words or parts.netloc
    if facts(source) is _FILM:
        seconds = float(_FILM.seconds)
        return films.film(
            prompt, seed=0, width=_FILM.width, height=_FILM.height, seconds=seconds, fps=_FILM.fps
        )
    ending = parts.path.rpartition(".")[2].lower()
    kind = ending if ending in {"png", "webp"} else "jpg"
    return pictures.draw(prompt, seed=0, width=_PICTURE.width, height=_PICTURE.height, format=kind)


def draw(plan: Making, index: int, values: Mapping[str, Any], files: Sequence[tuple[Given, bytes]]) -> bytes:
    """Return the bytes of the output with this index. `files` are the input files, the main one first."""
    source = next((content for file, content in files if file.is_source), None)
    if plan.act == "vector" and source is not None:
        return vectors.trace_svg(source)
    if plan.act == "vector":
        return vectors.draw_svg(
            plan.prompt, seed=plan.seed, index=index, width=plan.width, height=plan.height
        )
    if plan.format == "mp4":
        return _film(plan, index, source)
    draw_one = partial(pictures.draw, plan.prompt, seed=plan.seed, index=index, transparent=plan.transparent)
    if source is not None and plan.act == "cut_out":
        background = values.get("background_type")
        return pictures.cut_out(
            source,
            format=plan.format,
            quality=plan.quality,
            background=background if isinstance(background, str) else "rgba",
            reverse=values.get("reverse") is True,
        )
    if source is not None and plan.act == "enlarge":
        draw_one = partial(pictures.enlarge, source)
    elif source is not None:
        mask = next((content for file, content in files if file.field == "mask"), None)
        pictured = [file for file in files if file[0].medium == "image" and file[0].field != "mask"]
        others = [content for file, content in pictured if not file.is_source]
        draw_one = partial(
            pictures.edit, source, plan.prompt, seed=plan.seed, index=index, others=others, mask=mask
        )
        if plan.transparent:
            edited = draw_one(width=plan.width, height=plan.height, format="png")
            return pictures.cut_out(edited, format=plan.format, quality=plan.quality)
    return draw_one(width=plan.width, height=plan.height, format=plan.format, quality=plan.quality)


def _film(plan: Making, index: int, source: bytes | None) -> bytes:
    if plan.act == "cut_out_film" and source is not None:
        return films.cut_out_film(source)
    if plan.act == "extend_film" and source is not None:
        return films.extend_film(source, plan.prompt, seed=plan.seed + index, seconds=plan.seconds)
    if plan.act == "enlarge_film" and source is not None:
        return films.enlarge_film(source, width=plan.width, height=plan.height, fps=plan.fps)
    return films.film(
        plan.prompt,
        seed=plan.seed + index,
        width=plan.width,
        height=plan.height,
        seconds=float(plan.seconds),
        fps=plan.fps,
        source=source,
        audio=plan.audio,
    )
