"""The conversation of waiting: look when it is worth it, tell the progress, end with a result or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.domain import errors
from tintype.replicate import calling, ends, following, pace, progress, steps
from tintype.replicate.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.replicate.following import Board, Ticket
    from tintype.replicate.results import Prediction

__all__ = ["DEADLINE_S", "Progress", "wait"]

DEADLINE_S = 600.0
"""How long a wait lasts when nobody says: ten minutes."""
_ALMOST_S = 0.1


def wait(
    context: calling.Context,
    board: Board,
    prediction: Prediction,
    *,
    until: float,
    how: pace.Pace,
    usual_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> steps.Op[Prediction]:
    """Wait until a prediction has succeeded; gives its final record.

    `until` is a moment of the monotonic clock. `usual_s` is how long such a prediction usually takes; without
    it the times of earlier ones count. Raises the error of its end, or TimedOut at the deadline: then it still
    runs upstream and can be waited for again by its id. An unknown status is waited on like `processing`.
    """
    started = context.monotonic()
    tell = _Teller(on_progress, started, context.monotonic)
    tell(prediction)
    if prediction.is_final:
        return finish(context, prediction)
    ticket = board.enter(prediction)
    try:
        yield from _follow(context, board, ticket, until, how, usual_s, tell)
        return finish(context, ticket.latest)
    except errors.TintypeError:
        raise
    except BaseException as left:
        if not ticket.has_ended():
            left.add_note(
                f"prediction {prediction.id} still runs upstream: wait for it again by its id, or cancel it"
            )
        raise
    finally:
        board.leave(ticket)


def finish(context: calling.Context, prediction: Prediction) -> Prediction:
    """Learn from a final record, and raise the error of its end if it has one."""
    context.usual.learn(prediction)
    problem = ends.problem(prediction)
    if problem is not None:
        raise problem
    return prediction


def _follow(
    context: calling.Context,
    board: Board,
    ticket: Ticket,
    until: float,
    how: pace.Pace,
    usual_s: float | None,
    tell: _Teller,
) -> steps.Op[None]:
    born = context.monotonic() - _age_s(context, ticket.latest)
    phase, looks = context.chance(), 0
    seen: list[tuple[float, float]] = []
    while not ticket.has_ended():
        stretch = _stretch(context, ticket, born, usual_s, seen)
        now = context.monotonic()
        # The pause counts from the last look, so that the time that the look took is no extra lag.
        pause_s = pace.pause_s(
            how,
            elapsed_s=ticket.looked_at - born,
            looks=looks,
            stretch=stretch,
            phase=phase,
            is_watched=tell.is_wanted,
            crowd=board.crowd(),
        )
        if looks == 0 and ticket.latest.has_output:
            # An answer that was held comes with the output, at times just before the status is final.
            pause_s = min(pause_s, _ALMOST_S)
        ticket.due_at = min(max(ticket.looked_at + pause_s, now), until)
        if now >= until:
            raise errors.TimedOut(
                f"prediction {ticket.latest.id} had not ended at the deadline (status {ticket.latest.status}); it "
                "still runs upstream: wait for it again by its id, or cancel it",
                can_retry=True,
                prediction_id=ticket.latest.id,
            )
        if ticket.due_at > now:
            yield steps.Pause(ticket.due_at - now, ticket.bell)
            ticket.bell.clear()
            if ticket.has_ended() or context.monotonic() < ticket.due_at:
                tell(ticket.latest)
                continue
            if ticket.looked_at > now:
                # Another wait looked for this one meanwhile.
                looks += 1
                tell(ticket.latest)
                continue
        yield from _look(context, board, ticket, until)
        looks += 1
        tell(ticket.latest)
    _learn(context, ticket.latest, seen)
    if not following.is_whole(ticket.latest):
        yield from board.look(ticket, until=until)
        tell(ticket.latest)


def _stretch(
    context: calling.Context,
    ticket: Ticket,
    born: float,
    usual_s: float | None,
    seen: list[tuple[float, float]],
) -> pace.Stretch | None:
    """When the end is likely, by what is known of the model and by how far the logs say it is."""
    record, elapsed_s = ticket.latest, ticket.looked_at - born
    stretch = context.usual.stretch(record)
    if stretch is None and usual_s is not None:
        stretch = pace.around(usual_s)
    key, done = pace.key_of(record), progress.fraction(record.logs)
    if key is None or done is None:
        return stretch
    if not seen or seen[-1][1] < elapsed_s:
        seen.append((done, elapsed_s))
    return stretch and context.foresight.narrow(key, stretch, fraction=done, elapsed_s=elapsed_s)


def _learn(context: calling.Context, final: Prediction, seen: list[tuple[float, float]]) -> None:
    key = pace.key_of(final)
    if key is None or final.status != "succeeded" or final.created_at is None or final.completed_at is None:
        return
    context.foresight.learn(key, seen, (final.completed_at - final.created_at).total_seconds())


def _look(context: calling.Context, board: Board, ticket: Ticket, until: float) -> steps.Op[None]:
    try:
        yield from board.look(ticket, until=until)
    except errors.TimedOut:
        # At the deadline the wait says itself what to do next; any other timeout is told as it is.
        if context.monotonic() < until:
            raise


def _age_s(context: calling.Context, prediction: Prediction) -> float:
    """How long ago the prediction was created, by upstream's clock as far as it is known."""
    if prediction.created_at is None or context.clock.ahead_s is None:
        return 0.0
    age_s = (context.now() - context.clock.here(prediction.created_at)).total_seconds()
    return min(max(0.0, age_s), 86_400.0)


class _Teller:
    """Calls back when something changed since the last time."""

    __slots__ = ("_callback", "_last", "_monotonic", "_started")

    def __init__(
        self, callback: Callable[[Progress], None] | None, started: float, monotonic: Callable[[], float]
    ) -> None:
        self._callback = callback
        self._started = started
        self._monotonic = monotonic
        self._last: Prediction | None = None

    @property
    def is_wanted(self) -> bool:
        return self._callback is not None

    def __call__(self, prediction: Prediction) -> None:
        if self._callback is None or prediction is self._last:
            return
        before = self._last
        self._last = prediction
        self._callback(
            Progress(
                prediction=prediction,
                status=prediction.status,
                fraction=1.0 if prediction.status == "succeeded" else progress.fraction(prediction.logs),
                new_lines=progress.new_lines(before.logs if before else None, prediction.logs),
                elapsed_s=self._monotonic() - self._started,
            )
        )
