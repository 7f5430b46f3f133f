"""Control the simulator, outside the API: health, bills, clock, accounts, faults, a fresh start."""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import TYPE_CHECKING, Any

from tintype.simulator import auth, calls, lifecycle, origins, problems, replies, rules, timestamps, uploads
from tintype.simulator.settings import CREDIT_USD_MAX

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

ADVANCE_S_MAX = 10 * 365 * 86_400.0
END_S = 221_845_392_000.0  # the year 9000: times have four digits for the year
SEED_MAX = 2**63 - 1
TEXT_MAX = 255
NANO_PER_USD = 10**9


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of this module."""
    control = Control(world)

    def route(path: str, **handles: Any) -> BaseRoute:
        return calls.resource(
            f"/_sim/{path}", **{name: calls.open_operation(handle) for name, handle in handles.items()}
        )

    return [
        route("health", GET=control.health),
        route("bills", GET=control.bills),
        route("reset", POST=control.reset),
        route("clock", GET=control.clock, POST=control.advance),
        route("accounts", GET=control.accounts, POST=control.account),
        route("faults", GET=control.faults, POST=control.load_faults, DELETE=control.clear_faults),
        route("openapi.json", GET=control.document),
    ]


class Control:
    """The control operations. None asks for a token: whoever reaches the simulator may control it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def health(self, _request: Request) -> Response:
        """Say that the simulator answers, and how much it holds."""
        return replies.reply(self._health())

    async def bills(self, request: Request) -> Response:
        """Return what every prediction cost, of all accounts or of one token."""
        world = self._world
        token = request.query_params.get("token")
        found = list(world.predictions) if token is None else world.predictions.of(token)
        now_s = world.clock.now()
        items = [
            {
                "id": one.id,
                "token": one.account,
                "model": one.model,
                "status": one.outcome if one.is_settled else _running(lifecycle.status(one, now_s)),
                "usd": _usd(one.cost_nano_usd),
            }
            for one in found
        ]
        total = sum(one.cost_nano_usd for one in found)
        return replies.reply({"predictions": len(items), "total_usd": _usd(total), "items": items})

    async def reset(self, _request: Request) -> Response:
        """Forget everything that happened; the clock stays where it is."""
        self._world.reset()
        return replies.reply(self._health())

    async def clock(self, _request: Request) -> Response:
        """Return the simulator's time."""
        return replies.reply(self._time())

    async def advance(self, request: Request) -> Response:
        """Move the clock forward; whatever is due on the way happens."""
        body = await _body(request, known=("advance_s",))
        seconds = body.get("advance_s")
        if seconds is None or not _is_number(seconds) or not 0 <= seconds <= ADVANCE_S_MAX:
            raise _wrong("advance_s", f"must be a number from 0 to {ADVANCE_S_MAX:.0f}")
        if self._world.clock.now() + seconds > END_S:
            raise _wrong("advance_s", "must not lead beyond the year 9000; start a new simulator")
        self._world.clock.advance(seconds)
        return replies.reply(self._time())

    async def accounts(self, _request: Request) -> Response:
        """Return all accounts."""
        return replies.reply({"accounts": [self._show(one) for one in self._world.accounts]})

    async def account(self, request: Request) -> Response:
        """Open an account for a token, or change the one there is."""
        world = self._world
        body = await _body(request, known=("token", "credit_usd", "username", "name", "type"))
        try:
            token = auth.token_of(f"Bearer {body['token']}")
        except (KeyError, problems.Problem) as error:
            raise _wrong("token", "must be a token that begins with r8_") from error
        credit = _credit(body["credit_usd"]) if "credit_usd" in body else None
        texts = {name: _text(name, body[name]) for name in ("username", "name") if name in body}
        if body.get("type", "user") not in ("user", "organization"):
            raise _wrong("type", "must be one of user, organization")
        taken = {one.username: one.token for one in world.accounts}
        if taken.get(texts.get("username", ""), token) != token:
            raise _wrong("username", "belongs to another account")
        account = world.accounts.by_token(token)
        for name, text in texts.items():
            setattr(account, name, text)
        if "type" in body:
            account.type = body["type"]
        if credit is not None:
            account.credit_nano_usd = credit
        world.accounts.save(account)
        return replies.reply(self._show(account))

    async def faults(self, _request: Request) -> Response:
        """Return the script of faults, with how often each rule has fired."""
        return replies.reply(self._world.faults.shown())

    async def load_faults(self, request: Request) -> Response:
        """Replace the script of faults."""
        body = await _body(request, known=("rules", "seed"))
        seed = body.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= SEED_MAX:
            raise _wrong("seed", f"must be a whole number from 0 to {SEED_MAX}")
        try:
            script = rules.parse(body.get("rules"))
        except rules.RuleError as error:
            raise _wrong(error.field, error.message) from error
        self._world.faults.load(script, seed=seed)
        return replies.reply(self._world.faults.shown())

    async def clear_faults(self, _request: Request) -> Response:
        """Forget the script of faults."""
        self._world.faults.clear()
        return replies.nothing()

    async def document(self, request: Request) -> Response:
        """Return the OpenAPI document of these operations."""
        text = (
            resources.files("tintype.simulator").joinpath("data", "control.json").read_text(encoding="utf-8")
        )
        document = json.loads(text)
        document["servers"] = [{"url": origins.origin(self._world.settings, request.scope)}]
        return replies.reply(document)

    def _health(self) -> dict[str, Any]:
        world = self._world
        running = sum(1 for one in world.predictions if not one.is_settled)
        return {
            "status": "ok",
            "now": timestamps.write(world.clock.now()),
            "models": len(world.models),
            "accounts": len(world.accounts),
            "predictions": len(world.predictions),
            "running": running,
            "requests": world.traffic.requests,
            "under_way": world.traffic.under_way,
        }

    def _time(self) -> dict[str, Any]:
        clock = self._world.clock
        return {"now": timestamps.write(clock.now()), "advanced_s": clock.advanced_s}

    def _show(self, account: Account) -> dict[str, Any]:
        return {
            "token": account.token,
            "type": account.type,
            "username": account.username,
            "name": account.name,
            "credit_usd": _usd(account.credit_nano_usd),
            "webhook_secret": account.secret,
            "files_signing_secret": uploads.signing_secret(self._world, account),
        }


