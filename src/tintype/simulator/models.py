"""The models that the simulator knows: their inputs, outputs, prices, usual times and version ids.

Everything comes from `data/models.json`, `data/collections.json` and `data/hardware.json`, which
`tools/simulator_data.py` writes. Each record there names the source and the date of its inputs and its price.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a model, as its schema states it.

    `type` is a JSON type: string, integer, number, boolean, array or object. `minimum` and `maximum` are
    inclusive. `nullable` says that null is accepted. `items` is the type and format of an array's members,
    `items_max` their number; `length_min` and `length_max` count the characters of a text.
    `secret` values are redacted wherever a prediction is shown. `order` is the place in the form, from 0.
    """

    name: str
    type: str
    default: Any = None
    has_default: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    enum: tuple[Any, ...] | None = None
    format: str | None = None
    nullable: bool = False
    items: Mapping[str, str] | None = None
    items_max: int | None = None
    length_min: int | None = None
    length_max: int | None = None
    secret: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of a price table: the price in dollars where all conditions hold.

    A condition is a fact and the value it has to equal (text without regard to case), or a fact that ends in
    `_max` and the largest value it may have. A row without conditions always holds.
    """

    usd: Decimal
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Price:
    """How a model is billed. The first rate whose conditions hold counts, else the last.

    `per` is one of: `image` (each delivered picture), `megapixel` (each megapixel given and made, plus
    `run_usd` once), `second` (each second of film), `video` and `run` (each delivered film or result),
    `token` (`usd_in` and the rate are for each token read and written), `time` (each second of its hardware).
    """

    per: str
    rates: tuple[Rate, ...]
    run_usd: Decimal = Decimal(0)
    usd_in: Decimal = Decimal(0)
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the simulator, with everything that its answers are made from.

    `kind` is one of image, edit, video, upscale, background, text, vector; `medium` is what comes out: image,
    video, vector or text. `output` is `uri`, `uris` or `text`. `sources` are the inputs that may hold the
    picture or film to work on, the first given one counts. `size` and `makes` are the rules that `making`
    reads. `usual_s` is the time of one run, `cold_s` what a cold boot adds. `hardware` is a SKU.
    """

    slug: str
    owner: str
    name: str
    kind: str
    medium: str
    official: bool
    inputs: Mapping[str, Field]
    required: tuple[str, ...]
    output: str
    price: Price
    hardware: str
    usual_s: float
    cold_s: float
    version_id: str
    cog_version: str
    description: str
    readme: str
    created_at: datetime
    run_count: int
    sources: tuple[str, ...] = ()
    size: tuple[Mapping[str, Any], ...] = ()
    makes: Mapping[str, Any] = field(default_factory=dict)
    github_url: str | None = None
    paper_url: str | None = None
    license_url: str | None = None
    cover_image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A named list of models, by slug."""

    slug: str
    name: str
    description: str
    full_description: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hardware:
    """A kind of machine: its SKU, its name, and what a second of it costs in dollars."""

    sku: str
    name: str
    usd_per_second: Decimal


def load() -> Mapping[str, Model]:
    """Read all models, keyed by `owner/name`, in the order of the file. Takes some tens of milliseconds."""
    document = _read("models.json")
    tables = document["tables"]
    sizes = {
        name: tuple({**rule, "sizes": tables[rule["table"]]} if "table" in rule else rule for rule in rules)
        for name, rules in document["sizes"].items()
    }
    return MappingProxyType(
        {slug: _model(slug, facts, sizes) for slug, facts in document["models"].items()},
    )


def collections() -> Mapping[str, Collection]:
    """Read the collections, keyed by slug."""
    found = (
        Collection(
            slug=facts["slug"],
            name=facts["name"],
            description=facts["description"],
            full_description=facts["full_description"],
            members=tuple(facts["models"]),
        )
        for facts in _read("collections.json")["collections"]
    )
    return MappingProxyType({collection.slug: collection for collection in found})


def hardware() -> Mapping[str, Hardware]:
    """Read the kinds of hardware, keyed by SKU, cheapest first."""
    found = (
        Hardware(sku=facts["sku"], name=facts["name"], usd_per_second=Decimal(facts["usd_per_second"]))
        for facts in _read("hardware.json")["hardware"]
    )
    return MappingProxyType({one.sku: one for one in found})


def _read(name: str) -> dict[str, Any]:
    text = resources.files("tintype.simulator").joinpath("data", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _model(slug: str, facts: Mapping[str, Any], sizes: Mapping[str, tuple[Mapping[str, Any], ...]]) -> Model:
    owner, _, name = slug.partition("/")
    inputs = {key: _field(key, stated, order) for order, (key, stated) in enumerate(facts["inputs"].items())}
    return Model(
        slug=slug,
        owner=owner,
        name=name,
        kind=facts["kind"],
        medium=facts["medium"],
        official=facts["official"],
        inputs=MappingProxyType(inputs),
        required=tuple(facts["required"]),
        output=facts["output"],
        price=_price(facts["price"]),
        hardware=facts["hardware"],
        usual_s=facts["usual_s"],
        cold_s=facts["cold_s"],
        version_id=facts["version_id"],
        cog_version=facts["cog_version"],
        description=facts["description"],
        readme=facts["readme"],
        created_at=datetime.fromisoformat(facts["created_at"]),
        run_count=facts["run_count"],
        sources=tuple(facts.get("sources", ())),
        size=sizes[facts["size"]] if "size" in facts else (),
        makes=facts["makes"],
        github_url=facts.get("github_url"),
        paper_url=facts.get("paper_url"),
        license_url=facts.get("license_url"),
        cover_image_url=facts.get("cover_image_url"),
    )


def _field(name: str, stated: Mapping[str, Any], order: int) -> Field:
    return Field(
        name=name,
        type=stated["type"],
        default=stated.get("default"),
        has_default="default" in stated,
        minimum=stated.get("minimum"),
        maximum=stated.get("maximum"),
        enum=tuple(stated["enum"]) if "enum" in stated else None,
        format=stated.get("format"),
        nullable=stated.get("nullable", False),
        items=stated.get("items"),
        items_max=stated.get("items_max"),
        length_min=stated.get("length_min"),
        length_max=stated.get("length_max"),
        secret=stated.get("format") == "password",
        order=order,
    )


def _price(facts: Mapping[str, Any]) -> Price:
    return Price(
        per=facts["per"],
        rates=tuple(
            Rate(usd=Decimal(row["usd"]), when=row.get("when", {})) for row in facts.get("rates", ())
        ),
        run_usd=Decimal(facts.get("run_usd", "0")),
        usd_in=Decimal(facts.get("usd_in", "0")),
        source=facts["source"],
        date=facts["date"],
    )
