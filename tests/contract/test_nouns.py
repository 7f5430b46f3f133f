"""Models, versions, trainings, deployments and search: what the conformance test does not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tintype.testing import Simulator

FAST = f"/v1/models/{wire.FAST}"
MODEL = {"name": "hot-dogs", "visibility": "private", "hardware": "cpu"}


@pytest.fixture
def call(simulator: Simulator) -> Callable[..., Any]:
    """Send a request as the test's account; return the status and the JSON of the answer."""

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        seen = wire.send(
            simulator.url, method, path, token=more.pop("token", simulator.token), body=body, **more
        )
        is_json = seen.headers.get("content-type", "").partition(";")[0].endswith("json")
        return seen.status, seen.json() if is_json and seen.body else seen.body

    return send


@pytest.fixture
def owner(simulator: Simulator) -> str:
    """The name of the test's account."""
    username: str = simulator.account()["username"]
    return username


@pytest.mark.parametrize("by", ["model_created_at", "latest_version_created_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_models_are_paged_to_the_end_and_back(
    simulator: Simulator, call: Callable[..., Any], by: str, direction: str
) -> None:
    """25 a page in the order asked for; following the links meets every model once, both ways."""
    url: str | None = f"{simulator.url}/v1/models?{urlencode({'sort_by': by, 'sort_direction': direction})}"
    there: list[list[str]] = []
    times: list[str] = []
    last = None
    while url is not None:
        last, (_, page) = url, call("GET", url.removeprefix(simulator.url))
        there.append([f"{one['owner']}/{one['name']}" for one in page["results"]])
        times += [one["created_at"] for one in page["results"]]
        url = page["next"]
    back: list[list[str]] = []
    url = last
    while url is not None:
        _, page = call("GET", url.removeprefix(simulator.url))
        back.insert(0, [f"{one['owner']}/{one['name']}" for one in page["results"]])
        url = page["previous"]

    assert there == back
    assert {len(page) for page in there[:-1]} == {25}
    found = [slug for page in there for slug in page]
    assert len(set(found)) == len(found) == simulator.health()["models"]
    assert times == sorted(times, reverse=direction == "desc")


@pytest.mark.parametrize("query", [b"flux schnell", b'"flux schnell"', b"  FLUX-schnell "])
def test_a_search_by_body_is_raw_or_quoted(call: Callable[..., Any], query: bytes) -> None:
    """The Python SDK sends the words, the JavaScript SDK a JSON string."""
    status, found = call("QUERY", "/v1/models", query, headers={"Content-Type": "text/plain"})

    assert status == 200
    assert f"{found['results'][0]['owner']}/{found['results'][0]['name']}" == wire.FAST


def test_a_search_without_words_finds_nothing(call: Callable[..., Any]) -> None:
    """So does one with words that are nowhere."""
    for query in (b"", b"  ", b"xyzzy plugh"):
        assert call("QUERY", "/v1/models", query) == (200, {"previous": None, "next": None, "results": []})


def test_the_wide_search_finds_models_collections_and_pages(call: Callable[..., Any]) -> None:
    """At most `limit` of each, best first, with a score."""
    status, found = call("GET", "/v1/search?query=flux&limit=2")
    _, pages = call("GET", "/v1/search?query=webhooks")

    assert status == 200
    assert found["query"] == "flux"
    assert len(found["models"]) == 2
    scores = [one["metadata"]["score"] for one in found["models"]]
    assert scores == sorted(scores, reverse=True)
    assert "flux" in [one["slug"] for one in found["collections"]]
    assert pages["pages"][0]["name"] == "Webhooks"


@pytest.mark.parametrize("query", ["", "query=", "query=a&limit=0", "query=a&limit=51", "query=a&limit=x"])
def test_a_wrong_search_is_400(call: Callable[..., Any], query: str) -> None:
    """The answer is plain JSON with a `detail` that names the parameter."""
    status, body = call("GET", f"/v1/search?{query}")

    assert status == 400
    assert body["detail"].startswith("Query parameter ")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "cD0=", quote("ü"), "Zm9v"])
def test_a_tampered_cursor_is_refused(call: Callable[..., Any], cursor: str) -> None:
    """Never an error of the server."""
    status, _ = call("GET", f"/v1/models?cursor={cursor}")

    assert status in (200, 404)


def test_examples_can_be_looked_at(simulator: Simulator, call: Callable[..., Any]) -> None:
    """The file that an example shows is a picture of the format that it names."""
    _, page = call("GET", f"{FAST}/examples")
    url: str = page["results"][0]["output"][0]

    status, content = call("GET", url.removeprefix(simulator.url), token=None)

    assert (status, content[:4], content[8:12]) == (200, b"RIFF", b"WEBP")


