"""A picture's pixels against what it is printed on."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import errors, printing, products
from tintype.domain.printing import Fit, Verdict

KNOWN = catalogue.load()
SIDES = st.integers(1, 20_000)
PRODUCTS = st.sampled_from(products.ALL)


@pytest.mark.parametrize(
    ("width", "height", "product", "dpi", "verdict"),
    [
        (2551, 3579, "poster-a4", 300, Verdict.SHARP),  # 216 x 303 mm with the bleed
        (3579, 2551, "poster-a4", 300, Verdict.SHARP),  # it lies across
        (2480, 3508, "210x297mm", 300, Verdict.SHARP),  # A4 at 300 DPI, which is 299.96
        (1024, 1024, "poster-a3", 61, Verdict.COARSE),
        (2400, 3000, "8x10in", 300, Verdict.SHARP),
        (1200, 1500, "8 × 10 in", 150, Verdict.FAIR),
        (1199, 1500, "20.32x25.4cm", 150, Verdict.FAIR),
        (1190, 1500, "8x10in", 149, Verdict.COARSE),
        (3675, 4875, "12x16in+0.125in", 300, Verdict.SHARP),
        (3600, 4800, "T-Shirt", 300, Verdict.SHARP),
        (2700, 1050, "mug", 300, Verdict.SHARP),
        (1050, 2700, "mug", 117, Verdict.COARSE),  # a mug does not turn
    ],
)
def test_a_picture_has_so_many_dots_per_inch(
    width: int, height: int, product: str, dpi: int, verdict: Verdict
) -> None:
    told = printing.check(width, height, product)

    assert (told.dpi, told.verdict) == (dpi, verdict)


def test_a_transparent_picture_stays_whole() -> None:
    """It fits within the cut edges, where a solid one covers the bleed and loses what stands over."""
    solid = printing.check(4096, 4096, "poster-a3")
    clear = printing.check(4096, 4096, "poster-a3", is_transparent=True)

    assert (solid.fit, solid.dpi, solid.cut_percent) == (Fit.FILL, 244, 28.9)
    assert (clear.fit, clear.dpi, clear.cut_percent) == (Fit.FIT, 350, 0.0)
    assert printing.check(4096, 4096, "poster-a3", is_transparent=True, fit="fill") == solid
    assert clear.sharp_up_to_mm == (346.8, 346.8)


def test_what_would_help_is_told_with_its_price() -> None:
    """Each model that enlarges so far in one pass, the cheapest first; none where nothing is to be done."""
    told = printing.check(1024, 1448, "poster-a3")
    found = printing.remedies(told, KNOWN)

    assert (told.dpi, told.factor) == (86, 4)
    assert found[0].model == "daanelson/real-esrgan-a100"
    assert [one.dpi for one in found] == [343] * len(found)
    prices = [one.estimate.expected_nano_usd for one in found]
    assert prices == sorted(prices)
    assert all(0 < one.estimate.expected_nano_usd <= one.estimate.bound_nano_usd for one in found)
    assert "4 times larger" in printing.advice(told, found)
    assert printing.remedies(printing.check(5000, 7000, "poster-a3"), KNOWN) == []
    assert printing.remedies(printing.check(100, 100, "poster-a1"), KNOWN) == []
    assert printing.advice(told, found, is_trimmed=True).endswith(printing.TRIMMED)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("poter-a3", "did you mean 'poster-a3'"),
        ("tshirt2", "did you mean 't-shirt'"),
        ("zeppelin", "tintype print products lists them"),
        ("9x10mm", "10 mm to 5 m"),
        ("300x400mm+20cm", "100 mm at most"),
    ],
)
def test_what_nothing_is_printed_on_is_refused(name: str, words: str) -> None:
    with pytest.raises(errors.InputError, match=words):
        printing.check(100, 100, name)


@pytest.mark.parametrize(("width", "fit"), [(0, None), (100_001, None), (100, "squeeze")])
def test_what_is_no_picture_is_refused(width: int, fit: str | None) -> None:
    with pytest.raises(errors.InputError):
        printing.check(width, 100, "mug", fit=fit)


def test_presets_are_many_and_say_where_they_are_from() -> None:
    """At least 20, each found by its name however it is spelt, with a source."""
    assert len({one.name for one in products.ALL}) == len(products.ALL) >= 20
    for one in products.ALL:
        assert products.find(one.name.replace("-", "_").upper()) is one
        assert len(one.source) > 5
    assert products.find("8x10in").width_mm == Fraction("203.2")


@given(SIDES, SIDES, PRODUCTS)
def test_more_pixels_never_look_worse(width: int, height: int, product: products.Product) -> None:
    """The factor that is asked for is enough, and the least that is."""
    for fit in Fit:
        told = printing.check(width, height, product, fit=fit)
        exact = printing.resolution(width, height, told.product, fit)

        assert 0 <= told.cut_percent <= 100
        assert printing.check(width * 2, height * 2, product, fit=fit).dpi >= told.dpi
        if told.factor < printing.FACTOR_MAX:
            assert exact * told.factor >= printing.SHARP_DPI - Fraction(1, 2)
        if told.factor > 1:
            assert exact * (told.factor - 1) < printing.SHARP_DPI - Fraction(1, 2)


def test_what_is_larger_than_is_counted_is_not_laid_on_the_models() -> None:
    """How far a stamp is from a poster, nobody counts."""
    stamp, coarse = (printing.check(*size, "600x900mm") for size in ((60, 90), (800, 1200)))

    assert (stamp.factor, coarse.factor) == (printing.FACTOR_MAX, 9)
    assert "It would have to be 99 times larger or more" in printing.advice(stamp, [])
    assert "No model is known to enlarge it 9 times in one pass" in printing.advice(coarse, [])
