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
        ("\u200b", "the prompt is empty"),
        ("\u00ad \ufeff\u3164\u0301\u2800", "the prompt is empty"),
        ("a" * 10_001, "the prompt has 10,001 characters; 10,000 are taken"),
        ("a bell\x07", "the control character U+0007 at position 7"),
        ("a\x9bb", "the control character U+009B at position 2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_wrong(prompt: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("+", r"\+")):
        prompts.check(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["a boat", "two\nlines\tand a tab", "日本の城 🏯 e\u0301", "a" * 10_000, "🏯", "か\u3099", "…"],
)
def test_everything_else_is_taken(prompt: str) -> None:
    prompts.check(prompt)


@pytest.mark.parametrize(
    "text",
    [
        "a GORE scene",
        "some\n  Brand here",
        "\uff47\uff4f\uff52\uff45",
        "(gore)",
        "c++ logo",
        "g\u200bore",
        "go\u00adre",
        "\u2066gore\u2069",
        "blood\u200bgore",
        "go\u0301re",
        "g\u00f6re",
        "g\u0336o\u0336r\u0336e\u0336",
        "go\u094dre",
        "g\u043ere",
        "G\u039fRE",
        "g\u043e\u0433\u0435",
        "\U0001d424\U0001d428\U0001d42d",
        "\u043a\u043e\u0442",
        "\u041a\u041e\u0422",
        "kot",
    ],
)
def test_blocked_words_are_found_in_any_writing(text: str) -> None:
    """Case, width, what cannot be seen, accents, and letters that look like others."""
    with pytest.raises(InputError, match="which this installation does not allow"):
        Blocked(("gore", "Some Brand", "c++", "\u043a\u043e\u0442")).check({"prompt": text})


def test_the_word_is_named_as_the_list_has_it() -> None:
    with pytest.raises(InputError, match="the prompt holds '\u043a\u043e\u0442', which"):
        Blocked(("\u043a\u043e\u0442",)).check({"prompt": "\u041a\u043e\u0422"})


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("\u304b\u304d", "\u304c\u304d"),
        ("\u0915\u093f", "\u0915\u0941"),
        ("\u0e01\u0e34\u0e19", "\u0e01\u0e31\u0e19"),
        ("\u200b", "a boat"),
    ],
    ids=["kana", "devanagari", "thai", "nothing"],
)
def test_marks_that_make_another_letter_count(word: str, text: str) -> None:
    """Only accents of Latin, Greek and Cyrillic are passed over; a word that cannot be seen blocks nothing."""
    Blocked((word,)).check({"prompt": text})


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
