"""The studio: the durable core inside one's own process."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import tintype
from tintype import Request, Studio, errors
from tintype.domain import budget, choosing
from tintype.domain.generation import State
from tintype.local import filming, targets
from tintype.store import ledger, limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tintype.testing import Simulator

FLUX, RECRAFT = "black-forest-labs/flux-schnell", "recraft-ai/recraft-v3"
SHORT: dict[str, Any] = {"num_frames": 81, "resolution": "480p"}


@pytest.fixture
async def studio(url: str, data: Path, simulator: Simulator) -> AsyncIterator[Studio]:
    """A studio on a database of the test's own, with a simulator upstream."""
    async with Studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as made:
        yield made


async def test_a_generation_is_made_stored_and_booked(
    studio: Studio, simulator: Simulator, tmp_path: Path
) -> None:
    """Rule 14: bought once, stored under its hash, the hold released and the cost booked."""
    expected = await studio.estimate("a lighthouse", aspect_ratio="4:3")

    made = await studio.generate("a lighthouse", aspect_ratio="4:3", output_format="png")

    (output,) = made.outputs
    path = await studio.save(output, tmp_path / "a.png")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == output.sha256
    with Image.open(path) as picture:
        assert picture.size == (output.width, output.height) == (1152, 896)
    assert (made.state, made.cost_usd, made.held_usd) == (State.SUCCEEDED, expected.expected_usd, Decimal(0))
    assert simulator.bills()["predictions"] == 1
    (line,) = await studio.spend()
    assert (line.name, line.cost_nano_usd, line.succeeded) == (FLUX, 3_000_000, 1)
    assert await ledger.check(studio.core.database) == []


async def test_a_mode_stands_for_a_model_of_the_settings(studio: Studio) -> None:
    for mode, usd in (("proof", "0.003"), ("final", "0.06")):
        assert (await studio.estimate("a boat", mode=mode)).expected_usd == Decimal(usd)

    with pytest.raises(errors.InputError, match="not both"):
        await studio.estimate("a boat", mode="final", model="flux-dev")
    with pytest.raises(errors.InputError, match="there are proof, standard, final, auto"):
        await studio.generate("a boat", mode="finest")


async def test_an_estimate_tells_of_each_step_and_of_all_that_is_wrong(studio: Studio) -> None:
    """As over HTTP: parts, time and alternatives; nothing is held, and nothing that is wrong is passed over."""
    told = await studio.estimate("a fox", model="flux-dev", finish=["remove-background", "print:mug"])

    assert [part.model for part in told.parts] == ["black-forest-labs/flux-dev", "cjwbw/rembg", "print:mug"]
    assert told.expected_nano_usd == sum(part.expected_nano_usd for part in told.parts)
    assert told.at_most_nano_usd == told.parts[0].at_most_nano_usd + told.parts[1].at_most_nano_usd
    assert told.takes_s > 0
    with pytest.raises(errors.InputError, match="'sead'; did you mean 'seed'"):
        await studio.estimate("a fox", sead=4)
    with pytest.raises(errors.InputError, match="in 2 generations, more than"):
        await studio.estimate("a fox", finish=["remove-background"], max_usd="0.01")
    assert await studio.list() == []


async def test_words_for_all_models_are_translated(studio: Studio) -> None:
    """As over HTTP, from the same words: what the model cannot do is told, or refused where it is to be strict."""
    made = await studio.generate(
        "a fox", size="512x512", format="png", negative_prompt="fog", transparent=True, seed=7
    )

    assert made.input == {
        "prompt": "a fox", "seed": 7, "aspect_ratio": "1:1", "megapixels": "0.25", "output_format": "png"
    }  # fmt: skip
    assert (made.outputs[0].width, made.outputs[0].content_type, len(made.warnings)) == (512, "image/png", 2)
    told = await studio.estimate("a fox", model="nano-banana-pro", size=(4096, 4096))
    assert (told.expected_usd, told.warnings) == (Decimal("0.30"), ())
    choice = await studio.choose("a fox", size="4096x4096", strict=True)
    assert choice.model.slug == "bytedance/seedream-4"
    # The model's own word of that name stays what it is.
    assert not (await studio.estimate("a fox", model="seedream-4", size="4K")).warnings
    for wrong, words in (
        ({"negative_prompt": "fog", "strict": True}, "has no input 'negative_prompt'"),
        ({"size": "2048x2048", "strict": True}, "makes no 2048x2048; 1024x1024 comes instead"),
        ({"size": "large"}, "is no size"),
    ):
        with pytest.raises(errors.InputError, match=words):
            await studio.generate("a fox", **wrong)


