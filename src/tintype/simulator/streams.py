"""Stream the pieces of a text as server-sent events, from the first or from where a reader left off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tintype.simulator import lifecycle
from tintype.simulator.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tintype.simulator.records import Prediction
    from tintype.simulator.world import World

SILENCE_S = 30.0
SILENCE = b":408: 408 Request Timeout\n\n"


async def events(world: World, prediction: Prediction, *, first: int = 0) -> AsyncIterator[bytes]:
    """Yield the events of a prediction: each piece, an error where it fails, and what it was done by.

    An event's id is the second it happened in and its number. After 30 s of silence a comment ends it;
    the reader comes back with the last id it saw.
    """
    number = first
    silent_s = world.clock.now() + SILENCE_S
    while True:
        now_s = world.clock.now()
        ready = lifecycle.delivered(prediction, now_s if not prediction.is_settled else prediction.ends_s)
        if prediction.is_settled or now_s < prediction.ends_s:
            pieces = world.outputs.pieces(prediction)
            for index in range(number, ready):
                at_s = min(lifecycle.delivered_at(prediction, index), prediction.ends_s)
                yield _event("output", pieces[index], at_s=at_s, number=index)
            if ready > number:
                number, silent_s = ready, now_s + SILENCE_S
        if prediction.is_settled:
            break
        if now_s >= silent_s:
            yield SILENCE
            return
        due_s = silent_s
        if lifecycle.delivers(prediction) and number + 1 < prediction.count:
            due_s = min(due_s, lifecycle.delivered_at(prediction, number))
        await world.runs.wait(prediction, due_s)
        if world.predictions.get(prediction.id) is not prediction:
            # The simulator was reset: there is no more to tell.
            return
    if prediction.outcome == Status.FAILED and number == 0:
        detail = json.dumps({"detail": prediction.error})
        yield _event("error", detail, at_s=prediction.ends_s, number=number)
        number += 1
    yield _event("done", _DONE[Status(prediction.outcome)], at_s=prediction.ends_s, number=number)


def number_after(last_event_id: str | None) -> int:
    """Return the number of the event to begin with; an id that is none of ours begins anew."""
    _, _, number = (last_event_id or "").partition(":")
    return int(number) + 1 if number.isascii() and number.isdigit() and len(number) < 10 else 0


_DONE = {
    Status.SUCCEEDED: "{}",
    Status.FAILED: '{"reason":"error"}',
    Status.CANCELED: '{"reason":"canceled"}',
    Status.ABORTED: '{"reason":"canceled"}',
}


def _event(name: str, data: str, *, at_s: float, number: int) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\nid: {int(at_s)}:{number}\n{lines}\n".encode()
