"""Replicate's own API in front of the core: predictions created, waited for, listed, cancelled."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

    from tests.integration.gateway.serving import Serving

BASE = "/replicate/v1"
FLUX = f"{BASE}/models/black-forest-labs/flux-schnell/predictions"
KONTEXT = f"{BASE}/models/black-forest-labs/flux-kontext-pro/predictions"
SDXL = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
WAIT = {"Prefer": "wait=30"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_an_official_model_is_run(http: httpx2.Client, here: Serving) -> None:
    """201 with a prediction that starts; with `Prefer: wait` as it has ended, with outputs of ours."""
    body = {"input": {"prompt": "a lighthouse", "nonsense": 1}}

    asked = http.post(FLUX, json=body)
    waited = http.post(FLUX, json=body, headers=WAIT)

    assert (asked.status_code, asked.json()["status"]) == (201, "starting")
    assert asked.json()["input"] == body["input"]
    assert asked.headers["location"] == asked.json()["urls"]["get"]
    assert (waited.status_code, waited.headers["preference-applied"]) == (201, "wait=30")
    made = waited.json()
    assert (made["status"], made["version"]) == ("succeeded", "hidden")
    assert made["model"] == "black-forest-labs/flux-schnell"
    assert made["metrics"]["predict_time"] >= 0
    (output,) = made["output"]
    assert output.startswith(f"{here.origin}/media/{made['id']}/0/")
    assert http.get(output).content[:4] == b"RIFF"
    assert made["urls"]["get"] == f"{here.origin}{BASE}/predictions/{made['id']}"
    assert http.get(made["urls"]["get"]).json() == made


def test_every_path_is_there_without_v1(http: httpx2.Client) -> None:
    asked = http.post(FLUX.replace("/v1", ""), json={"input": {"prompt": "a boat"}}).json()

    assert http.get(f"/replicate/predictions/{asked['id']}").json()["id"] == asked["id"]


def test_a_wait_that_is_over_answers_starting(http: httpx2.Client) -> None:
    """Official clients take any other status for the end."""
    body = {"input": {"prompt": "[[delay=30]] a lighthouse"}}

    asked = http.post(FLUX, json=body, headers={"Prefer": "wait=1"})

    assert (asked.status_code, asked.json()["status"]) == (201, "starting")
    assert asked.headers["preference-applied"] == "wait=1"
    assert http.post(f"{BASE}/predictions/{asked.json()['id']}/cancel").json()["status"] == "canceled"


@pytest.mark.parametrize("prefer", ["wait=0", "wait=61", "respond-async", "wait=ten"])
def test_a_preference_that_is_not_understood_is_ignored(http: httpx2.Client, prefer: str) -> None:
    asked = http.post(FLUX, json={"input": {"prompt": "a boat"}}, headers={"Prefer": prefer})

    assert asked.status_code == 201
    assert "preference-applied" not in asked.headers


def test_a_version_is_run_as_it_is_named(http: httpx2.Client) -> None:
    """By its id, by model and id, and an official model by its name."""
    given = {"input": {"prompt": "a boat"}}
    names = (SDXL, f"stability-ai/sdxl:{SDXL}", "black-forest-labs/flux-schnell")

    made = [
        http.post(f"{BASE}/predictions", json={"version": name, **given}, headers=WAIT).json()
        for name in names
    ]

    assert [one["status"] for one in made] == ["succeeded"] * 3
    assert [(one["model"], one["version"]) for one in made] == [
        ("stability-ai/sdxl", SDXL),
        ("stability-ai/sdxl", SDXL),
        ("black-forest-labs/flux-schnell", "hidden"),
    ]


@pytest.mark.parametrize(
    "version", ["ab" * 32, f"stability-ai/sdxl:{'ab' * 32}", f"cjwbw/rembg:{SDXL}", "stability-ai/sdxl", "x"]
)
def test_a_version_that_was_never_seen_is_refused_in_replicates_words(
    http: httpx2.Client, here: Serving, version: str
) -> None:
    """Rule 27: nothing is held for it."""
    before = _count(http)

    refused = http.post(f"{BASE}/predictions", json={"version": version, "input": {"prompt": "a boat"}})

    assert refused.status_code == 422
    assert refused.json() == {
        "title": "Invalid version or not permitted",
        "detail": "The specified version does not exist (or perhaps you don't have permission to use it?)",
        "status": 422,
    }
    assert _count(http) == before


@pytest.mark.parametrize("slug", ["nobody/nothing", "stability-ai/sdxl"])
def test_a_model_that_nobody_knows_is_404(http: httpx2.Client, slug: str) -> None:
    """So is one that is run by its versions only, as upstream has it."""
    refused = http.post(f"{BASE}/models/{slug}/predictions", json={"input": {"prompt": "a boat"}})

    assert refused.status_code == 404
    assert refused.json() == {"detail": "The requested resource could not be found.", "status": 404}


def test_an_input_that_does_not_suit_is_told_by_field(http: httpx2.Client) -> None:
    given = {"num_outputs": 9, "seed": "red", "output_format": "tiff", "go_fast": 1, "what": None}

    refused = http.post(FLUX, json={"input": given})

    assert refused.status_code == 422
    told = refused.json()
    assert told["title"] == "Input validation failed"
    assert {(one["type"], one["field"]) for one in told["invalid_fields"]} == {
        ("required", "input"),
        ("number_lte", "input.num_outputs"),
        ("invalid_type", "input.seed"),
        ("enum", "input.output_format"),
        ("invalid_type", "input.go_fast"),
    }
    assert "- input: prompt is required\n" in told["detail"]
    assert "- input.num_outputs: Must be less than or equal to 4\n" in told["detail"]
    assert 'output_format must be one of the following: "webp", "jpg", "png"' in told["detail"]


@pytest.mark.parametrize(
    ("body", "field", "kind"),
    [
        ({}, "", "required"),
        ({"input": []}, "input", "invalid_type"),
        ({"input": {"prompt": "a"}, "model": "x"}, "", "additional_property_not_allowed"),
        ({"input": {"prompt": "a"}, "version": SDXL}, "", "additional_property_not_allowed"),
        ({"input": {"prompt": "a"}, "webhook": "no url"}, "webhook", "format"),
        ({"input": {"prompt": "a"}, "webhook": 7}, "webhook", "invalid_type"),
        ({"input": {"prompt": "a"}, "webhook_events_filter": ["end"]}, "webhook_events_filter.0", "enum"),
        ({"input": {"prompt": "a"}, "stream": "yes"}, "stream", "invalid_type"),
    ],
)
def test_a_body_that_does_not_suit_is_told_by_field(
    http: httpx2.Client, body: dict[str, Any], field: str, kind: str
) -> None:
    refused = http.post(FLUX, json=body)

    assert refused.status_code == 422
    assert (field, kind) in {(one["field"], one["type"]) for one in refused.json()["invalid_fields"]}


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 422), (b'{"input": NaN}', 422), (b'{"input": {"prompt": "\\u0000"}}', 422)],
)
def test_a_body_that_means_nothing_is_refused(http: httpx2.Client, content: bytes, status: int) -> None:
    refused = http.post(FLUX, content=content, headers={"Content-Type": "application/json"})

    assert refused.status_code == refused.json()["status"] == status


def test_a_whole_number_may_be_written_as_a_fraction(http: httpx2.Client) -> None:
    made = http.post(FLUX, json={"input": {"prompt": "a boat", "num_outputs": 2.0}}, headers=WAIT).json()

    assert len(made["output"]) == 2


@pytest.mark.parametrize(("stated", "seconds"), [("90", 90), ("5m", 300), ("1h30m45s", 1800)])
def test_a_deadline_is_told(http: httpx2.Client, stated: str, seconds: int) -> None:
    """Upstream ends every run after half an hour, so nobody waits for longer."""
    asked = http.post(FLUX, json={"input": {"prompt": "a boat"}}, headers={"Cancel-After": stated}).json()

    left = datetime.fromisoformat(asked["deadline"]) - datetime.fromisoformat(asked["created_at"])
    assert abs(left.total_seconds() - seconds) < 0.1


@pytest.mark.parametrize("stated", ["4", "soon", "25h", ""])
def test_a_deadline_that_is_none_is_refused(http: httpx2.Client, stated: str) -> None:
    refused = http.post(FLUX, json={"input": {"prompt": "a boat"}}, headers={"Cancel-After": stated})

    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("Cancel-After")


def test_a_failure_is_told_in_upstreams_words(http: httpx2.Client) -> None:
    """It was admitted, so it is no failure of the request."""
    body = {"input": {"prompt": "[[fail=the paint ran out]] a boat"}}

    made = http.post(FLUX, json=body, headers=WAIT)

    assert (made.status_code, made.json()["status"]) == (201, "failed")
    assert made.json()["error"] == "the paint ran out"
    assert made.json()["output"] is None


def test_one_file_is_no_list(http: httpx2.Client, here: Serving) -> None:
    """Outputs come in upstream's shape; a data URI of the input is kept, and told as an address of ours."""
    picture = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    body = {"input": {"prompt": "make it red", "input_image": picture}}

    made = http.post(KONTEXT, json=body, headers=WAIT).json()

    assert made["status"] == "succeeded"
    assert made["output"].startswith(f"{here.origin}/media/")
    assert made["input"]["input_image"].startswith(f"{here.origin}{BASE}/files/")


