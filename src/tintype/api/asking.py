"""Turn what bodies ask for into requests of the core, and what was admitted into what is told.

The same for one generation and for an order: each body is planned, and whatever needs more than one generation is an
order, admitted together or not at all.
"""

from __future__ import annotations

import functools
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype.api import auth, callbacks, gateway, limits, present, waiting
from tintype.api.problems import Problem
from tintype.domain import errors, money, pictures, profiles
from tintype.domain.choosing import Mode
from tintype.service import areas, films, finishing, notices, proofs, sameness, wishes
from tintype.service.requests import Follows, Request
from tintype.store import outputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import BaseModel
    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response as HttpResponse

    from tintype.api.gateway import Gateway
    from tintype.api.schemas.generations import GenerationTold, OrderTold, PartAsked
    from tintype.domain.access import Actor
    from tintype.service.generations import Submitted
    from tintype.store.generations import Generation

BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Plan:
    """What several bodies need: requests in their order, the kind of order, and what was left out of them."""

    requests: tuple[Request, ...]
    kind: str
    warnings: tuple[str, ...]
    film: Mapping[str, Any] | None = None

    @property
    def is_order(self) -> bool:
        """Whether it takes more than one generation, or steps that an order remembers."""
        return len(self.requests) > 1 or any(one.steps for one in self.requests)


NOTHING = Plan((), BATCH, ())
"""The plan of what is not made, as it was before."""


async def plan(
    parts: Sequence[PartAsked], here: Gateway, *, actor: Actor, idempotency_key: str | None = None
) -> Plan:
    """Plan what bodies ask for; under the same Idempotency-Key the seeds of proofs are the same.

    Raises InputError naming the body where there are several, UnknownModel.
    """
    lot = secrets.token_bytes(16) if idempotency_key is None else idempotency_key.encode()
    planned: list[Request] = []
    warnings: list[str] = []
    kind = BATCH
    price = functools.partial(here.core.generations.price, actor=actor)
    for place, part in enumerate(parts):
        try:
            found = wishes.plan(here.core.catalogue, wish(part, here))
            steps: Sequence[Request] = found.requests
            if part.mode is Mode.PROOF:
                steps = proofs.made(
                    here.core.catalogue,
                    steps,
                    final=here.settings.model_of(Mode.FINAL),
                    lot=b"%d %b" % (place, lot),
                )
            if (finish := steps_of(part, here)) is not None:
                kind = finishing.KIND
                steps = finish.after(here.core.catalogue, steps)
            # What is wrong with a picture is told by who looks at all of it next.
            with suppress(areas.Unfit):
                await finishing.check_total(steps, most(part), price)
        except errors.InputError as fault:
            if len(parts) == 1:
                raise
            raise errors.InputError(f"generations.{place}: {fault}") from None
        except errors.UnknownModel as fault:
            raise placed(fault, parts) from None
        planned += [_moved(one, len(planned)) for one in steps]
        warnings += found.warnings
    return Plan(tuple(planned), kind, tuple(warnings))


def joined(planned: Plan, here: Gateway, *, crossfade_s: float, origin: str) -> Plan:
    """Return a plan whose clips are joined to a film. Raises InputError for what makes no clips."""
    if planned.kind != BATCH:
        raise errors.InputError("what has finishing steps makes no film; ask for one of them")
    films.check_crossfade(here.core.catalogue, planned.requests, crossfade_s)
    return replace(planned, kind=films.KIND, film={"origin": origin, "crossfade_s": crossfade_s})


def wish(part: PartAsked, here: Gateway, *, model: str | None = None) -> wishes.Wish:
    """Return what a body asks for; `model` stands in where none is named. Raises InputError."""
    if part.model is not None and part.mode is not None:
        raise errors.InputError("give a model or a mode, not both")
    return wishes.Wish(
        model=part.model or model or here.settings.model_of(part.mode),
        prompt=part.prompt,
        n=part.n,
        aspect_ratio=part.aspect_ratio,
        seed=part.seed,
        negative_prompt=part.negative_prompt,
        size=None if part.size is None else pictures.pixels(part.size),
        format=part.format,
        quality=part.quality,
        is_transparent=part.transparent,
        profile=profiles.find(part.profile or here.settings.profile, here.settings.profiles),
        input=part.input,
        is_strict=part.strict,
        deadline_s=part.deadline,
        cache=part.cache,
        metadata=part.metadata,
        tags=tuple(part.tags),
        callback_url=part.callback_url,
        hold_max_nano_usd=most(part),
    )


def steps_of(part: PartAsked, here: Gateway) -> finishing.Steps | None:
    """Return the finishing steps that a body asks for, None for none."""
    if not part.finish:
        return None
    chosen = here.settings
    models = finishing.Models(upscale=chosen.model_upscale, background=chosen.model_background)
    return finishing.Steps(tuple(part.finish), models)


