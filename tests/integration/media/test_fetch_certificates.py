"""TLS is checked against the name in the URL, whatever address it led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.media import peers
from tintype.media import fetch, fetch_errors

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.media.internet import Internet
    from tests.integration.media.peers import Exchange


async def _hello(asked: Exchange) -> None:
    await asked.answer(body=b"hello")


async def test_a_certificate_for_another_name_is_refused(internet: Internet) -> None:
    """Nothing of the request is sent."""
    peer = await internet.host(_hello, "mine.test", tls=internet.authority.server("other.test"))
    fetcher = await internet.fetcher()

    with pytest.raises(fetch_errors.CertificateRefused, match=r"mine\.test has no certificate") as caught:
        await fetcher.post("https://mine.test/?secret", b"{}")

    assert peer.asked == []
    assert not caught.value.can_retry
    assert "secret" not in str(caught.value)


async def test_an_expired_certificate_is_refused(internet: Internet) -> None:
    """A day too late is too late."""
    await internet.host(_hello, "old.test", tls=internet.authority.server("old.test", days=-1))
    fetcher = await internet.fetcher()

    with pytest.raises(fetch_errors.CertificateRefused):
        async with fetcher.get("https://old.test/"):
            pass


async def test_a_certificate_from_a_stranger_is_refused(internet: Internet, tmp_path: Path) -> None:
    """An authority that we do not trust vouches for nobody."""
    stranger = peers.Authority(tmp_path).server("mine.test")
    await internet.host(_hello, "mine.test", tls=stranger)
    fetcher = await internet.fetcher()

    with pytest.raises(fetch_errors.CertificateRefused):
        async with fetcher.get("https://mine.test/"):
            pass


async def test_http_on_an_https_port_is_refused(internet: Internet) -> None:
    """A server without TLS gets no request in the clear."""
    peer = await internet.host(_hello, "plain.test", is_plain=True)
    fetcher = await internet.fetcher(limits=fetch.Limits(total_s=1.0, connect_s=0.3))

    with pytest.raises(fetch_errors.FetchError):
        async with fetcher.get("https://plain.test/"):
            pass

    assert peer.asked == []


async def test_the_request_says_who_calls_and_no_more(internet: Internet) -> None:
    """Our name, no cookies, nothing packed, no fragment; international names in their ASCII form."""

    async def behave(asked: Exchange) -> None:
        await asked.answer(body=b"hello", Set_Cookie="session=1")

    peer = await internet.host(behave, "xn--bcher-kva.test")
    fetcher = await internet.fetcher()

    for _ in range(2):
        async with fetcher.get("https://B\u00fccher.test./a%20b/\u00e4?q=1&r=%2F#fragment") as answer:
            await answer.read()

    assert [asked.resource for asked in peer.asked] == ["/a%20b/%C3%A4?q=1&r=%2F"] * 2
    for asked in peer.asked:
        assert asked.headers.pop("user-agent").startswith("tintype/")
        assert asked.headers == {"host": "xn--bcher-kva.test", "accept-encoding": "identity", "accept": "*/*"}
    assert peer.names == ["xn--bcher-kva.test"] * 2


@pytest.mark.parametrize("name", ["Host", "Cookie", "content-length", "Transfer-Encoding", "Accept-Encoding"])
async def test_a_caller_cannot_set_what_frames_a_message(internet: Internet, name: str) -> None:
    """These headers are ours alone."""
    fetcher = await internet.fetcher()

    with pytest.raises(ValueError, match=name):
        await fetcher.post("https://mine.test/", b"{}", headers={name: "1"})


async def test_a_header_cannot_smuggle_another(internet: Internet) -> None:
    """A line break in a value ends the call before it is made."""
    peer = await internet.host(_hello, "mine.test")
    fetcher = await internet.fetcher()

    with pytest.raises(fetch_errors.FetchFailed, match="a header is not valid"):
        await fetcher.post("https://mine.test/", b"{}", headers={"X-Note": "a\r\nHost: evil.test"})

    assert peer.asked == []


async def test_headers_stay_with_the_first_origin(internet: Internet) -> None:
    """A token for one host is not shown to the next."""

    async def behave(asked: Exchange) -> None:
        if asked.resource == "/start":
            await asked.answer(302, Location="/same")
        elif asked.resource == "/same":
            await asked.answer(302, Location="https://other.test/end")
        else:
            await asked.answer(body=b"end")

    peer = await internet.host(behave, "mine.test", "other.test")
    fetcher = await internet.fetcher()

    async with fetcher.get("https://mine.test/start", headers={"Authorization": "Bearer secret"}) as answer:
        assert answer.url == "https://other.test/end"

    assert ["authorization" in asked.headers for asked in peer.asked] == [True, True, False]


async def test_redirects_end(internet: Internet) -> None:
    """Three are followed, the fourth is not."""

    async def behave(asked: Exchange) -> None:
        left = int(asked.resource[1:])
        await (asked.answer(302, Location=f"/{left - 1}") if left else asked.answer(body=b"end"))

    peer = await internet.host(behave, "mine.test")
    fetcher = await internet.fetcher()

    async with fetcher.get("https://mine.test/3") as answer:
        assert await answer.read() == b"end"
    with pytest.raises(fetch_errors.FetchRefused, match="redirects more than 3 times"):
        async with fetcher.get("https://mine.test/4"):
            pass

    assert len(peer.asked) == 8


async def test_a_post_follows_nothing(internet: Internet) -> None:
    """The redirect is the answer."""

    async def behave(asked: Exchange) -> None:
        await asked.answer(307, b"moved", Location="https://mine.test/there")

    peer = await internet.host(behave, "mine.test")
    fetcher = await internet.fetcher()

    reply = await fetcher.post("https://mine.test/", b'{"a":1}', headers={"Content-Type": "application/json"})

    assert (reply.status, reply.body, reply.is_cut) == (307, b"moved", False)
    assert [(asked.method, asked.body) for asked in peer.asked] == [("POST", b'{"a":1}')]
    assert peer.asked[0].headers["content-type"] == "application/json"
