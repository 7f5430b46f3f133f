"""`/replicate/v1/account` and the secret of webhooks: they describe the key that asks (rule 22)."""

from __future__ import annotations

from fastapi import Request, Response

from tintype.api import auth, gateway
from tintype.api.routes.replicate import words
from tintype.api.schemas.replicate import AccountTold, SecretTold
from tintype.service import notices

own = words.own_router("account")


@own.get("/account", response_model=AccountTold, responses=words.refuses())
async def account(caller: auth.Reads) -> Response:
    """Say whose key it is."""
    return words.answer({"type": "organization", "username": words.username(caller), "name": caller.name})


@own.get("/webhooks/default/secret", response_model=SecretTold, responses=words.refuses())
async def secret(request: Request, caller: auth.Reads) -> Response:
    """Tell the secret that signs this key's webhooks; made when it is first asked for."""
    core = gateway.of(request).core
    return words.answer({"key": await notices.secret(caller.key, db=core.database, seal=core.seal)})


router = words.mounted(own)