def test_a_text_model_has_an_example_and_a_cover(simulator: Simulator, call: Callable[..., Any]) -> None:
    """Its output is text; the cover is a picture all the same."""
    _, model = call("GET", "/v1/models/meta/meta-llama-3-8b-instruct")

    status, content = call("GET", model["cover_image_url"].removeprefix(simulator.url), token=None)

    assert "".join(model["default_example"]["output"]).endswith(".")
    assert (status, content[:3]) == (200, b"\xff\xd8\xff")


def test_own_models_are_made_changed_and_deleted(call: Callable[..., Any], owner: str) -> None:
    """A new model is private to its account, has no version, and goes away again."""
    path = f"/v1/models/{owner}/hot-dogs"

    created = call("POST", "/v1/models", {**MODEL, "owner": owner})
    again = call("POST", "/v1/models", {**MODEL, "owner": owner})
    changed = call("PATCH", path, {"readme": "# Hot", "description": "Finds them"})
    readme = call("GET", f"{path}/readme")
    seen_by_other = call("GET", path, token="r8_other")
    deleted = call("DELETE", path)

    assert created[0] == 201
    assert (created[1]["latest_version"], created[1]["default_example"]) == (None, None)
    assert again[0] == 422
    assert (changed[0], changed[1]["description"]) == (200, "Finds them")
    assert readme == (200, b"# Hot")
    assert seen_by_other[0] == 404
    assert (deleted[0], call("GET", path)[0]) == (204, 404)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"owner": "somebody-else"}, 403, None),
        ({"name": "No Spaces"}, 422, "name"),
        ({"visibility": "secret"}, 422, "visibility"),
        ({"hardware": "toaster"}, 422, "hardware"),
        ({"description": 7}, 422, "description"),
    ],
)
def test_a_wrong_model_is_refused(
    call: Callable[..., Any], owner: str, change: dict[str, Any], status: int, field: str | None
) -> None:
    """The refusal names the field."""
    answer = call("POST", "/v1/models", {**MODEL, "owner": owner, **change})

    assert answer[0] == status
    if field is not None:
        assert [one["field"] for one in answer[1]["invalid_fields"]] == [field]


def test_what_is_missing_is_named(call: Callable[..., Any]) -> None:
    """All of it at once, in the words of the input check."""
    status, body = call("POST", "/v1/models", {})

    assert status == 422
    assert body["title"] == "Input validation failed"
    assert [one["description"] for one in body["invalid_fields"]] == [
        "owner is required",
        "name is required",
        "visibility is required",
        "hardware is required",
    ]


def test_models_of_others_cannot_be_changed(call: Callable[..., Any], owner: str) -> None:
    """Neither those that are built in, nor public ones of another account; public ones cannot be deleted."""
    call("POST", "/v1/models", {**MODEL, "owner": owner, "visibility": "public"})
    path = f"/v1/models/{owner}/hot-dogs"

    assert call("PATCH", FAST, {"description": "mine"})[0] == 403
    assert call("DELETE", FAST)[0] == 403
    assert call("GET", path, token="r8_other")[0] == 200
    assert call("PATCH", path, {"description": "mine"}, token="r8_other")[0] == 403
    assert call("DELETE", path)[0] == 409


@pytest.fixture
def trained(simulator: Simulator, call: Callable[..., Any], owner: str) -> dict[str, Any]:
    """A training that has ended well."""
    call("POST", "/v1/models", {**MODEL, "owner": owner})
    version = call("GET", FAST)[1]["latest_version"]["id"]
    body = {"destination": f"{owner}/hot-dogs", "input": {"steps": 10}}
    _, training = call("POST", f"{FAST}/versions/{version}/trainings", body)
    simulator.advance(60)
    ended: dict[str, Any] = call("GET", f"/v1/trainings/{training['id']}")[1]
    return ended


def test_a_training_pushes_a_version_that_runs(
    simulator: Simulator, call: Callable[..., Any], owner: str, trained: dict[str, Any]
) -> None:
    """The new version is listed, can be run by its account, and has weights to download."""
    version = trained["output"]["version"].rpartition(":")[2]
    path = f"/v1/models/{owner}/hot-dogs"

    listed = call("GET", f"{path}/versions")[1]["results"]
    body = {"version": version, "input": {"prompt": "a car"}}
    ran = call("POST", "/v1/predictions", body, headers={"Prefer": "wait"})
    foreign = call("POST", "/v1/predictions", body, token="r8_other")
    weights = call("GET", trained["output"]["weights"].removeprefix(simulator.url), token=None)

    assert trained["status"] == "succeeded"
    assert [one["id"] for one in listed] == [version]
    assert (ran[0], ran[1]["version"], ran[1]["model"]) == (201, version, f"{owner}/hot-dogs")
    assert foreign[0] == 422
    assert weights[0] == 200
    assert call("GET", path)[1]["run_count"] == 1


