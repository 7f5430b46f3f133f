"""Say who asks, and which budgets that touches. Pure: no lookup, no secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from datetime import datetime

LOCAL = "local"
"""The key of whoever works at the machine itself."""

NAME_LENGTH_MAX = 255


class Scope(StrEnum):
    """What a key may do: make generations, look at its own, administer everything."""

    GENERATE = "generate"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the key says: its id and name, what it may do, which models (None: all), until when.

    `request_id` is the HTTP request that they call with, where it is one, `host` where it was sent to.
    """

    key: str
    name: str
    scopes: frozenset[Scope]
    models: frozenset[str] | None = None
    expires_at: datetime | None = None
    request_id: str | None = field(default=None, compare=False)
    host: str | None = field(default=None, compare=False)

    def actor(self, *, user: str | None = None, project: str | None = None) -> Actor:
        """Return the actor for an end user and a project that this caller names."""
        return Actor(
            self.key,
            user=user,
            project=project,
            models=self.models,
            request_id=self.request_id,
            host=self.host,
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a key, an end user whom that key names, a project. `models` are those it may use, None for all.

    `request_id` is the HTTP request that they ask with, where it is one; what comes of it carries it. `host` is where
    it was sent to, so that this gateway knows links to itself.

    Raises InputError for a name that could be taken for another's.
    """

    key: str
    user: str | None = None
    project: str | None = None
    models: frozenset[str] | None = None
    request_id: str | None = field(default=None, compare=False)
    host: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _check("key", self.key)
        if "/" in self.key:
            raise errors.InputError("a key's id holds no slash")
        for kind, name in (("end user", self.user), ("project", self.project)):
            if name is not None:
                _check(kind, name)

    @property
    def owner(self) -> str:
        """The name under which fair queueing knows this actor: an end user of a key, or the key."""
        return self.key if self.user is None else f"{self.key}/{self.user}"


def _check(kind: str, name: str) -> None:
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise errors.InputError(f"the name of a {kind} has 1 to {NAME_LENGTH_MAX} characters")
    if name == "*":
        raise errors.InputError(f"'*' is no {kind}: it stands for each one")
    if "\x00" in name or not name.isprintable():
        raise errors.InputError(f"the name of a {kind} holds a character that cannot be shown")


LOCAL_OWNER = Caller(LOCAL, "local owner", frozenset(Scope))
"""Whoever works at the machine itself, while no key exists."""
