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


def test_the_file_stands_below_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tintype.toml < .env < environment < arguments, and each setting says where it is from."""
    (tmp_path / "tintype.toml").write_text('port = 1\nhost = "10.0.0.1"\nlog_level = "DEBUG"\nworkers = 2\n')
    (tmp_path / ".env").write_text("TINTYPE_PORT=2\nTINTYPE_HOST=10.0.0.2\nTINTYPE_WORKERS=\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINTYPE_PORT", "3")

    loaded = settings.load_with_sources(data=tmp_path, host=None)

    made = loaded.settings
    assert (made.port, made.host, made.log_level, made.workers) == (3, "10.0.0.2", "debug", 2)
    assert {name: loaded.sources[name] for name in ("data", "port", "host", "log_level", "debug")} == {
        "data": "argument",
        "port": "environment",
        "host": ".env",
        "log_level": "tintype.toml",
        "debug": "default",
    }


def test_a_named_file_stands_in_for_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tintype.toml").write_text("port = 1\n")
    (tmp_path / "other.toml").write_text('cors_origins = ["https://a.test", "https://b.test:8443"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINTYPE_CONFIG", str(tmp_path / "other.toml"))

    made = settings.load()

    assert (made.port, made.cors_origins) == (8000, ("https://a.test", "https://b.test:8443"))


def test_models_of_other_names_are_a_text_or_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meant = {"dall-e-3": "acme/fox", "gpt-image-1": "flux-schnell"}
    (tmp_path / "tintype.toml").write_text(
        '[openai_models]\n"dall-e-3" = "acme/fox"\ngpt-image-1 = "flux-schnell"\n'
    )
    monkeypatch.chdir(tmp_path)
    assert settings.load().openai_models == meant

    for text, found in (
        ("dall-e-3 = acme/fox, gpt-image-1=flux-schnell", meant),
        ("dall-e-3", None),
        ("a b=flux-schnell", None),
        ("dall-e-3=a b", None),
    ):
        monkeypatch.setenv("TINTYPE_OPENAI_MODELS", text)
        if found is None:
            with pytest.raises(ConfigurationError, match="OPENAI_MODELS"):
                settings.load()
        else:
            assert settings.load().openai_models == found


@pytest.mark.parametrize("text", [b"port = ", b"\xff", None], ids=["not TOML", "not UTF-8", "not there"])
def test_a_named_file_that_cannot_be_read_is_told(
    text: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        (tmp_path / "named.toml").write_bytes(text)
    monkeypatch.setenv("TINTYPE_CONFIG", str(tmp_path / "named.toml"))

    with pytest.raises(ConfigurationError, match=r"named\.toml"):
        settings.load()


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its name and what it takes, from every layer, and no value."""
    (tmp_path / "tintype.toml").write_text('prot = 1\ncalls_per_minute = true\n[server]\nport = "sesame"\n')
    (tmp_path / ".env").write_text(
        "TINTYPE_ADDRESS_RATE=sesame\nTINTYPE_CORS_ORIGINS=https://a.test/sesame\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINTYPE_DATABASE_URL", "mysql://sesame")
    monkeypatch.setenv("TINTYPE_WEBHOOK_SECRET", "sesame")
    monkeypatch.setenv("TINTYPE_SECRETS_KEY", "sesamesesame")
    monkeypatch.setenv("TINTYPE_REPLICATE_URL", "http://sesame@host")

    with pytest.raises(ConfigurationError) as caught:
        settings.load(request_timeout_s=float("nan"), tls_key=tmp_path / "sesame")

    told = str(caught.value)
    assert "sesame" not in told
    for part in (
        "tintype.toml knows no 'prot'; did you mean port?",
        "tintype.toml knows no 'server'",
        "TINTYPE_CALLS_PER_MINUTE (tintype.toml) takes how many other calls, 1 to 1,000,000",
        "TINTYPE_ADDRESS_RATE (.env) takes pictures per address without a key, like 10/minute",
        "TINTYPE_CORS_ORIGINS (.env) takes origins",
        "TINTYPE_DATABASE_URL (environment) takes a PostgreSQL",
        "TINTYPE_WEBHOOK_SECRET (environment) takes",
        "TINTYPE_SECRETS_KEY (environment) takes 32 bytes in base64",
        "TINTYPE_REQUEST_TIMEOUT_S (argument) takes seconds, 1 to 3,600",
        "TINTYPE_TLS_KEY (argument) takes a key's PEM file",
        "TINTYPE_REPLICATE_URL: the upstream's address is to be an origin",
    ):
        assert part in told


def test_every_setting_says_what_it_takes() -> None:
    for name in settings.Settings.model_fields:
        assert settings.takes(name)


def test_a_certificate_comes_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("")

    with pytest.raises(ConfigurationError, match="TINTYPE_TLS_CERT and TINTYPE_TLS_KEY"):
        settings.load(dotenv=tmp_path / "none", tls_cert=tmp_path / "cert.pem")


def test_no_variable_is_put_into_a_files_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 26: a stranger's folder must not get the token, by an address that takes it along either."""
    monkeypatch.setenv("REPLICATE_API_TOKEN", TOKEN)
    (tmp_path / ".env").write_text("TINTYPE_PUBLIC_URL=https://elsewhere.test/${REPLICATE_API_TOKEN}\n")

    made = settings.load(dotenv=tmp_path / ".env")

    assert TOKEN not in str(made.public_url)


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
