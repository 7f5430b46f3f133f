"""What a generation was given: files by their hash, secrets sealed, both put in place just before the create.

In a row's input a stored file stands as `tintype:sha256:…`, a sealed value not at all. A link to a file of ours, an
upload or an output, is that file, and never leaves as a link (rule 23).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from tintype.domain import errors, pricing
from tintype.media import kinds
from tintype.service import areas, guarding
from tintype.service.elsewhere import Elsewhere
from tintype.store import outputs
from tintype.store.admission import InputFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Model
    from tintype.media.fetch import Fetcher
    from tintype.media.files import Files
    from tintype.service.sealing import Seal
    from tintype.service.upstream import Upstream
    from tintype.store.database import Database
    from tintype.store.generations import Generation

MARK = "tintype:sha256:"
# What begins like this in a row's input was written there by us.
_OURS = "tintype:"
_RESERVED_S = 3_600.0
_PASSWORD = "password"  # noqa: S105 - a format's name
MASK = "**********"
"""What stands for a sealed value in a row's input."""


class Own(Protocol):
    """Knows the links of this installation."""

    async def __call__(self, url: str, actor: Actor) -> str | None:
        """Return the SHA-256 of the file that a text links to; None for one that is no link of ours.

        Raises InputError for a link of ours that leads to nothing of the actor's.
        """
        ...


async def none_are_ours(url: str, actor: Actor) -> str | None:  # noqa: ARG001 - the protocol's
    """Know no link."""
    return None


