"""Open the durable core for one command: its database, and a worker where the command needs one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from tintype.cli import batch_facts, exits, files, screen, upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from tintype.domain.errors import UnknownGeneration
    from tintype.local.generation import Generation
    from tintype.local.studio import Studio

T = TypeVar("T")


def run(act: Callable[[Studio], Coroutine[Any, Any, T]], *, works: bool) -> T:
    """Run a command's work on an open studio; `works` says whether generations move meanwhile.

    SIGTERM ends it as Ctrl-C does. Raises Refusal for settings, folders and databases that cannot be used.
    """
    from tintype.local.studio import Studio  # noqa: PLC0415 - it takes half a second, which --help need not wait for

    async def on_studio() -> T:
        async with Studio(works=works) as studio:
            note(studio.left_alone)
            return await act(studio)

    hush()
    with upstream.terminated_like_interrupted():
        return asyncio.run(on_studio())


def note(left_alone: str | None) -> None:
    """Say on standard error which settings count for nothing, where some do."""
    if left_alone is not None:
        screen.say(f"note: {left_alone}")


def hush() -> None:
    """Keep the log off the terminal: what a person has to know is said by the command's own lines."""
    logging.getLogger().addHandler(logging.NullHandler())


async def found(studio: Studio, ident: str) -> Generation:
    """Return a generation. Raises Refusal with what to do next where there is none of this id."""
    from tintype.domain.errors import UnknownGeneration  # noqa: PLC0415 - as above

    try:
        return await studio.get(ident)
    except UnknownGeneration as error:
        raise await unknown(studio, ident, error, of_batch=f"see: tintype show {ident}") from None


async def unknown(studio: Studio, ident: str, error: UnknownGeneration, *, of_batch: str) -> exits.Refusal:
    """Return the refusal of an id that is no generation's; `of_batch` is what to do where it is a batch's."""
    if await batch_facts.found(studio, ident) is not None:
        return exits.Refusal(f"{ident} is a batch; {of_batch}")
    where = " of the built-in simulator" if studio.is_simulated else ""
    return exits.Refusal(f"{error}{where}; see: tintype list, and tintype list --batches")


async def saved(open_studio: Studio, one: Generation, folder: Path) -> list[Path]:
    """Write the outputs of a generation that succeeded into a folder, under names that are not taken yet."""
    from tintype.cli import finishing  # noqa: PLC0415 - not needed to answer --help
    from tintype.domain.generation import State  # noqa: PLC0415 - as above

    name = files.stem(str(one.input.get("prompt", "")), model=one.model, seed=one.input.get("seed"))
    paths = []
    for output in one.outputs if one.state is State.SUCCEEDED else ():
        stem = finishing.name(name, output.made_by)
        with files.new_file(folder, stem, output.extension) as (path, file):
            file.write(await open_studio.read(output))
        paths.append(path)
    return paths


def cost(one: Generation) -> str:
    """Write what was booked for a generation, empty while it goes on."""
    return "" if one.cost_nano_usd is None else screen.usd(one.cost_nano_usd)


def document(one: Generation) -> dict[str, Any]:
    """Return a generation for JSON; money as decimal strings, times in UTC."""
    return {
        "id": one.id,
        "order_id": one.order_id,
        "state": one.state.value,
        "model": one.model,
        "input": one.input,
        "simulated": one.is_simulated,
        "percent": one.percent,
        "estimate_usd": screen.dollars(one.estimate_nano_usd),
        "held_usd": screen.dollars(one.held_nano_usd),
        "cost_usd": None if one.cost_nano_usd is None else screen.dollars(one.cost_nano_usd),
        "cached": one.is_cached,
        "failure_code": one.failure_code,
        "failure_message": one.failure_message,
        "prediction_id": one.prediction_id,
        "tags": list(one.tags),
        "metadata": one.metadata,
        "proof": next(
            (
                {"generation_id": pair.proof_id, "pick": pair.pick}
                for pair in one.approvals
                if pair.final_id == one.id
            ),
            None,
        ),
        "finals": [
            {"generation_id": pair.final_id, "pick": pair.pick}
            for pair in one.approvals
            if pair.proof_id == one.id
        ],
        "created_at": one.created_at.isoformat(),
        "finished_at": None if one.finished_at is None else one.finished_at.isoformat(),
    }


__all__ = ["cost", "document", "found", "hush", "note", "run", "saved"]
