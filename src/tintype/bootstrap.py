"""The one place where everything is built and handed down.

async with bootstrap.core(settings, upstream) as core:
asked = await core.generations.submit(request, actor=actor)
await core.work()                  # in a process that empties the queues
"""

from __future__ import annotations

import asyncio
import functools
import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype import catalogue as catalogue_data
from tintype.catalogue import own
from tintype.domain import profiles, prompts
from tintype.domain.catalogue import Catalogue, Output
from tintype.engine import app as engine_app
from tintype.engine import duties, throttle
from tintype.engine.app import Queue
from tintype.engine.leader import Leader
from tintype.engine.worker import Slots, Worker
from tintype.media import fetch, pool
from tintype.media.fetch_target import REPLICATE_OUTPUTS, Rules
from tintype.media.files import SIZE_MAX_BYTES, Files
from tintype.observing import Observers
from tintype.replicate import settings as replicate_settings
from tintype.service import (
    capture,
    films,
    guarding,
    notices,
    predictions,
    printing,
    reports,
    sealing,
    storing,
    tasks,
)
from tintype.service import upstream as upstream_
from tintype.service.batches import Batches
from tintype.service.browsing import Browsing
from tintype.service.buying import Buying
from tintype.service.choices import Chooser
from tintype.service.events import Feed
from tintype.service.generations import Generations
from tintype.service.givens import Givens
from tintype.service.inbox import Inbox
from tintype.service.keys import Keys
from tintype.service.links import Links
from tintype.service.orders import Orders
from tintype.service.orphans import Orphans
from tintype.service.owned import Owned
from tintype.service.pieces import Pieces
from tintype.service.progress import Progress
from tintype.service.rows import Planner
from tintype.service.searching import Searching
from tintype.service.texts import Texts
from tintype.service.tracking import Tracking
from tintype.service.upkeep import Upkeep
from tintype.service.uploads import Uploads
from tintype.service.versions import Versions
from tintype.store import embedded, schema, suitability, upstreams
from tintype.store.database import Database
from tintype.store.patience import START_S, patiently
from tintype.telemetry.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from pydantic import SecretStr

    from tintype.observing import Observer
    from tintype.replicate.settings import Upstream as Place
    from tintype.settings import Settings

CONNECTIONS_MAX = 24
AT_ONCE: Mapping[Queue, int] = {
    Queue.SUBMIT: 50,
    Queue.FOLLOW: 8,
    Queue.CAPTURE: 8,
    Queue.THUMBNAIL: 2,
    Queue.CALLBACK: 16,
    Queue.FILM: 2,
    Queue.PRINT: 1,
}
"""How many jobs of each queue a worker has in hand."""


@dataclass(frozen=True, slots=True)
class Core:
    """Everything of one database and one upstream account, built and connected."""

    settings: Settings
    database: Database
    upstream: upstream_.Upstream
    catalogue: Catalogue
    files: Files
    progress: Progress
    buying: Buying
    generations: Generations
    orders: Orders
    batches: Batches
    reports: reports.Tools
    inbox: Inbox
    tracking: Tracking
    orphans: Orphans
    upkeep: Upkeep
    leader: Leader
    worker: Worker
    feed: Feed
    notices: notices.Tools
    seal: sealing.Seal
    keys: Keys
    versions: Versions
    uploads: Uploads
    predictions: predictions.Predictions
    browsing: Browsing
    texts: Texts

    async def work(self, *, finish_s: float = 20.0) -> None:
        """Empty the queues and keep things moving, until cancelled or the worker is stopped.

        Then jobs that were begun get `finish_s`, and what is left of them is given back.
        """
        leading = asyncio.create_task(self.leader.run(self.upkeep.run))
        try:
            await self.worker.run(finish_s=finish_s)
        finally:
            self.leader.stop()
            await duties.end(leading)


@asynccontextmanager
async def open_database(settings: Settings, *, application: str) -> AsyncIterator[Database]:
    """Connect to the database of the settings, the embedded one unless they name another; its schema is up to date.

    Raises ConfigurationError where it cannot be used, DatabaseAway when nobody answers: a command waits a few
    seconds, a server a minute.
    """
    is_server = application.startswith(("tintype serve", "tintype worker"))
    patience_s = START_S if is_server else 0.0
    async with AsyncExitStack() as stack:
        revive = None
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            server = await stack.enter_async_context(embedded.server(settings.data))
            url, revive = server.url, server.ensure
        database = Database(url, application=application, connections_max=CONNECTIONS_MAX, revive=revive)
        stack.push_async_callback(database.close)
        await patiently(database.open, within_s=patience_s)
        caller = schema.Caller.SERVER if is_server else schema.Caller.COMMAND
        await patiently(lambda: schema.prepare(database, url, caller=caller), within_s=patience_s)
        yield database


