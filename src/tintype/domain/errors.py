"""Every failure that Tintype raises, as one tree with facts on each.

    TintypeError
    ├── ConfigurationError (also a ValueError)   configuration
    │   ├── TokenMissing                         token_missing: there is none anywhere
    │   └── KeyringUnavailable                   keyring_unavailable
    ├── InputError (also a ValueError)           bad_input: refused here, nothing was sent
    │   └── NameTaken                            name_taken: another one is called that
    ├── WebhookRefused                           webhook_refused
    ├── KeyRefused                               key_refused: no key of ours, expired or revoked
    ├── KeyUnknown                               key_unknown
    ├── ModelNotAllowed                          model_not_allowed: the key may use others only
    ├── TooManyAttempts                          too_many_attempts: wrong API keys from one address
    ├── OutputRefused                            output_refused: host not allowed, or over the size cap
    ├── AdmissionRefused                         admission_refused: nothing was held, nothing is bought
    │   ├── LimitReached                         limit_reached: which, how much was free, when it frees
    │   ├── IdempotencyConflict                  idempotency_conflict: the key was used for another body
    │   └── UpstreamPaused                       upstream_paused: the account is refused at the moment
    ├── UnknownGeneration                        unknown_generation
    ├── UnknownOrder                             unknown_order
    ├── UnknownModel (also a LookupError)        unknown_model: with the `nearest` name that there is
    ├── GenerationFailed                         generation_failed: it ended without success
    ├── NotThere                                 not_there: what was named is not there, or not the caller's
    ├── NotPossibleNow                           not_possible_now: the generation's state does not allow it
    └── UpstreamError
        ├── AuthenticationError                  authentication (401)
        ├── PaymentError                         payment (402)
        ├── PermissionDenied                     permission_denied (403)
        ├── NotFound                             not_found (404)
        │   └── RetentionPassed                  retention_passed: outputs go an hour after completion
        ├── InvalidInput                         invalid_input (422, and other 4xx), with `fields`
        ├── RateLimited                          rate_limited (429)
        ├── ServerError                          server (5xx, or an answer that cannot be read)
        ├── NetworkError                         network
        │   └── ConnectFailed                    connect_failed: no byte of the request was sent
        │       └── NotSent                      not_sent: the caller's own check said no just before
        ├── TimedOut                             timeout: an answer or an end did not come in time
        ├── OutcomeUnknown                       outcome_unknown: a create that may have bought something
        └── PredictionError
            ├── PredictionFailed                 prediction_failed
            │   └── ContentRefused               content_refused (NSFW, E005)
            ├── PredictionCanceled               prediction_canceled
            └── PredictionAborted                prediction_aborted

`code` is stable and meant for programs, `can_retry` says whether the same call may succeed later without
change, `retry_after_s` when. The original failure is the `__cause__`. No message holds a token, an input, a
header or a query; where upstream gave a reason in words, it is quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tintype.domain.creates import SentCreate

if TYPE_CHECKING:
    from datetime import datetime


class TintypeError(Exception):
    """The root of the tree.

    `status` is the HTTP status where there was an answer, `prediction_id` the prediction it is about.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        can_retry: bool = False,
        retry_after_s: float | None = None,
        prediction_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.can_retry = can_retry
        self.retry_after_s = retry_after_s
        self.prediction_id = prediction_id

    @property
    def message(self) -> str:
        """What was wrong, where, and what to do next."""
        return str(self)


class ConfigurationError(TintypeError, ValueError):
    """Something is missing or wrong in how Tintype is set up; nothing was sent."""

    code = "configuration"


class TokenMissing(ConfigurationError):
    """No token is set anywhere."""

    code = "token_missing"


class KeyringUnavailable(ConfigurationError):
    """The machine offers no keyring to keep a token in."""

    code = "keyring_unavailable"


class InputError(TintypeError, ValueError):
    """An argument was refused here, before anything was sent."""

    code = "bad_input"


class NameTaken(InputError):
    """Another one is called that already. Nothing was made; take another name."""

    code = "name_taken"


class WebhookRefused(TintypeError):
    """A webhook's headers, signature, age or body are not what Replicate sends."""

    code = "webhook_refused"


class KeyRefused(TintypeError):
    """An API key is none of ours, has expired or was revoked; which of these is not told."""

    code = "key_refused"


class KeyUnknown(TintypeError):
    """There is no such key."""

    code = "key_unknown"


class ModelNotAllowed(TintypeError):
    """The API key may use certain models only, and this is none of them."""

    code = "model_not_allowed"


class TooManyAttempts(TintypeError):
    """Too many wrong API keys came from one address; `retry_after_s` says when it is listened to again."""

    code = "too_many_attempts"


class OutputRefused(TintypeError):
    """An output was not fetched: its host is not allowed, or it is larger than the cap."""

    code = "output_refused"


class AdmissionRefused(TintypeError):
    """A request was refused as a whole: nothing was held and nothing will be bought."""

    code = "admission_refused"


class LimitReached(AdmissionRefused):
    """A budget or quota has no room.

    `limit_id`, `scope`, `subject`, `measure` and `period` say which; `amount`, `asked` and `free` are in its unit
    (nano-dollars, pictures, milliseconds of film, a count). `frees_at` is when its window ends, if that helps.
    """

    code = "limit_reached"
    limit_id: int = 0
    scope: str = ""
    subject: str = ""
    measure: str = ""
    period: str = ""
    amount: int = 0
    asked: int = 0
    free: int = 0
    frees_at: datetime | None = None


