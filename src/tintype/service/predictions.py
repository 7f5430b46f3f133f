"""Tell of a generation as Replicate tells of a prediction (rules 8, 22 and 25).

    shown = predictions.show(row, asked, kept, Where(origin, links), catalogue)

Ids, outputs and links are ours. What upstream counted and logged is told as upstream says it; defaults are not filled
into the input, and files in it are addresses of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tintype.domain import keeping
from tintype.domain.catalogue import Catalogue, Model, Output
from tintype.domain.generation import State
from tintype.media import kinds
from tintype.service import givens
from tintype.service.links import Links, Place
from tintype.service.versions import HIDDEN
from tintype.store import answers, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tintype.store.database import Database
    from tintype.store.deliveries import Delivery
    from tintype.store.generations import Generation

DIALECT = "replicate"
BASE = "/replicate/v1"
EVENTS = ("start", "output", "logs", "completed")
EVENTS_USUAL = ("output", "completed")
"""What a webhook is told of when nobody says."""
_DEPTH_MAX = 16
_STARTING, _PROCESSING = "starting", "processing"
_STATUSES = {
    State.QUEUED: _STARTING,
    State.SUBMITTING: _STARTING,
    State.UNKNOWN: _STARTING,
    State.CAPTURING: _PROCESSING,
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELED: "canceled",
    State.ABORTED: "aborted",
}


class Moment(StrEnum):
    """When it is told of: as it is, as it was created, or on its way, whatever has become of it since."""

    NOW = "now"
    CREATED = "created"
    START = "start"
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a prediction beside its generation: how it was asked for.

    `origin` is where the gateway was reached, `links` what stood in the input's fields where there are files now.
    """

    origin: str
    version: str = HIDDEN
    is_text: bool = False
    has_deadline: bool = False
    webhook: str | None = field(default=None, repr=False)
    events: tuple[str, ...] = EVENTS_USUAL
    stated_events: tuple[str, ...] | None = None
    links: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, Any]:
        """Return them as they are kept; `events` is read by the database as well."""
        return {
            "origin": self.origin,
            "version": self.version,
            "is_text": self.is_text,
            "has_deadline": self.has_deadline,
            "webhook": self.webhook,
            "events": list(self.events),
            "stated_events": None if self.stated_events is None else list(self.stated_events),
            "links": dict(self.links),
        }


def facts_of(asked: answers.Asked | None) -> Facts | None:
    """Read the facts of a prediction; None for a generation that was asked for otherwise."""
    if asked is None or asked.dialect != DIALECT:
        return None
    kept = asked.facts
    stated = kept.get("stated_events")
    return Facts(
        origin=kept["origin"],
        version=kept["version"],
        is_text=kept["is_text"],
        has_deadline=kept["has_deadline"],
        webhook=kept["webhook"],
        events=tuple(kept["events"]),
        stated_events=None if stated is None else tuple(stated),
        links=kept["links"],
    )