def test_a_model_with_versions_goes_after_them(
    call: Callable[..., Any], owner: str, trained: dict[str, Any]
) -> None:
    """Deleting a version is accepted with 202, then the model can be deleted."""
    version = trained["output"]["version"].rpartition(":")[2]
    path = f"/v1/models/{owner}/hot-dogs"

    assert call("DELETE", path)[0] == 409
    assert call("DELETE", f"{path}/versions/{version}", token="r8_other")[0] == 404
    assert call("DELETE", f"{path}/versions/{version}") == (202, b"")
    assert call("GET", f"{path}/versions/{version}")[0] == 404
    assert call("DELETE", path)[0] == 204


@pytest.mark.simulator(speed=1)
def test_a_training_runs_and_can_be_canceled(
    simulator: Simulator, call: Callable[..., Any], owner: str
) -> None:
    """Starting, then processing with growing logs, then canceled for good."""
    call("POST", "/v1/models", {**MODEL, "owner": owner})
    version = call("GET", FAST)[1]["latest_version"]["id"]
    body = {"destination": f"{owner}/hot-dogs", "input": {}}
    _, created = call("POST", f"{FAST}/versions/{version}/trainings", body)
    path = f"/v1/trainings/{created['id']}"

    simulator.advance(20)
    early = call("GET", path)[1]
    simulator.advance(40)
    later = call("GET", path)[1]
    canceled = call("POST", f"{path}/cancel")[1]
    simulator.advance(600)

    assert (created["status"], created["logs"]) == ("starting", "")
    assert early["status"] == later["status"] == "processing"
    assert later["logs"].startswith(early["logs"])
    assert len(later["logs"]) > len(early["logs"])
    assert (canceled["status"], canceled["error"]) == ("canceled", None)
    assert canceled["metrics"]["total_time"] >= 60
    assert call("POST", f"{path}/cancel")[1] == call("GET", path)[1] == canceled
    assert call("GET", path, token="r8_other")[0] == 404


def _deployment(call: Callable[..., Any], **changes: Any) -> tuple[int, Any]:
    version = call("GET", FAST)[1]["latest_version"]["id"]
    body = {
        "name": "cars",
        "model": wire.FAST,
        "version": version,
        "hardware": "gpu-t4",
        "min_instances": 0,
        "max_instances": 1,
        **changes,
    }
    answer: tuple[int, Any] = call("POST", "/v1/deployments", body)
    return answer


def test_each_change_of_a_deployment_is_a_release(call: Callable[..., Any], owner: str) -> None:
    """The number goes up with each change, and not where nothing changes."""
    _, made = _deployment(call)
    path = f"/v1/deployments/{owner}/cars"

    numbers = [
        call("PATCH", path, change)[1]["current_release"]["number"]
        for change in (
            {"max_instances": 2},
            {"max_instances": 2},
            {},
            {"hardware": "cpu", "min_instances": 1},
        )
    ]
    _, now = call("GET", path)

    assert made["current_release"]["number"] == 1
    assert numbers == [2, 2, 2, 3]
    assert now["current_release"]["configuration"] == {
        "hardware": "cpu",
        "min_instances": 1,
        "max_instances": 2,
    }
    assert call("GET", path, token="r8_other")[0] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"min_instances": 6}, "min_instances"),
        ({"max_instances": 21}, "max_instances"),
        ({"min_instances": 2, "max_instances": 1}, "max_instances"),
        ({"min_instances": "0"}, "min_instances"),
        ({"hardware": "toaster"}, "hardware"),
        ({"version": "0" * 64}, None),
    ],
)
def test_a_wrong_deployment_is_refused(
    call: Callable[..., Any], change: dict[str, Any], field: str | None
) -> None:
    """The refusal names the field; an unknown version has the words that creates have for it."""
    status, body = _deployment(call, **change)

    assert status == 422
    if field is None:
        assert body["title"] == "Invalid version or not permitted"
    else:
        assert [one["field"] for one in body["invalid_fields"]] == [field]


def test_a_deployment_is_deleted_when_it_rests(
    simulator: Simulator, call: Callable[..., Any], owner: str
) -> None:
    """Offline, and unused for 15 minutes of the simulator's clock."""
    _deployment(call)
    path = f"/v1/deployments/{owner}/cars"

    simulator.advance(16 * 60)
    used = call("POST", f"{path}/predictions", {"input": {"prompt": "a car"}}, headers={"Prefer": "wait"})
    simulator.advance(14 * 60)
    too_soon = call("DELETE", path)
    simulator.advance(2 * 60)
    at_rest = call("DELETE", path)

    assert (used[0], used[1]["deployment"]) == (201, f"{owner}/cars")
    assert (too_soon[0], at_rest[0], call("GET", path)[0]) == (409, 204, 404)


def test_hostile_bodies_are_refused(call: Callable[..., Any]) -> None:
    """Whatever comes in, the answer is a refusal and never an error of the server."""
    for body in (b"{", b"[]", b"7", b'"x"', b"\xff", b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 100_000):
        for path in ("/v1/models", "/v1/deployments", "/v1/predictions"):
            assert call("POST", path, body)[0] in (400, 422)
