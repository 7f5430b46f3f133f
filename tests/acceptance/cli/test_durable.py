"""Durable generations as people use them: processes of their own, killed and started again."""

from __future__ import annotations

import json
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from PIL import Image

from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.cli.conftest import Shell
    from tintype.testing import Simulator

DEADLINE_S = 30
# Later than bought: that it was bought is known here too, so that nobody has to look for it.
RUNNING = b"SELECT count(*) FROM generations WHERE state = 'running'"
DAY_AND_MODEL = "Date,Model,Amount\n{day},black-forest-labs/flux-schnell,$0.01\n"


def test_what_was_made_is_booked_listed_and_compared(served: Shell, simulator: Simulator) -> None:
    """One picture: generate, list, show, spend, reconcile."""
    made = served.run("generate", "A red boat", "--seed", "7", "--set", "output_format=png", "--json")
    (listed,) = _json(served.run("list", "--search", "RED", "--json"))["generations"]
    shown = _json(served.run("show", listed["id"], "--out", "again", "--json"))
    spent = served.run("spend", "--by", "day")
    (served.folder / "invoice.csv").write_text(DAY_AND_MODEL.format(day=listed["finished_at"][:10]))
    compared = _json(served.run("reconcile", "invoice.csv", "--json"))

    document = _json(made)
    (file,) = document["files"]
    with Image.open(served.folder / file["path"]) as picture:
        assert (picture.format, picture.size) == ("PNG", (1024, 1024))
    assert (made.err, document["cost_usd"], document["simulated"]) == ("", "0.003", False)
    assert (listed["state"], listed["cost_usd"], listed["held_usd"]) == ("succeeded", "0.003", "0.00")
    assert listed["id"] == file["generation_id"]
    assert [line["kind"] for line in shown["book"]] == ["hold", "charge", "release"]
    (copied,) = (served.folder / "again").iterdir()
    assert copied.read_bytes() == (served.folder / file["path"]).read_bytes()
    assert spent.out.splitlines()[-1] == "total $0.003, held $0.00"
    assert (compared["booked_usd"], compared["billed_usd"], compared["drift_usd"]) == (
        "0.003",
        "0.01",
        "0.007",
    )
    assert simulator.bills()["predictions"] == 1


def test_what_an_orphan_made_is_found_by_its_operator(served: Shell, url: str) -> None:
    """Rule 6: `tintype show` tells of it, and `--out` brings its file too."""
    served.run("generate", "A red boat")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "INSERT INTO orphan_outputs (generation_id, prediction_id, position, sha256, content_type, size_bytes)"
            " SELECT generation_id, 'p2', 0, sha256, content_type, size_bytes FROM outputs"
        )
    (listed,) = _json(served.run("list", "--json"))["generations"]

    told = served.run("show", listed["id"], "--out", "again")
    shown = _json(served.run("show", listed["id"], "--json"))

    assert "prediction p2" in told.out
    assert [orphan["prediction_id"] for orphan in shown["orphans"]] == ["p2"]
    assert {path.name for path in (served.folder / "again").iterdir()} == {
        "a-red-boat-flux-schnell.webp",
        "a-red-boat-flux-schnell-orphan.webp",
    }


def test_a_killed_command_started_again_takes_up_what_was_paid_for(
    served: Shell, simulator: Simulator, url: str
) -> None:
    command = ("generate", "[[delay=3]] a boat", "--model", "flux_pro", "-n", "2")
    _kill_when_running(served, url, command, count=2)

    ended = served.run(*command)

    assert ended.code == 0
    assert "nothing is bought again" in ended.err
    assert len(served.files()) == 2
    assert simulator.bills()["predictions"] == 2
    # What is delivered is over: the same wish again is a new one.
    assert "taking up" not in served.run("resume").err


def test_a_killed_auto_is_taken_up_though_another_model_would_be_chosen_by_now(
    served: Shell, simulator: Simulator, url: str
) -> None:
    """Rule 8: the same command is known by what was asked, not by what was chosen for it, nor by the host's name."""
    command = (
        "generate",
        "[[delay=3]] a boat",
        "--mode",
        "auto",
        "--max-usd",
        "0.05",
        "--finish",
        "trim",
        "--json",
    )
    _kill_when_running(served, url, command, count=1)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("""UPDATE orders SET plan = plan || '{"host": "pod-1"}'""")
    later = replace(served, environment={**served.environment, "TINTYPE_MODELS_AUTO": "flux-dev"})

    ended = later.run(*command)

    document = _json(ended)
    assert "nothing is bought again" in ended.err
    assert (document["model"] != "black-forest-labs/flux-dev", len(document["files"])) == (True, 2)
    assert simulator.bills()["predictions"] == 1


