"""Creating, looking at, listing and cancelling predictions over HTTP."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from typing import Any

import pytest

FLUX = "black-forest-labs/flux-schnell"
ULTRA = "google/imagen-4-ultra"
COMMUNITY = "851-labs/background-remover"
CAT = "https://example.com/a-cat.png"
MILLI, MICRO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


async def test_create_answers_starting_with_everything_the_api_shows(start: Any) -> None:
    """Even an instant model starts: the output comes with the next look."""
    simulator = await start()
    answer = await simulator.http.post(
        "/v1/predictions", json={"version": FLUX, "input": {"prompt": "a red car", "colour": "red"}}
    )
    made = answer.json()

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.headers["location"] == made["urls"]["get"] == f"{simulator.url}/v1/predictions/{made['id']}"
    assert "preference-applied" not in answer.headers
    assert re.fullmatch("[0-9a-z]{26}", made["id"])
    assert re.fullmatch(MILLI, made["created_at"])
    assert made["urls"]["cancel"] == made["urls"]["get"] + "/cancel"
    assert made["urls"]["web"].endswith(f"/p/{made['id']}")
    assert "stream" not in made["urls"]
    told = {
        "status": "starting",
        "output": None,
        "error": None,
        "logs": "",
        "data_removed": False,
        "source": "api",
    }
    assert {key: made[key] for key in told} == told
    # As sent: no defaults filled in, and what the model does not know stays.
    assert made["input"] == {"prompt": "a red car", "colour": "red"}
    assert not {"metrics", "started_at", "completed_at", "deadline", "deployment", "webhook"} & set(made)

    done = await simulator.get(made["id"])
    assert (done["status"], len(done["output"])) == ("succeeded", 1)
    assert re.fullmatch(MICRO, done["created_at"])
    assert done["created_at"] <= done["started_at"] <= done["completed_at"]
    assert done["metrics"]["image_count"] == 1
    assert {"predict_time", "total_time"} <= set(done["metrics"])
    assert "100%|" in done["logs"]


async def test_paths_work_without_the_version_prefix(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "x"})

    bare = await simulator.http.get(f"/predictions/{made['id']}")

    assert bare.json()["urls"]["get"] == f"{simulator.url}/v1/predictions/{made['id']}"


async def test_version_is_accepted_in_its_three_spellings(start: Any) -> None:
    """An official model hides its version, a community model shows it."""
    simulator = await start()
    community = simulator.world.models[COMMUNITY].version_id

    official = await simulator.create({"prompt": "x"}, model=FLUX)
    by_id = await simulator.create({"image": CAT}, model=community)
    by_both = await simulator.create({"image": CAT}, model=f"{COMMUNITY}:{community}")

    assert (official["model"], official["version"]) == (FLUX, "hidden")
    assert (by_id["model"], by_id["version"]) == (COMMUNITY, community)
    assert (by_both["model"], by_both["version"]) == (COMMUNITY, community)


async def test_version_that_is_none_is_refused_in_the_recorded_words(start: Any) -> None:
    simulator = await start()
    community = simulator.world.models[COMMUNITY].version_id
    for version in ("0" * 64, "nobody/nothing", COMMUNITY, f"{FLUX}:{community}", "v1", f"{COMMUNITY}:v1"):
        answer = await simulator.http.post(
            "/v1/predictions", json={"version": version, "input": {"prompt": "x"}}
        )

        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "title": "Invalid version or not permitted",
            "detail": "The specified version does not exist "
            "(or perhaps you don't have permission to use it?)",
            "status": 422,
        }


async def test_official_route_knows_official_models_only(start: Any) -> None:
    simulator = await start()
    body = {"input": {"prompt": "x"}}

    made = await simulator.http.post(f"/v1/models/{ULTRA}/predictions", json=body)
    unknown = await simulator.http.post("/v1/models/nobody/nothing/predictions", json=body)
    community = await simulator.http.post(f"/v1/models/{COMMUNITY}/predictions", json=body)
    with_version = await simulator.http.post(f"/v1/models/{ULTRA}/predictions", json={**body, "version": "x"})

    assert (made.status_code, made.json()["version"]) == (201, "hidden")
    assert (unknown.status_code, community.status_code) == (404, 404)
    assert unknown.json()["status"] == 404
    assert with_version.json()["invalid_fields"][0]["type"] == "additional_property_not_allowed"


async def test_invalid_input_is_refused_with_every_fault(start: Any) -> None:
    simulator = await start()
    answer = await simulator.http.post(
        "/v1/predictions",
        json={"version": FLUX, "input": {"num_inference_steps": 99, "output_format": "bmp", "guidance": 2}},
    )

    assert answer.status_code == 422
    told = answer.json()
    assert told["title"] == "Input validation failed"
    assert {fault["type"] for fault in told["invalid_fields"]} == {"required", "number_lte", "enum"}
    assert told["detail"].startswith("- input: prompt is required\n")
    assert len(simulator.world.predictions) == 0


@pytest.mark.parametrize("body", [b"no json", b"{", b"\xff\xfe", b'{"input": NaN}', b"[" * 100_000])
async def test_body_that_is_no_json_is_a_clear_error(start: Any, body: bytes) -> None:
    simulator = await start()
    answer = await simulator.http.post("/v1/predictions", content=body)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["detail"]


async def test_client_that_leaves_in_the_middle_of_its_request_is_no_error(
    start: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is created, and the log stays empty."""
    simulator = await start()
    host, _, port = simulator.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/predictions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer r8_tests\r\n"
    writer.write(f'{head}content-length: 100\r\n\r\n{{"input"'.encode())
    async with asyncio.timeout(10):
        while not simulator.world.traffic.under_way:  # noqa: ASYNC110 - nobody tells of a request that is read
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        while simulator.world.traffic.under_way:  # noqa: ASYNC110 - nor of one that ends without an answer
            await asyncio.sleep(0)

    assert len(simulator.world.predictions) == 0
    assert [one for one in caplog.records if one.name == "tintype.simulator"] == []


