"""`tintype video` as people run it: one clip for each image, one film on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import av
from PIL import Image

if TYPE_CHECKING:
    from tests.acceptance.cli.conftest import Shell
    from tintype.testing import Simulator

SHORT = ("--set", "frames_per_second=30")


def stills(shell: Shell, *colours: str) -> list[str]:
    for colour in colours:
        Image.new("RGB", (320, 240), colour).save(shell.folder / f"{colour}.png")
    return [f"{colour}.png" for colour in colours]


def test_clips_of_all_images_become_one_film(connected: Shell, simulator: Simulator) -> None:
    ended = connected.run(
        "video", "--direct", *stills(connected, "red", "blue"), *SHORT, "--out", "films", "--json"
    )

    document = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert sorted(path.name for path in (connected.folder / "films").iterdir()) == [
        "red-wan-2.2-i2v-fast-poster.webp",
        "red-wan-2.2-i2v-fast.mp4",
    ]
    with Image.open(connected.folder / document["film"]["poster"]) as poster:
        assert poster.size == (document["film"]["width"], document["film"]["height"])
    with av.open(connected.folder / document["film"]["path"]) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert frames == 2 * 81
    assert abs(document["film"]["seconds"] - 2 * 81 / 30) < 0.05
    assert [clip["path"] for clip in document["clips"]] == [None, None]
    assert all(clip["took_s"] > 0 and "seconds" not in clip for clip in document["clips"])
    assert simulator.bills()["total_usd"] == document["estimate"]["expected_usd"]


def test_one_image_is_one_clip_as_upstream_made_it(connected: Shell) -> None:
    ended = connected.run("video", "--direct", *stills(connected, "green"), *SHORT, "--prompt", "it glows")

    assert ended.code == 0
    assert connected.files() == [
        "green-wan-2.2-i2v-fast-poster.webp",
        "green-wan-2.2-i2v-fast.mp4",
        "green.png",
    ]
    assert ended.out.splitlines()[-1].endswith("$0.05 (estimate)")


def test_when_a_clip_fails_the_others_are_kept(connected: Shell, simulator: Simulator) -> None:
    simulator.faults([{"do": "answer", "method": "POST", "path": "*/predictions", "status": 402, "count": 1}])

    ended = connected.run("video", "--direct", *stills(connected, "red", "blue"), *SHORT)

    kept = [name for name in connected.files() if name.endswith(".mp4")]
    assert ended.code == 1
    assert len(kept) == 1
    assert f"kept: {kept[0]}" in ended.error_lines[0]


def test_wrong_input_is_refused_before_anything_is_bought(connected: Shell, simulator: Simulator) -> None:
    missing = connected.run("video", "--direct", "nowhere.png")
    wrong = connected.run("video", "--direct", *stills(connected, "red"), "--model", "flux-schnell")

    assert (missing.code, wrong.code) == (2, 2)
    assert "there is no file 'nowhere.png'" in missing.error_lines[0]
    assert "makes no film of a picture" in wrong.error_lines[0]
    assert simulator.bills()["predictions"] == 0
