"""Whatever a model returns becomes one kind of object, under a sensible name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import errors
from tintype.replicate import outputs

ONE = "https://replicate.delivery/pbxt/a/out-0.png"
TWO = "https://replicate.delivery/pbxt/a/out-1.png"


def _plain(output: Any) -> list[tuple[str | None, str | None, bytes | None]]:
    return [(one.key, one.url or one.text, one.data) for one in outputs.contents(output)]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, []),
        ([], []),
        ({}, []),
        (ONE, [(None, ONE, None)]),
        ([ONE, TWO], [(None, ONE, None), (None, TWO, None)]),
        ([ONE, None], [(None, ONE, None)]),
        ("some text", [(None, "some text", None)]),
        ("", [(None, "", None)]),
        (["some", " text"], [(None, "some text", None)]),
        (["see ", ONE], [(None, f"see {ONE}", None)]),
        ({"image": ONE, "mask": TWO}, [("image", ONE, None), ("mask", TWO, None)]),
        ({"image": ONE, "seed": 7}, [("image", ONE, None), ("seed", "7", None)]),
        ({"score": 0.5}, [(None, '{"score": 0.5}', None)]),
        ([{"image": ONE}, {"image": TWO}], [("image", ONE, None), ("image", TWO, None)]),
        (7, [(None, "7", None)]),
        ("data:text/plain;base64,aGk=", [(None, None, b"hi")]),
        ("data:text/plain,a%20b", [(None, None, b"a b")]),
    ],
)
def test_each_shape_of_output_is_understood(
    output: Any, expected: list[tuple[str | None, str | None, bytes | None]]
) -> None:
    assert _plain(output) == expected


def test_positions_count_through() -> None:
    assert [one.index for one in outputs.contents([ONE, TWO])] == [0, 1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from([ONE, TWO]),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_no_json_is_lost_or_breaks(output: Any) -> None:
    """Anything but nothing gives at least one output, unless all of it is nothing."""
    try:
        found = outputs.contents(output)
    except errors.OutputRefused:
        return
    for one in found:
        assert (one.url is None) + (one.text is None) + (one.data is None) == 2


@pytest.mark.parametrize("uri", ["data:image/png;base64,%%%", "data:image/png;base64,A"])
def test_a_broken_data_uri_is_refused(uri: str) -> None:
    with pytest.raises(errors.OutputRefused, match="base64"):
        outputs.decode_data_uri(uri)


@pytest.mark.parametrize(
    ("url", "media_type", "head", "expected"),
    [
        (ONE, None, b"\x89PNG\r\n\x1a\n", ".png"),
        (ONE, "image/png", b"\xff\xd8\xff\xe0", ".jpg"),
        (ONE, None, b"RIFF\x00\x00\x00\x00WEBPVP8 ", ".webp"),
        (None, "video/mp4", b"", ".mp4"),
        (None, None, b"\x00\x00\x00\x20ftypisom", ".mp4"),
        (None, "image/jpeg; charset=x", b"", ".jpg"),
        (None, "text/plain", b"hello", ".txt"),
        (ONE, "application/octet-stream", b"??", ".png"),
        ("https://x.test/a.TAR.GZ?b=c", None, b"??", ".gz"),
        ("https://x.test/a.%2e%2e%2fetc", None, b"??", ".bin"),
        (None, None, b"", ".bin"),
        (None, None, b'<?xml version="1.0"?><svg>', ".svg"),
    ],
)
def test_the_extension_is_of_what_is_in_the_file(
    url: str | None, media_type: str | None, head: bytes, expected: str
) -> None:
    assert outputs.extension(url, media_type, head) == expected


def test_a_name_from_upstream_cannot_leave_the_folder() -> None:
    content = outputs.Content(0, "../../etc/passwd", key="a/b\\c")

    assert "/" not in content.stem
    assert "\\" not in content.stem
    assert not content.stem.startswith("/")


def test_a_long_name_from_upstream_still_fits_a_file_system() -> None:
    content = outputs.Content(7, "日" * 5_000, key="k" * 5_000)

    assert len(content.stem.encode()) <= 220
    assert content.stem.endswith("-7")


def test_a_data_uri_is_read_in_any_case() -> None:
    (content,) = outputs.contents("DATA:image/png;BASE64,AAAA\n")

    assert (content.media_type, content.data) == ("image/png", b"\x00\x00\x00")
