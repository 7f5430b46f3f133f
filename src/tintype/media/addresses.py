"""Say what an IP address is for: the public internet, or something that nobody may be sent to.

The blocks are those of the IANA special-purpose address registries (RFC 6890 and its updates, read 2026-11), kept
here because the standard library's own answers differ between patch releases of Python. IPv6 is judged the other
way round: public is only what lies in the block given out for the internet, less the exceptions.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address


class Zone(StrEnum):
    """What an address is for. Only `PUBLIC` is reached for somebody else."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    METADATA = "cloud metadata"
    SHARED = "shared by a carrier"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    DOCUMENTATION = "for documentation"
    BENCHMARK = "for benchmarks"
    RESERVED = "reserved"
    EMBEDDING = "an IPv4 address written as IPv6"


# Where clouds answer a machine's questions about itself, its secrets among them. 168.63.129.16 (Azure) would pass
# for public; the others lie in blocks that are closed anyway and are named for the sake of the message.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle, Hetzner
        "169.254.170.2",  # AWS: credentials of a container
        "169.254.170.23",  # AWS: credentials of a pod
        "168.63.129.16",  # Azure: the host's own services
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS: credentials of a pod
        "fd20:ce::254",  # Google
    )
)

# The first block that holds an address decides.
_IPV4 = tuple(
    (IPv4Network(block), zone)
    for block, zone in (
        ("0.0.0.0/32", Zone.UNSPECIFIED),
        ("0.0.0.0/8", Zone.RESERVED),
        ("10.0.0.0/8", Zone.PRIVATE),
        ("100.64.0.0/10", Zone.SHARED),
        ("127.0.0.0/8", Zone.LOOPBACK),
        ("169.254.0.0/16", Zone.LINK_LOCAL),
        ("172.16.0.0/12", Zone.PRIVATE),
        ("192.0.0.0/24", Zone.RESERVED),
        ("192.0.2.0/24", Zone.DOCUMENTATION),
        ("192.88.99.0/24", Zone.RESERVED),
        ("192.168.0.0/16", Zone.PRIVATE),
        ("198.18.0.0/15", Zone.BENCHMARK),
        ("198.51.100.0/24", Zone.DOCUMENTATION),
        ("203.0.113.0/24", Zone.DOCUMENTATION),
        ("224.0.0.0/4", Zone.MULTICAST),
        ("240.0.0.0/4", Zone.RESERVED),
    )
)

_IPV6 = tuple(
    (IPv6Network(block), zone)
    for block, zone in (
        ("::/128", Zone.UNSPECIFIED),
        ("::1/128", Zone.LOOPBACK),
        ("::/96", Zone.EMBEDDING),  # IPv4-compatible, given up by RFC 4291
        ("::ffff:0:0/96", Zone.EMBEDDING),  # IPv4-mapped: means a socket's view, never a machine
        ("::ffff:0:0:0/96", Zone.EMBEDDING),  # IPv4-translated
        ("64:ff9b:1::/48", Zone.PRIVATE),  # NAT64 within one network, RFC 8215
        ("2001:2::/48", Zone.BENCHMARK),
        ("2001:db8::/32", Zone.DOCUMENTATION),
        ("2001::/32", Zone.EMBEDDING),  # Teredo
        ("2001::/23", Zone.RESERVED),  # protocol assignments, ORCHID
        ("2002::/16", Zone.EMBEDDING),  # 6to4, given up by RFC 7526
        ("3fff::/20", Zone.DOCUMENTATION),
        ("fc00::/7", Zone.PRIVATE),
        ("fe80::/10", Zone.LINK_LOCAL),
        ("fec0::/10", Zone.PRIVATE),  # site-local, given up by RFC 3879
        ("ff00::/8", Zone.MULTICAST),
    )
)
_INTERNET = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# The middle of an ISATAP interface identifier (RFC 5214); the four bytes after it are an IPv4 address.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_LOW_32 = 0xFFFF_FFFF


def zone(address: Address) -> Zone:
    """Return what an address is for.

    NAT64 (64:ff9b::/96) is what a network without IPv4 makes of every IPv4 address, so it counts as the address
    within, and so does ISATAP where the address within is not public. Mapped, compatible, translated, 6to4 and
    Teredo addresses are never public: no public machine has only one of these.
    """
    if address in _METADATA:
        return Zone.METADATA
    if isinstance(address, IPv4Address):
        return next((found for block, found in _IPV4 if address in block), Zone.PUBLIC)
    if address.scope_id is not None:
        return Zone.LINK_LOCAL
    number = int(address)
    within = IPv4Address(number & _LOW_32)
    if address in _NAT64:
        return zone(within)
    for block, found in _IPV6:
        if address in block:
            return found
    if address not in _INTERNET:
        return Zone.RESERVED
    return zone(within) if number >> 32 & _LOW_32 in _ISATAP else Zone.PUBLIC


def parse(text: str) -> Address | None:
    """Read an address in its one usual notation; None for everything else, `127.1` and `0x7f000001` included."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
