"""What is drawn is what was planned: one model of each way, format and number of outputs."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image

from tests.unit.simulator.valid_inputs import MODELS, least
from tintype.simulator import drawing, films, making, pictures
from tintype.simulator.making import Source

if TYPE_CHECKING:
    from tintype.simulator.making import Making

PICTURE = Source(96, 64)
FILM = Source(64, 48, Decimal(1), 8)
PIL_FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}

# The smallest that a model makes, so that a hundred of them do not take long.
SMALLEST = {
    "resolution": "480p",
    "quality": "360p",
    "target_resolution": "720p",
    "megapixels": "0.25",
    "output_megapixels": "0.25",
    "image_size": "1K",
    "size": "1K",
}


def _ways() -> dict[str, str]:
    """Return one model for each way of making that there is, the one with the least to draw."""
    chosen: dict[str, tuple[int, str]] = {}
    for slug, model in MODELS.items():
        if model.medium == "text":
            continue
        made = making.plan(model, _input(slug), 7)
        transparent = "-transparent" if made.transparent else ""
        way = f"{made.kind}-{made.act}-{made.format}-{made.count}{transparent}"
        work = made.width * made.height * max(1, round(made.seconds * made.fps))
        chosen[way] = min(chosen.get(way, (work, slug)), (work, slug))
    return {way: slug for way, (_, slug) in chosen.items()}


def _input(slug: str) -> dict[str, Any]:
    model = MODELS[slug]
    given = least(model)
    for name, value in SMALLEST.items():
        if value in (getattr(model.inputs.get(name), "enum", None) or ()):
            given[name] = value
    for name in ("duration", "seconds"):
        field = model.inputs.get(name)
        if field is not None:
            given[name] = field.enum[0] if field.enum else max(1, int(field.minimum or 1))
    return given


WAYS = _ways()


@pytest.fixture(scope="module")
def picture() -> bytes:
    return pictures.draw("a cat", seed=1, width=PICTURE.width, height=PICTURE.height, format="png")


@pytest.fixture(scope="module")
def film() -> bytes:
    return films.film(
        "a cat", seed=1, width=FILM.width, height=FILM.height, seconds=FILM.seconds, fps=FILM.fps
    )


@pytest.mark.parametrize("slug", WAYS.values(), ids=WAYS)
def test_the_file_is_the_planned_one(slug: str, picture: bytes, film: bytes) -> None:
    """Size, format, transparency, length and sound are those of the plan, for the last of its outputs."""
    given = _input(slug)
    files = making.given(MODELS[slug], given)
    source = next((FILM if one.medium == "video" else PICTURE for one in files if one.is_source), None)
    plan = making.plan(MODELS[slug], given, 7, source)
    contents = [(one, film if one.medium == "video" else picture) for one in files]

    content = drawing.draw(plan, plan.count - 1, given, contents)

    if plan.format == "svg":
        assert b"<svg" in content
    elif plan.format == "mp4":
        _assert_film(plan, content)
    else:
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == PIL_FORMATS[plan.format]
            assert image.size == (plan.width, plan.height)
            assert ("A" in image.mode) == plan.transparent


def test_every_way_of_making_is_tried() -> None:
    acts = {making.plan(MODELS[slug], _input(slug), 7).act for slug in WAYS.values()}

    assert acts == {
        "draw",
        "edit",
        "enlarge",
        "cut_out",
        "vector",
        "film",
        "enlarge_film",
        "cut_out_film",
        "extend_film",
    }


def _assert_film(plan: Making, content: bytes) -> None:
    # An extension comes after the film that it extends.
    seconds = plan.seconds + (FILM.seconds if plan.act == "extend_film" else 0)
    with av.open(io.BytesIO(content), "r") as container:
        video = container.streams.video[0]
        frames = len(list(container.decode(video)))
        fps = float(video.average_rate or 0)

        assert video.codec_context.name == "h264"
        assert (video.width, video.height) == (plan.width, plan.height)
        assert frames / fps == pytest.approx(float(seconds), abs=0.1)
        assert bool(container.streams.audio) == plan.audio
        if plan.act == "film":
            assert fps == pytest.approx(plan.fps)
