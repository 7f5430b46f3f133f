"""Write a prompt where people can read it: wrapped and fitted, with substitutes for unknown scripts.

The typeface is Source Sans (Latin, Greek, Cyrillic). A character that it lacks becomes a small mark
drawn from its code point: a lozenge for emoji and other symbols, a box for letters of other scripts, so that
two prompts in one script look different too.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

_LETTERS_MAX = 700  # more than fits legibly on any picture
_MEASURE_PX = 96
_SCRIPT = re.compile(r"\[\[[^\[\]]*\]\]")
_ELLIPSIS = "…"

SHADE = (8, 9, 16)
"""The colour of the fade that lettering stands on."""


def plain(prompt: str) -> str:
    """Give the prompt without `[[…]]` scripts, control characters and runs of white space."""
    text = unicodedata.normalize("NFC", _SCRIPT.sub(" ", prompt))
    kept = (" " if letter.isspace() else letter for letter in text)
    return " ".join("".join(letter for letter in kept if _is_visible(letter)).split())


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption ready to be laid on a picture: RGBA of the picture's full width, and where its top stands."""

    image: Image.Image
    top: int


def caption(prompt: str, note: str, *, width: int, height: int) -> Caption:
    """Write a prompt, and a small note under it, on a dark fade for the foot of a picture."""
    placed = place(prompt, width=width, height=height)
    top, margin, note_px = placed.top, placed.margin, placed.note_px
    image = Image.new("RGBA", (width, height - top), (*SHADE, 0))
    image.putalpha(_fade(width, height - top))
    letters = _Pen(placed.size_px)
    for number, line in enumerate(placed.lines):
        letters.write(image, margin, placed.first_baseline + number * placed.leading_px - top, line)
    pen = ImageDraw.Draw(image)
    small = _typeface("SourceSansPro-Regular.ttf", note_px)
    pen.text(
        (margin, height - top - margin),
        _cut(note, small, width - 2 * margin),
        font=small,
        fill=(226, 228, 236, 255),
        anchor="ls",
    )
    return Caption(image, top)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the lines of a prompt stand on a picture, in pixels; the dark fade begins at `top`."""

    lines: tuple[str, ...]
    size_px: int
    leading_px: int
    first_baseline: int
    top: int
    margin: int
    note_px: int


def place(prompt: str, *, width: int, height: int) -> Placed:
    """Wrap and fit a prompt to the foot of a picture; what does not fit legibly is cut with an ellipsis."""
    short = min(width, height)
    margin = max(3, round(short * 0.055))
    note_px = max(7, round(short * 0.021))
    room = (width - 2 * margin, max(10, round(height * (0.30 if height >= 160 else 0.5)) - note_px))
    lines, size_px = _fitted(plain(prompt), room, largest_px=max(9, round((width * height) ** 0.5 * 0.066)))
    leading_px = round(size_px * 1.16)
    block = leading_px * len(lines) + round(note_px * 1.9)
    first_baseline = height - margin - block + round(note_px * 0.3 + size_px * 0.92)
    top = max(0, height - block - margin - round(short * 0.14))
    return Placed(tuple(lines), size_px, leading_px, first_baseline, top, margin, note_px)


@dataclass(slots=True)
class _Pen:
    """A typeface at one size which knows what it lacks."""

    size_px: int
    face: ImageFont.FreeTypeFont = field(init=False)
    known: dict[str, bool] = field(default_factory=dict)
    lacking: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.face = _typeface("SourceSansPro-Semibold.ttf", self.size_px)
        # U+FFFF is no character: what is drawn for it is what is drawn for everything unknown.
        self.lacking = bytes(self.face.getmask("\uffff"))

    def knows(self, letter: str) -> bool:
        if letter not in self.known:
            self.known[letter] = letter == " " or bytes(self.face.getmask(letter)) != self.lacking
        return self.known[letter]

    def runs(self, line: str) -> list[str]:
        """Split a line into runs of known letters and single unknown ones."""
        found: list[str] = []
        joined = False
        for letter in line:
            knows = self.knows(letter)
            if knows and joined:
                found[-1] += letter
            else:
                found.append(letter)
            joined = knows
        return found

    def length(self, line: str) -> float:
        return sum(
            self.face.getlength(run) if self.knows(run[0]) else self.size_px * 0.74 for run in self.runs(line)
        )

    def write(self, image: Image.Image, x: float, baseline: int, line: str) -> None:
        pen = ImageDraw.Draw(image)
        for run in self.runs(line):
            if self.knows(run[0]):
                pen.text((x, baseline), run, font=self.face, fill=(255, 255, 255, 255), anchor="ls")
                x += self.face.getlength(run)
            else:
                mark, tint = _substitute(run, max(6, round(self.size_px * 0.68)))
                image.paste(tint, (round(x + self.size_px * 0.03), baseline - mark.height), mark)
                x += self.size_px * 0.74


def _fitted(text: str, room: tuple[int, int], *, largest_px: int) -> tuple[list[str], int]:
    """Choose the largest size at which the text fits the room; at the smallest, cut it with an ellipsis."""
    shortened = text if len(text) <= _LETTERS_MAX else text[:_LETTERS_MAX].rstrip() + _ELLIPSIS
    ruler = _Pen(_MEASURE_PX)
    words = [(word, ruler.length(word) / _MEASURE_PX) for word in shortened.split()]
    smallest_px = max(8, round(largest_px * 0.42))
    size_px = largest_px
    while size_px > smallest_px and not _fits(words, room, size_px):
        size_px = max(smallest_px, min(size_px - 1, round(size_px * 0.92)))
    pen = _Pen(size_px)
    lines = _wrapped(shortened, pen, room[0])
    lines_max = max(1, int(room[1] / round(size_px * 1.16)))
    if len(lines) > lines_max:
        kept = lines[lines_max - 1]
        while kept and pen.length(kept + _ELLIPSIS) > room[0]:
            kept = kept[:-1].rstrip()
        lines = [*lines[: lines_max - 1], kept + _ELLIPSIS]
    return lines, size_px


def _fits(words: Sequence[tuple[str, float]], room: tuple[int, int], size_px: int) -> bool:
    lines, used = 1, 0.0
    for _, ems in words:
        length = ems * size_px
        if length > room[0]:
            return False
        gap = size_px * 0.2 if used else 0.0
        if used + gap + length > room[0]:
            lines, used = lines + 1, length
        else:
            used += gap + length
    return lines * round(size_px * 1.16) <= room[1]


def _wrapped(text: str, pen: _Pen, room_px: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if pen.length(longer) <= room_px:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for letter in word:  # a word longer than a line is broken between letters
            if line and pen.length(line + letter) > room_px:
                lines.append(line)
                line = ""
            line += letter
    return [*lines, line] if line else lines


def _substitute(letter: str, size_px: int) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Draw the mark for an unknown character: a frame with a pattern and a tint from its code point."""
    code = ord(letter[0])
    cell = 84
    mark = Image.new("L", (cell, cell))
    pen = ImageDraw.Draw(mark)
    if unicodedata.category(letter[0]).startswith("L"):
        pen.rounded_rectangle((4, 4, 79, 79), radius=14, outline=255, width=9)
        inner, step, tint = 22, 14, (255, 255, 255, 255)
    else:
        pen.polygon([(42, 0), (83, 42), (42, 83), (0, 42)], fill=255)
        pen.polygon([(42, 14), (69, 42), (42, 69), (14, 42)], fill=0)
        inner, step = 27, 10
        tint = ((255, 209, 102, 255), (126, 224, 192, 255), (255, 158, 187, 255), (150, 200, 255, 255))[
            code % 4
        ]
    scrambled = (code * 2654435761) >> 4
    for place in range(9):
        if scrambled >> place & 1 or place == 4:
            x, y = inner + place % 3 * step, inner + place // 3 * step
            pen.rectangle((x, y, x + step - 3, y + step - 3), fill=255)
    return mark.resize((size_px, size_px), Image.Resampling.LANCZOS), tint


def _fade(width: int, height: int) -> Image.Image:
    column = Image.new("L", (1, height))
    column.putdata([round(214 * min(1.0, y / max(1.0, height * 0.62)) ** 1.25) for y in range(height)])
    return column.resize((width, height), Image.Resampling.NEAREST)


def _cut(text: str, face: ImageFont.FreeTypeFont, room_px: int) -> str:
    """Drop the last words of a note until it fits; its first word always stays."""
    words = text.split(" · ")
    while len(words) > 1 and face.getlength(" · ".join(words)) > room_px:
        words.pop()
    return " · ".join(words)


def _typeface(file: str, size_px: int) -> ImageFont.FreeTypeFont:
    path = resources.files("font_source_sans_pro").joinpath("files", file)
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


def _is_visible(letter: str) -> bool:
    # Variation selectors, joiners and marks of other scripts would each become a mark of their own.
    return letter == " " or unicodedata.category(letter)[0] not in "CM"
