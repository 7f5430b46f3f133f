"""Which addresses are public."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.media import addresses
from tintype.media.addresses import Zone

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
    "64:ff9b::808:808",
    "2606:4700::5efe:8.8.8.8",
)
EDGES = (
    ("0.0.0.0", Zone.UNSPECIFIED),  # noqa: S104 - judged, not bound to
    ("0.255.255.255", Zone.RESERVED),
    ("10.0.0.0", Zone.PRIVATE),
    ("10.255.255.255", Zone.PRIVATE),
    ("100.64.0.0", Zone.SHARED),
    ("100.127.255.255", Zone.SHARED),
    ("127.0.0.0", Zone.LOOPBACK),
    ("127.255.255.255", Zone.LOOPBACK),
    ("169.254.0.0", Zone.LINK_LOCAL),
    ("169.254.169.254", Zone.METADATA),
    ("169.254.255.255", Zone.LINK_LOCAL),
    ("168.63.129.16", Zone.METADATA),
    ("172.16.0.0", Zone.PRIVATE),
    ("172.31.255.255", Zone.PRIVATE),
    ("192.0.0.255", Zone.RESERVED),
    ("192.168.255.255", Zone.PRIVATE),
    ("198.18.0.0", Zone.BENCHMARK),
    ("198.19.255.255", Zone.BENCHMARK),
    ("224.0.0.0", Zone.MULTICAST),
    ("239.255.255.255", Zone.MULTICAST),
    ("240.0.0.0", Zone.RESERVED),
    ("255.255.255.255", Zone.RESERVED),
    ("::", Zone.UNSPECIFIED),
    ("::1", Zone.LOOPBACK),
    ("::2", Zone.EMBEDDING),
    ("::ffff:8.8.8.8", Zone.EMBEDDING),
    ("64:ff9b::127.0.0.1", Zone.LOOPBACK),
    ("64:ff9b::169.254.169.254", Zone.METADATA),
    ("64:ff9b:1:ffff::1", Zone.PRIVATE),
    ("100::1", Zone.RESERVED),
    ("1fff:ffff::1", Zone.RESERVED),
    ("2001::1", Zone.EMBEDDING),
    ("2001:2::1", Zone.BENCHMARK),
    ("2001:1ff:ffff::1", Zone.RESERVED),
    ("2001:db8:ffff::1", Zone.DOCUMENTATION),
    ("2002:808:808::1", Zone.EMBEDDING),
    ("3fff:fff::1", Zone.DOCUMENTATION),
    ("4000::1", Zone.RESERVED),
    ("fc00::1", Zone.PRIVATE),
    ("fdff:ffff::1", Zone.PRIVATE),
    ("fd00:ec2::254", Zone.METADATA),
    ("fe80::1", Zone.LINK_LOCAL),
    ("2606:4700::1%eth0", Zone.LINK_LOCAL),
    ("fec0::1", Zone.PRIVATE),
    ("ff02::1", Zone.MULTICAST),
    ("2606:4700::200:5efe:10.0.0.1", Zone.PRIVATE),
)


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_is_public(text: str) -> None:
    """Right up to the edges of the closed blocks."""
    assert addresses.zone(ipaddress.ip_address(text)) is Zone.PUBLIC


@pytest.mark.parametrize(("text", "zone"), EDGES)
def test_a_closed_block_is_closed_from_first_to_last(text: str, zone: Zone) -> None:
    """Each by its own name."""
    assert addresses.zone(ipaddress.ip_address(text)) is zone


@given(st.ip_addresses(v=4))
def test_what_python_holds_for_not_global_is_never_public(address: ipaddress.IPv4Address) -> None:
    """Our list is the stricter one."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert addresses.zone(address) is not Zone.PUBLIC


@given(st.ip_addresses(v=6))
def test_public_ipv6_is_global_unicast(address: ipaddress.IPv6Address) -> None:
    """Or an IPv4 address behind NAT64."""
    if addresses.zone(address) is Zone.PUBLIC:
        assert address in ipaddress.ip_network("2000::/3") or address in ipaddress.ip_network("64:ff9b::/96")


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "::", "::ffff:0:0:0", "2002::", "2001::"]))
def test_an_ipv4_address_within_ipv6_is_never_public(within: ipaddress.IPv4Address, prefix: str) -> None:
    """Mapped, compatible, translated, 6to4, Teredo: whatever is within."""
    shift = {"2002::": 80, "2001::": 64}.get(prefix, 0)
    address = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(within) << shift)

    assert addresses.zone(address) is not Zone.PUBLIC


@given(st.ip_addresses(v=4))
def test_nat64_is_what_is_within(within: ipaddress.IPv4Address) -> None:
    """A network without IPv4 reaches public hosts that way, and no others."""
    address = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(within))

    assert addresses.zone(address) is addresses.zone(within)


@pytest.mark.parametrize(
    "text", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "", "a", "1.2.3.4 "]
)
def test_only_the_usual_notation_is_an_address(text: str) -> None:
    """What resolvers may make of the rest is not for us to guess."""
    assert addresses.parse(text) is None
