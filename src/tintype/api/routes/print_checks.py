"""`/api/print-checks` and `/api/products`: whether a picture has the pixels for a product, and what there is."""

from __future__ import annotations

from fastapi import Request

from tintype.api import auth, gateway, present_printing, routing
from tintype.api.schemas.printing import PrintCheckAsked, PrintCheckTold, ProductsTold
from tintype.domain import errors, printing, products
from tintype.store import outputs

router = routing.router("/api", tags=["print"])


@router.post("/print-checks", response_model=PrintCheckTold, responses=routing.refuses(404, 413, 415))
async def check(body: PrintCheckAsked, request: Request, caller: auth.Reads) -> PrintCheckTold:
    """Compare a picture with a product: dots per inch, how it will look, and what would help. Nothing is written."""
    here = gateway.of(request)
    if (body.width is None) != (body.height is None) or (body.width is None) == (body.generation is None):
        raise errors.InputError("give width and height, or a generation")
    width, height = body.width or 0, body.height or 0
    if body.generation is not None:
        row = await here.core.generations.get(body.generation, actor=caller.actor())
        kept = {one.position: one for one in await outputs.of(here.core.database, row.id)}
        found = kept.get(body.position)
        if found is None or found.width is None or found.height is None:
            raise errors.InputError(f"generation {row.id} has no picture at position {body.position}")
        width, height = found.width, found.height
    told = printing.check(
        width, height, products.find(body.product), fit=body.fit, is_transparent=body.transparent
    )
    return present_printing.check(told, here.core.catalogue)


@router.get("/products", response_model=ProductsTold, responses=routing.refuses())
async def index(caller: auth.Reads) -> ProductsTold:  # noqa: ARG001 - a key is asked for
    """List the presets with their sizes, and where each size is from."""
    return ProductsTold(
        data=[
            present_printing.product(one, printing.check(1000, 1000, one).needed_px) for one in products.ALL
        ]
    )
