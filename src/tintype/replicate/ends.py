"""How a prediction ended, as a typed error or none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tintype.domain import errors

if TYPE_CHECKING:
    from tintype.replicate.results import Prediction

_REFUSED = re.compile(
    r"\bE005\b|nsfw|flagged as sensitive|sensitive content|content polic|safety (?:check|filter)",
    re.IGNORECASE,
)
_PASSING = re.compile(r"\bcode: PA\b|\b(?:E6716|E8367|E8765|E9828|E1000)\b")


def problem(prediction: Prediction) -> errors.UpstreamError | None:
    """The error of a prediction that ended without success, or None.

    `can_retry` is true where upstream's own trouble ended it (PA, E6716, E8367, E8765, E9828, E1000). The
    message names upstream's reason but for refused content, whose text may quote the prompt.
    """
    name = f"prediction {prediction.id}"
    if prediction.status == "failed":
        reason = prediction.error or "no reason given"
        failed: errors.PredictionFailed
        if _REFUSED.search(reason):
            failed = errors.ContentRefused(
                f"{name} was refused by the model's safety check; change the prompt or the input image",
                prediction_id=prediction.id,
            )
        else:
            failed = errors.PredictionFailed(
                f"{name} failed: {' '.join(reason.split())[:500]}",
                prediction_id=prediction.id,
                can_retry=bool(_PASSING.search(reason)),
            )
        failed.reason = reason
        failed.prediction = prediction
        return failed
    if prediction.status == "canceled":
        canceled = errors.PredictionCanceled(f"{name} was canceled", prediction_id=prediction.id)
        canceled.prediction = prediction
        return canceled
    if prediction.status == "aborted":
        aborted = errors.PredictionAborted(
            f"{name} was aborted before it ran; nothing was charged",
            prediction_id=prediction.id,
            can_retry=True,
        )
        aborted.prediction = prediction
        return aborted
    if prediction.status == "succeeded" and prediction.data_removed and prediction.output is None:
        return errors.RetentionPassed(
            f"{name} succeeded, but its data is gone: Replicate removes it an hour after completion",
            prediction_id=prediction.id,
        )
    return None
