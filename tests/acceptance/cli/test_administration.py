"""Keys, budgets and the record of acts by the command line, with and without a server."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.cli.conftest import Shell

SECRET = re.compile(r"tt_[A-Za-z0-9_-]{43}")


def told(shell: Shell, *arguments: str, said: str = "") -> Any:
    """Run a command and return its JSON; `said` stands beside it."""
    done = shell.run(*arguments, "--json")
    assert (done.code, said in done.err, bool(done.err)) == (0, True, bool(said)), done.err
    return json.loads(done.out)


def test_a_key_is_shown_once(served: Shell) -> None:
    """On standard output alone, so that it can be taken; the sentence about it stands beside."""
    done = served.run("keys", "create", "--name", "shop")
    secret = done.out.strip()

    assert (done.code, bool(SECRET.fullmatch(secret))) == (0, True)
    assert "not shown again" in done.err
    later = [served.run(*one) for one in (("keys", "list"), ("keys", "list", "--json"), ("audit",))]
    assert [secret in one.out + one.err for one in later] == [False, False, False]
    assert all(f"…{secret[-4:]}" in one.out or secret[-4:] in one.out for one in later[:2])


def test_a_key_with_everything(served: Shell) -> None:
    """All options at once; JSON holds the key and what it may do, `budget show` its limits by its name."""
    options = ["--scopes", "generate", "--models", "flux-schnell,owner/model", "--expires", "30d"]
    limits = ["--budget-usd", "0.000000001", "--per", "day", "--rate", "10/minute", "--concurrent", "4"]
    quotas = ["--images-per-day", "20", "--video-seconds-per-day", "1.5"]

    warned = "'owner/model' is not in the catalogue"
    made = told(served, "keys", "create", "--name", "shop", *options, *limits, *quotas, said=warned)

    assert SECRET.fullmatch(made["key"])
    assert (made["scopes"], made["state"]) == (["generate"], "good")
    assert made["models"] == ["black-forest-labs/flux-schnell", "owner/model"]
    shown = told(served, "budget", "show", "key:shop")
    assert {(one["subject"], one["measure"], one["period"], one["amount"]) for one in shown} == {
        ("key:shop", "money", "day", "0.000000001"),
        ("key:shop", "rate", "minute", "10"),
        ("key:shop", "concurrent", "total", "4"),
        ("key:shop", "images", "day", "20"),
        ("key:shop", "video_seconds", "day", "1.5"),
    }


def test_a_key_is_exchanged_and_revoked(served: Shell) -> None:
    first = told(served, "keys", "create", "--name", "shop")
    second = told(served, "keys", "rotate", "shop", "--overlap", "1h")

    (listed,) = told(served, "keys", "list")
    assert listed["hints"] == [second["key"][-4:], first["key"][-4:]]
    assert served.run("keys", "revoke", first["id"]).out == f"revoked shop ({first['id']})\n"
    again = served.run("keys", "revoke", first["id"])
    assert (again.code, len(again.error_lines)) == (1, 1)
    assert "for good" in again.err
    assert [one["action"] for one in told(served, "audit")] == ["key.revoke", "key.rotate", "key.create"]


def test_budgets_of_every_subject(served: Shell) -> None:
    """Set, changed, overridden in each measure's unit, removed; 0 is a budget."""
    served.run("keys", "create", "--name", "shop")
    for subject in (
        "all",
        "project:spring",
        "key:*",
        "user:*",
        "user:shop/*",
        "user:shop/alice",
        "key:local",
    ):
        (limit,) = told(served, "budget", "set", subject, "--usd", "0")
        assert (limit["subject"], limit["amount"], limit["left"]) == (subject, "0.00", "0.00")
    (film,) = told(served, "budget", "set", "all", "--video-seconds", "90", "--per", "week")[1:]

    over = told(served, "budget", "override", str(film["id"]), "--amount", "1.5", "--until", "12h")
    changed = told(served, "budget", "set", "all", "--usd", "7")

    assert (over["measure"], over["override_amount"], over["left"]) == ("video_seconds", "1.5", "1.5")
    assert {one["measure"]: one["amount"] for one in changed} == {"money": "7.00", "video_seconds": "90"}
    shown = served.run("budget", "show", "all").out
    assert re.search(r"video seconds +week +1\.5 +0 +0 ", shown)
    assert re.search(
        r"user:\* +money +total +0\.00 +each by itself", served.run("budget", "show", "user:*").out
    )
    assert served.run("budget", "remove", str(film["id"])).code == 0
    assert [one["measure"] for one in told(served, "budget", "show", "all")] == ["money"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keys", "create", "--name", "a/b"], "slash"),
        (["keys", "create", "--name", "x", "--scopes", "everything"], "no scope"),
        (["keys", "create", "--name", "x", "--scopes", ","], "without scopes"),
        (["keys", "create", "--name", "x", "--rate", "0/minute"], "10/minute"),
        (["keys", "create", "--name", "x", "--budget-usd", "1e999999999"], "larger than any"),
        (["keys", "create", "--name", "x", "--budget-usd", "nan"], "dollars"),
        (["keys", "create", "--name", "x", "--budget-usd", "1", "--per", "fortnight"], "period"),
        (["keys", "create", "--name", "x", "--expires", "soon"], "no span"),
        (["keys", "create", "--name", "x", "--expires", "2026-02-30"], "no day"),
        (["keys", "rotate", "nobody"], "no key"),
        (["keys", "rotate", "nobody", "--overlap", "31d"], "30 days"),
        (["keys", "revoke", "nobody"], "no key"),
        (["budget", "set", "everybody", "--usd", "1"], "subject"),
        (["budget", "set", "all"], "say what to limit"),
        (["budget", "set", "all", "--images", "99999999999999999999"], "larger than any"),
        (["budget", "set", "all", "--usd", "1", "--zone", "Mars"], "time zone"),
        (["budget", "set", "key:nobody", "--usd", "1"], "no key"),
        (["budget", "override", "1", "--usd", "1", "--until", "1h"], "no limit 1"),
        (["budget", "override", "1", "--until", "1h"], "--usd"),
        (["budget", "remove", "99999999999999999999"], "9223372036854775807"),
    ],
)
def test_what_cannot_be_meant_is_one_line(served: Shell, arguments: list[str], words: str) -> None:
    """Exit code 2, nothing on standard output, nothing done."""
    done = served.run(*arguments)

    assert (done.code, done.out, len(done.error_lines)) == (2, "", 1), done.err
    assert words in done.err


