"""Choose colours from a prompt's words: "night", "red", "forest" are taken at their word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.simulator.canvas import Colour, mix

if TYPE_CHECKING:
    from collections.abc import Collection
    from random import Random


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture."""

    sky: tuple[Colour, ...]
    light: Colour
    far: Colour
    near: Colour
    accent: Colour
    is_night: bool

    @property
    def horizon(self) -> Colour:
        """Give the colour where sky meets land."""
        return self.sky[-1]

    def layer(self, share: float) -> Colour:
        """Give the colour of a layer of land: 0 is the farthest, 1 the nearest."""
        return mix(self.far, self.near, share)


def _rgb(code: str) -> Colour:
    return (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))


def _palette(sky: str, light: str, far: str, near: str, accent: str, *, is_night: bool = False) -> Palette:
    stops = tuple(_rgb(code) for code in sky.split())
    return Palette(stops, _rgb(light), _rgb(far), _rgb(near), _rgb(accent), is_night)


def _all() -> dict[str, Palette]:
    return {
        "dawn": _palette("355c9a 8f8fc4 f0b7b0 ffe3c2", "fff3d6", "c79bb0", "3b2f5b", "f2706b"),
        "day": _palette("2f80c9 6db8e8 bfe4f2 f3f6e6", "fffbe6", "9fc3cf", "23506b", "f26a4b"),
        "sunset": _palette("2b1b4d 7b2f6b e0555a ffb259 ffe08a", "fff0b8", "c2536a", "2a1440", "ffd166"),
        "night": _palette(
            "060a24 0f1c4a 24357a 4a5a9e", "f4f1d8", "3d4c8c", "070b22", "ffd37a", is_night=True
        ),
        "forest": _palette("5f9ea0 9cc9ae d8e8bd f4f3d0", "fffbdc", "8fb99a", "12372a", "e4733d"),
        "sea": _palette("0f5fa8 3fa2d6 9adbe6 e9f7ee", "fffdf0", "3f9cc2", "0a3358", "ff7f5c"),
        "desert": _palette("4f86b8 a9c3c9 f3d9a8 ffe9b8", "fff6d8", "e2a867", "7a3420", "c8442e"),
        "winter": _palette("5d8fc2 9fc3e4 dcebf5 fbfdff", "ffffff", "c6d9ea", "3d5f86", "d94f5c"),
        "autumn": _palette("6d7fa8 c9a98f f2c078 ffe2a6", "fff2cf", "d3935a", "4d1f1a", "e25a1c"),
        "spring": _palette("7fb6e6 bcd9f2 f7d9e6 fff2ee", "fffaf0", "c9b9dd", "4c6b46", "ef6f9f"),
        "neon": _palette(
            "0b0630 2a0a5e 7a1a8c ff4fa3", "7ef9ff", "6b2fa0", "10052b", "39f3d0", is_night=True
        ),
        "noir": _palette("15171c 3a3e47 8c9099 dcdcd8", "ffffff", "8a8d94", "101114", "f2f2ee"),
        "sepia": _palette("5b4632 9c7d58 d6bb8e f3e4c3", "fff6e0", "b3946b", "2f2013", "a8442a"),
        "storm": _palette("1f2b38 3f5263 75899a b9c6cc", "e9f1f2", "6b7f8f", "141d26", "f2c14e"),
        "rose": _palette("6a4c93 b56cae f59bb6 ffe0d6", "fff4ea", "c98bb4", "3f1d4f", "ff5d73"),
        "space": _palette(
            "03020f 0a0a2a 1b1450 3a1f6b", "ffe9c4", "4a3a90", "05040f", "ff8a5c", is_night=True
        ),
    }


_MOODS = {
    "dawn": "dawn morgen morning sunrise mist misty fog foggy pastel",
    "day": "day noon sunny sky summer bright cloud clouds",
    "sunset": "sunset sonnenuntergang abend dusk evening twilight fire lava volcano warm",
    "night": "night nacht midnight moon moonlit moonlight dark stars starry nocturnal",
    "forest": "forest wald tree trees wood woods jungle garden leaf moss nature bamboo",
    "sea": "sea meer ocean beach wave waves water lake river island boat ship sail fish whale underwater",
    "desert": "desert dune dunes sand camel cactus pyramid canyon",
    "winter": "winter schnee snow snowy ice icy frozen arctic penguin glacier christmas",
    "autumn": "autumn herbst fall harvest pumpkin october november",
    "spring": "spring frühling blossom cherry flower flowers tulip tulips meadow",
    "neon": "neon cyberpunk synthwave vaporwave futuristic robot hologram disco retro",
    "noir": "noir monochrome charcoal ink",
    "sepia": "sepia tintype vintage antique old daguerreotype steampunk",
    "storm": "storm stormy rain rainy wet thunder lightning",
    "rose": "love heart wedding romantic dreamy fairy unicorn",
    "space": "space galaxy planet cosmos astronaut rocket nebula mars alien universe",
}

_COLOURS = {
    "red": "d7263d", "crimson": "b3122e", "scarlet": "e63022", "orange": "f3722c", "amber": "ffb000",
    "gold": "e0a526", "golden": "e0a526", "yellow": "f6c915", "green": "2f9e58", "emerald": "0f8f63",
    "lime": "9bd41c", "teal": "138a8a", "turquoise": "22b8b0", "cyan": "17b6d8", "blue": "2464d6",
    "navy": "16306e", "indigo": "4338a8", "purple": "7b2fbe", "violet": "8b3fd6", "magenta": "d81e8c",
    "pink": "f26aa8", "brown": "7a4a2b", "black": "17181d", "white": "f7f5ef", "grey": "8a8f98",
    "gray": "8a8f98", "silver": "c3c9d1", "beige": "e3d2b2",
}  # fmt: skip


def choose(words: Collection[str], random: Random) -> Palette:
    """Choose a palette by the prompt's words, and by chance where they name no mood.

    A colour word becomes the accent, the colour of what stands in the foreground, and tints light and land.
    """
    palettes = _all()
    mood = next((mood for mood in _by_weight() if not set(_MOODS[mood].split()).isdisjoint(words)), None)
    drawn = _pick(sorted(palettes), random)  # drawn in any case: the rest of the picture must not shift
    palette = palettes[mood or drawn]
    named = [_rgb(_COLOURS[word]) for word in words if word in _COLOURS]
    if not named:
        return palette
    colour = named[0]
    second = named[1] if len(named) > 1 else colour
    strength = 0.14 if mood else 0.42
    sky = tuple(
        mix(stop, second, strength * (0.5 + 0.5 * place / 4)) for place, stop in enumerate(palette.sky)
    )
    return Palette(
        sky,
        palette.light,
        mix(palette.far, second, strength),
        mix(palette.near, mix(second, (0, 0, 0), 0.7), strength),
        colour,
        palette.is_night,
    )


def _by_weight() -> tuple[str, ...]:
    # The time of day and the weather say more about colour than the things in the picture.
    return (
        "night", "sunset", "dawn", "noir", "sepia", "neon", "storm", "winter", "autumn",
        "space", "desert", "sea", "forest", "spring", "rose", "day",
    )  # fmt: skip


def _pick(names: list[str], random: Random) -> str:
    return names[int(random.random() * len(names))]
