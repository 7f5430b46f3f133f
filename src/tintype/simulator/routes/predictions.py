"""Create predictions by version, by official model and by deployment; get, list and cancel them."""

from __future__ import annotations

import bisect
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tintype.simulator import calls, ids, orders, origins, pages, problems, replies, timestamps, views
from tintype.simulator.runs import Order
from tintype.simulator.throttle import Kind

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from tintype.simulator.models import Model
    from tintype.simulator.records import Account, Deployment, Prediction
    from tintype.simulator.world import World


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of predictions."""
    handles = Predictions(world)

    def create(handle: Any) -> ASGIApp:
        return calls.operation(world, handle, kind=Kind.CREATE)

    return [
        calls.resource("/predictions", POST=create(handles.create), GET=calls.operation(world, handles.list)),
        calls.resource("/predictions/{id}", GET=calls.operation(world, handles.get, kind=Kind.LOOK)),
        calls.resource("/predictions/{id}/cancel", POST=calls.operation(world, handles.cancel)),
        calls.resource("/models/{owner}/{name}/predictions", POST=create(handles.create_official)),
        calls.resource("/deployments/{owner}/{name}/predictions", POST=create(handles.create_deployed)),
    ]


class Predictions:
    """The handlers of one simulator."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, request: Request, account: Account) -> Response:
        """Create by version."""
        body = await replies.read_object(request)
        orders.check(body, has_version=True)
        slug, model, version = orders.version(self._world, account, body["version"])
        return await self._create(request, account, body, slug=slug, model=model, version=version)

    async def create_official(self, request: Request, account: Account) -> Response:
        """Create by the name of an official model; any other name is 404."""
        body = await replies.read_object(request)
        model = self._world.models.get(_slug(request))
        if model is None or not model.official:
            raise problems.not_found()
        orders.check(body, has_version=False)
        return await self._create(request, account, body, slug=model.slug, model=model, version=orders.HIDDEN)

    async def create_deployed(self, request: Request, account: Account) -> Response:
        """Create through a deployment of the account."""
        world = self._world
        body = await replies.read_object(request)
        deployment = world.deployments.get(_slug(request))
        if deployment is None or deployment.account != account.token:
            raise problems.not_found()
        found = world.find_version(deployment.version, account.token)
        if found is None:
            raise problems.invalid_version()
        orders.check(body, has_version=False)
        deployment.used_s = world.clock.now()
        world.deployments.save(deployment)
        slug, model = found
        return await self._create(
            request, account, body, slug=slug, model=model, version=deployment.version, deployment=deployment
        )

    async def get(self, request: Request, account: Account) -> Response:
        """Return one prediction."""
        return self._shown(request, self._own(request, account))

    async def cancel(self, request: Request, account: Account) -> Response:
        """End a prediction; one that has ended is returned as it is."""
        prediction = self._own(request, account)
        self._world.runs.cancel(prediction)
        return self._shown(request, prediction)

    async def list(self, request: Request, account: Account) -> Response:
        """Return a page of the account's predictions, newest first."""
        world = self._world
        keys = _between(
            world,
            account,
            request.query_params.get("created_after"),
            request.query_params.get("created_before"),
        )
        source = request.query_params.get("source")
        if source not in {None, "web"}:
            raise problems.invalid_fields([("enum", "source", 'source must be one of the following: "web"')])
        # Nothing here is ever made on the web.
        keys = Newest(keys, 0, 0) if source == "web" else keys
        page = pages.cut(
            keys, cursor=pages.cursor_of(request), size=pages.PREDICTIONS_PER_PAGE, key=str, descending=True
        )
        base = origins.origin(world.settings, request.scope)
        links = pages.body(request, pages.Page((), page.next, page.previous), str, origin=base)
        shown = [
            views.as_now(world, item, base=base) for key in page.items if (item := world.predictions.get(key))
        ]
        head = json.dumps({"previous": links["previous"], "next": links["next"]})[:-1].encode()
        return _json(b"".join((head, b',"results":[', b",".join(shown), b"]}")))

    async def _create(
        self,
        request: Request,
        account: Account,
        body: dict[str, Any],
        *,
        slug: str,
        model: Model,
        version: str,
        deployment: Deployment | None = None,
    ) -> Response:
        world = self._world
        orders.check_input(model, body["input"])
        cancel_after_s = orders.cancel_after_s(request.headers.get("cancel-after"))
        preference = request.headers.get("prefer")
        wait_s = orders.wait_s(preference)
        base = origins.origin(world.settings, request.scope)
        prediction = world.runs.create(
            Order(
                account=account,
                model=model,
                slug=slug,
                version=version,
                input=body["input"],
                base=base,
                webhook=body.get("webhook"),
                events=orders.events(body),
                cancel_after_s=cancel_after_s,
                deployment=deployment,
            )
        )
        headers = {"location": f"{base}/v1/predictions/{prediction.id}"}
        if wait_s is not None:
            headers["preference-applied"] = str(preference).strip()
            await world.runs.wait(prediction, prediction.created_s + wait_s)
        # A wait that ran out answers `starting`: official clients take any other status for the end.
        if wait_s is not None and prediction.is_settled:
            content = views.as_now(world, prediction, base=base, digits=timestamps.MILLI)
        else:
            content = views.as_created(world, prediction, base=base)
        return _json(content, status=201, headers=headers)

    def _own(self, request: Request, account: Account) -> Prediction:
        prediction = self._world.predictions.get(request.path_params["id"])
        if prediction is None or prediction.account != account.token:
            raise problems.not_found()
        return prediction

    def _shown(self, request: Request, prediction: Prediction) -> Response:
        world = self._world
        return _json(views.as_now(world, prediction, base=origins.origin(world.settings, request.scope)))


class Newest(Sequence[str]):
    """A stretch of ids that grow by time, seen from its newest end without copying it."""

    def __init__(self, keys: Sequence[str], start: int, end: int) -> None:
        self._keys, self._start, self._end = keys, start, end

    def __len__(self) -> int:
        return max(0, self._end - self._start)

    def __getitem__(self, index: Any) -> Any:
        """Return one id, or a list of them for a slice; 0 is the newest."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._keys[self._end - 1 - index]


def _between(world: World, account: Account, after: str | None, before: str | None) -> Newest:
    """Return the account's ids from a time on (included) up to another (excluded)."""
    keys = world.predictions.keys_of(account.token)
    start, end = 0, len(keys)
    if after:
        start = _place(world, keys, _time(after, "created_after"))
    if before:
        end = _place(world, keys, _time(before, "created_before"))
    return Newest(keys, start, end)


def _place(world: World, keys: Sequence[str], when_s: float) -> int:
    """Return where the first prediction created at or after a time stands."""
    place = bisect.bisect_left(keys, ids.floor(when_s))
    # Ids know the millisecond only; the few of that millisecond are looked at.
    while place < len(keys) and (item := world.predictions.get(keys[place])) and item.created_s < when_s:
        place += 1
    return place


def _time(text: str, name: str) -> float:
    try:
        return timestamps.read(text)
    except (ValueError, OverflowError) as error:
        raise problems.Problem(
            400, f"{name} is not an ISO 8601 time; write it like 2025-01-01T00:00:00Z"
        ) from error


def _slug(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['name']}"


def _json(content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, replies.MEDIA_TYPE)
