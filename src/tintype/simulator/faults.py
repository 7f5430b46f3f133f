"""Hold a script of faults: which request, webhook or output file goes wrong, how, and how often.

A script is a list of rules and a seed. The first rule that matches fires; its count goes down and its
probability is drawn from the seed, so the same script over the same requests does the same.
"""

from __future__ import annotations

import fnmatch
import random
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from tintype.simulator import problems

On = Literal["request", "webhook", "output"]

ACTS: dict[str, tuple[str, ...]] = {
    "request": ("answer", "delay", "reset", "truncate", "malform", "drip", "black_hole"),
    "webhook": ("drop", "double", "delay", "reorder", "missign"),
    "output": ("missing", "truncate", "slow"),
}
EVENTS = ("start", "output", "logs", "completed")
RULES_MAX = 1_000
SECONDS_MAX = 3_600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a script.

    `path` is a shell pattern over the path without `/v1` (over the whole URL for a webhook). `when` says whether
    the request is processed before the fault shows: a reset `after` a create leaves a prediction that is billed.
    `keep` is the share of the body that a truncated answer still sends.
    """

    do: str
    on: On = "request"
    method: str = "*"
    path: str = "*"
    token: str | None = None
    event: str | None = None
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    when: Literal["before", "after"] = "before"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay_s: float = 1.0
    bytes_per_s: int = 1_024
    keep: float = 0.5


@dataclass(slots=True)
class Armed:
    """A rule with what it has done so far."""

    rule: Rule
    seen: int = 0
    fired: int = 0

    def shown(self) -> dict[str, Any]:
        """Return the rule as JSON, with how often it has fired."""
        rule = {item.name: getattr(self.rule, item.name) for item in fields(self.rule)}
        return rule | {"fired": self.fired}


class Faults:
    """The script that runs. Used from one event loop only."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._dice = random.Random(0)

    def load(self, rules: list[Rule], *, seed: int = 0) -> None:
        """Replace the script; counts and dice start anew."""
        self._armed = [Armed(rule) for rule in rules]
        self._dice = random.Random(seed)

    def clear(self) -> None:
        """Forget the script."""
        self.load([])

    def shown(self) -> list[dict[str, Any]]:
        """Return the script as JSON."""
        return [armed.shown() for armed in self._armed]

    def for_request(self, *, method: str, path: str, token: str | None) -> Rule | None:
        """Return the rule that this request meets, and count it. `path` is without `/v1`."""
        return (
            self._fire("request", method=method, path=path, token=token, event=None) if self._armed else None
        )

    def for_output(self, *, path: str) -> Rule | None:
        """Return the rule that the download of an output file meets: `missing`, `truncate` or `slow`."""
        return self._fire("output", method="GET", path=path, token=None, event=None) if self._armed else None

    def for_webhook(self, *, url: str, event: str) -> Rule | None:
        """Return the rule that one delivery of a webhook meets.

        `drop`: it is not sent and counts as delivered. `double`: it is sent twice with the same `webhook-id`.
        `delay`: it is sent `delay_s` wall seconds later. `reorder`: it is sent right after the next webhook of the
        same prediction, or after `delay_s` where none comes. `missign`: its signature is made with another key.
        """
        return (
            self._fire("webhook", method="POST", path=url, token=None, event=event) if self._armed else None
        )

    def _fire(self, on: On, *, method: str, path: str, token: str | None, event: str | None) -> Rule | None:
        for armed in self._armed:
            rule = armed.rule
            if rule.on != on or not _matches(rule, method, path, token, event):
                continue
            if rule.count is not None and armed.fired >= rule.count:
                continue
            armed.seen += 1
            if armed.seen <= rule.skip or (rule.probability < 1 and self._dice.random() >= rule.probability):
                continue
            armed.fired += 1
            return rule
        return None


def _matches(rule: Rule, method: str, path: str, token: str | None, event: str | None) -> bool:
    return (
        rule.method in ("*", method)
        and (rule.token is None or rule.token == token)
        and (rule.event is None or rule.event == event)
        and fnmatch.fnmatchcase(path, rule.path)
    )
