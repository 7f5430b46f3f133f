"""Batches over HTTP: rows as JSON or as a file, how they stand, their reports; what is wrong is told by line."""

from __future__ import annotations

import base64
import csv
import io
import json
from concurrent import futures
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

BATCH = {"prompt": "a {color} boat", "model": "flux-schnell"}


def ended(http: httpx2.Client, batch: dict[str, Any]) -> dict[str, Any]:
    """Wait until nothing of a batch goes on."""
    found: dict[str, Any] = batch
    while found["finished_at"] is None:
        found = http.get(f"/api/batches/{batch['id']}").json()
    return found


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Rows, of which two are equal and one is broken."""
    return [{"color": "red"}, {"color": "blue", "n": 2}, {"color": "red"}, {"n": 1}]


def test_rows_are_made_within_a_budget(http: httpx2.Client, rows: list[dict[str, Any]]) -> None:
    asked = http.post("/api/batches", json={**BATCH, "rows": rows, "budget_usd": "0.0089", "name": "boats"})
    stopped = ended(http, asked.json())
    resumed = http.post(f"/api/batches/{stopped['id']}/resume", json={"budget_usd": "0.009"})
    made = ended(http, resumed.json())
    listed = http.get(f"/api/batches/{made['id']}/rows").json()["data"]

    assert (asked.status_code, asked.json()["calls"]) == (202, 2)
    assert asked.json()["broken"] == [
        {
            "row": 4,
            "line": 4,
            "column": "color",
            "message": "the template names 'color', which this row does not have",
        }
    ]
    assert (stopped["state"], stopped["cost_usd"], stopped["left_usd"]) == ("stopped", "0.003", "0.0059")
    assert (stopped["rows"]["succeeded"], stopped["rows"]["undone"], stopped["rows"]["broken"]) == (2, 1, 1)
    assert resumed.status_code == 202
    assert (made["state"], made["cost_usd"], made["held_usd"]) == ("ended", "0.009", "0.00")
    assert [one["state"] for one in listed] == ["succeeded", "succeeded", "succeeded", "broken"]
    assert [len(one["outputs"]) for one in listed] == [1, 2, 1, 0]
    assert (listed[2]["same_as"], listed[2]["cost_usd"]) == (1, "0.00")
    assert listed[2]["outputs"] == listed[0]["outputs"]
    assert http.get(listed[0]["outputs"][0]["url"]).headers["content-type"] == "image/webp"
    page = http.get("/api/batches", params={"limit": 1}).json()
    assert [one["id"] for one in page["data"]] == [made["id"]]
    few = http.get(
        f"/api/batches/{made['id']}/rows", params={"after": 1, "limit": 2, "state": "succeeded"}
    ).json()
    assert ([one["row"] for one in few["data"]], few["next"]) == ([2, 3], 3)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", b"color,n\n=red,1\nblue,x\n"),
        ("rows.jsonl", b'{"color": "=red", "n": 1}\n{"color": "blue", "n": "x"}\n'),
    ],
)
def test_rows_come_as_a_file_and_are_reported(http: httpx2.Client, name: str, content: bytes) -> None:
    asked = http.post(
        "/api/batches/file",
        files={"content": (name, content)},
        data={"metadata": json.dumps(BATCH)},
        headers={"Idempotency-Key": name},
    )
    assert asked.status_code == 202, asked.text
    made = ended(http, asked.json())
    report = f"/api/batches/{made['id']}/report"
    as_csv = list(csv.DictReader(io.StringIO(http.get(report, params={"format": "csv"}).text)))
    as_json = http.get(report).json()
    sheet = http.get(report, params={"format": "png"})

    line = 3 if name.endswith("csv") else 2
    assert [(one["line"], one["column"]) for one in made["broken"]] == [(line, "n")]
    assert [one["state"] for one in as_csv] == ["succeeded", "broken"]
    assert as_json["batch"]["id"] == made["id"]
    assert as_json["rows"][0]["outputs"] == as_csv[0]["outputs"].split()
    assert sheet.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(sheet.content)) as picture:
        assert picture.size == (2 * 168 + 8, 184 + 8)


def test_what_is_billed_by_its_size_is_given_to_a_row_as_a_file(http: httpx2.Client) -> None:
    """Nothing is fetched while a batch is bought, so that the row says what to do."""
    file = io.BytesIO()
    Image.new("1", (6000, 6000)).save(file, "PNG")
    given = [
        "https://example.com/a.png",
        f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}",
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>",
        f"tintype:sha256:{'0' * 64}",
    ]
    rows = [{"input_images": json.dumps([one])} for one in given]
    asked = {"prompt": "a boat", "model": "flux-2-pro", "rows": rows}

    made = ended(http, http.post("/api/batches", json=asked).json())
    listed = http.get(f"/api/batches/{made['id']}/rows").json()["data"]
    dear = http.post("/api/batches", json={**asked, "max_usd": "0.54"}).json()

    assert [one["state"] for one in listed] == ["broken", "succeeded", "broken", "broken"]
    assert [one["column"] for one in made["broken"]] == ["input_images"] * 3
    assert "upload it" in str(listed[0])
    assert listed[1]["cost_usd"] == "0.54495"
    assert "may cost $0.54495" in str(dear["broken"])


def test_a_name_is_one_for_batches_and_all_else(http: httpx2.Client, here: Serving) -> None:
    """Rule 8: a key that names a batch buys no generation and the other way round, also asked for at once."""
    sent: dict[str, tuple[str, dict[str, Any]]] = {
        "batch": ("/api/batches", {**BATCH, "rows": [{"color": "red"}, {"color": "n"}]}),
        "generation": ("/api/generations", {"prompt": "a boat", "model": "flux-schnell"}),
    }

    def ask(what: str, name: str) -> httpx2.Response:
        path, body = sent[what]
        return http.post(path, json=body, headers={"Idempotency-Key": name})

    first = [ask("batch", "b"), ask("generation", "g")]
    again = [ask("batch", "b"), ask("generation", "g")]
    across = [ask("generation", "b"), ask("batch", "g")]
    names = [f"race {number}" for number in range(8)]
    with futures.ThreadPoolExecutor(8) as pool:
        raced = list(pool.map(ask, ["batch", "generation", "batch", "generation"] * 8, sorted(names * 4)))

    assert [one.status_code for one in first] == [202, 202]
    assert [one.headers["location"] for one in (first[0], again[0])] == [
        f"{here.origin}/api/batches/{first[0].json()['id']}"
    ] * 2
    assert [one.headers.get("idempotency-replayed") for one in first + again] == [None, None, "true", "true"]
    assert [one.json()["id"] for one in again] == [one.json()["id"] for one in first]
    assert [(one.status_code, one.json()["code"]) for one in across] == [(409, "idempotency_conflict")] * 2
    for path in ("/api/batches", "/api/batches/file"):
        stated = http.get("/openapi.json").json()["paths"][path]["post"]["responses"]["202"]["headers"]
        assert {"Location", "Idempotency-Replayed"} <= set(stated)
    for place in range(0, len(raced), 4):
        four = raced[place : place + 4]
        assert sorted(one.status_code for one in four) == [202, 202, 409, 409]
        assert len({one.json()["id"] for one in four if one.status_code == 202}) == 1


def test_a_batch_is_canceled(http: httpx2.Client) -> None:
    """What runs is ended, and nothing more is bought."""
    rows = [{"color": f"[[delay=30]] {number}"} for number in range(3)]
    batch = http.post("/api/batches", json={**BATCH, "rows": rows}).json()

    canceled = http.post(f"/api/batches/{batch['id']}/cancel").json()

    found = ended(http, canceled)
    assert (canceled["state"], found["cost_usd"], found["rows"]["succeeded"]) == ("canceled", "0.00", 0)
    assert (found["rows"]["failed"], found["rows"]["canceled"] + found["rows"]["undone"]) == (
        0,
        found["rows"]["total"],
    )


def test_what_failed_of_a_batch_is_bought_by_the_batch_alone(http: httpx2.Client) -> None:
    """Rule 10: repeated by itself it would be paid beside the batch's budget, and a second time by its resume."""
    rows = [{"color": "[[fail=no]] red"}]
    made = ended(http, http.post("/api/batches", json={**BATCH, "rows": rows}).json())
    (row,) = http.get(f"/api/batches/{made['id']}/rows").json()["data"]
    (ident,) = row["generations"]

    refused = http.post(f"/api/generations/{ident}/retry")
    again = ended(http, http.post(f"/api/batches/{made['id']}/resume").json())
    past = http.post(f"/api/generations/{ident}/retry")

    assert (row["state"], again["rows"]["failed"]) == ("failed", 1)
    for one in (refused, past):
        assert (one.status_code, made["id"] in one.json()["detail"]) == (409, True)