async def test_another_accounts_prediction_does_not_exist(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "mine"})
    headers = {"authorization": "Bearer r8_somebody_else"}

    look = await simulator.http.get(f"/v1/predictions/{made['id']}", headers=headers)
    cancel = await simulator.http.post(f"/v1/predictions/{made['id']}/cancel", headers=headers)
    listed = await simulator.http.get("/v1/predictions", headers=headers)

    assert (look.status_code, cancel.status_code) == (404, 404)
    assert listed.json()["results"] == []


async def test_secret_inputs_are_never_shown(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "x", "openai_api_key": "sk-marker"}, model="openai/sora-2")
    done = await simulator.http.get(f"/v1/predictions/{made['id']}")

    assert made["input"]["openai_api_key"] == "[REDACTED]"
    assert "sk-marker" not in done.text
    assert b"sk-marker" not in simulator.world.predictions.get(made["id"]).to_json()


async def test_lists_are_pages_of_a_hundred_newest_first(start: Any) -> None:
    simulator = await start(speed=1)
    made = [(await simulator.create({"prompt": f"{number}"}))["id"] for number in range(205)]
    seen: list[str] = []
    url: str | None = "/v1/predictions"
    sizes: list[int] = []
    page: dict[str, Any] = {}
    while url:
        page = (await simulator.http.get(url)).json()
        sizes.append(len(page["results"]))
        seen += [one["id"] for one in page["results"]]
        url = page["next"]
        assert url is None or url.startswith(f"{simulator.url}/v1/predictions?cursor=")

    assert seen == made[::-1]
    assert sizes == [100, 100, 5]
    back = (await simulator.http.get(page["previous"])).json()
    assert [one["id"] for one in back["results"]] == seen[100:200]


async def test_list_is_cut_by_time_and_source(start: Any) -> None:
    """`created_after` is included, `created_before` is not."""
    simulator = await start()
    made = []
    for number in range(4):
        made.append((await simulator.create({"prompt": f"{number}"}))["id"])
        simulator.world.clock.advance(60)
    times = [(await simulator.get(identity))["created_at"] for identity in made]

    async def listed(**parameters: str) -> list[str]:
        page = (await simulator.http.get("/v1/predictions", params=parameters)).json()
        return [one["id"] for one in page["results"]]

    assert await listed(created_after=times[2]) == [made[3], made[2]]
    assert await listed(created_before=times[1]) == [made[0]]
    assert await listed(created_after=times[1], created_before=times[3]) == [made[2], made[1]]
    assert await listed(source="web") == []
    wrong = await simulator.http.get("/v1/predictions", params={"created_after": "yesterday"})
    assert (wrong.status_code, "created_after" in wrong.json()["detail"]) == (400, True)


async def test_cancel_ends_at_once_and_later_ones_change_nothing(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[delay=100]] x"})
    simulator.world.clock.advance(5)

    running = await simulator.get(made["id"])
    canceled = await simulator.cancel(made["id"])
    again = await simulator.cancel(made["id"])

    assert running["status"] == "processing"
    assert canceled["status"] == "canceled"
    assert canceled["output"] is None
    assert 4 < canceled["metrics"]["predict_time"] < 6
    assert again == canceled
    simulator.world.clock.advance(200)
    assert (await simulator.get(made["id"]))["status"] == "canceled"


async def test_cancel_before_the_start_leaves_no_started_at(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[cold=60]] x"})

    canceled = await simulator.cancel(made["id"])

    assert canceled["status"] == "canceled"
    assert "started_at" not in canceled
    assert "predict_time" not in canceled["metrics"]


async def test_deadline_aborts_or_cancels(start: Any) -> None:
    simulator = await start(speed=1)
    headers = {"cancel-after": "10s"}
    waiting = await simulator.create({"prompt": "[[cold=60]] x"}, headers=headers)
    running = await simulator.create({"prompt": "[[delay=60]] x"}, headers=headers)
    refused = await simulator.http.post(
        "/v1/predictions", json={"version": FLUX, "input": {"prompt": "x"}}, headers={"cancel-after": "4"}
    )

    simulator.world.clock.advance(11)

    assert waiting["deadline"] > waiting["created_at"]
    assert (await simulator.get(waiting["id"]))["status"] == "aborted"
    assert (await simulator.get(running["id"]))["status"] == "canceled"
    assert refused.status_code == 422


