"""Prompt profiles: what goes along with every prompt of a kind, where the request itself says nothing. Pure.

profile = profiles.find("print", own)
profile.prompt("a fox")             # with what stands before and behind it
profile.negative_prompt             # what is to be left out of the picture
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, errors, pictures
from tintype.domain.pictures import Fitted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tintype.domain.catalogue import Model

TEXT_MAX = 2_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_RATIO = re.compile(r"\d{1,4}:\d{1,4}")
_FORMATS = ("png", "jpg", "jpeg", "webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What goes along with a prompt. Whatever the request says itself wins."""

    name: str
    prefix: str = ""
    suffix: str = ""
    negative_prompt: str | None = None
    aspect_ratio: str | None = None
    format: str | None = None

    def prompt(self, text: str) -> str:
        """Return a prompt with what stands before and behind it."""
        return f"{self.prefix}{text}{self.suffix}"


PLAIN = Profile(name="plain")
BUILT_IN = (
    PLAIN,
    # The words, shape and format of a widely read guide to print on demand (docs/how-to/choose-a-model.md).
    Profile(
        name="print",
        negative_prompt=(
            "blurry, low quality, pixelated, watermark, text overlay, copyright, signature, distorted, amateur, "
            "poor lighting"
        ),
        aspect_ratio="4:3",
        format="png",
    ),
    Profile(
        name="photo",
        suffix=", photograph, natural light, sharp focus, fine detail",
        negative_prompt="illustration, painting, drawing, cartoon, 3d render, blurry, watermark, text",
        aspect_ratio="3:2",
        format="jpg",
    ),
    Profile(
        name="logo",
        suffix=", logo, flat vector style, few colours, centred on a plain white background",
        negative_prompt="photograph, gradient, shadow, texture, clutter, watermark, mockup",
        aspect_ratio="1:1",
        format="png",
    ),
)


def find(name: str, own: Sequence[Profile] = ()) -> Profile:
    """Return the profile of this name, one's own before the built-in. Raises InputError naming the nearest."""
    known = {one.name: one for one in (*BUILT_IN, *own)}
    if name in known:
        return known[name]
    near = catalogue.nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
    raise errors.InputError(f"no profile is called {name[:40]!r}; {hint}")


def along(model: Model, profile: Profile, *, said: Collection[str]) -> Fitted:
    """Return what a profile adds to an input that says something of the inputs `said` already.

    What the model has no input for is left out with a sentence.
    """
    found = pictures.fitted(
        model,
        pictures.Words(
            aspect_ratio=None if pictures.SHAPES & set(said) else profile.aspect_ratio,
            output_format=None if "output_format" in said else profile.format,
        ),
    )
    if profile.negative_prompt is not None and "negative_prompt" not in said:
        if "negative_prompt" in model.inputs:
            found.inputs["negative_prompt"] = profile.negative_prompt
        else:
            found.warnings.insert(0, f"{model.slug} takes no negative prompt, so none was sent")
    return Fitted(found.inputs, [f"profile {profile.name}: {one}" for one in found.warnings])


def read(name: str, facts: Mapping[str, Any]) -> Profile:
    """Read a profile of one's own. Raises ValueError for what is none."""
    names = {one.name for one in dataclasses.fields(Profile)} - {"name"}
    if not _NAME.fullmatch(name) or not facts.keys() <= names:
        raise ValueError(f"a profile has a name and {', '.join(sorted(names))}")
    if not all(isinstance(value, str) and 0 < len(value) <= TEXT_MAX for value in facts.values()):
        raise ValueError("what a profile says is text")
    made = Profile(name=name, **facts)
    if made.aspect_ratio is not None and not _RATIO.fullmatch(made.aspect_ratio):
        raise ValueError("an aspect ratio is written like 4:3")
    if made.format is not None and made.format not in _FORMATS:
        raise ValueError(f"a format is one of {', '.join(_FORMATS)}")
    return made


__all__ = ["BUILT_IN", "PLAIN", "Profile", "along", "find", "read"]
