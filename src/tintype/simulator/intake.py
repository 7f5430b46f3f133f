"""Read the files that inputs name: our own, data URIs, http(s), and those of hosts that are drawn."""

from __future__ import annotations

import asyncio
import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit

import httpx2

from tintype.simulator import drawing, films, making, originals, pictures
from tintype.simulator.making import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.simulator.making import Given
    from tintype.simulator.records import Prediction
    from tintype.simulator.world import World

BYTES_MAX = 100 * 1024 * 1024
TIMEOUT_S = 30.0
REDIRECTS_MAX = 5
AT_ONCE = 64
"""How many files are fetched at the same time."""
USER_AGENT = "tintype-simulator"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreadable(Exception):
    """An input file that cannot be read; the message is what the prediction fails with."""


class Intake:
    """Reads input files and keeps their bytes in the world's blobs as long as the prediction's data."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._client: httpx2.AsyncClient | None = None

    async def read(self, prediction: Prediction) -> tuple[str, ...]:
        """Return a prediction's sources and note the facts of the one to work on. Raises Unreadable."""
        model = self._world.models[prediction.runs]
        sources: list[str] = []
        prediction.areas = ()
        try:
            for given in making.given(model, json.loads(prediction.input)):
                sources.append(await self._read(given, prediction))
                facts = await self._measure(given, sources[-1])
                if given.medium == "image" and facts is not None:
                    prediction.areas = (*prediction.areas, facts.width * facts.height)
                if given.is_source and facts is not None:
                    prediction.facts = (facts.width, facts.height, str(facts.seconds), facts.fps)
        except BaseException:
            self.release(sources)
            raise
        return tuple(sources)

    def source(self, prediction: Prediction) -> Source | None:
        """Return the facts of the file that the prediction works on, None where there is none."""
        if prediction.facts is None:
            return None
        width, height, seconds, fps = prediction.facts
        return Source(width, height, Decimal(seconds), fps, prediction.areas)

    def keep(self, sources: Sequence[str]) -> None:
        """Count the use of sources that a record read from the journal has."""
        for name in sources:
            if not name.startswith(drawing.DRAWN):
                self._world.blobs.keep(name)

    def release(self, sources: Sequence[str]) -> None:
        """Take back the use of sources."""
        for name in sources:
            if not name.startswith(drawing.DRAWN):
                self._world.blobs.release(name)

    def load(self, source: str) -> bytes:
        """Return the bytes of a source, drawn when it is one of those. May take a while: for a thread."""
        if source.startswith(drawing.DRAWN):
            return drawing.given(source)
        return self._world.blobs.get(source) or b""

    async def close(self) -> None:
        """End the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _measure(self, given: Given, source: str) -> Source | None:
        if given.medium not in {"image", "video"}:
            return None
        if source.startswith(drawing.DRAWN):
            return drawing.facts(source)
        content = self.load(source)
        try:
            return await self._world.outputs.in_thread(measure, content, given.medium)
        except ValueError as error:
            raise Unreadable(f"The file given as {given.field} cannot be used: {error}") from error

    async def _read(self, given: Given, prediction: Prediction) -> str:
        parts = _split(given)
        scheme = parts.scheme.lower()
        if scheme == "data":
            return self._world.blobs.put(_decode(given))
        if scheme not in {"http", "https"} or not parts.hostname:
            raise Unreadable(
                f"The file given as {given.field} cannot be read: it is neither an HTTP URL nor a data URI"
            )
        path = self._own_path(parts, prediction)
        if path is not None:
            own = await self._own(path, prediction)
            if own is not None:
                return own
        if is_drawn(parts.hostname):
            return drawing.name(given.url, given.medium)
        return self._world.blobs.put(await self._fetch(given))

    def _own_path(self, parts: SplitResult, prediction: Prediction) -> str | None:
        """Return the path of a URL of ours as the routes know it; None for a URL of others."""
        # What it was created with is the public URL where there is one; that may have a path of its own.
        base = urlsplit(prediction.base)
        has_host = base.hostname == parts.hostname or {base.hostname, parts.hostname} <= _LOOPBACK
        if not has_host or _port(base) != _port(parts):
            return None
        return unquote(parts.path).removeprefix(unquote(base.path)).removeprefix("/v1")

    async def _own(self, path: str, prediction: Prediction) -> str | None:
        world = self._world
        noun, _, rest = path.lstrip("/").partition("/")
        if noun == "files":
            file = world.files.get(rest.removesuffix("/download"))
            if file is None or file.account != prediction.account or file.expires_s <= world.clock.now():
                raise Unreadable("The input file does not exist or has expired")
            world.blobs.keep(file.blob)
            return file.blob
        if noun == "pbxt":
            token, _, name = rest.partition("/")
            content = await world.outputs.read(token, name)
            if content is None:
                raise Unreadable("The input file does not exist or has expired")
            return world.blobs.put(content)
        return None

    async def _fetch(self, given: Given) -> bytes:
        content = bytearray()
        try:
            async with (
                self._turn,
                asyncio.timeout(TIMEOUT_S),
                self._http().stream("GET", given.url) as answer,
            ):
                if answer.status_code != 200:
                    raise Unreadable(
                        f"The file given as {given.field} cannot be read: HTTP status {answer.status_code}"
                    )
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > BYTES_MAX:
                        raise Unreadable(f"The file given as {given.field} is larger than 100 MB")
        except TimeoutError as error:
            raise Unreadable(
                f"The file given as {given.field} could not be read within {TIMEOUT_S:g} s"
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise Unreadable(
                f"The file given as {given.field} cannot be read: {type(error).__name__}"
            ) from error
        return bytes(content)

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                follow_redirects=True,
                max_redirects=REDIRECTS_MAX,
                trust_env=False,
                # No proxy of the environment, but its certificate authorities.
                verify=httpx2.create_ssl_context(trust_env=True),
                timeout=httpx2.Timeout(TIMEOUT_S, pool=None),
                headers={"user-agent": USER_AGENT},
            )
        return self._client


def is_drawn(host: str) -> bool:
    """Return whether files of this host are drawn: example.com and the names set aside for tests."""
    name = host.lower().rstrip(".")
    return name == "example.com" or name.endswith((".example.com", ".test", ".invalid"))


def measure(content: bytes, medium: str) -> Source:
    """Return the facts of a picture or film. Raises ValueError for what is neither."""
    if medium == "video":
        width, height, seconds, fps = films.measure_film(content)
        return Source(width, height, Decimal(seconds.numerator) / seconds.denominator, round(fps))
    # Read to its end, so that one that is cut short fails here and not when its result is fetched.
    originals.read(content, at_least=(64, 64))
    return Source(*pictures.measure(content))


def _split(given: Given) -> SplitResult:
    try:
        parts = urlsplit(given.url)
        _port(parts)
    except ValueError as error:
        raise Unreadable(f"The address given as {given.field} is no URL") from error
    return parts


def _decode(given: Given) -> bytes:
    head, comma, text = given.url.partition(",")
    if not comma:
        raise Unreadable(f"The data URI given as {given.field} has no content")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(text)
    try:
        return base64.b64decode(unquote(text), validate=True)
    except ValueError as error:
        raise Unreadable(f"The data URI given as {given.field} cannot be decoded") from error


def _port(parts: SplitResult) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