@asynccontextmanager
async def core(
    settings: Settings,
    place: Place,
    *,
    application: str = "tintype",
    observers: Sequence[Observer] = (),
) -> AsyncIterator[Core]:
    """Build everything for one database and one upstream account; `observers` are told what happens."""
    async with (
        open_database(settings, application=application) as database,
        core_on(database, settings, place, observers=observers) as made,
    ):
        yield made


@asynccontextmanager
async def core_on(
    database: Database,
    settings: Settings,
    place: Place,
    *,
    timing: upstream_.Timing | None = None,
    observers: Sequence[Observer] = (),
    origin: str | None = None,
    uses_files: bool = True,
) -> AsyncIterator[Core]:
    """Build everything on a database that is open and up to date.

    `origin` is where outputs can be fetched from; callbacks tell it unless there is a public URL. Who only looks needs
    no storage in common with the others: `uses_files` is False then.
    """
    # The built-in simulator is on this machine, where nobody answers for the public URL.
    heard_at = None if place.is_built_in else settings.public_url
    times = timing or upstream_.Timing()
    origin = settings.public_url or origin
    observer = Observers((Journal(prompts=settings.log_prompts), *observers))
    async with AsyncExitStack() as stack:
        known = own.extend(catalogue_data.load(), settings.prices)
        upstream = await _upstream(database, settings, place, timing=times, observer=observer)
        stack.push_async_callback(upstream.close)
        files = Files(settings.storage, drafts=settings.data / "drafts")
        workers = await stack.enter_async_context(pool.Pool())
        fetcher = await stack.enter_async_context(fetch.Fetcher(_rules(place)))
        key = _revealed(settings.secrets_key)
        seal = await sealing.load(files, given=key, before=settings.data)
        if uses_files:
            suitability.check_clock(database.clock_ahead_s)
            await patiently(lambda: sealing.agree(database, seal))
        links = Links(seal.derived(b"links"))
        given = fetch.Fetcher(Rules(allow_loopback=settings.allow_loopback_urls))
        given = await stack.enter_async_context(given)
        givens = Givens(
            database, files, upstream, seal, own=Owned(database, links, origin=origin), fetcher=given
        )
        progress = Progress(database, upstream, known, observer=observer, has_webhooks=heard_at is not None)
        buying = Buying(database, upstream, progress, givens, public_url=heard_at)
        inbox = Inbox(
            database, upstream, progress, observer=observer, secret=_revealed(settings.webhook_secret)
        )
        stack.push_async_callback(inbox.close)
        tracking = Tracking(
            database,
            upstream,
            progress,
            known,
            # Half of what the account allows is left to everything else.
            calls_per_s=settings.calls_per_minute / 120,
            has_webhooks=heard_at is not None,
            observer=observer,
        )
        searching = Searching(
            database, upstream, progress, has_webhooks=heard_at is not None, observer=observer
        )
        # A fetcher of its own, so that slow receivers stand in nobody's way but each other's.
        calling = fetch.Fetcher(Rules(allow_loopback=settings.allow_loopback_urls))
        versions = Versions(database, upstream, known)
        telling = predictions.Predictions(database, known, links)
        calls = notices.Tools(
            db=database,
            fetcher=await stack.enter_async_context(calling),
            seal=seal,
            shapes={predictions.DIALECT: telling.webhook},
            observer=observer,
            link=lambda one, at: links.url(one, origin=where) if (where := at or origin) else None,
        )
        joiners = pool.Pool(processes=1, time_max_s=films.JOIN_S, file_max_bytes=SIZE_MAX_BYTES)
        filming = films.Tools(
            db=database, files=files, joiners=await stack.enter_async_context(joiners), links=links
        )
        printers = printing.Tools(database, files, await stack.enter_async_context(printing.pool_of()))
        # A sheet has a hundred pictures to decode.
        drawers = await stack.enter_async_context(pool.Pool(processes=1, time_max_s=reports.SHEET_S))
        feed = await stack.enter_async_context(Feed(database))
        tools = capture.Tools(
            db=database, files=files, fetcher=fetcher, pool=workers, now=upstream.now, is_text=_texts(known)
        )
        orphans = Orphans(database, upstream, progress, tools, observer=observer)
        blocked = prompts.Blocked(settings.blocked_words)
        secret = guarding.naming(place.token.reveal())
        asking = Generations(
            database,
            upstream,
            progress,
            givens,
            known,
            unknown_hold_nano_usd=settings.unknown_price_hold_nano_usd,
            randomness=os.urandom,
            is_cache_shared=settings.cache_shared,
            secret=secret,
            blocked=blocked,
            observer=observer,
        )
        planner = functools.partial(
            Planner,
            known,
            model_of=settings.model_of,
            profile_of=lambda name: profiles.find(name or settings.profile, settings.profiles),
        )
        batching = Batches(
            database,
            upstream,
            progress,
            givens,
            chooser=Chooser.of(settings, known=known, db=database),
            planner=planner,
            blocked=blocked,
            secret=secret,
            randomness=os.urandom,
        )
        app = await engine_app.build(
            database,
            {
                Queue.SUBMIT: buying.send,
                Queue.FOLLOW: tasks.following(progress),
                Queue.CAPTURE: storing.capturing(tools, progress, observer),
                Queue.THUMBNAIL: tasks.picturing(database, files, workers),
                Queue.CALLBACK: tasks.calling(calls),
                Queue.FILM: tasks.filming(filming),
                Queue.PRINT: storing.finishing(printers, progress),
            },
        )
        yield Core(
            settings=settings,
            database=database,
            upstream=upstream,
            catalogue=known,
            files=files,
            progress=progress,
            buying=buying,
            generations=asking,
            orders=Orders(database, progress),
            batches=batching,
            reports=reports.Tools(database, batching, files, drawers),
            inbox=inbox,
            tracking=tracking,
            orphans=orphans,
            upkeep=Upkeep(
                database,
                upstream,
                progress,
                searching,
                tracking,
                inbox,
                orphans,
                files=files,
                pieces=Pieces(database, upstream, progress, asking, known, observer=observer),
                observer=observer,
            ),
            leader=Leader(database, upstream_id=upstream.ident),
            worker=Worker(
                app,
                database,
                # What is to be bought is fetched only with a permit for it.
                [
                    Slots(queue, count, gate=upstream.lanes.creates if queue is Queue.SUBMIT else None)
                    for queue, count in AT_ONCE.items()
                ],
                observer=observer,
            ),
            feed=feed,
            notices=calls,
            seal=seal,
            keys=Keys(database, randomness=os.urandom, wrong=settings.wrong_key_rate),
            versions=versions,
            browsing=Browsing(database, upstream, versions),
            texts=Texts(database, upstream, progress, feed, observer=observer),
            uploads=Uploads(database, files, seal),
            predictions=telling,
        )


