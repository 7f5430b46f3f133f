"""What can happen to a generation, as values. Upstream's word is a `Prediction`, ours the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """What upstream says of a prediction; `status` is its own word, None when it knows the id no more.

    `is_due` says that the generation's deadline had come when this was heard.
    """

    id: str
    status: str | None
    has_output: bool = False
    error: str | None = None
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class IntentCommitted:
    """The intent to POST is on disk; the bytes may leave now."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """Upstream answered an attempt with a prediction."""

    attempt: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class RefusedDefinitely:
    """Upstream refused an attempt for good: nothing was bought. `code` is ours, `message` for people."""

    attempt: int
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """An attempt surely bought nothing and may be repeated: a 429, a connection that was never made."""

    attempt: int


@dataclass(frozen=True, slots=True)
class WentSilent:
    """An attempt ended without an answer that says whether it bought something."""

    attempt: int


@dataclass(frozen=True, slots=True)
class FoundUpstream:
    """A prediction that an attempt of this generation bought turned up; None where it is not known which."""

    prediction: Prediction
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class FoundAmbiguous:
    """More predictions upstream could be ours than we sent, or the list could not be read to its end."""

    attempt: int


@dataclass(frozen=True, slots=True)
class ProvenAbsent:
    """Two complete readings after an attempt was dead did not show what it would have bought."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Upstream was looked at, or told us by a webhook."""

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Captured:
    """Every output is in our store, hashed and on disk."""


@dataclass(frozen=True, slots=True)
class CaptureLost:
    """The outputs are gone for good, or are not what they should be."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Every output is in our store, but what was to be made of them here could not be."""

    message: str


@dataclass(frozen=True, slots=True)
class CancelWished:
    """Its owner wants it no more."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """Its time is up, since `over_s` seconds."""

    over_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person says what came of an unknown outcome: the prediction that was bought, or None for none."""

    prediction: Prediction | None


Event = (
    IntentCommitted
    | Accepted
    | RefusedDefinitely
    | NotSent
    | WentSilent
    | FoundUpstream
    | FoundAmbiguous
    | ProvenAbsent
    | Observed
    | Captured
    | CaptureLost
    | Unfinished
    | CancelWished
    | DeadlinePassed
    | Resolved
)
