"""Show a prediction as the API does. The input is spliced in as the bytes that are kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tintype.simulator import lifecycle, making, timestamps
from tintype.simulator.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.simulator.records import Prediction
    from tintype.simulator.world import World

REMOVED_INPUT = b"{}"
_STEPS = 20
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def as_created(world: World, prediction: Prediction, *, base: str) -> bytes:
    """Return the answer to a create: starting, whatever the time is."""
    return _write(world, prediction, base, Status.STARTING, prediction.created_s, timestamps.MILLI, 0)


def as_now(world: World, prediction: Prediction, *, base: str, digits: int = timestamps.MICRO) -> bytes:
    """Return the prediction at this moment."""
    # One that is not settled yet still runs, so that nobody sees it end before it is billed.
    now_s = world.clock.now()
    if not prediction.is_settled and now_s >= prediction.ends_s:
        now_s = max(prediction.created_s, prediction.ends_s - 1e-3)
    status, count = lifecycle.status(prediction, now_s), lifecycle.delivered(prediction, now_s)
    if not prediction.is_settled and status in lifecycle.FINAL:
        # It takes no time at all, and waits for its input file: there is no moment before its end to show.
        status, count = Status.STARTING, 0
    return _write(world, prediction, base, status, now_s, digits, count)


def with_output(world: World, prediction: Prediction, *, base: str, count: int) -> bytes:
    """Return the prediction as processing with so many outputs, for a webhook that tells of them."""
    now_s = min(world.clock.now(), prediction.ends_s)
    return _write(world, prediction, base, Status.PROCESSING, now_s, timestamps.NANO, count)


def output(world: World, prediction: Prediction, *, base: str, count: int) -> Any:
    """Return the output with so many parts: null, text pieces, one URL or a list of them."""
    if not count or prediction.is_removed:
        return None
    if not prediction.ending:
        return list(world.outputs.pieces(prediction)[:count])
    urls = output_urls(world, prediction, base=base, count=count)
    return urls if prediction.is_list else urls[0]


def output_urls(world: World, prediction: Prediction, *, base: str, count: int) -> Sequence[str]:
    """Return the URLs of the first output files."""
    token = world.outputs.token(prediction.id)
    return [f"{base}/pbxt/{token}/out-{index}.{prediction.ending}" for index in range(count)]


def _write(
    world: World, prediction: Prediction, base: str, status: Status, now_s: float, digits: int, count: int
) -> bytes:
    p = prediction
    is_final = status in lifecycle.FINAL
    url = f"{base}/v1/predictions/{p.id}"
    urls = {"get": url, "cancel": f"{url}/cancel", "web": f"https://replicate.com/p/{p.id}"}
    if not p.ending:
        urls["stream"] = f"{base}/v1/streams/{world.outputs.token(p.id)}"
    head: dict[str, Any] = {"id": p.id, "model": p.model, "version": p.version}
    rest: dict[str, Any] = {
        "logs": "" if status is Status.STARTING else logs(world, p, now_s),
        "output": output(world, p, base=base, count=count),
        "data_removed": p.is_removed,
        "error": p.error if is_final else None,
        "source": "api",
        "status": status,
        "created_at": timestamps.write(p.created_s, digits),
    }
    if status is not Status.STARTING and lifecycle.has_started(p, now_s):
        rest["started_at"] = timestamps.write(p.starts_s, digits)
    if is_final:
        rest["completed_at"] = timestamps.write(p.ends_s, digits)
        if p.metrics:
            rest["metrics"] = json.loads(p.metrics)
    if p.deadline_s is not None:
        rest["deadline"] = timestamps.write(p.deadline_s, digits)
    if p.deployment is not None:
        rest["deployment"] = p.deployment
    if p.webhook is not None and world.settings.echo_webhooks:
        rest["webhook"] = p.webhook
        if p.events is not None:
            rest["webhook_events_filter"] = p.events
    rest["urls"] = urls
    return b"".join((_encode(head)[:-1].encode(), b',"input":', p.input, b",", _encode(rest)[1:].encode()))


def logs(world: World, prediction: Prediction, now_s: float) -> str:
    """Return the log text at a time; nothing once the data are removed."""
    if prediction.is_removed or not prediction.ending or not lifecycle.lines(prediction, now_s):
        return ""
    values = json.loads(prediction.input)
    steps = values.get("num_inference_steps")
    return lifecycle.logs(
        prediction,
        now_s,
        seed=making.seed_of(world.models[prediction.runs], values, world.outputs.seed(prediction.id)),
        steps=steps if isinstance(steps, int) and 0 < steps <= 1000 else _STEPS,
    )