async def test_auto_chooses_and_says_why(studio: Studio) -> None:
    """The choice is a value with its reasons; a profile goes along, and what the user says wins."""
    choice = await studio.choose('a poster that says "OPEN"', max_usd="0.05")

    made = await studio.generate("a castle", mode="auto", profile="print", aspect_ratio="1:1", max_usd="0.05")

    assert choice.model.has_lettering
    assert made.choice is not None
    assert (made.model, made.choice.model.slug) == (FLUX, FLUX)
    assert "0 votes of yours" in " ".join(made.choice.reasons)
    assert made.input == {"prompt": "a castle", "aspect_ratio": "1:1", "output_format": "png"}
    assert made.warnings == (f"profile print: {FLUX} takes no negative prompt, so none was sent",)
    with pytest.raises(errors.InputError, match="above the limit"):
        await studio.generate("a castle", mode="auto", max_usd="0.0001")


async def test_a_call_is_the_same_by_what_was_asked_though_another_is_chosen_by_now(studio: Studio) -> None:
    """Rule 8: votes make `auto` choose another model later; under the same key the first generation is given."""
    made = [await studio.generate("a castle", model=name) for name in (RECRAFT, FLUX) * 3]
    for one in made:
        assert await studio.rate(one.id, "up" if one.model == RECRAFT else 1) in {5, 1}
    first = await studio.generate("a castle", mode="auto", idempotency_key="castle")
    for one in made:
        await studio.rate(one.id, "down" if one.model == RECRAFT else "up")

    by_now = await studio.choose("a castle")
    again = await studio.generate("a castle", mode="auto", idempotency_key="castle")

    assert (first.model, by_now.model.slug) == (RECRAFT, FLUX)
    assert (again.id, again.model, again.choice) == (first.id, RECRAFT, None)
    with pytest.raises(errors.IdempotencyConflict):
        await studio.generate("a castle", mode="auto", finish=["trim"], idempotency_key="castle")
    with pytest.raises(errors.InputError, match="in 2 generations, more than the"):
        await studio.generate("a castle", finish=["remove-background"], max_usd="0.05")
    for rating in (0, 6, True, "fine"):
        with pytest.raises(errors.InputError, match="a rating is 1 to 5, up or down"):
            await studio.rate(first.id, rating)


