"""Profiles are found by name and read from settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tintype import settings
from tintype.domain import profiles
from tintype.domain.errors import ConfigurationError, InputError
from tintype.domain.profiles import Profile

if TYPE_CHECKING:
    from pathlib import Path


def test_the_profile_for_print_is_the_guides() -> None:
    """Negative prompt, shape and format, to the letter."""
    found = profiles.find("print")

    assert found.negative_prompt == (
        "blurry, low quality, pixelated, watermark, text overlay, copyright, signature, distorted, amateur, "
        "poor lighting"
    )
    assert (found.aspect_ratio, found.format, found.prompt("a fox")) == ("4:3", "png", "a fox")


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'photo'"):
        profiles.find("foto")
    with pytest.raises(InputError, match="there are plain, print, photo, logo, mine"):
        profiles.find("qqqq", [Profile(name="mine")])


def test_ones_own_profiles_are_tables_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tintype.toml"
    file.write_text(
        'profile = "sticker"\n[profiles.sticker]\nsuffix = ", die-cut"\naspect_ratio = "1:1"\n'
        '[profiles.print]\nformat = "webp"\n'
    )

    made = settings.load(config=file)

    own = profiles.find(made.profile, made.profiles)
    assert own == Profile(name="sticker", suffix=", die-cut", aspect_ratio="1:1")
    assert profiles.find("print", made.profiles) == Profile(name="print", format="webp")


def test_a_profile_that_there_is_not_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_PROFILE", "prints")

    with pytest.raises(ConfigurationError, match="TINTYPE_PROFILE names no profile"):
        settings.load()


@pytest.mark.parametrize(
    "stated",
    [
        '{"a": {"colour": "red"}}',
        '{"a": {"format": "bmp"}}',
        '{"a": {"aspect_ratio": "wide"}}',
        '{"a": {"suffix": 4}}',
        '{"A b": {"suffix": "x"}}',
        '{"a": "b"}',
        "{",
    ],
)
def test_what_is_no_profile_is_refused(stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_PROFILES", stated)

    with pytest.raises(ConfigurationError, match="TINTYPE_PROFILES"):
        settings.load()
