"""The models as the API shows them: those that are built in, and those that accounts made themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.simulator import examples, schemas, timestamps

if TYPE_CHECKING:
    from tintype.simulator.models import Model
    from tintype.simulator.records import UserModel
    from tintype.simulator.world import World

WEB = "https://replicate.com"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model, and the built-in model that does its work."""

    id: str
    created_s: float
    runs: Model

    @property
    def order(self) -> str:
        """Where it stands in a listing."""
        return f"{self.created_s:017.6f} {self.id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of either kind; exactly one of the two is set."""

    slug: str
    created_s: float
    built_in: Model | None = None
    made: UserModel | None = None

    @property
    def is_public(self) -> bool:
        """Whether every account sees it."""
        return self.made is None or self.made.visibility == "public"


def find(world: World, owner: str, name: str, *, account: str) -> Entry | None:
    """Return the model with this name if the account may see it."""
    slug = f"{owner}/{name}"
    if (model := world.models.get(slug)) is not None:
        return _built_in(model)
    made = world.user_models.get(slug)
    if made is None or (made.visibility != "public" and made.account != account):
        return None
    return _made(made)


def entries(world: World, *, account: str) -> list[Entry]:
    """Return the models that the account may see, in no particular order."""
    made = [_made(one) for one in world.user_models]
    return [_built_in(model) for model in world.models.values()] + [
        entry for entry in made if entry.is_public or (entry.made and entry.made.account == account)
    ]


def versions(world: World, entry: Entry) -> list[Version]:
    """Return a model's versions, newest first."""
    if entry.built_in is not None:
        model = entry.built_in
        return [Version(model.version_id, model.created_at.timestamp(), model)]
    found = [
        Version(one.id, one.created_s, world.models[one.runs])
        for one in world.user_versions
        if one.model == entry.slug
    ]
    return sorted(found, key=lambda version: version.order, reverse=True)


def show(world: World, entry: Entry, *, origin: str) -> dict[str, Any]:
    """Return a model as the API writes it."""
    newest = next(iter(versions(world, entry)), None)
    facts = entry.built_in or entry.made
    assert facts is not None  # noqa: S101 - an entry has one of the two
    example = None if entry.built_in is None else examples.show(entry.built_in, origin=origin)
    cover = facts.cover_image_url
    if cover is None and entry.built_in is not None:
        cover = examples.cover_url(entry.built_in, origin=origin)
    return {
        "url": f"{WEB}/{entry.slug}",
        "owner": facts.owner,
        "name": facts.name,
        "description": facts.description,
        "visibility": "public" if entry.is_public else "private",
        "is_official": entry.built_in is not None and entry.built_in.official,
        "github_url": facts.github_url,
        "paper_url": facts.paper_url,
        "license_url": facts.license_url,
        "weights_url": None if entry.made is None else entry.made.weights_url,
        "run_count": facts.run_count,
        "created_at": timestamps.write(entry.created_s),
        "cover_image_url": cover,
        "default_example": example,
        "latest_version": None if newest is None else show_version(newest),
    }


def show_version(version: Version) -> dict[str, Any]:
    """Return a version as the API writes it."""
    return {
        "id": version.id,
        "created_at": timestamps.write(version.created_s),
        "cog_version": version.runs.cog_version,
        "openapi_schema": schemas.openapi_schema(version.runs),
    }


def readme(entry: Entry) -> str | None:
    """Return a model's readme in Markdown, None where it has none."""
    return (entry.built_in.readme if entry.built_in is not None else entry.made and entry.made.readme) or None


def matches(world: World, query: str, *, account: str) -> list[tuple[Entry, float]]:
    """Return the models that a search finds, best first, each with a score above 0 and at most 1.

    A word counts most in the name, then in the owner, the description and the readme. Every word has to be
    found somewhere; a search without words finds nothing.
    """
    words = _words(query)
    found = [(entry, _score(entry, words)) for entry in entries(world, account=account)]
    ranked = [(entry, score) for entry, score in found if score > 0]
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].slug))


def tags(entry: Entry) -> list[str]:
    """Return the words that describe what a model is for."""
    if entry.built_in is None:
        return []
    model = entry.built_in
    return sorted({model.kind, model.medium, "official" if model.official else "community"})


def _score(entry: Entry, words: list[str]) -> float:
    facts = entry.built_in or entry.made
    if facts is None or not words:
        return 0.0
    places = (
        (1.0, facts.name.lower()),
        (0.7, facts.owner.lower()),
        (0.6, " ".join(tags(entry))),
        (0.5, (facts.description or "").lower()),
        (0.2, (readme(entry) or "").lower()),
    )
    scores = [max((weight for weight, text in places if word in text), default=0.0) for word in words]
    if not all(scores):
        return 0.0
    exact = 1.0 if words in (_words(facts.name), _words(entry.slug)) else 0.9
    return round(exact * sum(scores) / len(scores), 4)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _built_in(model: Model) -> Entry:
    return Entry(model.slug, model.created_at.timestamp(), built_in=model)


def _made(model: UserModel) -> Entry:
    return Entry(model.key, model.created_s, made=model)
