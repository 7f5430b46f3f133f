"""What the commands that take an id tell and do where it is a batch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.cli import screen

if TYPE_CHECKING:
    from tintype.local.studio import Studio
    from tintype.service.batches import Standing

PROBLEMS_SHOWN = 10
_ORDER = ("succeeded", "running", "waiting", "failed", "canceled", "undone", "broken")


async def found(open_studio: Studio, ident: str) -> Standing | None:
    """Return how a batch stands; None where the id is none of a batch."""
    from tintype.domain.errors import NotThere  # noqa: PLC0415 - not needed to answer --help

    try:
        return await open_studio.core.batches.get(ident, actor=open_studio.actor)
    except NotThere:
        return None


async def canceled(open_studio: Studio, ident: str) -> Standing:
    """Cancel a batch, and return how it stands when what ran of it has ended."""
    from tintype.local import batching  # noqa: PLC0415 - as above

    await open_studio.core.batches.cancel(ident, actor=open_studio.actor)
    async for _ in batching.outlines(open_studio, ident):
        pass
    return await open_studio.core.batches.get(ident, actor=open_studio.actor)


def document(standing: Standing) -> dict[str, Any]:
    """Return a batch for JSON."""
    found, paid = standing.batch, standing.money
    budget = found.budget_nano_usd
    return {
        "id": found.id,
        "name": found.name,
        "state": found.state,
        "rows": {"total": found.row_count, **standing.rows},
        "cost_usd": screen.dollars(paid.cost_nano_usd),
        "held_usd": screen.dollars(paid.held_nano_usd),
        "budget_usd": None if budget is None else screen.dollars(budget),
        "waits_for": found.waits_for,
        "warnings": found.warnings,
        "broken": [
            {"line": one.line, "column": one.place, "message": one.problem} for one in standing.problems
        ],
        "created_at": found.created_at.isoformat(),
        "finished_at": None if found.finished_at is None else found.finished_at.isoformat(),
    }


def put(standing: Standing) -> None:
    """Show a batch: its rows by state, its money, the first broken rows."""
    found, paid = standing.batch, standing.money
    budget = found.budget_nano_usd
    folder = found.plan.get("folder")
    facts = [
        ("batch", found.id),
        ("name", found.name),
        ("state", found.state),
        ("why", found.waits_for or ""),
        ("rows", f"{found.row_count}: {rows(standing)}"),
        ("budget", "" if budget is None else screen.usd(budget)),
        ("held", screen.usd(paid.held_nano_usd) if paid.held_nano_usd else ""),
        ("cost", screen.usd(paid.cost_nano_usd)),
        ("folder", str(folder or "")),
        ("asked", found.created_at.astimezone().isoformat(" ", "seconds")),
        (
            "ended",
            "" if found.finished_at is None else found.finished_at.astimezone().isoformat(" ", "seconds"),
        ),
    ]
    for name, value in facts:
        if value:
            screen.put(f"{name:<11} {value}")
    for warning in found.warnings:
        screen.put(f"{'warning':<11} {warning}")
    for one in standing.problems[:PROBLEMS_SHOWN]:
        screen.put(f"{'broken':<11} line {one.line}, column {one.place}: {one.problem}")


def rows(standing: Standing) -> str:
    """Say how many rows are how far: `80 succeeded, 2 broken`."""
    told = sorted(standing.rows.items(), key=lambda one: _ORDER.index(one[0]))
    return ", ".join(f"{count} {state}" for state, count in told)


__all__ = ["PROBLEMS_SHOWN", "canceled", "document", "found", "put", "rows"]
