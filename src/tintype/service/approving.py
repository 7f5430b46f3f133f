"""Approve a proof: its final is asked for, once for each picture that is picked (rule 8).

    approved = await approving.approve(ident, asked, actor=actor, work=work)

The final has the proof's prompt, shape and seed, or the picked picture as a reference; see `domain.proofing`. Its price
is held when it is approved. Whoever approves the same again is given the first final; where that ended without success,
another takes its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tintype.domain import errors, proofing, steps
from tintype.domain.generation import State
from tintype.service import givens, guarding, repeating
from tintype.service.requests import Request
from tintype.store import admission, approvals, generations, outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Catalogue
    from tintype.service.generations import Generations
    from tintype.service.orders import Orders
    from tintype.store.database import Database
    from tintype.store.generations import Generation
    from tintype.store.outputs import Output


_RESERVED_S = 3600.0
# What is looked at before it is approved.
_APPROVED = ("image/", "video/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an approval says: which picture, counted from 1, by which model, and inputs of that model's own."""

    pick: int = 1
    model: str
    input: Mapping[str, Any] = field(default_factory=dict, repr=False)
    callback_url: str | None = field(default=None, repr=False)
    hold_max_nano_usd: int | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """A final, the proof it is of, and what of the proof could not be kept; `is_repeated` says it was there before.

    `pace` is the rate that it was counted by, as it stands.
    """

    final_id: str
    proof_id: str
    pick: int
    is_repeated: bool
    warnings: tuple[str, ...] = ()
    pace: admission.Pace | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What approving works with."""

    db: Database
    generations: Generations
    orders: Orders
    known: Catalogue


async def approve(
    ident: str,
    asked: Asked,
    *,
    actor: Actor,
    work: Work,
    idempotency_key: str | None = None,
    own_key: guarding.Check = guarding.nothing,
    told: admission.Asked | None = None,
) -> Approved:
    """Ask for the final of a generation's picture, or of an order's: then pictures are counted through the order.

    Raises UnknownGeneration, NotPossibleNow for one that has not succeeded or whose final was deleted, InputError for a
    picture that there is not, and what `Generations.submit` raises.
    """
    row, output, among = await _picked(ident, asked.pick, actor=actor, work=work)
    place = output.position
    before = await approvals.final_of(work.db, row.id, place)
    if before is not None:
        again = await _again(before, row, place, work=work)
        if again is not None:
            return again
    model = work.known.find(asked.model)
    proofing.check_kind(model, is_film=output.content_type.startswith("video/"))
    picked = proofing.Picked(givens.MARK + output.sha256, output.width, output.height, among)
    values, warnings = proofing.final(model, work.known.get(row.model), row.input, picked, asked.input)
    final = Request(
        model.slug,
        values,
        deadline_s=repeating.deadline_s(row),
        metadata=row.metadata,
        tags=tuple(row.tags),
        callback_url=asked.callback_url or row.callback_url,
        hold_max_nano_usd=asked.hold_max_nano_usd,
    )
    if not await outputs.reserve_known(work.db, output.sha256, for_s=_RESERVED_S):
        raise errors.NotPossibleNow(f"{row.id} was deleted, and its pictures with it")
    # Whoever approves it, it is of the same end user and project.
    owner = replace(actor, user=row.end_user, project=row.project)
    try:
        made = await work.generations.approve(
            final,
            admission.Approval(row.id, place),
            given=asked.input,
            actor=owner,
            replaces=before,
            idempotency_key=idempotency_key,
            own_key=own_key,
            told=told,
        )
    except errors.NotPossibleNow:
        # Somebody else was first to approve anew what had failed.
        other = await approvals.final_of(work.db, row.id, place)
        again = None if other in {None, before} else await _again(str(other), row, place, work=work)
        if again is None:
            raise
        return again
    if made.is_repeated:
        return Approved(made.ids[0], row.id, place + 1, is_repeated=True)
    return Approved(
        made.ids[0], row.id, place + 1, is_repeated=False, warnings=tuple(warnings), pace=made.pace
    )


async def _picked(ident: str, pick: int, *, actor: Actor, work: Work) -> tuple[Generation, Output, int]:
    """Return the generation and the output that is picked, and how many its generation made."""
    try:
        rows = [await work.generations.get(ident, actor=actor)]
        made = await outputs.of(work.db, ident)
    except errors.UnknownGeneration:
        try:
            order = await work.orders.get(ident, actor=actor)
        except errors.UnknownOrder:
            order = None
        if order is None:
            raise
        rows, made = list(order.generations), list(order.outputs)
    # Files that were made here go along with a picture, they are none.
    made = [one for one in made if one.position < steps.MADE_HERE]
    if not made:
        state = rows[0].state if len(rows) == 1 else "an order without pictures yet"
        raise errors.NotPossibleNow(f"{ident} is {state}; only what succeeded is approved")
    if isinstance(pick, bool) or not 1 <= pick <= len(made):
        raise errors.InputError(f"{ident} has {len(made)} to pick from, and {pick} is none of them")
    output = made[pick - 1]
    row = next((one for one in rows if one.id == output.generation_id), None)
    if row is None:
        raise errors.NotPossibleNow(f"{ident} is repeated at this moment; approve what comes of it")
    if row.state != State.SUCCEEDED:
        raise errors.NotPossibleNow(f"generation {row.id} is {row.state}; only what succeeded is approved")
    if not output.content_type.startswith(_APPROVED):
        raise errors.InputError(f"{row.id} made {output.content_type}; only a picture or a film is approved")
    return await _begun(row, output, work=work)


async def _begun(row: Generation, output: Output, *, work: Work) -> tuple[Generation, Output, int]:
    """Return what finishing steps began with: the generation that has the prompt, its picture, and how many it made."""
    at, follows = row, row.follows
    if row.order_id is not None:
        # Among those of an order a row does not say what it follows.
        at = await generations.get(work.db, row.id) or row
        follows = at.follows
    if at.order_id is None or follows is None:
        made = await outputs.of(work.db, row.id)
        return row, output, sum(one.position < steps.MADE_HERE for one in made)
    rows = await generations.of_order(work.db, at.order_id)
    every = await outputs.of_several(work.db, [one.id for one in rows])
    while follows is not None:
        names, position = json.dumps(at.input), at.position
        found = next(
            (
                (one, file)
                for one in rows
                for file in every.get(one.id, ())
                if one.position < position and givens.MARK + file.sha256 in names
            ),
            None,
        )
        if found is None:
            raise errors.NotPossibleNow(f"{at.id} works on a picture that is not there any more")
        before, output = found
        at = await generations.get(work.db, before.id) or before
        follows = at.follows
    # A step that was bought may work on what was done here of a picture.
    place = output.position % steps.MADE_HERE
    made = [one for one in every[at.id] if one.position < steps.MADE_HERE]
    return at, next((one for one in made if one.position == place), output), len(made)


async def _again(final_id: str, row: Generation, place: int, *, work: Work) -> Approved | None:
    """Return the final that was approved before; None where it ended without success, so that another may be made.

    Raises NotPossibleNow for one that was made and is deleted.
    """
    final = await generations.get(work.db, final_id)
    if final is None or final.state in repeating.UNMADE:
        return None
    if final.deleted_at is not None:
        raise errors.NotPossibleNow(
            f"picture {place + 1} of {row.id} was approved before, and its final {final_id} was deleted"
        )
    return Approved(final_id, row.id, place + 1, is_repeated=True)


__all__ = ["Approved", "Asked", "Work", "approve"]
