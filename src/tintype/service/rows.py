"""Turn rows into what is to be bought for them: template filled, inputs checked, equal ones named alike. Pure.

    planner = Planner(catalogue, template, model_of=settings.model_of, check=check)
    planned = planner.plan({"color": "red"})        # raises Broken with the column

The columns prompt, model, mode, n, seed, aspect_ratio, size, format, quality and negative_prompt mean what they are
called; one that a template names is a variable; all else is an input of the model of that name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tintype.domain import choosing, errors, inputs, pictures, pricing, templates
from tintype.domain.catalogue import Catalogue, Model, UnknownModel
from tintype.service import requests, wishes
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tintype.domain.choosing import Mode
    from tintype.domain.profiles import Profile

COUNT_MAX = wishes.N_MAX
MODEL_MAX = 255
"""The longest name of a model, in characters."""
WARNINGS_MAX = 20
_TEXTS = ("aspect_ratio", "negative_prompt", "size", "format", "quality")
_NUMBERS = ("n", "seed")
_WORDS = frozenset({"prompt", "model", "mode", *_TEXTS, *_NUMBERS})
_PASSWORD = "password"  # noqa: S105 - a format's name


class Duplicates(StrEnum):
    """What rows that are equal get: what was bought once for all of them, or each pictures of its own."""

    ONCE = "once"
    EACH = "each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is the same for all rows. Texts name columns in braces; a row's own model, mode, n and so on win."""

    prompt: str | None = field(default=None, repr=False)
    model: str | None = None
    mode: Mode | None = None
    n: int = 1
    aspect_ratio: str | None = None
    seed: int | None = None
    negative_prompt: str | None = field(default=None, repr=False)
    size: str | None = None
    format: str | None = None
    quality: str | None = None
    is_transparent: bool = False
    profile: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_strict: bool = False
    duplicates: Duplicates = Duplicates.ONCE
    deadline_s: float = 600.0
    cache: Cache = Cache.SEEDED
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()


class Broken(Exception):
    """A row that nothing can be bought for; `place` is the column that is wrong, as it can be kept."""

    def __init__(self, place: str, message: str) -> None:
        self.place = _kept(place)
        super().__init__(_kept(message))


@dataclass(frozen=True, slots=True)
class Planned:
    """A row that can be bought: equal ones have the same `digest`, and one call makes up to `per_call` of them."""

    model: str
    input: Mapping[str, Any] = field(repr=False)
    digest: str
    count: int
    per_call: int
    is_own: bool


