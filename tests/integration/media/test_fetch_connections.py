"""A name is resolved once per connection, the connection goes to that very address, and stays that name's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tintype.media import fetch, fetch_errors
from tintype.media.addresses import Zone

if TYPE_CHECKING:
    from tests.integration.media.internet import Internet
    from tests.integration.media.peers import Exchange, Forbidden

PUBLIC = "93.184.216.34"
OTHER = "93.184.216.35"


async def _hello(asked: Exchange) -> None:
    await asked.answer(body=b"hello")


async def _hello_and_close(asked: Exchange) -> None:
    await asked.answer(body=b"hello", Connection="close")


async def test_the_name_is_looked_up_once_and_that_address_is_called(
    internet: Internet, forbidden: Forbidden
) -> None:
    """A name server that says something else the second time is not asked a second time."""
    peer = await internet.host(_hello, "rebind.test")
    internet.names.names["rebind.test"] = [(PUBLIC,), ("127.0.0.1",)]
    fetcher = await internet.fetcher(ports=(443, forbidden.port))

    async with fetcher.get(f"https://rebind.test:{forbidden.port}/") as answer:
        body = await answer.read()

    assert body == b"hello"
    assert internet.names.lookups["rebind.test"] == 1
    assert internet.wires.tried == [PUBLIC]
    assert peer.names == ["rebind.test"]
    assert peer.asked[0].headers["host"] == f"rebind.test:{forbidden.port}"


async def test_the_next_connection_is_judged_by_the_next_answer(
    internet: Internet, forbidden: Forbidden
) -> None:
    """What was public a moment ago is refused once the name leads inside, for GET and POST alike."""
    await internet.host(_hello_and_close, "rebind.test")
    internet.names.names["rebind.test"] = [(PUBLIC,), ("127.0.0.1",), ("::1",)]
    fetcher = await internet.fetcher(ports=(443, forbidden.port))
    url = f"https://rebind.test:{forbidden.port}/"

    async with fetcher.get(url) as answer:
        await answer.read()
    with pytest.raises(fetch_errors.FetchRefused):
        async with fetcher.get(url):
            pass
    with pytest.raises(fetch_errors.FetchRefused) as caught:
        await fetcher.post(url, b"{}")

    assert caught.value.zone is Zone.LOOPBACK
    assert internet.names.lookups["rebind.test"] == 3
    assert internet.wires.tried == [PUBLIC]


async def test_a_redirect_to_the_same_name_is_judged_anew(internet: Internet, forbidden: Forbidden) -> None:
    """The first answer was public, the one for the redirect is not."""

    async def behave(asked: Exchange) -> None:
        await asked.answer(302, Location="/again", Connection="close")

    await internet.host(behave, "rebind.test")
    internet.names.names["rebind.test"] = [(PUBLIC,), ("127.0.0.1",)]
    fetcher = await internet.fetcher(ports=(443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused):
        async with fetcher.get(f"https://rebind.test:{forbidden.port}/"):
            pass

    assert internet.wires.tried == [PUBLIC]


async def test_a_connection_serves_its_own_name_only(internet: Internet) -> None:
    """Two names of one server have a connection each, with their own name in TLS; a listed one is used again."""
    peer = await internet.host(_hello, "one.test", "two.test")
    fetcher = await internet.fetcher(hosts=["one.test", "two.test"])

    for host in ("one.test", "two.test", "one.test", "two.test", "one.test"):
        async with fetcher.get(f"https://{host}/") as answer:
            await answer.read()

    assert peer.names == ["one.test", "two.test"]
    assert peer.connections == 2
    assert [asked.headers["host"][:3] for asked in peer.asked] == ["one", "two", "one", "two", "one"]


async def test_a_stranger_is_connected_to_anew_each_time(internet: Internet) -> None:
    """Nothing that it left in a connection meets the next request."""
    peer = await internet.host(_hello, "one.test")
    fetcher = await internet.fetcher()

    for _ in range(3):
        assert (await fetcher.post("https://one.test/", b"{}")).body == b"hello"

    assert peer.connections == internet.names.lookups["one.test"] == 3


async def test_a_connection_to_an_own_origin_serves_no_stranger(
    internet: Internet, forbidden: Forbidden
) -> None:
    """The operator's upstream may be on the inner network; a URL of a user's to the same place stays refused."""
    internet.names.names["upstream.test"] = [("10.1.2.3",)]
    peer = await internet.host(_hello, "upstream.test", address="10.1.2.3", is_plain=True)
    origin = "http://upstream.test:8080"
    outputs = await internet.fetcher(hosts=[*fetch.REPLICATE_OUTPUTS], origins=[origin])
    users = await internet.fetcher()

    async with outputs.get(f"{origin}/v1/files/1") as answer:
        assert await answer.read() == b"hello"
    for fetcher, url in (
        (users, f"{origin}/v1/files/1"),
        (users, "https://upstream.test/"),
        (outputs, "http://upstream.test:9090/"),
        (outputs, "https://upstream.test:8080/"),
    ):
        with pytest.raises(fetch_errors.FetchRefused):
            async with fetcher.get(url):
                pass

    assert peer.connections == 1


async def test_the_next_address_is_tried_when_one_does_not_answer(internet: Internet) -> None:
    """In the order of the answer; only judged addresses are tried."""
    await internet.host(_hello, "many.test", address=OTHER)
    internet.names.names["many.test"] = [(PUBLIC, OTHER)]
    internet.wires.routes[PUBLIC] = 1  # nobody listens there
    fetcher = await internet.fetcher()

    async with fetcher.get("https://many.test/") as answer:
        assert await answer.read() == b"hello"

    assert internet.wires.tried == [PUBLIC, OTHER]


async def test_a_name_server_that_is_silent_ends_in_time(internet: Internet) -> None:
    """Looking up counts towards the time for connecting."""
    internet.names.names["silent.test"] = [("silent",)]
    fetcher = await internet.fetcher(limits=fetch.Limits(connect_s=0.1))

    with pytest.raises(fetch_errors.HostUnknown, match=r"silent\.test was not looked up in time") as caught:
        async with fetcher.get("https://silent.test/"):
            pass

    assert caught.value.can_retry


@pytest.mark.parametrize("is_system", [True, False])
async def test_a_name_without_address_is_said_to_have_none(internet: Internet, *, is_system: bool) -> None:
    """By the system's resolver too: `.invalid` is reserved for that."""
    fetcher = await internet.fetcher(resolver=fetch.SystemResolver() if is_system else None)

    with pytest.raises(fetch_errors.HostUnknown, match=r"nobody\.invalid"):
        async with fetcher.get("https://nobody.invalid/"):
            pass


