"""The gateway and its own description agree: schemathesis, for as long as there is time; `make fuzz` takes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.gateway import fuzzing, serving
from tintype import testing

if TYPE_CHECKING:
    from tintype.store import embedded


@pytest.mark.timeout(180)
def test_the_description_is_kept(server: embedded.Server) -> None:
    """No server error, no status and no shape that is not described, nothing wrong accepted, nothing right refused."""
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment=fuzzing.ENVIRONMENT) as here,
    ):
        found = fuzzing.fuzz(here, seconds=30, phases="examples,coverage,fuzzing", examples=5, only="^/api/")

    assert found.is_fine, found.text
    assert found.creates