def test_a_row_that_cannot_be_kept_keeps_none_of_the_others(http: httpx2.Client) -> None:
    """Odd names and models are those of that row; the model is one that the catalogue does not know."""
    rows = [
        {"prompt": "a boat"},
        {"prompt": "a", "model": "a/b", "x\0": 1},
        {"prompt": "a", "model": "a/b\0"},
    ]
    files = {"content": ("rows.jsonl", "\n".join(map(json.dumps, rows)).encode())}

    taken = http.post("/api/batches/file", files=files, data={"metadata": '{"model": "flux-schnell"}'})

    assert taken.status_code == 202, taken.text
    assert [one["line"] for one in taken.json()["broken"]] == [2, 3]
    assert ended(http, taken.json())["rows"]["succeeded"] == 1


@pytest.mark.parametrize(("cache", "bought"), [("off", 2), ("seeded", 2), ("always", 1)])
def test_a_later_batch_is_answered_by_an_earlier_one_as_stated(
    http: httpx2.Client, cache: str, bought: int
) -> None:
    body = {**BATCH, "rows": [{"color": f"{cache} red"}], "cache": cache}
    costs = [ended(http, http.post("/api/batches", json=body).json())["cost_usd"] for _ in range(2)]

    assert sum(map(Decimal, costs)) == bought * Decimal("0.003")


