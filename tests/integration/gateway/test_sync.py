"""`tintype models sync` keeps what models are upstream, and says what is not as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving

FLUX = "black-forest-labs/flux-schnell"
KLING = "kwaivgi/kling-o1"


def test_schema_and_newest_version_are_kept_and_changes_told(here: Serving) -> None:
    """First beside the book, then beside the last time; the book's price stays."""
    first = here.run("models", "sync", "flux-schnell", KLING, "--json")
    with psycopg.connect(here.database_url, autocommit=True) as connection:
        kept = connection.execute(
            "SELECT version, facts->'inputs'->'num_outputs' FROM synced_models WHERE model = %s", [FLUX]
        ).fetchone()
        connection.execute(
            "UPDATE synced_models SET version = repeat('0', 64),"
            " facts = jsonb_set(facts, '{inputs,num_outputs,maximum}', '2') WHERE model = %s",
            [FLUX],
        )
    second = here.run("models", "sync", FLUX)
    third = here.run("models", "sync", FLUX)
    shown = here.run("models", "show", FLUX)

    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (told[FLUX]["beside"], told[FLUX]["changes"], told[FLUX]["version_before"]) == ("book", [], None)
    assert told[KLING]["changes"] is None
    assert kept == (
        told[FLUX]["version"],
        {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
    )
    assert (
        f"newest {told[FLUX]['version'][:12]}, was 000000000000, 1 change beside the last time"
        in second.stdout
    )
    assert "input num_outputs: maximum 2, now 4" in second.stdout
    assert "prices stay as the book has them" in second.stdout
    assert "nothing changed beside the last time" in third.stdout
    assert "$0.003 per image" in shown.stdout


def test_a_model_that_nobody_knows_is_told(here: Serving) -> None:
    ended = here.run("models", "sync", "acme/nothing")

    assert ended.returncode == 2
    assert "upstream knows no model acme/nothing" in ended.stderr
