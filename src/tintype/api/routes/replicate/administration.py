"""`/replicate/v1`: deployments, trainings and models of the operator's account, passed on to upstream.

Only with TINTYPE_PASS_THROUGH=1 and a key of scope `admin`; what it costs is outside all budgets, and every act is
written down (rule 22).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from tintype.api import auth, gateway
from tintype.api.problems import Problem
from tintype.api.routes.replicate import models, words
from tintype.api.routes.replicate.models import Name, Owner, Version
from tintype.api.routes.replicate.words import Cursor
from tintype.api.schemas.replicate import (
    DeploymentAsked,
    DeploymentChange,
    DeploymentSaid,
    Listed,
    ModelAsked,
    ModelChange,
    ModelSaid,
    TrainingAsked,
    TrainingSaid,
)
from tintype.domain.access import Caller
from tintype.replicate import wire
from tintype.service.browsing import Asked

own = words.own_router("administration")

Ident = Annotated[str, Path(description="The training's id.")]
_REFUSES = words.refuses(404, 409, 413, 415)


@own.get("/deployments", response_model=Listed[DeploymentSaid], responses=_REFUSES)
async def deployments(request: Request, caller: auth.Administers, cursor: Cursor = None) -> Response:
    """List the account's deployments."""
    return await _pass(request, caller, "GET", "/deployments", cursor=cursor)


@own.post(
    "/deployments",
    response_model=DeploymentSaid,
    responses=_REFUSES,
    openapi_extra=words.takes(DeploymentAsked),
)
async def make_deployment(request: Request, caller: auth.Administers) -> Response:
    """Make a deployment."""
    return await _pass(request, caller, "POST", "/deployments")


@own.get("/deployments/{owner}/{name}", response_model=DeploymentSaid, responses=_REFUSES)
async def deployment(request: Request, caller: auth.Administers, owner: Owner, name: Name) -> Response:
    """Show a deployment."""
    return await _pass(request, caller, "GET", _path("deployments", owner, name))


@own.patch(
    "/deployments/{owner}/{name}",
    response_model=DeploymentSaid,
    responses=_REFUSES,
    openapi_extra=words.takes(DeploymentChange),
)
async def change_deployment(request: Request, caller: auth.Administers, owner: Owner, name: Name) -> Response:
    """Change a deployment."""
    return await _pass(request, caller, "PATCH", _path("deployments", owner, name))


@own.delete("/deployments/{owner}/{name}", status_code=204, response_class=Response, responses=_REFUSES)
async def delete_deployment(request: Request, caller: auth.Administers, owner: Owner, name: Name) -> Response:
    """Delete a deployment."""
    return await _pass(request, caller, "DELETE", _path("deployments", owner, name))


@own.post(
    "/models",
    status_code=201,
    response_model=ModelSaid,
    responses=_REFUSES,
    openapi_extra=words.takes(ModelAsked),
)
async def make_model(request: Request, caller: auth.Administers) -> Response:
    """Make a model."""
    return await _pass(request, caller, "POST", "/models")


@own.patch(
    "/models/{owner}/{name}",
    response_model=ModelSaid,
    responses=_REFUSES,
    openapi_extra=words.takes(ModelChange),
)
async def change_model(request: Request, caller: auth.Administers, owner: Owner, name: Name) -> Response:
    """Change a model of the account."""
    return await _pass(request, caller, "PATCH", _path("models", owner, name))


@own.delete("/models/{owner}/{name}", status_code=204, response_class=Response, responses=_REFUSES)
async def delete_model(request: Request, caller: auth.Administers, owner: Owner, name: Name) -> Response:
    """Delete a model of the account."""
    return await _pass(request, caller, "DELETE", _path("models", owner, name))


@own.delete(
    "/models/{owner}/{name}/versions/{id}", status_code=202, response_class=Response, responses=_REFUSES
)
async def delete_version(
    request: Request, caller: auth.Administers, owner: Owner, name: Name, id: Version
) -> Response:
    """Delete a version of a model of the account."""
    return await _pass(request, caller, "DELETE", _path("models", owner, name, "versions", id))


@own.post(
    "/models/{owner}/{name}/versions/{id}/trainings",
    status_code=201,
    response_model=TrainingSaid,
    responses=_REFUSES,
    openapi_extra=words.takes(TrainingAsked),
)
async def train(
    request: Request, caller: auth.Administers, owner: Owner, name: Name, id: Version
) -> Response:
    """Train a version into a model of the account."""
    return await _pass(request, caller, "POST", _path("models", owner, name, "versions", id, "trainings"))


@own.get("/trainings", response_model=Listed[TrainingSaid], responses=_REFUSES)
async def trainings(request: Request, caller: auth.Administers, cursor: Cursor = None) -> Response:
    """List the account's trainings."""
    return await _pass(request, caller, "GET", "/trainings", cursor=cursor)


@own.get("/trainings/{id}", response_model=TrainingSaid, responses=_REFUSES)
async def training(request: Request, caller: auth.Administers, id: Ident) -> Response:
    """Show a training."""
    return await _pass(request, caller, "GET", _path("trainings", id))


@own.post("/trainings/{id}/cancel", response_model=TrainingSaid, responses=_REFUSES)
async def cancel_training(request: Request, caller: auth.Administers, id: Ident) -> Response:
    """Cancel a training."""
    return await _pass(request, caller, "POST", _path("trainings", id, "cancel"))


async def _pass(request: Request, caller: Caller, method: str, path: str, **query: str | None) -> Response:
    here = gateway.of(request)
    if not here.settings.pass_through:
        raise Problem(
            "not_allowed",
            "administration of the account at Replicate is not passed on here; the operator allows it with "
            "TINTYPE_PASS_THROUGH=1",
        )
    body = None
    if method in {"POST", "PATCH"} and await request.body():
        await words.an_object(request)
        body = await request.body()
    asked = Asked(method, path, {name: value for name, value in query.items() if value is not None}, body)
    base, name = words.base(request), words.username(caller)
    if method == "GET":
        return models.told(await here.core.browsing.read(asked, base=base))
    return models.told(await here.core.browsing.administer(asked, base=base, by=caller.key, as_name=name))


def _path(*parts: str) -> str:
    return "".join(f"/{wire.part(part)}" for part in parts)


router = words.mounted(own)
