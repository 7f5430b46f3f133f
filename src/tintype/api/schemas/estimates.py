"""What is told before anything is asked for."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tintype.api.schemas.choosing import ChoiceTold
from tintype.api.schemas.printing import PrintCheckTold
from tintype.api.schemas.shapes import Told, Usd


class FaultTold(Told):
    """One thing that is wrong: of which generation, which input, and what is allowed."""

    generation: int = Field(examples=[0])
    field: str = Field(examples=["aspect_ratio"])
    detail: str = Field(examples=["7:1 is none of 1:1, 16:9, 4:3"])


class MadeUpTold(Told):
    """How a price is made up: units at a rate, and where the book has that from."""

    unit: str = Field(examples=["image"])
    quantity: str = Field(description="As a decimal, rounded to six places.", examples=["1"])
    rate_usd: str = Field(description="Dollars for each unit.", examples=["0.003"])
    run_usd: str = Field(description="Dollars for the run itself.", examples=["0"])
    dated: str = Field(examples=["2026-02-07"])
    source: str = Field(examples=["https://replicate.com/pricing"])


class PartTold(Told):
    """The price of one generation, or of a finishing step that is done here: such a one costs nothing."""

    model: str = Field(examples=["black-forest-labs/flux-schnell"])
    expected_usd: Usd
    at_most_usd: Usd
    rule: str = Field(examples=["per image"])
    made_up: MadeUpTold | None = Field(
        description="Null where no price is known: that much is held and booked; and where nothing is bought."
    )


class WaitTold(Told):
    """How long it usually takes, in seconds."""

    queued_s: float = Field(description="Until its turn, among those that are queued now.", examples=[0.0])
    running_s: float = Field(
        description="What the models usually take, steps in turn, all else at once.", examples=[1.2]
    )
    queued: int = Field(examples=[0])


class LimitTold(Told):
    """A limit that this request meets: dollars, seconds of film, or a count."""

    scope: str = Field(examples=["key:shop"])
    measure: str = Field(examples=["money"])
    period: str = Field(examples=["day"])
    amount: str = Field(examples=["5.00"])
    left: str = Field(examples=["4.10"])
    begins_anew_at: datetime | None


class AlternativeTold(Told):
    """A model that could do the same cheaper or faster."""

    model: str = Field(examples=["black-forest-labs/flux-schnell"])
    name: str = Field(examples=["flux-schnell"])
    expected_usd: Usd
    usual_s: float = Field(examples=[1.2])
    quality: str = Field(examples=["draft"])


class EstimateTold(Told):
    """Whether a request is right, what it costs, how long it takes, what is left, and what would be cheaper."""

    valid: bool
    fits: bool = Field(description="Whether all limits have room for it now.")
    faults: list[FaultTold] = Field(examples=[[]])
    warnings: list[str] = Field(examples=[[]])
    expected_usd: Usd
    at_most_usd: Usd = Field(description="What is held when it is asked for.")
    parts: list[PartTold]
    wait: WaitTold
    limits: list[LimitTold]
    alternatives: list[AlternativeTold]
    print: PrintCheckTold | None = Field(
        default=None,
        description=(
            "How the file of the first `print` step will look, by what the model makes of the inputs, before a `trim`, "
            "which leaves fewer pixels; null where a picture that is given decides that, or nobody knows."
        ),
    )
    choices: list[ChoiceTold] = Field(
        default_factory=list, examples=[[]], description="Where the mode is `auto`."
    )
