"""Hold what is in the database, the store and at the receiver against what upstream billed.

violations = judge.judge(made, report)        # an empty list says that all promises were kept
"""

from __future__ import annotations

import asyncio
import hashlib
import urllib.request
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import rows

from tintype.domain.budget import Measure, Scope
from tintype.domain.generation import ATTEMPTS_MAX
from tintype.media.files import Files
from tintype.store import ledger, limits, schema
from tintype.store.database import Database

if TYPE_CHECKING:
    from tests.chaos.round import Report
    from tests.chaos.stage import Stage

_PLENTY = 10**15
_NANO = 10**9
_UNBOUGHT = frozenset({"upstream_auth", "upstream_payment", "upstream_refused", "upstream_unavailable"})
_OPEN = """
SELECT
    (SELECT count(*) FROM generations WHERE finished_at IS NULL)
    + (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
        AND queue_name <> 'thumbnail')
    + (SELECT count(*) FROM deliveries WHERE state = 'waiting')
"""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is left after a round: rows by their table, and upstream's bills."""

    generations: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    counters: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    bills: list[dict[str, Any]]


def prepare(made: Stage) -> None:
    """Make the tables, and budgets and quotas at every step of the chain."""
    asyncio.run(_prepare(made.server.url))


async def _prepare(url: str) -> None:
    await schema.migrate(url)
    async with Database(url) as database:
        for scope, subject in (
            (Scope.ALL, ""),
            (Scope.PROJECT, "shop"),
            (Scope.KEY, "local"),
            (Scope.USER, "local/alice"),
        ):
            for measure, period in (
                (Measure.MONEY, "month"),
                (Measure.IMAGES, "day"),
                (Measure.CONCURRENT, "total"),
            ):
                await limits.put(
                    database, scope=scope, subject=subject, measure=measure, period=period, amount=_PLENTY
                )


def is_quiet(made: Stage) -> bool:
    """Whether nothing is open: no generation, no job, no callback."""
    with psycopg.connect(made.server.url) as connection:
        found = connection.execute(_OPEN).fetchone()
    return found is not None and found[0] == 0


def open_ones(made: Stage) -> str:
    """Say what is still open, for a person who reads a failure."""
    with psycopg.connect(made.server.url) as connection:
        states = connection.execute(
            "SELECT id, state, attempts, due_at - now(), joined_to FROM generations WHERE finished_at IS NULL"
        ).fetchall()
        jobs = connection.execute(
            "SELECT queue_name, status, args, attempts, scheduled_at - now(), worker_id FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'doing') AND queue_name <> 'thumbnail'"
        ).fetchall()
        waiting = connection.execute(
            "SELECT generation_id, attempts, next_at - now() FROM deliveries WHERE state = 'waiting'"
        ).fetchall()
    return f"generations {states}, jobs {jobs}, callbacks {waiting}"


def judge(made: Stage, report: Report) -> list[str]:
    """Return every promise that was not kept, in a sentence each."""
    facts = _read(made)
    return [
        *_bought(facts, report),
        *_money(facts),
        *asyncio.run(_book(made.server.url)),
        *asyncio.run(_stored(made, facts)),
        *_told(made, facts),
    ]


def _read(made: Stage) -> _Facts:
    columns = {
        "generations": "id, state, failure_code, prediction_id, cost_nano_usd, hold_nano_usd",
        "outputs": "generation_id, sha256, upstream_sha256, upstream_url, size_bytes",
        "attempts": "generation_id, number, outcome",
        "counters": "limit_id, held, spent",
        "holds": "generation_id, limit_id, measure, spent",
        "ledger": "generation_id, kind",
        "deliveries": "generation_id, state",
    }
    with psycopg.connect(made.server.url, row_factory=rows.dict_row) as connection:
        found = {
            table: connection.execute(f"SELECT {names} FROM {table}".encode()).fetchall()  # noqa: S608 - from above
            for table, names in columns.items()
        }
    return _Facts(**found, bills=made.sim.bills(made.sim.token)["items"])


