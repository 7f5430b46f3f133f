"""Saved files have telling names that every system takes, and none is ever overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.cli import exits, files

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def test_name_tells_prompt_model_and_seed() -> None:
    name = files.stem("A red sports car, on a WET street!", model="black-forest-labs/flux-1.1-pro", seed=7)

    assert name == "a-red-sports-car-on-a-wet-street-flux-1.1-pro-7"


def test_long_prompts_are_cut_and_empty_ones_named() -> None:
    assert len(files.stem("word " * 500, model="o/m")) < 60
    assert files.stem("?!", model="o/m") == "untitled-m"


@given(st.text(max_size=300), st.one_of(st.none(), st.integers(0, 2**63)))
def test_any_prompt_gives_a_name_that_windows_takes(prompt: str, seed: int | None) -> None:
    name = files.stem(prompt, model="owner/flux-1.1-pro", seed=seed)

    assert name == name.strip(" .")
    assert not set(name) & set('<>:"/\\|?*')
    assert name.isprintable()
    assert name.partition(".")[0] not in RESERVED
    assert len(f"{name}-99999.webp".encode()) <= 255


def test_a_second_file_gets_a_number_and_the_first_stays(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        with files.new_file(tmp_path, "car", ".png") as (_, file):
            file.write(content)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "car.png": b"one",
        "car-2.png": b"two",
        "car-3.png": b"three",
    }


def test_a_file_that_was_not_finished_is_gone(tmp_path: Path) -> None:
    def broken() -> None:
        with files.new_file(tmp_path, "car", ".png") as (_, file):
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()

    assert not list(tmp_path.iterdir())


def test_folder_is_made_and_what_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    assert files.folder(tmp_path / "a" / "b").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())
    for there in (tmp_path / "file", Path("/proc")):
        with pytest.raises(exits.Refusal, match="--out"):
            files.folder(there)
