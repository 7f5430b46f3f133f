"""`/api/generate`: a picture or a film in one call, by names and shapes that are older than this gateway."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request, Response

from tintype.api import asking, auth, callbacks, gateway, limits, present, routing, waiting
from tintype.api.gateway import Gateway
from tintype.api.problems import Problem
from tintype.api.routes.generations import IdempotencyKey
from tintype.api.schemas.generate import (
    SKYREELS,
    AsyncVideoGenerationRequest,
    AsyncVideoGenerationResponse,
    CostEstimateRequest,
    CostEstimateResponse,
    ImageGenerationRequest,
    ImageGenerationResponse,
    PollRequest,
    PollResponse,
    VideoGenerationRequest,
    VideoGenerationResponse,
)
from tintype.domain import catalogue, errors, money
from tintype.domain.access import Actor
from tintype.domain.generation import State
from tintype.replicate.facade import ReplicateClient
from tintype.service import films, wishes
from tintype.service.generations import Submitted
from tintype.store import generations, outputs
from tintype.store.films import Film
from tintype.store.generations import Generation

router = routing.router("/api/generate", tags=["generate"])

Status = Literal["starting", "processing", "succeeded", "failed", "canceled"]

_WORDS: dict[State, Status] = {
    State.QUEUED: "starting",
    State.SUBMITTING: "starting",
    State.UNKNOWN: "starting",
    State.RUNNING: "processing",
    State.CAPTURING: "processing",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELED: "canceled",
    State.ABORTED: "canceled",
}


@router.post(
    "/image",
    response_model=ImageGenerationResponse,
    responses=routing.refuses(402, 404, 409, 410, 413, 415, 502),
)
async def generate_image(
    body: ImageGenerationRequest,
    request: Request,
    response: Response,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
) -> ImageGenerationResponse:
    """Make a picture and wait for it. What takes too long goes on: the answer is 504 and names it.

    Without a key an address may ask for so many a minute; `X-RateLimit-…` tell what is left.
    """
    here = gateway.of(request)
    await limits.take_picture(request, response, caller)
    planned = wishes.plan(here.core.catalogue, wishes.Wish(model=body.model, prompt=body.prompt))
    asked = await here.core.generations.submit(
        planned.requests[0],
        actor=caller.actor(),
        idempotency_key=idempotency_key,
        own_key=auth.own_key(request),
        said=asking.words(request, body, idempotency_key),
    )
    asking.tell(request, asked)
    (ident,) = asked.ids
    status_url = f"{here.origin_of(request)}/api/generations/{ident}"
    if not await waiting.until_final(here, ident, timeout_s=here.settings.request_timeout_s, request=request):
        raise _goes_on(here, ident, status_url)
    with asking.still_there(asked):
        row = await here.core.generations.get(ident, actor=caller.actor())
    urls = await _urls(request, row)
    if row.state != State.SUCCEEDED or not urls:
        raise _failed(ident, _why(row), image_url=None)
    return ImageGenerationResponse(success=True, image_url=urls[0], prediction_id=ident)


@router.post(
    "/video",
    response_model=VideoGenerationResponse,
    responses=routing.refuses(402, 404, 409, 410, 413, 415, 502),
)
async def generate_video(
    body: VideoGenerationRequest,
    request: Request,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
) -> VideoGenerationResponse:
    """Make a clip of each picture, join them, and wait for the film. What takes too long goes on, as with pictures."""
    here = gateway.of(request)
    asked = await _film_asked(request, body, actor=caller.actor(), key=idempotency_key)
    order_id = _order_id(asked)
    if not await waiting.until_made(
        here, order_id, timeout_s=here.settings.request_timeout_s, request=request
    ):
        raise _goes_on(here, order_id, _order_url(request, order_id))
    with asking.still_there(asked):
        film = await _film(here, order_id, caller.actor())
    result = films.result(film, film, links=here.links)
    if not result["success"]:
        raise _failed(order_id, result["error"], video_url=None, duration_seconds=0)
    return VideoGenerationResponse(**result)


@router.post(
    "/video/async",
    status_code=202,
    response_model=AsyncVideoGenerationResponse,
    responses=routing.refuses(402, 404, 409, 410, 413, 415, 502),
)
async def generate_video_async(
    body: AsyncVideoGenerationRequest,
    request: Request,
    caller: auth.Generates,
    idempotency_key: IdempotencyKey = None,
) -> AsyncVideoGenerationResponse:
    """Have a film made while nobody waits; `callback_url` is told the result, whatever it is."""
    callback_url = None if body.callback_url is None else callbacks.address(request, body.callback_url)
    asked = await _film_asked(
        request, body, actor=caller.actor(), key=idempotency_key, callback_url=callback_url
    )
    order_id = _order_id(asked)
    if asked.is_repeated:
        with asking.still_there(asked):
            await _film(gateway.of(request), order_id, caller.actor())
    return AsyncVideoGenerationResponse(prediction_id=order_id, status_url=_order_url(request, order_id))


@router.post("/poll", response_model=PollResponse, responses=routing.refuses(404, 413, 415))
async def poll_prediction(body: PollRequest, request: Request, caller: auth.Reads) -> PollResponse:
    """Wait until a picture or a film has ended, or the timeout is over; then tell how it stands."""
    here = gateway.of(request)
    waiting.allow(request, body.timeout)
    film = await films.get(body.prediction_id, db=here.core.database, actor=caller.actor())
    if film is not None:
        await waiting.until_made(here, film.order_id, timeout_s=body.timeout, request=request)
        return await _film_standing(here, film.order_id, caller.actor())
    row = await here.core.generations.get(body.prediction_id, actor=caller.actor())
    if not State(row.state).is_final:
        await waiting.until_final(here, row.id, timeout_s=body.timeout, request=request)
        row = await here.core.generations.get(row.id, actor=caller.actor())
    return await _standing(request, row)


@router.post("/estimate-cost", response_model=CostEstimateResponse, responses=routing.refuses(413, 415))
async def estimate_cost(body: CostEstimateRequest, caller: auth.Reads) -> CostEstimateResponse:  # noqa: ARG001 - a key is asked for
    """Estimate what pictures and seconds of film cost, by two prices; `POST /api/estimates` knows every model's."""
    images = body.num_images * money.from_usd(str(ReplicateClient.FLUX_SCHNELL_PRICE_PER_IMAGE))
    video = body.video_duration * money.from_usd(str(ReplicateClient.SKYREELS2_PRICE_PER_SECOND))
    return CostEstimateResponse(
        estimated_cost=(images + video) / money.NANO_PER_USD,
        breakdown={"images": images / money.NANO_PER_USD, "video": video / money.NANO_PER_USD},
    )