def test_text_is_told_in_pieces(http: httpx2.Client) -> None:
    body = {"input": {"prompt": "a boat"}}

    made = http.post(f"{BASE}/models/meta/meta-llama-3-8b-instruct/predictions", json=body, headers=WAIT)

    assert made.json()["status"] == "succeeded"
    assert len(made.json()["output"]) > 3
    assert "/streams/" in made.json()["urls"]["stream"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cursor": "x"}, 400),
        ({"source": "api"}, 422),
        ({"created_after": "soon"}, 422),
        ({"created_before": "-3e-24"}, 422),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(
    http: httpx2.Client, query: dict[str, str], status: int
) -> None:
    refused = http.get(f"{BASE}/predictions", params=query)

    assert refused.status_code == refused.json()["status"] == status


def test_a_list_may_begin_before_all_time_and_end_after_it(http: httpx2.Client) -> None:
    """Also by the clock of another zone."""
    times = {"created_after": "0001-01-01T00:00:00+14:00", "created_before": "9999-12-31T23:59:59-14:00"}
    http.post(f"{BASE}/models/black-forest-labs/flux-schnell/predictions", json={"input": {"prompt": "a"}})

    found = [http.get(f"{BASE}/predictions", params=query).json()["results"] for query in ({}, times)]

    idents = [[one["id"] for one in rows] for rows in found]
    assert idents[0] == idents[1] != []


@pytest.mark.parametrize("ident", ["nothing", "01k9w3t8m2q7r5v6x0y4z1a2b3"])
def test_what_is_not_there_is_404(http: httpx2.Client, ident: str) -> None:
    for answer in (
        http.get(f"{BASE}/predictions/{ident}"),
        http.post(f"{BASE}/predictions/{ident}/cancel"),
    ):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "The requested resource could not be found.", "status": 404}


