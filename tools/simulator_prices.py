"""Turn the prices of the reference and the stated ones into the price rules of the simulator's data file.

A rule is a unit (`per`), a list of rates with conditions, a source and a date. Amounts are decimals as text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

Facts = dict[str, Any]


def referenced(facts: Facts, kind: str, inputs: Facts) -> Facts | None:
    """Turn the reference's price functions and notes into this project's price rules."""
    dated = {"source": facts["source"].split(";")[0], "date": "2026-05-05"}
    note = re.fullmatch(r"USD ([0-9.]+) per output image", facts.get("price_note", ""))
    if note:
        return {
            "per": "image",
            "rates": [{"usd": note[1]}],
            "source": "stored pages of replicate.com",
            "date": "2026-02-07",
        }
    price = facts.get("price")
    if price is None:
        return None
    if price["function"] == "costByRun":
        per = "video" if kind == "video" else "image"
        return {"per": per, "rates": [{"usd": _text(price["price"])}], **dated}
    if price["function"] == "costByResolution":
        areas = {"0.5K": "0.25", "1K": "1", "2K": "4"}
        rates = [
            {"when": {"made_megapixels_max": areas[row["resolution"]]}, "usd": _text(row["pricePerImage"])}
            for row in price["prices"]
        ]
        return {"per": "image", "rates": rates, **dated}
    if "prices" not in price:
        return {"per": "second", "rates": [{"usd": _text(price["pricePerSecond"])}], **dated}
    rates = []
    for row in price["prices"]:
        usd = next(value for key, value in row.items() if key.startswith("pricePer"))
        when = {key: value for key, value in row.items() if not key.startswith("pricePer")}
        if "fps" in when:
            when["made_fps_max"] = str(when.pop("fps"))
        if "resolution" in when:
            value = when.pop("resolution")
            when = {_resolution_input(value, inputs): value, **when}
        rates.append({"when": when, "usd": _text(usd)})
    return {"per": "image" if "pricePerImage" in price["prices"][0] else "second", "rates": rates, **dated}


def chosen(slug: str, record: Facts, hardware: str, money: Facts) -> Facts:
    """Return the price rule: a known one, else time for community models, else an assumed one."""
    assumed = {"source": money["assumed_source"], "date": "2026-11-20"}
    for group in money["known"]:
        if slug in group["prices"]:
            return {**group["prices"][slug], "source": group["source"], "date": group["date"]}
    if record["price"]:
        price: Facts = record["price"]
        return price
    if slug in money["assumed"]:
        return {**money["assumed"][slug], **assumed}
    if record["official"]:
        return {**money["assumed_otherwise"][record["medium"]], **assumed}
    rate = next(one["usd_per_second"] for one in money["hardware"]["list"] if one["sku"] == hardware)
    machines = money["hardware"]
    return {
        "per": "time",
        "rates": [{"usd": rate}],
        "source": f"{machines['source'].split(';')[0]}; which hardware is an assumption",
        "date": machines["date"],
    }


def _resolution_input(value: str, inputs: Facts) -> str:
    """Return the input among whose choices a price's resolution is, else the size of what is made."""
    for name in ("resolution", "quality", "target_resolution", "megapixels"):
        if value.lower() in [str(choice).lower() for choice in inputs.get(name, {}).get("enum", ())]:
            return name
    return "made_lines"


def _text(price: float) -> str:
    """Write a price as the shortest decimal that reads back as the same number, never as 5e-07."""
    return f"{Decimal(repr(price)):f}"
