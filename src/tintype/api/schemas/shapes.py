"""What all shapes have in common: how they are read, how money and times are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tintype.domain import money

Usd = Annotated[
    str,
    Field(
        description="An amount in dollars as an exact decimal text, to the nano-dollar.",
        examples=["0.003"],
        pattern=r"^-?\d+(\.\d{1,9})?$",
    ),
]


class Asked(BaseModel):
    """A body that is sent to us: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Told(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


class Page(Told):
    """A page of a list; `next` is the cursor of the page behind it, null on the last one."""

    next: str | None = Field(default=None, description="Give it as `cursor` to get the next page.")


class Problem(BaseModel):
    """What went wrong (RFC 9457). Further members state facts, such as `limit`, `free` or `fields`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The page about problems of this code.", examples=["/problems/bad_input"])
    title: str
    status: int
    detail: str = Field(description="What was wrong, where, and what to do.")
    code: str = Field(description="A stable word for programs.", examples=["bad_input"])
    request_id: str
    retry_after_s: float | None = None
    fields: list[dict[str, Any]] | None = None


def usd(nano_usd: int) -> str:
    """Write nano-dollars as decimal text."""
    return money.to_usd(nano_usd)


def usd_or_none(nano_usd: int | None) -> str | None:
    """Write nano-dollars, or None."""
    return None if nano_usd is None else money.to_usd(nano_usd)


def nano(dollars: Decimal) -> int:
    """Read dollars with at most nine decimals. Raises InputError."""
    return money.from_usd(dollars)
