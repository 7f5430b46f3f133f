"""A person's word about an outcome that nobody could tell, in one's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from tintype.bootstrap import Core
    from tintype.domain.access import Actor


async def resolve(core: Core, ident: str, *, bought: str | None, actor: Actor) -> None:
    """Take the word for it; see `Studio.resolve`."""
    row = await core.generations.get(ident, actor=actor)
    record = None
    if bought is not None:
        record = await core.upstream.look(bought)
        if record is None:
            raise errors.NotFound(f"upstream knows no prediction {bought[:40]!r} of this account")
    if not await core.progress.resolve(ident, record):
        raise errors.NotPossibleNow(
            f"generation {ident} is {row.state}, and its outcome is not in doubt, or the prediction still runs:"
            " nothing was changed"
        )
