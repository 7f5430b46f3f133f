"""What is given as input (rule 23): no key leaves, and files of ours are sent as files."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from PIL import Image

from tests.integration.core.asking import ALICE
from tests.integration.core.buying.conftest import FLUX, Shop
from tintype.api import problems
from tintype.domain import errors
from tintype.domain.access import Actor
from tintype.media.fetch import Fetcher, Rules
from tintype.media.kinds import Kind
from tintype.observing import Observers
from tintype.service import areas, guarding
from tintype.service.elsewhere import AT_ONCE, Elsewhere, NoTurn
from tintype.service.generations import Generations
from tintype.service.givens import MARK, Givens
from tintype.service.requests import Cache, Request
from tintype.store import outputs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

EDITOR = "black-forest-labs/flux-kontext-pro"
SEVERAL = "bytedance/seedream-4.5"
KEY = "tt_" + "k" * 43
URL = "https://tintype.example/media/01k9w3t8m2q7r5v6x0y4z1a2b3/0/code.png"


def holding(secret: str) -> list[Request]:
    """Requests that hold a secret somewhere."""
    plain = Request(FLUX, {"prompt": "a boat"}, cache=Cache.OFF)
    encoded = base64.b64encode(f"key = {secret}".encode()).decode()
    return [
        replace(plain, input={"prompt": f"a boat with {secret} on it"}),
        replace(plain, input={"prompt": "a boat", secret: 1}),
        replace(plain, input={"prompt": "a boat", "extra": {"deep": [{"down": f"x{secret}"}]}}),
        replace(plain, input={"prompt": "a boat", "image": f"https://a.example/?key={secret}"}),
        replace(plain, input={"prompt": "a boat", "image": f"data:text/plain,{secret}"}),
        replace(plain, input={"prompt": "a boat", "images": [f"data:text/plain;base64,{encoded}"]}),
        replace(plain, input={"prompt": "a boat", "image": secret.encode()}),
        replace(plain, metadata={"from": {"key": secret}}),
        replace(plain, metadata={secret: True}),
        replace(plain, tags=("boats", secret)),
    ]


@pytest.mark.parametrize("number", range(len(holding(""))))
@pytest.mark.parametrize("whose", ["the caller's key", "the token"])
async def test_a_request_that_holds_a_key_is_refused(idle_shop: Shop, whose: str, number: int) -> None:
    """Rule 23: wherever it stands, before anything is held or sent; and the refusal does not say it again."""
    secret = KEY if whose == "the caller's key" else idle_shop.sim.token
    request = holding(secret)[number]

    with pytest.raises(errors.InputError) as told:
        await idle_shop.core.generations.submit(request, actor=ALICE, own_key=guarding.naming(KEY))

    assert secret not in str(told.value)
    assert "Take it out" in str(told.value)
    assert await idle_shop.core.generations.list(actor=ALICE) == []
    assert idle_shop.bought() == 0


async def test_one_of_several_that_holds_a_key_refuses_all(idle_shop: Shop) -> None:
    """Rules 1 and 23: nothing of an order is admitted, whichever of it holds the key."""
    plain = Request(FLUX, {"prompt": "a boat"}, cache=Cache.OFF)

    with pytest.raises(errors.InputError):
        await idle_shop.core.generations.submit(
            [plain, *holding(KEY)[:1]], actor=ALICE, own_key=guarding.naming(KEY)
        )

    assert await idle_shop.core.generations.list(actor=ALICE) == []


async def test_a_file_on_disk_that_holds_a_key_is_refused(idle_shop: Shop, tmp_path: Path) -> None:
    """Rule 23: a Path is read once, and what was read is looked at."""
    path = tmp_path / "notes.txt"
    path.write_text(f"REPLICATE_API_TOKEN={idle_shop.sim.token}")

    with pytest.raises(errors.InputError, match="the file in 'image'"):
        await idle_shop.core.generations.submit(
            Request(EDITOR, {"prompt": "a boat", "image": path}), actor=ALICE
        )


async def test_somebody_elses_key_is_a_text_like_any_other(idle_shop: Shop) -> None:
    """Rule 23: the caller's own key is meant; a short word, or none, finds nothing."""
    request = Request(FLUX, {"prompt": f"a boat called {KEY}"}, cache=Cache.OFF)

    for check in (guarding.nothing, guarding.naming(""), guarding.naming("boat"), guarding.naming("x" * 46)):
        await idle_shop.core.generations.submit(request, actor=ALICE, own_key=check)

    assert len(await idle_shop.core.generations.list(actor=ALICE)) == 4


@dataclass
class Links:
    """Knows one link, which is one owner's, to one file."""

    sha256: str
    owner: Actor = ALICE

    async def __call__(self, url: str, actor: Actor) -> str | None:
        """Return the file."""
        if url != URL:
            return None
        if actor != self.owner:
            raise errors.InputError("there is no such file")
        return self.sha256


