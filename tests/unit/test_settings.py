"""Settings: where they come from, what is refused, what is never printed (rule 26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tintype import settings
from tintype.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "r8_" + "a" * 37


def test_arguments_stand_over_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File < environment < arguments."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "TINTYPE_CREATES_PER_MINUTE=1\nTINTYPE_CALLS_PER_MINUTE=1\nTINTYPE_STORAGE_URL=file:///a\n"
    )
    monkeypatch.setenv("TINTYPE_CREATES_PER_MINUTE", "2")
    monkeypatch.setenv("TINTYPE_CALLS_PER_MINUTE", "2")

    made = settings.load(dotenv=dotenv, calls_per_minute=3)

    assert (made.storage_url, made.creates_per_minute, made.calls_per_minute) == ("file:///a", 2, 3)


def test_what_is_wrong_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An error names the variable and never its value."""
    monkeypatch.setenv("TINTYPE_CREATES_PER_MINUTE", "sesame")

    with pytest.raises(ConfigurationError) as caught:
        settings.load(dotenv=tmp_path / "none")

    assert "TINTYPE_CREATES_PER_MINUTE" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_password_is_not_printed(tmp_path: Path) -> None:
    """The database's URL holds one."""
    made = settings.load(dotenv=tmp_path / "none", database_url="postgresql://me:sesame@host/db")

    assert "sesame" not in repr(made)


def test_webhooks_do_not_travel_open_unless_upstream_is_this_machine(tmp_path: Path) -> None:
    """Rule 26: a public URL that is not https is refused at start."""
    made = settings.load(dotenv=tmp_path / "none", public_url="http://tintype.example.com")

    with pytest.raises(ConfigurationError, match="TINTYPE_PUBLIC_URL"):
        settings.upstream(made, TOKEN, base_url="https://api.replicate.com")
    assert settings.upstream(made, TOKEN, base_url="http://127.0.0.1:1").host == "127.0.0.1"
