"""Valid inputs of any model of the simulator, for tests: the least that it needs, and random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tintype.simulator import models

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

    from tintype.simulator.models import Field, Model

MODELS: Mapping[str, Model] = models.load()
PICTURE = "https://example.com/cat.png"


def least(model: Model) -> dict[str, Any]:
    """Return what a model requires and nothing else."""
    return {name: _plain(model.inputs[name]) for name in model.required}


@st.composite
def random_inputs(draw: st.DrawFn, model: Model) -> dict[str, Any]:
    """Draw an input that the model's schema allows."""
    chosen = draw(st.sets(st.sampled_from(sorted(model.inputs)))) | set(model.required)
    return {name: draw(_values(model.inputs[name])) for name in sorted(chosen)}


def models_with_inputs() -> SearchStrategy[tuple[Model, dict[str, Any]]]:
    """Draw a model and an input that is valid for it."""
    return st.sampled_from(sorted(MODELS)).flatmap(
        lambda slug: random_inputs(MODELS[slug]).map(lambda given: (MODELS[slug], given)),
    )


def _plain(field: Field) -> Any:
    if field.enum is not None:
        return field.enum[0]
    if field.type == "array":
        return [PICTURE]
    if field.format == "uri":
        return PICTURE
    return {"string": "a cat on a wall", "integer": 5, "number": 5, "boolean": True}[field.type]


def _values(field: Field) -> SearchStrategy[Any]:
    least, most = field.minimum, field.maximum
    if field.enum is not None:
        strategy: SearchStrategy[Any] = st.sampled_from(field.enum)
    elif field.type == "integer":
        strategy = st.integers(None if least is None else int(least), None if most is None else int(most))
    elif field.type == "number":
        strategy = st.floats(least, most, allow_nan=False, allow_infinity=False)
    elif field.type == "boolean":
        strategy = st.booleans()
    elif field.type == "array":
        item = {"string": st.just(PICTURE), "number": st.just(0.5), "integer": st.just(64)}
        items = item.get((field.items or {}).get("type", "object"), st.just({}))
        strategy = st.lists(items, max_size=field.items_max or 3)
    elif field.type == "object":
        strategy = st.just({})
    else:
        strategy = st.just(PICTURE) if field.format == "uri" else st.text(max_size=40)
    return st.none() | strategy if field.nullable else strategy