async def knowing(shop: Shop, side: int = 64) -> tuple[Generations, Givens, str]:
    """Return the way to ask where links are known, what fills inputs in, and the file that the link leads to."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(file, "PNG")
    stored = await shop.core.files.put([file.getvalue()])
    database = shop.core.database
    await outputs.reserve(
        database,
        sha256=stored.hash,
        content_type=Kind.PNG.value,
        size_bytes=stored.size_bytes,
        for_s=60,
    )
    core = shop.core
    givens = Givens(database, core.files, core.upstream, core.seal, own=Links(stored.hash))
    made = Generations(
        database,
        core.upstream,
        core.progress,
        givens,
        core.catalogue,
        unknown_hold_nano_usd=1,
        randomness=os.urandom,
        observer=Observers(()),
    )
    return made, givens, stored.hash


@pytest.mark.parametrize("side", [64, 400], ids=["inline", "uploaded"])
async def test_a_link_of_ours_is_sent_as_the_file(idle_shop: Shop, side: int) -> None:
    """Rule 23: upstream gets the bytes, in the address or as an upload, and never the link."""
    asking, _, sha256 = await knowing(idle_shop, side)
    request = Request(EDITOR, {"prompt": "a boat", "input_image": URL}, cache=Cache.OFF)

    (ident,) = (await asking.submit(request, actor=ALICE)).ids
    assert await idle_shop.core.buying.send(ident)

    row = await idle_shop.row(ident)
    assert row.input["input_image"].startswith(MARK)
    (sent,) = idle_shop.sim.predictions()
    assert await given(idle_shop, sent["input"]["input_image"]) == sha256
    (named,) = await idle_shop.execute("SELECT count(*) FROM inputs WHERE generation_id = %s", ident)
    assert named == 1


async def test_links_among_others_are_told_apart(idle_shop: Shop) -> None:
    """Rule 23: in a list each is looked at; what is no link of ours goes as it is."""
    asking, givens, sha256 = await knowing(idle_shop)
    foreign = "https://elsewhere.example/boat.png"
    values = {"prompt": URL + " and more", "image_input": [foreign, URL]}

    (ident,) = (await asking.submit(Request(SEVERAL, values, cache=Cache.OFF), actor=ALICE)).ids
    filled = await givens.filled(await idle_shop.row(ident))

    assert filled["prompt"] == values["prompt"]
    assert filled["image_input"][0] == foreign
    assert await given(idle_shop, filled["image_input"][1]) == sha256


async def test_a_link_to_what_is_anothers_is_refused(idle_shop: Shop) -> None:
    """Rules 22 and 23: whoever has the link of another's file cannot have it made into something."""
    asking, _, _ = await knowing(idle_shop)
    request = Request(EDITOR, {"prompt": "a boat", "input_image": URL})

    with pytest.raises(errors.InputError, match="no such file"):
        await asking.submit(request, actor=Actor("local", user="mallory"))


async def test_a_link_to_what_was_deleted_is_refused(idle_shop: Shop) -> None:
    """Rule 23: also when it goes between the look at the link and the admission."""
    asking, _, _ = await knowing(idle_shop)
    await idle_shop.execute("DELETE FROM objects")

    with pytest.raises(errors.InputError, match="not there any more"):
        await asking.submit(Request(EDITOR, {"prompt": "a boat", "input_image": URL}), actor=ALICE)


@pytest.mark.parametrize("value", [MARK + "a" * 64, ["https://a.example/b.png", MARK + "a" * 64]])
async def test_nobody_names_a_stored_file_by_its_hash(idle_shop: Shop, value: Any) -> None:
    """Rules 22 and 23: what stands for files in rows is no way to another's."""
    with pytest.raises(errors.InputError, match="an upload or a URL"):
        await idle_shop.ask(input={"prompt": "a boat", "image": value})


async def test_what_was_given_by_link_is_given_again(idle_shop: Shop) -> None:
    """Rules 1 and 23: a repetition has the file of the first, by its hash."""
    asking, _, _ = await knowing(idle_shop)
    request = Request(EDITOR, {"prompt": "a boat", "input_image": URL}, cache=Cache.OFF)
    (ident,) = (await asking.submit(request, actor=ALICE)).ids
    await asking.cancel(ident, actor=ALICE)

    (again,) = (await asking.retry(ident, actor=ALICE)).ids

    assert (await idle_shop.row(again)).input == (await idle_shop.row(ident)).input


