"""The models that Tintype knows: inputs, outputs, speed and prices. Pure: the data is handed in."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tintype.domain.errors import UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kind(StrEnum):
    """What a model does."""

    IMAGE = "image"
    EDIT = "edit"
    VIDEO = "video"
    UPSCALE = "upscale"
    BACKGROUND = "background"
    TEXT = "text"
    VECTOR = "vector"


class Quality(StrEnum):
    """The tier a model belongs to: a cheap look, everyday work, or the best there is."""

    PROOF = "proof"
    STANDARD = "standard"
    FINAL = "final"


class Ability(StrEnum):
    """What a model can do beside making something of a prompt."""

    TRANSPARENCY = "transparency"
    SEED = "seed"
    NEGATIVE_PROMPT = "negative_prompt"
    EDIT = "edit"
    REFERENCES = "references"
    SIZES = "sizes"
    AUDIO = "audio"
    LETTERING = "lettering"
    SEVERAL = "several"


# Inputs by which a model is told how large or of which shape its output is to be.
_SIZING = (
    "aspect_ratio",
    "size",
    "resolution",
    "image_size",
    "megapixels",
    "width",
    "height",
    "scale",
    "scale_factor",
    "upscale",
)
_EDITS = (Kind.IMAGE, Kind.EDIT, Kind.VECTOR)


class Output(StrEnum):
    """The shape of an output: one file, a list of files, or text in pieces."""

    FILE = "file"
    FILES = "files"
    TEXT = "text"


class Unit(StrEnum):
    """What a price is for: one of these, as upstream counts it."""

    RUN = "run"
    IMAGE = "image"
    MEGAPIXEL = "megapixel"
    VIDEO_SECOND = "video_second"
    TOKEN = "token"  # noqa: S105 - a unit of text, not a secret
    HARDWARE_SECOND = "hardware_second"


OWN = "own"
"""What a price says in place of its day where it is not the book's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input of a model. `minimum` and `maximum` are inclusive; `choices` is empty where anything goes."""

    name: str
    type: str
    required: bool = False
    default: Any = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    choices: tuple[str | int, ...] = ()
    format: str | None = None
    nullable: bool = False
    items: str | None = None

    @property
    def takes_file(self) -> bool:
        """Whether the input is a file or a list of files, given to the API as URLs."""
        return self.format == "uri"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Dollars for one unit, where the inputs have the values of `when` (empty: always)."""

    usd: Decimal
    when: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price rule of a model, as last seen.

    A run costs `run_usd`, plus the first matching rate for each unit made, plus `given_usd` for each unit
    given (tokens of the prompt, megapixels of the pictures). `run_max_usd` is the most that a run costs, where that is
    stated. `dated` is the day of the source, YYYY-MM-DD, or `OWN`.
    """

    unit: Unit
    rates: tuple[Rate, ...]
    run_usd: Decimal = Decimal(0)
    given_usd: Decimal = Decimal(0)
    run_max_usd: Decimal | None = None
    dated: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The input that says how many outputs a run makes; it counts where the inputs are as in `when`."""

    input: str
    when: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many pixels a model makes, as far as its inputs do not say it.

    `pixels` is the area, `lines` the short side of a film, and `step` what sides are multiples of. `shapes` are the
    sides of aspect ratios that are no matter of arithmetic, for that area; where `is_scaled`, for others in proportion.
    `words` are the pixels or lines of choices that are no numbers, by input.
    """

    pixels: int = 1024 * 1024
    lines: int = 720
    step: int = 16
    shapes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_scaled: bool = True
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model: names, inputs in the order of its form, output, speed and price.

    `usual_s` is what a run usually takes, in seconds. `seconds` names the inputs that give the length of a
    film: one input in seconds, or frames and frames per second. `version` is one whose id is known, the newest then.
    `sizes` is None where it is not known how many pixels it makes.
    """

    slug: str
    name: str
    kind: Kind
    quality: Quality
    output: Output
    usual_s: Decimal
    price: Price
    inputs: Mapping[str, Field]
    aliases: tuple[str, ...] = ()
    is_official: bool = True
    is_transparent: bool = False
    has_lettering: bool = False
    count: Count | None = None
    seconds: tuple[str, ...] = ()
    version: str | None = None
    sizes: Sizes | None = None

    @property
    def has_seed(self) -> bool:
        """Whether the same seed gives the same output."""
        return "seed" in self.inputs

    @property
    def has_negative_prompt(self) -> bool:
        """Whether it can be told what to leave out."""
        return "negative_prompt" in self.inputs

    @property
    def makes_transparent(self) -> bool:
        """Whether it leaves the background out: always, or where its input `background` says so."""
        background = self.inputs.get("background")
        return self.is_transparent or (background is not None and "transparent" in background.choices)

    @property
    def aspect_ratios(self) -> tuple[str, ...]:
        """The width to height ratios that can be asked for, empty where there is no such input."""
        field = self.inputs.get("aspect_ratio")
        return tuple(str(c) for c in field.choices if ":" in str(c)) if field else ()

    @property
    def sizing(self) -> tuple[Field, ...]:
        """The inputs that decide how large and of which shape the output is."""
        return tuple(self.inputs[name] for name in _SIZING if name in self.inputs)

    @property
    def abilities(self) -> tuple[Ability, ...]:
        """What it can do beside making something of a prompt, told from its inputs."""
        files = [field for field in self.inputs.values() if field.takes_file]
        facts = {
            Ability.TRANSPARENCY: self.makes_transparent,
            Ability.SEED: self.has_seed,
            Ability.NEGATIVE_PROMPT: self.has_negative_prompt,
            Ability.EDIT: bool(files) and self.kind in _EDITS,
            # A list of pictures, or a picture that is to be like and not to be changed.
            Ability.REFERENCES: any(
                field.type == "array" or "reference" in field.name or field.name.startswith("style_")
                for field in files
            ),
            Ability.SIZES: bool(self.sizing),
            Ability.LETTERING: self.has_lettering,
            Ability.AUDIO: "generate_audio" in self.inputs,
            Ability.SEVERAL: self.count is not None,
        }
        return tuple(ability for ability, has_it in facts.items() if has_it)

    @property
    def image_input(self) -> Field | None:
        """The input that takes the picture to work on: a required file, else `image`, else the first file.

        One for the last picture of a film comes after all others, one for sound is none.
        """
        files = [field for field in self.inputs.values() if field.takes_file and field.name != "audio"]
        return min(
            files,
            key=lambda field: (
                not field.required,
                field.name != "image",
                field.name.startswith(("last_", "end_")),
            ),
            default=None,
        )

    @property
    def per_run_max(self) -> int:
        """How many outputs one run can be asked for."""
        if self.count is None or self.count.when:
            return 1
        if self.count.input not in self.inputs:
            return 1
        maximum = self.inputs[self.count.input].maximum
        return int(maximum) if maximum is not None else 1

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs as the model sees them: what was given over the defaults."""
        defaults = {field.name: field.default for field in self.inputs.values() if field.default is not None}
        return {**defaults, **{name: value for name, value in values.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All known models, in the order of the data file.

    `own` holds what only a price is known of, by slug or `slug:version`: models without inputs, and versions with a
    price of their own.
    """

    models: tuple[Model, ...]
    own: Mapping[str, Model] = field(default_factory=dict)
    _named: dict[str, Model] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find models by name at once; of two with the same name the first is meant."""
        named = {name: model for model in reversed(self.models) for name in names(model)}
        object.__setattr__(self, "_named", named)

    def priced(self, slug: str, version: str | None = None) -> Model | None:
        """Return what says the price of a version, or of a model whose inputs are not known; else None."""
        return self.own.get(f"{slug}:{version}") or self.own.get(slug)

    def find(self, name: str) -> Model:
        """Return the model of this slug, slug without owner, or alias; case, spaces and `-_.` do not matter.

        Raises UnknownModel with the nearest name.
        """
        found = self.get(name)
        if found is not None:
            return found
        if self.priced(name) is not None:
            raise UnknownModel(
                f"{name!r} has a price of its own, but nothing says what it takes; state its kind and inputs in "
                "tintype.toml to have it chosen"
            )
        raise unknown(name, self.nearest(name))

    def find_ours(self, name: str) -> Model | None:
        """Return the model that `find` would; None for a name with an owner, which upstream alone may know.

        Raises UnknownModel for another.
        """
        return self.get(name) if "/" in name else self.find(name)

    def get(self, name: str) -> Model | None:
        """Return the model that `find` would, or None."""
        return self._named.get(key(name))

    def nearest(self, name: str) -> str | None:
        """Return the name of a model that is most like a name, or None where none is alike."""
        return nearest(name, (spelling for model in self.models for spelling in spellings(model)))

    def of_kind(self, kind: Kind) -> tuple[Model, ...]:
        """Return the models that do this."""
        return tuple(model for model in self.models if model.kind is kind)


def unknown(name: str, near: str | None = None) -> UnknownModel:
    """Return the error that no model has this name, with the one that is most like it."""
    hint = f"; did you mean {near!r}?" if near else "."
    error = UnknownModel(f"No model is called {name!r}{hint}")
    error.name, error.nearest = name, near
    return error


def key(name: str) -> str:
    """Reduce a name to what makes it different: lower case letters, digits and the slash after an owner."""
    return re.sub(r"[\s._-]+", "", name.casefold())


def spellings(model: Model) -> tuple[str, ...]:
    """Return the ways to write a model's name: slug, slug without owner, aliases."""
    return (model.slug, model.slug.partition("/")[2], *model.aliases)


def names(model: Model) -> frozenset[str]:
    """Return the keys that find a model."""
    return frozenset(key(spelling) for spelling in spellings(model))


def nearest(name: str, candidates: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the candidate most like a name, or None where none is alike; `likeness` is from 0 to 1."""
    by_key = {key(candidate): candidate for candidate in reversed(list(candidates))}
    close = difflib.get_close_matches(key(name), list(by_key), n=1, cutoff=likeness)
    return by_key[close[0]] if close else None
