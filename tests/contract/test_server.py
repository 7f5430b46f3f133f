"""The simulator as a program: what it prints, how it stops, what it says when it cannot start."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract import wire
from tintype.simulator import certificates
from tintype.testing import simulator as run_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "tintype.simulator"]


@contextlib.contextmanager
def _started(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the program and yield it with the lines up to `ready`, by their last word."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines: dict[str, str] = {}
        while "ready" not in lines:
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            words, _, value = line.strip().rpartition(" ")
            lines[words] = value
        try:
            yield process, lines
        finally:
            process.kill()


def test_ready_is_a_line_of_its_own() -> None:
    """As soon as it stands there, the simulator answers at that address."""
    with _started() as (_, lines):
        assert wire.send(lines["ready"], "GET", "/_sim/health").status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_two_seconds_while_clients_wait(number: signal.Signals) -> None:
    """A wait and a stream are open; the end is clean, silent, and 0."""
    with _started() as (process, lines):
        url = lines["ready"]
        waiting = [
            threading.Thread(
                target=wire.create,
                args=(url, "r8_one", "[[delay=60]]"),
                kwargs={"headers": {"Prefer": "wait"}},
            ),
            threading.Thread(target=_stream, args=(url,)),
        ]
        for one in waiting:
            one.start()
        # Three requests came, and the two that wait are under way.
        _until(lambda: _traffic(url) == (3, 2))

        started = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)

        assert time.monotonic() - started < 2
        assert (process.returncode, output, errors) == (0, "", "")
        for one in waiting:
            one.join(5)
            assert not one.is_alive()


def _traffic(url: str) -> tuple[int, int]:
    health = wire.send(url, "GET", "/_sim/health").json()
    return health["requests"], health["under_way"]


def _stream(url: str) -> None:
    body = {"version": "meta/meta-llama-3-8b-instruct", "input": {"prompt": "[[delay=60]]"}}
    made = wire.create(url, "r8_one", body=body).json()
    wire.send(url, "GET", made["urls"]["stream"].removeprefix(url), headers={"Accept": "text/event-stream"})


def _until(is_true: object) -> None:
    deadline = time.monotonic() + 10
    assert callable(is_true)
    while not is_true():
        assert time.monotonic() < deadline


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False)


def _refused(*options: str) -> str:
    """Return the one line that the program says when it cannot start."""
    ended = _run(*options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_a_port_in_use_is_said() -> None:
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        line = _refused("--port", port)

    assert f"127.0.0.1 port {port}" in line
    assert "in use" in line
    assert "--port 0" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--speed", "0"], "speed is 0.0"),
        (["--speed", "nan"], "speed is nan"),
        (["--speed", "fast"], "--speed"),
        (["--port", "70000"], "port is 70000"),
        (["--credit", "-1"], "-1"),
        (["--credit", "1e400"], "1E+400"),
        (["--credit", "much"], "credit is 'much'"),
        (["--tls-cert", "cert.pem"], "belong together"),
        (["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"], "/nowhere/cert.pem"),
        (["--host", "300.1.1.1"], "300.1.1.1"),
        (["--public-url", "replicate.example"], "replicate.example"),
        (["--public-url", "ftp://replicate.example"], "ftp://replicate.example"),
        (["--public-url", "https://replicate example"], "https://replicate example"),
        (["--public-url", "https://replicate.example:99999"], "https://replicate.example:99999"),
        (["--tls", "self-signed", "--tls-cert", "cert.pem", "--tls-key", "key.pem"], "made on the spot"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_meant_is_said(options: list[str], words: str) -> None:
    """One line and exit code 2, never a traceback."""
    assert words in _refused(*options)


def test_a_data_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """It names the directory and the option."""
    (tmp_path / "file").write_text("not a folder")

    line = _refused("--data", str(tmp_path / "file" / "data"))

    assert str(tmp_path / "file" / "data") in line
    assert "--data" in line


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    """A file that is there but holds no certificate."""
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")

    line = _refused("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))

    assert str(tmp_path / "cert.pem") in line
    assert "--tls self-signed" in line


def test_help_names_every_option() -> None:
    """Nothing of the server is loaded for it."""
    ended = _run("--help")

    assert ended.returncode == 0
    for option in ("--host", "--port", "--tls", "--public-url", "--speed", "--limits", "--data", "--credit"):
        assert option in ended.stdout


def test_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    """Whoever trusts the printed authority connects with all checks on."""
    with _started("--tls", "self-signed", "--data", str(tmp_path)) as (_, lines):
        url, authority = lines["ready"], lines["certificate authority"]
        context = ssl.create_default_context(cafile=authority)
        assert _over_tls(url, context, "GET /_sim/health", "").startswith(b"HTTP/1.1 200")

    assert url.startswith("https://127.0.0.1:")
    assert (tmp_path / "tls" / "key.pem").stat().st_mode & 0o077 == 0


def test_a_certificate_is_kept_as_long_as_it_is_good(tmp_path: Path) -> None:
    """Clients need not be told anew; another host makes a new one."""
    first = certificates.self_signed(tmp_path, host="127.0.0.1")
    content = first.cert.read_bytes()

    again = certificates.self_signed(tmp_path, host="127.0.0.1")
    assert again.cert.read_bytes() == content

    other = certificates.self_signed(tmp_path, host="gateway.local")
    assert other.cert.read_bytes() != content

    other.cert.write_text("broken")
    mended = certificates.self_signed(tmp_path, host="gateway.local")
    assert mended.cert.read_bytes().startswith(b"-----BEGIN")


def test_the_files_of_a_certificate_can_be_given(tmp_path: Path) -> None:
    """As one does with a certificate of one's own authority; resets cut through TLS too."""
    files = certificates.self_signed(tmp_path, host="localhost")

    with run_simulator(tls=(files.cert, files.key)) as running:
        assert running.url.startswith("https://")
        assert running.ca is None
        context = ssl.create_default_context(cafile=files.ca)
        script = '{"rules": [{"do": "reset"}]}'
        assert _over_tls(running.url, context, "POST /_sim/faults", script).startswith(b"HTTP/1.1 200")
        # Python tells a reset under TLS as an end that breaks the protocol.
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            _over_tls(running.url, context, "GET /v1/account", "")


def _over_tls(url: str, context: ssl.SSLContext, line: str, body: str) -> bytes:
    port = int(url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as secure,
    ):
        secure.sendall(f"{line} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        return secure.recv(65536)


def test_urls_begin_with_the_public_one() -> None:
    """Behind a proxy, links lead to the proxy; without a public URL they lead where the request came to."""
    with run_simulator(public_url="https://replicate.example/") as running:
        body = wire.create(running.url, running.token).json()
    with run_simulator() as running:
        named = wire.create(running.url, running.token, headers={"Host": "simulator:8901"}).json()

    assert body["urls"]["get"] == f"https://replicate.example/v1/predictions/{body['id']}"
    assert named["urls"]["get"] == f"http://simulator:8901/v1/predictions/{named['id']}"
