"""Choose the models of a batch's rows: for each prompt as a single request's is chosen, what is alike judged once.

    choose = RowChoices(chooser, votes, actor=actor, lot=b"spring catalogue")
    choose(wish).model

Which models can do what is asked, and for how much, says everything of a row but the words of its prompt, its seed and
whose file it works on; so ten thousand rows of one template are judged once.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.domain import preference
from tintype.domain.choosing import Candidate
from tintype.service import cells, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tintype.domain.access import Actor
    from tintype.domain.catalogue import Model
    from tintype.domain.choosing import Choice
    from tintype.domain.preference import Vote
    from tintype.service.choices import Chooser
    from tintype.service.wishes import Wish

KEPT_MAX = 1_000
"""How many kinds of rows are remembered."""
_SEED_MAX = 2**31 - 1
_ANY_TEXT, _ANY_FILE, _ANY_SEED = "x", "https://files.invalid/x", 1


class RowChoices:
    """Chooses for one batch. Rows with the same prompt explore alike: `lot` decides which.

    `inputs` are all that one of the models which may be chosen has.
    """

    def __init__(self, chooser: Chooser, votes: Iterable[Vote], *, actor: Actor, lot: bytes) -> None:
        self._chooser = chooser
        self._likings = preference.tallied(votes)
        self._actor = actor
        self._lot = lot
        makers = (one for one in chooser.known.models if one.kind in choices.MAKERS)
        self.inputs: frozenset[str] = frozenset().union(*(one.inputs for one in makers))
        self._liked: list[Model] = []
        self._judged: dict[str, dict[str, Candidate]] = {}

    def check(self) -> None:
        """Raise UnknownModel where the settings name a model to choose among that there is not."""
        if not self._liked:
            self._liked = [self._chooser.known.find(name) for name in self._chooser.pool]

    def __call__(self, wish: Wish) -> Choice:
        """Choose for a row, whose inputs are as they stand in the file. Raises InputError, UnknownModel."""
        self.check()
        judged = self._judged.setdefault(_name(wish), {})
        if len(self._judged) > KEPT_MAX:
            self._judged.clear()

        def judge(model: Model, one: Wish) -> Candidate:
            name = model.slug if one.is_transparent == wish.is_transparent else f"{model.slug} opaque"
            if name not in judged:
                judged[name] = self._candidate(model, _alike(one))
            return judged[name]

        lot = b"%b %b" % (self._lot, (wish.prompt or "").encode(errors="surrogatepass"))
        return choices.among(
            wish,
            known=self._chooser.known,
            liked=self._liked,
            likings=self._likings,
            judge=judge,
            is_exploring=choices.draw(lot) < self._chooser.explore_share,
        )

    def _candidate(self, model: Model, wish: Wish) -> Candidate:
        try:
            values = {name: cells.read(model, name, value) for name, value in wish.input.items()}
        except cells.Broken as fault:
            return Candidate(model=model, expected_nano_usd=0, unfit=str(fault))
        return choices.candidate(
            model, replace(wish, input=values), known=self._chooser.known, actor=self._actor
        )


def _alike(wish: Wish) -> Wish:
    """Return the wish with stand-ins for what says nothing of which model can do it, and for how much."""
    return replace(
        wish,
        prompt=_any(wish.prompt),
        negative_prompt=_any(wish.negative_prompt),
        seed=_any_seed(wish.seed),
        input={name: _any_file(value) for name, value in wish.input.items()},
    )


def _name(wish: Wish) -> str:
    """Name what makes two rows of a batch alike."""
    said = (
        _any(wish.prompt), _any(wish.negative_prompt), _any_seed(wish.seed), wish.n, wish.aspect_ratio, wish.size,
        wish.format, wish.quality, wish.is_transparent,
    )  # fmt: skip
    if not wish.input:
        return repr(said)
    return json.dumps([said, {name: _any_file(value) for name, value in wish.input.items()}], sort_keys=True)


def _any(text: str | None) -> str | None:
    return None if text is None else _ANY_TEXT


def _any_seed(seed: int | None) -> int | None:
    return _ANY_SEED if seed is not None and 0 <= seed <= _SEED_MAX else seed


def _any_file(value: Any) -> Any:
    if isinstance(value, list):
        return [_any_file(part) for part in value]
    return (
        _ANY_FILE if cells.is_url(value) or cells.is_data(value) or isinstance(value, Path | bytes) else value
    )


__all__ = ["RowChoices"]
