"""Judge whether requests under one Idempotency-Key are the same: by all that was said, not by what came of it (rule 8).

    sameness.idempotency(key, requests, wanted, actor=actor, mark=givens.mark, said=sameness.words(body))

Where a model was left open, the words of whoever asked are what counts: another rating, price or setting chooses
another model later, and the same words are the same request still.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.service import givens, requests
from tintype.store import admission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _typeshed import DataclassInstance

    from tintype.domain.access import Actor
    from tintype.service.requests import Request
    from tintype.store.admission import Wanted


def words(said: Any) -> str:
    """Write what was said as one text, the same for the same; files count by what is in them."""
    return json.dumps(said, sort_keys=True, default=_file)


def stated(said: DataclassInstance) -> dict[str, Any]:
    """Return what is said otherwise than it would be unsaid, so that a release with more to say reads the same."""
    whole = asdict(said)
    return {
        one.name: whole[one.name]
        for one in fields(said)
        if whole[one.name] != (one.default if one.default_factory is MISSING else one.default_factory())
    }


def idempotency(
    key: str | None,
    asked: Sequence[Request],
    wanted: Sequence[Wanted],
    *,
    actor: Actor,
    mark: Callable[[bytes], bytes],
    said: str | None = None,
    about: str | None = None,
    steps: Mapping[str, Any] | None = None,
) -> admission.Idempotency | None:
    """Return the Idempotency-Key with what the body was, for whom among it, and which generation it was about.

    `said` is told apart in place of what was made of it. `mark` makes a digest that gives no secret away. Raises
    InputError for a key that cannot be one.
    """
    requests.check_idempotency_key(key)
    if key is None:
        return None
    body: list[Any] = [actor.user, actor.project, about]
    if said is not None:
        body.append(said)
    else:
        body += [_all_of(request, one) for request, one in zip(asked, wanted, strict=True)]
        body.append(steps or {})
    return admission.Idempotency(key, mark(json.dumps(body, sort_keys=True).encode()))


def _all_of(request: Request, one: Wanted) -> list[Any]:
    """Return everything that makes two requests different, what is sealed among it."""
    hidden = {
        name: request.input.get(name)
        for name, value in one.input.items()
        if one.secrets is not None and value == givens.MASK
    }
    return [
        one.model,
        one.version,
        one.deployment,
        one.input,
        hidden,
        one.deadline_s,
        one.metadata,
        one.tags,
        one.callback_url,
        request.cache.value,
        request.hold_max_nano_usd,
    ]


def _file(value: Any) -> str:
    if isinstance(value, Path):
        try:
            value = value.read_bytes()
        except OSError:
            # Whoever reads it as an input says what is wrong with it.
            return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"sha256 {hashlib.sha256(value).hexdigest()}"
    return str(value)


__all__ = ["idempotency", "stated", "words"]
