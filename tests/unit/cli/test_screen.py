"""What others wrote is shown, and steers nobody's terminal."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tintype.cli import exits, screen


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ein Leuchtturm 🌊 灯台 👩‍🚀", "ein Leuchtturm 🌊 灯台 👩‍🚀"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("abc\u202edef", "abc\\u202edef"),
        ("not \udcff text", "not \\udcff text"),
    ],
)
def test_what_steers_a_terminal_is_shown_by_its_code(
    written: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, in a table, in a message, and as the words of an error."""
    screen.put(written)
    screen.say(written)
    screen.put_table(["what"], [[written]])

    out, err = capsys.readouterr()
    assert out.splitlines() == [shown, "what", shown]
    assert err == f"{shown}\n"
    assert "\x1b" not in exits.one_line(written)


def test_money_is_written_with_its_sign_first() -> None:
    assert [screen.usd(one) for one in (3_000_000, -6_000_000, 0)] == ["$0.003", "-$0.006", "$0.00"]


def test_json_holds_the_same_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads what was written, a person sees no escape."""
    written = {"a": "\x1b[31m \x9b \u202e \x7f 🌊 \ud83c"}

    screen.put_json(written)

    out = capsys.readouterr().out
    assert json.loads(out) == written
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "🌊" in out


def test_csv_holds_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of users, tags and projects are others'; amounts stay numbers."""
    rows = [{"name": name, "cost_usd": "-0.003"} for name in ("=cmd", "+1", "@x", "\t=1", "shop", None)]

    screen.put_csv(rows, of=("name", "cost_usd"))

    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in read] == ["'=cmd", "'+1", "'@x", "\\t=1", "shop", ""]
    assert {row["cost_usd"] for row in read} == {"-0.003"}
