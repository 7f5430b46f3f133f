"""`tintype token`, `doctor` and `simulator` as people run them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.acceptance.cli.conftest import COMMAND
from tintype.replicate.client import Client

if TYPE_CHECKING:
    from tests.acceptance.cli.conftest import Shell
    from tintype.testing import Simulator

BACKEND = """
import json
import pathlib

import keyring.backend

PLACE = pathlib.Path(__file__).with_name("kept.json")


class Keyring(keyring.backend.KeyringBackend):
    priority = 1

    def _all(self):
        return json.loads(PLACE.read_text()) if PLACE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        PLACE.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        kept = self._all()
        del kept[f"{service}/{username}"]
        PLACE.write_text(json.dumps(kept))
"""
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def test_token_without_a_keyring_is_one_line_that_names_the_variable(alone: Shell) -> None:
    alone.environment.update(NO_KEYRING)

    for ended in (alone.run("token", "set", text="r8_marker\n"), alone.run("token", "delete")):
        assert (ended.code, ended.out) == (2, "")
        (line,) = ended.error_lines
        assert "no keyring" in line
        assert "REPLICATE_API_TOKEN" in line
        assert "marker" not in ended.err


def test_status_tells_the_source_and_never_the_token(alone: Shell) -> None:
    alone.environment.update(NO_KEYRING)
    none = alone.run("token", "status", "--json")
    (alone.folder / ".env").write_text("REPLICATE_API_KEY=r8_marker\n")
    from_file = alone.run("token", "status")
    alone.environment["REPLICATE_API_TOKEN"] = "r8_marker"
    from_variable = alone.run("token", "status", "--json")

    assert none.code == 1
    assert json.loads(none.out) == {"source": None, "token": None, "upstream": None}
    assert from_file.out == "r8_**** from .env, for https://api.replicate.com\n"
    assert json.loads(from_variable.out)["source"] == "REPLICATE_API_TOKEN"
    assert "marker" not in from_file.out + from_variable.out


def test_doctor_is_content_with_a_token_and_an_upstream(connected: Shell, simulator: Simulator) -> None:
    simulator.account(simulator.token, username="ada")

    ended = connected.run("doctor", "--json")

    document = json.loads(ended.out)
    found = {check["name"]: check for check in document["checks"]}
    assert (ended.code, document["ok"]) == (0, True)
    assert found["upstream"]["found"] == f"{simulator.url} as ada"
    assert found["token"]["found"] == "r8_**** from REPLICATE_API_TOKEN"
    assert found["clock"]["is_ok"]
    assert set(found) == {
        "python", "extra cli", "extra simulator", "extra server", "token", "upstream", "clock", "keyring",
        "data folder", "font", "films",
    }  # fmt: skip


def test_doctor_tells_what_is_missing_and_the_next_step(connected: Shell, simulator: Simulator) -> None:
    simulator.advance(3600)
    late = connected.run("doctor")
    connected.environment["REPLICATE_API_TOKEN"] = "no_such_token"
    refused = connected.run("doctor")
    del connected.environment["REPLICATE_API_TOKEN"]
    connected.environment["TINTYPE_DATA"] = "/proc/nowhere"
    without = connected.run("doctor")

    assert (late.code, refused.code, without.code) == (1, 1, 1)
    assert late.error_lines == ["tintype: missing: clock"]
    assert re.search(r"clock +3(599|600)\.\d s behind the upstream's", late.out)
    assert "tintype token set" in refused.out
    assert without.error_lines == ["tintype: missing: token, data folder"]
    assert "set TINTYPE_DATA" in without.out


def test_simulator_says_when_it_is_ready_and_ends_with_ctrl_c(alone: Shell) -> None:
    process = alone.start("simulator", "--port", "0", "--speed", "inf")
    try:
        assert process.stdout is not None
        word, _, url = process.stdout.readline().strip().partition(" ")
        with Client("r8_anyone", base_url=url) as client:
            (output,) = client.run("black-forest-labs/flux-schnell", {"prompt": "a boat"})
            assert output.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    finally:
        process.kill()

    assert (word, process.returncode) == ("ready", 0)


def test_simulator_that_cannot_listen_says_so_in_one_line(alone: Shell, simulator: Simulator) -> None:
    port = simulator.url.rpartition(":")[2]

    ended = alone.run("simulator", "--port", port)

    assert ended.code == 2
    assert len(ended.error_lines) == 1
    assert port in ended.error_lines[0]


def with_keyring(shell: Shell) -> None:
    """Give the shell a keyring: a backend that keeps passwords in a file of the test's folder."""
    (shell.folder / "testkeyring.py").write_text(BACKEND)
    shell.environment["PYTHONPATH"] = str(shell.folder)
    shell.environment["PYTHON_KEYRING_BACKEND"] = "testkeyring.Keyring"


def test_token_goes_into_the_keyring_is_used_and_is_deleted(alone: Shell, simulator: Simulator) -> None:
    with_keyring(alone)
    alone.environment["TINTYPE_REPLICATE_URL"] = simulator.url

    kept = alone.run("token", "set", text=f"{simulator.token}\n")
    status = alone.run("token", "status")
    made = alone.run("generate", "a boat", "--json")
    deleted = alone.run("token", "delete")
    again = alone.run("token", "delete")

    assert [one.code for one in (kept, status, made, deleted, again)] == [0, 0, 0, 0, 0]
    assert status.out == f"r8_**** from keyring, for {simulator.url}\n"
    assert json.loads(made.out)["simulated"] is False
    assert again.out == "There was no token in the keyring.\n"
    assert simulator.token not in "".join(one.out + one.err for one in (kept, status, made, deleted))


def test_a_keyring_that_forgets_is_told(alone: Shell) -> None:
    alone.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

    ended = alone.run("token", "set", text="r8_marker\n")

    assert ended.code == 1
    assert "does not give it back" in ended.error_lines[0]


def test_prompt_hides_the_token(alone: Shell) -> None:
    with_keyring(alone)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "token", "set"],
        cwd=alone.folder,
        env=alone.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # Without a terminal of its session to go to, the prompt has to use these.
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while b"(not shown): " not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"r8_marker\n")
        while b"doctor" not in shown:
            shown += os.read(ours, 4096)
    finally:
        os.close(ours)
    assert process.wait(timeout=20) == 0
    assert b"marker" not in shown
    assert alone.run("token", "status").out.startswith("r8_****")
