"""With a data directory, everything that an account made is there again after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract import wire
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.testing import Simulator

TOKEN = "r8_restarted"
FAST = f"/v1/models/{wire.FAST}"
EDGE = "edge"
FORM = (
    f'--{EDGE}\r\nContent-Disposition: form-data; name="content"; filename="a.txt"\r\n\r\nkept\r\n--{EDGE}--\r\n'
).encode()


def _call(simulator: Simulator, method: str, path: str, body: Any = None, **headers: str) -> Any:
    seen = wire.send(simulator.url, method, path, token=TOKEN, body=body, headers=headers)
    assert seen.status < 400, seen.body
    return seen.json() if seen.body else None


def test_what_an_account_made_is_there_again(tmp_path: Path) -> None:
    """Name, credit, model, deployment and file are as they were; a running training goes on to its end."""
    with run_simulator(data=tmp_path, speed=1) as before:
        owner = before.account(TOKEN, username="alice", credit_usd="12.5")["username"]
        version = _call(before, "GET", FAST)["latest_version"]["id"]
        model = {"owner": owner, "name": "dogs", "visibility": "private", "hardware": "cpu"}
        _call(before, "POST", "/v1/models", model)
        release = {"hardware": "cpu", "min_instances": 0, "max_instances": 1, "version": version}
        _call(before, "POST", "/v1/deployments", {"name": "fast", "model": wire.FAST, **release})
        form = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
        file = wire.send(before.url, "POST", "/v1/files", token=TOKEN, body=FORM, headers=form).json()
        training = _call(
            before, "POST", f"{FAST}/versions/{version}/trainings", {"destination": "alice/dogs", "input": {}}
        )
        secret = _call(before, "GET", "/v1/webhooks/default/secret")

    with run_simulator(data=tmp_path, speed=1) as after:
        assert after.account(TOKEN)["credit_usd"] == "12.50"
        assert _call(after, "GET", "/v1/account")["username"] == "alice"
        assert _call(after, "GET", "/v1/webhooks/default/secret") == secret
        assert _call(after, "GET", "/v1/models/alice/dogs")["visibility"] == "private"
        assert _call(after, "GET", "/v1/deployments/alice/fast")["current_release"]["number"] == 1
        assert _call(after, "GET", f"/v1/files/{file['id']}")["etag"] == file["etag"]
        running = _call(after, "GET", f"/v1/trainings/{training['id']}")
        after.advance(600)
        ended = _call(after, "GET", f"/v1/trainings/{training['id']}")
        pushed = _call(after, "GET", "/v1/models/alice/dogs/versions")["results"]

    assert running["status"] in ("starting", "processing")
    assert ended["status"] == "succeeded"
    assert [one["id"] for one in pushed] == [ended["output"]["version"].rpartition(":")[2]]
