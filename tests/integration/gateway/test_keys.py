"""API keys: from the first one on nobody passes without; scopes, models, expiry, exchange and revocation hold."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.integration.core.conftest import server
from tests.integration.gateway import serving
from tintype import testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

__all__ = ["server"]

PATH = "/api/generations"
BODY = {"prompt": "a lighthouse"}
REPLICATE = {"input": {"prompt": "a pier"}}


@pytest.fixture(scope="module")
def here(server: embedded.Server) -> Iterator[Serving]:
    """A gateway with keys."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream) as made,
    ):
        yield made


def make(here: Serving, *options: str) -> dict[str, Any]:
    """Make a key by the command line while the gateway runs."""
    done = here.run("keys", "create", "--json", *options)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def eventually(look: Callable[[], int], wanted: int) -> bool:
    """Look again and again for as long as what was found before may be believed."""
    end = time.monotonic() + 2
    while look() != wanted:
        if time.monotonic() > end:
            return False
    return True


def status(here: Serving, key: str | None, method: str = "GET", **options: Any) -> int:
    """Return the status of a request with a key."""
    with here.http(key) as http:
        return http.request(method, PATH, **options).status_code


def test_the_first_key_ends_protected_mode(here: Serving) -> None:
    """Rule 21: with a running gateway, and for good."""
    assert status(here, None) == 200

    key = make(here, "--name", "first")
    assert eventually(lambda: status(here, None), 401)
    assert status(here, key["key"]) == 200

    here.run("keys", "revoke", "first")
    assert eventually(lambda: status(here, key["key"]), 401)
    assert status(here, None) == 401


def test_a_scope_that_is_lacking_is_a_403(here: Serving) -> None:
    reader = make(here, "--name", "reader", "--scopes", "read")["key"]

    assert status(here, reader) == 200
    with here.http(reader) as http:
        refused = http.post(PATH, json=BODY)
    assert (refused.status_code, refused.json()["code"], refused.json()["scope"]) == (
        403,
        "not_allowed",
        "generate",
    )


def test_another_model_is_a_403(here: Serving) -> None:
    key = make(here, "--name", "only", "--models", "flux-schnell")["key"]

    with here.http(key) as http:
        allowed = http.post(PATH, json=BODY)
        refused = http.post(PATH, json={**BODY, "model": "imagen4_ultra"})

    assert (allowed.status_code, refused.status_code) == (202, 403)
    assert refused.json()["code"] == "model_not_allowed"


def test_an_exchanged_secret_counts_for_a_while(here: Serving) -> None:
    """Rotation with an overlap: both count; without one, the old is refused."""
    old = make(here, "--name", "turning")["key"]
    new = json.loads(here.run("keys", "rotate", "turning", "--overlap", "1h", "--json").stdout)["key"]
    assert (status(here, old), status(here, new)) == (200, 200)

    newest = json.loads(here.run("keys", "rotate", "turning", "--overlap", "0s", "--json").stdout)["key"]

    assert eventually(lambda: status(here, new), 401)
    assert (status(here, old), status(here, newest)) == (401, 200)


def test_an_expired_key_is_refused_and_its_work_goes_on(here: Serving) -> None:
    key = make(here, "--name", "short", "--expires", "1h")
    with here.http(key["key"]) as http, psycopg.connect(here.database_url, autocommit=True) as look:
        asked = http.post(PATH, json={"prompt": "[[delay=1]] a boat"})
        assert asked.status_code == 202
        # The hour is over.
        look.execute("UPDATE keys SET expires_at = now() WHERE id = %s", [key["id"]])
        assert eventually(lambda: http.get(PATH).status_code, 401)

        state = "queued"
        while state not in {"succeeded", "failed"}:
            found = look.execute(
                "SELECT state FROM generations WHERE id = %s", [asked.json()["id"]]
            ).fetchone()
            assert found is not None
            state = found[0]
    assert state == "succeeded"


