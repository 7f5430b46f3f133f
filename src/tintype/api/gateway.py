"""What all routes work with: the core, opened once per process, and how the outside reaches it.

A lifespan opens it and puts it into the state of every request; `of(request)` takes it out.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tintype import catalogue, settings
from tintype.api import proxies
from tintype.api.cursors import Cursors
from tintype.api.stopping import Stopping
from tintype.api.stream import STREAMS_MAX, Streams
from tintype.catalogue import own
from tintype.local.studio import Studio
from tintype.service.answers import Answers
from tintype.service.keys import Keys
from tintype.service.links import Links
from tintype.service.readiness import Readiness
from tintype.service.standing import Watch
from tintype.telemetry import traces
from tintype.telemetry.metrics import Meters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from tintype import bootstrap
    from tintype.settings import Settings

APPLICATION = "tintype serve"


@dataclass(frozen=True, slots=True)
class Gateway:
    """One process's gateway.

    `origin` is where callers reach it, for links that are made without a request at hand. `meters` count what happens
    here, `watch` reads how things stand everywhere, `streams` are who listens for events, `readiness` tells whether all
    is there that is needed. `is_local` says that it listens on this machine only. `stopping` is set when the server is
    to end: whoever waits answers with what there is.
    """

    studio: Studio
    origin: str
    keys: Keys
    links: Links
    meters: Meters
    watch: Watch
    answers: Answers
    streams: Streams
    readiness: Readiness
    cursors: Cursors
    is_local: bool = True
    stopping: Stopping = field(default_factory=Stopping)

    @property
    def core(self) -> bootstrap.Core:
        """The core with all its services."""
        return self.studio.core

    @property
    def settings(self) -> Settings:
        """The settings that the core was made with."""
        return self.studio.core.settings

    def shows_faults(self, request: Request) -> bool:
        """Whether the text of an unforeseen error may leave: in debug mode, to this machine."""
        peer = request.client.host if request.client else ""
        return self.settings.debug and proxies.is_from_here(peer, request.headers.keys())

    def origin_of(self, request: Request) -> str:
        """Return the origin for links in an answer: the public one, else the one that was asked."""
        if self.settings.public_url is not None:
            return self.settings.public_url
        return f"{request.url.scheme}://{request.headers.get('host') or request.url.netloc}"


@asynccontextmanager
async def opened(
    *,
    origin: str = "http://127.0.0.1:8000",
    is_local: bool = True,
    works: bool = True,
    finish_s: float = 20.0,
    streams_max: int = STREAMS_MAX,
    given: Mapping[str, Any] | None = None,
) -> AsyncIterator[Gateway]:
    """Open a gateway on the settings; `given` are the studio's arguments that stand in for some of them.

    At the end, jobs that were begun get `finish_s`, then they are given back.
    Raises ConfigurationError for what cannot be used, DatabaseAway.
    """
    meters = Meters(own.extend(catalogue.load(), settings.load().prices))
    async with AsyncExitStack() as stack:
        watching = (meters, *stack.enter_context(traces.observers()))
        options: dict[str, Any] = {
            "finish_s": finish_s,
            # Prices and models of upstream are asked for here too, and workers share the one that runs.
            "simulates": True,
            "observers": watching,
            "origin": origin,
            **(given or {}),
        }
        studio = await stack.enter_async_context(Studio(works=works, application=APPLICATION, **options))
        answers = await stack.enter_async_context(Answers(studio.core.database))
        stopping = Stopping()
        streams = Streams(
            studio.core.feed, ended=studio.core.keys.ended, stopping=stopping, streams_max=streams_max
        )
        await stack.enter_async_context(streams.running())
        core = studio.core
        watch = Watch(core.database, upstream_id=core.upstream.ident)
        made = Gateway(
            studio,
            studio.core.settings.public_url or origin,
            keys=studio.core.keys,
            links=Links(studio.core.seal.derived(b"links")),
            meters=meters,
            answers=answers,
            streams=streams,
            watch=watch,
            readiness=Readiness(watch, core.files, core.upstream),
            cursors=Cursors(studio.core.seal.derived(b"cursors")),
            is_local=is_local,
            stopping=stopping,
        )
        try:
            yield made
        finally:
            made.stopping.set()


def of(request: Request) -> Gateway:
    """Return the gateway that a request came to."""
    made: Gateway = request.state.gateway
    return made
