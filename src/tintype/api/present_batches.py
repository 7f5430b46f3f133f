"""Turn batches and their rows into what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.api import present
from tintype.api.schemas.batches import BatchOutline, BatchTold, BrokenRow, RowsTold, RowTold
from tintype.api.schemas.shapes import usd, usd_or_none
from tintype.service import reports

if TYPE_CHECKING:
    from tintype.service.batches import Standing
    from tintype.service.links import Links
    from tintype.service.reports import Line
    from tintype.store.batches import Batch


def outline(one: Batch) -> BatchOutline:
    """Tell of a batch in a list."""
    return BatchOutline(**_facts(one))


def batch(found: Standing) -> BatchTold:
    """Tell of a batch as it stands."""
    return BatchTold(
        **_facts(found.batch),
        rows=RowsTold(total=found.batch.row_count, **{str(name): rows for name, rows in found.rows.items()}),
        calls_ended=found.money.ended,
        cost_usd=usd(found.money.cost_nano_usd),
        held_usd=usd(found.money.held_nano_usd),
        left_usd=usd_or_none(found.left_nano_usd),
        seconds_left=found.seconds_left,
        warnings=found.batch.warnings,
        broken=[
            BrokenRow(row=one.number, line=one.line, column=one.place, message=one.problem)
            for one in found.problems
        ],
    )


def row(line: Line, *, links: Links, origin: str) -> RowTold:
    """Tell of a row with its outputs."""
    told = reports.document(line, lambda one: one.sha256)
    told["outputs"] = [present.output(one, links=links, origin=origin) for one in line.outputs]
    return RowTold(**told)


def _facts(one: Batch) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "calls": one.call_count,
        "budget_usd": usd_or_none(one.budget_nano_usd),
        "waits_for": one.waits_for,
        "created_at": one.created_at,
        "finished_at": one.finished_at,
    }
