"""The log: one form for everybody's lines, the facts of the context on each, no secret anywhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tintype import settings
from tintype.observing import Begun, Observer, Observers
from tintype.telemetry import journal, logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "r8_abcdefghijklmnopqrstuvwxyz0123456789"
ODD_TOKEN = "an-odd-token-of-another-upstream"
NAMES = (
    "",
    "tintype",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "uvicorn.asgi",
    "procrastinate",
    "alembic",
)


class Written(io.StringIO):
    """What was written; a terminal when wished."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Leave logging as it was."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(one, list(one.handlers), one.level, one.propagate) for one in loggers]
    hooks = threading.excepthook, sys.unraisablehook
    with warnings.catch_warnings():
        yield
    logging.captureWarnings(capture=False)
    for one, handlers, level, propagate in before:
        one.handlers[:] = handlers
        one.setLevel(level)
        one.propagate = propagate
    threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


def _configured(**options: Any) -> Written:
    written = Written()
    logs.configure(stream=written, secrets=[ODD_TOKEN, "short"], **options)
    return written


def test_what_is_about_a_generation_says_where_it_came_from_and_who_is_at_it() -> None:
    """In a job, in another's request, and for one that ends along with it; where none asked, none is named."""
    written = _configured()
    observer = Observers([journal.Journal()])

    with observer.about("g1", "k1", "r1"), observer.job("submit", "g1"), observer.about("g2", "k2", None):
        logging.getLogger("tintype.service").info("beside")
    with journal.bound(request_id="r2", key_id="k9"), observer.about("g1", "k1", "r1"):
        logging.getLogger("tintype.service").info("cancelled")

    beside, cancelled = written.lines()
    assert "request_id" not in beside
    assert (beside["generation_id"], beside["key_id"]) == ("g2", "k2")
    told = {name: cancelled[name] for name in ("generation_id", "key_id", "request_id", "acting_request_id")}
    assert told == {"generation_id": "g1", "key_id": "k1", "request_id": "r1", "acting_request_id": "r2"}


def test_everybodys_lines_have_one_form() -> None:
    """Ours, a server's, structlog's own; each with level, logger, time and the facts of the context."""
    written = _configured()

    with journal.bound(request_id="one", generation_id="two"):
        logging.getLogger("tintype.service").info("%s of ours", "a line", extra={"seconds": 0.5})
        logging.getLogger("uvicorn.error").info("the server's")
        structlog.get_logger("tintype.host").warning("structlog's", model="flux")
    logging.getLogger("tintype.service").debug("too fine")
    logging.getLogger("some.library").info("not asked for")

    ours, servers, structlogs = written.lines()
    assert (ours["event"], ours["seconds"], ours["level"]) == ("a line of ours", 0.5, "info")
    assert (servers["logger"], structlogs["model"]) == ("uvicorn.error", "flux")
    for line in (ours, servers, structlogs):
        assert (line["request_id"], line["generation_id"]) == ("one", "two")
        assert line["timestamp"].endswith("Z")


def test_no_secret_passes_whichever_way_it_came() -> None:
    """In the words, the arguments, beside them, deep inside, in an exception and its causes, as an object's text."""

    class Holder:
        def __str__(self) -> str:
            return f"Bearer {TOKEN}"

    written = _configured(level="debug")
    log = logging.getLogger("tintype.service")
    log.info("sent %s with Authorization: Bearer %s", TOKEN, ODD_TOKEN)
    log.info("here", extra={"facts": {"list": [f"https://me:{TOKEN}@host/?k={TOKEN}"]}, "object": Holder()})
    log.info("there", extra={"token": "sesame-sesame", "headers": {"x": "sesame-sesame"}})
    try:
        try:
            raise ValueError(f"upstream said {ODD_TOKEN}")  # noqa: TRY301 - it needs a traceback
        except ValueError as cause:
            raise RuntimeError(f"POST /hooks/replicate/sesame-sesame failed for {TOKEN}") from cause
    except RuntimeError:
        log.exception("failed with %s", TOKEN)
    structlog.get_logger("tintype").error("own", password="sesame-sesame", note=ODD_TOKEN)

    text = written.getvalue()
    assert len(written.lines()) == 5
    assert "Traceback" in text
    for secret in (TOKEN, ODD_TOKEN, "sesame-sesame", TOKEN[3:]):
        assert secret not in text


