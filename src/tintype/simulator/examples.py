"""One example run of each built-in model, made from its facts alone: what it was given and what came out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tintype.simulator import drawing, ids, making, pictures, timestamps

if TYPE_CHECKING:
    from tintype.simulator.models import Field, Model

SEED = 7
AFTER_S = 86_400.0  # the example was made a day after the model
QUEUE_S = 0.25
WEB = "https://replicate.com"
COVER_FORMAT = "jpg"
PROMPTS = {
    "text": "Tell a short story about a lighthouse keeper",
    "upscale": "Keep every detail sharp",
    "video": "A paper boat sails down a rainy street",
    "vector": "A fox made of triangles",
}
PROMPT = "A lighthouse on a cliff at dusk, the sea calm below"


def given(model: Model) -> dict[str, Any]:
    """Return an input that the model accepts: its required fields, and a seed where it takes one."""
    values = {name: _value(model, model.inputs[name]) for name in model.required}
    if "prompt" in model.inputs:
        values.setdefault("prompt", PROMPTS.get(model.kind, PROMPT))
    if "seed" in model.inputs and model.inputs["seed"].type == "integer":
        values["seed"] = SEED
    return values


def plan(model: Model) -> making.Making:
    """Return what the example makes; a picture that is given has 1024 by 768 pixels."""
    return making.plan(model, given(model), SEED, making.Source(1024, 768))


def id_of(model: Model) -> str:
    """Return the id of the example, 26 characters that stay the same."""
    digest = hashlib.sha256(model.slug.encode()).digest()
    time = ids.floor(_created_s(model))
    return time + "".join(ids.ALPHABET[byte & 31] for byte in digest[: ids.LENGTH - len(time)])


def show(model: Model, *, origin: str) -> dict[str, Any]:
    """Return the example as the prediction that it was."""
    made = plan(model)
    key = id_of(model)
    created_s = _created_s(model)
    started_s = created_s + QUEUE_S
    completed_s = started_s + model.usual_s
    return {
        "id": key,
        "model": model.slug,
        "version": "hidden" if model.official else model.version_id,
        "input": given(model),
        "logs": f"Using seed: {SEED}\n",
        "output": _output(model, made, origin),
        "data_removed": False,
        "error": None,
        "source": "web",
        "status": "succeeded",
        "created_at": timestamps.write(created_s),
        "started_at": timestamps.write(started_s),
        "completed_at": timestamps.write(completed_s),
        "urls": {
            "get": f"{origin}/v1/predictions/{key}",
            "cancel": f"{origin}/v1/predictions/{key}/cancel",
            "web": f"{WEB}/p/{key}",
        },
        "metrics": {"predict_time": model.usual_s, "total_time": model.usual_s + QUEUE_S},
        "webhook": None,
        "webhook_completed": None,
    }


def draw(model: Model, index: int) -> bytes | None:
    """Return a file of the example, or its cover; None for what it does not have. Slow: for a thread."""
    made, values = plan(model), given(model)
    if model.output == "text":
        return pictures.draw(model.description, seed=SEED, width=768, height=512, format=COVER_FORMAT)
    if index >= made.count:
        return None
    sources = [(one, drawing.given(drawing.name(one.url, one.medium))) for one in making.given(model, values)]
    return drawing.draw(made, index, values, sources)


def cover_url(model: Model, *, origin: str) -> str:
    """Return the first file of the example; for a text, a picture that shows what the model is for."""
    return f"{origin}/examples/{model.slug}/0.{ending(model)}"


def ending(model: Model) -> str:
    """Return what the names of the example's files end with."""
    return COVER_FORMAT if model.output == "text" else plan(model).format


def _output(model: Model, made: making.Making, origin: str) -> Any:
    if model.output == "text":
        return ["The ", "lamp ", "was ", "lit ", "every ", "evening."]
    urls = [f"{origin}/examples/{model.slug}/{index}.{made.format}" for index in range(made.count)]
    return urls if model.output == "uris" else urls[0]


def _value(model: Model, field: Field) -> Any:
    if field.enum:
        return field.enum[0]
    if field.type == "array":
        return [_url(field.name)]
    if field.format == "uri":
        return _url(field.name)
    if field.type in ("integer", "number"):
        return field.default if field.has_default else field.minimum or 1
    if field.type == "boolean":
        return bool(field.default)
    return PROMPTS.get(model.kind, PROMPT)


def _url(name: str) -> str:
    ending = "mp4" if "video" in name else "mp3" if "audio" in name else "png"
    return f"https://example.com/example.{ending}"


def _created_s(model: Model) -> float:
    return model.created_at.timestamp() + AFTER_S
