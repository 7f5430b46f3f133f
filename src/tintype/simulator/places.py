"""Choose the place that a prompt's words call for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PLACES = {
    "space": "space galaxy planet planets rocket spaceship astronaut nebula universe cosmos comet mars",
    "city": "city street streets stadt strasse straße skyline building buildings skyscraper road traffic "
    "urban neon cyberpunk bridge car cars auto taxi robot manhattan tokyo paris berlin london",
    "sea": "sea ocean beach meer strand see boot segelboot schiff fisch wave waves boat ship sail lake river "
    "island goldfish fish whale dolphin coast harbour harbor",
    "desert": "desert dune dunes sand camel cactus pyramid canyon sahara",
    "hills": "mountain mountains berg berge wald baum haus katze hund blume wiese hill hills valley forest "
    "tree trees landscape meadow alps snow field nature house cottage cabin flower flowers cat dog "
    "balloon garden tulip rose fox person woman man girl boy",
    "ribbons": "flow ribbon ribbons silk music dream fluid gradient smoke",
    "tiles": "tile tiles pattern mosaic bauhaus grid poster quilt logo icon design",
    "orbits": "circle circles orbit orbits mandala clock atom",
}


def choose(words: Collection[str]) -> str | None:
    """Give the name of the first scene that a word calls for; None leaves the place to chance."""
    return next(
        (place for place, called in _PLACES.items() if not set(called.split()).isdisjoint(words)), None
    )
