"""What all shapes have in common: how they are read, how money and times are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, core_schema

from tintype.domain import money
from tintype.service.wishes import PROMPT_MAX

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")

Usd = Annotated[
    str,
    Field(
        description="An amount in dollars as an exact decimal text, to the nano-dollar.",
        examples=["0.003"],
        pattern=r"^-?\d+(\.\d{1,9})?$",
    ),
]


def _whole(value: Any) -> Any:
    """Refuse what the reader of JSON would take for a whole number, and JSON does not: true, and text."""
    if isinstance(value, bool | str):
        raise ValueError("it is to be a whole number")  # noqa: TRY004 - pydantic makes this kind a refusal
    return value


IsWhole = BeforeValidator(_whole)
"""For `Annotated`, behind limits: a whole number as JSON has it, 1.0 among them."""
Whole = Annotated[int, IsWhole]


def _number(value: Any) -> Any:
    """Refuse true and text where a number belongs."""
    if isinstance(value, bool | str):
        raise ValueError("it is to be a number")  # noqa: TRY004 - pydantic makes this kind a refusal
    return value


IsNumber = BeforeValidator(_number)
"""For `Annotated`, behind limits: a number as JSON has it."""


def _no_truth(value: Any) -> Any:
    """Refuse true where text and numbers are taken."""
    if isinstance(value, bool):
        raise ValueError("it is to be a number or a text")  # noqa: TRY004 - pydantic makes this kind a refusal
    return value


IsNoTruth = BeforeValidator(_no_truth)
"""For `Annotated`, behind a choice of text and numbers."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A text that fits a pattern, for `Annotated`; what does not is refused with a sentence for people."""

    pattern: str
    said: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check what the type itself takes."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, inner: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe it by the pattern."""
        return {**handler(inner), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        if re.search(self.pattern, value) is None:
            raise ValueError(self.said)
        return value


def _moment(value: Any) -> Any:
    """Refuse numbers, which the reader of times would take for seconds."""
    if not isinstance(value, str) or _MOMENT.match(value) is None:
        raise ValueError("it is no time like 2026-03-01T12:00:00Z")
    return value


def _in_years(value: datetime) -> datetime:
    """Refuse what is in no year of four digits everywhere: nobody could be shown it again."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is beyond the years 1 to 9999") from None
    return value


def _day(value: Any) -> Any:
    """Refuse numbers, as with times."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError("it is no day like 2026-03-01")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_years)]
"""A time as RFC 3339 writes it, with its zone."""
Day = Annotated[date, BeforeValidator(_day)]
"""A day as RFC 3339 writes it."""
CalledUrl = Annotated[
    str,
    Field(max_length=2048),
    Matching(
        r"^[hH][tT][tT][pP][sS]?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#]\S*)?$",
        "it is no address like https://app.example.com/films",
    ),
]
UsdAsked = Annotated[
    Annotated[str, Matching(r"^[0-9]{1,6}(\.[0-9]{1,9})?$", "it is no amount in dollars; write it like 0.05")]
    | Annotated[float, Field(ge=0, le=999_999)],
    Field(description="An amount in dollars, as text to the nano-dollar, or as a number."),
]
PixelSize = Annotated[
    str, Field(max_length=20), Matching(r"^[1-9]\d{0,4}x[1-9]\d{0,4}$", "it is no size like 1024x768")
]
Named = Annotated[str, Field(min_length=1, max_length=255)]
Prompt = Annotated[str, Field(max_length=PROMPT_MAX), Matching(r"\S", "it is empty; say what is to be made")]


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
    title: str = Field(examples=["What was asked for is not right"])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="What was wrong, where, and what to do.",
        examples=["prompt: it is empty; say what is to be made"],
    )
    code: str = Field(description="A stable word for programs.", examples=["bad_input"])
    request_id: str = Field(examples=["01jd9zv6m8q4t2x7c5r3b1n0ka"])
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