def test_limits_given_with_a_key_hold(here: Serving) -> None:
    """Money used up is 402, pace and work at once 429 with Retry-After; how the pace stands, each answer says."""
    poor = make(here, "--name", "poor", "--budget-usd", "0.005", "--per", "day")["key"]
    slow = make(here, "--name", "slow", "--rate", "1/hour")["key"]

    with here.http(poor) as http:
        first, second = (http.post(PATH, json=BODY) for _ in range(2))
    with here.http(slow) as http:
        third, fourth = (http.post(PATH, json=BODY) for _ in range(2))

    assert (first.status_code, second.status_code, second.json()["code"]) == (202, 402, "budget_exceeded")
    assert (second.json()["free"], second.json()["asked"]) == ("0.002", "0.003")
    assert (third.status_code, fourth.status_code, fourth.json()["code"]) == (202, 429, "limit_reached")
    assert 0 < int(fourth.headers["retry-after"]) <= 3600
    for each in (third, fourth):
        told = {name: each.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")}
        assert (told, int(each.headers["X-RateLimit-Reset"]) > time.time()) == (
            {"Limit": "1", "Remaining": "0"},
            True,
        )


def test_what_is_left_of_a_pace_is_told_in_every_dialect_and_to_those_admitted_together(
    here: Serving,
) -> None:
    """With each create that a rate counted, whoever else asks at the same time; without a rate, nothing is told."""
    paced = make(here, "--name", "paced", "--rate", "9/day")["key"]
    free = make(here, "--name", "free")["key"]

    def ask(http: httpx2.Client) -> httpx2.Response:
        return http.post(PATH, json=BODY)

    with here.http(paced) as http, here.http(free) as other, ThreadPoolExecutor(8) as pool:
        one = http.post("/replicate/v1/models/black-forest-labs/flux-schnell/predictions", json=REPLICATE)
        two = http.post("/api/orders", json={"generations": [BODY]})
        three = http.post("/openai/v1/images/generations", json={"prompt": "a buoy"})
        together = [*pool.map(ask, [http] * 6), ask(other)]

    assert [each.status_code for each in (one, two, three, *together)] == [201, 202, 200, *[202] * 7]
    assert [each.headers["X-RateLimit-Remaining"] for each in (one, two, three)] == ["8", "7", "6"]
    assert {each.headers["X-RateLimit-Limit"] for each in together[:6]} == {"9"}
    left = [int(each.headers["X-RateLimit-Remaining"]) for each in together[:6]]
    assert (min(left), max(left) <= 5) == (0, True)
    assert not {name for name in together[6].headers if name.startswith("x-ratelimit")}


def test_another_keys_work_is_not_there(here: Serving) -> None:
    """Rule 22."""
    one, two = make(here, "--name", "one")["key"], make(here, "--name", "two")["key"]
    with here.http(one) as http:
        ident = http.post(PATH, json=BODY).json()["id"]

    with here.http(two) as http:
        assert http.get(f"{PATH}/{ident}").status_code == 404
        assert http.post(f"{PATH}/{ident}/cancel").status_code == 404
        assert ident not in [one["id"] for one in http.get(PATH).json()["data"]]


@pytest.mark.parametrize("field", ["user", "project", "callback_url"])
def test_a_key_is_not_taken_for_anything_else(here: Serving, field: str) -> None:
    """Rule 23: neither sent on nor kept, whatever it is given as."""
    key = make(here, "--name", f"mistaken for {field}")["key"]
    value = f"https://example.com/{key}" if field == "callback_url" else key

    with here.http(key) as http:
        refused = http.post(PATH, json={**BODY, field: value})
        batch = http.post("/api/batches", json={"rows": [{"prompt": "a"}], "user": key})

    assert (refused.status_code, "your own key" in refused.json()["detail"]) == (422, True)
    assert key not in refused.text
    assert batch.status_code == 422


def test_only_hashes_are_kept(here: Serving) -> None:
    secret = make(here, "--name", "hashed")["key"]

    with psycopg.connect(here.database_url) as look:
        rows = look.execute(
            "SELECT k::text, s::text FROM keys AS k JOIN key_secrets AS s ON s.key_id = k.id"
        ).fetchall()
        acts = look.execute("SELECT action, facts::text FROM audit").fetchall()

    assert secret not in str(rows) + str(acts)
    assert "key.create" in {action for action, _ in acts}
    assert secret not in here.log.read_text()


def test_an_address_that_guesses_has_to_wait(here: Serving) -> None:
    # Together, so that all come within the minute on any machine.
    with ThreadPoolExecutor(8) as threads:
        guesses = list(threads.map(lambda number: status(here, f"tt_{number:043d}"), range(60)))

    assert set(guesses[:20]) == {401}
    assert guesses[-1] == 429


def test_a_model_that_nobody_knows_is_told_when_a_key_is_made_for_it(here: Serving) -> None:
    """It may be one's own, or a deployment; a misspelt one would make a key that can do nothing."""
    wrong, own = "black-forest-labs/flux-schnel", "acme/fox"
    done = here.run("keys", "create", "--name", "warned", "--models", f"flux-schnell,{wrong},{own}", "--json")
    told = json.loads(done.stdout)
    boss = make(here, "--name", "boss of warnings", "--scopes", "admin")["key"]
    with here.http(boss) as http:
        again = http.post("/api/keys", json={"name": "warned too", "models": [wrong]})
        refused = http.post("/api/keys", json={"name": "refused", "models": ["flux_shnell"]})

    assert told["models"] == ["black-forest-labs/flux-schnell", wrong, own]
    assert ["flux-schnell" in one for one in told["warnings"]] == [True, False]
    assert [line.partition(" is not")[0] for line in done.stderr.splitlines()] == [f"'{wrong}'", f"'{own}'"]
    assert (again.status_code, again.json()["warnings"]) == (201, told["warnings"][:1])
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_model")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--name", "a/b"], "slash"),
        (["--name", "x", "--scopes", "everything"], "no scope"),
        (["--name", "x", "--rate", "10"], "10/minute"),
        (["--name", "x", "--budget-usd", "0.0000000001"], "decimals"),
        (["--name", "x", "--per", "fortnight", "--budget-usd", "1"], "period"),
        (["--name", "x", "--per", "day"], "--budget-usd"),
        (["--name", "x", "--expires", "1999-01-01"], "to come"),
        (["--name", "x", "--expires", "yesterday"], "no day like"),
        (["--name", "x", "--models", "flux_shnell"], "did you mean"),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused(here: Serving, options: list[str], words: str) -> None:
    done = here.run("keys", "create", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