def test_resume_delivers_where_it_was_wanted(served: Shell, simulator: Simulator, url: str) -> None:
    _kill_when_running(served, url, ("generate", "[[delay=2]] a boat", "--out", "there"), count=1)

    resumed = served.run("resume")

    (path,) = (served.folder / "there").iterdir()
    assert (resumed.code, path.name) == (0, "delay-2-a-boat-flux-schnell.webp")
    assert served.run("resume").err == "nothing was left behind\n"
    assert simulator.bills()["predictions"] == 1


@pytest.mark.parametrize(
    ("is_commands", "options", "where"),
    [(True, (), "first"), (True, ("--out", "again"), "again"), (False, (), ".")],
    ids=["its-folder", "another", "here"],
)
def test_what_could_not_be_finished_is_finished_by_retry_and_saved(
    served: Shell,
    simulator: Simulator,
    url: str,
    *,
    is_commands: bool,
    options: tuple[str, ...],
    where: str,
) -> None:
    """The picture is not bought again; the new file is where it was wanted, or here where nobody said, and named."""
    failed = served.run(
        "generate", "a fox", "--aspect", "21:9", "--out", "first", "--finish", "print:10x5000mm:fit"
    )
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            """UPDATE orders SET plan = jsonb_set(plan, '{finish,0,0}', '["print:mug"]') - %s""",
            ["" if is_commands else "host"],
        )
    (listed,) = _json(served.run("list", "--json"))["generations"]

    again = served.run("retry", listed["id"], *options)

    assert (failed.code, "could not be finished" in failed.err) == (1, True)
    made = sorted(path.name for path in (served.folder / where).iterdir() if path.suffix in {".png", ".webp"})
    assert (again.code, len(made), "-mug." in made[0]) == (0, 2, True)
    assert all(name in again.out for name in made)
    assert simulator.bills()["predictions"] == 1


