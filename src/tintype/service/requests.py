"""What can be asked for, and which requests are refused before anybody is asked. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from tintype.domain import access, errors, inputs, pricing, prompts
from tintype.domain.budget import Measure, Scope
from tintype.domain.catalogue import Kind, Model
from tintype.domain.money import to_usd
from tintype.media import fetch_errors, fetch_target
from tintype.service import areas, budgets, givens, guarding
from tintype.store import admission
from tintype.store.admission import InputFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Catalogue
    from tintype.store.generations import Generation

DEADLINE_LEAST_S, DEADLINE_MOST_S = 5.0, 1_800.0
METADATA_MAX_BYTES = 4_096
TAGS_MAX = 20
IDEMPOTENCY_KEY_MAX = 255
CALLBACK_URL_MAX = 2_048
HOLD_MOST_NANO_USD = 10**15
"""The most that one generation may cost, and be stated to: so many fit into a sum."""
_VERSION = re.compile(r"[0-9a-f]{64}")
# A year, more than is ever made.
_VIDEO_MOST_MS = 366 * 86_400_000
_DEPLOYMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")


# A cheap look before a number is looked for one by one.
_LONG_NUMBER = re.compile(rb"\d{19}")


class Cache(StrEnum):
    """Which requests are answered by an equal one's outputs: none, those with a seed, all."""

    OFF = "off"
    SEEDED = "seeded"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Follows:
    """What a generation works on: output `output` of the one at place `request` of those asked for together.

    In the row's input `MARK` and the output's number stand for it until it is there.
    """

    MARK: ClassVar[str] = "tintype:output:"

    request: int
    input: str
    output: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One generation that is asked for.

    `model` is a name of the catalogue or `owner/name`. Files of the input are bytes, a Path, a data URI or a URL.
    `deadline_s` is how long it may take in all. `hold_max_nano_usd` is the most that may be held for it: where it could
    cost more, or more is held for want of a known price, it is refused. With `follows` one input is what another of the
    same order makes. `steps` are done here on outputs, by position, before it has succeeded. `is_checked` says that its
    inputs were checked, and that what the model has no input for goes along, to be ignored upstream. `proof_for` is the
    model of the final that it is a proof for.
    """

    model: str
    input: Mapping[str, Any] = field(repr=False)
    version: str | None = None
    deployment: str | None = None
    deadline_s: float = 600.0
    cache: Cache = Cache.SEEDED
    metadata: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    callback_url: str | None = field(default=None, repr=False)
    hold_max_nano_usd: int | None = None
    follows: Follows | None = None
    steps: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_checked: bool = False
    proof_for: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was admitted, or had been before: under the same Idempotency-Key, or without its answer arriving.

    `queued` are the rows of those that have just begun to wait for their purchase; others are to be read. `pace` is the
    rate that they were counted by, as it stands.
    """

    ids: tuple[str, ...]
    order_id: str | None
    is_repeated: bool = False
    queued: tuple[Generation, ...] = field(default=(), repr=False)
    pace: admission.Pace | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a request is expected to cost and may cost at most, in nano-dollars, and by which rule."""

    expected_nano_usd: int
    hold_nano_usd: int
    rule: str


def refused(answer: admission.Answer, now: datetime) -> errors.TintypeError:
    """Return the error that tells why nothing was admitted."""
    match answer:
        case admission.Refused(refusals):
            return limit_reached(refusals[0], now)
        case admission.Replaced(by):
            return errors.NotPossibleNow(
                f"it was repeated before, as {by}; if that failed too, repeat that one"
            )
        case admission.Paused(until):
            return errors.UpstreamPaused(
                "creates are paused at the moment, by the operator or as upstream refuses the account (no "
                "credit, or a token that is not good); nothing was held",
                can_retry=True,
                retry_after_s=max((until - now).total_seconds(), 1.0),
            )
    return errors.IdempotencyConflict(
        "this Idempotency-Key was used for another body in the last 24 hours; take a new one"
    )


def limit_reached(refusal: admission.Refusal, now: datetime) -> errors.LimitReached:
    """Return the error that tells of a limit without room."""
    whose = _named(refusal)
    free, asked = (budgets.shown(refusal.measure, amount) for amount in (refusal.free, refusal.asked))
    if refusal.measure == Measure.MONEY:
        free, asked = f"${free}", f"${asked}"
    limit = budgets.allowed(refusal.measure, refusal.amount, refusal.period)
    when = f"; it frees at {refusal.frees_at.isoformat()}" if refusal.frees_at else ""
    wait_s = None
    if refusal.frees_at is not None:
        wait_s = max((refusal.frees_at - now).total_seconds(), 0.0)
    error = errors.LimitReached(
        f"the limit of {limit} for {whose} has {free} left, and {asked} was asked for{when}",
        can_retry=wait_s is not None,
        retry_after_s=wait_s,
    )
    for name in ("limit_id", "scope", "subject", "measure", "period", "amount", "asked", "free", "frees_at"):
        setattr(error, name, getattr(refusal, name))
    return error


def _named(refusal: admission.Refusal) -> str:
    """Say whom a limit is for, as whoever asked knows it: the ids of keys are an administrator's."""
    match refusal.scope:
        case Scope.KEY if refusal.subject == access.LOCAL:
            return "requests without a key"
        case Scope.KEY:
            return "this API key"
        case Scope.USER:
            return f"the end user {refusal.subject.partition('/')[2]!r}"
        case Scope.PROJECT:
            return f"the project {refusal.subject!r}"
    return "everybody together"


