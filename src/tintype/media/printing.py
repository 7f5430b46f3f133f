"""Do the finishing steps that nothing is bought for: trim a picture, and make the file that a print shop takes.

Runs in a process of its own (`media.pool`), because a file may be made to break a decoder. Paths in, facts out. No
pixel is invented: a picture keeps its own, and its dots per inch say how large they are printed.
"""

from __future__ import annotations

import io
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

from tintype.domain import printing, steps
from tintype.domain.errors import InputError
from tintype.domain.printing import Fit
from tintype.domain.products import MM_PER_INCH
from tintype.media import provenance
from tintype.media.kinds import PIXELS_MAX, Kind
from tintype.media.thumbnails import Unreadable, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image as Images

    from tintype.domain.steps import Print

_KINDS = {steps.Format.PNG: Kind.PNG, steps.Format.TIFF: Kind.TIFF, steps.Format.PDF: Kind.PDF}
# How far each channel may be from the corner's to count as empty, of 255.
_ALIKE = 8
_GREYS = ("1", "L", "LA")
_POINTS_PER_INCH = 72
# A large picture takes minutes at the usual 6, for a few hundredths of its size.
_PNG_LEVEL = 4
_PROFILE_DATE = slice(24, 36)


def finish(source: str, target: str, texts: list[str], ident: str) -> dict[str, Any]:
    """Do these steps on a picture and write what comes of it to `target`; returns its kind, pixels and DPI.

    `ident` is the generation that it is of, which a PNG says.

    Raises Unreadable for what is no picture, or becomes too large.
    """
    image, dpi, last = _in_srgb(opened(source)), Fraction(0), None
    for step in map(steps.read, texts):
        match step:
            case steps.Trim():
                image = _trimmed(image)
            case steps.Print():
                image, dpi = _laid_out(image, step)
                last = step
    kind = Kind.PNG if last is None else _KINDS[last.format]
    if kind is Kind.PDF and last is not None:
        _write_pdf(image, target, dpi, last)
    else:
        _write(image, target, kind, dpi, ident)
    width, height = image.size
    return {"kind": kind.value, "width": width, "height": height, "dpi": round(float(dpi), 3)}


def profile() -> bytes:
    """Return the sRGB profile that files are tagged with, the same bytes each time."""
    from PIL import ImageCms  # noqa: PLC0415 - costs a moment that other work need not wait for

    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The library writes the time of day into it.
    made[_PROFILE_DATE] = b"\x07\xea\x00\x01\x00\x01" + bytes(6)
    return bytes(made)