async def test_prompt_commands_make_a_prediction_fail(start: Any) -> None:
    simulator = await start()
    broken = await simulator.create({"prompt": "[[fail=out of paint]] x"})
    refused = await simulator.create({"prompt": "[[nsfw]] x"})
    stuck = await simulator.create({"prompt": "[[stuck]] x"})

    simulator.world.clock.advance(1_799)
    assert (await simulator.get(stuck["id"]))["status"] == "processing"
    simulator.world.clock.advance(2)

    errors = [await simulator.get(one["id"]) for one in (broken, refused, stuck)]
    assert [one["status"] for one in errors] == ["failed"] * 3
    assert errors[0]["error"] == "out of paint"
    assert "E005" in errors[1]["error"]
    assert "timeout" in errors[2]["error"]
    assert [one["output"] for one in errors] == [None] * 3


async def test_logs_and_outputs_grow_while_it_runs(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[delay=40]] x", "num_outputs": 4})
    looks = []
    for _ in range(5):
        simulator.world.clock.advance(10)
        looks.append(await simulator.get(made["id"]))

    assert [len(look["output"] or ()) for look in looks] == [0, 1, 2, 3, 4]
    assert all(later["logs"].startswith(sooner["logs"]) for sooner, later in pairwise(looks))
    assert re.search(r"^ *\d+%\|.+\| \d+/20 ", looks[0]["logs"], re.MULTILINE)
    assert [look["status"] for look in looks] == ["processing"] * 4 + ["succeeded"]


@pytest.mark.parametrize(("seed", "told"), [(7, "7"), (7.0, "7"), (-1, None), (None, None)])
async def test_log_tells_the_seed_that_is_drawn_with(start: Any, seed: Any, told: str | None) -> None:
    """A negative one asks for a random one, and that is the one told."""
    simulator = await start()
    made = await simulator.create({"prompt": "x", "seed": seed}, headers={"Prefer": "wait"})
    own = str(simulator.world.outputs.seed(made["id"]))

    assert made["logs"].splitlines()[0] == f"Using seed: {told or own}"


async def test_community_model_boots_once_and_official_ones_are_warm(start: Any) -> None:
    simulator = await start(speed=1)
    model = simulator.world.models[COMMUNITY]
    cold = await simulator.create({"image": CAT}, model=model.version_id)
    official = await simulator.create({"prompt": "x"})
    simulator.world.clock.advance(model.cold_s + 3 * model.usual_s)
    warm = await simulator.create({"image": CAT}, model=model.version_id)
    simulator.world.clock.advance(2)

    def start_of(made: dict[str, Any]) -> float:
        prediction = simulator.world.predictions.get(made["id"])
        return float(prediction.starts_s - prediction.created_s)

    assert start_of(cold) >= model.cold_s
    assert start_of(official) < 1
    assert start_of(warm) < 1


async def test_data_are_removed_an_hour_after_the_end(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "a red car"})
    done = await simulator.get(made["id"])
    simulator.world.clock.advance(3_590)
    assert (await simulator.http.get(done["output"][0])).status_code == 200

    simulator.world.clock.advance(20)

    gone = await simulator.get(made["id"])
    assert (gone["data_removed"], gone["output"], gone["input"], gone["logs"]) == (True, None, {}, "")
    assert gone["status"] == "succeeded"
    assert gone["metrics"] == done["metrics"]
    assert (await simulator.http.get(done["output"][0])).status_code == 404


async def test_deployment_runs_under_its_own_name(start: Any) -> None:
    simulator = await start()
    version = simulator.world.models[COMMUNITY].version_id
    body = {"name": "mine", "model": COMMUNITY, "version": version, "hardware": "cpu"}
    answer = await simulator.http.post(
        "/v1/deployments", json={**body, "min_instances": 0, "max_instances": 1}
    )
    deployment = answer.json()
    path = f"/v1/deployments/{deployment['owner']}/mine/predictions"

    made = await simulator.http.post(path, json={"input": {"image": CAT}})
    unknown = await simulator.http.post("/v1/deployments/nobody/mine/predictions", json={"input": {}})
    foreign = await simulator.http.post(
        path, json={"input": {"image": CAT}}, headers={"authorization": "Bearer r8_b"}
    )

    assert made.status_code == 201
    assert made.json()["deployment"] == f"{deployment['owner']}/mine"
    assert (made.json()["model"], made.json()["version"]) == (COMMUNITY, version)
    assert (unknown.status_code, foreign.status_code) == (404, 404)


async def test_public_url_is_what_answers_name(start: Any) -> None:
    simulator = await start(public_url="https://sim.example.org/")
    made = await simulator.create({"prompt": "x"})
    done = await simulator.get(made["id"])

    assert made["urls"]["get"] == f"https://sim.example.org/v1/predictions/{made['id']}"
    assert done["output"][0].startswith("https://sim.example.org/pbxt/")
