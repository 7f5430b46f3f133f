"""SVG drawings are well-formed, have the asked size and hold the prompt."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tintype.simulator import pictures, vectors

SVG = "{http://www.w3.org/2000/svg}"


def parsed(content: bytes | str) -> ET.Element:
    """The root of a document of our own making."""
    return ET.fromstring(content)  # noqa: S314 - drawn by this test, not given by a stranger


def test_a_drawing_is_an_svg_of_that_size_with_the_prompt_as_text() -> None:
    prompt = 'a <cat> & "dog" — größer 猫'
    root = parsed(vectors.draw_svg(prompt, seed=1, width=1024, height=768))

    assert root.tag == f"{SVG}svg"
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("1024", "768", "0 0 1024 768")
    assert " ".join(text.text or "" for text in root.iter(f"{SVG}text")).startswith(prompt)


def test_every_gradient_that_is_used_is_defined() -> None:
    content = vectors.draw_svg("space city with a rocket", seed=2, width=512, height=512).decode()
    root = parsed(content)
    defined = {element.get("id") for element in root.iter() if element.get("id")}
    used = {
        element.get("fill", "")[5:-1]
        for element in root.iter()
        if element.get("fill", "").startswith("url(#")
    }

    assert used
    assert used <= defined


def test_drawings_follow_from_prompt_seed_and_index() -> None:
    def draw(prompt: str = "hills", seed: int = 1, index: int = 0) -> bytes:
        return vectors.draw_svg(prompt, seed=seed, width=256, height=256, index=index)

    assert draw() == draw()
    assert len({draw(), draw(prompt="sea"), draw(seed=2), draw(index=1)}) == 4


def test_control_characters_do_not_break_a_drawing() -> None:
    parsed(vectors.draw_svg("a\x00b\x0bc\ud83d\ufffe", seed=1, width=64, height=64))


def test_a_tracing_has_the_given_size_and_colours() -> None:
    given = pictures.draw("a red car", seed=1, width=200, height=150)
    root = parsed(vectors.trace_svg(given))
    fills = {path.get("fill") for path in root.iter(f"{SVG}path")}

    assert (root.get("width"), root.get("height")) == ("200", "150")
    assert 4 < len(fills) <= 24


def test_a_tracing_leaves_transparent_parts_empty() -> None:
    sticker = pictures.draw("a cat", seed=1, width=128, height=128, transparent=True)
    covered = vectors.trace_svg(pictures.draw("a cat", seed=1, width=128, height=128))

    assert b"M0 0h" in covered
    assert b"M0 0h" not in vectors.trace_svg(sticker)


def test_what_is_no_picture_is_not_traced() -> None:
    with pytest.raises(pictures.UnreadableImage):
        vectors.trace_svg(b"nothing")
