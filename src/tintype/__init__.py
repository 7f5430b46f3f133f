"""Safe AI images and video on Replicate: a client, a gateway and a simulator.

Names are loaded when first used, so that `import tintype` costs a few milliseconds and pulls in nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.domain import errors as errors
    from tintype.domain import printing as printing
    from tintype.domain.errors import ConfigurationError as ConfigurationError
    from tintype.domain.errors import OutcomeUnknown as OutcomeUnknown
    from tintype.domain.errors import TintypeError as TintypeError
    from tintype.local.blocking import studio as studio
    from tintype.local.generation import Generation as Generation
    from tintype.local.studio import Studio as Studio
    from tintype.recommending import Recommendation as Recommendation
    from tintype.recommending import recommend as recommend
    from tintype.replicate import webhooks as webhooks
    from tintype.replicate.aio import AsyncClient as AsyncClient
    from tintype.replicate.client import Client as Client
    from tintype.replicate.facade import ReplicateClient as ReplicateClient
    from tintype.replicate.limits import AsyncRateLimiter as AsyncRateLimiter
    from tintype.replicate.limits import Limits as Limits
    from tintype.replicate.limits import RateLimiter as RateLimiter
    from tintype.replicate.outputs import AsyncOutput as AsyncOutput
    from tintype.replicate.outputs import Output as Output
    from tintype.replicate.results import Prediction as Prediction
    from tintype.replicate.waiting import Progress as Progress
    from tintype.service.requests import Cache as Cache
    from tintype.service.requests import Request as Request

__version__ = "0.1.0"

_HOMES = {
    "AsyncClient": "tintype.replicate.aio",
    "AsyncOutput": "tintype.replicate.outputs",
    "AsyncRateLimiter": "tintype.replicate.limits",
    "Cache": "tintype.service.requests",
    "Client": "tintype.replicate.client",
    "ConfigurationError": "tintype.domain.errors",
    "Generation": "tintype.local.generation",
    "Limits": "tintype.replicate.limits",
    "OutcomeUnknown": "tintype.domain.errors",
    "Output": "tintype.replicate.outputs",
    "Prediction": "tintype.replicate.results",
    "Progress": "tintype.replicate.waiting",
    "RateLimiter": "tintype.replicate.limits",
    "Recommendation": "tintype.recommending",
    "ReplicateClient": "tintype.replicate.facade",
    "Request": "tintype.service.requests",
    "Studio": "tintype.local.studio",
    "TintypeError": "tintype.domain.errors",
    "recommend": "tintype.recommending",
    "studio": "tintype.local.blocking",
}
_MODULES = {
    "errors": "tintype.domain.errors",
    "printing": "tintype.domain.printing",
    "webhooks": "tintype.replicate.webhooks",
}

__all__ = [
    "AsyncClient",
    "AsyncOutput",
    "AsyncRateLimiter",
    "Cache",
    "Client",
    "ConfigurationError",
    "Generation",
    "Limits",
    "OutcomeUnknown",
    "Output",
    "Prediction",
    "Progress",
    "RateLimiter",
    "Recommendation",
    "ReplicateClient",
    "Request",
    "Studio",
    "TintypeError",
    "errors",
    "printing",
    "recommend",
    "studio",
    "webhooks",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home at its first use."""
    if name in _MODULES:
        value: Any = import_module(_MODULES[name])
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'tintype' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return [*__all__, "__version__"]
