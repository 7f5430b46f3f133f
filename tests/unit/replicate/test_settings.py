"""Where the client talks to, as whom, and what it refuses."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from tintype.domain.errors import ConfigurationError, KeyringUnavailable
from tintype.replicate import settings, tokens

if TYPE_CHECKING:
    from pathlib import Path

ENV = "r8_from_environment"
FILE = "r8_from_file"
KEPT = "r8_from_keyring"


class Keyring:
    """A keyring of one entry."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text

    def get_password(self, _service: str, _username: str) -> str | None:
        return self.text

    def set_password(self, _service: str, _username: str, password: str) -> None:
        self.text = password

    def delete_password(self, _service: str, _username: str) -> None:
        self.text = None


class NoKeyring:
    """What a machine without a desktop has."""

    def get_password(self, _service: str, _username: str) -> str | None:
        raise RuntimeError("no recommended backend was available")

    def set_password(self, _service: str, _username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")

    def delete_password(self, _service: str, _username: str) -> None:
        raise RuntimeError("no recommended backend was available")


@pytest.mark.parametrize(
    ("argument", "environ", "dotenv", "kept", "expected"),
    [
        ("r8_argument", {"REPLICATE_API_TOKEN": ENV}, FILE, KEPT, ("r8_argument", "argument")),
        (
            None,
            {"REPLICATE_API_TOKEN": ENV, "REPLICATE_API_KEY": "r8_x"},
            FILE,
            KEPT,
            (ENV, "REPLICATE_API_TOKEN"),
        ),
        (
            None,
            {"REPLICATE_API_TOKEN": " ", "REPLICATE_API_KEY": ENV},
            FILE,
            KEPT,
            (ENV, "REPLICATE_API_KEY"),
        ),
        (None, {}, FILE, KEPT, (FILE, ".env")),
        (None, {}, None, KEPT, (KEPT, "keyring")),
    ],
)
def test_the_token_is_looked_for_in_order(
    argument: str | None,
    environ: dict[str, str],
    dotenv: str | None,
    kept: str | None,
    expected: tuple[str, str],
    tmp_path: Path,
) -> None:
    if dotenv:
        (tmp_path / ".env").write_text(f"REPLICATE_API_KEY={dotenv}\n")

    upstream = settings.resolve(argument, environ=environ, folder=tmp_path, keyring=Keyring(kept))

    assert (upstream.token.reveal(), upstream.source) == expected


@pytest.mark.parametrize("keyring", [Keyring(), NoKeyring()], ids=["empty", "none"])
def test_no_token_names_all_ways_to_give_one(keyring: tokens.Backend, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.resolve(environ={}, folder=tmp_path, keyring=keyring)

    for way in ("REPLICATE_API_TOKEN", "REPLICATE_API_KEY", ".env", "tintype token set", "token="):
        assert way in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_file_moves_the_upstream_only_with_its_own_token(tmp_path: Path) -> None:
    """Rule 26: a stranger's folder must not get the token."""
    (tmp_path / ".env").write_text(
        f"REPLICATE_API_TOKEN={FILE}\nTINTYPE_REPLICATE_URL=https://elsewhere.test\n"
    )

    own = settings.resolve(environ={}, folder=tmp_path, keyring=Keyring())
    other = settings.resolve(environ={"REPLICATE_API_TOKEN": ENV}, folder=tmp_path, keyring=Keyring())
    moved = settings.resolve(
        environ={"TINTYPE_REPLICATE_URL": "https://env.test/v1"}, folder=tmp_path, keyring=Keyring()
    )

    assert (own.origin, own.source) == ("https://elsewhere.test", ".env")
    assert other.origin == "https://api.replicate.com"
    assert moved.origin == "https://env.test"


def test_a_toml_moves_the_upstream_only_with_its_own_token(tmp_path: Path) -> None:
    """Rule 26: a folder's `tintype.toml` is no better than its `.env`, and the two do not help each other."""
    url = 'replicate_url = "https://elsewhere.test"\n'
    (tmp_path / "tintype.toml").write_text(url)

    beside = settings.resolve(environ={"REPLICATE_API_TOKEN": ENV}, folder=tmp_path, keyring=Keyring())
    kept = settings.resolve(environ={}, folder=tmp_path, keyring=Keyring(KEPT))
    (tmp_path / ".env").write_text(f"REPLICATE_API_TOKEN={FILE}\n")
    other_file = settings.resolve(environ={}, folder=tmp_path, keyring=Keyring())
    (tmp_path / ".env").unlink()
    (tmp_path / "tintype.toml").write_text(f'{url}replicate_api_token = "{FILE}"\n')
    own = settings.resolve(environ={}, folder=tmp_path, keyring=Keyring(KEPT))

    assert {one.origin for one in (beside, kept, other_file)} == {"https://api.replicate.com"}
    assert (own.origin, own.source, own.origin_source) == (
        "https://elsewhere.test",
        "tintype.toml",
        "tintype.toml",
    )


def test_a_file_that_its_operator_named_counts_as_the_environment_does(tmp_path: Path) -> None:
    named = tmp_path / "server.toml"
    named.write_text('replicate_url = "https://gateway.test"\n')
    environ = {"TINTYPE_CONFIG": str(named), "REPLICATE_API_TOKEN": ENV}

    upstream = settings.resolve(environ=environ, folder=tmp_path, keyring=Keyring())

    assert (upstream.origin, upstream.origin_source) == ("https://gateway.test", "tintype.toml")
    with pytest.raises(ConfigurationError, match="no token for it"):
        settings.refuse_lonely_url(environ={"TINTYPE_CONFIG": str(named)})


def test_what_is_no_text_in_a_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "tintype.toml").write_text("replicate_api_token = 5\n")

    with pytest.raises(ConfigurationError, match="replicate_api_token"):
        settings.resolve(environ={}, folder=tmp_path, keyring=Keyring())


def test_a_file_that_cannot_be_read_is_no_matter_where_the_token_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    assert settings.resolve("r8_argument", environ={}, folder=tmp_path).source == "argument"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        settings.resolve(environ={}, folder=tmp_path)


def test_a_working_folder_that_is_gone_holds_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(ConfigurationError, match="no Replicate token"):
        settings.resolve(environ={}, keyring=NoKeyring())


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://api.replicate.com", "https://api.replicate.com"),
        ("https://api.replicate.com/v1/", "https://api.replicate.com"),
        ("http://127.0.0.1:8901", "http://127.0.0.1:8901"),
        ("http://localhost:8901/", "http://localhost:8901"),
        ("http://[::1]:8901", "http://[::1]:8901"),
        ("https://Gateway.example:8443", "https://gateway.example:8443"),
    ],
)
def test_an_origin_is_https_or_on_this_machine(address: str, origin: str) -> None:
    assert settings.origin(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "http://api.replicate.com",
        "http://10.0.0.1",
        "http://localhost.evil.test",
        "ftp://127.0.0.1",
        "api.replicate.com",
        "https://",
        "https://host:port",
        "https://user:secret@host",
        "https://host/path",
        "https://host?x=secret",
        "http://[::1",
        "https://a..b",
        "https://\u202ehost",
        "https://ho st",
        f"https://{'a' * 64}.test",
    ],
)
def test_any_other_address_is_refused_without_quoting_what_may_be_secret(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.origin(address)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "r8_a b", "r8_\n\nx", "r8_ü", "r8_\x00"])
def test_what_cannot_be_a_token_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        tokens.Token(text)

    assert "r8_" not in str(caught.value)


def test_a_token_neither_prints_nor_pickles() -> None:
    token = tokens.Token(" r8_secret\n")

    assert token.reveal() == "r8_secret"
    assert "secret" not in f"{token} {token!r} {tokens.Found(token, 'argument')}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)


def test_a_keyring_keeps_gives_and_forgets() -> None:
    keyring = Keyring()

    tokens.store("r8_secret", keyring)
    kept = tokens.stored(keyring)

    assert kept is not None
    assert kept.reveal() == "r8_secret"
    assert tokens.delete(keyring) is True
    assert tokens.delete(keyring) is False


def test_a_machine_without_keyring_is_said_in_one_line_that_names_the_variable() -> None:
    for act in (
        lambda: tokens.stored(NoKeyring()),
        lambda: tokens.store("r8_secret", NoKeyring()),
        lambda: tokens.delete(NoKeyring()),
    ):
        with pytest.raises(KeyringUnavailable) as caught:
            act()
        assert "REPLICATE_API_TOKEN" in str(caught.value)
        assert "r8_secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_env_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"REPLICATE_API_TOKEN=\xff\xfe\n")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        settings.resolve(environ={}, folder=tmp_path, keyring=Keyring())