def test_keys_are_those_of_the_server_without_a_token_too(alone: Shell) -> None:
    """The built-in simulator's work has a database of its own: a key made before serves it, and one made meanwhile."""
    before = told(alone, "keys", "create", "--name", "before")
    with _served(alone) as origin:
        meanwhile = told(alone, "keys", "create", "--name", "meanwhile", "--scopes", "admin")
        told(alone, "budget", "set", "key:before", "--usd", "0")

        def ask(key: dict[str, Any] | None, method: str, path: str, **options: Any) -> httpx2.Response:
            headers = {} if key is None else {"Authorization": f"Bearer {key['key']}"}
            return httpx2.request(method, origin + path, headers=headers, trust_env=False, **options)

        assert ask(None, "GET", "/api/generations").status_code == 401
        assert ask(before, "POST", "/api/generations", json={"prompt": "a boat"}).status_code == 402
        names = [one["name"] for one in ask(meanwhile, "GET", "/api/keys").json()["data"]]
        assert names == ["meanwhile", "before"]


def test_a_public_gateway_without_a_token_needs_a_key_from_the_first(alone: Shell) -> None:
    """Rule 21: a public URL ends protected mode, whatever upstream is."""
    alone.environment["TINTYPE_PUBLIC_URL"] = "https://tintype.example.com"
    with _served(alone) as origin:
        admin = {"name": "anybody", "scopes": ["admin"]}
        refused = httpx2.post(f"{origin}/api/keys", json=admin, trust_env=False)

    assert (refused.status_code, refused.json()["code"]) == (401, "key_missing")


@contextmanager
def _served(place: Shell) -> Iterator[str]:
    """A gateway without a token; gives its origin."""
    gateway = place.start("serve", "--port", "0")
    try:
        assert gateway.stdout
        origin = ""
        while not origin:
            line = gateway.stdout.readline()
            assert line, gateway.communicate()[1]
            origin = line.removeprefix("ready ").strip() if line.startswith("ready ") else ""
        yield origin
    finally:
        gateway.send_signal(signal.SIGTERM)
        gateway.communicate()


def test_usage_is_told_as_over_http(served: Shell) -> None:
    """By what one pleases, as JSON and CSV, of one key too; a key that there is not is refused."""
    made = served.run("generate", "a boat")

    by_tag = told(served, "usage", "--by", "tag")
    columns, *rows = served.run("usage", "--by", "model", "--csv").out.splitlines()
    told(served, "keys", "create", "--name", "shop")
    nobody = served.run("usage", "--key", "none")

    assert made.code == 0
    assert [(one["name"], one["succeeded"], one["images"]) for one in by_tag["data"]] == [("", 1, 1)]
    assert (columns.split(",")[0], len(rows)) == ("name", 1)
    assert told(served, "usage", "--key", "shop")["data"] == []
    assert (nobody.code, nobody.err.count("\n")) == (2, 1)
