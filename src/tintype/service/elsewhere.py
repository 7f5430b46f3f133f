"""Pictures that lie elsewhere, fetched and measured before anything is held for a run that is billed by their area.

    async with elsewhere.asked(check=check, by=key) as pictures:
        sha256, area = await pictures.fetched("input_images", url)
        await pictures.keep()

Whoever may ask can have them fetched, and a refusal costs nothing. So a few requests have theirs fetched at a time, and
fewer of one key, which holds up none but itself; what is no picture is refused by its beginning, the rest goes to the
disk, and nothing is kept before all is measured.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from tintype.domain import errors, pricing
from tintype.media import fetch_errors, kinds
from tintype.media.fetch_answer import Limits
from tintype.service import areas, guarding
from tintype.store import outputs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from fractions import Fraction
    from pathlib import Path

    from tintype.media.fetch import Fetcher
    from tintype.media.fetch_answer import Answer
    from tintype.media.files import Draft, Files
    from tintype.store.database import Database

AT_ONCE = 8
"""How many requests of a process have their pictures fetched at the same time."""
AT_ONCE_BY_KEY = 2
"""How many of them are one key's."""
SIZE_MAX_BYTES = 64 * 1024 * 1024
"""The largest picture that is fetched, in bytes."""
TURN_S = 30.0
"""How long a request waits for its turn; then it has as long for all of its pictures."""
_FETCH_S = 30.0
# One of those that are fetched may end much sooner than its time is up.
_AGAIN_S = 10.0
# Until the admission, which follows at once, names what was fetched.
_RESERVED_S = 300.0
_OK = 200
_PIECE_BYTES = 1024 * 1024
# Longer than any key, so that one across two pieces is found.
_OVERLAP_BYTES = 16 * 1024


class NoTurn(errors.TintypeError):
    """No turn to have pictures fetched came; nothing was held, and the same may be asked again in `retry_after_s`."""

    code = "busy"

    def __init__(self, message: str) -> None:
        super().__init__(message, can_retry=True, retry_after_s=_AGAIN_S)


class NoTurnOfTheKeys(NoTurn):
    """None came as the key's other requests have theirs fetched."""

    code = "too_many_requests"


class Turns:
    """Whose pictures are fetched at the same time: those of a few requests of a key, and of some more of all."""

    def __init__(self, *, turn_s: float) -> None:
        self._turn_s = turn_s
        self._all = asyncio.Semaphore(AT_ONCE)
        self._by_key: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def take(self, key: str, stack: AsyncExitStack) -> None:
        """Wait for a turn, which the stack ends. Raises NoTurn when none comes."""
        own = self._by_key.setdefault(key, asyncio.Semaphore(AT_ONCE_BY_KEY))
        has_own = False
        try:
            async with asyncio.timeout(self._turn_s):
                await stack.enter_async_context(own)
                has_own = True
                await stack.enter_async_context(self._all)
        except TimeoutError:
            whose = f"{AT_ONCE} requests" if has_own else f"{AT_ONCE_BY_KEY} requests of a key"
            told = (
                f"the pictures of {whose} are fetched at a time, and no turn came within {self._turn_s:g} s; "
                "ask again, or upload what is given"
            )
            raise (NoTurn(told) if has_own else NoTurnOfTheKeys(told)) from None


class Elsewhere:
    """Fetches pictures for the requests of a process, of which a few have their turn at a time; by no fetcher, none."""

    def __init__(
        self, database: Database, files: Files, fetcher: Fetcher | None, *, turn_s: float = TURN_S
    ) -> None:
        self._database, self._files, self._fetcher = database, files, fetcher
        self._turns = Turns(turn_s=turn_s)

    @asynccontextmanager
    async def asked(self, *, check: guarding.Check, by: str) -> AsyncIterator[Pictures]:
        """Give what fetches the pictures of one request, `by` a key; what it did not keep is gone afterwards."""
        async with AsyncExitStack() as stack:

            async def take() -> None:
                await self._turns.take(by, stack)

            yield Pictures(self._database, self._files, self._fetcher, check=check, take=take, stack=stack)


