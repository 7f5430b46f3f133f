"""The log of real processes: lines of JSON that tell what happened to a request, and hold no secret."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from tests.integration.gateway import serving
from tests.integration.gateway.serving import TINTYPE
from tests.waiting import until
from tintype import testing

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.store import embedded

PROMPT = "a lighthouse at night, painted on the lid of a small tin box"
KEY = "tt_0123456789abcdefghijklmnopqrstuvwxyz"
HOOK = "hook-token-that-opens-a-webhook"


def test_a_request_can_be_followed_through_the_log_and_no_secret_is_in_it(server: embedded.Server) -> None:
    """At the finest level: the request's id on the admission, the generation's on what its jobs write."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment={"TINTYPE_LOG_LEVEL": "debug"}) as here,
    ):
        with here.http() as http:
            headers = {"X-Request-Id": "asked-for-by-a-test", "Prefer": "wait=30"}
            made = http.post("/api/generations", json={"prompt": PROMPT}, headers=headers).json()
            (output,) = made["outputs"]
            http.get(output["url"])
            http.get(f"/api/generations?token={KEY}", headers={"Authorization": f"Bearer {KEY}"})
            http.post(f"/hooks/replicate/{HOOK}", content=b"{}")
            rows = {"rows": [{"prompt": "a row"}], "model": "flux-schnell"}
            batch = http.post("/api/batches", json=rows, headers={"X-Request-Id": "asked-for-rows"}).json()
            until(lambda: http.get(f"/api/batches/{batch['id']}").json()["state"] == "ended")
        code = here.stop()
        text = here.log.read_text()

    assert (code, made["state"]) == (0, "succeeded")
    lines = [json.loads(line) for line in text.splitlines()]
    started, of_row = [line for line in lines if line["event"] == "generation_started"]
    completed, row_completed = [line for line in lines if line["event"] == "generation_completed"]
    assert {of_row["request_id"], row_completed["request_id"]} == {"asked-for-rows"}
    assert (started["generation_id"], started["request_id"]) == (made["id"], "asked-for-by-a-test")
    assert (started["model"], started["prompt"]) == ("black-forest-labs/flux-schnell", f"{PROMPT[:50]}…")
    assert (completed["generation_id"], completed["success"], completed["cost_usd"]) == (
        made["id"],
        True,
        "0.003",
    )
    assert 0 < completed["seconds"] < 30
    (asked,) = [line for line in lines if line.get("method") == "POST" and line["path"] == "/api/generations"]
    assert (asked["event"], asked["status"], asked["request_id"]) == ("answered", 200, "asked-for-by-a-test")
    assert asked["ms"] > 0
    assert not any("color_message" in line for line in lines)
    link = output["url"].rpartition("/")[2].partition(".")[0]
    password = url.partition("@")[0].rpartition(":")[2]
    for secret in (upstream.token, KEY, HOOK, link, PROMPT, "replicate.delivery/x"):
        assert secret not in text
    assert f":{password}@" not in text


def test_a_workers_log_tells_of_its_jobs_and_holds_no_secret(server: embedded.Server, tmp_path: Path) -> None:
    """`tintype worker` follows what another process asked for; upstream fails once, and quotes the token.

    Each line about the generation, in either process, has the id of the request that asked for it, and the key's.
    """
    with serving.database(server) as url, testing.simulator() as upstream:
        quoting = {"title": "broken", "detail": f"Authorization: Bearer {upstream.token} is fine, we are not"}
        upstream.faults(
            [{"do": "answer", "path": "/predictions/*", "status": 500, "body": quoting, "count": 1}]
        )
        with serving.gateway(url, upstream, "--no-worker") as here, here.http() as http:
            environment = {**here.environment, "TINTYPE_LOG_JSON": "1", "TINTYPE_LOG_PROMPTS": "off"}
            worker = subprocess.Popen(
                [TINTYPE, "worker"],
                env=environment,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            headers = {"Prefer": "wait=30", "X-Request-Id": "asked-elsewhere"}
            asked = http.post("/api/generations", json={"prompt": PROMPT}, headers=headers).json()
            wish = http.post(f"/api/generations/{asked['id']}/cancel", headers={"X-Request-Id": "too-late"})
            worker.send_signal(signal.SIGTERM)
            _, text = worker.communicate(timeout=30)
            gateway = here.log.read_text()

    assert (worker.returncode, asked["state"], wish.status_code) == (0, "succeeded", 200)
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    (completed,) = [line for line in lines if line["event"] == "generation_completed"]
    assert (completed["generation_id"], completed["success"]) == (asked["id"], True)
    assert any("could not be looked at" in line["event"] for line in lines)
    lines += [json.loads(line) for line in gateway.splitlines() if line.startswith("{")]
    about = [line for line in lines if asked["id"] in json.dumps(line) and line["logger"] != "tintype.access"]
    events = {line["event"].partition(" ")[0] for line in about}
    assert {"generation_started", "generation_completed", "prediction"} <= events
    assert {(line["request_id"], line["key_id"]) for line in about} == {("asked-elsewhere", "local")}
    assert upstream.token not in text
    assert PROMPT[:20] not in text