def test_recommend_goes_by_the_settings_of_the_studio(
    url: str, data: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cuts out is the setting's, and its price counts."""
    monkeypatch.setenv("TINTYPE_MODELS_AUTO", "flux-dev")
    monkeypatch.setenv("TINTYPE_MODEL_BACKGROUND", "pollinations/modnet")
    monkeypatch.setenv("TINTYPE_PRICES", "pollinations/modnet = 0.025 per run; flux-dev = 0.025 per image")
    with tintype.studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as made:
        found = made.recommend("10.00", 100, transparent=True)

    assert (found.model, found.finish) == ("black-forest-labs/flux-dev", ("remove-background",))
    assert found.price_usd == Decimal("0.05")


async def test_a_preview_is_cheap_and_what_is_approved_is_good(studio: Studio) -> None:
    """The guide's tiers, FLUX Schnell and then FLUX Pro Ultra, are the modes as they come."""
    preview = await studio.estimate("a castle", mode="proof")
    final = await studio.estimate("a castle", mode="final")

    assert (preview.expected_usd, final.expected_usd) == (Decimal("0.003"), Decimal("0.06"))
    for name, mode in (("flux_schnell", choosing.Mode.PROOF), ("flux_pro_ultra", choosing.Mode.FINAL)):
        assert studio.core.catalogue.find(name).slug == studio.core.settings.model_of(mode)


async def test_a_saved_output_overwrites_nothing(studio: Studio, tmp_path: Path) -> None:
    made = await studio.generate("a lighthouse")
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(FileExistsError):
        await studio.save(made.outputs[0], tmp_path / "mine")

    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("prompt", "words"), [("", "empty"), (" \n", "empty"), ("a" * 10_001, "10,001"), ("a\x07", "U+0007")]
)
async def test_a_prompt_that_cannot_be_meant_is_refused_however_it_is_asked_for(
    studio: Studio, prompt: str, words: str
) -> None:
    """Nothing is held: the same in all faces."""
    for act in (
        studio.generate(prompt),
        studio.submit(Request(FLUX, {"prompt": prompt})),
        studio.submit_all([Request(FLUX, {"prompt": "a boat"}), Request(FLUX, {"prompt": prompt})]),
        studio.choose(prompt),
    ):
        with pytest.raises(errors.InputError, match=re.escape(words)):
            await act

    assert await studio.list() == []


async def test_progress_is_watched_to_the_end(studio: Studio) -> None:
    begun = await studio.submit(Request(FLUX, {"prompt": "[[delay=1.5]] a lighthouse"}))

    moments = [moment async for moment in studio.watch(begun.id)]

    states = [moment.state for moment in moments]
    assert states == sorted(states, key=list(State).index)
    assert (states[-1], begun.state) == (State.SUCCEEDED, State.QUEUED)
    assert any(moment.percent for moment in moments)


async def test_a_failure_is_raised_with_its_generation(studio: Studio) -> None:
    with pytest.raises(errors.GenerationFailed, match="out of paint") as failed:
        await studio.generate("[[fail=out of paint]] a lighthouse")

    row = await studio.get(failed.value.generation_id)
    assert (row.state, row.cost_usd) == (State.FAILED, Decimal(0))


async def test_a_budget_without_room_refuses_before_anything_is_bought(
    studio: Studio, simulator: Simulator
) -> None:
    await limits.put(
        studio.core.database,
        scope=budget.Scope.ALL,
        subject="",
        measure=budget.Measure.MONEY,
        period="total",
        amount=2_999_999,
    )

    with pytest.raises(errors.LimitReached):
        await studio.generate("a lighthouse")

    assert (await studio.list(), simulator.bills()["predictions"]) == ([], 0)


async def test_cancelling_ends_it_upstream(studio: Studio, simulator: Simulator) -> None:
    begun = await studio.submit(Request(FLUX, {"prompt": "[[delay=60]] a lighthouse"}))
    async for moment in studio.watch(begun.id):
        if moment.state is State.RUNNING:
            break

    await studio.cancel(begun.id)
    ended = await studio.wait(begun.id, timeout_s=20)

    assert (ended.state, ended.cost_usd) == (State.CANCELED, Decimal(0))
    assert simulator.bills()["items"][0]["status"] == "canceled"


async def test_who_does_not_want_to_wait_longer_is_told(studio: Studio) -> None:
    with pytest.raises(errors.TimedOut, match="it goes on"):
        await studio.generate("[[delay=60]] a lighthouse", timeout_s=0.3)

    (row,) = await studio.list(search="LIGHTHOUSE")
    await studio.cancel(row.id)
    assert not row.is_final
    assert await studio.list(search="a castle") == []
    assert await studio.list(search="\0 \udcff") == []


async def test_a_model_that_is_not_official_is_bought_by_its_version(
    studio: Studio, simulator: Simulator
) -> None:
    """Upstream takes official models by name only."""
    picture = await studio.generate("a lighthouse", output_format="png")

    made = await studio.generate(model="real-esrgan", image=await studio.read(picture.outputs[0]), scale=2)

    assert (made.outputs[0].width, made.outputs[0].height) == (2048, 2048)
    assert simulator.predictions()[0]["version"] != "hidden"


