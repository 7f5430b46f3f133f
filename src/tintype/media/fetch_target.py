"""Read a URL that somebody gave, and say by which rules it may be reached. Pure: no connection, no look-up."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, NoReturn

import httpx2

from tintype.media import addresses
from tintype.media.fetch_errors import FetchRefused, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

URL_MAX = 8192
"""The longest URL, in characters."""
PORTS = frozenset({443, 8443})
"""Where https is served on public machines."""
REPLICATE_OUTPUTS = frozenset({"replicate.delivery", "*.replicate.delivery"})
"""Where Replicate keeps what models made."""
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST_MAX = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What a resolver may take for a number, as browsers define it: the last label is decimal or hexadecimal.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Road(StrEnum):
    """By which rules a target's addresses are judged. Connections of one road never serve another."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL as it is requested: `host` in lower-case ASCII without a last dot, `resource` path and query."""

    scheme: str
    host: str
    port: int
    resource: bytes = field(repr=False)
    address: addresses.Address | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The host as the Host header wants it, with the port where it is not the usual one."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def says_loopback(self) -> bool:
        """Whether the URL itself names this machine: `localhost`, a name below it, or a loopback address."""
        if self.address is not None:
            return addresses.zone(self.address) is addresses.Zone.LOOPBACK
        return self.host == "localhost" or self.host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched or called.

    `hosts` limits it to the named hosts, in lower case (`example.org`; `*.example.org` for all below it).
    `origins` are what the operator set, as `https://host:port`: these may have any address and port.
    `allow_loopback` opens http, and every port of this machine to URLs that say so themselves; a name that only
    turns out to be loopback stays refused, and so does a redirect from elsewhere. `ports` are those of public
    hosts (80 besides, for http).
    """

    allow_loopback: bool = False
    hosts: frozenset[str] | None = None
    origins: frozenset[str] = frozenset()
    ports: frozenset[int] = PORTS
    _own: frozenset[tuple[str, str, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the origins, which raises FetchRefused for one that is none."""
        object.__setattr__(self, "_own", frozenset(read(origin).origin for origin in self.origins))

    def road(self, target: Target, *, before: Road | None = None) -> Road:
        """Return the road to a target, on a redirect from `before`. Raises FetchRefused."""
        if target.origin in self._own:
            return Road.OWN
        may_loop = self.allow_loopback and target.says_loopback and before in {None, Road.LOOPBACK}
        if not may_loop and self.hosts is not None and not _is_listed(target.host, self.hosts):
            refuse(target.host, Rule.NOT_LISTED, "is not among the allowed hosts")
        if target.scheme != "https" and not self.allow_loopback:
            refuse(target.host, Rule.SCHEME, "is named without https")
        if may_loop:
            return Road.LOOPBACK
        is_plain = target.scheme == "http" and target.port == _DEFAULT_PORTS["http"]
        if target.port not in self.ports and not is_plain:
            usual = ", ".join(map(str, sorted(self.ports)))
            refuse(target.host, Rule.PORT, f"is named with port {target.port}; allowed are {usual}")
        return Road.PUBLIC


def read(url: str) -> Target:
    """Read a URL strictly. Raises FetchRefused for everything that two readers might read differently."""
    parts = _parts(url)
    host = parts.raw_host.decode("ascii")
    if parts.scheme not in _DEFAULT_PORTS:
        refuse(_name(host), Rule.SCHEME, "is named without https")
    # An empty name and password count too: `https://@host/` says that somebody is trying something.
    written = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if parts.userinfo or "@" in written:
        refuse("", Rule.USER_INFORMATION, "holds a user name or a password")
    host, address = _host(host, written)
    port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    if not 0 < port < 2**16:
        refuse(host, Rule.PORT, "is named with a port that does not exist")
    return Target(parts.scheme, host, port, parts.raw_path, address)


def follow(url: str, location: str) -> str:
    """Return the URL that a redirect leads to. Raises FetchRefused where it cannot be read."""
    return str(_parts(location, base=url))


def refuse(host: str, rule: Rule, why: str, *, zone: addresses.Zone | None = None) -> NoReturn:
    """Raise FetchRefused in words for who gave the URL."""
    raise FetchRefused(f"{host or 'the URL'} {why}; it is not fetched", host=host, rule=rule, zone=zone)


def _parts(url: str, *, base: str | None = None) -> httpx2.URL:
    if len(url) > URL_MAX:
        refuse("", Rule.NOT_A_URL, f"is longer than {URL_MAX} characters")
    parts: httpx2.URL | None = None
    # The parser's own words quote the URL, so they do not become part of ours.
    with contextlib.suppress(httpx2.InvalidURL, ValueError):
        parts = httpx2.URL(url) if base is None else httpx2.URL(base).join(url)
    return parts or refuse("", Rule.NOT_A_URL, "cannot be read")


def _host(host: str, written: str) -> tuple[str, addresses.Address | None]:
    address = addresses.parse(host)
    if isinstance(address, IPv6Address) and not written.startswith("["):
        refuse("", Rule.NOTATION, "writes an address in an unusual way")
    if address is not None and "%" not in host and written.isascii():
        return str(address), address
    host = host.removesuffix(".")
    if address is not None or _NUMBER.fullmatch(host.rpartition(".")[2]):
        refuse(_name(host), Rule.NOTATION, "writes an address in an unusual way")
    if not host or len(host) > _HOST_MAX or not all(map(_LABEL.fullmatch, host.split("."))):
        refuse(_name(host), Rule.NOT_A_HOST, "is not a host name")
    return host, None


def _name(host: str) -> str:
    """Shorten a host that may be anything, for a message."""
    return host if len(host) <= 80 else f"{host[:77]}..."


def _is_listed(host: str, hosts: Iterable[str]) -> bool:
    return any(
        host.endswith(listed[1:]) and host != listed[2:] if listed.startswith("*.") else host == listed
        for listed in hosts
    )
