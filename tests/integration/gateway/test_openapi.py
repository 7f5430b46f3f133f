"""The gateway and its own description agree: schemathesis, for as long as there is time; `make fuzz` takes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.gateway import fuzzing, serving
from tintype import testing

if TYPE_CHECKING:
    from tests.integration.gateway.serving import Serving
    from tintype.store import embedded

EXEMPLIFIED = (
    *(
        "/api/generations",
        "/api/orders",
        "/api/estimates",
        "/api/generate/image",
        "/api/generate/estimate-cost",
    ),
    *("/openai/v1/images/generations", "/replicate/v1/predictions"),
    *("/api/deliveries/secret/rotate", "/api/keys"),
)


@pytest.mark.timeout(180)
def test_the_description_is_kept(server: embedded.Server) -> None:
    """No server error, no status and no shape that is not described, nothing wrong accepted, nothing right refused.

    What it gives as examples is accepted.
    """
    with (
        serving.database(server) as url,
        testing.simulator() as upstream,
        serving.gateway(url, upstream, environment=fuzzing.ENVIRONMENT) as here,
    ):
        refused = _refused_examples(here)
        found = fuzzing.fuzz(here, seconds=14, phases="coverage,fuzzing", examples=5, only="^/api/")

    assert not refused
    assert found.is_fine, found.text
    assert found.creates


def _refused_examples(here: Serving) -> list[str]:
    """Send the examples of what needs nothing that was made before, and return what was said to those not taken."""
    refused = []
    with here.http() as http:
        described = http.get("/openapi.json").json()["paths"]
        for path in EXEMPLIFIED:
            for method in described[path].keys() & {"post", "put"}:
                example = described[path][method]["requestBody"]["content"]["application/json"]["example"]
                answer = http.request(method, path, json=example)
                if answer.status_code >= 300:
                    refused.append(f"{method} {path}: {answer.status_code} {answer.text}")
    return refused
