"""Where a client talks to and as whom: the origin, the token, and the rules that both are read by."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from tintype.domain.errors import ConfigurationError
from tintype.replicate import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_ORIGIN = "https://api.replicate.com"
URL_NAME = "TINTYPE_REPLICATE_URL"
_ADDRESS_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Upstream:
    """An origin without path (`https://api.replicate.com`), a token, and where the token was found."""

    origin: str
    token: tokens.Token
    source: str

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
    """Find origin and token: arguments, environment, `.env` of the working folder, then the OS keyring.

    `TINTYPE_REPLICATE_URL` counts from the environment, and from a `.env` only if the token is from that
    file too, so that a stranger's folder cannot send the token elsewhere. Raises ConfigurationError.
    """
    surroundings = os.environ if environ is None else environ
    found = tokens.resolve(token, environ=surroundings, folder=folder, keyring=keyring)
    address = base_url or surroundings.get(URL_NAME, "").strip()
    if not address and found.source == tokens.DOTENV:
        address = tokens.read_dotenv(folder).get(URL_NAME, "").strip()
    return Upstream(origin=origin(address or DEFAULT_ORIGIN), token=found.token, source=found.source)


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
    if base_url or surroundings.get(URL_NAME, "").strip():
        raise ConfigurationError(
            f"{URL_NAME} is set, but no token for it; set REPLICATE_API_TOKEN too, or unset both to work with a "
            "simulator"
        )


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
