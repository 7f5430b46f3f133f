"""Make the SVG drawings that simulated vector models deliver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from PIL import Image

from tintype.simulator import lettering, originals, pictures, scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.simulator.canvas import Box, Colour, Point

_TRACED_CELLS = 72
_COLOURS = 24
_DOWNWARDS = 'linearGradient x1="0" y1="0" x2="0" y2="1"'
_OUTWARDS = "radialGradient"


def draw_svg(prompt: str, *, seed: int, width: int, height: int, index: int = 0) -> bytes:
    """Draw the scene that `pictures.draw` draws as an SVG document, with the prompt as real text.

    The same arguments give the same bytes. Raises ValueError for a size that cannot be drawn.
    """
    pictures.check_size(width, height)
    canvas = _VectorCanvas(width, height)
    words, random = pictures.chances(prompt, seed, index)
    scenes.paint(canvas, words, random)
    canvas.letter(prompt, f"simulated drawing · seed {seed} · no. {index + 1}")
    return canvas.document(lettering.plain(prompt))


def trace_svg(source: bytes) -> bytes:
    """Turn a given picture into an SVG of its size: flat areas of at most 24 colours on a fine grid.

    Transparent parts stay empty. Raises UnreadableImage.
    """
    image = originals.read(source)
    width, height = image.size
    scale = min(1.0, _TRACED_CELLS / max(image.size))
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    small = image.resize((columns, rows), Image.Resampling.BOX).convert("RGBA")
    flat = small.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours, opacity = flat.convert("RGB").tobytes(), small.getchannel("A").tobytes()
    runs: dict[str, list[str]] = {}
    for row in range(rows):
        start = row * columns
        column = 0
        while column < columns:
            first = column
            at = start + column
            colour = colours[at * 3 : at * 3 + 3] if opacity[at] >= 128 else b""
            while column < columns and colour == _cell(colours, opacity, start + column):
                column += 1
            if colour:
                runs.setdefault(colour.hex(), []).append(
                    f"M{first} {row}h{column - first}v1h-{column - first}z"
                )
    paths = "\n".join(f'<path fill="#{colour}" d="{"".join(parts)}"/>' for colour, parts in runs.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {columns} {rows}" preserveAspectRatio="none" shape-rendering="crispEdges">\n'
        f"<title>simulated tracing</title>\n{paths}\n</svg>\n"
    ).encode()


@dataclass(slots=True)
class _VectorCanvas:
    """A canvas whose strokes become SVG elements."""

    width: int
    height: int
    elements: list[str] = field(default_factory=list)
    gradients: dict[tuple[str, str], str] = field(default_factory=dict)

    def sky(self, stops: Sequence[Colour]) -> None:
        spans = max(1, len(stops) - 1)
        marks = [(number / spans, colour, 1.0) for number, colour in enumerate(stops)]
        fill = self._gradient(_DOWNWARDS, marks)
        self.elements.append(f'<rect width="{self.width}" height="{self.height}" fill="{fill}"/>')

    def polygons(
        self,
        shapes: Sequence[Sequence[Point]],
        colour: Colour,
        *,
        to: Colour | None = None,
        alpha: float = 1.0,
    ) -> None:
        paths = ("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shape) + "z" for shape in shapes)
        self.elements.append(f'<path d="{"".join(paths)}" {self._fill(colour, to, alpha)}/>')

    def ellipses(
        self, boxes: Sequence[Box], colour: Colour, *, to: Colour | None = None, alpha: float = 1.0
    ) -> None:
        fill = self._fill(colour, to, alpha)
        for x0, y0, x1, y1 in boxes:
            centre = f'cx="{(x0 + x1) / 2:.1f}" cy="{(y0 + y1) / 2:.1f}"'
            self.elements.append(
                f'<ellipse {centre} rx="{abs(x1 - x0) / 2:.2f}" ry="{abs(y1 - y0) / 2:.2f}" {fill}/>'
            )

    def glow(self, centre: Point, radius: float, colour: Colour, *, alpha: float = 1.0) -> None:
        marks = [(place, colour, alpha * (1 - place) ** 2) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]
        fill = self._gradient(_OUTWARDS, marks)
        self.elements.append(
            f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:.1f}" fill="{fill}"/>'
        )

    def letter(self, prompt: str, note: str) -> None:
        """Write the prompt and a note at the foot; a renderer's own fonts serve the scripts it knows."""
        placed = lettering.place(prompt, width=self.width, height=self.height)
        fade = [(0.0, lettering.SHADE, 0.0), (0.62, lettering.SHADE, 0.84), (1.0, lettering.SHADE, 0.84)]
        fill = self._gradient(_DOWNWARDS, fade)
        self.elements.append(
            f'<rect y="{placed.top}" width="{self.width}" height="{self.height - placed.top}" fill="{fill}"/>'
        )
        family = 'font-family="Source Sans Pro, Source Sans 3, Helvetica, Arial, sans-serif"'
        for number, line in enumerate(placed.lines):
            y = placed.first_baseline + number * placed.leading_px
            self.elements.append(
                f'<text x="{placed.margin}" y="{y}" {family} font-weight="600" '
                f'font-size="{placed.size_px}" fill="#fff">{escape(line)}</text>'
            )
        self.elements.append(
            f'<text x="{placed.margin}" y="{self.height - placed.margin}" {family} '
            f'font-size="{placed.note_px}" fill="#e2e4ec">{escape(note)}</text>'
        )

    def document(self, title: str) -> bytes:
        """Give the finished SVG."""
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        defined = "\n".join(
            f'<{kind} id="{name}">{stops}</{kind.partition(" ")[0]}>'
            for (kind, stops), name in self.gradients.items()
        )
        drawn = "\n".join(self.elements)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<title>{escape(title)}</title>\n'
            f"<defs>\n{defined}\n</defs>\n{drawn}\n</svg>\n"
        ).encode()

    def _fill(self, colour: Colour, to: Colour | None, alpha: float) -> str:
        opacity = "" if alpha >= 1 else f' fill-opacity="{alpha:.2f}"'
        if to is None:
            return f'fill="{_hex(colour)}"{opacity}'
        fill = self._gradient(_DOWNWARDS, [(0.0, colour, 1.0), (1.0, to, 1.0)])
        return f'fill="{fill}"{opacity}'

    def _gradient(self, kind: str, marks: Sequence[tuple[float, Colour, float]]) -> str:
        stops = "".join(
            f'<stop offset="{place:.2f}" stop-color="{_hex(colour)}"'
            + ("/>" if alpha >= 1 else f' stop-opacity="{alpha:.3f}"/>')
            for place, colour, alpha in marks
        )
        name = f"g{len(self.gradients)}"
        return f"url(#{self.gradients.setdefault((kind, stops), name)})"


def _cell(colours: bytes, opacity: bytes, at: int) -> bytes:
    return colours[at * 3 : at * 3 + 3] if opacity[at] >= 128 else b""


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