class Pictures:
    """The pictures of one request. It waits for its turn with the first of them, and has it to the end."""

    def __init__(
        self,
        database: Database,
        files: Files,
        fetcher: Fetcher | None,
        *,
        check: guarding.Check,
        take: Callable[[], Awaitable[None]],
        stack: AsyncExitStack,
    ) -> None:
        self._database, self._files, self._fetcher = database, files, fetcher
        self._check, self._take, self._stack = check, take, stack
        self._ends_at: float | None = None
        self._drafts: list[Draft] = []

    async def fetched(self, name: str, url: str) -> tuple[str, Fraction]:
        """Fetch what an input links to; returns its SHA-256 and its area.

        Raises Unfit for what cannot be fetched, is no picture whose size can be read, or is too large, and
        NoTurn when none came.
        """
        if self._fetcher is None:
            raise _unfetched(name, "nothing is fetched here")
        now = asyncio.get_running_loop().time
        if self._ends_at is None:
            await self._take()
            self._ends_at = now() + _FETCH_S
        limits = Limits(size_max_bytes=SIZE_MAX_BYTES, total_s=max(self._ends_at - now(), 0.1))
        draft = await self._stack.enter_async_context(self._files.draft(size_max_bytes=SIZE_MAX_BYTES))
        try:
            async with self._fetcher.get(url, limits=limits) as answer:
                if answer.status != _OK:
                    raise _unfetched(name, f"its host answered {answer.status}")
                area = await _received(name, answer, draft)
        except fetch_errors.FetchError as fault:
            raise _unfetched(name, str(fault)) from None
        await asyncio.to_thread(_refuse, name, draft.path, self._check)
        self._drafts.append(draft)
        return draft.hash, area

    async def keep(self) -> None:
        """Store all that was fetched, for a few minutes unless something names it by then."""
        for draft in self._drafts:
            stored = await draft.keep()
            await outputs.reserve(
                self._database,
                sha256=stored.hash,
                content_type=kinds.identify(draft.head).value,
                size_bytes=stored.size_bytes,
                for_s=_RESERVED_S,
            )


async def _received(name: str, answer: Answer, draft: Draft) -> Fraction:
    """Fill a draft, and measure the picture as soon as its size is there. Raises InputError, FetchError."""
    head, look_at, area = bytearray(), kinds.HEAD_BYTES, None
    async with aclosing(answer.pieces()) as pieces:
        async for piece in pieces:
            if area is None:
                head += piece
                if len(head) >= look_at:
                    look_at = areas.HEADER_MAX_BYTES
                    area = None if areas.may_say_more(bytes(head)) else _measured(name, bytes(head))
            await draft.write(piece)
    await draft.end()
    return _measured(name, bytes(head)) if area is None else area


def _measured(name: str, head: bytes) -> Fraction:
    area = areas.of_content(head)
    if area is None:
        raise areas.unmeasured(name)
    if area > pricing.GIVEN_MEGAPIXELS_MAX:
        raise areas.Unfit(
            name,
            f"the picture that {name!r} links to has {float(area):g} megapixels; one given by its address has "
            f"at most {pricing.GIVEN_MEGAPIXELS_MAX}, so upload it first",
        )
    return area


def _refuse(name: str, path: Path, check: guarding.Check) -> None:
    """Raise InputError for a file that holds what the check finds; it is read piece by piece."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            guarding.refuse(f"the file in {name!r}", before + piece, check)
            before = piece[-_OVERLAP_BYTES:]


def _unfetched(name: str, why: str) -> areas.Unfit:
    return areas.Unfit(
        name,
        f"this is billed by the size of the pictures given, and what {name!r} links to cannot be measured: {why}; "
        "upload it, or give it as a data URI",
    )


__all__ = ["Elsewhere", "NoTurn", "Pictures"]