def test_a_prediction_is_cancelled(http: httpx2.Client) -> None:
    """At once, whatever it was doing; one that has ended stays as it is."""
    stuck = http.post(FLUX, json={"input": {"prompt": "[[stuck]] a boat"}}).json()
    done = http.post(FLUX, json={"input": {"prompt": "a boat"}}, headers=WAIT).json()

    ended = http.post(f"{BASE}/predictions/{stuck['id']}/cancel").json()

    assert (ended["status"], ended["output"]) == ("canceled", None)
    assert ended["completed_at"] is not None
    assert http.get(stuck["urls"]["get"]).json()["status"] == "canceled"
    assert http.post(done["urls"]["cancel"]).json() == http.get(done["urls"]["get"]).json()


def test_predictions_are_listed_by_pages(http: httpx2.Client, here: Serving) -> None:
    """Newest first, a hundred at a time, forth and back, between times."""
    made = [http.post(FLUX, json={"input": {"prompt": f"boat {n}"}}).json()["id"] for n in range(101)]

    first = http.get(f"{BASE}/predictions").json()
    second = http.get(first["next"]).json()
    back = http.get(second["previous"]).json()

    assert first["previous"] is None
    assert first["next"].startswith(f"{here.origin}{BASE}/predictions?cursor=")
    assert [one["id"] for one in first["results"]] == made[:0:-1]
    assert second["results"][0]["id"] == made[0]
    assert [one["id"] for one in back["results"]] == made[:0:-1]
    assert back["previous"] is None
    since = {"created_after": first["results"][9]["created_at"]}
    assert len(http.get(f"{BASE}/predictions", params=since).json()["results"]) == 10
    until = {"created_before": second["results"][-1]["created_at"]}
    assert http.get(f"{BASE}/predictions", params=until).json()["results"] == []
    assert http.get(f"{BASE}/predictions", params={"source": "web"}).json()["results"] == []


def _count(http: httpx2.Client) -> int:
    return len(http.get(f"{BASE}/predictions").json()["results"])
