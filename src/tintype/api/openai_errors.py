"""Problems as the SDKs for OpenAI read errors (rule 25)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.api.problems import Problem


def written(problem: Problem, request_id: str) -> dict[str, Any]:  # noqa: ARG001 - it stands in a header
    """Write a problem as these SDKs read it."""
    fields = problem.facts.get("fields") or [{}]
    return {
        "error": {
            "message": problem.detail,
            "type": _type(problem),
            "code": _code(problem),
            "param": fields[0].get("field"),
        }
    }


def _type(problem: Problem) -> str:
    match problem.status_code:
        case 401:
            return "authentication_error"
        case 402:
            return "insufficient_quota"
        case 403:
            return "permission_error"
        case 429:
            return "rate_limit_error"
        case status if status >= 500:
            return "server_error"
    return "invalid_request_error"


def _code(problem: Problem) -> str:
    if problem.facts.get("failure_code") == "content_refused":
        return "moderation_blocked"
    return {
        "unknown_model": "model_not_found",
        "key_missing": "invalid_api_key",
        "key_refused": "invalid_api_key",
        "budget_exceeded": "insufficient_quota",
        "limit_reached": "rate_limit_exceeded",
        "too_many_requests": "rate_limit_exceeded",
    }.get(problem.code, problem.code)
