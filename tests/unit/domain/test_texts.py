"""What upstream says is kept, whatever it says it in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.domain import texts

_ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a lighthouse", "a lighthouse"),
        ("ein Leuchtturm über 🌊", "ein Leuchtturm über 🌊"),
        ("cut\0off", "cut\ufffdoff"),
        ("half \ud83c of it", "half \ufffd of it"),
        ("\ud83c\udf0a", "🌊"),
        ({"a\0": ["\udf0a", 1, None, True, 0.5]}, {"a\ufffd": ["\ufffd", 1, None, True, 0.5]}),
    ],
)
def test_only_what_cannot_be_kept_is_replaced(said: object, kept: object) -> None:
    """Halves of a pair that belong together become the character that they are."""
    assert texts.keepable(said) == kept


def test_what_lies_too_deep_is_left_out() -> None:
    """Nesting ends somewhere, for everybody who reads it afterwards."""
    deep: list[object] = []
    for _ in range(3_000):
        deep = [deep]

    kept = json.dumps(texts.keepable(deep))

    assert kept == "[" * texts.DEPTH_MAX + "null" + "]" * texts.DEPTH_MAX


@given(
    st.recursive(_ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(_ANY_TEXT, inner), max_leaves=8)
)
def test_whatever_was_said_is_unicode_without_nul_afterwards(said: object) -> None:
    """It can be written as UTF-8, and kept a second time it is the same."""
    kept = texts.keepable(said)

    text = json.dumps(kept, ensure_ascii=False)
    assert "\\u0000" not in text
    assert text.encode()
    assert texts.keepable(kept) == kept
