"""Money as whole nano-dollars (1 USD = 1,000,000,000), so that sums are exact.

Floats never enter: JSON numbers are read as decimals before they come here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

NANO_PER_USD = 1_000_000_000
_DIGITS_MAX = 30


def from_usd(amount: str | int | Decimal) -> int:
    """Turn an amount in dollars into nano-dollars, rounded once, half up.

    Raises ValueError for what is not a finite decimal number.
    """
    try:
        # As text, in which true is no amount.
        usd = Decimal(str(amount))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount in dollars; write it like 5 or 0.003") from None
    if not usd.is_finite() or usd.adjusted() > _DIGITS_MAX:
        raise ValueError(f"{str(amount)[:40]!r} is no amount of dollars that anybody has")
    with localcontext(prec=60):
        return int((usd * NANO_PER_USD).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_usd(nano_usd: int) -> str:
    """Write nano-dollars as a plain decimal without trailing zeros, at least two decimals: 0.003, 5.00."""
    sign = "-" if nano_usd < 0 else ""
    whole, nano = divmod(abs(nano_usd), NANO_PER_USD)
    decimals = f"{nano:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"
