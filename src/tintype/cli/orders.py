"""Turn what a person asked for into runs of a model: inputs checked, split into calls, priced. No network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.cli import exits
from tintype.domain import inputs, pricing, profiles, prompts
from tintype.domain.catalogue import Kind, nearest
from tintype.domain.errors import InputError, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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

    `notes` tell what of the profile the model cannot do. `requests` are those of all runs where they are not alike,
    with finishing steps.
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
    settings: Sequence[str] = ()
    profile: Profile = profiles.PLAIN


def order(known: Catalogue, wish: Wish) -> Order:
    """Plan the runs that a wish needs. Raises Refusal where the model does not take what was asked."""
    model = find(known, wish.model)
    slug = wish.model if model is None else model.slug
    values = {**_named(wish), **settings_of(model, wish.settings)}
    notes: list[str] = []
    if model is not None:
        along = profiles.along(model, wish.profile, said=values)
        values, notes = {**along.inputs, **values}, along.warnings
    try:
        runs = (
            _free_runs(values, wish, known.priced(*_ref(slug)))
            if model is None
            else _known_runs(model, values, wish)
        )
    except inputs.UnfitInput as error:
        raise _refusal(error, slug) from None
    return Order(slug, model, tuple(runs), tuple(notes))


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


def _named(wish: Wish) -> dict[str, Any]:
    prompt = wish.prompt
    if prompt is not None:
        try:
            prompts.check(prompt)
        except InputError as error:
            raise exits.Refusal(str(error)) from None
        prompt = wish.profile.prompt(prompt)
    named = {"prompt": prompt, "aspect_ratio": wish.aspect, "seed": wish.seed}
    return {name: value for name, value in named.items() if value is not None}


def _refusal(fault: inputs.UnfitInput, slug: str) -> exits.Refusal:
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
