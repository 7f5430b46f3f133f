"""How a URL is read, and by which road it may be reached."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.media import fetch_errors, fetch_target
from tintype.media.fetch_errors import Rule
from tintype.media.fetch_target import Road, Rules


@pytest.mark.parametrize(
    ("url", "authority", "resource"),
    [
        ("https://Example.ORG", "example.org", b"/"),
        ("https://example.org:443/a?b#c", "example.org", b"/a?b"),
        ("https://example.org.:8443/", "example.org:8443", b"/"),
        ("https://a_b.example.org/%2F../x/", "a_b.example.org", b"/%2F../x/"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example", b"/"),
        ("https://1.1.1.1/", "1.1.1.1", b"/"),
        ("https://[2606:4700:0:0::1111]:8443/", "[2606:4700::1111]:8443", b"/"),
        ("http://localhost:80/", "localhost", b"/"),
        ("https://3com.example/", "3com.example", b"/"),
        ("https://example.0xyz/", "example.0xyz", b"/"),
    ],
)
def test_a_url_is_brought_to_one_form(url: str, authority: str, resource: bytes) -> None:
    """Lower case, ASCII, no last dot, no usual port, no fragment."""
    target = fetch_target.read(url)

    assert (target.authority, target.resource) == (authority, resource)


def test_a_very_long_url_is_refused() -> None:
    """Eight thousand characters are enough for every signed link."""
    fetch_target.read("https://example.org/" + "a" * (fetch_target.URL_MAX - 20))
    with pytest.raises(fetch_errors.FetchRefused):
        fetch_target.read("https://example.org/" + "a" * (fetch_target.URL_MAX - 19))
    with pytest.raises(fetch_errors.FetchRefused):
        fetch_target.follow("https://example.org/", "a" * (fetch_target.URL_MAX + 1))


@given(st.text())
def test_reading_refuses_or_gives_a_plain_host(text: str) -> None:
    """Whatever comes: no other error, and no host but ASCII."""
    for url in (text, f"https://{text}", f"https://a.{text}/", f"https://example.org/{text}"):
        with contextlib.suppress(fetch_errors.FetchRefused):
            target = fetch_target.read(url)
            assert target.host.isascii()
            assert target.host == target.host.lower()
            assert not set(target.host) & set("@/\\%?# \t\r\n")
            assert target.resource.isascii()


@given(st.text())
def test_following_refuses_or_gives_a_url(location: str) -> None:
    """Whatever a server says where to go."""
    with contextlib.suppress(fetch_errors.FetchRefused):
        assert fetch_target.follow("https://example.org/a/b?c", location).isascii()


def test_a_refusal_is_short_whatever_was_refused() -> None:
    """A host of thousands of characters is not repeated."""
    with pytest.raises(fetch_errors.FetchRefused) as caught:
        fetch_target.read(f"https://{'a' * 5000}/")

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("url", "before", "road"),
    [
        ("https://example.org/", None, Road.PUBLIC),
        ("http://example.org/", None, Road.PUBLIC),
        ("http://localhost:8000/", None, Road.LOOPBACK),
        ("http://a.localhost:8000/", None, Road.LOOPBACK),
        ("http://127.8.9.1:8000/", None, Road.LOOPBACK),
        ("https://[::1]:8000/", Road.LOOPBACK, Road.LOOPBACK),
        ("https://localhost/", Road.PUBLIC, Road.PUBLIC),
        ("https://localhost/", Road.OWN, Road.PUBLIC),
        ("http://inner.example:8080/", Road.PUBLIC, Road.OWN),
    ],
)
def test_the_road_follows_from_the_text(url: str, before: Road | None, road: Road) -> None:
    """With loopback allowed and an origin of the operator's."""
    rules = Rules(allow_loopback=True, origins=frozenset({"http://inner.example:8080/v1"}))

    assert rules.road(fetch_target.read(url), before=before) is road


@pytest.mark.parametrize(
    ("url", "before", "rule"),
    [
        ("http://localhost:8000/", Road.PUBLIC, Rule.PORT),
        ("https://example.org:8000/", None, Rule.PORT),
        ("http://example.org:8080/", None, Rule.PORT),
        ("https://inner.example:8080/", None, Rule.PORT),
    ],
)
def test_loopback_opens_no_other_port(url: str, before: Road | None, rule: Rule) -> None:
    """Ports are open on this machine only, and only for who names it first."""
    rules = Rules(allow_loopback=True, origins=frozenset({"http://inner.example:8080"}))

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        rules.road(fetch_target.read(url), before=before)

    assert caught.value.rule is rule


def test_a_target_keeps_its_path_out_of_its_repr() -> None:
    """Links carry their permission in the query."""
    assert "secret" not in repr(fetch_target.read("https://example.org/a?sig=secret"))
