"""Who calls when a reverse proxy stands in between: the proxy's word counts, nobody else's."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network


# Headers by which a proxy gives itself away, and how others of them begin.
_MARKS = frozenset({"forwarded", "via", "x-real-ip"})
_BEGINNING = "x-forwarded-"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def is_from_here(peer: str, headers: Iterable[str]) -> bool:
    """Whether a request comes from this machine itself: none that a proxy on it handed on. Names in lower case."""
    return peer in _LOOPBACK and not were_handed_on(headers)


def were_handed_on(headers: Iterable[str]) -> bool:
    """Whether a proxy put its mark into a request's headers. Names in lower case."""
    return any(name in _MARKS or name.startswith(_BEGINNING) for name in headers)


def caller(peer: str, forwarded: Sequence[str], trusted: tuple[str, ...]) -> str:
    """Return the address of the caller.

    `forwarded` are the values of X-Forwarded-For. Each proxy wrote down at the end who called it, so they are read
    from there: the first that is no trusted proxy is the caller, and what stands before it is only its own word.
    """
    address = peer
    for told in reversed([one.strip() for value in forwarded for one in value.split(",")]):
        if not _is_trusted(address, trusted) or not _is_address(told):
            return address
        address = told
    return address


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    if not _is_address(address):
        return False
    found = ipaddress.ip_address(address)
    return any(found in network for network in _networks(trusted))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@functools.cache
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one, strict=False) for one in trusted)
