"""What a simulator is started with: one frozen object, read once and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path


CREDIT_USD_MAX = Decimal(10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one simulator.

    `speed` divides every model's usual time and may be infinite; the clock itself is never touched by it.
    `public_url` is the origin that URLs in answers are built with; without one the request's own is used.
    `seed` makes jitter and secrets repeat from run to run; without one they are random.
    """

    host: str = "127.0.0.1"
    port: int = 8901
    public_url: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_self_signed: bool = False
    speed: float = 1.0
    limits: Literal["none", "replicate"] = "none"
    data: Path | None = None
    credit_usd: Decimal = Decimal(10000)
    echo_webhooks: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, with the setting's name in the message."""
        if not self.speed > 0:
            raise ValueError(
                f"speed is {self.speed}; it divides the models' times and must be above 0, or inf"
            )
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}; it must be between 0 (any free port) and 65535")
        if self.limits not in {"none", "replicate"}:
            raise ValueError(f"limits is {self.limits!r}; it must be none or replicate")
        if not self.credit_usd.is_finite() or not 0 <= self.credit_usd <= CREDIT_USD_MAX:
            raise ValueError(
                f"credit_usd is {self.credit_usd}; it must be an amount from 0 to {CREDIT_USD_MAX}"
            )
        if self.public_url is not None and not _is_origin(self.public_url):
            raise ValueError(
                f"public_url is {self.public_url!r}; it must be an http(s) URL with a host, without a query"
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together; give both or neither")
        if self.tls_self_signed and self.tls_cert is not None:
            raise ValueError("a certificate is given or made on the spot; give tls_cert and tls_key, or tls")


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_web and is_plain and not parts.query and not parts.fragment and parts.username is None
