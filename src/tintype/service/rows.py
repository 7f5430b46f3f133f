"""Turn rows into what is to be bought for them: template filled, inputs checked, equal ones named alike. Pure.

    planner = Planner(catalogue, template, model_of=settings.model_of, check=check, choose=choose, …)
    planned = planner.plan({"color": "red"})        # raises Broken with the column

The columns prompt, model, mode, n, seed, aspect_ratio, size, format, quality, transparent and negative_prompt mean
what they are called; one that a template names is a variable; all else is an input of the model of that name.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue, choosing, errors, inputs, pricing, templates
from tintype.domain.catalogue import Catalogue, Model
from tintype.domain.choosing import Mode
from tintype.domain.errors import UnknownModel
from tintype.domain.money import to_usd
from tintype.service import areas, cells, requests, row_calls, wishes
from tintype.service.cells import Broken
from tintype.service.requests import Cache, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tintype.domain.profiles import Profile
    from tintype.service.row_choices import RowChoices
    from tintype.service.row_files import RowFiles

COUNT_MAX = wishes.N_MAX
MODEL_MAX = 255
"""The longest name of a model, in characters."""
WARNINGS_MAX = 20
_TEXTS = ("aspect_ratio", "negative_prompt", "size", "format", "quality")
_NUMBERS = ("n", "seed")
_TRANSPARENT = "transparent"
# As columns these are no input, whatever a model calls its own.
_CHOICES = frozenset({"model", "mode"})
_OURS = frozenset({"prompt", *_CHOICES})
_WORDS = frozenset({*_OURS, _TRANSPARENT, *_TEXTS, *_NUMBERS})
# What a wish may fail by, and in which column that is said.
_PLACES = {
    **{word: word for word in ("size", "aspect_ratio", "format", "quality", "negative_prompt", "seed")},
    "is_transparent": _TRANSPARENT,
}
_NOTHING = wishes.Wish(model="")
_PASSWORD = "password"  # noqa: S105 - a format's name


class Duplicates(StrEnum):
    """What rows that are equal get: what was bought once for all of them, or each pictures of its own."""

    ONCE = "once"
    EACH = "each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is the same for all rows. Texts name columns in braces; a row's own model, mode, n and so on win.

    `hold_max_nano_usd` is the most that one call may cost. Where it `has_words`, `input` may hold common words, too,
    each of which is the model's own where it takes it so, as `size="2K"`.
    """

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
    has_words: bool = False
    is_strict: bool = False
    duplicates: Duplicates = Duplicates.ONCE
    hold_max_nano_usd: int | None = None
    deadline_s: float = 600.0
    cache: Cache = Cache.SEEDED
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A row that can be bought: equal ones have the same `digest`, and one call makes up to `per_call` of them.

    `reasons` say in words why the model was chosen, where that was left open.
    """

    model: str
    input: Mapping[str, Any] = field(repr=False)
    digest: str
    count: int
    per_call: int
    is_own: bool
    reasons: tuple[str, ...] = ()


class Planner:
    """Plans the rows of one batch. `check` raises InputError for a request that may not be made by whoever asks.

    `choose` names the models of rows that leave it open, by the mode `auto`; `files` reads what they are given.

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
        choose: RowChoices,
        files: RowFiles,
    ) -> None:
        if template.model is not None and template.mode is not None:
            raise errors.InputError("give a model or a mode, not both")
        if template.prompt is not None and "prompt" in template.input:
            raise errors.InputError(
                "the prompt is given twice: as the template, and as an input for all rows"
            )
        if template.mode is Mode.AUTO:
            # What cannot be chosen among is refused here, and not for each row.
            choose.check()
        self._known, self._template = known, template
        self._model_of, self._check, self._choose = model_of, check, choose
        self._files = files
        self._profile = profile_of(template.profile)
        self._found: dict[str, Model | None] = {}
        self._apart: dict[str, Catalogue] = {}
        # By name, with the nearest that would be used.
        self._unused: dict[str, str | None] = {}
        self._said: dict[str, None] = {}
        texts = [template.prompt, *(getattr(template, name) for name in _TEXTS)]
        texts += cells.texts(template.input)
        try:
            self._variables = frozenset().union(*(templates.names(text) for text in texts if text))
        except templates.Unfilled as fault:
            raise errors.InputError(str(fault)) from None
        requests.check(request_of(template, template.model or "", {}))

    @property
    def warnings(self) -> list[str]:
        """What could not be done of the rows up to now, in words; each once."""
        unused = [
            f"the column {name[:60]!r} is used by nothing" + (f"; did you mean {near!r}?" if near else "")
            for name, near in self._unused.items()
        ]
        return [*unused, *self._said][:WARNINGS_MAX]

    def plan(self, row: Mapping[str, Any]) -> Planned:
        """Plan a row. Raises Broken."""
        row = {str(name): value for name, value in row.items() if value is not None and value != ""}
        name, model, reasons = self._model(row)
        wish = self._wish(row, name, model)
        try:
            planned = wishes.plan(self._alone(model), wish)
        except errors.InputError as fault:
            raise Broken(self._place(model, wish, fault), str(fault)) from None
        except UnknownModel as fault:
            raise Broken("model", str(fault)) from None
        for one in planned.warnings:
            if len(self._said) < WARNINGS_MAX:
                self._said.setdefault(one)
        request = planned.requests[0]
        values = dict(request.input)
        count = self._count(row, model, values)
        self._checked(model, values, request)
        values = self._files.all_placed(model, values)
        _check_kept(values, request)
        per_call = self._per_call(model, values, count)
        # The same seed makes the same picture: of those with one, all that are equal are one.
        is_own = self._template.duplicates is Duplicates.EACH and "seed" not in values
        digest = row_calls.digest(model, request.model, values)
        return Planned(request.model, values, digest, count, per_call, is_own, reasons)

    def _alone(self, model: Model | None) -> Catalogue:
        """Return a catalogue of this model alone: the row says which it is, whatever others are called."""
        name = "" if model is None else model.slug
        if name not in self._apart:
            self._apart[name] = Catalogue(() if model is None else (model,))
        return self._apart[name]

    def _per_call(self, model: Model | None, values: Mapping[str, Any], count: int) -> int:
        """Return how many one call makes. Raises Broken where not even one may cost what is stated."""
        template, per_call = self._template, 1
        if model is None:
            return per_call
        if count > 1 or template.duplicates is Duplicates.EACH:
            per_call = row_calls.per_call(model, values, most=count if count > 1 else COUNT_MAX)
        limit = template.hold_max_nano_usd
        if limit is None:
            if model.price.unit not in pricing.BY_AMOUNT:
                return per_call
            limit = requests.HOLD_MOST_NANO_USD
        bound = functools.partial(row_calls.bound, model, values, template.deadline_s, self._files.areas)
        if bound(per_call) > limit:
            per_call = 1
        most = bound(1)
        if most > limit:
            raise Broken(
                "model", f"{model.slug} may cost ${to_usd(most)}, above the limit of ${to_usd(limit)}"
            )
        return per_call

    def _model(self, row: Mapping[str, Any]) -> tuple[str, Model | None, tuple[str, ...]]:
        """Return the model's name, what is known of it, and why it was chosen where that was left open."""
        if "model" in row and "mode" in row:
            raise Broken("mode", "give a model or a mode, not both")
        template = self._template
        mode = None if "model" in row or template.model is not None else template.mode
        try:
            if "mode" in row:
                mode = choosing.mode(str(row["mode"]))
            if mode is Mode.AUTO:
                choice = self._choose(self._wish(row, "", None, is_open=True))
                return choice.model.slug, choice.model, choice.reasons
            if "mode" in row:
                name = self._model_of(mode)
            else:
                name = str(row["model"]) if "model" in row else template.model or self._model_of(mode)
        except (errors.InputError, UnknownModel) as fault:
            raise Broken("mode", str(fault)) from None
        if name not in self._found:
            try:
                self._found[name] = self._known.find_ours(name)
            except UnknownModel as fault:
                raise Broken("model", str(fault)) from None
        return name, self._found[name], ()

    def _wish(
        self, row: Mapping[str, Any], name: str, model: Model | None, *, is_open: bool = False
    ) -> wishes.Wish:
        """Return what the row asks for, of a model, known or not, or of one that `is_open` until it is chosen."""
        template = self._template
        takes = self._choose.inputs if is_open else None if model is None else model.inputs.keys()
        try:
            words = self._words(row)
            given = {
                key: cells.filled(value, row)
                for key, value in template.input.items()
                if key not in row or key in self._variables or key in _CHOICES
            }
        except templates.Unfilled as fault:
            raise Broken(fault.name, str(fault)) from None
        if takes is not None:
            if _TRANSPARENT in row:
                words["is_transparent"] = cells.truth(_TRANSPARENT, row[_TRANSPARENT])
            if template.has_words:
                common, given = cells.parted(model, given, is_sized=words["size"] is not None)
                words |= common
                if "n" in given and "n" not in takes:
                    raise Broken(
                        "n", f"{name or 'no model'} has no input 'n'; say how many with -n, or in a column n"
                    )
        given |= self._columns(row, takes, given)
        return wishes.Wish(
            model=name,
            n=self._stated_count(row) if is_open else 1,
            input=given if is_open else {key: cells.read(model, key, value) for key, value in given.items()},
            hold_max_nano_usd=template.hold_max_nano_usd,
            profile=self._profile,
            is_strict=template.is_strict,
            cache=template.cache,
            deadline_s=template.deadline_s,
            metadata=template.metadata,
            tags=template.tags,
            **words,
        )

    def _words(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the common words, the row's own before the template's. Raises Unfilled, Broken."""
        template = self._template
        words: dict[str, Any] = {"seed": template.seed, "is_transparent": template.is_transparent}
        for word in ("prompt", *_TEXTS):
            stated = getattr(template, word)
            words[word] = None if stated is None else templates.fill(stated, row)
        for word in ("prompt", "seed", *_TEXTS):
            if word in row and (word != "prompt" or template.prompt is None):
                words[word] = (
                    cells.number(word, row[word]) if word in _NUMBERS else cells.text(word, row[word])
                )
        if words["size"] is not None:
            words["size"] = cells.pixels(words["size"])
        return words

    def _columns(
        self, row: Mapping[str, Any], takes: Collection[str] | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the columns that are inputs, of a model that nobody knows all; others are told."""
        found = {}
        for key, value in row.items():
            is_replaced = key == "prompt" and self._template.prompt is not None
            is_word = key in _WORDS and (takes is not None or key != _TRANSPARENT)
            if (is_word and not is_replaced) or key in self._variables or key in given:
                continue
            if not is_replaced and (takes is None or key in takes):
                found[key] = value
            elif key not in self._unused and len(self._unused) < WARNINGS_MAX:
                self._unused[key] = None if is_replaced else self._nearest(key, row, takes or ())
        return found

    def _nearest(self, name: str, row: Mapping[str, Any], takes: Collection[str]) -> str | None:
        """Return what a column may have been meant for that the row does not have."""
        return catalogue.nearest(name, ({*_WORDS, *self._variables, *takes}) - row.keys())

    def _count(self, row: Mapping[str, Any], model: Model | None, values: dict[str, Any]) -> int:
        """Return how many outputs a row wants, and take the model's own word for that out of its inputs."""
        count = self._stated_count(row)
        counter = row_calls.counter(model)
        if counter is not None and counter in values:
            stated = cells.number(counter, values.pop(counter))
            if "n" in row or (self._template.n > 1 and counter not in row):
                raise Broken("n", f"n and the input {counter!r} ask for the same; give one of them")
            count = stated
        return _within(count)

    def _stated_count(self, row: Mapping[str, Any]) -> int:
        return _within(cells.number("n", row["n"]) if "n" in row else self._template.n)

    def _place(self, model: Model | None, wish: wishes.Wish, fault: errors.InputError) -> str:
        """Return the column that a wish fails by: an input that the model does not have, a word, else the prompt."""
        unknown = [name for name in wish.input if model is not None and name not in model.inputs]
        if unknown:
            return unknown[0]
        for word, column in _PLACES.items():
            try:
                wishes.plan(self._alone(model), replace(wish, **{word: getattr(_NOTHING, word)}))
            except errors.InputError as other:
                if str(other) == str(fault):
                    continue
            return column
        return "prompt"

    def _checked(self, model: Model | None, values: Mapping[str, Any], request: Request) -> None:
        """Raise Broken for what cannot be bought, or may not be."""
        if model is not None:
            try:
                inputs.check_all(model, values)
            except inputs.UnfitInput as fault:
                raise Broken(fault.name, str(fault)) from None
            for name in values:
                if model.inputs[name].format == _PASSWORD:
                    raise Broken(name, "a batch keeps its rows, so they may hold no secret")
        try:
            self._check(request)
        except errors.ModelNotAllowed as fault:
            raise Broken("model", str(fault)) from None
        except areas.Unfit as fault:
            raise Broken(fault.name, str(fault)) from None
        except errors.InputError as fault:
            raise Broken("prompt", str(fault)) from None


def _within(count: int) -> int:
    if isinstance(count, bool) or not 1 <= count <= COUNT_MAX:
        raise Broken("n", f"n is {count}; ask for 1 to {COUNT_MAX}")
    return count


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
        hold_max_nano_usd=template.hold_max_nano_usd,
    )


__all__ = ["Broken", "Duplicates", "Planned", "Planner", "Template", "request_of"]
