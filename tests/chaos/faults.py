"""Every fault of upstream's and every place where the core can meet it; what is to become of a generation then.

Once is a fault that each generation meets once, always is one that lasts until they met it often.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from tests.integration.faults.test_matrix import SWEEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EACH = 2
"""How many generations meet a fault."""
SUCCEEDED = "succeeded"
CANCELED = "canceled"
DROPPED = {"on": "webhook", "do": "drop"}

_PICTURE_PIXELS = 360
"""Of random colours: more than is sent inside of an input."""


def _picture() -> str:
    pixels = Random(0).randbytes(_PICTURE_PIXELS * _PICTURE_PIXELS * 3)
    written = io.BytesIO()
    Image.frombytes("RGB", (_PICTURE_PIXELS, _PICTURE_PIXELS), pixels).save(written, "png")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Requests of the core's that a fault can meet: those that `rule` describes.

    `beside` are rules that are in force along with it, so that such requests are made. `asks` changes what is asked
    for. Processes that remember what they would ask for begin anew: they are named in `fresh`.
    """

    name: str
    rule: Mapping[str, Any]
    beside: tuple[Mapping[str, Any], ...] = ()
    asks: Mapping[str, Any] = field(default_factory=dict)
    fresh: tuple[Literal["worker", "gateway"], ...] = ()
    is_cancelled: bool = False
    needs_webhooks: bool = False


_LOOKS = {"method": "GET", "path": "/predictions*"}
_CREATES = {"method": "POST", "path": "*/predictions"}
# A model that runs by its version, and takes a file.
_REMBG = {"model": "cjwbw/rembg", "input": {"image": _picture()}}
PLACES = (
    Place("create", _CREATES),
    # No webhook comes, so that looks are what tells.
    Place("look", _LOOKS, (DROPPED,)),
    Place("search", _LOOKS, ({**_CREATES, "do": "reset", "when": "after", "count": EACH}, DROPPED)),
    Place("cancel", {"method": "POST", "path": "*/cancel"}, is_cancelled=True),
    Place("version", {"method": "GET", "path": "/models/*"}, asks=_REMBG, fresh=("worker",)),
    Place("upload", {"method": "POST", "path": "/files"}, asks=_REMBG),
    Place("output", {"method": "GET", "path": "/pbxt/*"}),
    Place("secret", {"method": "GET", "path": "/webhooks/*"}, fresh=("gateway",), needs_webhooks=True),
)
_ELSEWHERE: Mapping[str, Mapping[str, Any]] = {
    "output missing": {"on": "output", "do": "missing"},
    "output truncated": {"on": "output", "do": "truncate"},
    "output slow": {"on": "output", "do": "slow", "bytes_per_s": 20_000},
    "webhook dropped": {"on": "webhook", "do": "drop"},
    "webhook doubled": {"on": "webhook", "do": "double"},
    "webhook late": {"on": "webhook", "do": "delay", "delay_s": 3},
    "webhooks reordered": {"on": "webhook", "do": "reorder", "delay_s": 1},
    "webhook forged": {"on": "webhook", "do": "missign"},
}
# What a fault that lasts leads to. All else ends well, as soon as upstream answers again.
_ENDS = {
    ("401", "create"): ("failed (upstream_auth)",),
    ("402", "create"): ("failed (upstream_payment)",),
    ("403", "create"): ("failed (upstream_auth)",),
    ("404", "create"): ("failed (upstream_refused)",),
    ("422", "create"): ("failed (upstream_refused)",),
    # Those that are looked at together are read from the list, whose absence says nothing of any of them.
    ("404", "look"): ("failed (upstream_lost)", SUCCEEDED),
    ("404", "output"): ("failed (output_gone)",),
    ("output missing", ""): ("failed (output_gone)",),
}
PAUSING = frozenset({"401", "402", "403"})
"""Refusals of the account as a whole: after the first, nothing more is admitted for a while."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A fault where it shows, and what may become of a generation that meets it."""

    row: str
    place: Place
    rule: Mapping[str, Any]
    is_lasting: bool
    ends: tuple[str, ...]

    @property
    def script(self) -> list[dict[str, Any]]:
        """The rules for upstream, the fault's own first."""
        own = {**self.place.rule, **self.rule, "count": None if self.is_lasting else EACH}
        return [own, *(dict(rule) for rule in self.place.beside)]

    @property
    def is_survived(self) -> bool:
        """Whether it ends well once the fault is over."""
        return self.ends[-1] in {SUCCEEDED, CANCELED}

    @property
    def pauses(self) -> bool:
        """Whether the first that meets it has all others wait."""
        return self.place.name == "create" and self.row.removeprefix("always ") in PAUSING


def cells(*, with_webhooks: bool) -> Iterator[Cell]:
    """Give all cells, row by row."""
    for row, count in SWEEPS:
        for place in PLACES:
            if with_webhooks or not place.needs_webhooks:
                yield _cell(row.name, place, row.fault, is_lasting=count is None)
    for name, rule in _ELSEWHERE.items():
        if rule["on"] == "output":
            yield _cell(name, Place("", {}), rule, is_lasting=False)
        if rule["on"] == "output" or with_webhooks:
            yield _cell(name, Place("", {}), rule, is_lasting=True)


def _cell(name: str, place: Place, rule: Mapping[str, Any], *, is_lasting: bool) -> Cell:
    ends: tuple[str, ...] = (CANCELED if place.is_cancelled else SUCCEEDED,)
    if is_lasting:
        ends = _ENDS.get((name, place.name), ends)
    return Cell(f"{'always' if is_lasting else 'once'} {name}", place, rule, is_lasting, ends)