class Planner:
    """Plans the rows of one batch. `check` raises InputError for a request that may not be made by whoever asks.

    Raises InputError for a template that no row can fill.
    """

    def __init__(
        self,
        known: Catalogue,
        template: Template,
        *,
        model_of: Callable[[Mode | None], str],
        profile_of: Callable[[str | None], Profile],
        check: Callable[[Request], None],
    ) -> None:
        if template.model is not None and template.mode is not None:
            raise errors.InputError("give a model or a mode, not both")
        # One that stands for no model is refused here, and not for each row.
        model_of(template.mode)
        self._known, self._template = known, template
        self._model_of, self._check = model_of, check
        self._profile = profile_of(template.profile)
        self._found: dict[str, Model | None] = {}
        self._unused: dict[str, None] = {}
        self._said: dict[str, None] = {}
        texts = [template.prompt, *(getattr(template, name) for name in _TEXTS)]
        texts += _texts(template.input)
        try:
            self._variables = frozenset().union(*(templates.names(text) for text in texts if text))
        except templates.Unfilled as fault:
            raise errors.InputError(str(fault)) from None
        requests.check(request_of(template, template.model or "", {}))

    @property
    def warnings(self) -> list[str]:
        """What could not be done of the rows up to now, in words; each once."""
        unused = [f"the column {name[:60]!r} is used by nothing" for name in self._unused]
        return [*unused, *self._said][:WARNINGS_MAX]

    def plan(self, row: Mapping[str, Any]) -> Planned:
        """Plan a row. Raises Broken."""
        row = {str(name): value for name, value in row.items() if value is not None and value != ""}
        name, model = self._model(row)
        wish = self._wish(row, name, model)
        try:
            planned = wishes.plan(Catalogue(()) if model is None else Catalogue((model,)), wish)
        except errors.InputError as fault:
            raise Broken(_place(model, wish), str(fault)) from None
        except UnknownModel as fault:
            raise Broken("model", str(fault)) from None
        for one in planned.warnings:
            if len(self._said) < WARNINGS_MAX:
                self._said.setdefault(one)
        request = planned.requests[0]
        values = dict(request.input)
        count = self._count(row, model, values)
        self._checked(model, values, request)
        per_call = (
            _per_call(model, values, most=count if count > 1 else COUNT_MAX) if self._may_share(count) else 1
        )
        # The same seed makes the same picture: of those with one, all that are equal are one.
        is_own = self._template.duplicates is Duplicates.EACH and "seed" not in values
        return Planned(request.model, values, _digest(model, request.model, values), count, per_call, is_own)

    def _may_share(self, count: int) -> bool:
        return count > 1 or self._template.duplicates is Duplicates.EACH

    def _model(self, row: Mapping[str, Any]) -> tuple[str, Model | None]:
        if "model" in row and "mode" in row:
            raise Broken("mode", "give a model or a mode, not both")
        template = self._template
        try:
            if "mode" in row:
                name = self._model_of(choosing.mode(str(row["mode"])))
            elif "model" in row:
                name = str(row["model"])
            else:
                name = template.model or self._model_of(template.mode)
        except errors.InputError as fault:
            raise Broken("mode", str(fault)) from None
        if name not in self._found:
            try:
                self._found[name] = self._known.find(name)
            except UnknownModel as fault:
                if "/" not in name:
                    raise Broken("model", str(fault)) from None
                self._found[name] = None
        return name, self._found[name]

    def _wish(self, row: Mapping[str, Any], name: str, model: Model | None) -> wishes.Wish:
        template = self._template
        words: dict[str, Any] = {"seed": template.seed}
        try:
            for word in ("prompt", *_TEXTS):
                stated = getattr(template, word)
                words[word] = None if stated is None else templates.fill(stated, row)
            given = {key: _filled(value, row) for key, value in template.input.items()}
        except templates.Unfilled as fault:
            raise Broken(fault.name, str(fault)) from None
        for word in ("prompt", "seed", *_TEXTS):
            if word in row and (word != "prompt" or template.prompt is None):
                words[word] = _number(word, row[word]) if word in _NUMBERS else _text(word, row[word])
        if words["size"] is not None:
            words["size"] = _pixels(words["size"])
        for key, value in row.items():
            if key in _WORDS or key in self._variables or key in given:
                continue
            if model is None or key in model.inputs:
                given[key] = value
            elif key not in self._unused and len(self._unused) < WARNINGS_MAX:
                self._unused[key] = None
        return wishes.Wish(
            model=name if model is None else model.slug,
            input={key: _read(model, key, value) for key, value in given.items()},
            is_transparent=template.is_transparent,
            profile=self._profile,
            is_strict=template.is_strict,
            cache=template.cache,
            deadline_s=template.deadline_s,
            metadata=template.metadata,
            tags=template.tags,
            **words,
        )

    def _count(self, row: Mapping[str, Any], model: Model | None, values: dict[str, Any]) -> int:
        """Return how many outputs a row wants, and take the model's own word for that out of its inputs."""
        count = _number("n", row["n"]) if "n" in row else self._template.n
        counter = _counter(model)
        if counter is not None and counter in values:
            stated = _number(counter, values.pop(counter))
            if "n" in row:
                raise Broken("n", f"n and the input {counter!r} ask for the same; give one of them")
            count = stated
        if not 1 <= count <= COUNT_MAX:
            raise Broken("n", f"n is {count}; ask for 1 to {COUNT_MAX}")
        return count

    def _checked(self, model: Model | None, values: Mapping[str, Any], request: Request) -> None:
        """Raise Broken for what cannot be bought, or may not be."""
        if model is not None:
            try:
                inputs.check_all(model, values)
            except inputs.UnfitInput as fault:
                raise Broken(fault.name, str(fault)) from None
            for name, value in values.items():
                if model.inputs[name].format == _PASSWORD:
                    raise Broken(name, "a batch keeps its rows, so they may hold no secret")
                if model.inputs[name].takes_file and not _are_urls(value):
                    raise Broken(name, "a file is given by its address; upload it first, or give https://…")
        _check_kept(values, request)
        try:
            self._check(request)
        except errors.ModelNotAllowed as fault:
            raise Broken("model", str(fault)) from None
        except errors.InputError as fault:
            raise Broken("prompt", str(fault)) from None


