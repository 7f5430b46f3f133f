"""Ask for generations, and look at, cancel and repeat them.

    asked = await work.submit(Request("flux-schnell", {"prompt": "a lighthouse"}), actor=actor)

What is asked for is checked against its model, priced, and admitted in one round trip: held, written and enqueued,
or refused as a whole with the limit that has no room.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tintype.domain import catalogue as catalogue_
from tintype.domain import errors, ids, inputs, pricing, prompts
from tintype.domain.access import Actor
from tintype.service import (
    admitting,
    finishing,
    guarding,
    listing,
    prices,
    proofs,
    repeating,
    requests,
    sameness,
    telling,
)
from tintype.service.listing import Filters
from tintype.service.requests import Cache, Follows, Price, Request, Submitted
from tintype.store import admission, fresh, gathering, generations
from tintype.store.admission import Approval, Asked, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    from tintype.domain.catalogue import Catalogue, Model
    from tintype.observing import Observer
    from tintype.service.givens import Givens
    from tintype.service.progress import Progress
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database
    from tintype.store.generations import Generation

PER_REQUEST_MAX = 1_000
PAGE_MAX = 1_000


class Generations:
    """Takes requests.

    `unknown_hold_nano_usd` is held where no price is known; 0 refuses. `is_cache_shared` lets owners share results.
    `secret` finds what no input may hold, whoever asks: the token; `blocked` are words that no prompt may.
    """

    def __init__(  # noqa: PLR0913 - its parts, each handed in once
        self,
        database: Database,
        upstream: Upstream,
        progress: Progress,
        givens: Givens,
        catalogue: Catalogue,
        *,
        unknown_hold_nano_usd: int,
        randomness: Callable[[int], bytes],
        is_cache_shared: bool = False,
        observer: Observer,
        secret: guarding.Check = guarding.nothing,
        blocked: prompts.Blocked = prompts.Blocked(),  # noqa: B008 - it cannot be changed
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._admissions = gathering.Admissions(database)
        self._upstream = upstream
        self._progress = progress
        self._givens = givens
        self._catalogue = catalogue
        self._unknown_hold_nano_usd = unknown_hold_nano_usd
        self._randomness = randomness
        self._is_cache_shared = is_cache_shared
        self._observer = observer
        self._secret, self._blocked = secret, blocked
        self._now = now

    async def submit(  # noqa: PLR0913 - keyword-only choices, all optional
        self,
        request: Request | Sequence[Request],
        *,
        actor: Actor,
        idempotency_key: str | None = None,
        kind: str = "batch",
        plan: Mapping[str, Any] | None = None,
        own_key: guarding.Check = guarding.nothing,
        answering: admission.Answering | None = None,
        asked: Asked | None = None,
        said: str | None = None,
    ) -> Submitted:
        """Admit one generation, or several as an order: all or none. `own_key` finds the key that the caller uses.

        `said` are the words of whoever asks, by which an Idempotency-Key is judged in place of what was made of them.
        `answering` lets an equal request whose answer was never written be joined (rule 8), `asked` says in which
        shape it is told of.

        Raises InputError and UnknownModel before anything is asked of the database; LimitReached,
        IdempotencyConflict, UpstreamPaused and CallerLeft when it refuses; DatabaseAway when it is not there.
        """
        several = [request] if isinstance(request, Request) else list(request)
        if not 1 <= len(several) <= PER_REQUEST_MAX:
            raise errors.InputError(f"ask for 1 to {PER_REQUEST_MAX} generations at once, not {len(several)}")
        secret = guarding.either(self._secret, own_key)
        guarding.refuse("the user or project", (actor.user, actor.project), secret)
        guarding.refuse("the callback_url", (plan or {}).get("callback_url"), secret)
        for one in several:
            requests.check_given(one, secret)
            self._blocked.check(one.input)
        earlier = self._earlier(actor, idempotency_key, said=said, answering=answering)
        is_measured = any(requests.is_measured(self._catalogue, one) for one in several)
        if is_measured and (before := await admitting.before(self._database, earlier)) is not None:
            return self._submitted(before, earlier)
        try:
            wanted = await self._all_wanted(several, actor, secret=secret)
        except (errors.InputError, errors.UnknownModel):
            # What was good once is answered as it was, though it would not do any more.
            if is_measured or (again := await self._again(earlier)) is None:
                raise
            return again
        steps, order = finishing.done_here(several), None
        if steps or not isinstance(request, Request):
            order = admission.Order(id=self._new_id(), kind=kind, plan={**(plan or {}), **steps} or None)
        to_admit = admission.Request(
            actor=actor,
            upstream_id=self._upstream.ident,
            wanted=wanted,
            order=order,
            idempotency=earlier.idempotency
            or sameness.idempotency(
                idempotency_key, several, wanted, actor=actor, mark=self._givens.mark, steps=steps
            ),
            answering=answering,
            asked=asked,
            proofs=proofs.marked(self._catalogue, several, wanted),
        )
        answer = await admitting.admit(self._admissions, to_admit)
        telling.answered(self._observer, answer, wanted, actor, self._now())
        return self._submitted(answer, to_admit)

    async def repeated(self, said: str, *, actor: Actor, idempotency_key: str | None) -> Submitted | None:
        """Return what the same words made under an Idempotency-Key before; None for nothing, and for other words."""
        return await self._again(self._earlier(actor, idempotency_key, said=said))

    async def prepared(self, request: Request, *, actor: Actor) -> Wanted:
        """Check and price a request without admitting it; its files may be named by their hash, and none is fetched.

        Raises InputError, UnknownModel, ModelNotAllowed.
        """
        requests.check_secret(request, self._secret)
        self._blocked.check(request.input)
        return await self._wanted(request, actor, secret=self._secret, fetches=False)

    async def price(self, request: Request, *, actor: Actor) -> Price:
        """Say what a request will cost, before it is made. Raises InputError."""
        model = self._model(request.model)
        priced_as = requests.own_price(self._catalogue, model, request) or model
        areas: Mapping[Any, Fraction] = {}
        if priced_as is not None:
            areas = await self._givens.looked_at(priced_as, request.input, actor=actor)
        return prices.of(priced_as, request, areas=areas, unknown_nano_usd=self._unknown_hold_nano_usd)

    async def check_known(self, model: str) -> None:
        """Raise UnknownModel for a model that neither the catalogue nor upstream knows."""
        if self._model(model) is None and not await self._upstream.knows(model):
            raise catalogue_.unknown(
                model, catalogue_.nearest(model, (one.slug for one in self._catalogue.models))
            )

    async def get(self, ident: str, *, actor: Actor, is_shown: bool = False) -> Generation:
        """Return a generation of the actor's, to be shown with its approvals. Raises UnknownGeneration."""
        read = generations.shown if is_shown else generations.get
        row = await read(self._database, ident) if ids.is_ulid(ident) else None
        is_theirs = row is not None and row.key_id == actor.key and actor.user in {None, row.end_user}
        if row is None or not is_theirs or row.deleted_at is not None:
            raise errors.UnknownGeneration(f"there is no generation {ident[:64]!r}")
        return row

    async def list(
        self,
        *,
        actor: Actor,
        filters: Filters = Filters(),  # noqa: B008 - it cannot be changed
        before: str | None = None,
        at_most: int = 100,
    ) -> list[Generation]:
        """Return a page of the actor's generations, newest first; `before` is the last id of the page before."""
        at_most = min(max(at_most, 1), PAGE_MAX)
        return await listing.page(self._database, actor, filters, before=before, at_most=at_most)

    async def cancel(self, ident: str, *, actor: Actor) -> Generation:
        """Wish that a generation ends; free where it was not bought yet. One that has ended stays as it is."""
        await self.get(ident, actor=actor)
        await self._progress.cancel(ident)
        return await self.get(ident, actor=actor)

    async def retry(
        self, ident: str, *, actor: Actor, idempotency_key: str | None = None, told: Asked | None = None
    ) -> Submitted:
        """Ask anew for a generation that ended without success: in the same names, and at its place in its order.

        What was made and could not be finished is finished again, and not bought again. Raises NotPossibleNow for one
        that has not ended so, for one that was repeated before, and where it was given secrets, which are erased by
        now; and what `submit` raises.
        """
        row = await self.get(ident, actor=actor)
        made = repeating.kept(row, ident=self._new_id())
        again = Request(row.model, row.input)
        if made is None:
            again = await repeating.request(row, self._model(row.model), db=self._database)
        # Whoever repeats it, it is of the same end user and project.
        owner = Actor(row.key_id, user=row.end_user, project=row.project, request_id=actor.request_id)
        return await self._one(
            again, owner, idempotency_key=idempotency_key, replaces=row.id, made=made, told=told
        )

    async def approve(
        self,
        final: Request,
        approves: Approval,
        *,
        given: Mapping[str, Any],
        actor: Actor,
        replaces: str | None = None,
        idempotency_key: str | None = None,
        own_key: guarding.Check = guarding.nothing,
        told: Asked | None = None,
    ) -> Submitted:
        """Ask for the final of a picked proof, once; asked again the first is given, and nothing is held.

        `given` is what of its input a caller gave; the rest may name stored files. `replaces` is a final of the same
        that ended without success. Raises as `submit`, and NotPossibleNow where that was replaced before.
        """
        secret = guarding.either(self._secret, own_key)
        requests.check_given(replace(final, input=given), secret)
        return await self._one(
            final,
            actor,
            idempotency_key=idempotency_key,
            replaces=replaces,
            approves=approves,
            secret=secret,
            told=told,
        )

    async def _one(
        self,
        request: Request,
        owner: Actor,
        *,
        idempotency_key: str | None,
        replaces: str | None = None,
        made: Wanted | None = None,
        approves: Approval | None = None,
        secret: guarding.Check = guarding.nothing,
        told: Asked | None = None,
    ) -> Submitted:
        if made is None:
            self._blocked.check(request.input)
        wanted = (made or await self._wanted(request, owner, secret=secret),)
        what = replaces if approves is None else f"{approves.proof_id}/{approves.pick}"
        asked = admission.Request(
            actor=owner,
            upstream_id=self._upstream.ident,
            wanted=wanted,
            idempotency=sameness.idempotency(
                idempotency_key, [request], wanted, actor=owner, mark=self._givens.mark, about=what
            ),
            replaces=replaces,
            is_made=made is not None,
            approves=approves,
            asked=told,
        )
        answer = await self._admissions.admit(asked)
        telling.answered(self._observer, answer, wanted, owner, self._now())
        return self._submitted(answer, asked)

    def _earlier(
        self,
        actor: Actor,
        key: str | None,
        *,
        said: str | None,
        answering: admission.Answering | None = None,
    ) -> admission.Request:
        """Return a request for what was admitted before, where words or an answer tell of it."""
        named = None
        if said is not None:
            named = sameness.idempotency(key, (), (), actor=actor, mark=self._givens.mark, said=said)
        return admission.Request(
            actor, self._upstream.ident, wanted=(), idempotency=named, answering=answering
        )

    async def _again(self, earlier: admission.Request) -> Submitted | None:
        before = await admitting.before(self._database, earlier)
        return self._submitted(before, earlier) if isinstance(before, admission.Repeated) else None

    async def _all_wanted(
        self, several: Sequence[Request], actor: Actor, *, secret: guarding.Check
    ) -> tuple[Wanted, ...]:
        made: list[Wanted] = []
        for one in several:
            follows = None if one.follows is None else made[one.follows.request].id
            made.append(await self._wanted(one, actor, follows=follows, secret=secret))
        return tuple(made)

    async def _wanted(
        self,
        request: Request,
        actor: Actor,
        *,
        follows: str | None = None,
        secret: guarding.Check = guarding.nothing,
        fetches: bool = True,
    ) -> Wanted:
        requests.check(request)
        model = self._model(request.model)
        requests.check_allowed(request.model if model is None else model.slug, actor)
        if model is None and request.deployment is None:
            await self.check_known(request.model)
        texts = [] if model is None else [one.name for one in model.inputs.values() if not one.takes_file]
        values, files = await self._givens.store(request.input, actor=actor, check=secret, texts=texts)
        if request.follows is not None:
            values[request.follows.input] = f"{Follows.MARK}{request.follows.output}"
        is_as_known = request.version is None and request.deployment is None
        if model is not None and is_as_known and not request.is_checked:
            try:
                inputs.check_all(model, values)
                for one in model.inputs.values():
                    inputs.check_file(one, values.get(one.name))
            except inputs.UnfitInput as fault:
                raise errors.InputError(str(fault)) from None
        own = requests.own_price(self._catalogue, model, request)
        priced_as = own or (model if is_as_known else requests.fitting(model, values))
        priced, areas = request, dict[Any, "Fraction"]()
        if priced_as is not None and request.deployment is None and pricing.counts_given(priced_as):
            by = actor.key if fetches else None
            values, areas = await self._givens.measured(priced_as, values, check=secret, fetched_by=by)
            priced = replace(request, input=values)
        files = (*files, *requests.named_before(values, files))
        price = prices.of(priced_as, priced, areas=areas, unknown_nano_usd=self._unknown_hold_nano_usd)
        plain, sealed = self._givens.sealed(model, values)
        requests.check_json(plain)
        images, video_ms = requests.made(own or model, plain if priced_as is not None else {})
        return Wanted(
            id=self._new_id(),
            model=model.slug if model is not None else request.model,
            version=request.version,
            deployment=request.deployment,
            input=plain,
            secrets=sealed,
            files=files,
            estimate_nano_usd=price.expected_nano_usd,
            hold_nano_usd=price.hold_nano_usd,
            price_rule=price.rule,
            images=images,
            video_ms=video_ms,
            deadline_s=request.deadline_s,
            cache_key=requests.cache_key(
                request,
                model,
                plain,
                owner=None if self._is_cache_shared else actor.owner,
                upstream_id=self._upstream.ident,
            )
            if sealed is None
            else None,
            metadata=request.metadata,
            tags=request.tags,
            callback_url=request.callback_url,
            follows=follows,
        )

    def _model(self, name: str) -> Model | None:
        return self._catalogue.find_ours(name)

    def _submitted(self, answer: admission.Answer, asked: admission.Request) -> Submitted:
        match answer:
            case admission.Admitted(places, order_id):
                rows = fresh.queued(answer, asked, simulated=self._upstream.simulated)
                idents = tuple(place.id for place in places)
                return Submitted(idents, order_id, queued=rows, pace=answer.pace)
            case admission.Repeated(generation_ids, order_id):
                return Submitted(generation_ids, order_id, is_repeated=True)
        raise requests.refused(answer, self._now())

    def _new_id(self) -> str:
        time_ms = int(self._now().timestamp() * 1000)
        return ids.ulid(time_ms=time_ms, randomness=self._randomness(ids.RANDOM_BYTES))


__all__ = ["Cache", "Generations", "Price", "Request", "Submitted"]
