"""Turn what a person asked for into runs of a model: inputs checked, split into calls, priced. No network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.cli import exits
from tintype.domain import inputs, pictures, pricing, profiles, prompts, wording
from tintype.domain.catalogue import Kind, nearest
from tintype.domain.errors import InputError, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    from tintype.domain.catalogue import Catalogue, Field, Model
    from tintype.domain.pricing import Estimate
    from tintype.domain.profiles import Profile
    from tintype.service.requests import Request

RUN_S_MAX = 600
"""How long a run may take, in seconds: then it is cancelled, which bounds what is billed by time."""
URL_STARTS = ("https://", "http://", "data:")


@dataclass(frozen=True, slots=True)
class Run:
    """One prediction to make: its inputs, and the seed that is among them, if any."""

    values: dict[str, Any]
    seed: int | None
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Order:
    """All predictions of one command. `model` is None where the catalogue does not know the slug.

    `notes` tell what of the common words and the profile the model cannot do. `requests` are those of all runs where
    they are not alike, with finishing steps.
    """

    slug: str
    model: Model | None
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def estimate(self) -> Estimate | None:
        """The price of all runs, None where the model's price is not known."""
        return total(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of a command, as given. `settings` are the `key=value` texts."""

    model: str
    prompt: str | None
    count: int | None = None
    aspect: str | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    format: str | None = None
    quality: str | None = None
    negative_prompt: str | None = None
    is_transparent: bool = False
    is_strict: bool = False
    settings: Sequence[str] = ()
    profile: Profile = profiles.PLAIN

    @property
    def asked(self) -> tuple[list[Any], list[Any]]:
        """What was asked for: the plainest options, and the others where any of them is given."""
        settings = [_setting(text) for text in self.settings]
        first = [self.prompt, self.count, self.aspect, self.seed, settings, self.profile.name]
        words: list[Any] = [self.size, self.format, self.quality, self.negative_prompt]
        words += [self.is_transparent, self.is_strict]
        return first, words if any(words) else []

    def said(self, own: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is said in common words, of these settings too, by the names that `wording.Said` has for them."""
        options = {
            "prompt": self.prompt,
            "aspect_ratio": self.aspect,
            "seed": self.seed,
            "size": self.size,
            "format": self.format,
            "quality": self.quality,
            "negative_prompt": self.negative_prompt,
            "is_transparent": self.is_transparent,
        }
        return {**options, **common, "input": own, "profile": self.profile, "is_strict": self.is_strict}


def order(known: Catalogue, wish: Wish) -> Order:
    """Plan the runs that a wish needs. Raises Refusal where the model does not take what was asked."""
    model = find(known, wish.model)
    slug = wish.model if model is None else model.slug
    _check_prompt(wish.prompt)
    try:
        common, own = _parted(model, wish.settings, is_sized=wish.size is not None)
        said = wording.Said(**wish.said(own, common))
        if model is None:
            fitted = wording.free(slug, said)
            runs = _free_runs(fitted.inputs, wish, known.priced(*_ref(slug)))
        else:
            fitted = wording.fitted(model, said)
            runs = _known_runs(model, fitted.inputs, wish)
    except (inputs.UnfitInput, InputError) as error:
        raise _refusal(error, slug) from None
    return Order(slug, model, tuple(runs), tuple(fitted.warnings))


def clips(known: Catalogue, wish: Wish, images: Sequence[str]) -> Order:
    """Plan one clip for each image, or one of the prompt alone. Raises Refusal where the model makes no such film."""
    model = find(known, wish.model)
    slug = wish.model if model is None else model.slug
    name = "image"
    if model is not None:
        if model.kind is not Kind.VIDEO or (images and model.image_input is None):
            raise exits.Refusal(f"{slug} makes no film of a picture. See: tintype models --kind video")
        name = name if model.image_input is None else model.image_input.name
    shared = {**_named(wish), **settings_of(model, wish.settings)}
    is_list = model is not None and model.image_input is not None and model.image_input.type == "array"
    shown = [[file_value(image)] if is_list else file_value(image) for image in images]
    every = [{**shared, name: image} for image in shown] or [shared]
    if model is None:
        own = known.priced(*_ref(slug))
        return Order(slug, model, tuple(Run(values, wish.seed, _estimate(own, values)) for values in every))
    try:
        for values in every:
            inputs.check_all(model, values)
    except inputs.UnfitInput as error:
        raise _refusal(error, slug) from None
    return Order(slug, model, tuple(_run(model, values, seed=wish.seed) for values in every))


def size(text: str | None) -> tuple[int, int] | None:
    """Read the pixels of an option. Raises Refusal."""
    try:
        return None if text is None else pictures.pixels(text)
    except ValueError as fault:
        raise exits.Refusal(f"--size: {fault}") from None


def find(known: Catalogue, name: str) -> Model | None:
    """Return the catalogue's model, or None for an `owner/name` that it does not know. Raises Refusal."""
    try:
        return known.find(name)
    except UnknownModel as error:
        if re.fullmatch(r"[\w.-]+/[\w.-]+(:[0-9a-f]+)?", name):
            return None
        raise exits.Refusal(f"{error} See: tintype models") from None


def unknown_note(known: Catalogue, slug: str) -> str:
    """Say what it means that the catalogue does not know a slug, and which one it resembles, if any."""
    close = nearest(slug, (model.slug for model in known.models), likeness=0.9)
    hint = f" Did you mean {close!r}?" if close else ""
    price = "its price is your own" if known.priced(*_ref(slug)) else "its price is unknown"
    return f"{slug} is not in the catalogue: its inputs go as given, {price}.{hint}"


def total(runs: Iterable[Run]) -> Estimate | None:
    """Add up what runs will cost, None where one is not known."""
    amount = pricing.Estimate(0, 0)
    for run in runs:
        if run.estimate is None:
            return None
        amount += run.estimate
    return amount


def file_value(text: str) -> str | Path:
    """Return a URL as it is, and anything else as the path of a file that exists. Raises Refusal."""
    if text.casefold().startswith(URL_STARTS):
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise exits.Refusal(f"there is no file {text!r}; give the path of a file or a URL")
    return path


def settings_of(model: Model | None, texts: Sequence[str]) -> dict[str, Any]:
    """Read `key=value` texts as inputs of a model, files as paths. Raises Refusal."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise exits.Refusal(f"--set {text!r} is not key=value; write it like --set num_inference_steps=4")
        if model is None:
            values[name] = file_value(value[1:]) if value.startswith("@") else inputs.read_freely(value)
            continue
        try:
            values[name] = _with_files(model.inputs.get(name), inputs.read(model, name, value))
        except inputs.UnfitInput as error:
            raise _refusal(error, model.slug) from None
    return values


def _setting(text: str) -> list[Any]:
    """Return a `key=value`, and the file that it may name."""
    path = Path(text.partition("=")[2].removeprefix("@")).expanduser()
    return [text, path if path.is_file() else None]


def _parted(
    model: Model | None, texts: Sequence[str], *, is_sized: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part `key=value` texts into common words and inputs of the model's own, those read as it wants them."""
    if model is None:
        return {}, settings_of(model, texts)
    own, said = [], {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name.strip() in wording.NAMES and not _reads(model, name.strip(), value):
            said[name.strip()] = inputs.read_freely(value) if name.strip() == "seed" else value
        else:
            own.append(text)
    common, rest = wording.parted(model, said)
    # What is neither is refused with what the model takes.
    read = settings_of(model, [*own, *(f"{name}={value}" for name, value in rest.items())])
    return wording.ranked(model, common, read, is_sized=is_sized)


def _reads(model: Model, name: str, value: str) -> bool:
    try:
        inputs.read(model, name, value)
    except inputs.UnfitInput:
        return False
    return True


def _check_prompt(prompt: str | None) -> None:
    if prompt is None:
        return
    try:
        prompts.check(prompt)
    except InputError as error:
        raise exits.Refusal(str(error)) from None


def _named(wish: Wish) -> dict[str, Any]:
    _check_prompt(wish.prompt)
    prompt = None if wish.prompt is None else wish.profile.prompt(wish.prompt)
    named = {"prompt": prompt, "aspect_ratio": wish.aspect, "seed": wish.seed}
    return {name: value for name, value in named.items() if value is not None}


def _refusal(fault: inputs.UnfitInput | InputError, slug: str) -> exits.Refusal:
    end = "" if str(fault).endswith("?") else "."
    return exits.Refusal(f"{fault}{end} See: tintype models show {slug}")


def _with_files(field: Field | None, value: Any) -> Any:
    if field is None or not field.takes_file:
        return value
    if isinstance(value, list):
        return [file_value(str(one).removeprefix("@")) for one in value]
    return file_value(str(value).removeprefix("@"))


def _known_runs(model: Model, values: dict[str, Any], wish: Wish) -> list[Run]:
    inputs.check_all(model, values)
    counter = model.count.input if model.count is not None and not model.count.when else None
    if counter is not None and counter in values:
        if wish.count is not None:
            raise exits.Refusal(f"-n and --set {counter} ask for the same; give one of them")
        return [_run(model, values, seed=values.get("seed"))]
    left, runs, made = wish.count or 1, [], 0
    while left > 0:
        share = min(left, model.per_run_max)
        own = dict(values)
        if counter is not None and share > 1:
            own[counter] = share
        seed = own.get("seed")
        if seed is not None:
            # The same seed would buy the same picture again.
            own["seed"] = seed = seed + made
            inputs.check(model.inputs["seed"], seed)
        runs.append(_run(model, own, seed=seed))
        left, made = left - share, made + share
    return runs


def _free_runs(values: dict[str, Any], wish: Wish, own: Model | None) -> list[Run]:
    seed = values.get("seed")
    price = _estimate(own, values)
    if not isinstance(seed, int) or isinstance(seed, bool):
        return [Run(values, None, price) for _ in range(wish.count or 1)]
    seeds = range(seed, seed + (wish.count or 1))
    return [Run({**values, "seed": each}, each, price) for each in seeds]


def _ref(slug: str) -> tuple[str, str | None]:
    """Part `owner/name:version`."""
    name, _, version = slug.partition(":")
    return name, version or None


def _estimate(own: Model | None, values: dict[str, Any]) -> Estimate | None:
    return None if own is None else pricing.estimate(own, values, run_s_max=RUN_S_MAX)


def _run(model: Model, values: dict[str, Any], *, seed: int | None) -> Run:
    areas: dict[Path, Fraction] = {}
    if pricing.counts_given(model):
        from tintype.service.areas import of_paths  # noqa: PLC0415 - not needed for --help

        areas = of_paths(model, values)
    return Run(values, seed, pricing.estimate(model, values, run_s_max=RUN_S_MAX, areas=areas))
