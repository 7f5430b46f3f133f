"""The outputs of predictions: text pieces, and files that are drawn when somebody first fetches them."""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, TypeVar

from tintype.simulator import drawing, lifecycle, making, words
from tintype.simulator.ids import LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tintype.simulator.making import Making
    from tintype.simulator.records import Prediction
    from tintype.simulator.world import World

T = TypeVar("T")

CACHE_BYTES_MAX = 64 * 1024 * 1024
TEXTS_MAX = 512
PROOF_LENGTH = 24


class Outputs:
    """Draws files in threads, each once at a time, and keeps the last ones by their bytes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._files: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._drawing: dict[tuple[str, int], asyncio.Future[bytes]] = {}
        self._texts: OrderedDict[str, list[str]] = OrderedDict()
        self._pool: ThreadPoolExecutor | None = None

    def token(self, identity: str) -> str:
        """Return the part of an output's URL that only this simulator can make for a prediction."""
        return identity + self._world.sign(f"output {identity}").hex()[:PROOF_LENGTH]

    def find(self, token: str) -> Prediction | None:
        """Return the prediction of a token; None for one that is not ours and once the data are removed."""
        prediction = self._world.predictions.get(token[:LENGTH])
        if prediction is None or prediction.is_removed:
            return None
        return prediction if compare_digest(self.token(prediction.id), token) else None

    def seed(self, identity: str) -> int:
        """Return the seed of a prediction whose input states none."""
        return zlib.crc32(identity.encode()) & 0x7FFF_FFFF

    def write(self, identity: str, plan: Making) -> list[str]:
        """Return the pieces of a text, written once and kept for a while."""
        pieces = self._texts.get(identity)
        if pieces is None:
            pieces = words.write(plan.prompt, seed=plan.seed, tokens_max=plan.tokens_max)
            self._texts[identity] = pieces
            if len(self._texts) > TEXTS_MAX:
                self._texts.popitem(last=False)
        return pieces

    def pieces(self, prediction: Prediction) -> Sequence[str]:
        """Return all pieces of a prediction's text, delivered or not."""
        pieces = self._texts.get(prediction.id)
        return self.write(prediction.id, self._plan(prediction)) if pieces is None else pieces

    async def read(self, token: str, name: str) -> bytes | None:
        """Return an output file by the two last parts of its URL; None for one that is not there."""
        prediction = self.find(token)
        if prediction is None or not prediction.ending:
            return None
        count = lifecycle.delivered(prediction, self._world.clock.now())
        for index in range(count):
            if name == f"out-{index}.{prediction.ending}":
                return await self.file(prediction, index)
        return None

    async def file(self, prediction: Prediction, index: int) -> bytes:
        """Return the bytes of an output file; drawn in a thread unless they are still at hand."""
        key = (prediction.id, index)
        content = self._files.get(key)
        if content is not None:
            self._files.move_to_end(key)
            return content
        under_way = self._drawing.get(key)
        if under_way is None:
            under_way = asyncio.ensure_future(self._draw(prediction, index))
            self._drawing[key] = under_way
            under_way.add_done_callback(lambda _: self._drawing.pop(key, None))
        return await asyncio.shield(under_way)

    async def in_thread(self, act: Callable[..., T], *args: Any) -> T:
        """Call something slow without holding up the event loop."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "tintype-drawing")
        return await asyncio.get_running_loop().run_in_executor(self._pool, act, *args)

    def forget(self, identity: str) -> None:
        """Drop what is kept of a prediction."""
        self._texts.pop(identity, None)
        for key in [key for key in self._files if key[0] == identity]:
            self._bytes -= len(self._files.pop(key))

    def clear(self) -> None:
        """Drop everything that is kept."""
        self._files.clear()
        self._texts.clear()
        self._bytes = 0

    def close(self) -> None:
        """Let the threads end; what is not begun is not drawn."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    async def _draw(self, prediction: Prediction, index: int) -> bytes:
        world = self._world
        model = world.models[prediction.runs]
        values = json.loads(prediction.input)
        plan = self._plan(prediction)
        sources, given = prediction.sources, making.given(model, values)

        def draw() -> bytes:
            files = [world.intake.load(source) for source in sources]
            return drawing.draw(plan, index, values, list(zip(given, files, strict=False)))

        content = await self.in_thread(draw)
        if not prediction.is_removed:
            self._keep((prediction.id, index), content)
        return content

    def _plan(self, prediction: Prediction) -> Making:
        world = self._world
        model = world.models[prediction.runs]
        values = json.loads(prediction.input)
        return making.plan(model, values, self.seed(prediction.id), world.intake.source(prediction))

    def _keep(self, key: tuple[str, int], content: bytes) -> None:
        self._files[key] = content
        self._bytes += len(content)
        while self._bytes > CACHE_BYTES_MAX and len(self._files) > 1:
            self._bytes -= len(self._files.popitem(last=False)[1])
