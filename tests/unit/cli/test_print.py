"""`tintype print check` measures a file as finishing will take it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tintype.cli import main
from tintype.media import printing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_turned_picture_is_checked_as_it_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    """What a camera held across is stored lying and shown upright; both count the pixels of what is shown."""
    source, exif = tmp_path / f"turned.{ending}", Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (300, 200), (90, 60, 30)).save(source, exif=exif)

    code = main(["print", "check", str(source), "--product", "mug", "--json"])
    told = json.loads(capsys.readouterr().out)["checks"][0]
    made = printing.finish(str(source), str(tmp_path / "out"), ["print:mug"], "x")

    assert (code, told["width_px"], told["height_px"]) == (0, 200, 300)
    assert told["dpi"] == round(made["dpi"])


def test_an_alpha_channel_that_clears_nothing_is_not_transparent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a picture fills its product, here and in the file that is made."""
    source = tmp_path / "solid.png"
    Image.new("RGBA", (300, 200), (90, 60, 30, 255)).save(source)

    main(["print", "check", str(source), "--product", "mug", "--json"])
    told = json.loads(capsys.readouterr().out)["checks"][0]
    made = printing.finish(str(source), str(tmp_path / "out"), ["print:mug"], "x")

    assert (told["fit"], told["dpi"]) == ("fill", round(made["dpi"]))