async def _upstream(
    database: Database, settings: Settings, place: Place, *, timing: upstream_.Timing, observer: Observer
) -> upstream_.Upstream:
    """Pin the account to its row, and open the lanes by which all processes share its pace."""
    is_local = replicate_settings.is_loopback(place.host)
    account = upstream_.fingerprint(place.token.reveal())
    # Whoever starts while the database restarts waits for it, as those do that run.
    ident = await patiently(
        lambda: upstreams.pin(database, origin=place.origin, account=account, simulated=is_local)
    )
    lanes = await patiently(
        lambda: throttle.open_lanes(
            database,
            upstream_id=ident,
            creates_per_minute=settings.creates_per_minute,
            calls_per_minute=settings.calls_per_minute,
        )
    )
    return upstream_.Upstream(
        ident=ident,
        origin=place.origin,
        simulated=is_local,
        client=upstream_.client_for(place, timing),
        lanes=lanes,
        timing=timing,
        observer=observer,
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _rules(place: Place) -> Rules:
    """Outputs come from upstream's hosts, or from a simulator's own origin."""
    is_local = replicate_settings.is_loopback(place.host)
    return Rules(hosts=REPLICATE_OUTPUTS, origins=frozenset({place.origin}) if is_local else frozenset())


def _texts(known: Catalogue) -> Callable[[str], bool]:
    def is_text(model: str) -> bool:
        found = known.get(model)
        return found is not None and found.output is Output.TEXT

    return is_text
