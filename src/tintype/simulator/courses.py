"""Make trainings happen: a schedule at the start, one timer, a new version of the destination at the end."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from tintype.simulator import lifecycle, script, timestamps, webhooks
from tintype.simulator.lifecycle import FINAL, Status
from tintype.simulator.records import Training, UserVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.models import Model
    from tintype.simulator.records import Account
    from tintype.simulator.world import World

USUAL_S = 120.0
EPOCHS = 10
THROTTLE_S = 0.5
DEFAULT_EVENTS = ("output", "completed")


def create(  # noqa: PLR0913 - what a training is made of
    world: World,
    account: Account,
    *,
    model: str,
    runs: Model,
    version: str,
    destination: str,
    values: Mapping[str, Any],
    base: str,
    webhook: str | None,
    events: tuple[str, ...] | None,
) -> Training:
    """Begin a training of `model` that pushes its version to `destination`."""
    now_s = world.clock.now()
    planned = lifecycle.schedule(
        created_s=now_s,
        script=script.read(values),
        usual_s=USUAL_S,
        ready_s=now_s,
        speed=world.settings.speed,
        roll=world.random.random(),
    )
    training = Training(
        id=world.ids.new(),
        account=account.token,
        model=model,
        version=version,
        destination=destination,
        input=json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(),
        created_s=now_s,
        starts_s=planned.starts_s,
        ends_s=planned.ends_s,
        outcome=planned.outcome,
        base=base,
        error=planned.error,
        webhook=webhook,
        events=events,
    )
    training.output_version = hashlib.sha256(f"{training.id} {runs.slug}".encode()).hexdigest()
    world.trainings.add(training)
    watch(world, training)
    return training


def watch(world: World, training: Training) -> None:
    """Take an unfinished training up where it is; told anew of nothing but its end after a restart."""
    if not training.is_settled:
        _Course(world, training).step()


def cancel(world: World, training: Training) -> None:
    """End a training now; one that has ended stays as it is."""
    now_s = world.clock.now()
    if training.is_settled or now_s >= training.ends_s:
        return
    training.ends_s, training.outcome, training.error = now_s, Status.CANCELED, None
    if training.timer is not None:
        training.timer.cancel()
    _end(world, training)


def status(training: Training, now_s: float) -> Status:
    """Return the status at a time."""
    if training.is_settled:
        return Status(training.outcome)
    return Status.PROCESSING if now_s >= training.starts_s else Status.STARTING


def show(world: World, training: Training, *, origin: str, digits: int = timestamps.MICRO) -> dict[str, Any]:
    """Return a training as the API writes it at this moment."""
    now_s = world.clock.now()
    state = status(training, now_s)
    started = training.starts_s <= (training.ends_s if training.is_settled else now_s)
    url = f"{origin}/v1/trainings/{training.id}"
    shown: dict[str, Any] = {
        "id": training.id,
        "model": training.model,
        "version": training.version,
        "destination": training.destination,
        "input": json.loads(training.input),
        "logs": _logs(training, now_s) if started else "",
        "error": training.error if state in FINAL else None,
        "source": "api",
        "status": state,
        "created_at": timestamps.write(training.created_s, digits),
        "urls": {"get": url, "cancel": f"{url}/cancel"},
    }
    if started:
        shown["started_at"] = timestamps.write(training.starts_s, digits)
    if state is Status.SUCCEEDED:
        shown["output"] = {
            "version": f"{training.destination}:{training.output_version}",
            "weights": weights_url(training, origin=origin),
        }
    if state in FINAL:
        shown["completed_at"] = timestamps.write(training.ends_s, digits)
        ran_s = max(0.0, training.ends_s - training.starts_s)
        shown["metrics"] = {
            "predict_time": round(ran_s, 6),
            "total_time": round(training.ends_s - training.created_s, 6),
        }
    if training.webhook is not None and world.settings.echo_webhooks:
        shown["webhook"] = training.webhook
        if training.events is not None:
            shown["webhook_events_filter"] = list(training.events)
    return shown


def weights_url(training: Training, *, origin: str) -> str:
    """Return where the trained weights are."""
    return f"{origin}/weights/{training.output_version}/trained_model.tar"


class _Course:
    """A training under way, and what the receiver of its webhooks knows already."""

    def __init__(self, world: World, training: Training) -> None:
        self._world = world
        self._training = training
        self._is_told = world.clock.now() > training.created_s + THROTTLE_S
        self._epoch = epoch(training, world.clock.now())

    def step(self) -> None:
        """Tell what is new, and come back when there is more."""
        world, training = self._world, self._training
        now_s = world.clock.now()
        if training.is_settled:
            return
        if now_s >= training.ends_s:
            _end(world, training)
            return
        wanted = training.events or DEFAULT_EVENTS
        due_s = training.starts_s
        if now_s >= training.starts_s:
            if not self._is_told and "start" in wanted:
                _send(world, training, "start")
            self._is_told = True
            done = epoch(training, now_s)
            if done > self._epoch and "logs" in wanted:
                _send(world, training, "logs")
            self._epoch = done
            each_s = (training.ends_s - training.starts_s) / EPOCHS
            next_s = training.starts_s + each_s * (done + 1) + 1e-6
            due_s = max(next_s, now_s + THROTTLE_S) if "logs" in wanted else training.ends_s
        training.timer = world.clock.at(min(due_s, training.ends_s), self.step)


def epoch(training: Training, now_s: float) -> int:
    """Return how many of the ten epochs are done."""
    whole_s = training.ends_s - training.starts_s
    if now_s < training.starts_s or whole_s <= 0:
        return 0
    return min(EPOCHS, math.floor(EPOCHS * (now_s - training.starts_s) / whole_s))


def _end(world: World, training: Training) -> None:
    training.is_settled = True
    if training.outcome == Status.SUCCEEDED:
        _push(world, training)
    world.trainings.save(training)
    wanted = training.events or DEFAULT_EVENTS
    if training.outcome == Status.SUCCEEDED and "output" in wanted:
        _send(world, training, "output")
    if "completed" in wanted:
        _send(world, training, "completed")


def _push(world: World, training: Training) -> None:
    found = world.find_version(training.version, training.account)
    if found is None or training.output_version is None:
        training.outcome, training.error = Status.FAILED, "The version that was trained no longer exists"
        return
    world.user_versions.add(
        UserVersion(
            id=training.output_version,
            account=training.account,
            model=training.destination,
            runs=found[1].slug,
            created_s=training.ends_s,
        )
    )


def _send(world: World, training: Training, name: str) -> None:
    if training.webhook is None:
        return
    body = json.dumps(
        show(world, training, origin=training.base, digits=timestamps.NANO),
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    world.deliveries.send(
        webhooks.Event(
            key=training.id,
            name=name,
            url=training.webhook,
            body=body,
            secret=world.accounts.by_token(training.account).secret,
            id=world.deliveries.new_id(),
            is_terminal=name == "completed",
            ended_s=training.ends_s,
        )
    )


def _logs(training: Training, now_s: float) -> str:
    done = epoch(training, min(now_s, training.ends_s))
    lines = ["Training begins"] + [f"Epoch {number}/{EPOCHS} done" for number in range(1, done + 1)]
    if training.is_settled and training.error is not None:
        lines.append(training.error)
    return "\n".join(lines) + "\n"