class Givens:
    """Stores files before the admission, and fills an input in before the create.

    `own` knows our own links. `fetcher` fetches pictures that have to be measured; without it none is.
    """

    def __init__(
        self,
        database: Database,
        files: Files,
        upstream: Upstream,
        seal: Seal,
        *,
        own: Own = none_are_ours,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._database = database
        self._files = files
        self._upstream = upstream
        self._seal = seal
        self._sameness = seal.derived(b"sameness")
        self._own = own
        self._elsewhere = Elsewhere(database, files, fetcher)

    async def store(
        self,
        values: Mapping[str, Any],
        *,
        actor: Actor,
        check: guarding.Check = guarding.nothing,
        texts: Collection[str] = (),
    ) -> tuple[dict[str, Any], tuple[InputFile, ...]]:
        """Store every file of an input; returns it with their hashes in their place.

        `texts` names inputs that take no file, whose words are words, whatever they begin with.
        A file is bytes, a Path, a data URI, or a link of ours to one of the actor's. Raises InputError for what
        cannot be read, what is not the actor's, and a file that holds what `check` finds.
        """
        plain: dict[str, Any] = {}
        found: list[InputFile] = []
        for name, value in values.items():
            if name in texts and isinstance(value, str):
                plain[name] = value
                continue
            parts = []
            for position, part in enumerate(_parts(value)):
                given = _content(name, part)
                if given is not None:
                    guarding.refuse(f"the file in {name!r}", given, check)
                    found.append(InputFile(field=name, sha256=await self.kept(given), position=position))
                    parts.append(MARK + found[-1].sha256)
                else:
                    parts.append(await self._linked(part, name, position, actor, found))
            plain[name] = parts if isinstance(value, list | tuple) else parts[0]
        return plain, tuple(found)

    async def measured(
        self, model: Model, values: Mapping[str, Any], *, check: guarding.Check, fetched_by: str | None
    ) -> tuple[dict[str, Any], dict[Any, Fraction]]:
        """Measure every picture of a stored input, for a price that counts their area; returns it and the areas.

        One that lies elsewhere is fetched and stored, so that what is bought is what was measured. Raises InputError
        for one without a size, one that cannot be fetched, and any that would have to be `fetched_by` nobody, and
        NoTurn when others' are fetched for too long.
        """
        marks: dict[str, str] = {}
        found: dict[Any, Fraction] = {}
        async with self._elsewhere.asked(check=check, by=fetched_by or "") as pictures:
            for name, part in pricing.given(model, values):
                if part in marks:
                    continue
                if isinstance(part, str) and part.startswith(MARK):
                    mark, area = part, await self._area(part)
                    if area is None:
                        raise areas.unmeasured(name)
                elif fetched_by is None or not isinstance(part, str) or part.startswith(_OURS):
                    raise _must_be_here(name)
                else:
                    sha256, area = await pictures.fetched(name, part)
                    mark = MARK + sha256
                marks[part], found[mark] = mark, area
            await pictures.keep()
        filled = dict(values)
        for name in {name for name, _ in pricing.given(model, values)}:
            placed = [marks.get(part, part) for part in _parts(values[name])]
            filled[name] = placed if isinstance(values[name], list | tuple) else placed[0]
        return filled, found

    async def looked_at(
        self, model: Model, values: Mapping[str, Any], *, actor: Actor
    ) -> dict[Any, Fraction]:
        """Measure the pictures of an input as it was asked for, but for those that lie elsewhere; nothing is stored.

        Those of a price that does not count their area are looked for alone. Raises Unfit for one without a size, and
        for a link of ours to nothing of the actor's.
        """
        found: dict[Any, Fraction] = {}
        is_measured = pricing.counts_given(model)
        for name, part in pricing.given(model, values):
            given = _content(name, part) if is_measured else None
            mark = part if isinstance(part, str) and part.startswith(MARK) else None
            if given is None and mark is None and isinstance(part, str):
                sha256 = await self._owned(name, part, actor)
                mark = None if sha256 is None else MARK + sha256
            if not is_measured:
                continue
            if given is not None:
                area = areas.of_content(given)
            elif mark is not None:
                area = await self._area(mark)
            else:
                continue
            if area is None:
                raise areas.unmeasured(name)
            found[bytes(part) if isinstance(part, bytearray | memoryview) else part] = area
        return found

    async def _area(self, mark: str) -> Fraction | None:
        return await areas.of_stored(mark.removeprefix(MARK), files=self._files)

    def sealed(self, model: Model | None, values: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        """Take the values of password format out of an input; returns the rest and them, encrypted."""
        if model is None:
            return dict(values), None
        hidden = {
            name: value
            for name, value in values.items()
            if name in model.inputs and model.inputs[name].format == _PASSWORD and value is not None
        }
        rest = {name: MASK if name in hidden else value for name, value in values.items()}
        return rest, self._seal.close(json.dumps(hidden).encode()) if hidden else None

    def mark(self, body: bytes) -> bytes:
        """Return a digest that tells bodies apart and gives away nothing of them, however short the secrets in them."""
        return hmac.digest(self._sameness, body, "sha256")

    async def filled(self, row: Generation) -> dict[str, Any]:
        """Return a row's input as it is sent: files as addresses, secrets in the clear.

        Raises UpstreamError when a file cannot be handed over at the moment.
        """
        values = dict(row.input)
        if row.secrets is not None:
            values |= json.loads(self._seal.open(row.secrets))
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = [await self._placed(part) for part in value]
            else:
                values[name] = await self._placed(value)
        return values

    async def _placed(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(MARK):
            return value
        sha256 = value.removeprefix(MARK)
        reading = await self._files.open(sha256)
        content = b"".join([piece async for piece in reading.pieces])
        kind = kinds.identify(content[: kinds.HEAD_BYTES])
        return await self._upstream.place(content, content_type=kind.value, name=sha256[:16])

    async def _linked(self, part: Any, name: str, position: int, actor: Actor, found: list[InputFile]) -> Any:
        """Return what stands for one value in the row's input: the file, when it links to one of ours."""
        if not isinstance(part, str):
            return part
        sha256 = await self._owned(name, part, actor)
        if sha256 is None:
            return part
        if not await outputs.reserve_known(self._database, sha256, for_s=_RESERVED_S):
            raise areas.Unfit(name, f"the file that {name!r} links to is not there any more")
        found.append(InputFile(field=name, sha256=sha256, position=position))
        return MARK + sha256

    async def _owned(self, name: str, part: str, actor: Actor) -> str | None:
        try:
            return await self._own(part, actor)
        except errors.InputError as fault:
            raise areas.Unfit(name, str(fault)) from None

    async def kept(self, given: bytes) -> str:
        """Store a file, for an hour unless something names it by then; returns its hash."""
        stored = await self._files.put([given])
        kind = kinds.identify(given[: kinds.HEAD_BYTES])
        await outputs.reserve(
            self._database,
            sha256=stored.hash,
            content_type=kind.value,
            size_bytes=stored.size_bytes,
            for_s=_RESERVED_S,
        )
        return stored.hash


def _must_be_here(name: str) -> areas.Unmeasured:
    return areas.Unmeasured(
        name,
        f"this is billed by the size of the pictures given, so what {name!r} is given has to be a file that is here: "
        "upload it, or give it as a data URI",
    )


def comparable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input for comparing it with what upstream echoes, where files and secrets count as equal."""
    return {
        name: [_hidden(part) for part in value] if isinstance(value, list) else _hidden(value)
        for name, value in values.items()
    }


def _hidden(value: Any) -> Any:
    return "data:," if isinstance(value, str) and value.startswith(MARK) else value


def is_mark(value: Any) -> bool:
    """Whether a value, or a part of it, names a file as only rows do."""
    return any(isinstance(part, str) and part.startswith(_OURS) for part in _parts(value))


def _parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _content(name: str, part: Any) -> bytes | None:
    try:
        return content(part)
    except errors.InputError as fault:
        raise areas.Unfit(name, str(fault)) from None


def content(value: Any) -> bytes | None:
    """Return the bytes of a file given as bytes, a path or a data URI; None for anything else. Raises InputError."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Path):
        try:
            return value.read_bytes()
        except OSError as fault:
            raise errors.InputError(f"{value} cannot be read: {fault.strerror}") from None
    if not isinstance(value, str) or value[:5].lower() != "data:":
        return None
    head, comma, body = value[5:].partition(",")
    if not comma:
        raise errors.InputError("a data URI of the input has no comma, so it holds nothing")
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        raise errors.InputError("a data URI of the input is not base64 as it says") from None
