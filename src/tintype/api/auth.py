"""Who may call: API keys, and the local owner while there is none (rule 21).

    async def routes(caller: auth.Reads) -> …       # also Generates, Administers

A key is asked for everywhere but here: a request from this machine to a loopback address, while no key exists and
the gateway is not public. Whatever hints at a proxy, a foreign page or another name for this machine ends that.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from tintype.api import gateway, proxies
from tintype.api.problems import Problem
from tintype.domain import access
from tintype.domain.access import Caller, Scope
from tintype.service import guarding
from tintype.telemetry import journal

if TYPE_CHECKING:
    from tintype.api.gateway import Gateway

MAKE_A_KEY = "make a key with: tintype keys create --name NAME"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
_OURS = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
_FORMS = ("application/json", "multipart/form-data")

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key of the gateway's, `tt_…`, made with `tintype keys create`. While no key exists, "
    "requests from this machine need none.",
)


class Requires:
    """A dependency that gives the caller when it has a scope; `admin` holds all others."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None,
    ) -> Caller:
        """Return the caller. Raises Problem 401 for no good key, 403 where it lacks the scope."""
        return await caller(request, credentials.credentials if credentials else None, self.scope)

    async def met(self, request: Request) -> None:
        """Ask for the key before anything of the body is read. Raises Problem."""
        await caller(request, None, self.scope)


async def caller(request: Request, secret: str | None, scope: Scope) -> Caller:
    """Return who calls; a request is asked once. Raises Problem 401 for no good key, 403 where it lacks the scope."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        check(known, scope)
        return known
    here = gateway.of(request)
    if secret is None:
        secret = secret_of(request)
    if secret is None:
        await _owner(request, here)
        found = access.LOCAL_OWNER
    else:
        found = await here.keys.authenticate(secret, address=address_of(request))
    check(found, scope)
    ident = getattr(request.state, "request_id", None)
    found = replace(found, request_id=ident, host=request.headers.get("host"))
    request.state.caller = found
    journal.bind(key_id=found.key)
    return found


def check(found: Caller, scope: Scope) -> None:
    """Raise Problem 403 where a caller lacks a scope."""
    if scope not in found.scopes and Scope.ADMIN not in found.scopes:
        raise Problem(
            "not_allowed",
            f"the key {found.name!r} has no scope {scope.value!r}; give it one that has",
            facts={"scope": scope.value},
        )


async def key_meant(request: Request, found: Caller, named: str | None) -> str:
    """Return the id of the key that is meant: the caller's own, or another one, which takes the scope `admin`.

    Raises Problem 403 without it, KeyUnknown.
    """
    if named is None or named == found.key:
        return found.key
    check(found, Scope.ADMIN)
    if named == access.LOCAL:
        return named
    return (await gateway.of(request).keys.get(named)).id


def secret_of(request: Request) -> str | None:
    """Return the key that a request carries: `Bearer`, `Token` as old clients write it, or X-API-Key."""
    stated = request.headers.get("authorization")
    if stated is None:
        return request.headers.get("x-api-key")
    kind, _, secret = stated.partition(" ")
    if kind.lower() not in {"bearer", "token"} or not secret.strip():
        raise Problem("key_missing", "the Authorization header is to be: Bearer tt_…")
    return secret.strip()


def own_key(request: Request) -> guarding.Check:
    """Return the check that finds the caller's own key in what is asked for (rule 23)."""
    return guarding.naming(secret_of(request) or "")


def address_of(request: Request) -> str:
    """Return the address that a request comes from: the caller's own, where a proxy that is trusted tells it."""
    peer = request.client.host if request.client else ""
    trusted = gateway.of(request).settings.trusted_proxies
    return proxies.caller(peer, request.headers.getlist("x-forwarded-for"), trusted) if trusted else peer


async def _owner(request: Request, here: Gateway) -> None:
    """Let a request without a key pass as the local owner's, or say what is missing."""
    if await here.keys.any_exist():
        raise Problem("key_missing", "an API key is needed: send Authorization: Bearer tt_…")
    reason = unprotected(request, here)
    if reason is not None:
        raise Problem(
            "key_missing", f"without a key only this machine is answered, and {reason}; {MAKE_A_KEY}"
        )
    _refuse_foreign_write(request)


def unprotected(request: Request, here: Gateway) -> str | None:
    """Say why protected mode does not cover a request; None when it does."""
    if not here.is_local:
        return "this gateway listens on other addresses than this machine's"
    public = here.settings.public_url
    if public is not None and not is_loopback(urlsplit(public).hostname or ""):
        return "TINTYPE_PUBLIC_URL makes this gateway public"
    return foreign(request)


def foreign(request: Request) -> str | None:
    """Say why a request is not this machine's own; None when it is."""
    if not is_loopback(address_of(request)):
        return "the request comes from another one"
    headers = request.headers
    if proxies.were_handed_on(headers.keys()):
        return "the request came through a proxy"
    server = request.scope.get("server") or ("", 0)
    if not _is_ours(headers.get("host", ""), server[1]):
        return "its Host is not localhost, 127.0.0.1 or [::1] with the gateway's port"
    origin = headers.get("origin")
    if origin is not None and not _is_own_origin(origin, request, server[1]):
        return "the request is a foreign page's"
    if headers.get("sec-fetch-site") == "cross-site":
        return "the request is a foreign page's"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its usual names and addresses."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse_foreign_write(request: Request) -> None:
    """A page elsewhere can send forms without asking; it cannot send JSON."""
    if request.method in _SAFE_METHODS:
        return
    stated = request.headers.get("content-type")
    if stated is not None and not stated.lower().startswith(_FORMS):
        raise Problem(
            "unsupported_media_type",
            "without a key only JSON and multipart/form-data are taken; see Content-Type",
        )


def _is_ours(host: str, port: int | None) -> bool:
    """Whether a host and port, and nothing else with them, are this machine and the gateway's."""
    found = _OURS.fullmatch(host)
    if found is None:
        return False
    return port in {80, 443} if found[1] is None else int(found[1]) == port


def _is_own_origin(origin: str, request: Request, port: int | None) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme == request.url.scheme and _is_ours(host, port)


Generates = Annotated[Caller, Depends(Requires(Scope.GENERATE))]
Reads = Annotated[Caller, Depends(Requires(Scope.READ))]
Administers = Annotated[Caller, Depends(Requires(Scope.ADMIN))]
