"""Write a model's inputs and outputs as the OpenAPI document that its version carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.simulator.models import Model


def openapi_schema(model: Model) -> dict[str, Any]:
    """Return the OpenAPI 3.0.2 document of a model's version, a new object on every call.

    `components.schemas.Input` and `.Output` are what official SDKs read. Enumerations are schemas of their
    own, referred to through `allOf`; text is an iterator of pieces, several files are a plain array.
    """
    raise NotImplementedError(model)