def test_resume_passes_over_a_folder_that_cannot_be_written(served: Shell, url: str) -> None:
    """What is behind it is delivered all the same; it is named, and taken up when it can be."""
    for count, name in enumerate(("bad", "good"), 1):
        _kill_when_running(served, url, ("generate", f"[[delay=15]] {name}", "--out", name), count=count)
    (served.folder / "bad").rmdir()
    (served.folder / "bad").write_text("in the way")

    resumed = served.run("resume")
    (served.folder / "bad").unlink()
    again = served.run("resume")

    assert (resumed.code, "cannot save into" in resumed.err) == (2, True)
    assert len(list((served.folder / "good").iterdir())) == 1
    assert (again.code, len(list((served.folder / "bad").iterdir()))) == (0, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_cancels_upstream_and_says_so(
    served: Shell, simulator: Simulator, number: signal.Signals
) -> None:
    process = served.start("generate", "[[delay=30]] a boat", "--model", "flux_pro", "-n", "2")
    try:
        until(lambda: simulator.bills()["predictions"] == 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    rows = _json(served.run("list", "--json"))["generations"]

    assert (process.returncode, out) == (130, "")
    (line,) = err.splitlines()
    assert line.startswith("tintype: interrupted; canceled upstream: ")
    for item in simulator.bills()["items"]:
        assert item["status"] == "canceled"
        assert item["id"] in line
    assert [(row["state"], row["cost_usd"], row["held_usd"]) for row in rows] == [
        ("canceled", "0.00", "0.00")
    ] * 2
    assert served.run("resume").err == "nothing was left behind\n"


def test_a_database_that_breaks_meanwhile_is_waited_for(
    served: Shell, simulator: Simulator, url: str
) -> None:
    """Every connection ends while the picture is made, the one with the command's hold among them."""
    process = served.start("generate", "[[delay=3]] a boat")
    try:
        with psycopg.connect(url, autocommit=True) as database:
            until(lambda: database.execute(RUNNING).fetchone() == (1,))
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert (process.returncode, err) == (0, "")
    assert "1 from black-forest-labs/flux-schnell, $0.003" in out
    assert simulator.bills()["predictions"] == 1
    assert served.run("resume").err == "nothing was left behind\n"


def test_what_a_person_should_see_is_listed_and_cleared(served: Shell, url: str) -> None:
    """By a number, which a script reads from the same list; a number that is none is refused."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SELECT tintype_alert('output_lost', 'something', 'It could not be stored.')")

    listed = served.run("alerts")
    (open_one,) = _json(served.run("alerts", "--json"))["alerts"]
    cleared = served.run("alerts", "--clear", str(open_one["number"]))
    again = served.run("alerts", "--clear", str(open_one["number"]))

    assert "output_lost" in listed.out
    assert "It could not be stored." in listed.out
    assert cleared.err == "cleared output_lost something\nnothing is open\n"
    assert (again.code, again.error_lines) == (2, [f"tintype: there is no open alert {open_one['number']}"])


def test_who_does_not_wait_for_the_end_is_not_told_that_nothing_was_asked_for(
    served: Shell, simulator: Simulator
) -> None:
    """A second Ctrl-C leaves what runs to whoever works next, and says so."""
    simulator.faults([{"do": "delay", "delay_s": 5, "method": "POST", "path": "*/cancel"}])
    process = served.start("generate", "[[delay=30]] a boat")
    try:
        until(lambda: simulator.bills()["predictions"] == 1)
        process.send_signal(signal.SIGINT)
        until(lambda: simulator.fired() != [0])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    (row,) = _json(served.run("list", "--json"))["generations"]
    (line,) = err.splitlines()
    assert process.returncode == 130
    assert line.startswith(f"tintype: interrupted; {row['id']} may go on; ")


@pytest.mark.parametrize("token", ["r8_anything", "wrong"])
def test_an_upstream_that_is_away_or_refuses_is_told_before_anything_is_asked_for(
    served: Shell, simulator: Simulator, token: str
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        url = away if token.startswith("r8_") else simulator.url
        lost = replace(
            served,
            environment={**served.environment, "TINTYPE_REPLICATE_URL": url, "REPLICATE_API_TOKEN": token},
        )
        ended = lost.run("generate", "a boat")

    assert (ended.code, ended.out, len(ended.err.splitlines())) == (1, "", 1)
    assert token not in ended.err
    assert _json(served.run("list", "--json"))["generations"] == []


def test_a_worker_does_what_others_left_until_it_is_told_to_stop(
    served: Shell, simulator: Simulator, data: Path, url: str
) -> None:
    _kill_when_running(served, url, ("generate", "[[delay=1]] a boat"), count=1)
    worker = served.start("worker")
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == f"ready for {simulator.url} (simulated)\n"
        until(lambda: any((data / "files" / "objects").glob("*/*")))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=DEADLINE_S) == 0
    finally:
        worker.kill()
        worker.communicate()

    # What the worker had begun was finished before it stopped.
    assert _states(served) == ["succeeded"]
    assert simulator.bills()["predictions"] == 1


def test_an_outcome_that_is_not_clear_is_found_and_the_terminal_stays_clean(
    served: Shell, simulator: Simulator
) -> None:
    """Rule 5, as a person sees it: it takes a moment longer, and is bought once."""
    simulator.faults(
        [{"do": "reset", "when": "after", "method": "POST", "path": "*/predictions", "count": 1}]
    )

    ended = served.run("generate", "a boat")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("1 from black-forest-labs/flux-schnell, $0.003\n")
    assert simulator.bills()["predictions"] == 1


def test_commands_at_the_same_time_share_one_database(alone: Shell) -> None:
    """Without a token they share the built-in simulator too."""
    first = alone.start("generate", "a boat", "--json")
    second = alone.start("generate", "a house", "--json")

    outs = [process.communicate(timeout=60)[0] for process in (first, second)]

    assert [json.loads(out)["simulated"] for out in outs] == [True, True]
    assert _states(alone) == ["succeeded", "succeeded"]


def test_what_cannot_be_is_one_line_and_code_two(served: Shell, simulator: Simulator) -> None:
    (served.folder / "bad.csv").write_text("date,amount\n2026-01-31,many\n")

    ends = {
        "there is no generation 'nothing'": served.run("show", "nothing"),
        "say what is true": served.run("resolve", "nothing"),
        "bad.csv: line 2, column amount: 'many'": served.run("reconcile", "bad.csv"),
        "cannot be read": served.run("reconcile", "none.csv"),
        "(404)": served.run("generate", "a boat", "--model", "someone/nothing"),
    }

    for words, ended in ends.items():
        assert (ended.code, ended.out) == (2, "")
        assert len(ended.error_lines) == 1
        assert words in ended.error_lines[0]
    assert simulator.bills()["predictions"] == 0


def test_a_folder_that_the_database_cannot_use_is_told_with_the_next_step(
    connected: Shell, simulator: Simulator
) -> None:
    (connected.folder / "file").write_text("")
    connected.environment["TINTYPE_DATA"] = str(connected.folder / "file")

    ended = connected.run("generate", "a boat")

    assert ended.code == 2
    assert "TINTYPE_DATA" in ended.error_lines[0]
    assert "--direct" in ended.error_lines[0]
    assert simulator.bills()["predictions"] == 0


def _kill_when_running(shell: Shell, url: str, command: tuple[str, ...], *, count: int) -> None:
    process = shell.start(*command)
    try:
        with psycopg.connect(url, autocommit=True) as database:
            until(lambda: database.execute(RUNNING).fetchone() == (count,))
    finally:
        process.kill()
        process.communicate()


def _states(shell: Shell) -> list[str]:
    return [row["state"] for row in _json(shell.run("list", "--json"))["generations"]]


def _json(ended: Any) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    document: dict[str, Any] = json.loads(ended.out)
    return document