def _kept(text: str) -> str:
    """Return a text with what no database keeps written out."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def call_input(
    known: Catalogue, model: str, values: Mapping[str, Any], *, skip: int, count: int
) -> dict[str, Any]:
    """Return the input of a call that makes `count` outputs after `skip` others of the same input."""
    made = dict(values)
    try:
        counter = _counter(known.find(model))
    except UnknownModel:
        counter = None
    if counter is not None and count > 1:
        made[counter] = count
    if skip and isinstance(made.get("seed"), int):
        # The same seed would buy the same picture again.
        made["seed"] += skip
    return made


def _check_kept(values: Mapping[str, Any], request: Request) -> None:
    """Raise Broken for what the database cannot keep: a name, a value, or the model."""
    if len(request.model) > MODEL_MAX:
        raise Broken("model", f"the name of a model has at most {MODEL_MAX} characters")
    for name, value in (("model", request.model), *values.items()):
        try:
            requests.check_json({name: value})
        except errors.InputError as fault:
            raise Broken(name, str(fault)) from None


def request_of(template: Template, model: str, values: Mapping[str, Any]) -> Request:
    """Return the request for a call of the template's batch."""
    return Request(
        model,
        values,
        deadline_s=template.deadline_s,
        cache=template.cache,
        metadata=template.metadata,
        tags=template.tags,
    )


def _counter(model: Model | None) -> str | None:
    return (
        model.count.input if model is not None and model.count is not None and not model.count.when else None
    )


def _per_call(model: Model | None, values: Mapping[str, Any], *, most: int) -> int:
    """Return how many one call makes: as many as the model can where that is no dearer than calls of one each."""
    counter = _counter(model)
    if model is None or counter is None or model.per_run_max == 1:
        return 1
    one = pricing.estimate(model, {**values, counter: 1})
    together = min(model.per_run_max, max(most, 2))
    all_ = pricing.estimate(model, {**values, counter: together})
    each = one * together
    is_dearer = all_.expected_nano_usd > each.expected_nano_usd or all_.bound_nano_usd > each.bound_nano_usd
    return 1 if is_dearer else model.per_run_max


def _digest(model: Model | None, slug: str, values: Mapping[str, Any]) -> str:
    filled = dict(values) if model is None else model.filled(values)
    filled.pop(_counter(model) or "", None)
    text = json.dumps([slug, filled], sort_keys=True)
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _place(model: Model | None, wish: wishes.Wish) -> str:
    """Return the column that a wish fails by: an input that the model does not have, else the prompt."""
    unknown = [name for name in wish.input if model is not None and name not in model.inputs]
    return unknown[0] if unknown else "prompt"


def _texts(values: Any) -> list[str]:
    match values:
        case str():
            return [values]
        case dict():
            return [text for part in values.values() for text in _texts(part)]
        case list() | tuple():
            return [text for part in values for text in _texts(part)]
    return []


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    match value:
        case str():
            name = templates.is_whole(value)
            return row[name] if name is not None and name in row else templates.fill(value, row)
        case dict():
            return {key: _filled(part, row) for key, part in value.items()}
        case list() | tuple():
            return [_filled(part, row) for part in value]
    return value


def _read(model: Model | None, name: str, value: Any) -> Any:
    """Read a cell as its input wants it."""
    if not isinstance(value, str):
        return value
    if model is None:
        return inputs.read_freely(value)
    if name not in model.inputs:
        return value
    try:
        return inputs.read(model, name, value)
    except inputs.UnfitInput as fault:
        raise Broken(name, str(fault)) from None


def _number(name: str, value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < 30:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Broken(name, f"{name} is {str(value)[:40]!r}, and has to be a whole number")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Broken(name, f"{name} is no text")
    return value


def _pixels(text: str) -> tuple[int, int]:
    try:
        return pictures.pixels(text)
    except ValueError as fault:
        raise Broken("size", str(fault)) from None


def _are_urls(value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    return all(isinstance(part, str) and part.lower().startswith(("https://", "http://")) for part in parts)


__all__ = ["Broken", "Duplicates", "Planned", "Planner", "Template", "call_input", "request_of"]
