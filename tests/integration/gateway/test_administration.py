"""Administration over HTTP: keys, budgets, usage, callbacks, the throttle and the record of all acts."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.integration.gateway.administering import admin, clients, here, server

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

__all__ = ["admin", "clients", "here", "server"]

WAIT = {"Prefer": "wait=60"}
BOAT = {"prompt": "a boat", "cache": "off"}


def test_a_key_is_made_with_its_limits_and_shown_once(here: Serving, admin: httpx2.Client) -> None:
    body = {
        "name": "shop",
        "models": ["flux-schnell"],
        "budget_usd": "0.000000001",
        "per": "day",
        "rate": "10/minute",
        "concurrent": 4,
        "video_seconds_per_day": 1.5,
        "expires_at": "2999-01-01T00:00:00Z",
    }

    made = admin.post("/api/keys", json=body)

    told = made.json()
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert told["models"] == ["black-forest-labs/flux-schnell"]
    assert told["hints"] == [told["key"][-4:]]
    assert {(one["measure"], one["period"], one["amount"]) for one in told["limits"]} == {
        ("money", "day", "0.000000001"),
        ("rate", "minute", "10"),
        ("concurrent", "total", "4"),
        ("video_seconds", "day", "1.5"),
    }
    shown = admin.get("/api/keys/shop").json()
    assert shown == {name: value for name, value in told.items() if name not in {"key", "warnings"}}
    assert told["key"] not in admin.get("/api/keys").text + admin.get("/api/audit").text
    with here.http(told["key"]) as http:
        refused = http.post("/api/generations", json=BOAT)
    assert (refused.status_code, refused.json()["free"]) == (402, "0.000000001")


def test_a_key_is_exchanged_and_revoked(here: Serving, admin: httpx2.Client) -> None:
    old = admin.post("/api/keys", json={"name": "turning"}).json()["key"]

    new = admin.post("/api/keys/turning/rotate", json={"overlap_s": 3600}).json()

    assert new["hints"] == [new["key"][-4:], old[-4:]]
    newest = admin.post(f"/api/keys/{new['id']}/rotate", json={"overlap_s": 0}).json()
    assert newest["hints"] == [newest["key"][-4:]]
    statuses = []
    for secret in (old, new["key"], newest["key"]):
        with here.http(secret) as http:
            statuses.append(http.get("/api/generations").status_code)
    assert statuses == [401, 401, 200]

    revoked = admin.post("/api/keys/turning/revoke")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    with here.http(newest["key"]) as http:
        assert http.get("/api/generations").status_code == 401
    assert admin.post(f"/api/keys/{new['id']}/revoke").status_code == 409
    assert admin.post("/api/keys/turning/rotate").status_code == 404


def test_a_name_that_is_taken_and_a_path_that_is_no_limit(admin: httpx2.Client) -> None:
    admin.post("/api/keys", json={"name": "twice"})

    taken = admin.post("/api/keys", json={"name": "twice"})
    unlike = admin.delete("/api/budgets/standing")

    unbudgeted = admin.post("/api/keys", json={"name": "free", "per": "day"})

    assert (unbudgeted.status_code, "budget_usd" in unbudgeted.json()["detail"]) == (422, True)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    assert (unlike.status_code, unlike.headers["allow"]) == (405, "GET, HEAD")


def test_keys_come_in_pages(admin: httpx2.Client) -> None:
    for number in range(3):
        admin.post("/api/keys", json={"name": f"page {number}"})

    names: list[str] = []
    page = admin.get("/api/keys", params={"limit": 2}).json()
    while page["next"] is not None:
        names += [one["name"] for one in page["data"]]
        page = admin.get("/api/keys", params={"limit": 2, "cursor": page["next"]}).json()
    names += [one["name"] for one in page["data"]]

    assert names[:3] == ["page 2", "page 1", "page 0"]
    assert len(names) == len(set(names))
    assert admin.get("/api/keys", params={"cursor": "x"}).status_code == 400


ROUTES = [
    ("GET", "/api/keys", None),
    ("POST", "/api/keys", {"name": "mine", "scopes": ["admin"]}),
    ("GET", "/api/keys/boss", None),
    ("POST", "/api/keys/boss/rotate", {}),
    ("POST", "/api/keys/boss/revoke", None),
    ("PUT", "/api/budgets", {"subject": "all", "amount": 1}),
    ("GET", "/api/budgets", None),
    ("GET", "/api/budgets/1", None),
    ("DELETE", "/api/budgets/1", None),
    ("PUT", "/api/budgets/1/override", {"amount": 9, "until": "2999-01-01T00:00:00Z"}),
    ("DELETE", "/api/budgets/1/override", None),
    ("GET", "/api/usage?key=boss", None),
    ("GET", "/api/deliveries?key=boss", None),
    ("GET", "/api/deliveries/msg_1?key=boss", None),
    ("POST", "/api/deliveries/msg_1/redeliver?key=boss", None),
    ("GET", "/api/throttle", None),
    ("POST", "/api/throttle/pause", {}),
    ("POST", "/api/throttle/resume", None),
    ("GET", "/api/audit", None),
]


def test_all_of_it_takes_an_administrator(clients: Any) -> None:
    """Who may generate and read changes nothing here, and sees nothing of others; whether a key exists is not told."""
    user = clients("plain", scopes=["generate", "read"])

    refused = [
        user.request(method, path, **({} if body is None else {"json": body}))
        for method, path, body in ROUTES
    ]
    unknown = user.get("/api/usage", params={"key": "nobody"})

    assert {(one.status_code, one.json()["scope"]) for one in (*refused, unknown)} == {(403, "admin")}


def test_a_reader_asks_for_nothing(clients: Any) -> None:
    """What sends or tells a secret takes the scope that makes."""
    reader = clients("reader", scopes=["read"])

    refused = [
        reader.post("/api/deliveries/test", json={"url": "https://app.example.com"}),
        reader.get("/api/deliveries/secret"),
        reader.post("/api/deliveries/secret/rotate"),
        reader.post("/api/deliveries/msg_1/redeliver"),
    ]

    assert {(one.status_code, one.json()["scope"]) for one in refused} == {(403, "generate")}
    assert reader.get("/api/deliveries").json() == {"data": [], "next": None}


def test_budgets_are_set_overridden_and_removed(admin: httpx2.Client, clients: Any) -> None:
    """Rule 12: what is set counts at once, an override for its time, and its end at once."""
    user = clients("saver")
    put = {"subject": "key:saver", "amount": "0.003", "period": "day", "zone": "Europe/Berlin"}
    limit = admin.put("/api/budgets", json=put).json()
    assert (limit["subject"], limit["amount"], limit["left"]) == ("key:saver", "0.003", "0.003")
    path = f"/api/budgets/{limit['id']}"

    assert user.post("/api/generations", json=BOAT, headers=WAIT).status_code == 200
    refused = user.post("/api/generations", json=BOAT)
    assert (refused.status_code, " for this API key has " in refused.json()["detail"]) == (402, True)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    over = admin.put(f"{path}/override", json={"amount": 0.006, "until": until}).json()
    assert (over["amount"], over["override_amount"], over["spent"], over["left"]) == (
        "0.003",
        "0.006",
        "0.003",
        "0.003",
    )
    assert user.post("/api/generations", json=BOAT, headers=WAIT).status_code == 200
    standing = user.get("/api/budgets/standing").json()
    assert [(one["scope"], one["amount"], one["left"]) for one in standing] == [("key", "0.006", "0.00")]

    ended = admin.delete(f"{path}/override").json()
    assert (ended["override_amount"], ended["left"]) == (None, "0.00")
    again = admin.put("/api/budgets", json={**put, "amount": "1"}).json()
    assert (again["id"], again["amount"]) == (limit["id"], "1.00")
    assert admin.delete(path).status_code == 204
    assert [admin.get(path).status_code, admin.delete(path).status_code] == [404, 404]
    assert admin.get("/api/budgets", params={"subject": "key:saver"}).json()["data"] == []


def test_each_end_user_has_a_share_of_the_default(admin: httpx2.Client, clients: Any) -> None:
    """Rule 12: `user:KEY/*` is a limit for every one, made when first met."""
    user = clients("family")
    default = admin.put("/api/budgets", json={"subject": "user:family/*", "amount": "0.003"}).json()

    told = [
        user.post("/api/generations", json={**BOAT, "user": name}).status_code
        for name in ("alice", "alice", "bob")
    ]

    assert told == [202, 402, 202]
    left = user.get("/api/budgets/standing", params={"user": "alice"}).json()
    assert [(one["scope"], one["left"]) for one in left] == [("user", "0.00")]
    assert user.get("/api/budgets/standing", params={"user": "carol"}).json()[0]["left"] == "0.003"
    admin.delete(f"/api/budgets/{default['id']}")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"amount": "0.0000000001"}, "nine decimals"),
        ({"amount": "1e999999999"}, "larger than any budget"),
        ({"amount": "NaN"}, "dollars"),
        ({"amount": -1}, "below 0"),
        ({"amount": True}, "amount"),
        ({"measure": "images", "amount": 1.5}, "no decimals"),
        ({"measure": "video_seconds", "amount": "0.0001"}, "3 decimals"),
        ({"period": "fortnight"}, "period"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"subject": "everybody"}, "subject"),
        ({"subject": "user:alice"}, "user:KEY/NAME"),
        ({"subjekt": "all"}, "did you mean 'subject'"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(
    admin: httpx2.Client, body: dict[str, Any], word: str
) -> None:
    refused = admin.put("/api/budgets", json={"subject": "all", "amount": 5, **body})

    assert refused.status_code == 422, refused.text
    assert word in json.dumps(refused.json(), ensure_ascii=False).replace("9 decimals", "nine decimals")
    assert admin.get("/api/budgets", params={"subject": "all"}).json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/keys/nobody/rotate", {"overlap_s": False}, "overlap_s"),
        ("POST", "/api/keys", {"name": "a", "expires_at": "0.5"}, "expires_at"),
        ("POST", "/api/keys", {"name": "a", "video_seconds_per_day": True}, "video_seconds_per_day"),
        ("PUT", "/api/budgets/1/override", {"amount": "5", "until": "0.5"}, "until"),
    ],
)
def test_what_only_looks_like_a_number_or_a_time_is_refused(
    admin: httpx2.Client, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    refused = admin.request(method, path, json=body)

    assert (refused.status_code, refused.json()["fields"][0]["field"].partition(".")[0]) == (422, field)


def test_usage_is_summed_up_by_anything(admin: httpx2.Client, clients: Any) -> None:
    """JSON and CSV say the same; a key sees its own, an administrator all."""
    one, other = clients("one"), clients("other")
    for user, tags in (("alice", ["spring", "=1+1"]), ("bob", ["spring"])):
        body = {**BOAT, "user": user, "project": "ads", "tags": tags}
        assert one.post("/api/generations", json=body, headers=WAIT).status_code == 200
    assert other.post("/api/generations", json=BOAT, headers=WAIT).status_code == 200

    def names(client: httpx2.Client, by: str, **params: str) -> dict[str, tuple[int, str]]:
        told = client.get("/api/usage", params={"by": by, **params})
        assert told.status_code == 200, told.text
        return {line["name"]: (line["images"], line["cost_usd"]) for line in told.json()["data"]}

    assert names(one, "user") == {"alice": (1, "0.003"), "bob": (1, "0.003")}
    assert names(one, "tag") == {"spring": (2, "0.006"), "=1+1": (1, "0.003")}
    assert names(one, "project") == {"ads": (2, "0.006")}
    assert names(one, "model") == {"black-forest-labs/flux-schnell": (2, "0.006")}
    assert names(one, "day") == {f"{datetime.now(UTC):%Y-%m-%d}": (2, "0.006")}
    assert one.get("/api/usage", params={"by": "tag"}).json()["total"]["cost_usd"] == "0.006"
    assert names(one, "user", until=f"{datetime.now(UTC):%Y-%m-%d}") == {}
    assert list(names(one, "key")) == [admin.get("/api/keys/one").json()["id"]]
    assert names(admin, "project", key="other") == {"": (1, "0.003")}
    everybody = admin.get("/api/usage", params={"by": "key", "since": "2020-01-01T00:00:00Z"}).json()
    assert {line["key_name"]: line["images"] for line in everybody["data"]}.items() >= {
        "one": 2,
        "other": 1,
    }.items()

    written = one.get("/api/usage", params={"by": "tag", "format": "csv"})
    assert written.headers["content-type"] == "text/csv; charset=utf-8"
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(written.text))}
    assert set(rows) == {"spring", "'=1+1"}
    assert (rows["spring"]["cost_usd"], rows["spring"]["images"], rows["spring"]["generations"]) == (
        "0.006",
        "2",
        "2",
    )


@pytest.mark.parametrize(
    "params",
    [
        {"by": "moon"},
        {"until": "0.5"},
        {"since": "86400"},
        {"since": "yesterday"},
        {"since": "2026-01-01T12:00:00"},
        {"format": "xml"},
    ],
)
def test_a_report_that_cannot_be_is_refused(admin: httpx2.Client, params: dict[str, str]) -> None:
    """A time without a zone would mean something else on each machine."""
    assert admin.get("/api/usage", params=params).status_code == 422


def test_upstreams_bill_is_not_the_callers(admin: httpx2.Client, clients: Any, here: Serving) -> None:
    """Rule 4: upstream wants money of the operator: that generation fails unpaid, the next are told to come later."""
    user = clients("billed")
    rule = {"on": "request", "method": "POST", "path": "/models/*/predictions", "do": "answer", "status": 402}
    here.simulator.faults([{**rule, "count": 1, "body": {"detail": "You have insufficient credit."}}])
    refused = user.post("/api/generations", json=BOAT, headers=WAIT).json()
    later = user.post("/api/generations", json=BOAT)

    here.simulator.clear_faults()
    lane = admin.get("/api/throttle").json()["lanes"][0]
    admin.post("/api/throttle/resume")
    again = user.post("/api/generations", json=BOAT, headers=WAIT).json()

    assert (refused["state"], refused["failure"]["code"]) == ("failed", "upstream_payment")
    assert (refused["cost_usd"], refused["held_usd"]) == ("0.00", "0.00")
    told = later.json()
    assert (later.status_code, told["code"]) == (503, "upstream_paused")
    assert int(later.headers["Retry-After"]) >= 1
    assert "credit" in told["detail"]
    assert lane["pause_reason"] == "upstream_payment"
    assert again["state"] == "succeeded"


def test_creates_are_paused_and_resumed(admin: httpx2.Client, clients: Any) -> None:
    """While they are, requests get 503 and nothing is held; what a worker gives back or ends does not end it."""
    user = clients("waiting")
    assert {one["lane"]: one["paused_until"] for one in admin.get("/api/throttle").json()["lanes"]} == {
        "creates": None,
        "calls": None,
    }

    paused = admin.post("/api/throttle/pause", json={"for_s": 600}).json()["lanes"][0]

    assert (paused["lane"], paused["pause_reason"]) == ("creates", "operator")
    refused = user.post("/api/generations", json=BOAT)
    assert (refused.status_code, refused.json()["code"]) == (503, "upstream_paused")
    assert 500 < int(refused.headers["retry-after"]) <= 600
    resumed = admin.post("/api/throttle/resume").json()["lanes"][0]
    assert (resumed["paused_until"], resumed["pause_reason"]) == (None, None)
    assert user.post("/api/generations", json=BOAT, headers=WAIT).json()["state"] == "succeeded"


def test_every_act_is_on_record(here: Serving, admin: httpx2.Client) -> None:
    """Those of the command line and of HTTP, with who did them; a refused act leaves no trace."""
    boss = admin.get("/api/keys/boss").json()["id"]
    limit = admin.put("/api/budgets", json={"subject": "project:kept", "amount": 1}).json()["id"]
    admin.put(f"/api/budgets/{limit}/override", json={"amount": 2, "until": "2999-01-01T00:00:00Z"})
    admin.delete(f"/api/budgets/{limit}/override")
    admin.delete(f"/api/budgets/{limit}")
    admin.put("/api/budgets", json={"subject": "project:kept", "amount": 1, "zone": "Nowhere"})
    assert here.run("budget", "set", "project:kept", "--usd", "3").returncode == 0
    assert here.run("budget", "remove", str(limit)).returncode != 0

    acts = [one for one in admin.get("/api/audit").json()["data"] if one["subject"] == "project:kept"]

    assert [(one["action"], one["by"]) for one in acts] == [
        ("budget.set", "local"),
        ("budget.remove", boss),
        ("budget.end_override", boss),
        ("budget.override", boss),
        ("budget.set", boss),
    ]
    assert acts[-1]["facts"] == {"measure": "money", "period": "total", "amount": "1.00", "zone": "UTC"}
    first = admin.get("/api/audit", params={"limit": 1}).json()
    second = admin.get("/api/audit", params={"limit": 1, "cursor": first["next"]}).json()
    assert second["data"][0]["id"] < first["data"][0]["id"]
    assert admin.get("/api/audit", params={"cursor": "x"}).status_code == 400


def test_an_act_that_fails_is_not_done(admin: httpx2.Client, here: Serving) -> None:
    """Key, limits and record are one transaction: where one cannot be written none is."""
    refused = admin.post("/api/keys", json={"name": "half", "rate": "10/fortnight"})

    assert refused.status_code == 422
    with psycopg.connect(here.database_url) as look:
        assert look.execute("SELECT count(*) FROM keys WHERE name = 'half'").fetchone() == (0,)
