"""Prompts are refused with what is wrong; block lists find whole words in any writing."""

from __future__ import annotations

import pytest

from tintype.domain import prompts
from tintype.domain.errors import InputError
from tintype.domain.prompts import Blocked


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", "the prompt is empty"),
        (" \n\t ", "the prompt is empty"),
        ("a" * 10_001, "the prompt has 10,001 characters; 10,000 are taken"),
        ("a bell\x07", "the control character U+0007 at position 7"),
        ("a\x9bb", "the control character U+009B at position 2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_wrong(prompt: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("+", r"\+")):
        prompts.check(prompt)


@pytest.mark.parametrize("prompt", ["a boat", "two\nlines\tand a tab", "日本の城 🏯 e\u0301", "a" * 10_000])
def test_everything_else_is_taken(prompt: str) -> None:
    prompts.check(prompt)


@pytest.mark.parametrize(
    "text", ["a GORE scene", "some\n  Brand here", "\uff47\uff4f\uff52\uff45", "(gore)", "c++ logo"]
)
def test_blocked_words_are_found_in_any_writing(text: str) -> None:
    with pytest.raises(InputError, match="which this installation does not allow"):
        Blocked(("gore", "Some Brand", "c++")).check({"prompt": text})


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "gorey hills"},
        {"prompt": "a boat", "negative_prompt": "gore"},
        {"prompt": 4, "style": "gore"},
        {},
    ],
)
def test_other_words_and_other_inputs_are_not(values: dict[str, object]) -> None:
    Blocked(("gore",)).check(values)
    Blocked().check({"prompt": "gore"})


def test_every_prompt_of_an_input_is_looked_at() -> None:
    for values in ({"system_prompt": "gore"}, {"prompts": ["a boat", "gore"]}):
        with pytest.raises(InputError):
            Blocked(("gore",)).check(values)