class IdempotencyConflict(AdmissionRefused):
    """The `Idempotency-Key` was used for another body within a day."""

    code = "idempotency_conflict"


class UpstreamPaused(AdmissionRefused):
    """Upstream refuses the account (no credit, a token that is not good); `retry_after_s` says when it is tried."""

    code = "upstream_paused"


class UnknownGeneration(TintypeError):
    """There is no such generation for whoever asks."""

    code = "unknown_generation"


class UnknownOrder(TintypeError):
    """There is no such order for whoever asks."""

    code = "unknown_order"


class UnknownModel(TintypeError, LookupError):
    """No model has this `name`; `nearest` is the one most like it, or None."""

    code = "unknown_model"
    name: str = ""
    nearest: str | None = None


class GenerationFailed(TintypeError):
    """A generation ended without success, or has not ended yet: `generation_id`, and why as `failure_code`."""

    code = "generation_failed"
    generation_id: str = ""
    failure_code: str | None = None


class NotThere(TintypeError):
    """What was named is not there for whoever asks."""

    code = "not_there"


class NotPossibleNow(TintypeError):
    """What was asked does not go with the generation's state."""

    code = "not_possible_now"


class UpstreamError(TintypeError):
    """The call reached for Replicate and did not end well."""

    code = "upstream"


class AuthenticationError(UpstreamError):
    """The token was refused (401)."""

    code = "authentication"


class PaymentError(UpstreamError):
    """The account has no credit (402)."""

    code = "payment"


class PermissionDenied(UpstreamError):
    """The token may not do this (403)."""

    code = "permission_denied"


class NotFound(UpstreamError):
    """Replicate does not know this id, model, version or file (404)."""

    code = "not_found"


class RetentionPassed(NotFound):
    """The data was there and is gone: Replicate removes it an hour after completion."""

    code = "retention_passed"


@dataclass(frozen=True, slots=True)
class InvalidField:
    """One fault of an input, in the API's vocabulary: `type` such as required, enum, number_lte."""

    type: str
    field: str
    description: str


class InvalidInput(UpstreamError):
    """Replicate refused the request as invalid (422 and other 4xx); `fields` names each fault."""

    code = "invalid_input"
    fields: tuple[InvalidField, ...] = ()


class RateLimited(UpstreamError):
    """Too many requests (429); nothing was done."""

    code = "rate_limited"


class ServerError(UpstreamError):
    """Replicate failed (5xx), or its answer could not be read."""

    code = "server"


class NetworkError(UpstreamError):
    """The connection failed or broke."""

    code = "network"


class ConnectFailed(NetworkError):
    """No connection came about, so that no byte of the request was sent."""

    code = "connect_failed"


class NotSent(ConnectFailed):
    """The connection stood, but the caller's `is_still_good` said no: no byte of the request was sent."""

    code = "not_sent"


class TimedOut(UpstreamError):
    """An answer, or the end of a prediction, did not come in time."""

    code = "timeout"


class OutcomeUnknown(UpstreamError):
    """A create was sent and its answer never read: it may have bought something.

    It is never repeated by itself. `client.predictions.find(error)` looks for what it bought; `sent` says
    what is needed for that. `prediction_id` is set when the answer was unreadable but named one.
    """

    code = "outcome_unknown"
    sent: SentCreate | None = None


class PredictionError(UpstreamError):
    """A prediction ended without success. `prediction` is the whole record as last seen."""

    code = "prediction"
    prediction: Any = None


class PredictionFailed(PredictionError):
    """The prediction failed; `reason` is upstream's text."""

    code = "prediction_failed"
    reason: str = ""


class ContentRefused(PredictionFailed):
    """A safety check of the model refused the prompt or the result (NSFW, E005)."""

    code = "content_refused"


class PredictionCanceled(PredictionError):
    """The prediction was canceled while it ran, by a person or by its deadline."""

    code = "prediction_canceled"


class PredictionAborted(PredictionError):
    """The prediction was ended before it ran."""

    code = "prediction_aborted"


__all__ = [
    "AdmissionRefused", "AuthenticationError", "ConfigurationError", "ConnectFailed", "ContentRefused",
    "GenerationFailed", "IdempotencyConflict", "InputError", "InvalidField", "InvalidInput",
    "KeyRefused", "KeyUnknown", "KeyringUnavailable", "LimitReached", "ModelNotAllowed", "NameTaken",
    "NetworkError", "NotFound", "NotPossibleNow", "NotSent", "NotThere", "OutcomeUnknown",
    "OutputRefused", "PaymentError", "PermissionDenied", "PredictionAborted", "PredictionCanceled",
    "PredictionError", "PredictionFailed", "RateLimited", "RetentionPassed", "SentCreate",
    "ServerError", "TimedOut", "TintypeError", "TokenMissing", "TooManyAttempts", "UnknownGeneration",
    "UnknownModel", "UnknownOrder", "UpstreamError", "UpstreamPaused", "WebhookRefused",
]  # fmt: skip
