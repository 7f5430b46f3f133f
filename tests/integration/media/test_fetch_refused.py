"""No URL leads to this machine, to its network or to its cloud's secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2
import pytest

from tests.integration.media import hostile
from tintype.media import fetch, fetch_errors, fetch_network
from tintype.media.addresses import Zone
from tintype.media.fetch_errors import Rule

if TYPE_CHECKING:
    from tests.integration.media.internet import Internet
    from tests.integration.media.peers import Exchange, Forbidden

ALL = [*hostile.ADDRESSES, *hostile.TEXTS]


def test_there_are_enough_hostile_urls() -> None:
    """No line is there twice."""
    assert len({url for url, *_ in ALL}) == len(ALL) >= 120


@pytest.mark.parametrize(("url", "rule", "zone"), ALL, ids=[ascii(url)[1:60] for url, *_ in ALL])
async def test_a_hostile_url_is_refused_and_reaches_nothing(
    internet: Internet, forbidden: Forbidden, url: str, rule: Rule, zone: Zone | None
) -> None:
    """Neither a GET nor a POST connects, although the listener's port is an allowed one."""
    fetcher = await internet.fetcher(
        ports=(443, 8443, forbidden.port), resolver=fetch_network.SystemResolver()
    )
    url = url.replace("{port}", str(forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused) as got:
        async with fetcher.get(url):
            pass
    with pytest.raises(fetch_errors.FetchRefused) as posted:
        await fetcher.post(url, b"{}")

    assert (got.value.rule, got.value.zone) == (posted.value.rule, posted.value.zone) == (rule, zone)
    assert internet.wires.tried == []
    assert forbidden.count() == 0


@pytest.mark.parametrize(("name", "found", "zone"), hostile.NAMES, ids=[name for name, *_ in hostile.NAMES])
async def test_a_name_is_judged_by_every_address_it_has(
    internet: Internet, forbidden: Forbidden, name: str, found: tuple[str, ...], zone: Zone
) -> None:
    """One address that is not public refuses the name as a whole."""
    internet.names.names[name.encode("idna").decode()] = [found]
    fetcher = await internet.fetcher(ports=(443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        async with fetcher.get(f"https://{name}:{forbidden.port}/"):
            pass

    assert (caught.value.rule, caught.value.zone) == (Rule.ADDRESS, zone)
    assert internet.wires.tried == []


@pytest.mark.parametrize(
    "url",
    [url for url, *_ in ALL if url.isprintable() and url not in {"", "https:"}],
    ids=ascii,
)
async def test_a_redirect_to_a_hostile_url_is_refused(
    internet: Internet, forbidden: Forbidden, url: str
) -> None:
    """The public host is asked, nobody else."""
    location = url.replace("{port}", str(forbidden.port))
    await internet.host(lambda asked: _redirect(asked, location), "start.test")
    fetcher = await internet.fetcher(ports=(443, 8443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused):
        async with fetcher.get("https://start.test/"):
            pass

    assert set(internet.wires.tried) == {"93.184.216.34"}
    assert forbidden.count() == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ["127.0.0.1", "inner.test"])
async def test_every_kind_of_redirect_is_judged(
    internet: Internet, forbidden: Forbidden, status: int, name: str
) -> None:
    """By its address, also where a name of its own leads inside."""
    internet.names.names["inner.test"] = [("127.0.0.1",)]
    location = f"https://{name}:{forbidden.port}/"
    await internet.host(lambda asked: asked.answer(status, Location=location), "start.test")
    fetcher = await internet.fetcher(ports=(443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        async with fetcher.get("https://start.test/"):
            pass

    assert caught.value.zone is Zone.LOOPBACK


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost"])
async def test_the_network_judges_odd_notations_by_what_they_resolve_to(
    internet: Internet, forbidden: Forbidden, host: str
) -> None:
    """Should the text's check ever let one through, the address still decides."""
    network = fetch_network.GuardedNetwork(
        fetch.Road.PUBLIC, resolver=fetch_network.SystemResolver(), network=internet.wires
    )

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        await network.connect_tcp(host, forbidden.port, timeout=2.0)

    assert caught.value.zone is Zone.LOOPBACK
    assert internet.wires.tried == []


async def test_the_listener_counts(internet: Internet, forbidden: Forbidden) -> None:
    """It would have been reached: with loopback allowed, a connection comes about and is counted."""
    limits = fetch.Limits(total_s=0.2)
    fetcher = await internet.fetcher(
        allow_loopback=True, limits=limits, resolver=fetch_network.SystemResolver()
    )

    with pytest.raises(fetch_errors.TooSlow):
        async with fetcher.get(f"http://localhost:{forbidden.port}/"):
            pass

    assert forbidden.count() == 1


async def test_a_refusal_tells_host_and_rule_and_no_more(internet: Internet) -> None:
    """No path, query, user name or address of a name gets into a message."""
    internet.names.names["inner.test"] = [("10.11.12.13",)]
    fetcher = await internet.fetcher()
    messages = []
    for url in (
        "https://inner.test/path?key=secret",
        "https://me:secret@inner.test/",
        "http://inner.test/?secret",
    ):
        with pytest.raises(fetch_errors.FetchRefused) as caught:
            async with fetcher.get(url):
                pass
        messages.append(str(caught.value))

    assert messages == [
        "inner.test leads to an address that is private, not public; it is not fetched",
        "the URL holds a user name or a password; it is not fetched",
        "inner.test is named without https; it is not fetched",
    ]


async def test_only_listed_hosts_are_fetched(internet: Internet) -> None:
    """A listed domain covers what is below it, not what only ends like it; a redirect leaves it neither."""

    async def behave(asked: Exchange) -> None:
        if asked.headers["host"] == "api.test":
            await asked.answer(302, Location="https://evil.test/")
        else:
            await asked.answer(body=b"made")

    await internet.host(behave, "replicate.delivery", "pbxt.replicate.delivery", "api.test", "evil.test")
    fetcher = await internet.fetcher(hosts=[*fetch.REPLICATE_OUTPUTS, "api.test"])

    for host in ("replicate.delivery", "pbxt.replicate.delivery"):
        async with fetcher.get(f"https://{host}/out.png") as answer:
            assert await answer.read() == b"made"
    for host in (
        "evil.test",
        "evilreplicate.delivery",
        "replicate.delivery.evil.test",
        "api.test",
        "localhost",
    ):
        with pytest.raises(fetch_errors.FetchRefused) as caught:
            async with fetcher.get(f"https://{host}/out.png"):
                pass
        assert caught.value.rule is Rule.NOT_LISTED


async def test_check_needs_no_network(internet: Internet) -> None:
    """What is wrong with the text is known before anything is looked up."""
    fetcher = await internet.fetcher()

    fetcher.check("https://example.org/callback")
    with pytest.raises(fetch_errors.FetchRefused):
        fetcher.check("https://127.1/")

    assert internet.names.lookups.total() == 0


async def test_no_socket_of_the_machine_is_opened(internet: Internet) -> None:
    """The guarded network knows no way to a local socket."""
    network = fetch_network.GuardedNetwork(
        fetch.Road.PUBLIC, resolver=internet.resolver, network=httpcore2.AnyIOBackend()
    )

    with pytest.raises(NotImplementedError):
        await network.connect_unix_socket("/run/docker.sock")


async def _redirect(asked: Exchange, location: str) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n"
    await asked.send(head)
