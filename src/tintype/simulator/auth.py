"""Find the account of a request's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tintype.simulator import problems

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

PREFIX = "r8_"
LIMITED = "r8_limited"  # every call of such a token is throttled
BROKE = "r8_broke"  # such an account has no credit

# Upstream took `Token` for years and old snippets still send it.
_SCHEMES = frozenset({"bearer", "token"})


def token_of(header: str | None) -> str:
    """Return the token of an `Authorization` header; the scheme is `Bearer` or `Token` in any case.

    Raises Problem 401 in the API's words: one for no token, another for one that cannot be an account's.
    """
    if header is None or not header.strip():
        raise problems.missing_token()
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    if scheme.lower() not in _SCHEMES:
        raise problems.invalid_token()
    if not token:
        raise problems.missing_token()
    if not token.startswith(PREFIX) or len(token) <= len(PREFIX) or not _is_sendable(token):
        raise problems.invalid_token()
    return token


def _is_sendable(token: str) -> bool:
    """Return whether a header can carry the token."""
    return token.isascii() and token.isprintable()


def account_of(connection: HTTPConnection, world: World) -> Account:
    """Return the account that makes the request; the first use of a token opens its account."""
    return world.accounts.by_token(token_of(connection.headers.get("authorization")))


def is_limited(token: str) -> bool:
    """Return whether every call of this token is throttled."""
    return token.startswith(LIMITED)


def is_broke(token: str) -> bool:
    """Return whether the account of this token starts without credit."""
    return token.startswith(BROKE)
