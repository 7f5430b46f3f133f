"""What a setting's text means: each function takes what a layer said and returns the value, or raises ValueError."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from tintype import catalogue
from tintype.catalogue import own
from tintype.domain import profiles as profiles_
from tintype.domain import rates
from tintype.replicate import settings as replicate_settings

_HOST_LENGTH_MAX = 253
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Takes:
    """What a setting takes, as a phrase after "takes"."""

    what: str


def folder(value: Any) -> Any:
    """Return a path with the home folder in place of `~`."""
    if isinstance(value, str | Path):
        if not str(value).strip() or "\x00" in str(value):
            raise ValueError("a folder")
        return Path(value).expanduser()
    return value


def file(value: Any) -> Any:
    """Return the path of a file that is there, or None."""
    path = value if value is None else folder(value)
    if isinstance(path, Path) and not path.is_file():
        raise ValueError("a file that is there")
    return path


def database(value: Any) -> Any:
    """Return the URL of a PostgreSQL."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str) and urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("a PostgreSQL's URL")
    return value


def storage(value: Any) -> Any:
    """Return the URL of a place for files; whether it can be used is found out when it is opened."""
    if isinstance(value, str) and not re.match(r"[a-z][a-z0-9+.-]*://", value):
        raise ValueError("a URL")
    return value


def address(value: Any) -> Any:
    """Return an http(s) address without a slash at its end."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    is_plain = parts.username is None and not parts.query and not parts.fragment and parts.port != 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise ValueError("an http(s) address")
    return value.rstrip("/")


def origins(value: Any) -> Any:
    """Return the origins of pages, or `*` alone."""
    given = texts(value)
    if given == ("*",):
        return given
    for one in given:
        parts = urlsplit(one)
        if parts.scheme not in {"http", "https"} or one != f"{parts.scheme}://{parts.netloc}" or "@" in one:
            raise ValueError("an origin")
    return given


def networks(value: Any) -> Any:
    """Return addresses and networks."""
    given = texts(value)
    for one in given:
        ipaddress.ip_network(one, strict=False)
    return given


def texts(value: Any) -> tuple[str, ...]:
    """Return the parts of a text between its commas, or the texts of a list."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("texts")
    return tuple(part.strip() for part in parts if part.strip())


def prices(value: Any) -> Any:
    """Return prices of one's own by model: a table, `NAME = PRICE` in text, or the path of a TOML file of them."""
    found = value
    if isinstance(value, str):
        path = Path(value).expanduser()
        if "=" in value:
            found = own.read(value)
        elif value.strip():
            found = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        else:
            found = {}
    if not isinstance(found, dict):
        raise ValueError("there is no such file")  # noqa: TRY004 - pydantic tells of values
    own.extend(catalogue.load(), found)
    return found


def host(value: Any) -> Any:
    """Return the name or address of an interface."""
    text = value.strip("[] ") if isinstance(value, str) else value
    if isinstance(text, str) and not (len(text) <= _HOST_LENGTH_MAX and replicate_settings.is_host(text)):
        raise ValueError("a host")
    return text


def listening(value: Any) -> Any:
    """Return host and port of `host:port`, or of a port alone, which is this machine's."""
    if not isinstance(value, str):
        return value
    name, _, port = value.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError("a port")
    return (host(name) if name else "127.0.0.1", int(port))


def rate(value: Any) -> Any:
    """Return a rate, or None for `off`."""
    if isinstance(value, str):
        return None if value.strip().lower() == "off" else rates.parse(value)
    return value


def model(value: Any) -> Any:
    """Return a model's name in one line."""
    if isinstance(value, str) and not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", value):
        raise ValueError("a model")
    return value


def models(value: Any) -> Any:
    """Return the names of models, at least one."""
    found = tuple(model(name) for name in texts(value))
    if not found:
        raise ValueError("models")
    return found


def renamed(value: Any) -> Any:
    """Return models by the names that others give them, of a TOML table or a text like `dall-e-3=flux-1.1-pro`."""
    stated = value
    if isinstance(value, str):
        pairs = (one.partition("=") for one in texts(value))
        stated = {name.strip(): meant.strip() for name, _, meant in pairs}
    if isinstance(stated, dict) and not all(re.fullmatch(r"[\w.-]{1,100}", name) for name in stated):
        raise ValueError("names")
    return {name: model(meant) for name, meant in stated.items()} if isinstance(stated, dict) else stated


def profiles(value: Any) -> Any:
    """Return the profiles of a TOML table, or of a JSON object in a text."""
    stated = json.loads(value) if isinstance(value, str) else value
    if not isinstance(stated, dict):
        return stated
    if not all(isinstance(facts, dict) for facts in stated.values()):
        raise ValueError("profiles")
    return tuple(profiles_.read(name, facts) for name, facts in stated.items())


def webhook_secret(value: Any) -> Any:
    """Return a secret of upstream's webhooks."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str) and not re.fullmatch(r"whsec_[A-Za-z0-9+/=]{8,}", text.strip()):
        raise ValueError("a webhook secret")
    return value


def secrets_key(value: Any) -> Any:
    """Return a key of 32 bytes in base64."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str) and len(base64.b64decode(text.strip(), validate=True)) != _KEY_BYTES:
        raise ValueError("a key")
    return value


def word(value: Any) -> Any:
    """Return a word in lower case."""
    return value.strip().lower() if isinstance(value, str) else value
