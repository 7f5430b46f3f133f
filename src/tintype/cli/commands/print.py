"""`tintype print`: what a picture can be printed on, and how it will look there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tintype.cli import book, exits, options, screen, studio
from tintype.domain import printing, products
from tintype.domain.printing import Fit  # noqa: TC001 - typer reads the annotations
from tintype.media import turning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image as Images

    from tintype.domain.printing import Check, Remedy
    from tintype.local.studio import Studio

EXAMPLES = """\b
Examples:
  tintype print check boat.png --product poster-a3
  tintype print check boat.png --product 300x400mm+3mm --json
  tintype print check 01k9w3t8m2q7r5v6x0y4z1a2b3 --product t-shirt
  tintype print products
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False, epilog=EXAMPLES, no_args_is_help=True)


@app.callback()
def print_() -> None:
    """Check whether a picture has the pixels for a product: how it will look there, and what would help."""


@app.command(epilog=EXAMPLES)
def check(
    picture: Annotated[
        str,
        typer.Argument(metavar="FILE|ID", help="A picture's file, or a generation whose pictures to check."),
    ],
    *,
    product: Annotated[
        str, typer.Option(metavar="NAME", help="See tintype print products; or a size, as 300x400mm+3mm.")
    ],
    fit: Annotated[
        Fit | None,
        typer.Option(help="Fill it, cut at the edges; or fit whole, as transparent ones do unless told."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Say how a picture will look on a product, and what would make it sharp."""
    wanted = products.find(product)
    known = book.load()
    found = []
    for name, width, height, is_transparent in _pictures(picture):
        told = printing.check(width, height, wanted, fit=fit, is_transparent=is_transparent)
        found.append((name, told, printing.remedies(told, known)))
    if as_json:
        screen.put_json({"checks": [{"picture": one[0], **document(*one[1:])} for one in found]})
        return
    for name, told, remedies in found:
        _put(name, told, remedies)


@app.command("products", epilog=EXAMPLES)
def list_products(
    *,
    as_json: options.AsJson = False,
) -> None:
    """List what there is to print on, with sizes, bleed, the pixels for 300 DPI, and where each size is from."""
    every = [(one, printing.check(1000, 1000, one).needed_px) for one in products.ALL]
    if as_json:
        screen.put_json({"products": [_product(one, needed) for one, needed in every]})
        return
    rows = [
        [
            one.name,
            f"{_mm(one.width_mm)} x {_mm(one.height_mm)}",
            _mm(one.bleed_mm),
            f"{needed[0]}x{needed[1]}",
            one.source,
        ]
        for one, needed in every
    ]
    screen.put_table(["product", "mm", "bleed", "for 300 DPI", "source"], rows)


def document(told: Check, remedies: Sequence[Remedy]) -> dict[str, Any]:
    """Return a check and what would help for JSON; money as decimal strings."""
    return {
        "product": _product(told.product, told.needed_px),
        "width_px": told.width_px,
        "height_px": told.height_px,
        "fit": told.fit.value,
        "dpi": told.dpi,
        "verdict": told.verdict.value,
        "cut_percent": told.cut_percent,
        "sharp_up_to_mm": list(told.sharp_up_to_mm),
        "factor": told.factor,
        "advice": printing.advice(told, list(remedies)),
        "remedies": [
            {
                "model": one.model,
                "factor": one.factor,
                "dpi": one.dpi,
                "expected_usd": screen.dollars(one.estimate.expected_nano_usd),
                "at_most_usd": screen.dollars(one.estimate.bound_nano_usd),
            }
            for one in remedies
        ],
    }


def _pictures(text: str) -> list[tuple[str, int, int, bool]]:
    """Name and measure a file, or the pictures of a generation, and say which are transparent."""
    path = Path(text).expanduser()
    if path.is_file():
        return [(text, *_measured(path))]
    if len(text) != 26 or not text.isalnum():
        raise exits.Refusal(f"there is no file {text!r}; give a picture's file or the id of a generation")

    async def act(open_studio: Studio) -> list[tuple[str, int, int, bool]]:
        one = await studio.found(open_studio, text)
        found = []
        for output in one.outputs:
            if output.width is None:
                continue
            if output.made_by is not None and output.height is not None:
                # A sheet with its bleed, not all of which can be read as a picture.
                found.append((f"{one.id}/{output.position}", output.width, output.height, False))
                continue
            async with open_studio.core.files.local(output.sha256) as place:
                found.append((f"{one.id}/{output.position}", *_measured(Path(place))))
        return found

    found = studio.run(act, works=False)
    if not found:
        raise exits.Refusal(f"generation {text} has no pictures; see: tintype show {text}")
    return found


def _measured(path: Path) -> tuple[int, int, bool]:
    """Return width and height as it is shown, and whether some of it is transparent, as finishing judges it."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - not needed to answer --help

    try:
        with Image.open(path) as picture:
            shown = turning.shown(picture.size, picture.getexif().get(turning.ORIENTATION, 1))
            return (*shown, picture.has_transparency_data and not _is_solid(picture))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise exits.Refusal(f"{path.name!r} is no picture that can be read") from None


def _is_solid(picture: Images.Image) -> bool:
    return picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def _put(name: str, told: Check, remedies: Sequence[Remedy]) -> None:
    screen.put(f"{name}  {told.width_px}x{told.height_px}")
    screen.put(printing.advice(told, list(remedies)))
    if told.cut_percent:
        screen.put(f"{told.cut_percent:g} % of it are cut off; with --fit fit it stays whole.")
    screen.put(f"300 DPI take {told.needed_px[0]}x{told.needed_px[1]} pixels.")
    rows = [
        [
            one.model,
            f"{one.factor}x",
            f"{one.dpi} DPI",
            screen.usd(one.estimate.expected_nano_usd),
            screen.usd(one.estimate.bound_nano_usd),
        ]
        for one in remedies
    ]
    if rows:
        screen.put_table(["model", "times", "then", "usually", "at most"], rows)


def _product(one: products.Product, needed: tuple[int, int]) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "width_mm": float(one.width_mm),
        "height_mm": float(one.height_mm),
        "bleed_mm": float(one.bleed_mm),
        "needed_px": list(needed),
        "source": one.source,
    }


def _mm(length: Any) -> str:
    return f"{float(length):g}"


__all__ = ["app", "document"]