async def test_a_film_is_joined_of_clips(studio: Studio, tmp_path: Path) -> None:
    stills = [await studio.read((await studio.generate(words)).outputs[0]) for words in ("a", "b")]

    film = await studio.video(stills, to=tmp_path / "film.mp4", **SHORT)

    assert film.path.stat().st_size > 1_000
    assert film.seconds == pytest.approx(sum(clip.outputs[0].seconds or 0 for clip in film.clips), abs=0.1)
    assert len({clip.order_id for clip in film.clips}) == 1
    # As when somebody else took the name while it was made.
    kept = await filming.made(studio, film.order_id)
    with pytest.raises(FileExistsError, match=rf"film {film.order_id} is made and kept.*film.mp4") as raised:
        await filming.saved(studio, kept, film.path)
    assert raised.value.filename == str(film.path)
    assert film.path.stat().st_size > 1_000


async def test_a_film_that_could_not_be_written_is_not_bought(
    studio: Studio, simulator: Simulator, tmp_path: Path
) -> None:
    """Where it is to be is tried first, and nothing is left there."""
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(FileExistsError):
        await studio.video(["https://example.com/a.png"], to=tmp_path / "mine", **SHORT)
    with pytest.raises(FileNotFoundError):
        await studio.video(["https://example.com/a.png"], to=tmp_path / "none" / "film.mp4", **SHORT)
    await targets.tried(tmp_path / "film.mp4")

    assert simulator.predictions() == []
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "film.mp4").exists()


async def test_the_next_studio_takes_up_what_was_left(url: str, data: Path, simulator: Simulator) -> None:
    """What was bought by one that is gone is followed and stored by the next, and not bought again."""
    options: dict[str, Any] = {"base_url": simulator.url, "data": data, "database_url": url}
    async with Studio(simulator.token, **options) as first:
        begun = await first.submit(Request(FLUX, {"prompt": "[[delay=1]] a lighthouse"}))
        async for moment in first.watch(begun.id):
            if moment.state is State.RUNNING:
                break

    async with Studio(simulator.token, **options) as second:
        (ended,) = await second.resume()

    assert (ended.id, ended.state, len(ended.outputs)) == (begun.id, State.SUCCEEDED, 1)
    assert simulator.bills()["predictions"] == 1


async def test_one_that_only_looks_buys_nothing(url: str, data: Path, simulator: Simulator) -> None:
    async with Studio(
        simulator.token, base_url=simulator.url, data=data, database_url=url, works=False
    ) as looker:
        begun = await looker.submit(Request(FLUX, {"prompt": "a lighthouse"}))
        ended = await looker.cancel(begun.id)

    assert (ended.state, simulator.bills()["predictions"]) == (State.CANCELED, 0)


async def test_a_word_about_what_is_not_in_doubt_changes_nothing(studio: Studio) -> None:
    """Rule 7."""
    made = await studio.generate("a lighthouse")

    with pytest.raises(errors.NotPossibleNow, match="not in doubt"):
        await studio.resolve(made.id, bought=None)
    with pytest.raises(errors.NotFound, match="knows no prediction"):
        await studio.resolve(made.id, bought="01k9w3t8m2q7r5v6x0y4z1a2b3")


def test_blocking_code_has_the_same(url: str, data: Path, simulator: Simulator) -> None:
    with tintype.studio(simulator.token, base_url=simulator.url, data=data, database_url=url) as studio:
        made = studio.generate("a lighthouse", seed=3)
        again = studio.generate("a lighthouse", seed=3)
        states = [moment.state for moment in studio.watch(made.id)]

        assert studio.read(made.outputs[0]) == studio.read(again.outputs[0])
        assert (made.is_cached, again.is_cached, again.cost_usd) == (False, True, Decimal(0))
        assert (states, studio.resume()) == ([State.SUCCEEDED], [])
        assert studio.spend(by="day")[0].saved_nano_usd == 3_000_000
