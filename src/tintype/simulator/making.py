"""Decide what a prediction makes: how many files of which size, length and format. Pure: nothing is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tintype.simulator import sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model

# What is made stays within what a small machine can draw and a test can wait for.
COUNT_MAX = 40
SECONDS_MAX = Decimal(60)
SOURCE_SECONDS_MAX = Decimal(600)
SECONDS_MIN = Decimal("0.1")
FPS_MAX = 120
TOKENS_MAX = 65_536

# Inputs whose files are films or sounds; all others are taken for pictures.
FILMS = frozenset(
    {
        "video",
        "input_video",
        "video_url",
        "init_video",
        "reference_video",
        "reference_videos",
        "first_clip",
        "videos",
    }
)
SOUNDS = frozenset({"audio", "audio_file", "reference_audios"})


@dataclass(frozen=True, slots=True)
class Source:
    """Facts of the picture or film that was given: pixels, and for films the length and frames a second.

    `areas` are the pixels of every picture that was given, where all were measured.
    """

    width: int
    height: int
    seconds: Decimal = Decimal(0)
    fps: int = 0
    areas: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A file that an input names: which input, its URL or data URI, and whether the model works on it.

    `medium` is image, video or audio.
    """

    field: str
    url: str
    medium: str
    is_source: bool


@dataclass(frozen=True, slots=True)
class Making:
    """What one prediction makes.

    `act` names the way: draw, edit, enlarge, cut_out, vector, film, enlarge_film, cut_out_film, extend_film
    or write. A film made from a given film keeps its sound; `seconds` of an extension are the new ones alone.
    `count` files of `format` (png, jpg, webp, svg, mp4, text), each `width` by `height` pixels; films have
    `seconds`, `fps` and perhaps `audio`. `quality` is 1 to 100. Texts read `tokens_in` and write at most
    `tokens_max`. `megapixels` and `megapixels_in` are the areas of one file made and of all pictures given,
    in units of 1,048,576 pixels; where an input names an area, that is it.
    """

    kind: str
    act: str
    count: int
    format: str
    width: int
    height: int
    seed: int
    prompt: str
    seconds: Decimal = Decimal(0)
    fps: int = 0
    audio: bool = False
    transparent: bool = False
    quality: int = 80
    tokens_in: int = 0
    tokens_max: int = 0
    megapixels_in: Decimal = Decimal(0)
    megapixels: Decimal = Decimal(0)


def plan(
    model: Model,
    input: Mapping[str, Any],  # noqa: A002 - the API's own word
    seed: int,
    source: Source | None = None,
) -> Making:
    """Return what a valid input asks of a model.

    `seed` counts where the input states none. `source` is what the first source input holds; None where
    nothing is given or its size is not known yet, and then the model's usual size is assumed.
    """
    values = filled(model, input)
    makes = model.makes
    prompt = _prompt(makes, values)
    seed = seed_of(model, input, seed)
    if model.medium == "text":
        return Making(
            kind=model.kind,
            act="write",
            count=1,
            format="text",
            width=0,
            height=0,
            seed=seed,
            prompt=prompt,
            tokens_in=_tokens_in(values),
            tokens_max=_whole(
                values.get(makes["tokens_field"]), otherwise=makes["tokens"], least=1, most=TOKENS_MAX
            ),
        )
    files = given(model, input)
    is_film = model.medium == "video"
    asked = sizes.Asked(
        values=values,
        stated=frozenset(name for name, value in input.items() if value is not None),
        choices={name: field.enum for name, field in model.inputs.items() if field.enum},
        source=(source.width, source.height) if source else None,
    )
    size = sizes.work_out(model.size, asked, is_film=is_film)
    area = size.area_asked or size.width * size.height
    file_format = _format(makes, values)
    seconds, fps = _length(makes, values, source) if is_film else (Decimal(0), 0)
    return Making(
        kind=model.kind,
        act=_act(model, files),
        count=_count(makes, values),
        format=file_format,
        width=size.width,
        height=size.height,
        seed=seed,
        prompt=prompt,
        seconds=seconds,
        fps=fps,
        audio=is_film and bool(values.get(makes.get("audio_field", ""), makes.get("audio", False))),
        transparent=_is_transparent(makes, values, file_format),
        quality=_whole(values.get(makes.get("quality", "")), otherwise=80, least=1, most=100),
        megapixels=_megapixels(area),
        megapixels_in=_megapixels_in(files, source),
    )


