"""Filling rows into templates."""

from __future__ import annotations

from typing import Any

import pytest

from tintype.domain import templates


@pytest.mark.parametrize(
    ("template", "row", "filled"),
    [
        ("a {color} boat", {"color": "red"}, "a red boat"),
        ("{ n } of {{these}}", {"n": 3}, "3 of {these}"),
        ("{is}, {is}", {"is": True}, "true, true"),
        ("plain", {}, "plain"),
        ("{a}", {"a": "{b}"}, "{b}"),
    ],
)
def test_a_template_is_filled(template: str, row: dict[str, Any], filled: str) -> None:
    assert templates.fill(template, row) == filled


@pytest.mark.parametrize("row", [{}, {"color": ""}, {"color": None}, {"color": ["red"]}])
def test_what_a_row_lacks_is_named(row: dict[str, Any]) -> None:
    with pytest.raises(templates.Unfilled) as fault:
        templates.fill("a {color} boat", row)

    assert fault.value.name == "color"


@pytest.mark.parametrize("template", ["a { boat", "a } boat", "a {} boat", "a { } boat"])
def test_a_brace_that_means_nothing_is_refused(template: str) -> None:
    with pytest.raises(templates.Unfilled, match=r"stands alone|without a name"):
        templates.names(template)


def test_a_template_that_is_a_name_alone_is_told_apart() -> None:
    """A row's number stays one there."""
    assert (templates.is_whole("{n}"), templates.is_whole("{n}!"), templates.is_whole("{{")) == (
        "n",
        None,
        None,
    )
