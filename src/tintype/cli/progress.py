"""Show how far several runs are, on standard error and only where that is a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from tintype.cli import screen

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

# Narrower terminals get no bar: status, percent and time say more than ten cells of colour.
BAR_WIDTH_LEAST = 60
REFRESH_PER_S = 10


class Board:
    """One line for each of `count` runs of a model: its status, a bar, percent and elapsed time."""

    def __init__(self, name: str = "", count: int = 0, *, is_wanted: bool) -> None:
        self._name, self._count = name, count
        self._tasks: list[TaskID] = []
        self._progress = _progress() if is_wanted and sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._progress is not None:
            self._progress.start()
            self._add()
        return self

    def show(self, slug: str, count: int) -> None:
        """Show so many runs of a model, where none are shown yet."""
        if not self._count:
            self._name, self._count = slug.partition("/")[2].partition(":")[0], count
            self._add()

    def _add(self) -> None:
        if self._progress is not None:
            self._tasks = [
                self._progress.add_task(self._label(number), total=None, status="sending")
                for number in range(self._count)
            ]

    def _label(self, number: int) -> str:
        if self._count == 1:
            return self._name
        is_narrow = self._progress is not None and self._progress.console.width < BAR_WIDTH_LEAST
        return f"{'' if is_narrow else self._name} {number + 1}/{self._count}".strip()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing and leave the last state on the screen."""
        if self._progress is not None:
            self._progress.stop()

    def moved(self, number: int, status: str, fraction: float | None) -> None:
        """Show the state of a run; without a known fraction its bar only moves."""
        if self._progress is None:
            return
        task = self._tasks[number]
        total = None if fraction is None else 1.0
        self._progress.update(task, status=status, total=total, completed=fraction or 0.0)
        if status in {"saved", "failed"}:
            self._progress.stop_task(task)


def _progress() -> Progress:
    from rich.progress import (  # noqa: PLC0415 - takes longer to import than most commands to run
        BarColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = screen.console(sys.stderr)
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[status]:<10}", markup=False),
    ]
    if console.width >= BAR_WIDTH_LEAST:
        columns.append(BarColumn(bar_width=20))
    columns += [TaskProgressColumn(), TimeElapsedColumn()]
    return Progress(*columns, console=console, refresh_per_second=REFRESH_PER_S)
