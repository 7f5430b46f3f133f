"""What became of a batch, row by row: for CSV and JSON, and as a contact sheet."""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.domain import spreadsheets
from tintype.domain.money import to_usd
from tintype.media import disk, kinds
from tintype.media.kinds import Kind
from tintype.store import outputs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tintype.domain.access import Actor
    from tintype.media.files import Files
    from tintype.media.pool import Pool
    from tintype.service.batches import Batches
    from tintype.store.batches import Row
    from tintype.store.database import Database
    from tintype.store.outputs import Output

PAGE = 500
SHEET_MAX = 100
"""How many rows are on one contact sheet."""
SHEET_S = 180.0
"""How long drawing one may take."""
COLUMNS = (
    "row", "line", "state", "model", "prompt", "same_as", "cost_usd", "generations", "outputs", "code", "message",
    "column",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row with the outputs that are its own."""

    row: Row
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What reports are made of."""

    db: Database
    batches: Batches
    files: Files
    pool: Pool

    async def lines(self, ident: str, *, actor: Actor, after: int = 0) -> AsyncIterator[Line]:
        """Give the rows of a batch behind one, a page at a time in memory. Raises NotThere."""
        while True:
            rows = await self.batches.rows(ident, actor=actor, after=after, at_most=PAGE)
            for line in await with_outputs(self.db, rows):
                yield line
            if len(rows) < PAGE:
                return
            after = rows[-1].number

    async def sheet(self, ident: str, *, actor: Actor, page: int = 1) -> bytes:
        """Draw a page of the contact sheet: the first output of each row, as a PNG. Raises NotThere, WorkFailed."""
        rows = await self.batches.rows(ident, actor=actor, after=(page - 1) * SHEET_MAX, at_most=SHEET_MAX)
        lines = await with_outputs(self.db, rows)
        folder = disk.new_draft(self.files.drafts)
        await asyncio.to_thread(folder.mkdir, 0o700)
        target = folder / "sheet.png"
        try:
            async with AsyncExitStack() as stack:
                cells = []
                for line in lines:
                    path = None
                    shown = next((one for one in line.outputs if one.content_type.startswith(_SHOWN)), None)
                    if shown is not None and shown.content_type != Kind.SVG:
                        small = shown.thumbnail_sha256 or shown.sha256
                        path = str(await stack.enter_async_context(self.files.local(small)))
                    cells.append([path, _caption(line), _kind(line)])
                await self.pool.run("sheet", cells=cells, target=str(target))
            return await asyncio.to_thread(target.read_bytes)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


_SHOWN = ("image/", "video/")
_OTHER = "FILE"


async def with_outputs(db: Database, rows: Sequence[Row]) -> list[Line]:
    """Give each row what is its own of what its generations made."""
    idents = {ident for row in rows for ident in row.generation_ids}
    kept = await outputs.of_several(db, sorted(idents)) if idents else {}
    return [Line(row, tuple(_own(row, kept))) for row in rows]


def document(line: Line, where: Callable[[Output], str]) -> dict[str, Any]:
    """Return a row for JSON; `where` says where an output is found."""
    row = line.row
    return {
        "row": row.number,
        "line": row.line,
        "state": row.state,
        "model": row.model,
        "input": row.input,
        "reasons": row.reasons,
        "same_as": row.same_as,
        "cost_usd": to_usd(row.cost_nano_usd),
        "generations": row.generation_ids,
        "outputs": [where(one) for one in line.outputs],
        "code": row.failure_code,
        "message": row.problem or row.failure_message,
        "column": row.place,
    }


def head() -> str:
    """Return the first line of the CSV."""
    return _csv(dict(zip(COLUMNS, COLUMNS, strict=True)))


def written(told: Mapping[str, Any]) -> str:
    """Return a row's document as a line of CSV; what looks like a formula begins with an apostrophe."""
    prompt = (told["input"] or {}).get("prompt")
    several = {name: " ".join(told[name]) for name in ("generations", "outputs")}
    return _csv({**{name: told.get(name) for name in COLUMNS}, "prompt": prompt, **several})


def _csv(values: Mapping[str, Any]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, lineterminator="\r\n").writerow(
        {name: spreadsheets.cell(value) for name, value in values.items()}
    )
    return text.getvalue()


def _own(row: Row, kept: Mapping[str, Sequence[Output]]) -> list[Output]:
    found = []
    for ident, skip, count in zip(row.generation_ids, row.skips, row.counts, strict=True):
        made = kept.get(ident, ())
        # Of one that was asked for, whatever came is the row's.
        is_all = count == 1
        found += [one for one in made if is_all or 0 <= skip + one.position < row.count]
    return found


def _kind(line: Line) -> str | None:
    """Say what kind of file was made first, for where it cannot be drawn; None where nothing was."""
    first = next(iter(line.outputs), None)
    return None if first is None else kinds.extension(first.content_type).removeprefix(".").upper() or _OTHER


def _caption(line: Line) -> str:
    """Say which row it is, of how many pictures this is the first, and its prompt, or what else became of it."""
    row = line.row
    several = f" (1 of {len(line.outputs)})" if len(line.outputs) > 1 else ""
    prompt = (row.input or {}).get("prompt") or ""
    return f"{row.number}{several}: {prompt if row.state == 'succeeded' else row.state}"


__all__ = ["SHEET_MAX", "SHEET_S", "Line", "Tools", "document", "head", "with_outputs", "written"]
