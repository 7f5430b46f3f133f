"""Make predictions happen: one timer each takes them from their start to their end and to their removal."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.simulator import billing, intake, lifecycle, making, script, timestamps, views, webhooks
from tintype.simulator.clock import resolve
from tintype.simulator.lifecycle import Status
from tintype.simulator.records import NEVER_S, Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model
    from tintype.simulator.records import Account, Deployment
    from tintype.simulator.world import World

log = logging.getLogger("tintype.simulator")

THROTTLE_S = 0.5
"""The least time between two webhooks that tell of outputs or logs."""
DEFAULT_EVENTS = ("output", "completed")
INTERRUPTED = "Prediction interrupted; please retry (code: PA)"
MASK = "[REDACTED]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create that was checked: what is to run, for whom, and who wants to know."""

    account: Account
    model: Model
    slug: str
    version: str
    input: Mapping[str, Any]
    base: str
    webhook: str | None = None
    events: tuple[str, ...] | None = None
    cancel_after_s: float | None = None
    deployment: Deployment | None = None


@dataclass(slots=True)
class _Told:
    """What the receiver of a prediction's webhooks knows already."""

    has_start: bool = False
    outputs: int = 0
    lines: int = 0
    last_s: float = -NEVER_S


class Runs:
    """The predictions in flight. Every change of one goes through here, on the event loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._told: dict[str, _Told] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    def create(self, order: Order) -> Prediction:
        """Take a prediction in and let it begin. Input files are read from now on, at the side."""
        world, model = self._world, order.model
        now_s = world.clock.now()
        deadline_s = None if order.cancel_after_s is None else now_s + order.cancel_after_s
        identity = world.ids.new()
        plan = making.plan(model, order.input, world.outputs.seed(identity))
        prediction = Prediction(
            id=identity,
            account=order.account.token,
            model=order.slug,
            version=order.version,
            runs=model.slug,
            input=_encode_input(model, order.input),
            created_s=now_s,
            starts_s=now_s,
            ends_s=NEVER_S,
            run_s=0.0,
            outcome=Status.SUCCEEDED,
            base=order.base,
            count=plan.count,
            ending="" if plan.act == "write" else plan.format,
            is_list=model.output == "uris",
            deadline_s=deadline_s,
            webhook=order.webhook,
            events=order.events,
        )
        if order.deployment is not None:
            prediction.deployment = order.deployment.key
            prediction.hardware = order.deployment.hardware
        if plan.act == "write":
            prediction.count = max(1, len(world.outputs.write(prediction.id, plan)))
        self._plan(
            prediction,
            order.input,
            is_warm=order.deployment is not None and order.deployment.min_instances > 0,
        )
        prediction.is_fetching = bool(making.given(model, order.input))
        self._begin(prediction)
        world.predictions.add(prediction)
        self._count_run(order.slug)
        return prediction

    def cancel(self, prediction: Prediction) -> None:
        """End a prediction now; one that has ended stays as it is."""
        now_s = self._world.clock.now()
        if now_s >= prediction.ends_s and not prediction.is_fetching and not prediction.is_settled:
            self._step(prediction)
        if prediction.is_settled:
            return
        prediction.ends_s, prediction.outcome, prediction.error = now_s, Status.CANCELED, None
        self._end(prediction)

    async def wait(self, prediction: Prediction, until_s: float) -> None:
        """Return when the prediction has ended, or at that time of the clock."""
        world = self._world
        if prediction.is_settled or world.clock.now() >= until_s:
            return
        woken = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(prediction.id, []).append(woken)
        timer = world.clock.at(until_s, resolve, woken)
        try:
            await woken
        finally:
            timer.cancel()
            waiting = self._waiters.get(prediction.id)
            if waiting is not None and woken in waiting:
                waiting.remove(woken)
                if not waiting:
                    del self._waiters[prediction.id]

    def resume(self) -> None:
        """Take up every prediction read from the journal where it was."""
        for prediction in self._world.predictions:
            if not prediction.is_settled:
                self._begin(prediction)
                self._tell_nothing_twice(prediction)
            elif not prediction.is_removed:
                prediction.timer = self._world.clock.at(self._removal_s(prediction), self._step, prediction)

    def clear(self) -> None:
        """Let go of everything in flight."""
        for reader in self._readers.values():
            reader.cancel()
        for waiting in self._waiters.values():
            for woken in waiting:
                resolve(woken)
        self._waiters.clear()
        self._told.clear()

    async def close(self) -> None:
        """Stop reading input files."""
        readers = list(self._readers.values())
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    def _count_run(self, slug: str) -> None:
        """Count a run of an account's own model, which shows how often it ran."""
        made = self._world.user_models.get(slug)
        if made is not None:
            made.run_count += 1
            self._world.user_models.save(made)

    def _plan(self, prediction: Prediction, values: Mapping[str, Any], *, is_warm: bool) -> None:
        world = self._world
        model = world.models[prediction.runs]
        created_s = prediction.created_s
        ready_s = created_s
        if not model.official and not is_warm:
            ready_s, idle_s = world.booted.get(prediction.runs, (created_s, -NEVER_S))
            if idle_s < created_s:
                ready_s = created_s + model.cold_s / world.settings.speed
        planned = lifecycle.schedule(
            created_s=created_s,
            script=script.read(values),
            usual_s=model.usual_s,
            ready_s=ready_s,
            speed=world.settings.speed,
            roll=world.random.random(),
            deadline_s=prediction.deadline_s,
        )
        if not model.official:
            _, idle_s = world.booted.get(prediction.runs, (created_s, -NEVER_S))
            world.booted[prediction.runs] = (ready_s, max(idle_s, planned.ends_s + lifecycle.WARM_S))
        prediction.starts_s, prediction.ends_s, prediction.run_s = (
            planned.starts_s,
            planned.ends_s,
            planned.run_s,
        )
        prediction.outcome, prediction.error = planned.outcome, planned.error

    def _begin(self, prediction: Prediction) -> None:
        wanted = prediction.events or DEFAULT_EVENTS
        if prediction.webhook is not None and wanted != ("completed",):
            self._told[prediction.id] = _Told()
        if prediction.is_fetching:
            reader = asyncio.get_running_loop().create_task(self._read_inputs(prediction))
            self._readers[prediction.id] = reader
        self._arm(prediction)

    async def _read_inputs(self, prediction: Prediction) -> None:
        world = self._world
        try:
            sources = await world.intake.read(prediction)
            error = None
        except intake.Unreadable as unreadable:
            sources, error = (), str(unreadable)
        except Exception:
            # Better a prediction that fails as upstream's own faults do than one that never ends.
            log.exception("cannot read the input files of %s", prediction.id)
            sources, error = (), INTERRUPTED
        finally:
            self._readers.pop(prediction.id, None)
        if prediction.is_settled:
            world.intake.release(sources)
            return
        now_s = world.clock.now()
        prediction.sources, prediction.is_fetching = sources, False
        if error is not None and now_s < (prediction.deadline_s or NEVER_S):
            prediction.outcome, prediction.error = Status.FAILED, error
            prediction.ends_s = max(now_s, prediction.starts_s)
            # It never got anywhere, and its log says so.
            prediction.run_s = NEVER_S
        elif prediction.ends_s < now_s:
            # Reading took longer than the run itself: it ends as planned, only now.
            prediction.ends_s = min(now_s, prediction.deadline_s or NEVER_S)
        world.predictions.save(prediction)
        self._arm(prediction)

    def _tell_nothing_twice(self, prediction: Prediction) -> None:
        told, now_s = self._told.get(prediction.id), self._world.clock.now()
        if told is not None and lifecycle.has_started(prediction, now_s):
            told.has_start, told.lines = True, lifecycle.lines(prediction, now_s)
            told.outputs = min(prediction.count - 1, lifecycle.delivered(prediction, now_s))

    def _arm(self, prediction: Prediction) -> None:
        if prediction.timer is not None:
            prediction.timer.cancel()
        prediction.timer = self._world.clock.at(self._due_s(prediction), self._step, prediction)

    def _due_s(self, prediction: Prediction) -> float:
        ends_s = prediction.ends_s
        if prediction.is_fetching and prediction.outcome not in {Status.CANCELED, Status.ABORTED}:
            ends_s = prediction.deadline_s or NEVER_S
        told = self._told.get(prediction.id)
        if told is None:
            return ends_s
        if not told.has_start:
            return min(ends_s, prediction.starts_s)
        wanted = prediction.events or DEFAULT_EVENTS
        change_s = NEVER_S
        if "output" in wanted and told.outputs + 1 < prediction.count and lifecycle.delivers(prediction):
            change_s = lifecycle.delivered_at(prediction, told.outputs)
        if "logs" in wanted and prediction.ending and told.lines <= lifecycle.LINES_MAX:
            change_s = min(change_s, lifecycle.line_at(prediction, told.lines))
        due_s = max(change_s, told.last_s + THROTTLE_S)
        now_s = self._world.clock.now()
        # A run that fails writes no further lines: never look again at once for what is not coming.
        return min(ends_s, due_s if due_s > now_s else now_s + THROTTLE_S)

    def _step(self, prediction: Prediction) -> None:
        now_s = self._world.clock.now()
        if prediction.is_settled:
            self._remove(prediction)
        elif prediction.is_fetching and prediction.deadline_s is not None and now_s >= prediction.deadline_s:
            never_ran = prediction.starts_s >= prediction.deadline_s
            prediction.outcome = Status.ABORTED if never_ran else Status.CANCELED
            prediction.ends_s, prediction.error = prediction.deadline_s, None
            self._end(prediction)
        elif now_s >= prediction.ends_s and not prediction.is_fetching:
            self._end(prediction)
        else:
            self._tell(prediction, now_s)
            self._arm(prediction)

    def _tell(self, prediction: Prediction, now_s: float) -> None:
        """Send what is new before the end: the start, then outputs and logs together."""
        told = self._told.get(prediction.id)
        if told is None or not lifecycle.has_started(prediction, now_s):
            return
        wanted = prediction.events or DEFAULT_EVENTS
        if not told.has_start:
            told.has_start = True
            if "start" in wanted:
                body = views.with_output(self._world, prediction, base=prediction.base, count=0)
                self._send(prediction, "start", body)
        if now_s < told.last_s + THROTTLE_S:
            return
        outputs, lines = lifecycle.delivered(prediction, now_s), lifecycle.lines(prediction, now_s)
        has_output = "output" in wanted and outputs > told.outputs
        if has_output or ("logs" in wanted and lines > told.lines):
            body = views.with_output(self._world, prediction, base=prediction.base, count=outputs)
            self._send(prediction, "output" if has_output else "logs", body)
            told.last_s = now_s
        told.outputs, told.lines = outputs, lines

    def _end(self, prediction: Prediction) -> None:
        world = self._world
        reader = self._readers.get(prediction.id)
        if reader is not None:
            reader.cancel()
        if prediction.timer is not None:
            prediction.timer.cancel()
        self._tell_last_output(prediction)
        prediction.is_settled, prediction.is_fetching = True, False
        billing.settle(world, prediction)
        world.predictions.save(prediction)
        prediction.timer = world.clock.at(self._removal_s(prediction), self._step, prediction)
        for woken in self._waiters.pop(prediction.id, ()):
            resolve(woken)
        if prediction.webhook is not None and "completed" in (prediction.events or DEFAULT_EVENTS):
            body = views.as_now(world, prediction, base=prediction.base, digits=timestamps.NANO)
            self._send(prediction, "completed", body)

    def _tell_last_output(self, prediction: Prediction) -> None:
        """Send the start and the last output where they fall together with the end."""
        told = self._told.pop(prediction.id, None)
        if told is None or not lifecycle.has_started(prediction, prediction.ends_s):
            return
        wanted = prediction.events or DEFAULT_EVENTS
        world, base = self._world, prediction.base
        if not told.has_start and "start" in wanted:
            self._send(prediction, "start", views.with_output(world, prediction, base=base, count=0))
        count = lifecycle.delivered(prediction, prediction.ends_s)
        is_due = prediction.ends_s >= told.last_s + THROTTLE_S
        if "output" in wanted and count > told.outputs and is_due:
            self._send(prediction, "output", views.with_output(world, prediction, base=base, count=count))

    def _send(self, prediction: Prediction, name: str, body: bytes) -> None:
        world = self._world
        if prediction.webhook is not None:
            event = webhooks.Event(
                key=prediction.id,
                name=name,
                url=prediction.webhook,
                body=body,
                secret=world.accounts.by_token(prediction.account).secret,
                id=world.deliveries.new_id(),
                is_terminal=name == "completed",
                ended_s=prediction.ends_s,
            )
            world.deliveries.send(event)

    def _removal_s(self, prediction: Prediction) -> float:
        return prediction.ends_s + lifecycle.RETENTION_S

    def _remove(self, prediction: Prediction) -> None:
        """Remove input, output, logs and files, as upstream does an hour after the end."""
        world = self._world
        world.intake.release(prediction.sources)
        world.outputs.forget(prediction.id)
        prediction.input, prediction.sources, prediction.timer = views.REMOVED_INPUT, (), None
        prediction.is_removed = True
        world.predictions.save(prediction)


def _encode_input(model: Model, values: Mapping[str, Any]) -> bytes:
    """Return the input as it is echoed: as sent, with secret values masked."""
    shown = values
    for name in values:
        field = model.inputs.get(name)
        if field is not None and field.secret and values[name]:
            shown = {**shown, name: MASK}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
