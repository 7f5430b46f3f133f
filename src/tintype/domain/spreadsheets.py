"""Write what others chose into the cells of CSV, so that a spreadsheet shows it and does not work it out. Pure.

    spreadsheets.cell("=HYPERLINK(1)")     # "'=HYPERLINK(1)"

Names of users, tags and projects, prompts and messages come from outside; a report is opened by whoever runs the house.
"""

from __future__ import annotations

import re
from typing import TypeVar

# With the wide forms, which some spreadsheets take for the narrow ones.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-\d+(\.\d+)?")

Cell = TypeVar("Cell")


def cell(value: Cell) -> Cell | str:
    """Return a value as it is, but with an apostrophe before a text that a spreadsheet would take for a formula.

    An amount below zero is none.
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


__all__ = ["cell"]
