"""Who calls, when proxies stand in between."""

from __future__ import annotations

import pytest

from tintype.api import proxies

TRUSTED = ("10.0.0.2", "172.16.0.0/12", "::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("10.0.0.2", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.2", ["203.0.113.7, 172.20.1.1"], "203.0.113.7"),
        ("10.0.0.2", ["203.0.113.7", "172.20.1.1"], "203.0.113.7"),
        ("::1", ["2001:db8::7"], "2001:db8::7"),
        # What a caller wrote itself counts for nothing, however it looks.
        ("10.0.0.2", ["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        ("203.0.113.7", ["127.0.0.1"], "203.0.113.7"),
        ("203.0.113.7", ["10.0.0.2"], "203.0.113.7"),
        ("10.0.0.2", ["nonsense"], "10.0.0.2"),
        ("10.0.0.2", ["203.0.113.7, nonsense"], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("", ["203.0.113.7"], ""),
    ],
)
def test_the_word_of_trusted_proxies_counts_and_no_other(
    peer: str, forwarded: list[str], caller: str
) -> None:
    assert proxies.caller(peer, forwarded, TRUSTED) == caller


def test_without_trusted_proxies_the_peer_is_the_caller() -> None:
    assert proxies.caller("127.0.0.1", ["203.0.113.7"], ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "headers", "is_from_here"),
    [
        ("127.0.0.1", ["host", "accept"], True),
        ("::1", [], True),
        ("127.0.0.1", ["host", "x-forwarded-for"], False),
        ("127.0.0.1", ["via"], False),
        ("127.0.0.1", ["x-forwarded-server"], False),
        ("127.0.0.1", ["x-forwarded-client-cert"], False),
        ("10.0.0.1", ["host"], False),
        ("", [], False),
    ],
)
def test_what_a_proxy_on_this_machine_hands_on_is_not_from_here(
    peer: str, headers: list[str], *, is_from_here: bool
) -> None:
    """Rule 21, and for whoever is shown faults."""
    assert proxies.is_from_here(peer, headers) is is_from_here
