"""What can go wrong between a URL that somebody gave and its bytes.

    TintypeError
    └── FetchError                     fetch
        ├── FetchRefused               fetch_refused: a rule forbids it; `rule` says which, `zone` for addresses
        ├── FetchFailed                fetch_failed: no connection, a broken one, or a status that is no success
        │   ├── HostUnknown            fetch_host_unknown: the name has no address
        │   └── CertificateRefused     fetch_certificate: who answered is not who the name says
        ├── TooLarge                   fetch_too_large: more than `size_max_bytes`
        └── TooSlow                    fetch_too_slow: nothing for a while, or not done after `after_s`

Each message names the host and the rule. None holds a path, a query, user information or an address that a name
has: who gave the name must not learn our network from the answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tintype.domain.errors import TintypeError

if TYPE_CHECKING:
    from tintype.media.addresses import Zone


class Rule(StrEnum):
    """The rule that forbids a URL."""

    NOT_A_URL = "not_a_url"
    SCHEME = "scheme"
    USER_INFORMATION = "user_information"
    NOT_A_HOST = "not_a_host"
    NOTATION = "notation"
    PORT = "port"
    NOT_LISTED = "not_listed"
    ADDRESS = "address"
    REDIRECTS = "redirects"


class FetchError(TintypeError):
    """A URL was not fetched or called; `host` is the one it names, or empty."""

    code = "fetch"

    def __init__(
        self, message: str, *, host: str, status: int | None = None, can_retry: bool = False
    ) -> None:
        super().__init__(message, status=status, can_retry=can_retry)
        self.host = host


class FetchRefused(FetchError):
    """A rule forbids this URL; nothing was sent to it."""

    code = "fetch_refused"

    def __init__(self, message: str, *, host: str, rule: Rule, zone: Zone | None = None) -> None:
        super().__init__(message, host=host)
        self.rule = rule
        self.zone = zone


class FetchFailed(FetchError):
    """No connection came about, it broke, or the answer was no success; `status` is the answer's, if any."""

    code = "fetch_failed"


class HostUnknown(FetchFailed):
    """The host name has no address."""

    code = "fetch_host_unknown"


class CertificateRefused(FetchFailed):
    """TLS did not come about: the certificate is not the host's, not valid, or from nobody we trust."""

    code = "fetch_certificate"


class TooLarge(FetchError):
    """The body is larger than `size_max_bytes`, by what it announces or by what came."""

    code = "fetch_too_large"

    def __init__(self, message: str, *, host: str, size_max_bytes: int) -> None:
        super().__init__(message, host=host)
        self.size_max_bytes = size_max_bytes


class TooSlow(FetchError):
    """Nothing came for a while, or not everything in time; `after_s` is the time that was given."""

    code = "fetch_too_slow"

    def __init__(self, message: str, *, host: str, after_s: float) -> None:
        super().__init__(message, host=host, can_retry=True)
        self.after_s = after_s


__all__ = [
    "CertificateRefused",
    "FetchError",
    "FetchFailed",
    "FetchRefused",
    "HostUnknown",
    "Rule",
    "TooLarge",
    "TooSlow",
]
