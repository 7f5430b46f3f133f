"""Write a model's inputs and outputs as the OpenAPI document that its version carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.simulator.models import Field, Model

STATUSES = ("starting", "processing", "succeeded", "canceled", "failed")
EVENTS = ("start", "output", "logs", "completed")


def openapi_schema(model: Model) -> dict[str, Any]:
    """Return the OpenAPI 3.0.2 document of a model's version, a new object on every call.

    `components.schemas.Input` and `.Output` are what official SDKs read. Enumerations are schemas of their
    own, referred to through `allOf`; text is an iterator of pieces, several files are a plain array.
    """
    enumerations = {
        name: _enumeration(field) for name, field in model.inputs.items() if field.enum is not None
    }
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": _paths(),
        "components": {
            "schemas": {
                "Input": _input(model),
                "Output": _output(model),
                "Status": {"type": "string", "title": "Status", "enum": list(STATUSES)},
                "WebhookEvent": {"type": "string", "title": "WebhookEvent", "enum": list(EVENTS)},
                "PredictionRequest": _request(),
                "PredictionResponse": _response(),
                **enumerations,
            },
        },
    }


def _input(model: Model) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "title": "Input",
        "properties": {name: _property(field) for name, field in model.inputs.items()},
    }
    if model.required:
        schema["required"] = list(model.required)
    return schema


def _property(field: Field) -> dict[str, Any]:
    if field.enum is not None:
        schema: dict[str, Any] = {"allOf": [{"$ref": f"#/components/schemas/{field.name}"}]}
    else:
        schema = {"type": field.type, "title": _title(field.name)}
    stated = {
        "format": field.format,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "minLength": field.length_min,
        "maxLength": field.length_max,
        "maxItems": field.items_max,
        "items": dict(field.items) if field.items is not None else None,
    }
    schema |= {key: value for key, value in stated.items() if value is not None}
    if field.has_default:
        schema["default"] = field.default
    if field.nullable:
        schema["nullable"] = True
    if field.secret:
        schema |= {"writeOnly": True, "x-cog-secret": True}
    return schema | {"x-order": field.order}


def _enumeration(field: Field) -> dict[str, Any]:
    return {
        "type": field.type,
        "title": field.name,
        "description": "An enumeration.",
        "enum": list(field.enum or ()),
    }


def _output(model: Model) -> dict[str, Any]:
    if model.output == "text":
        return {
            "type": "array",
            "title": "Output",
            "items": {"type": "string"},
            "x-cog-array-type": "iterator",
            "x-cog-array-display": "concatenate",
        }
    if model.output == "uris":
        return {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}
    return {"type": "string", "title": "Output", "format": "uri"}


def _paths() -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/PredictionRequest"}}}}
    answer = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PredictionResponse"}}}
    }
    return {
        "/predictions": {
            "post": {
                "summary": "Predict",
                "operationId": "predict_predictions_post",
                "requestBody": body,
                "responses": {"200": {"description": "Successful Response", **answer}},
            },
        },
    }


def _request() -> dict[str, Any]:
    return {
        "type": "object",
        "title": "PredictionRequest",
        "properties": {
            "id": {"type": "string", "title": "Id"},
            "input": {"$ref": "#/components/schemas/Input"},
            "webhook": {"type": "string", "title": "Webhook", "format": "uri"},
            "webhook_events_filter": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/WebhookEvent"},
            },
        },
    }


def _response() -> dict[str, Any]:
    moments = {
        name: {"type": "string", "title": _title(name), "format": "date-time"}
        for name in ("created_at", "started_at", "completed_at")
    }
    return {
        "type": "object",
        "title": "PredictionResponse",
        "properties": {
            "id": {"type": "string", "title": "Id"},
            "version": {"type": "string", "title": "Version"},
            "status": {"$ref": "#/components/schemas/Status"},
            "input": {"$ref": "#/components/schemas/Input"},
            "output": {"$ref": "#/components/schemas/Output"},
            "error": {"type": "string", "title": "Error"},
            "logs": {"type": "string", "title": "Logs", "default": ""},
            "metrics": {"type": "object", "title": "Metrics"},
            **moments,
        },
    }


def _title(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split("_"))
