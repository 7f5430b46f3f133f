"""Text is plausible, the same for the same seed, and no longer than asked."""

from __future__ import annotations

import pytest

from tintype.simulator import words


def test_the_text_follows_from_prompt_and_seed() -> None:
    def write(prompt: str, seed: int) -> list[str]:
        return words.write(prompt, seed=seed, tokens_max=500)

    assert write("why is the sky blue", 1) == write("why is the sky blue", 1)
    assert write("why is the sky blue", 1) != write("why is the sky blue", 2)
    assert write("why is the sky blue", 1) != write("why is the sea blue", 1)


@pytest.mark.parametrize("tokens_max", [0, 1, 7, 40, 10_000])
def test_there_are_never_more_pieces_than_asked(tokens_max: int) -> None:
    pieces = words.write("tell me about lighthouses", seed=3, tokens_max=tokens_max)
    whole = words.write("tell me about lighthouses", seed=3, tokens_max=10_000)

    assert len(pieces) <= tokens_max
    assert pieces == whole[:tokens_max]
    assert all(pieces)


def test_the_pieces_join_to_sentences_about_the_prompt() -> None:
    text = "".join(words.write("lighthouses in winter", seed=5, tokens_max=10_000))

    assert "lighthouses in winter" in text
    assert text[0].isupper()
    assert text.endswith(".")
    assert "{" not in text
    assert 60 < len(text.split()) < 400


def test_scripts_and_emptiness_do_no_harm() -> None:
    assert words.write("hello [[delay=3]]", seed=1, tokens_max=99) == words.write(
        "hello", seed=1, tokens_max=99
    )
    assert "an empty page" in "".join(words.write("", seed=1, tokens_max=999))