def check(request: Request) -> None:
    """Raise InputError for what no model and no budget need to be asked about."""
    if not DEADLINE_LEAST_S <= request.deadline_s <= DEADLINE_MOST_S:
        raise errors.InputError(
            f"a deadline is {DEADLINE_LEAST_S:g} to {DEADLINE_MOST_S:g} seconds, not {request.deadline_s:g}"
        )
    if len(request.tags) > TAGS_MAX:
        raise errors.InputError(f"there can be {TAGS_MAX} tags, not {len(request.tags)}")
    check_json(list(request.tags))
    if len(check_json(dict(request.metadata or {}))) > METADATA_MAX_BYTES:
        raise errors.InputError(f"metadata may have {METADATA_MAX_BYTES} bytes as JSON")
    if request.model and len(request.model) > 255:
        raise errors.InputError("the name of a model has at most 255 characters")
    if request.version is not None and not _VERSION.fullmatch(request.version):
        raise errors.InputError(f"{request.version[:80]!r} names no version: a version is 64 hex digits")
    if request.deployment is not None and not _DEPLOYMENT.fullmatch(request.deployment):
        raise errors.InputError(f"{request.deployment[:80]!r} does not name a deployment; write owner/name")
    if request.hold_max_nano_usd is not None and not 0 < request.hold_max_nano_usd <= HOLD_MOST_NANO_USD:
        raise errors.InputError(f"the most it may cost is above 0 and at most ${to_usd(HOLD_MOST_NANO_USD)}")
    if request.callback_url is not None:
        check_callback(request.callback_url)


def check_callback(url: str) -> None:
    """Raise InputError for what is no address to call; whether it may be called is judged when it is."""
    if len(url) > CALLBACK_URL_MAX or not url.isprintable():
        raise errors.InputError(
            f"a callback URL is printable and has at most {CALLBACK_URL_MAX:,} characters"
        )
    try:
        fetch_target.read(url)
    except fetch_errors.FetchRefused as refused:
        raise errors.InputError(f"callback_url: {refused}") from None


def check_allowed(model: str, actor: Actor) -> None:
    """Raise ModelNotAllowed where the actor's key may not use a model, by its slug."""
    if actor.models is not None and model not in actor.models:
        raise errors.ModelNotAllowed(
            f"this key may not use {model}; it may use {', '.join(sorted(actor.models)) or 'none'}"
        )


def check_given(request: Request, secret: guarding.Check) -> None:
    """Raise InputError where a request holds a key or token, names a stored file as only rows do, or has a bad prompt.

    A file is told of with its input, as Unfit.

    What was asked for in upstream's own words has the prompt that upstream takes.
    """
    prompt = request.input.get("prompt")
    if isinstance(prompt, str) and not request.is_checked:
        prompts.check(prompt)
    check_secret(request, secret)
    check_files(request)


def check_files(request: Request) -> None:
    """Raise Unfit where a stored file is named as only rows do: whoever asks would learn what is stored."""
    for name, value in request.input.items():
        if givens.is_mark(value):
            raise areas.Unfit(name, "a file is given as an upload or a URL; tintype:… names none")


