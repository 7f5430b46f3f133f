"""With a data folder, what was answered is there again after a restart, and after a kill."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLUX = "black-forest-labs/flux-schnell"
HEADERS = {"authorization": "Bearer r8_tests"}


@contextmanager
def _running(folder: Path, *options: str) -> Iterator[tuple[httpx2.Client, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tintype.simulator", "--port", "0", "--data", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = re.match(r"ready (\S+)", process.stdout.readline())
            assert url
            with httpx2.Client(base_url=url[1], headers=HEADERS, timeout=20) as client:
                yield client, process
        finally:
            process.kill()


def _shown(client: httpx2.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    # The port is another one after a restart.
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", answer.text)


def test_nothing_that_was_answered_is_lost_by_a_kill(tmp_path: Path) -> None:
    """Killed in the middle of creates, it has every prediction that it answered for, and its state."""
    folder = tmp_path / "data"
    with _running(folder, "--speed", "inf") as (client, process):
        done = client.post(
            "/v1/predictions",
            json={"version": FLUX, "input": {"prompt": "x", "megapixels": "0.25"}},
            headers={"prefer": "wait"},
        ).json()
        picture = client.get(done["output"][0]).content
        waiting = client.post(
            "/v1/predictions", json={"version": FLUX, "input": {"prompt": "[[delay=9999]] x"}}
        ).json()
        file = client.post("/v1/files", files={"content": ("a.txt", b"hello", "text/plain")}).json()
        secret = client.get("/v1/webhooks/default/secret").json()
        ids = [
            client.post("/v1/predictions", json={"version": FLUX, "input": {"prompt": f"{number}"}}).json()[
                "id"
            ]
            for number in range(50)
        ]
        before = [_shown(client, f"/v1/predictions/{identity}") for identity in (done["id"], waiting["id"])]
        listed = _shown(client, "/v1/predictions")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)

    with _running(folder, "--speed", "inf") as (client, _):
        after = [_shown(client, f"/v1/predictions/{identity}") for identity in (done["id"], waiting["id"])]
        again = client.get(f"/v1/predictions/{done['id']}").json()

        assert after[0] == before[0]
        assert '"status":"processing"' in after[1]
        assert [one["id"] for one in client.get("/v1/predictions").json()["results"]] == [
            *reversed(ids),
            waiting["id"],
            done["id"],
        ]
        assert len(_shown(client, "/v1/predictions")) == len(listed)
        assert client.get(again["output"][0]).content == picture
        assert client.get("/v1/webhooks/default/secret").json() == secret
        assert client.get(f"/v1/files/{file['id']}").json()["checksums"] == file["checksums"]
        assert client.post(f"/v1/predictions/{waiting['id']}/cancel").json()["status"] == "canceled"


def test_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with _running(folder) as (client, _):
        client.get("/v1/account")
        modes = {path.name: path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}

    assert set(modes.values()) == {0}, modes


def _refused(folder: Path) -> str:
    command = [sys.executable, "-m", "tintype.simulator", "--port", "0", "--data", str(folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1
    return second.stderr


def test_second_simulator_on_the_same_folder_says_what_to_do(tmp_path: Path) -> None:
    with _running(tmp_path / "data"):
        assert "used by another simulator" in _refused(tmp_path / "data")


def test_journal_that_is_not_ours_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Neither a file that is no journal nor one of another version is touched."""
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"these are notes, not a journal" * 100)
    before = path.read_bytes()
    assert "no journal" in _refused(tmp_path)
    assert path.read_bytes() == before

    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as later:
        later.execute("PRAGMA user_version = 99")
    assert "another version" in _refused(tmp_path)


async def test_restart_takes_up_what_was_in_flight(start: Any, tmp_path: Path, receiver: Any) -> None:
    """The end that was missed is told to the webhook, and billed once."""
    first = await start(data=tmp_path, speed=1)
    made = await first.create(
        {"prompt": "[[delay=100]] x"}, webhook=receiver.url, webhook_events_filter=["start", "completed"]
    )
    first.world.clock.advance(50)
    await receiver.until(1)
    await first.stop()
    second = await start(data=tmp_path, speed=1)
    assert (await second.get(made["id"]))["status"] == "processing"

    second.world.clock.advance(60)

    got = await receiver.until(2)
    assert b'"succeeded"' in got[1]["body"]
    [prediction] = second.world.predictions
    account = second.world.accounts.by_token("r8_tests")
    assert prediction.cost_nano_usd == 3_000_000
    assert account.credit_nano_usd == 10_000 * 10**9 - 3_000_000


async def test_webhook_that_did_not_arrive_is_sent_after_the_restart(
    start: Any, tmp_path: Path, receiver: Any
) -> None:
    first = await start(data=tmp_path)
    receiver.statuses = [500]
    await first.create({"prompt": "x"}, webhook=receiver.url, webhook_events_filter=["completed"])
    await receiver.until(1)
    await first.world.deliveries.idle()
    await first.stop()

    await start(data=tmp_path)

    got = await receiver.until(2)
    assert got[0]["headers"]["webhook-id"] == got[1]["headers"]["webhook-id"]
    assert got[0]["body"] == got[1]["body"]


async def test_removed_data_leave_no_files(start: Any, tmp_path: Path) -> None:
    simulator = await start(data=tmp_path)
    model = simulator.world.models["nightmareai/real-esrgan"].version_id
    picture = await simulator.create({"prompt": "x"}, headers={"prefer": "wait"})
    await simulator.create({"image": picture["output"][0]}, model=model, headers={"prefer": "wait"})
    assert len(list((tmp_path / "blobs").iterdir())) == 1

    simulator.world.clock.advance(3_700)

    assert list((tmp_path / "blobs").iterdir()) == []


@pytest.mark.parametrize("folder", [None, "data"])
async def test_reset_forgets_everything(start: Any, tmp_path: Path, folder: str | None) -> None:
    data = None if folder is None else tmp_path / folder
    simulator = await start(data=data, speed=1)
    made = await simulator.create({"prompt": "[[delay=100]] x"})

    simulator.world.reset()
    simulator.world.clock.advance(200)

    assert (await simulator.http.get(f"/v1/predictions/{made['id']}")).status_code == 404
    assert (await simulator.http.get("/v1/predictions")).json()["results"] == []
    await simulator.stop()
    again = await start(data=data, speed=1)
    assert len(again.world.predictions) == 0
