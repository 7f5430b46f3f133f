"""Figures with their limits, as a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured; `most` and `least` bound it where a promise does, `beside` is what to compare it with."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    beside: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it is within its limits."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    @property
    def limit(self) -> str:
        """Its limit, in words."""
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""


def show(figures: list[Figure]) -> bool:
    """Print them; whether every limit was kept."""
    wide = max(len(one.name) for one in figures)
    for one in figures:
        verdict = "" if one.is_kept else "  MISSED"
        print(
            f"{one.name:<{wide}}  {_short(one.value):>9} {one.unit:<5} {one.limit:>9}  {one.beside}{verdict}"
        )
    missed = [one.name for one in figures if not one.is_kept]
    print("every limit was kept" if not missed else f"MISSED: {', '.join(missed)}")
    return not missed


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