@asynccontextmanager
async def host(answer: Callable[[str, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Answer each path of an address elsewhere by a function, and close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        with suppress(ConnectionError):
            await answer(line.split()[1].decode(), writer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def png(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


async def test_a_few_requests_have_their_pictures_fetched_at_a_time(idle_shop: Shop) -> None:
    """However many ask, what is on its way is bounded; and all have their turn."""
    now, most, all_of_them = 0, 0, asyncio.Barrier(AT_ONCE)

    async def answer(_path: str, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await all_of_them.wait()
        now -= 1
        writer.write(png(64))

    core = idle_shop.core
    async with host(answer) as origin, Fetcher(Rules(allow_loopback=True)) as fetcher:
        elsewhere = Elsewhere(core.database, core.files, fetcher)

        async def one(number: int) -> str:
            async with elsewhere.asked(check=guarding.nothing, by=f"key {number // 2}") as pictures:
                return (await pictures.fetched("image", f"{origin}/{number}"))[0]

        made = await asyncio.gather(*map(one, range(3 * AT_ONCE)))

    assert most == AT_ONCE
    assert set(made) == {hashlib.sha256(png(64)).hexdigest()}


async def test_one_key_holds_up_none_but_itself(idle_shop: Shop) -> None:
    """Its pictures may trickle: another's are fetched at once. Who gets no turn is told when to ask again."""
    is_over, held = asyncio.Event(), asyncio.Semaphore(0)

    async def answer(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/slow":
            held.release()
            await is_over.wait()
        writer.write(png(64))

    core = idle_shop.core
    async with (
        host(answer) as origin,
        Fetcher(Rules(allow_loopback=True)) as fetcher,
        asyncio.TaskGroup() as slow,
    ):
        elsewhere = Elsewhere(core.database, core.files, fetcher, turn_s=0.01)

        async def ask(path: str, *, by: str) -> str:
            async with elsewhere.asked(check=guarding.nothing, by=by) as pictures:
                return (await pictures.fetched("image", f"{origin}/{path}"))[0]

        def hold(count: int, *, by: str) -> None:
            for _ in range(count):
                slow.create_task(ask("slow", by=by))

        try:
            hold(2, by="one")
            await held.acquire()
            await held.acquire()
            with pytest.raises(NoTurn, match="2 requests of a key") as own:
                await ask("good", by="one")
            made = await ask("good", by="another")
            for number in range(2, AT_ONCE, 2):
                hold(2, by=f"key {number}")
                await held.acquire()
                await held.acquire()
            with pytest.raises(NoTurn, match=f"of {AT_ONCE} requests are") as whole:
                await ask("good", by="another")
        finally:
            is_over.set()

    assert made == hashlib.sha256(png(64)).hexdigest()
    told = [problems.of(one.value) for one in (own, whole)]
    assert [one and (one.code, one.status_code, one.retry_after_s) for one in told] == [
        ("too_many_requests", 429, 10.0),
        ("busy", 503, 10.0),
    ]


async def test_what_is_no_picture_is_refused_by_its_beginning_and_nothing_is_kept(idle_shop: Shop) -> None:
    """An address that never ends costs little; a picture beside it, or one with a key in it, is dropped as well."""
    long = b"\xff\xd8" + (b"\xff\xfe\xff\xff" + bytes(0xFFFD)) * 3
    jpeg = io.BytesIO()
    Image.new("L", (300, 200)).save(jpeg, "JPEG")
    files = {"/a.png": png(640), "/key.png": png(64) + bytes(2**20 - 99) + KEY.encode()}
    files["/long.jpg"] = long + jpeg.getvalue()[2:]

    async def answer(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(files.get(path, b""))
        while path == "/endless":
            writer.write(bytes(65_536))
            await writer.drain()

    core = idle_shop.core
    (before,) = await idle_shop.execute("SELECT count(*) FROM objects")
    async with host(answer) as origin, Fetcher(Rules(allow_loopback=True)) as fetcher:
        elsewhere = Elsewhere(core.database, core.files, fetcher)

        async def ask(*paths: str) -> list[tuple[str, Fraction]]:
            async with elsewhere.asked(check=guarding.naming(KEY), by="key") as pictures:
                found = [await pictures.fetched("image", f"{origin}/{path}") for path in paths]
                await pictures.keep()
                return found

        with pytest.raises(errors.InputError, match="cannot be read"):
            await ask("a.png", "endless")
        with pytest.raises(errors.InputError, match="holds your own key"):
            await ask("a.png", "key.png")
        assert await idle_shop.execute("SELECT count(*) FROM objects") == (before,)
        ((sha256, area),) = await ask("long.jpg")

    assert list(core.files.drafts.iterdir()) == []
    assert (await areas.of_stored(sha256, files=core.files), area) == (Fraction(6, 100), Fraction(6, 100))


async def given(shop: Shop, address: str) -> str:
    """Return the SHA-256 of what upstream was given at an address: in it, or uploaded."""
    if address.startswith("data:image/png;base64,"):
        return hashlib.sha256(base64.b64decode(address.partition(",")[2])).hexdigest()
    assert address.startswith(f"{shop.sim.api_url}/files/")
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(address, headers={"Authorization": f"Bearer {shop.sim.token}"})
    return str(answer.json()["checksums"]["sha256"])
