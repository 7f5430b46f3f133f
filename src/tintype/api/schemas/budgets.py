"""Budgets and quotas as they are set and told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt

from tintype.api.schemas.shapes import Asked, Moment, Told
from tintype.domain.budget import Measure

_Amount = Annotated[
    str | StrictInt | StrictFloat,
    Field(
        description="Dollars to nine decimals, seconds of film to three, or a number; 0 is a limit.",
        examples=["5"],
    ),
]
_SUBJECT = (
    "`all`, `project:NAME`, `key:NAME`, `user:KEY/NAME`, or a star for each one: `user:*`, `user:KEY/*`."
)


class BudgetAsked(Asked):
    """A limit that is to be set. One of the same subject, measure and period is changed."""

    subject: str = Field(min_length=1, max_length=640, description=_SUBJECT, examples=["key:shop"])
    measure: Measure = Field(default=Measure.MONEY, description="What is limited.")
    amount: _Amount
    period: str = Field(
        default="total",
        max_length=12,
        description="hour, day, week, month, total; second, minute or a number of seconds. Work at once has none.",
        examples=["day"],
    )
    zone: str = Field(
        default="UTC",
        min_length=1,
        max_length=64,
        description="Where days begin.",
        examples=["Europe/Berlin"],
    )


class OverrideAsked(Asked):
    """Another amount that counts until a time."""

    amount: _Amount
    until: Moment = Field(examples=["2030-01-31T00:00:00Z"])


class BudgetTold(Told):
    """A limit, how much of it is held and spent in the window of now, and what is left.

    Amounts are decimal texts: dollars, seconds of film, or a number. Of a limit for each one (`*`) every one has a
    count of their own, so that nothing is held or spent here.
    """

    id: int = Field(examples=[3])
    subject: str = Field(examples=["key:shop"])
    measure: Measure
    period: str = Field(examples=["day"])
    zone: str = Field(examples=["UTC"])
    amount: str = Field(examples=["5.00"])
    override_amount: str | None
    override_until: datetime | None = Field(examples=[None])
    held: str = Field(examples=["0.003"])
    spent: str = Field(examples=["0.90"])
    left: str = Field(examples=["4.097"])
    begins_anew_at: datetime | None


class BudgetList(Told):
    """Limits."""

    data: list[BudgetTold]
