"""`tintype settings`, as its own process: every setting, where it is from, no secret; refusals with exit code 2."""

from __future__ import annotations

import base64
import json
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.cli.conftest import Shell


def test_settings_tell_value_and_source_and_no_secret(alone: Shell) -> None:
    alone.environment["TINTYPE_DATABASE_URL"] = "postgresql://me:sesame@db.test/tintype?sslpassword=sesame"
    alone.environment["REPLICATE_API_TOKEN"] = "r8_sesame"
    alone.environment["TINTYPE_WEBHOOK_SECRET"] = "whsec_sesamesesame"
    alone.environment["TINTYPE_SECRETS_KEY"] = base64.b64encode(b"open sesame, open sesame, open!!").decode()
    (alone.folder / ".env").write_text("TINTYPE_REPLICATE_URL=https://elsewhere.test\nTINTYPE_PORT=9000\n")
    (alone.folder / "tintype.toml").write_text("workers = 3\n")

    table = alone.run("settings")
    document = alone.run("settings", "--json")

    assert (table.code, document.code) == (0, 0)
    assert "sesame" not in table.out + document.out
    assert alone.environment["TINTYPE_SECRETS_KEY"] not in table.out + document.out
    told = {one["name"]: (one["value"], one["source"]) for one in json.loads(document.out)["settings"]}
    assert told["TINTYPE_DATABASE_URL"] == ("postgresql://****@db.test/tintype?****", "environment")
    assert told["REPLICATE_API_TOKEN"] == ("r8_****", "environment")
    # Rule 26: the address in the folder's file does not count beside a token from elsewhere.
    assert told["TINTYPE_REPLICATE_URL"] == ("https://api.replicate.com", "default")
    assert told["TINTYPE_PORT"] == (9000, ".env")
    assert told["TINTYPE_WORKERS"] == (3, "tintype.toml")
    assert told["TINTYPE_DEBUG"] == (False, "default")
    assert all(name in table.out for name in told)


def test_a_variable_that_is_no_setting_is_named_with_the_nearest(alone: Shell) -> None:
    """On standard error, and all goes on: somebody else may mean it."""
    alone.environment["TINTYPE_REQUEST_TIMOUT_S"] = "sesame"
    (alone.folder / ".env").write_text("TINTYPE_BODY_MAX=3\n")

    shown = alone.run("settings", "--json")
    looked = alone.run("doctor", "--json")

    assert shown.code == 0
    assert json.loads(shown.out)["settings"]
    said = shown.err.splitlines()
    assert said == [
        "note: TINTYPE_REQUEST_TIMOUT_S is no setting; did you mean TINTYPE_REQUEST_TIMEOUT_S?",
        "note: TINTYPE_BODY_MAX in .env is no setting; did you mean TINTYPE_BODY_MAX_MB?",
    ]
    told = [one["found"] for one in json.loads(looked.out)["checks"] if one["name"] == "settings"]
    assert [line.removeprefix("note: ") for line in said] == told


def test_wrong_settings_are_refused_all_at_once(alone: Shell) -> None:
    alone.environment["TINTYPE_PORT"] = "sesame"
    (alone.folder / "tintype.toml").write_text("wrokers = 3\nlog_prompts = 'sesame'\n")

    for command in (["settings"], ["list"], ["worker"]):
        ended = alone.run(*command)

        assert (ended.code, ended.out) == (2, "")
        (line,) = ended.error_lines
        assert "sesame" not in line
        assert "TINTYPE_PORT (environment) takes a port, 1 to 65535" in line
        assert "TINTYPE_LOG_PROMPTS (tintype.toml) takes cut" in line
        assert "'wrokers'; did you mean workers?" in line


def test_what_counts_for_nothing_without_a_token_is_said_by_every_command(alone: Shell) -> None:
    """In one line on standard error: who set a database and no token would look for their work in it."""
    alone.environment["TINTYPE_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/nothing"
    shown = alone.run("settings", "--json")
    alone.environment["TINTYPE_STORAGE_URL"] = "s3://nothing/there"
    worker = alone.start("worker")
    assert worker.stdout
    assert worker.stdout.readline().startswith("ready for ")

    others = [alone.run(*command) for command in (("list", "--json"), ("generate", "a boat"))]
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=30)

    one, both = "TINTYPE_DATABASE_URL is", "TINTYPE_DATABASE_URL and TINTYPE_STORAGE_URL are"
    note = "note: without a token {} left alone: what is simulated has a place of its own"
    assert shown.err.splitlines() == [note.format(one)]
    for done in others:
        assert (done.code, done.err.splitlines().count(note.format(both))) == (0, 1), done
    assert note.format(both) in said.splitlines()