def _bought(facts: _Facts, report: Report) -> list[str]:
    """Bought is what was asked for, once each."""
    wrong = []
    if sorted(report.asked.values()) != sorted(row["id"] for row in facts.generations):
        wrong.append(f"{len(report.asked)} were asked for and {len(facts.generations)} are there")
    billed = {bill["id"]: bill for bill in facts.bills}
    claims = Counter(row["prediction_id"] for row in facts.generations if row["prediction_id"])
    wrong += [f"prediction {one} belongs to {count}" for one, count in claims.items() if count > 1]
    wrong += [f"prediction {one} was bought and belongs to nobody" for one in billed.keys() - claims.keys()]
    wrong += [f"prediction {one} is not on the bill" for one in claims.keys() - billed.keys()]
    absent = Counter(one["generation_id"] for one in facts.attempts if one["outcome"] == "absent")
    for row in facts.generations:
        due = report.ends.get(row["id"], ("succeeded",))
        end = row["state"] if row["failure_code"] is None else f"{row['state']} ({row['failure_code']})"
        # Whose every attempt was cut off before its bytes left is not sent for ever.
        is_given_up = row["failure_code"] == "upstream_unavailable" and absent[row["id"]] >= ATTEMPTS_MAX
        if end not in due and not is_given_up:
            wrong.append(f"generation {row['id']} is {end} and should be {' or '.join(due)}")
        if row["failure_code"] in _UNBOUGHT and row["prediction_id"]:
            wrong.append(f"generation {row['id']} is {end} and has a prediction")
    return wrong


def _money(facts: _Facts) -> list[str]:
    """Every hold is settled or released, and budgets say what upstream billed, to the nano-dollar."""
    wrong = []
    billed = {bill["id"]: int(Decimal(str(bill["usd"])) * _NANO) for bill in facts.bills}
    expected = {"money": 0, "images": 0}
    for row in facts.generations:
        is_lost = row["failure_code"] == "upstream_lost"
        # Of what upstream says it does not know, the most it can cost is booked.
        due = row["hold_nano_usd"] if is_lost else billed.get(row["prediction_id"], 0)
        if row["cost_nano_usd"] != due:
            wrong.append(
                f"generation {row['id']} is booked with {row['cost_nano_usd']} and billed with {due}"
            )
        is_made = row["state"] == "succeeded" or is_lost or row["failure_code"] == "output_gone"
        expected["money"] += due
        expected["images"] += is_made
    measures = {hold["limit_id"]: hold["measure"] for hold in facts.holds}
    spent: Counter[int] = Counter()
    for counter in facts.counters:
        spent[counter["limit_id"]] += counter["spent"]
        if counter["held"]:
            wrong.append(f"limit {counter['limit_id']} still holds {counter['held']}")
    for ident, measure in measures.items():
        if measure in expected and spent[ident] != expected[measure]:
            wrong.append(f"limit {ident} counts {spent[ident]} {measure} in place of {expected[measure]}")
    if len(measures) < 12 and facts.generations:
        wrong.append(f"{len(measures)} limits held, which should be 12")
    wrong += [f"a hold of {hold['generation_id']} is open" for hold in facts.holds if hold["spent"] is None]
    wrong += [
        f"a loss was booked for {line['generation_id']}" for line in facts.ledger if line["kind"] == "loss"
    ]
    return wrong


async def _book(url: str) -> list[str]:
    async with Database(url) as database:
        return [str(one) for one in await ledger.check(database)]


async def _stored(made: Stage, facts: _Facts) -> list[str]:
    """Every success is in the store, whole, and came from what upstream serves."""
    wrong = []
    files = Files((made.data / "files").as_uri(), drafts=made.data / "drafts")
    by_id = {row["generation_id"]: row for row in facts.outputs}
    if len(by_id) != len(facts.outputs):
        wrong.append("a generation of one picture has several")
    for row in facts.generations:
        if row["state"] != "succeeded":
            continue
        output = by_id.get(row["id"])
        if output is None:
            wrong.append(f"generation {row['id']} succeeded and nothing is stored")
            continue
        async with files.local(output["sha256"]) as path:
            content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != output["sha256"] or len(content) != output["size_bytes"]:
            wrong.append(f"the file of {row['id']} is not what its row says")
        served = await asyncio.to_thread(_served, output["upstream_url"])
        if hashlib.sha256(served).hexdigest() != output["upstream_sha256"]:
            wrong.append(f"the file of {row['id']} is not what upstream serves")
        if row["prediction_id"] not in output["upstream_url"]:
            wrong.append(f"the file of {row['id']} is another prediction's")
    return wrong


def _served(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the simulator's address
        content: bytes = answer.read()
    return content


def _told(made: Stage, facts: _Facts) -> list[str]:
    """Every end was told at least once, always under the same id, and nothing else was."""
    wrong = []
    owed = Counter(one["generation_id"] for one in facts.deliveries)
    for row in facts.generations:
        came = set(made.receiver.came.get(row["id"], []))
        if (
            owed[row["id"]] != 1
            or len(came) != 1
            or {kind for _, kind in came} != {f"generation.{row['state']}"}
        ):
            wrong.append(
                f"generation {row['id']} is {row['state']}; {owed[row['id']]} owed, told {sorted(came)}"
            )
    return wrong