def filled(model: Model, input: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002 - the API's own word
    """Return the inputs that the model knows, defaults filled in; null counts as not given."""
    values = {name: field.default for name, field in model.inputs.items() if field.has_default}
    values.update({name: input[name] for name in model.inputs if input.get(name) is not None})
    return values


def given(model: Model, input: Mapping[str, Any]) -> tuple[Given, ...]:  # noqa: A002 - the API's own word
    """Return the files that an input names, the one to work on first."""
    found: list[Given] = []
    for name in (*model.sources, *(name for name in model.inputs if name not in model.sources)):
        field = model.inputs[name]
        value = input.get(name)
        if field.format == "uri" and isinstance(value, str) and value:
            urls = [value]
        elif field.items and field.items.get("format") == "uri" and isinstance(value, list):
            urls = [url for url in value if isinstance(url, str) and url]
        else:
            continue
        medium = "video" if name in FILMS else "audio" if name in SOUNDS else "image"
        for url in urls:
            is_first = name in model.sources and not any(one.is_source for one in found)
            found.append(Given(field=name, url=url, medium=medium, is_source=is_first))
    return tuple(found)


def _act(model: Model, files: tuple[Given, ...]) -> str:
    """Return the way in which a file is made: by the model's kind, and whether something is given."""
    stated: str | None = model.makes.get("act")
    if stated:
        return stated
    if model.medium == "video":
        return "film"
    by_kind = {"upscale": "enlarge", "background": "cut_out", "vector": "vector"}.get(model.kind)
    if by_kind:
        return by_kind
    return "edit" if any(one.is_source for one in files) else "draw"


def _prompt(makes: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    value = values.get(makes.get("prompt", "prompt"))
    return value if isinstance(value, str) else ""


def seed_of(model: Model, input: Mapping[str, Any], otherwise: int) -> int:  # noqa: A002 - the API's own word
    """Return the seed that was given, unless it is negative, which asks for a random one."""
    value = input.get(model.makes.get("seed", "seed"))
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return otherwise
    return int(value)


def _count(makes: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    if not sizes.holds(makes.get("count_if", {}), values):
        return 1
    count = 1
    for name in makes.get("count", ()):
        count *= _whole(values.get(name), otherwise=1, least=1, most=COUNT_MAX)
    return min(count, COUNT_MAX)


def _format(makes: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    value = str(values.get(makes.get("format_field", ""), makes["format"])).lower()
    return "jpg" if value == "jpeg" else value


def _is_transparent(makes: Mapping[str, Any], values: Mapping[str, Any], file_format: str) -> bool:
    """Return whether the file has an alpha channel: made or asked for, in a format that can."""
    if file_format not in {"png", "webp"}:
        return False
    if "transparent_if" in makes:
        return sizes.holds(makes["transparent_if"], values)
    return bool(makes.get("transparent", False))


def _length(
    makes: Mapping[str, Any], values: Mapping[str, Any], source: Source | None
) -> tuple[Decimal, int]:
    """Return the seconds and the frames a second of a film."""
    fps = _whole(values.get(makes.get("fps_field", "")), otherwise=makes["fps"], least=1, most=FPS_MAX)
    if makes.get("follows_source") and source is not None and source.seconds > 0:
        if "fps_field" not in makes and source.fps:
            fps = min(source.fps, FPS_MAX)
        return _between(source.seconds, SOURCE_SECONDS_MAX), fps
    if "frames" in makes:
        frames = _whole(
            values.get(makes.get("frames_field", "")), otherwise=makes["frames"], least=1, most=10_000
        )
        seconds = Decimal(frames) / Decimal(fps)
    else:
        asked = values.get(makes.get("seconds_field", ""))
        # Some models take -1 for a length of their own choosing.
        seconds = _decimal(asked) if asked is not None and _decimal(asked) > 0 else Decimal(makes["seconds"])
    if "smooth_if" in makes and sizes.holds(makes["smooth_if"], values):
        fps = max(fps, makes["smooth_fps"])
    return _between(seconds, SECONDS_MAX), fps


def _between(seconds: Decimal, most: Decimal) -> Decimal:
    return min(max(seconds, SECONDS_MIN), most).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _whole(value: Any, *, otherwise: int, least: int, most: int) -> int:
    """Return a number, or text that is one, as a whole one within bounds; else `otherwise`."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        value = otherwise
    return max(least, min(int(value), most))


def _tokens_in(values: Mapping[str, Any]) -> int:
    """Return about how many tokens the texts of an input are: four characters each, at least one."""
    texts = (values.get(name) for name in ("prompt", "system_prompt", "system_instruction"))
    return max(1, sum(math.ceil(len(text) / 4) for text in texts if isinstance(text, str)))


def _megapixels(area: int) -> Decimal:
    return (Decimal(area) / sizes.MEGAPIXEL).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _megapixels_in(files: tuple[Given, ...], source: Source | None) -> Decimal:
    """Return the area of all pictures given; those whose size is not known count as one megapixel each."""
    if source is not None and source.areas:
        return sum((_megapixels(area) for area in source.areas), Decimal(0))
    pictures = sum(1 for one in files if one.medium == "image")
    if not pictures:
        return Decimal(0)
    first = _megapixels(source.width * source.height) if source else Decimal(1)
    return first + (pictures - 1)
