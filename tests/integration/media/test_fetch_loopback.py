"""With loopback allowed, a simulator on this machine is reached by URLs that say so, and by nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.media.peers import Peer
from tintype.media import fetch, fetch_errors
from tintype.media.addresses import Zone
from tintype.media.fetch_errors import Rule

if TYPE_CHECKING:
    from tests.integration.media.internet import Internet
    from tests.integration.media.peers import Exchange, Forbidden
    from tintype.testing import Simulator


async def _hello(asked: Exchange) -> None:
    await asked.answer(body=b"hello")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_simulator_is_fetched_and_called(simulator: Simulator, host: str) -> None:
    """Over http, on any port, by the system's own resolver and network."""
    url = simulator.url.replace("127.0.0.1", host)
    rules = fetch.Rules(allow_loopback=True, hosts=fetch.REPLICATE_OUTPUTS)

    async with fetch.Fetcher(rules) as fetcher:
        async with fetcher.get(f"{url}/_sim/health") as answer:
            health = json.loads(await answer.read())
        reply = await fetcher.post(f"{url}/_sim/reset", b"")

    assert "predictions" in health
    assert reply.status < 300


async def test_a_simulator_is_refused_otherwise(simulator: Simulator) -> None:
    """Without the setting it is neither fetched nor called."""
    async with fetch.Fetcher() as fetcher:
        with pytest.raises(fetch_errors.FetchRefused) as caught:
            await fetcher.post(f"{simulator.url}/v1/predictions", b"{}")
        with pytest.raises(fetch_errors.FetchRefused):
            async with fetcher.get(f"{simulator.url}/v1/account"):
                pass

    assert caught.value.rule is Rule.SCHEME
    assert simulator.health()["requests"] == 0


async def test_a_name_that_leads_to_loopback_stays_refused(internet: Internet, forbidden: Forbidden) -> None:
    """Loopback is for URLs that name it, so a name server cannot open it."""
    internet.names.names["inner.test"] = [("127.0.0.1",)]
    fetcher = await internet.fetcher(allow_loopback=True, ports=(443, forbidden.port))

    for scheme in ("http", "https"):
        with pytest.raises(fetch_errors.FetchRefused):
            async with fetcher.get(f"{scheme}://inner.test:{forbidden.port}/"):
                pass

    assert internet.wires.tried == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1"])  # noqa: S104
async def test_allowing_loopback_allows_no_more(internet: Internet, forbidden: Forbidden, host: str) -> None:
    """Odd notations and the inner network stay refused."""
    fetcher = await internet.fetcher(allow_loopback=True, ports=(443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused):
        async with fetcher.get(f"http://{host}:{forbidden.port}/"):
            pass

    assert internet.wires.tried == []


async def test_localhost_is_this_machine_or_refused(internet: Internet) -> None:
    """A resolver that sends localhost elsewhere is not believed."""
    internet.names.names["localhost"] = [("93.184.216.34",)]
    fetcher = await internet.fetcher(allow_loopback=True)

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        async with fetcher.get("http://localhost:8000/"):
            pass

    assert caught.value.zone is Zone.PUBLIC


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_public_host_cannot_send_us_to_loopback(
    internet: Internet, forbidden: Forbidden, host: str
) -> None:
    """A redirect there is refused, although the same URL given directly is allowed."""
    location = f"https://{host}:{forbidden.port}/"
    await internet.host(lambda asked: asked.answer(302, Location=location), "start.test")
    fetcher = await internet.fetcher(allow_loopback=True, ports=(443, forbidden.port))

    with pytest.raises(fetch_errors.FetchRefused) as caught:
        async with fetcher.get("https://start.test/"):
            pass

    assert caught.value.zone is Zone.LOOPBACK
    fetcher.check(location)


async def test_loopback_may_redirect_to_loopback(internet: Internet) -> None:
    """As a simulator does."""

    async def behave(asked: Exchange) -> None:
        if asked.resource == "/start":
            await asked.answer(302, Location=f"http://localhost:{peer.port}/end")
        else:
            await asked.answer(body=b"end")

    peer = await internet.stack.enter_async_context(Peer(behave).run(None))
    fetcher = await internet.fetcher(allow_loopback=True)

    async with fetcher.get(f"http://127.0.0.1:{peer.port}/start") as answer:
        assert await answer.read() == b"end"


async def test_public_hosts_are_reached_over_http_on_its_usual_port_only(internet: Internet) -> None:
    """The setting opens http; which ports are open to the world stays as it was."""
    await internet.host(_hello, "plain.test", is_plain=True)
    fetcher = await internet.fetcher(allow_loopback=True)

    async with fetcher.get("http://plain.test/") as answer:
        assert await answer.read() == b"hello"
    with pytest.raises(fetch_errors.FetchRefused) as caught:
        async with fetcher.get("http://plain.test:8080/"):
            pass

    assert caught.value.rule is Rule.PORT
