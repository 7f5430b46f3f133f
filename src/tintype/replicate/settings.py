"""Where a client talks to and as whom: the origin, the token, and the rules that both are read by."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from tintype.domain.errors import ConfigurationError
from tintype.replicate import config, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_ORIGIN = "https://api.replicate.com"
URL_NAME = "TINTYPE_REPLICATE_URL"
URL_KEY = "replicate_url"
"""Its name in `tintype.toml`."""
BUILT_IN = "simulator"
"""The source of the built-in simulator."""
_ADDRESS_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Upstream:
    """An origin without path (`https://api.replicate.com`), a token, and where each was found."""

    origin: str
    token: tokens.Token
    source: str
    origin_source: str = "default"

    @property
    def is_built_in(self) -> bool:
        """Whether it is the built-in simulator, which works where nobody named a token."""
        return self.source == BUILT_IN

    @property
    def host(self) -> str:
        """The host's name in lower case, without port."""
        return urlsplit(self.origin).hostname or ""


def resolve(
    token: str | None = None,
    *,
    base_url: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    keyring: tokens.Backend | None = None,
) -> Upstream:
    """Find origin and token: arguments, environment, `.env` and `tintype.toml` of the working folder, OS keyring.

    `TINTYPE_REPLICATE_URL` counts from the environment and from a file that TINTYPE_CONFIG names; from a file of
    the working folder only if the token is from that file too, so that a stranger's folder cannot send the token
    elsewhere. Raises ConfigurationError.
    """
    surroundings = os.environ if environ is None else environ
    found = tokens.resolve(token, environ=surroundings, folder=folder, keyring=keyring)
    address, said_by = _address(found, base_url, surroundings, folder)
    return Upstream(
        origin=origin(address or DEFAULT_ORIGIN),
        token=found.token,
        source=found.source,
        origin_source=said_by if address else "default",
    )


def _address(
    found: tokens.Found, base_url: str | None, surroundings: Mapping[str, str], folder: Path | None
) -> tuple[str, str]:
    """Return the address that counts beside this token, and which place says it."""
    if base_url:
        return base_url, tokens.ARGUMENT
    if address := surroundings.get(URL_NAME, "").strip():
        return address, "environment"
    if found.source == tokens.DOTENV and (address := tokens.read_dotenv(folder).get(URL_NAME, "").strip()):
        return address, tokens.DOTENV
    if found.source == tokens.CONFIG or _names_config(surroundings):
        return config.read(surroundings, folder).text(URL_KEY), tokens.CONFIG
    return "", ""


def origin(address: str) -> str:
    """Check an upstream's address and cut it down to its origin. Raises ConfigurationError.

    A path of `/v1` is dropped, as the API's own documents write it. http is for loopback only.
    """
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise ConfigurationError(
            "the upstream's address is not a URL; write it like https://host:port"
        ) from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(
            "the upstream's address is not an http(s) URL; write it like https://host:port"
        )
    if (
        parts.username is not None
        or parts.query
        or parts.fragment
        or parts.path.rstrip("/") not in {"", "/v1"}
    ):
        raise ConfigurationError(
            f"the upstream's address is to be an origin like {parts.scheme}://{host}, without path, user or query"
        )
    if not is_host(host):
        raise ConfigurationError(f"the upstream's address names {host!r}, which cannot be a host")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"the token would go to {host} unencrypted; use https, http is for this machine only (127.0.0.1)"
        )
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def refuse_lonely_url(base_url: str | None = None, environ: Mapping[str, str] | None = None) -> None:
    """Raise ConfigurationError where an upstream is named although no token is set for it."""
    surroundings = os.environ if environ is None else environ
    said = config.read(surroundings).text(URL_KEY) if _names_config(surroundings) else ""
    if base_url or surroundings.get(URL_NAME, "").strip() or said:
        raise ConfigurationError(
            f"{URL_NAME} is set, but no token for it; set REPLICATE_API_TOKEN too, or unset both to work with a "
            "simulator"
        )


def _names_config(surroundings: Mapping[str, str]) -> bool:
    return bool(surroundings.get(config.NAME, "").strip())


def is_host(name: str) -> bool:
    """Whether a text can be a host: an address, or labels of up to 63 letters, digits, dashes and underscores."""
    try:
        plain = name.encode("idna").decode()
    except UnicodeError:
        return False
    return ":" in plain or re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", plain, re.ASCII) is not None


def fetchable(address: str) -> SplitResult | None:
    """The parts of an address from upstream, or None where it is not a URL with a host that can be asked."""
    try:
        parts = urlsplit(address)
        is_url = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError:
        return None
    return parts if is_url and address.isprintable() and len(address) <= _ADDRESS_MAX else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
