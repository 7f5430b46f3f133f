"""Finishing steps: generations of one order, each on what another makes (rule 1)."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tintype import Request, Studio, errors
from tintype.domain import money, steps
from tintype.domain.access import Actor
from tintype.domain.generation import State
from tintype.service import finishing
from tintype.store import ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tintype.testing import Simulator

MODELS = finishing.Models(upscale="real-esrgan", background="rembg")
LOCAL = Actor("local")
MENDED = b"""UPDATE orders SET plan = jsonb_set(plan, '{finish,0,0}', '["print:mug"]')"""


@pytest.fixture
async def studio(url: str, data: Path, simulator: Simulator) -> AsyncIterator[Studio]:
    """A studio on a database of the test's own, with a simulator upstream."""
    async with Studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as made:
        yield made


async def ask(studio: Studio, prompt: str, steps: Sequence[str], **values: Any) -> tuple[str, ...]:
    """Ask for a picture with finishing steps; returns the ids of all."""
    first = Request("flux-schnell", {"prompt": prompt, "output_format": "png", **values})
    asked = finishing.chain(studio.core.catalogue, [first], steps, MODELS)
    return (await studio.core.generations.submit(asked, actor=LOCAL, kind=finishing.KIND)).ids


def billed(simulator: Simulator) -> int:
    """Return what upstream's bill comes to, in nano-dollars."""
    return money.from_usd(simulator.bills()["total_usd"])


async def test_each_step_works_on_what_the_one_before_made(studio: Studio, simulator: Simulator) -> None:
    """All are held at once, each is bought when its picture is there, and nothing is bought twice."""
    idents = await ask(studio, "a lighthouse", ["upscale:2", "remove-background"], num_outputs=2)

    ended = [await studio.wait(ident, timeout_s=60) for ident in idents]

    assert [one.state for one in ended] == [State.SUCCEEDED] * 5
    assert len({one.order_id for one in ended}) == 1
    pictures, (first, cut, second, other) = ended[0].outputs, ended[1:]
    assert [one.width for one in pictures] == [1024, 1024]
    assert [one.outputs[0].width for one in (first, cut, second, other)] == [2048] * 4
    assert first.input["image"] == f"tintype:sha256:{pictures[0].sha256}"
    assert second.input["image"] == f"tintype:sha256:{pictures[1].sha256}"
    assert simulator.bills()["predictions"] == 5
    assert await ledger.check(studio.core.database) == []


async def test_a_step_whose_picture_failed_ends_for_free(studio: Studio, simulator: Simulator) -> None:
    idents = await ask(studio, "[[fail=out of paint]] a lighthouse", ["upscale:2", "remove-background"])

    ended = [await studio.wait(ident, timeout_s=60) for ident in idents]

    assert [one.state for one in ended] == [State.FAILED, State.CANCELED, State.CANCELED]
    assert [(one.cost_nano_usd, one.held_nano_usd) for one in ended] == [(0, 0)] * 3
    assert simulator.bills()["predictions"] == 1
    assert await ledger.check(studio.core.database) == []


async def test_what_failed_is_repeated_step_by_step(studio: Studio, simulator: Simulator) -> None:
    rule = {"on": "request", "method": "POST", "path": "*/predictions", "do": "answer", "status": 422}
    simulator.faults([{**rule, "count": 1, "body": '{"detail": "no"}'}])
    first, step = await ask(studio, "a lighthouse", ["upscale:2"])
    assert (await studio.wait(step, timeout_s=60)).state is State.CANCELED

    with pytest.raises(errors.NotPossibleNow, match="repeat that one first"):
        await studio.core.generations.retry(step, actor=LOCAL)
    again = await studio.core.generations.retry(first, actor=LOCAL)
    await studio.wait(again.ids[0], timeout_s=60)
    finished = await studio.core.generations.retry(step, actor=LOCAL)

    made = await studio.wait(finished.ids[0], timeout_s=60)
    assert (made.state, made.outputs[0].width) == (State.SUCCEEDED, 2048)


async def test_a_step_that_nobody_woke_is_found(studio: Studio) -> None:
    """Its due time brings it back, whatever became of the one that was to wake it."""
    first, step = await ask(studio, "a lighthouse", ["upscale:2"])
    await studio.wait(first, timeout_s=60)

    await studio.core.buying.send(step)

    assert (await studio.wait(step, timeout_s=60)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("model", "steps", "words"),
    [
        ("flux-schnell", ["polish"], "no finishing step"),
        ("flux-schnell", ["upscal:4"], "did you mean 'upscale:4'"),
        ("flux-schnell", ["print:poter-a3"], "did you mean 'poster-a3'"),
        ("flux-schnell", ["print:mug:gif"], "png, tiff or pdf"),
        ("flux-schnell", ["print:mug", "trim"], "the last step"),
        ("flux-schnell", ["upscale:2"] * 5, "4 steps at most"),
        ("wan-video/wan-2.2-t2v-fast", ["upscale:2"], "makes none"),
    ],
)
async def test_what_cannot_be_finished_is_refused(
    studio: Studio, model: str, steps: list[str], words: str
) -> None:
    with pytest.raises(errors.InputError, match=words):
        finishing.chain(studio.core.catalogue, [Request(model, {"prompt": "a"})], steps, MODELS)


async def test_nobody_names_anothers_output_as_rows_do(studio: Studio) -> None:
    """Rule 23."""
    with pytest.raises(errors.InputError, match="names none"):
        await studio.submit(Request("real-esrgan", {"image": "tintype:output:0"}))