async def submit(
    request: HttpRequest,
    planned: Plan,
    body: BaseModel,
    *,
    actor: Actor,
    idempotency_key: str | None,
    as_order: bool,
) -> Submitted:
    """Submit what was planned; one generation alone where it is one and no order was asked for.

    Under the same Idempotency-Key the same `body` is the same request, whatever is made of it by now.
    """
    here = gateway.of(request)
    urls = {one.callback_url for one in planned.requests if one.callback_url is not None}
    for url in urls:
        callbacks.address(request, url)
    is_order = as_order or planned.is_order
    asked = await here.core.generations.submit(
        list(planned.requests) if is_order else planned.requests[0],
        actor=actor,
        idempotency_key=idempotency_key,
        kind=planned.kind,
        plan=planned.film,
        own_key=auth.own_key(request),
        asked=notices.asked_at(here.origin_of(request)) if urls else None,
        said=words(request, body, idempotency_key),
    )
    tell(request, asked)
    return asked


async def repeated(
    request: HttpRequest, body: BaseModel, *, actor: Actor, idempotency_key: str | None
) -> Submitted | None:
    """Return what the same body made before under an Idempotency-Key; None for nothing, and for another body."""
    said = words(request, body, idempotency_key)
    if said is None:
        return None
    asked = await gateway.of(request).core.generations.repeated(
        said, actor=actor, idempotency_key=idempotency_key
    )
    if asked is not None:
        tell(request, asked)
    return asked


def words(request: HttpRequest, body: BaseModel, idempotency_key: str | None) -> str | None:
    """Write what was said, and where, as an Idempotency-Key is judged by it; None without one.

    What is said as it would be unsaid is left out, so that another release with more to say reads the same.
    """
    if idempotency_key is None:
        return None
    stated = body.model_dump(mode="json", exclude_defaults=True)
    return sameness.words([request.scope["path"], stated])


def tell(request: HttpRequest, asked: Submitted) -> None:
    """Say in headers where what was asked for is, whether it was asked for before, and how the caller's rate stands."""
    limits.tell(request, asked.pace)
    path = f"orders/{asked.order_id}" if asked.order_id is not None else f"generations/{asked.ids[0]}"
    limits.tell_place(request, f"/api/{path}", is_repeated=asked.is_repeated)


def placed(fault: errors.UnknownModel, parts: Sequence[PartAsked]) -> errors.UnknownModel:
    """Return the error of a model that nobody knows with the places of those bodies that name it, where several are."""
    places = [f"generations.{place}" for place, part in enumerate(parts) if part.model == fault.name]
    if len(parts) == 1 or not places:
        return fault
    made = errors.UnknownModel(f"{', '.join(places[:10])}: {fault}")
    made.name, made.nearest = fault.name, fault.nearest
    return made


@contextmanager
def still_there(asked: Submitted) -> Iterator[None]:
    """Say of what a repeated request had made the first time, and what was deleted since, that it is gone (rule 8)."""
    try:
        yield
    except (errors.UnknownGeneration, errors.UnknownOrder):
        if not asked.is_repeated:
            raise
        raise Problem(
            "gone",
            f"{asked.order_id or asked.ids[0]}, which this Idempotency-Key had made, was deleted; to have it made "
            "anew, ask under another key",
        ) from None


async def waited(
    request: HttpRequest,
    response: HttpResponse,
    asked: Submitted,
    prefer: str | None,
    *,
    film_of: str | None = None,
) -> bool:
    """Wait as `Prefer` says and the server allows. Returns whether it was understood.

    The response then says for how long, and is 200 where all has ended in that time. `film_of` is an order whose film
    is waited for too. Raises ClientDisconnect when the caller hangs up; what was asked for goes on.
    """
    preferred_s = waiting.preferred_s(prefer)
    if preferred_s is None:
        return False
    here = gateway.of(request)
    wait_s = waiting.granted_s(request, preferred_s)
    if film_of is not None:
        is_over = await waiting.until_made(here, film_of, timeout_s=wait_s, request=request)
    else:
        is_over = await waiting.until_all_final(here, asked.ids, timeout_s=wait_s, request=request)
    response.headers["Preference-Applied"] = f"wait={wait_s}"
    if is_over:
        response.status_code = 200
    return True


async def generation(
    request: HttpRequest, ident: str, *, actor: Actor, warnings: Sequence[str] = ()
) -> GenerationTold:
    """Tell of a generation of the actor's. Raises UnknownGeneration."""
    here = gateway.of(request)
    row: Generation = await here.core.generations.get(ident, actor=actor, is_shown=True)
    kept = await outputs.of(here.core.database, ident) if row.finished_at is not None else []
    return present.generation(
        row,
        kept,
        links=here.links,
        origin=here.origin_of(request),
        warnings=warnings,
    )


async def order(request: HttpRequest, ident: str, *, actor: Actor, warnings: Sequence[str] = ()) -> OrderTold:
    """Tell of an order of the actor's. Raises UnknownOrder."""
    here = gateway.of(request)
    found = await here.core.orders.get(ident, actor=actor)
    joined = None
    if found.outline.kind == films.KIND:
        joined = await films.get(ident, db=here.core.database, actor=actor)
    return present.order(
        found,
        links=here.links,
        origin=here.origin_of(request),
        warnings=warnings,
        joined=joined,
    )


def most(part: PartAsked) -> int | None:
    """Return the most that a body says it may cost, in nano-dollars."""
    return None if part.max_usd is None else money.from_usd(str(part.max_usd))


def _moved(one: Request, by: int) -> Request:
    """Return a request whose place among all is so much further on than among its own."""
    if one.follows is None or by == 0:
        return one
    return replace(one, follows=Follows(one.follows.request + by, one.follows.input, one.follows.output))
