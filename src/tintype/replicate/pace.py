"""When to look at a waiting prediction: a pure schedule, and what it learns from predictions that ended.

Looks are spent where the end is likely. Nothing is known: 1 s, growing by half to 5 s. Something is known:
none before the earliest likely end, then a dense row through the likely stretch, then ever rarer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tintype.replicate.results import Prediction

_SAMPLES_MAX = 64
_SAMPLES_LEAST = 16
_GENERATION_S = 60.0
_MODELS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds.

    `first_s`, `growth` and `most_s` are the pauses while nothing is known. In the likely stretch the pause is
    `share` of the usual time, between `dense_least_s` and `dense_most_s`; in a narrow one a quarter of it, but
    `narrow_least_s` at least; and down to `crowd_s` for every 200 that wait together, as they share their looks.
    `quiet_most_s` is the longest that nobody looks before that stretch, `watched_most_s` the same when somebody
    wants to see progress.
    """

    first_s: float = 1.0
    growth: float = 1.5
    most_s: float = 5.0
    share: float = 0.02
    dense_least_s: float = 0.11
    dense_most_s: float = 2.0
    narrow_least_s: float = 0.06
    crowd_s: float = 0.06
    quiet_most_s: float = 10.0
    watched_most_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The likely stretch for the end of a prediction, in seconds from its creation."""

    early_s: float
    late_s: float


def around(usual_s: float) -> Stretch:
    """The likely stretch when only a usual time is known: 17 % to either side."""
    return Stretch(early_s=0.83 * usual_s, late_s=1.17 * usual_s)


def likely(samples: Sequence[float]) -> Stretch | None:
    """The likely stretch from times that were seen, or None without any.

    From about the 5th to the 95th percentile, widened by a margin that shrinks as samples come in: 30 % of
    the middle divided by their number.
    """
    if not samples:
        return None
    ordered = sorted(samples)
    count = len(ordered)
    drop = count // 20
    early, late, middle = ordered[drop], ordered[count - 1 - drop], ordered[count // 2]
    margin = 0.3 * middle / count
    return Stretch(early_s=max(0.0, early - margin), late_s=late + margin)


def pause_s(
    pace: Pace,
    *,
    elapsed_s: float,
    looks: int,
    stretch: Stretch | None,
    phase: float,
    is_watched: bool,
    crowd: int = 1,
) -> float:
    """The pause before the next look, given the seconds since creation and the looks so far.

    `phase` from 0 to 1 shifts the first look of the dense row, so that predictions made together are not all
    looked at in the same instant and the average lag is half a pause. `crowd` is how many wait together, 1
    when each is looked at by itself.
    """
    growing = min(pace.first_s * pace.growth**looks, pace.most_s)
    if stretch is None:
        return growing
    middle = (stretch.early_s + stretch.late_s) / 2
    dense = min(max(pace.share * middle, pace.dense_least_s), pace.dense_most_s)
    dense = min(dense, max((stretch.late_s - stretch.early_s) / 4, pace.narrow_least_s))
    if crowd > 1:
        dense = min(dense, pace.crowd_s * max(1.0, crowd / 200))
    ahead = stretch.early_s + phase * dense - elapsed_s
    if ahead > 0:
        # A stretch that was narrowed by progress moves on with each look, so a look is never close to the last.
        least = min(dense, pace.narrow_least_s) if looks else 0.0
        return max(least, min(ahead, pace.watched_most_s if is_watched else pace.quiet_most_s))
    behind = elapsed_s - stretch.late_s
    if behind <= 0:
        return dense
    return min(max(dense, dense + 0.25 * behind), pace.most_s)


class Usual:
    """How long predictions of each model took, from creation to completion by upstream's own times.

    Safe for threads; keeps up to 128 times of each of the last 1,000 models.
    """

    def __init__(self, *, monotonic: Callable[[], float], chance: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._chance = chance
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, _Memory] = OrderedDict()

    def learn(self, prediction: Prediction) -> None:
        """Take in a prediction that succeeded; others say nothing about the usual time."""
        key = key_of(prediction)
        if key is None or prediction.status != "succeeded":
            return
        if prediction.created_at is None or prediction.completed_at is None:
            return
        took_s = (prediction.completed_at - prediction.created_at).total_seconds()
        if not 0 <= took_s < 86_400:
            return
        with self._lock:
            memory = self._seen.get(key)
            if memory is None:
                memory = self._seen[key] = _Memory(self._monotonic())
            self._seen.move_to_end(key)
            memory.add(took_s, self._monotonic(), self._chance())
            if len(self._seen) > _MODELS_MAX:
                self._seen.popitem(last=False)

    def stretch(self, prediction: Prediction) -> Stretch | None:
        """The likely stretch for this prediction's end, or None when its model was never seen to end."""
        key = key_of(prediction)
        with self._lock:
            memory = self._seen.get(key) if key is not None else None
            return memory.stretch() if memory is not None else None


class _Memory:
    """Times of one model: a fair sample of the present generation, and one of the generation before.

    Of predictions made together the slow ones end last, so the last few times would be the slow ones only.
    """

    __slots__ = ("_before", "_count", "_since", "_stretch", "_times")

    def __init__(self, now: float) -> None:
        self._before: list[float] = []
        self._times: list[float] = []
        self._count = 0
        self._since = now
        self._stretch: Stretch | None = None

    def add(self, took_s: float, now: float, chance: float) -> None:
        """Take in a time; `chance` from 0 to 1 decides which earlier one it replaces, if any."""
        if self._count >= _SAMPLES_LEAST and now - self._since > _GENERATION_S:
            self._before, self._times, self._count, self._since = self._times, [], 0, now
        self._count += 1
        if len(self._times) < _SAMPLES_MAX:
            self._times.append(took_s)
        else:
            place = int(chance * self._count)
            if place < _SAMPLES_MAX:
                self._times[place] = took_s
        self._stretch = None

    def stretch(self) -> Stretch | None:
        """The likely stretch, reckoned again only after a new time."""
        if self._stretch is None:
            self._stretch = likely([*self._before, *self._times])
        return self._stretch


def key_of(prediction: Prediction) -> str | None:
    """What times are kept under: the deployment, the model, or the version."""
    return prediction.deployment or prediction.model or prediction.version
