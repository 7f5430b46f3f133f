"""How long is left when a prediction's logs say how far it is, learned from earlier ones of its model.

Nothing is assumed of the logs: what was left in truth after the same progress is remembered. Where progress says
little, the remembered times lie far apart and narrow nothing down.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from tintype.replicate.pace import Stretch, likely

_BUCKETS = 8
_SAMPLES_LEAST = 3
_SAMPLES_MAX = 32
_MODELS_MAX = 1_000


class Foresight:
    """What was left after each eighth of progress, by model. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, dict[int, deque[float]]] = OrderedDict()

    def learn(self, key: str, looks: list[tuple[float, float]], took_s: float) -> None:
        """Take in the looks at a prediction that succeeded: the progress and the seconds since its creation."""
        if not looks:
            return
        with self._lock:
            known = self._left.setdefault(key, {})
            self._left.move_to_end(key)
            for fraction, elapsed_s in looks:
                if elapsed_s < took_s:
                    known.setdefault(_bucket(fraction), deque(maxlen=_SAMPLES_MAX)).append(took_s - elapsed_s)
            if len(self._left) > _MODELS_MAX:
                self._left.popitem(last=False)

    def narrow(self, key: str, stretch: Stretch, *, fraction: float, elapsed_s: float) -> Stretch:
        """The part of the likely stretch that goes with the progress; the stretch itself where they disagree."""
        with self._lock:
            samples = list(self._left.get(key, {}).get(_bucket(fraction), ()))
        if len(samples) < _SAMPLES_LEAST:
            return stretch
        left = likely(samples)
        if left is None:
            return stretch
        early_s = max(stretch.early_s, elapsed_s + left.early_s)
        late_s = min(stretch.late_s, elapsed_s + left.late_s)
        return Stretch(early_s, late_s) if early_s < late_s else stretch


def _bucket(fraction: float) -> int:
    return int(fraction * _BUCKETS)