def test_a_line_that_cannot_be_made_is_told_of_without_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = _configured()

    logging.getLogger("tintype.service").info("%d", TOKEN)

    assert "could not be written: TypeError" in written.getvalue()
    assert TOKEN not in written.getvalue() + capsys.readouterr().err


def test_a_thread_that_fails_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    written = _configured()

    def fail() -> None:
        raise ValueError(TOKEN)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    (line,) = written.lines()
    assert "ValueError" in line["exception"]
    assert TOKEN not in written.getvalue() + capsys.readouterr().err


@pytest.mark.parametrize(
    ("is_terminal", "as_json", "is_json"), [(False, None, True), (True, None, False), (True, True, True)]
)
def test_it_is_json_unless_a_person_reads_it(is_terminal: bool, as_json: bool | None, is_json: bool) -> None:  # noqa: FBT001 - the cases
    written = Written(is_terminal=is_terminal)
    logs.configure(stream=written, as_json=as_json)

    try:
        raise ValueError(TOKEN)  # noqa: TRY301 - it needs a traceback
    except ValueError:
        logging.getLogger("tintype").exception("it failed")

    assert written.getvalue().startswith("{") == is_json
    assert "ValueError" in written.getvalue()
    assert TOKEN not in written.getvalue()


def test_headers_of_upstream_never_reach_the_log() -> None:
    """The HTTP library writes them at its finest level, whatever ours is."""
    written = _configured(level="debug")

    logging.getLogger("httpcore2.http11").debug("receive_response_headers.complete %r", [(b"x-secret", b"1")])
    logging.getLogger("httpx2").info("HTTP Request: GET https://api.replicate.com/v1/predictions")

    assert written.getvalue() == ""


@pytest.mark.parametrize(("prompts", "shown"), [("cut", "x" * 50 + "…"), ("full", "x" * 60), ("off", None)])
def test_prompts_are_cut_or_left_out(prompts: journal.Prompts, shown: str | None) -> None:
    written = _configured()
    begin = Begun(
        id="01k",
        model="flux",
        kind="image",
        key_id="local",
        estimate_nano_usd=3_000_000,
        hold_nano_usd=3_000_000,
        prompt="x" * 60,
    )

    journal.Journal(prompts=prompts).begun(begin)

    (line,) = written.lines()
    assert line.get("prompt") == shown
    assert (line["event"], line["hold_usd"]) == ("generation_started", "0.003")


def test_an_observer_that_fails_stands_in_nobodys_way() -> None:
    """The others hear it all the same, and the log has what happened."""
    written = _configured()
    heard: list[str] = []

    class Failing(Observer):
        def refused(self, reason: str) -> None:
            raise OSError(f"disk full at {reason}")

    class Hearing(Observer):
        def refused(self, reason: str) -> None:
            heard.append(reason)

    Observers((Failing(), Hearing())).refused("money")

    assert heard == ["money"]
    assert "disk full" in written.getvalue()


def test_what_the_settings_keep_secret_is_known_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token wherever it is from, keys and secrets of any shape, a database's password as written and as meant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPLICATE_API_TOKEN", ODD_TOKEN)
    key = base64.b64encode(bytes(range(32))).decode()
    made = settings.load(database_url="postgresql://me:pass%20word-1@host/db", secrets_key=key)
    written = Written()
    monkeypatch.setattr(sys, "stderr", written)

    logs.set_up(made)
    logging.getLogger("tintype").warning("%s, %s, pass word-1, pass%%20word-1", ODD_TOKEN, key)

    assert [line["event"] for line in written.lines()] == ["****, ****, ****, ****"]