def check_secret(request: Request, secret: guarding.Check) -> None:
    """Raise InputError where a request holds a key or token."""
    try:
        guarding.refuse("the input", request.input, secret)
        guarding.refuse("the metadata", request.metadata, secret)
    except RecursionError:
        raise errors.InputError("this is nested deeper than any model reads") from None
    guarding.refuse("a tag", request.tags, secret)
    guarding.refuse("the callback_url", request.callback_url, secret)


def check_json(value: Any) -> bytes:
    """Return a value as JSON; raises InputError for what the database cannot keep."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError, UnicodeError):
        raise errors.InputError(
            "this holds something that JSON has no form for: NaN, an infinity, or text that is not Unicode"
        ) from None
    if b"\\u0000" in text:
        raise errors.InputError("text with a NUL character cannot be kept; take it out")
    if _LONG_NUMBER.search(text) and _has_large_number(value):
        raise errors.InputError("a whole number beyond 64 bits has no meaning to any model")
    return text


def _has_large_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_large_number(part) for part in value.values())
    if isinstance(value, list | tuple):
        return any(_has_large_number(part) for part in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def check_idempotency_key(key: str | None) -> None:
    """Raise InputError for a key that cannot be one."""
    if key is not None and (not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX or not key.isprintable()):
        raise errors.InputError(f"an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable characters")


def cache_key(
    request: Request, model: Model | None, plain: Mapping[str, Any], *, owner: str | None, upstream_id: int
) -> str | None:
    """Name what makes two requests equal: owner (None: all share), account, what is run, and the input.

    None for a request that no equal one answers.
    """
    if request.cache is Cache.OFF:
        return None
    if request.cache is Cache.SEEDED:
        if plain.get("seed") is None:
            return None
        if any(is_foreign(value) for value in plain.values()):
            return None
    filled = model.filled(plain) if model is not None else plain
    what = [
        owner,
        upstream_id,
        model.slug if model else request.model,
        request.version,
        request.deployment,
        filled,
    ]
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def fitting(model: Model | None, values: Mapping[str, Any]) -> Model | None:
    """Return the model when the inputs suit it; None where a version takes others, whose price nobody knows."""
    if model is None:
        return None
    try:
        inputs.check_all(model, {name: value for name, value in values.items() if name in model.inputs})
    except inputs.UnfitInput:
        return None
    return model


def own_price(known: Catalogue, model: Model | None, request: Request) -> Model | None:
    """Return what says one's own price of a version, or of a model whose inputs nobody stated."""
    return known.priced(request.model if model is None else model.slug, request.version)


def is_measured(known: Catalogue, request: Request) -> bool:
    """Whether pictures that a request is given are measured, and fetched for it, before anything is held."""
    model = known.find_ours(request.model)
    priced_as = own_price(known, model, request) or model
    if priced_as is None or request.deployment is not None or not pricing.counts_given(priced_as):
        return False
    return next(pricing.given(priced_as, request.input), None) is not None


def made(model: Model | None, values: Mapping[str, Any]) -> tuple[int, int]:
    """Say how many pictures and milliseconds of film are asked for; what is not known counts as a picture."""
    if model is None:
        return 1, 0
    if model.kind is Kind.TEXT:
        return 0, 0
    if model.kind is Kind.VIDEO:
        # A deployment is billed by time, so that nothing else bounds the length that is asked of one.
        return 0, min(math.ceil(pricing.seconds(model, values) * 1000), _VIDEO_MOST_MS)
    return pricing.outputs(model, values), 0


def named_before(values: Mapping[str, Any], new: Sequence[InputFile]) -> tuple[InputFile, ...]:
    """Name the files that an input holds by their hash already, as the input of an earlier generation does."""
    there = {(one.field, one.position) for one in new}
    found = []
    for name, value in values.items():
        for position, part in enumerate(value if isinstance(value, list) else [value]):
            is_file = isinstance(part, str) and part.startswith(givens.MARK)
            if is_file and (name, position) not in there:
                found.append(InputFile(name, part.removeprefix(givens.MARK), position))
    return tuple(found)


def is_foreign(value: Any) -> bool:
    """Whether an input names a file elsewhere, whose bytes may be others tomorrow."""
    if isinstance(value, list):
        return any(is_foreign(part) for part in value)
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))