async def _body(request: Request, *, known: tuple[str, ...]) -> dict[str, Any]:
    body = await replies.read_object(request)
    for name in body:
        if name not in known:
            raise _wrong(name, f"is not known; known are {', '.join(known)}")
    return body


def _wrong(field: str, message: str) -> problems.Problem:
    return problems.Problem(422, f"{field}: {message}", title="Invalid request", field=field)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX or not value.isprintable():
        raise _wrong(name, f"must be a text of 1 to {TEXT_MAX} printable characters")
    if name == "username" and any(sign in value for sign in "/ "):
        raise _wrong(name, "must be without slashes and spaces")
    return value


def _credit(value: Any) -> int:
    """Return an amount in nano-dollars, from a decimal text or a number."""
    try:
        amount = Decimal(str(value)) if isinstance(value, str) or _is_number(value) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount <= CREDIT_USD_MAX:
        raise _wrong("credit_usd", f'must be an amount from 0 to {CREDIT_USD_MAX}, such as "12.50"')
    return int(amount * NANO_PER_USD)


def _usd(nano_usd: int) -> str:
    """Return dollars as a decimal text with the digits that count, two of them at least."""
    sign, whole, rest = "-" if nano_usd < 0 else "", *divmod(abs(nano_usd), NANO_PER_USD)
    return f"{sign}{whole}.{f'{rest:09d}'.rstrip('0').ljust(2, '0')}"


def _running(status: lifecycle.Status) -> str:
    """Return the status of a prediction that is not billed yet: its end is not told before its cost."""
    return lifecycle.Status.PROCESSING if status in lifecycle.FINAL else status