def _in_srgb(image: Images.Image) -> Images.Image:
    """Return a picture in 8-bit sRGB, its transparency kept where it has any."""
    from PIL import Image, ImageCms  # noqa: PLC0415 - as above

    own = image.info.get("icc_profile")
    has_alpha = image.has_transparency_data
    plain = image.convert("RGBA" if has_alpha else "RGB")
    alpha = plain.getchannel("A") if has_alpha else None
    if own:
        # A profile is for ink, for grey, or for colours, those of a palette too.
        base = image if image.mode == "CMYK" else plain.convert("L" if image.mode in _GREYS else "RGB")
        try:
            converted = ImageCms.profileToProfile(
                base,
                ImageCms.ImageCmsProfile(io.BytesIO(own)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            # A profile that cannot be read says nothing; then it counts as sRGB, as on a screen.
            converted = None
        plain = converted or plain.convert("RGB")
    if alpha is None or alpha.getextrema() == (255, 255):
        return plain.convert("RGB")
    bands = plain.convert("RGB").split()
    return Image.merge("RGBA", (*bands, alpha))


def _trimmed(image: Images.Image) -> Images.Image:
    """Cut off what is transparent all round; where nothing is, what has the colour of the upper left corner."""
    from PIL import Image, ImageChops  # noqa: PLC0415 - as above

    solid = _beyond([image.getchannel("A")]) if image.mode == "RGBA" else Image.new("L", image.size, 255)
    box = solid.getbbox()
    if box == (0, 0, *image.size):
        # Premultiplied, as a colour that is hardly there is hardly another one.
        plain = image.convert("RGBa") if image.mode == "RGBA" else image
        corner = Image.new(plain.mode, plain.size, plain.getpixel((0, 0)))
        apart = _beyond(ImageChops.difference(plain, corner).split())
        box = ImageChops.darker(apart, solid).getbbox()
    return image if box is None else image.crop(box)


def _beyond(channels: Sequence[Images.Image]) -> Images.Image:
    """Return a mask of the pixels that are more than alike in any of these channels."""
    from PIL import ImageChops  # noqa: PLC0415 - as above

    return reduce(ImageChops.lighter, channels).point(lambda level: 255 * (level > _ALIKE))


def _laid_out(image: Images.Image, step: Print) -> tuple[Images.Image, Fraction]:
    """Lay a picture on its product with the bleed; returns the sheet and its exact dots per inch."""
    from PIL import Image  # noqa: PLC0415 - as above

    try:
        told = printing.check(*image.size, step.product, fit=step.fit, is_transparent=image.mode == "RGBA")
    except InputError as fault:
        raise Unreadable(str(fault)) from fault
    dpi = printing.resolution(*image.size, told.product, told.fit)
    bleed = 2 * told.product.bleed_mm
    sides = (told.product.width_mm + bleed, told.product.height_mm + bleed)
    width, height = (max(round(side / MM_PER_INCH * dpi), 1) for side in sides)
    if told.fit is Fit.FILL:
        width, height = min(width, image.width), min(height, image.height)
    if width * height > PIXELS_MAX:
        raise Unreadable(
            f"on {told.product.name} it would have {width} × {height} pixels, which is too large"
        )
    at = ((width - image.width) // 2, (height - image.height) // 2)
    if told.fit is Fit.FILL:
        return image.crop((-at[0], -at[1], width - at[0], height - at[1])), dpi
    empty = (0, 0, 0, 0) if image.mode == "RGBA" else (255, 255, 255)
    sheet = Image.new(image.mode, (width, height), empty)
    sheet.paste(image, at)
    return sheet, dpi


def _write(image: Images.Image, target: str, kind: Kind, dpi: Fraction, ident: str) -> None:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - as above

    image.info.clear()
    said = PngInfo()
    said.add_text(provenance.KEYWORD, ident)
    tags: dict[str, Any] = {"icc_profile": profile()}
    if dpi:
        tags["dpi"] = (float(dpi), float(dpi))
    with open(target, "xb") as file:  # noqa: PTH123 - a path is a text here
        if kind is Kind.TIFF:
            image.save(file, "TIFF", compression="tiff_adobe_deflate", **tags)
        else:
            image.save(file, "PNG", compress_level=_PNG_LEVEL, pnginfo=said, **tags)


def _write_pdf(image: Images.Image, target: str, dpi: Fraction, step: Print) -> None:
    """Write a page of the sheet's size: the picture in sRGB, its transparency as a mask, trim and bleed as boxes."""
    import pikepdf  # noqa: PLC0415 - as above

    width, height = (float(side / dpi * _POINTS_PER_INCH) for side in image.size)
    edge = float(step.product.bleed_mm / MM_PER_INCH * _POINTS_PER_INCH)
    with pikepdf.new() as pdf:
        srgb = pdf.make_stream(profile(), N=3, Alternate=pikepdf.Name.DeviceRGB)
        space = pikepdf.Array([pikepdf.Name.ICCBased, srgb])
        picture = _embedded(pdf, image.convert("RGB"), space)
        if image.mode == "RGBA":
            picture.SMask = _embedded(pdf, image.getchannel("A"), pikepdf.Name.DeviceGray)
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=[0, 0, width, height],
            BleedBox=[0, 0, width, height],
            TrimBox=[edge, edge, width - edge, height - edge],
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Picture=picture)),
            Contents=pdf.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Picture Do Q".encode()),
            Group=pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=space),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
        pdf.save(target, deterministic_id=True)


def _embedded(pdf: Any, image: Images.Image, space: Any) -> Any:
    """Return a picture as PDF holds it: compressed as in a PNG, whose lines it takes as they are."""
    import pikepdf  # noqa: PLC0415 - as above

    written = io.BytesIO()
    image.info.clear()
    image.save(written, "PNG", compress_level=_PNG_LEVEL)
    colors = len(image.getbands())
    return pdf.make_stream(
        _lines(written.getvalue()),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=space,
        BitsPerComponent=8,
        Filter=pikepdf.Name.FlateDecode,
        DecodeParms=pikepdf.Dictionary(Predictor=15, Colors=colors, BitsPerComponent=8, Columns=image.width),
    )


def _lines(png: bytes) -> bytes:
    """Return the compressed lines of a PNG that Pillow wrote: its IDAT chunks, joined."""
    at, found = 8, []
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            found.append(png[at + 8 : at + 8 + length])
        at += length + 12
    return b"".join(found)


__all__ = ["finish", "profile"]
