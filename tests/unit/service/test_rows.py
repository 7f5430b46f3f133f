"""Planning rows: what is to be bought for each, which are equal, and which are broken and where."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.service.planning import ACTOR, KNOWN, VOTES, plan, planner
from tintype.domain import choosing, errors
from tintype.domain.choosing import Mode
from tintype.service import choices, guarding, row_calls
from tintype.service.row_files import SIZE_MAX_BYTES, RowFiles
from tintype.service.rows import Broken, Duplicates, Template
from tintype.service.wishes import Wish

if TYPE_CHECKING:
    from pathlib import Path


def test_cells_become_what_their_input_wants() -> None:
    """CSV knows texts alone; columns that are inputs are read as such, empty ones are not given."""
    row = {
        "color": "red",
        "kind": "png",
        "seed": "7",
        "aspect_ratio": "4:3",
        "num_inference_steps": "2",
        "n": "",
    }

    made = plan(
        {**row, "go_fast": "no"},
        prompt="a {color} boat",
        input={"output_format": "{kind}", "output_quality": 90},
    )

    assert made.model == "black-forest-labs/flux-schnell"
    assert made.input == {
        "prompt": "a red boat",
        "seed": 7,
        "aspect_ratio": "4:3",
        "num_inference_steps": 2,
        "go_fast": False,
        "output_format": "png",
        "output_quality": 90,
    }


def test_the_column_prompt_is_the_prompt_where_there_is_no_template() -> None:
    assert plan({"prompt": "a boat"}).input["prompt"] == "a boat"
    assert plan({"prompt": "boat"}, prompt="a red {prompt}").input["prompt"] == "a red boat"
    assert plan({"prompt": "a boat", "mode": "final"}).model == "google/imagen-4-ultra"


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({}, "color"),
        ({"color": "red", "n": "many"}, "n"),
        ({"color": "red", "n": 101}, "n"),
        ({"color": "red", "n": 0}, "n"),
        ({"color": "red", "seed": "1.5"}, "seed"),
        ({"color": "red", "model": "fluxx"}, "model"),
        ({"color": "red", "mode": "finest"}, "mode"),
        ({"color": "red", "num_inference_steps": "40"}, "num_inference_steps"),
        ({"color": "red", "output_format": "bmp"}, "output_format"),
        ({"color": "red", "model": "flux-kontext-pro", "input_image": "boat.png"}, "input_image"),
        (
            {"color": "red", "model": "flux-kontext-pro", "input_image": "data:image/png;base64,AA"},
            "input_image",
        ),
        ({"color": "\x00"}, "prompt"),
        ({"color": "red", "model": "llama3_8b", "max_tokens": 2**63 - 1}, "model"),
    ],
)
def test_a_broken_row_names_its_column(row: dict[str, Any], place: str) -> None:
    with pytest.raises(Broken) as fault:
        plan(row, prompt="a {color} boat")

    assert fault.value.place == place


def test_rows_are_equal_by_what_they_ask_for() -> None:
    """Defaults that are written out, and how many are wanted, make no other row; a seed does."""
    one = plan({"prompt": "a boat"})

    assert plan({"prompt": "a boat", "n": "3", "output_format": "webp"}).digest == one.digest
    assert plan({"prompt": "a boat", "seed": 1}).digest != one.digest
    assert plan({"prompt": "a boat", "model": "flux-dev"}).digest != one.digest


def test_calls_are_shared_where_that_is_no_dearer() -> None:
    """Up to what the model makes at once; one with a seed is one picture, however often it is asked for."""
    each = {"duplicates": Duplicates.EACH}

    assert [plan({"prompt": "a", "n": count}).per_call for count in (1, 3)] == [1, 4]
    assert (plan({"prompt": "a"}, **each).per_call, plan({"prompt": "a"}, **each).is_own) == (4, True)
    assert plan({"prompt": "a", "model": "flux-pro", "n": 3}).per_call == 1
    assert not plan({"prompt": "a", "seed": 1}, **each).is_own
    assert plan({"prompt": "a", "num_outputs": "3"}).count == 3
    assert row_calls.call_input(KNOWN, "flux-schnell", {"seed": 5}, skip=4, count=2) == {
        "seed": 9,
        "num_outputs": 2,
    }


def test_what_is_used_by_nothing_is_said_once() -> None:
    planning = planner(Template(prompt="a {color} boat"))

    for _ in range(2):
        planning.plan({"color": "red", "colour": "blue", "prompt": "a hat"})

    assert planning.warnings == [f"the column '{name}' is used by nothing" for name in ("colour", "prompt")]


def test_a_key_may_use_its_models_alone() -> None:
    with pytest.raises(Broken) as fault:
        planner(Template(prompt="a"), frozenset({"google/imagen-4-ultra"})).plan({})

    assert fault.value.place == "model"


def test_a_template_that_no_row_fills_is_refused() -> None:
    with pytest.raises(errors.InputError, match="stands alone"):
        planner(Template(prompt="a { boat"))
    with pytest.raises(errors.InputError, match="not both"):
        planner(Template(model="flux-dev", mode=Mode.PROOF))


@pytest.mark.parametrize("limit", [None, 30_000_000])
def test_a_model_is_chosen_for_each_row_as_for_a_single_request(limit: int | None) -> None:
    """What is alike is judged once, and comes out as if each row had been judged."""
    told = planner(Template(mode=Mode.AUTO, hold_max_nano_usd=limit))
    row: dict[str, Any]
    chosen = set()
    for prompt in (
        "a boat",
        "a photo of a boat",
        'a poster that says "AHOY"',
        "a logo, flat",
        "a boat, " * 40,
    ):
        for more in (
            {},
            {"seed": "7"},
            {"n": "4"},
            {"size": "1024x1024", "negative_prompt": "people"},
            {"aspect_ratio": "16:9", "format": "png"},
            {"magic_prompt_option": "Off"},
        ):
            row = {"prompt": prompt, **more}
            wish = Wish(
                model="",
                prompt=prompt,
                n=int(more.get("n", 1)),
                seed=7 if "seed" in more else None,
                size=(1024, 1024) if "size" in more else None,
                negative_prompt=more.get("negative_prompt"),
                aspect_ratio=more.get("aspect_ratio"),
                format=more.get("format"),
                input={name: more[name] for name in more if name == "magic_prompt_option"},
                hold_max_nano_usd=limit,
            )
            alone = choices.chosen(
                wish, known=KNOWN, pool=choosing.POOL, votes=VOTES, actor=ACTOR, is_exploring=False
            )

            made = told.plan(row)

            assert (made.model, made.reasons) == (alone.model.slug, alone.reasons)
            chosen.add(made.model)
    assert len(chosen) >= 3


def test_a_row_may_leave_its_model_open_or_not() -> None:
    told = planner(Template(prompt="a {color} boat"))
    open_ = planner(Template(prompt="a {color} boat", mode=Mode.AUTO))

    assert told.plan({"color": "red"}).reasons == ()
    assert told.plan({"color": "red", "mode": "auto"}).reasons
    assert open_.plan({"color": "red", "model": "flux-dev"}).model == "black-forest-labs/flux-dev"
    assert open_.plan({"color": "red", "shelf": "7"}).reasons
    assert open_.warnings == ["the column 'shelf' is used by nothing"]


def test_nothing_is_bought_above_the_price_limit() -> None:
    low = {"hold_max_nano_usd": 1_000}
    for row, template, place, told in (
        ({}, {"mode": Mode.AUTO}, "mode", "above the limit of $0.000001"),
        ({}, {"model": "imagen4_ultra"}, "model", "may cost $0.06, above the limit"),
        ({"mode": "final"}, {}, "model", "may cost $0.06, above the limit"),
    ):
        with pytest.raises(Broken, match=re.escape(told)) as broken:
            plan(row, prompt="a boat", **template, **low)
        assert broken.value.place == place


def test_a_call_that_makes_several_keeps_to_the_price_limit() -> None:
    together, apart = (
        plan({"n": "4"}, prompt="a boat", model="flux-schnell", hold_max_nano_usd=limit)
        for limit in (12_000_000, 11_999_999)
    )

    assert (together.per_call, apart.per_call) == (4, 1)


# As much of a picture as tells what it is.
BOAT = b"\x89PNG\r\n\x1a\na boat"


def test_files_are_read_from_the_folder_of_the_rows(tmp_path: Path) -> None:
    """Each once, whatever its name; what is equal is one row."""
    for name in ("boat.png", "same.png"):
        (tmp_path / name).write_bytes(BOAT)
    files = RowFiles(folder=tmp_path, check=guarding.naming("a secret of ours"))
    told = planner(Template(model="real_esrgan"), files=files)
    encoded = base64.b64encode(BOAT).decode()

    made = [
        told.plan({"image": given})
        for given in (
            "boat.png",
            "@same.png",
            str(tmp_path / "boat.png"),
            tmp_path / "same.png",
            BOAT,
            f"data:image/png;base64,{encoded}",
        )
    ]

    sha256 = hashlib.sha256(BOAT).hexdigest()
    assert {one.digest for one in made} == {made[0].digest}
    assert made[0].input["image"] == f"tintype:sha256:{sha256}"
    assert (files.taken(), files.taken()) == ({sha256: BOAT}, {})


def test_a_list_of_files_stands_in_a_cell(tmp_path: Path) -> None:
    for name in ("boat.png", "sea.png"):
        (tmp_path / name).write_bytes(BOAT + name.encode())
    told = planner(Template(prompt="a boat", model="qwen_edit"), files=RowFiles(folder=tmp_path))

    several = told.plan({"image": "boat.png, sea.png, https://example.com/x.png"}).input["image"]
    single = told.plan({"image": "data:image/png;base64,YQ=="}).input["image"]

    assert [part[:15] for part in several] == ["tintype:sha256:", "tintype:sha256:", "https://example"]
    assert single == [f"tintype:sha256:{hashlib.sha256(b'a').hexdigest()}"]


def test_a_file_that_cannot_be_given_breaks_its_row(tmp_path: Path) -> None:
    (tmp_path / "told.png").write_bytes(BOAT + b"a secret of ours")
    (tmp_path / "told.txt").write_bytes(b"words")
    with (tmp_path / "large.png").open("wb") as large:
        large.truncate(SIZE_MAX_BYTES + 1)
    files = RowFiles(folder=tmp_path, check=guarding.naming("a secret of ours"))
    here = planner(Template(model="real_esrgan"), files=files)
    elsewhere = planner(Template(model="real_esrgan"))
    for told, given, why in (
        (here, "none.png", "there is no file 'none.png'"),
        (here, ".", "there is no file"),
        (here, "data:image/png", "no comma"),
        (here, "data:;base64,?", "not base64"),
        (here, "told.png", "holds your own key"),
        (here, "told.txt", "is no picture, film or sound"),
        (here, "large.png", "at most 100 MB"),
        (here, "a\0.png", "there is no file"),
        (here, "x" * 300, "cannot be read"),
        (elsewhere, str(tmp_path / "told.txt"), "a file is given by its address"),
    ):
        with pytest.raises(Broken, match=why) as broken:
            told.plan({"image": given})
        assert broken.value.place == "image"


def test_paths_lead_nowhere_but_to_the_folders_that_are_allowed(tmp_path: Path) -> None:
    """Rows may be a stranger's: what else is on this machine is not read, and not said to be there."""
    rows, allowed = tmp_path / "rows", tmp_path / "allowed"
    for folder in (rows, allowed):
        folder.mkdir()
    for path in (tmp_path / "own.png", allowed / "boat.png"):
        path.write_bytes(BOAT)
    (rows / "link.png").symlink_to(tmp_path / "own.png")
    (rows / "further.png").symlink_to(allowed / "boat.png")
    (rows / "loop.png").symlink_to(rows / "loop.png")
    here = planner(Template(model="real_esrgan"), files=RowFiles(folder=rows, also=[allowed]))
    outside = [
        str(tmp_path / "own.png"),
        "../own.png",
        "@../none.png",
        "link.png",
        "~/x.png",
        "/proc/self/environ",
    ]

    for given, why in (*((one, "outside the folder") for one in outside), ("~nobody-here/x", "no file")):
        with pytest.raises(Broken, match=why) as broken:
            here.plan({"image": given})
        assert broken.value.place == "image"
    with pytest.raises(Broken):
        here.plan({"image": "loop.png"})
    made = [here.plan({"image": one}) for one in ("further.png", "../allowed/boat.png", tmp_path / "own.png")]

    assert {one.digest for one in made} == {made[0].digest}
