"""Hold a script of faults: which request, webhook or output file goes wrong, how, and how often.

A script is a list of rules and a seed. The first rule that matches fires; its count goes down and its
probability is drawn from the seed, so the same script over the same requests does the same.
"""

from __future__ import annotations

import fnmatch
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.simulator.rules import On, Rule


@dataclass(slots=True)
class Armed:
    """A rule with what it has done so far: how often it matched, how often it fired."""

    rule: Rule
    seen: int = 0
    fired: int = 0


class Faults:
    """The script that runs. Used from one event loop only."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._seed = 0
        self._dice = random.Random(0)

    def load(self, rules: Sequence[Rule], *, seed: int = 0) -> None:
        """Replace the script; counts and dice start anew."""
        self._armed = [Armed(rule) for rule in rules]
        self._seed = seed
        self._dice = random.Random(seed)

    def clear(self) -> None:
        """Forget the script."""
        self.load([])

    def shown(self) -> dict[str, Any]:
        """Return the script as JSON, each rule with how often it has fired."""
        return {
            "seed": self._seed,
            "rules": [armed.rule.shown() | {"fired": armed.fired} for armed in self._armed],
        }

    def for_request(self, *, method: str, path: str, token: str | None) -> Rule | None:
        """Return the rule that this request meets, and count it. `path` is without `/v1`."""
        return self._fire("request", method=method, path=path, token=token) if self._armed else None

    def for_output(self, *, path: str) -> Rule | None:
        """Return the rule that the download of an output file meets: `missing`, `truncate` or `slow`."""
        return self._fire("output", method="GET", path=path) if self._armed else None

    def for_webhook(self, *, url: str, event: str) -> Rule | None:
        """Return the rule that one delivery of a webhook meets; `event` is what it tells of.

        `drop`: it is not sent and counts as delivered. `double`: it is sent twice with the same
        `webhook-id`. `delay`: it is sent `delay_s` wall seconds later. `reorder`: it is sent right after the
        next webhook of the same prediction, or after `delay_s` where none comes. `missign`: its signature is
        made with another key.
        """
        return self._fire("webhook", method="POST", path=url, event=event) if self._armed else None

    def _fire(
        self, on: On, *, method: str, path: str, token: str | None = None, event: str | None = None
    ) -> Rule | None:
        for armed in self._armed:
            rule = armed.rule
            if rule.on != on or not _matches(rule, method=method, path=path, token=token, event=event):
                continue
            if rule.count is not None and armed.fired >= rule.count:
                continue
            armed.seen += 1
            if armed.seen <= rule.skip or (rule.probability < 1 and self._dice.random() >= rule.probability):
                continue
            armed.fired += 1
            return rule
        return None


def _matches(rule: Rule, *, method: str, path: str, token: str | None, event: str | None) -> bool:
    return (
        rule.method in ("*", method)
        and (rule.token is None or rule.token == token)
        and (rule.event is None or rule.event == event)
        and fnmatch.fnmatchcase(path, rule.path)
    )