async def _film_asked(
    request: Request,
    body: VideoGenerationRequest,
    *,
    actor: Actor,
    key: str | None,
    callback_url: str | None = None,
) -> Submitted:
    """Ask for a film. Raises Problem without an image."""
    if not body.image_urls:
        raise Problem("bad_request", "At least one image URL is required")
    here = gateway.of(request)
    is_alias = catalogue.key(body.model.partition(":")[0]) == catalogue.key(SKYREELS)
    asked = await here.core.generations.submit(
        films.plan(
            here.core.catalogue,
            body.image_urls,
            model=here.settings.model_video if is_alias else body.model,
            prompt=body.prompt,
            crossfade_s=body.crossfade,
        ),
        actor=actor,
        idempotency_key=key,
        kind=films.KIND,
        own_key=auth.own_key(request),
        plan={
            "origin": here.origin_of(request),
            "callback_url": callback_url,
            "crossfade_s": body.crossfade,
        },
        said=asking.words(request, body, key),
    )
    asking.tell(request, asked)
    return asked


def _order_id(asked: Submitted) -> str:
    """Return the id of a film's order. Raises IdempotencyConflict where what was asked for before is none."""
    if asked.order_id is None:
        raise errors.IdempotencyConflict("this Idempotency-Key was used for something else than a film")
    return asked.order_id


async def _film(here: Gateway, order_id: str, actor: Actor) -> Film:
    """Return a film of the actor's. Raises UnknownOrder also for one that was deleted, with all clips or with some."""
    await here.core.orders.get(order_id, actor=actor)
    film = await films.get(order_id, db=here.core.database, actor=actor)
    if film is None or (film.state == "succeeded" and film.sha256 is None):
        raise errors.UnknownOrder(f"there is no film {order_id[:64]!r}")
    return film


def _order_url(request: Request, order_id: str) -> str:
    return f"{gateway.of(request).origin_of(request)}/api/orders/{order_id}"


def _goes_on(here: Gateway, ident: str, status_url: str) -> Problem:
    """Return the problem of an answer that does not wait any longer, for what goes on."""
    why = f"it takes longer than {here.settings.request_timeout_s:g} s"
    if here.stopping.is_set():
        why = "the gateway is stopping"
    return Problem(
        "timeout",
        f"{why}; {ident} goes on, ask for it at status_url",
        facts={"id": ident, "prediction_id": ident, "status_url": status_url, "success": False},
    )


def _failed(ident: str, why: str, **facts: Any) -> Problem:
    return Problem(
        "generation_failed", why, facts={"success": False, "error": why, "prediction_id": ident, **facts}
    )


def _why(row: Generation) -> str:
    return row.failure_message or row.failure_code or f"it was {row.state}"


async def _urls(request: Request, row: Generation) -> list[str]:
    here = gateway.of(request)
    kept = await outputs.of(here.core.database, row.id)
    origin = here.origin_of(request)
    return [present.output(one, links=here.links, origin=origin).url for one in kept]


async def _standing(request: Request, row: Generation) -> PollResponse:
    state = State(row.state)
    if state is State.SUCCEEDED:
        urls = await _urls(request, row)
        is_list = isinstance((row.prediction or {}).get("output"), list) or len(urls) != 1
        return PollResponse(status="succeeded", output=urls if is_list else urls[0])
    return PollResponse(status=_WORDS[state], error=_why(row) if state.is_final else None)


async def _film_standing(here: Gateway, order_id: str, actor: Actor) -> PollResponse:
    film = await _film(here, order_id, actor)
    if film.is_final:
        return _film_ended(film, here)
    clips = await generations.of_order(here.core.database, order_id)
    has_begun = any(State(clip.state) is not State.QUEUED for clip in clips)
    return PollResponse(status="processing" if has_begun else "starting")


def _film_ended(film: Film, here: Gateway) -> PollResponse:
    status: Status = "failed"
    match film.state:
        case "succeeded":
            status = "succeeded"
        case "canceled":
            status = "canceled"
    url = films.url(film, links=here.links) if film.sha256 is not None else None
    return PollResponse(status=status, output=url, error=film.failure_message)