async def test_what_is_done_here_is_one_more_output(studio: Studio, simulator: Simulator) -> None:
    """Bought and free steps in any order: each works on what the one before made, and only the bought ones cost."""
    idents = await ask(studio, "a fox", ["upscale:2", "trim", "remove-background", "print:sticker:tiff"])

    first, larger, cut = [await studio.wait(ident, timeout_s=60) for ident in idents]

    assert [one.state for one in (first, larger, cut)] == [State.SUCCEEDED] * 3
    assert [one.position for one in larger.outputs] == [0, steps.MADE_HERE]
    assert cut.input["image"] == f"tintype:sha256:{larger.outputs[1].sha256}"
    _, file = cut.outputs
    assert (file.content_type, file.extension) == ("image/tiff", ".tiff")
    with Image.open(io.BytesIO(await studio.read(file))) as sheet:
        assert (sheet.mode, sheet.size) == ("RGBA", (file.width, file.height))
        assert sheet.info["icc_profile"]
        # 3 inches and an eighth of bleed at each edge.
        assert round(float(sheet.width) / float(sheet.info["dpi"][0]), 2) == 3.25
    assert simulator.bills()["predictions"] == 3
    assert sum(one.cost_nano_usd or 0 for one in (first, larger, cut)) == billed(simulator)
    assert await ledger.check(studio.core.database) == []


async def test_a_step_that_is_done_here_needs_nothing_bought(studio: Studio, simulator: Simulator) -> None:
    """One generation is an order then; each of its pictures gets a file, and doing the job again changes nothing."""
    (ident,) = await ask(studio, "a fox", ["print:8x10in+3mm:pdf"], num_outputs=2)

    made = await studio.wait(ident, timeout_s=60)
    await studio.core.database.value("enqueue_job", queue="print", id=ident, priority=0, after_s=0.0)
    (after,) = await ask(studio, "a hen", ["trim"])
    await studio.wait(after, timeout_s=60)

    assert (made.state, made.order_id is not None) == (State.SUCCEEDED, True)
    assert [one.content_type for one in made.outputs] == ["image/png"] * 2 + ["application/pdf"] * 2
    assert (await studio.get(ident)).outputs == made.outputs
    assert simulator.bills()["predictions"] == 2


async def test_a_file_is_finished_by_whoever_comes_after_a_death(
    url: str, data: Path, simulator: Simulator
) -> None:
    """The job outlives the process that was to do it: all is bought, and finished once."""
    async with Studio(
        simulator.token, base_url=simulator.url, data=data, database_url=url, works=False
    ) as asking:
        (ident,) = await ask(asking, "a fox", ["print:mug"])
    async with (
        Studio(simulator.token, base_url=simulator.url, data=data, database_url=url, finish_s=0.0) as dying,
        contextlib.aclosing(dying.watch(ident)) as moments,
    ):
        async for moment in moments:
            if moment.state in {State.CAPTURING, State.SUCCEEDED}:
                break
    async with Studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as after:
        made = await after.wait(ident, timeout_s=60)

        assert [one.position for one in made.outputs] == [0, steps.MADE_HERE]
        assert simulator.bills()["predictions"] == 1
        assert await ledger.check(after.core.database) == []


async def test_a_picture_that_cannot_be_finished_is_kept(studio: Studio, simulator: Simulator) -> None:
    """It was paid for: it stays an output of the generation that says what could not be done."""
    (ident,) = await ask(studio, "a fox", ["print:10x5000mm:fit"], aspect_ratio="21:9")

    made = await studio.wait(ident, timeout_s=60)

    assert (made.state, made.failure_code) == (State.FAILED, "not_finished")
    assert "too large" in str(made.failure_message)
    assert [one.position for one in made.outputs] == [0]
    assert (made.cost_nano_usd, made.held_nano_usd) == (billed(simulator), 0)
    assert await ledger.check(studio.core.database) == []


async def test_what_could_not_be_finished_is_finished_again_and_not_bought_again(
    studio: Studio, simulator: Simulator
) -> None:
    """Buying once: a repetition does the step that failed, on the picture that is kept, for nothing; once for each."""
    (ident,) = await ask(studio, "a fox", ["print:10x5000mm:fit"], aspect_ratio="21:9")
    first = await studio.wait(ident, timeout_s=60)
    core = studio.core

    asked = [await core.generations.retry(ident, actor=LOCAL, idempotency_key="again") for _ in range(2)]
    second = await studio.wait(asked[0].ids[0], timeout_s=60)
    async with core.database.connection() as session:
        # As after an update that can do it.
        await session.connection.execute(MENDED)
    third = await studio.retry(second.id)
    order = await core.orders.get(str(first.order_id), actor=LOCAL)

    assert (asked[1].is_repeated, asked[1].ids) == (True, asked[0].ids)
    assert [one.failure_code for one in (first, second, third)] == ["not_finished", "not_finished", None]
    assert [one.position for one in third.outputs] == [0, steps.MADE_HERE]
    assert third.outputs[0].sha256 == first.outputs[0].sha256
    assert [one.cost_nano_usd for one in (first, second, third)] == [billed(simulator), 0, 0]
    assert ([row.id for row in order.generations], order.state) == ([third.id], "succeeded")
    assert simulator.bills()["predictions"] == 1
    assert await ledger.check(core.database) == []
    with pytest.raises(errors.NotPossibleNow, match=second.id):
        await core.generations.retry(ident, actor=LOCAL)