def test_pictures_stand_in_rows_as_data(http: httpx2.Client) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(picture, "PNG")
    data = f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"
    rows = [{"image": data}, {"image": "/etc/hostname"}, {"image": data}, {"image": "data:"}]
    rows.append({"image": f"tintype:sha256:{'0' * 64}"})

    done = ended(http, http.post("/api/batches", json={"rows": rows, "model": "real_esrgan"}).json())
    told = http.get(f"/api/batches/{done['id']}/rows").json()["data"]

    assert [(one["state"], one["same_as"]) for one in told] == [
        ("succeeded", None),
        ("broken", None),
        ("succeeded", 1),
        ("broken", None),
        ("broken", None),
    ]
    assert [(one["column"], one["message"][:29]) for one in done["broken"][:2]] == [
        ("image", "a file is given by its addres"),
        ("image", "a data URI of the input has n"),
    ]
    assert told[0]["outputs"][0]["width"] == 128


def test_models_are_chosen_row_by_row(http: httpx2.Client) -> None:
    """Equal prompts choose alike and are bought once; nothing dearer than stated is."""
    rows = [{"prompt": "a boat"}, {"prompt": 'a sign that says "AHOY"'}, {"prompt": "a boat"}]

    asked = http.post("/api/batches", json={"rows": rows, "mode": "auto", "max_usd": "0.035"})
    done = ended(http, asked.json())
    told = http.get(f"/api/batches/{done['id']}/rows").json()["data"]

    assert done["rows"]["succeeded"] == 3
    assert [one["same_as"] for one in told] == [None, None, 1]
    assert all("is expected to be liked" in one["reasons"][1] for one in told)
    assert all(one["model"] in one["reasons"][1] for one in told)
    assert all(Decimal(one["cost_usd"]) <= Decimal("0.035") for one in told)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"rows": []}, 422, "rows"),
        ({"rows": [{}], "prompt": "a { boat"}, 422, "stands alone"),
        ({"rows": [{}], "prompt": "a", "model": "flux-dev", "mode": "proof"}, 422, "not both"),
        ({"rows": [{}], "budget": 1}, 422, "budget_usd"),
        ({"rows": [{}], "budget_usd": True}, 422, "budget_usd"),
        ({"rows": [{}], "max_usd": "0"}, 422, "the most it may cost"),
        ({"rows": [{}], "metadata": {"a": "x" * 5000}}, 422, "metadata"),
    ],
)
def test_what_no_row_can_come_of_is_refused(
    http: httpx2.Client, body: dict[str, Any], status: int, told: str
) -> None:
    before = http.get("/api/batches").json()["data"]

    refused = http.post("/api/batches", json=body)

    assert (refused.status_code, told in refused.text) == (status, True)
    assert http.get("/api/batches").json()["data"] == before


def test_a_file_that_cannot_be_read_is_refused(http: httpx2.Client) -> None:
    files = {
        "rows.xlsx": (b"a\n1\n", "neither .csv nor .jsonl"),
        "empty.csv": (b"", "the file is empty"),
        "twice.csv": (b"a,a\n1,2\n", "twice"),
    }
    found = {
        name: http.post("/api/batches/file", files={"content": (name, content)})
        for name, (content, _) in files.items()
    }
    unread = http.post(
        "/api/batches/file", files={"content": ("a.csv", b"a\n1\n")}, data={"metadata": '{"budget": 1}'}
    )

    assert {name: answer.status_code for name, answer in found.items()} == dict.fromkeys(files, 422)
    assert all(told in found[name].text for name, (_, told) in files.items())
    assert (unread.status_code, "budget" in unread.text) == (422, True)
