"""Files in the input travel inside it when small and as uploads when not; text is never opened."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tintype.domain import errors
from tintype.replicate import inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.client.conftest import Asked
    from tintype.testing import Simulator

KONTEXT = "black-forest-labs/flux-kontext-pro"


class Shape(Enum):
    """An aspect ratio."""

    WIDE = "16:9"


def _picture(width: int = 64) -> bytes:
    made = io.BytesIO()
    Image.effect_noise((width, width), 90).save(made, "PNG")
    return made.getvalue()


def _sent(asked: Asked, value: Any) -> Any:
    made = asked.ask(lambda client: client.predictions.create(KONTEXT, {"prompt": "a", "input_image": value}))
    return made.input["input_image"]


@pytest.mark.parametrize("kind", ["path", "bytes", "bytearray", "open", "memory", "image"])
def test_small_files_of_every_kind_travel_inside_the_input(both: Asked, kind: str, tmp_path: Path) -> None:
    data, path = _picture(), tmp_path / "a.png"
    path.write_bytes(data)
    with path.open("rb") as handle:
        value = {
            "path": path,
            "bytes": data,
            "bytearray": bytearray(data),
            "open": handle,
            "memory": io.BytesIO(data),
            "image": Image.open(io.BytesIO(data)),
        }[kind]

        assert _sent(both, value).startswith("data:image/png;base64,iVBORw0KGgo")


def test_larger_files_are_uploaded_and_read_by_the_model(
    make: Callable[..., Asked], simulator: Simulator, tmp_path: Path
) -> None:
    asked = make(simulator.url, simulator.token, inline_max=1_000)
    path = tmp_path / "photo.png"
    path.write_bytes(_picture(128))

    (output,) = asked.ask(lambda client: client.run(KONTEXT, {"prompt": "a", "input_image": path}))
    (file,) = asked.ask(lambda client: client.files.iterate())

    assert output.url
    assert (file.name, file.content_type, file.size) == ("photo.png", "image/png", path.stat().st_size)


def test_files_are_found_at_any_depth_and_other_values_become_json(both: Asked) -> None:
    made = both.ask(
        lambda client: client.predictions.create(
            "bytedance/seedream-4",
            {
                "prompt": "a",
                "image_input": (_picture(), [_picture()][0]),
                "aspect_ratio": Shape.WIDE,
                "unknown": {
                    "day": date(2026, 1, 2),
                    "price": Decimal("1.5"),
                    "count": Decimal(3),
                    "deep": [_picture()],
                },
            },
        )
    )

    assert all(one.startswith("data:image/png") for one in made.input["image_input"])
    assert made.input["aspect_ratio"] == "16:9"
    deep = made.input["unknown"].pop("deep")
    assert made.input["unknown"] == {"day": "2026-01-02", "price": 1.5, "count": 3}
    assert deep[0].startswith("data:image/png")


def test_many_small_files_together_are_uploaded(both: Asked) -> None:
    pictures = [_picture(400) for _ in range(8)]
    assert all(len(one) < inputs.INLINE_MAX for one in pictures)
    assert sum(map(len, pictures)) > inputs.INLINE_TOTAL_MAX

    made = both.ask(
        lambda client: client.predictions.create(
            "bytedance/seedream-4", {"prompt": "a", "image_input": pictures}
        )
    )

    inside = [one for one in made.input["image_input"] if one.startswith("data:")]
    assert 0 < len(inside) < 8
    assert len(both.ask(lambda client: client.files.iterate())) == 8 - len(inside)


def test_a_text_that_looks_like_a_path_stays_a_text(both: Asked, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("private")

    made = both.ask(lambda client: client.predictions.create(KONTEXT, {"prompt": str(secret)}))

    assert made.input["prompt"] == str(secret)
    with pytest.raises(errors.InputError, match=r"pathlib\.Path"):
        both.ask(lambda client: client.files.create(str(secret)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Path("nowhere.png"), "cannot be read"),
        (Path(), "not a file"),
        (Path("no\0where.png"), "no path"),
        (Image.new("RGB", (0, 0)), "cannot be written as PNG"),
        (io.StringIO("text"), "binary mode"),
        (object(), "of type object"),
        ({1: "x"}, "names are text"),
        (float("nan"), "JSON"),
        ("\ud800", "JSON"),
    ],
    ids=["missing", "folder", "no path", "empty image", "text", "object", "key", "nan", "surrogate"],
)
def test_what_cannot_be_sent_is_refused_by_its_place_before_anything_is(
    both: Asked, simulator: Simulator, value: Any, words: str
) -> None:
    before = simulator.health()["requests"]

    with pytest.raises(errors.InputError, match=words) as caught:
        both.ask(
            lambda client: client.predictions.create(KONTEXT, {"prompt": "a", "deep": [value], "f": b"x"})
        )

    assert isinstance(caught.value, ValueError)
    assert "JSON" in str(caught.value) or "input.deep[0]" in str(caught.value)
    # Asking for the count is a request itself.
    assert simulator.health()["requests"] - before <= 1


def test_a_file_over_the_apis_limit_is_refused_before_it_is_read(both: Asked, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as handle:
        handle.truncate(inputs.UPLOAD_MAX + 1)

    with pytest.raises(errors.InputError, match=r"input\.input_image: large\.bin has 100000001 bytes"):
        _sent(both, large)
    with large.open("rb") as handle, pytest.raises(errors.InputError, match="100000001 bytes"):
        _sent(both, handle)


def test_an_upload_is_repeated_with_its_whole_content(
    both: Asked, simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789" * 50_000)
    simulator.faults(
        [{"do": "reset", "path": "/files", "count": 1}, {"do": "answer", "path": "/files", "count": 1}]
    )

    made = both.ask(lambda client: client.files.create(path))

    assert made.size == 500_000
    assert simulator.fired() == [1, 1]