async def test_a_host_where_nobody_listens_may_be_tried_again(internet: Internet) -> None:
    """A refused connection is no refusal of ours."""
    internet.names.names["gone.test"] = [(PUBLIC,)]
    internet.wires.routes[PUBLIC] = 1
    fetcher = await internet.fetcher()

    with pytest.raises(fetch_errors.FetchFailed, match=r"gone\.test could not be connected to") as caught:
        await fetcher.post("https://gone.test/", b"{}")

    assert caught.value.can_retry


async def test_many_calls_at_once_keep_to_their_names(internet: Internet) -> None:
    """Fifty calls to five names of one server: each request came on a connection made for its name."""
    hosts = [f"host{number}.test" for number in range(5)]
    seen: set[tuple[str, object]] = set()

    async def behave(asked: Exchange) -> None:
        seen.add((asked.headers["host"], asked.writer))
        await asked.answer(body=asked.headers["host"].encode())

    peer = await internet.host(behave, *hosts)
    fetcher = await internet.fetcher(hosts=["*.test"])

    async def call(number: int) -> bool:
        host = hosts[number % 5]
        async with fetcher.get(f"https://{host}/") as answer:
            body: bytes = await answer.read()
            return body == host.encode()

    assert all(await asyncio.gather(*map(call, range(50))))
    assert len({connection for _, connection in seen}) == len(seen) == peer.connections
    assert sorted({str(name) for name in peer.names}) == hosts