class Predictions:
    """Tells of generations as predictions. `links` makes the addresses of outputs and streams."""

    def __init__(self, database: Database, known: Catalogue, links: Links) -> None:
        self._database = database
        self._known = known
        self._links = links

    async def told(self, row: Generation, *, origin: str, moment: Moment = Moment.NOW) -> dict[str, Any]:
        """Tell of one, with addresses at `origin`."""
        return (await self.all([row], origin=origin, moment=moment))[0]

    async def all(
        self, rows: Sequence[Generation], *, origin: str, moment: Moment = Moment.NOW
    ) -> list[dict[str, Any]]:
        """Tell of several, in their order."""
        asked = await answers.asked(self._database, [row.id for row in rows])
        ended = [row.id for row in rows if row.state == State.SUCCEEDED]
        kept = await outputs.of_several(self._database, ended) if ended else {}
        return [
            self.show(row, facts_of(asked.get(row.id)), kept.get(row.id, ()), origin=origin, moment=moment)
            for row in rows
        ]

    async def webhook(self, row: Generation, delivery: Delivery, asked: answers.Asked) -> bytes:
        """Return the body of a webhook: the prediction at the moment that it tells of."""
        facts = facts_of(asked)
        kept = await outputs.of(self._database, row.id)
        moment = {"completed": Moment.NOW, "start": Moment.START}.get(delivery.kind, Moment.UNDER_WAY)
        origin = "" if facts is None else facts.origin
        return written(self.show(row, facts, kept, origin=origin, moment=moment))

    def show(
        self,
        row: Generation,
        facts: Facts | None,
        kept: Sequence[outputs.Output],
        *,
        origin: str,
        moment: Moment = Moment.NOW,
    ) -> dict[str, Any]:
        """Tell of a row that was read with what it made."""
        seen = row.prediction or {}
        status = _status(row, facts, moment)
        is_final = status not in {_STARTING, _PROCESSING}
        has_begun = moment not in {Moment.CREATED, Moment.START}
        url = f"{origin}{BASE}/predictions/{row.id}"
        urls = {"get": url, "cancel": f"{url}/cancel", "web": f"{origin}/api/generations/{row.id}"}
        if self.is_text(row, facts):
            urls["stream"] = origin + self._links.stream_path(row.id)
        told: dict[str, Any] = {
            "id": row.id,
            "model": row.model,
            "version": _version(row, facts),
            "input": _echoed(row.input, origin, facts.links if facts is not None else {}),
            "logs": _logs(row) if has_begun else "",
            "output": self._output(row, facts, kept, origin) if has_begun else None,
            "data_removed": False,
            "error": row.failure_message or row.failure_code if status in {"failed", "aborted"} else None,
            "source": "api",
            "status": status,
            "created_at": moment_text(row.created_at, digits=3 if moment is Moment.CREATED else 6),
        }
        if status != _STARTING and row.started_at is not None:
            told["started_at"] = moment_text(row.started_at)
        if is_final:
            ended = row.completed_at or row.finished_at or row.created_at
            told["completed_at"] = moment_text(ended)
            told["metrics"] = _numbers(seen.get("metrics"))
        if facts is not None and facts.has_deadline:
            told["deadline"] = moment_text(row.deadline_at)
        if row.deployment is not None:
            told["deployment"] = row.deployment
        if facts is not None and facts.webhook is not None:
            told["webhook"] = facts.webhook
            if facts.stated_events is not None:
                told["webhook_events_filter"] = list(facts.stated_events)
        return told | {"urls": urls}

    def is_text(self, row: Generation, facts: Facts | None) -> bool:
        """Whether a prediction writes text, which can be followed as it is written."""
        if facts is not None:
            return facts.is_text
        model = self._model(row)
        return model is not None and model.output is Output.TEXT

    def _model(self, row: Generation) -> Model | None:
        return self._known.get(row.model)

    def _output(
        self, row: Generation, facts: Facts | None, kept: Sequence[outputs.Output], origin: str
    ) -> Any:
        """Return the output in upstream's shape: text as it is written, files by their links once stored."""
        said = (row.prediction or {}).get("output")
        if self.is_text(row, facts):
            return said if said not in ("", []) else None
        if row.state != State.SUCCEEDED:
            return None
        links = [
            origin
            + self._links.path(
                Place(one.generation_id, one.position), extension=kinds.extension(one.content_type)
            )
            for one in kept
        ]
        if said is None:
            # It was answered from another's outputs, whose shape only the catalogue knows.
            model = self._model(row)
            is_one = len(links) == 1 and (model is None or model.output is Output.FILE)
            return links[0] if is_one else links or None
        return _with_links(said, iter(links), 0)


def written(told: Mapping[str, Any]) -> bytes:
    """Write what is told as JSON."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def moment_text(moment: datetime, *, digits: int = 6) -> str:
    """Write a moment in UTC, with milliseconds (3) or microseconds (6)."""
    text = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    return f"{text[: len(text) - 6 + digits]}Z"


def _status(row: Generation, facts: Facts | None, moment: Moment) -> str:
    if moment is Moment.CREATED:
        return _STARTING
    if moment in {Moment.START, Moment.UNDER_WAY}:
        return _PROCESSING
    state = State(row.state)
    if state is State.RUNNING:
        return _PROCESSING if row.started_at is not None else _STARTING
    if state is State.FAILED and row.failure_code == "deadline_passed" and facts and facts.has_deadline:
        # Its own deadline came before it began.
        return "aborted"
    return _STATUSES[state]


def _version(row: Generation, facts: Facts | None) -> str:
    if facts is not None:
        return facts.version
    return row.version or (row.prediction or {}).get("version") or HIDDEN


def _echoed(values: Mapping[str, Any], origin: str, links: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the input as it was sent, files that were sent along as addresses of ours."""

    def told(name: str, position: int, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(givens.MARK):
            return value
        sent = links.get(name, ())
        if position < len(sent) and sent[position]:
            return sent[position]
        return f"{origin}{BASE}/files/{value.removeprefix(givens.MARK)}"

    return {
        name: [told(name, position, part) for position, part in enumerate(value)]
        if isinstance(value, list)
        else told(name, 0, value)
        for name, value in values.items()
    }


def _logs(row: Generation) -> str:
    logs = (row.prediction or {}).get("logs") or (row.progress or {}).get("logs")
    return logs if isinstance(logs, str) else ""


def _with_links(said: Any, links: Iterator[str], depth: int) -> Any:
    """Put the links of stored files in the place of upstream's, in the order in which they were stored."""
    if depth > _DEPTH_MAX:
        return said
    if isinstance(said, str):
        return next(links, None) if keeping.is_file(said) else said
    if isinstance(said, list):
        return [_with_links(one, links, depth + 1) for one in said]
    if isinstance(said, dict):
        return {name: _with_links(one, links, depth + 1) for name, one in said.items()}
    return said


def _numbers(metrics: Any) -> dict[str, Any]:
    return metrics if isinstance(metrics, dict) else {}
