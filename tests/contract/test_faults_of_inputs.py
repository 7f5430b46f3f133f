"""Faults of an input in Replicate's words: the gateway's reading and the simulator's, written apart, agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import catalogue
from tintype.domain import faults, schemas
from tintype.domain.catalogue import Output
from tintype.simulator import models, validation
from tintype.simulator import schemas as written

KNOWN = catalogue.load()
SIMULATED = models.load()
_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5_000),
    st.floats(-10, 10_000, allow_nan=False),
    st.sampled_from(
        ["", "1:1", "png", "a boat", "https://example.com/a.png", "data:,x", "no uri", "ftp:", "a\\b:c"]
    ),
    st.lists(st.sampled_from(["https://example.com/a.png", "x", 1]), max_size=3),
    st.dictionaries(st.just("a"), st.just(1)),
)


@given(st.data())
def test_both_find_the_same(data: st.DataObject) -> None:
    """Kind, place and sentence of every fault, whatever is sent; unknown inputs are none."""
    model = data.draw(st.sampled_from(KNOWN.models))
    simulated = SIMULATED[model.slug]
    values = data.draw(st.dictionaries(st.sampled_from([*model.inputs, "unknown"]), _VALUES, max_size=5))
    for name in model.inputs:
        # A text model runs without a prompt upstream; there is nothing to want from that.
        if model.inputs[name].required and name not in simulated.required:
            values.setdefault(name, "a boat")

    ours = faults.of_input(model.inputs, values)
    theirs = [
        faults.Fault(one.type, one.field, one.description) for one in validation.check(simulated, values)
    ]

    assert sorted(map(str, ours)) == sorted(map(str, theirs))


@pytest.mark.parametrize("model", KNOWN.models, ids=lambda model: model.slug)
def test_a_versions_schema_is_read_as_the_catalogue_states_it(model: Any) -> None:
    """Of a model that is not in the catalogue, its schema tells as much."""
    found = schemas.facts(written.openapi_schema(SIMULATED[model.slug]))

    assert found is not None
    read = catalogue.inputs(found["inputs"])
    assert set(read) == set(model.inputs)
    for name, field in model.inputs.items():
        other = read[name]
        assert (other.type, other.choices, other.format, other.items) == (
            field.type,
            field.choices,
            field.format,
            field.items,
        ), name
        assert (other.minimum, other.maximum) == (field.minimum, field.maximum), name
    assert found["is_text"] == (model.output is Output.TEXT)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"components": 7}, {"components": {"schemas": {"Input": []}}}]
)
def test_what_is_no_schema_says_nothing(document: Any) -> None:
    assert schemas.facts(document) is None


def test_whole_numbers_are_whole_however_they_are_written() -> None:
    fields = KNOWN.find("flux-schnell").inputs

    assert faults.plain(fields, {"num_outputs": 2.0, "seed": 3, "other": 4.0}) == {
        "num_outputs": 2,
        "seed": 3,
        "other": 4.0,
    }
    assert isinstance(faults.plain(fields, {"num_outputs": 2.0})["num_outputs"], int)
