"""Each end of a prediction is a result or a typed error, never nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tintype.domain import errors
from tintype.replicate import ends
from tintype.replicate.results import Prediction


def _ended(status: str, **facts: Any) -> Prediction:
    return Prediction.model_validate({"id": "p1", "status": status, **facts})


@pytest.mark.parametrize(
    ("prediction", "kind", "can_retry"),
    [
        (_ended("failed", error="out of memory"), errors.PredictionFailed, False),
        (_ended("failed"), errors.PredictionFailed, False),
        (
            _ended("failed", error="Prediction interrupted; please retry (code: PA)"),
            errors.PredictionFailed,
            True,
        ),
        (_ended("failed", error="Director: unexpected error (E9828)"), errors.PredictionFailed, True),
        (_ended("failed", error="CUDA out of memory (E1001)"), errors.PredictionFailed, False),
        (_ended("failed", error="NSFW content detected. Try again"), errors.ContentRefused, False),
        (
            _ended("failed", error="The input or output was flagged as sensitive (E005)"),
            errors.ContentRefused,
            False,
        ),
        (_ended("canceled"), errors.PredictionCanceled, False),
        (_ended("aborted"), errors.PredictionAborted, True),
        (_ended("succeeded", data_removed=True), errors.RetentionPassed, False),
    ],
    ids=lambda value: (
        getattr(value, "error", None) or getattr(value, "status", None) or getattr(value, "__name__", "")
    ),
)
def test_an_end_without_success_is_its_error(
    prediction: Prediction, kind: type[errors.UpstreamError], *, can_retry: bool
) -> None:
    error = ends.problem(prediction)

    assert type(error) is kind
    assert (error.prediction_id, error.can_retry) == ("p1", can_retry)


@pytest.mark.parametrize("status", ["succeeded", "starting", "processing", "paused"])
def test_success_and_what_goes_on_are_no_errors(status: str) -> None:
    assert ends.problem(_ended(status, output="x")) is None
