"""Predictions: create, look, list, wait, cancel, stream, and find what was bought unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tintype.domain import errors
from tintype.replicate import calling, finding, inputs, outputs, pace, steps, streaming, waiting, wire
from tintype.replicate.resources import binding
from tintype.replicate.results import Model, Page, Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tintype.replicate.base import Desk
    from tintype.replicate.outputs import AsyncOutput, Output
    from tintype.replicate.progress import Progress

_PATH = "/predictions"
_FIND_PAGES_MAX = 200
_VERSION_S = 300.0


class PredictionOps(binding.Resource):
    """The methods of predictions, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def create(  # noqa: PLR0913 - each keyword is one fact of the API's own create
        self,
        ref: str | None = None,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the API's own word
        *,
        version: str | None = None,
        model: str | None = None,
        deployment: str | None = None,
        wait_s: int = 0,
        webhook: str | None = None,
        webhook_events: Sequence[str] | None = None,
        cancel_after_s: float | None = None,
        deadline_s: float | None = None,
        is_still_good: Callable[[], bool] | None = None,
    ) -> steps.Op[Prediction]:
        """Create a prediction and give it as it stands, usually `starting`.

        What to run is `ref` (`owner/name`, `owner/name:version` or a version), or one of version, model,
        deployment. `wait_s` from 1 to 60 lets upstream hold the answer until the output is there. Files in the
        input are sent first. `deadline_s` bounds the time until it is sent, repeats included.
        `is_still_good` is asked on the open connection just before the first byte leaves.

        Raises NotSent where it says no, OutcomeUnknown when it may have been bought without an answer; it is never
        sent twice then.
        """
        target = wire.target(ref, version=version, model=model, deployment=deployment)
        until = None if deadline_s is None else self._desk.context.until(deadline_s)
        return (
            yield from begin(
                self._desk,
                target,
                input,
                wait_s=wait_s,
                webhook=webhook,
                webhook_events=webhook_events,
                cancel_after_s=cancel_after_s,
                until=until,
                is_still_good=is_still_good,
            )
        )

    @steps.operation
    def get(self, id: str) -> steps.Op[Prediction]:  # noqa: A002 - the API's own word
        """Look at a prediction by its id."""
        found = yield from binding.fetch(self._desk, Prediction, wire.Call("GET", f"{_PATH}/{wire.part(id)}"))
        self._desk.context.usual.learn(found)
        return found

    @steps.operation
    def list(
        self,
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        source: str | None = None,
        cursor: str | None = None,
    ) -> steps.Op[Page[Prediction]]:
        """Read one page of up to 100 predictions, newest first; `cursor` is a page's `next`."""
        query = _query(created_after, created_before, source)
        return (yield from binding.page(self._desk, Prediction, _PATH, query, cursor))

    @steps.iterating(Prediction)
    def iterate(
        self,
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        source: str | None = None,
    ) -> steps.Op[None]:
        """Iterate over all predictions, newest first, reading pages as they are needed."""
        query = _query(created_after, created_before, source)
        yield from binding.walk(self._desk, Prediction, _PATH, query)

    @steps.operation
    def cancel(self, id: str) -> steps.Op[Prediction]:  # noqa: A002 - the API's own word
        """Cancel a prediction; one that has ended stays as it is. Repeated after failures: it does no harm."""
        return (
            yield from binding.fetch(
                self._desk, Prediction, wire.Call("POST", f"{_PATH}/{wire.part(id)}/cancel")
            )
        )

    @steps.operation
    def wait(
        self,
        prediction: Prediction | str,
        *,
        deadline_s: float = waiting.DEADLINE_S,
        usual_s: float | None = None,
        pace: pace.Pace | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> steps.Op[Prediction]:
        """Wait until a prediction, or the one with this id, has succeeded; gives its final record.

        Raises PredictionFailed, ContentRefused, PredictionCanceled or PredictionAborted for another end, and
        TimedOut at the deadline, when it still runs and can be waited for again.
        """
        context = self._desk.context
        until = context.until(deadline_s)
        if isinstance(prediction, str):
            call = wire.Call("GET", f"{_PATH}/{wire.part(prediction)}")
            prediction = yield from binding.fetch(self._desk, Prediction, call, until=until)
        return (
            yield from waiting.wait(
                context,
                self._desk.board,
                prediction,
                until=until,
                how=pace or self._desk.options.pace,
                usual_s=usual_s,
                on_progress=on_progress,
            )
        )

    @steps.iterating(streaming.Event)
    def stream(
        self, prediction: Prediction | str, *, deadline_s: float = waiting.DEADLINE_S
    ) -> steps.Op[None]:
        """Iterate over the events of a prediction's output as it is made.

        Connections that end are taken up again where they ended. A model that does not stream gives its output
        in one go at its end.
        """
        if isinstance(prediction, str):
            call = wire.Call("GET", f"{_PATH}/{wire.part(prediction)}")
            prediction = yield from binding.fetch(self._desk, Prediction, call)
        yield from events(self._desk, prediction, deadline_s=deadline_s)

    @steps.operation
    def find(self, outcome: errors.OutcomeUnknown | errors.SentCreate) -> steps.Op[Sequence[Prediction]]:
        """Look for what a create of unknown outcome may have bought; gives the candidates, oldest first.

        The list is read back to 120 s before the sending. Its webhook decides where upstream names it, else time,
        model and plain inputs. An empty list just after the failure is no proof: a request may still be on its way.
        """
        sent = outcome.sent if isinstance(outcome, errors.OutcomeUnknown) else outcome
        if isinstance(outcome, errors.OutcomeUnknown) and outcome.prediction_id:
            call = wire.Call("GET", f"{_PATH}/{wire.part(outcome.prediction_id)}")
            return [(yield from binding.fetch(self._desk, Prediction, call))]
        if sent is None:
            raise errors.InputError(
                "this outcome says nothing of what was sent, so there is nothing to look for"
            )
        since = finding.since(sent)
        listed: list[Prediction] = []
        cursor: str | None = None
        for _ in range(_FIND_PAGES_MAX):
            page = yield from binding.page(self._desk, Prediction, _PATH, _query(since, None, None), cursor)
            listed.extend(page.results)
            oldest = page.results[-1].created_at if page.results else None
            if page.next is None or (oldest is not None and oldest < since):
                return finding.candidates(sent, listed)
            cursor = page.next
        raise errors.ServerError(
            "the list of predictions could not be read back to the sending; it is too long"
        )


def _query(after: datetime | None, before: datetime | None, source: str | None) -> dict[str, str | None]:
    return {
        "created_after": wire.timestamp(after) if after else None,
        "created_before": wire.timestamp(before) if before else None,
        "source": source,
    }


def begin(  # noqa: PLR0913 - what a create is made of
    desk: Desk,
    target: wire.Target,
    given: Mapping[str, Any] | None,
    *,
    wait_s: int | None,
    webhook: str | None,
    webhook_events: Sequence[str] | None,
    cancel_after_s: float | None,
    until: float | None,
    is_still_good: Callable[[], bool] | None = None,
) -> steps.Op[Prediction]:
    """Send the files of an input, then the create.

    `owner/name` of a community model is refused with 404, before anything is bought: then its latest version is
    run, and remembered for five minutes.
    """
    context = desk.context
    plain = yield from inputs.prepare(context, given, inline_max=desk.options.inline_max, until=until)

    def send(where: wire.Target) -> steps.Op[Prediction]:
        call = wire.create(
            where,
            plain,
            wait_s=wait_s,
            webhook=webhook,
            webhook_events=webhook_events,
            cancel_after_s=cancel_after_s,
            read_s=context.read_s,
            is_still_good=is_still_good,
        )
        return calling.call(context, call, wire.prediction, until=until)

    if target.model is None or target.version is not None:
        return (yield from send(target))
    version, good_until = desk.versions.get(target.model, ("", 0.0))
    if context.monotonic() < good_until:
        return (yield from send(wire.Target("/predictions", target.model, version)))
    try:
        return (yield from send(target))
    except errors.NotFound as unknown:
        version = yield from _latest_version(desk, target.model, unknown, until)
    desk.versions[target.model] = (version, context.monotonic() + _VERSION_S)
    return (yield from send(wire.Target("/predictions", target.model, version)))


def _latest_version(desk: Desk, model: str, unknown: errors.NotFound, until: float | None) -> steps.Op[str]:
    """The id of a community model's latest version; raises the error of the create where there is none."""
    try:
        found = yield from binding.fetch(desk, Model, wire.Call("GET", wire.model_path(model)), until=until)
    except errors.NotFound:
        raise unknown from None
    if found.latest_version is None:
        raise unknown
    return found.latest_version.id


def events(desk: Desk, prediction: Prediction, *, deadline_s: float) -> steps.Op[None]:
    """Yield the events of a prediction: from its stream, or one for each output at its end."""
    until = desk.context.until(deadline_s)
    if prediction.stream_url is not None and not prediction.is_final:
        address, origin = prediction.stream_url, desk.line.origin
        yield from streaming.follow(desk.context, address, origin, prediction.id, until=until)
        return
    final = yield from waiting.wait(
        desk.context,
        desk.board,
        prediction,
        until=until,
        how=desk.options.pace,
    )
    for content in outputs.contents(final.output, final.id):
        yield steps.Item(
            streaming.Event("output", content.text if content.text is not None else content.url or "")
        )
    yield steps.Item(streaming.Event("done", "{}"))


class Predictions(PredictionOps, steps.Blocking):
    """Predictions of a blocking client."""

    __slots__ = ()

    def outputs(self, prediction: Prediction) -> Sequence[Output]:
        """The outputs of a prediction; none while there are none."""
        return self._desk.outputs(prediction)


class AsyncPredictions(PredictionOps, steps.Awaiting):
    """Predictions of an async client."""

    __slots__ = ()

    def outputs(self, prediction: Prediction) -> Sequence[AsyncOutput]:
        """The outputs of a prediction; none while there are none."""
        return self._desk.outputs(prediction)
