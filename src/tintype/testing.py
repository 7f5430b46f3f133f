"""Test an app that talks to Replicate against a simulator of it.

`with simulator() as sim:` runs one on a free port; tests under pytest ask for the fixture `simulator`
instead, and `@pytest.mark.simulator(speed=10)` gives that test one with settings of its own.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pytest

CONTROL_TIMEOUT_S = 30.0
TOKEN_DIGITS = 37
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class ControlError(Exception):
    """The simulator refused what a test asked it to do; the message says which field was wrong."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator.

    `url` is its origin (without `/v1`), `token` opens an account of its own, `ca` is the file that clients
    name in SSL_CERT_FILE where it serves https.
    """

    url: str
    token: str
    ca: Path | None = None

    @property
    def api_url(self) -> str:
        """The base URL with `/v1`, as Replicate's JavaScript SDK and version 2 of the Python SDK want it."""
        return f"{self.url}/v1"

    def new_token(self) -> str:
        """Return a token that no account has yet; its first use opens one."""
        return _token()

    def health(self) -> dict[str, Any]:
        """Return how the simulator is: its time, how many predictions it holds and how many still run."""
        return self._ask("GET", "/_sim/health")

    def bills(self, token: str | None = None) -> dict[str, Any]:
        """Return what predictions cost, all or a token's: `predictions`, `total_usd` and `items`."""
        return self._ask("GET", "/_sim/bills" + ("" if token is None else f"?token={quote(token, safe='')}"))

    def predictions(self, token: str | None = None) -> list[dict[str, Any]]:
        """Return the predictions of an account, newest first, as its own listing shows them."""
        found: list[dict[str, Any]] = []
        path: str | None = "/v1/predictions"
        while path is not None:
            page = self._ask("GET", path, token=token or self.token)
            found += page["results"]
            link = page["next"]
            path = None if link is None else f"{urlsplit(link).path}?{urlsplit(link).query}"
        return found

    def reset(self) -> None:
        """Forget accounts, predictions, files, faults and limits. The clock stays where it is."""
        self._ask("POST", "/_sim/reset")

    def clock(self) -> dict[str, Any]:
        """Return the simulator's time: `now`, and in `advanced_s` how far it was moved ahead of the wall's."""
        return self._ask("GET", "/_sim/clock")

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward; whatever is due on the way happens."""
        self._ask("POST", "/_sim/clock", {"advance_s": seconds})

    def faults(self, rules: Sequence[Mapping[str, Any]], *, seed: int = 0) -> None:
        """Replace the script of faults. Raises ControlError naming the field that is wrong."""
        self._ask("POST", "/_sim/faults", {"rules": [dict(rule) for rule in rules], "seed": seed})

    def fired(self) -> list[int]:
        """Return how often each rule of the script has fired."""
        return [rule["fired"] for rule in self._ask("GET", "/_sim/faults")["rules"]]

    def clear_faults(self) -> None:
        """Forget the script of faults."""
        self._ask("DELETE", "/_sim/faults")

    def credit(self, usd: Decimal | float | str, *, token: str | None = None) -> None:
        """Set what an account has left to spend, in dollars."""
        self.account(token, credit_usd=str(usd))

    def account(self, token: str | None = None, **changes: Any) -> dict[str, Any]:
        """Open or change an account (`credit_usd`, `username`, `name`, `type`) and return all of it."""
        return self._ask("POST", "/_sim/accounts", {"token": token or self.token, **changes})

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        parts = urlsplit(self.url)
        host, port = str(parts.hostname), parts.port
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=CONTROL_TIMEOUT_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=CONTROL_TIMEOUT_S)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise ControlError(json.loads(content)["detail"])
        told: dict[str, Any] = json.loads(content) if content else {}
        return told


@contextmanager
def simulator(  # noqa: PLR0913 - one keyword for each choice, all optional
    *,
    speed: float = float("inf"),
    limits: Literal["none", "replicate"] = "none",
    credit_usd: Decimal | float | str = 10_000,
    data: Path | None = None,
    echo_webhooks: bool = True,
    tls: Literal["self-signed"] | tuple[Path, Path] | None = None,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int | None = None,
) -> Iterator[Simulator]:
    """Run a simulator in a thread until the block ends.

    Models are instant unless `speed` says otherwise: 1 is as long as the real ones usually take. `tls` is
    `"self-signed"` or the files of a certificate and its key. Port 0 is a free one. Raises
    ModuleNotFoundError with the command to run where the simulator is not installed, ValueError for a setting
    that cannot be meant.
    """
    try:
        from tintype.simulator import server  # noqa: PLC0415 - importing this module stays cheap
        from tintype.simulator.settings import Settings  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == "tintype":
            raise
        raise ModuleNotFoundError(
            f"the simulator needs {error.name}; run: pip install 'tintype[simulator]'",
            name=error.name,
        ) from error
    cert, key = tls if isinstance(tls, tuple) else (None, None)
    settings = Settings(
        host=host,
        port=port,
        public_url=public_url,
        tls_cert=cert,
        tls_key=key,
        tls_self_signed=tls == "self-signed",
        speed=speed,
        limits=limits,
        data=data,
        credit_usd=Decimal(str(credit_usd)),
        echo_webhooks=echo_webhooks,
        seed=seed,
    )
    with server.running(settings) as place:
        yield Simulator(place.url, _token(), place.ca)


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixture `simulator` and its marker to the tests."""
    import pytest  # noqa: PLC0415 - whoever uses the context manager needs no pytest

    class Fixtures:
        """One simulator for all tests that take it as it is, fresh for each; one of its own where marked."""

        @pytest.fixture(scope="session")
        @classmethod
        def _shared_simulator(cls) -> Iterator[_Shared]:
            with ExitStack() as stack:
                yield _Shared(stack)

        @pytest.fixture(name="simulator")
        def offered(self, request: pytest.FixtureRequest) -> Iterator[Simulator]:
            """A simulator that knows of nothing yet, and a new token for it."""
            mark = request.node.get_closest_marker("simulator")
            if mark is not None:
                with simulator(**mark.kwargs) as own:
                    yield own
                return
            shared: _Shared = request.getfixturevalue("_shared_simulator")
            yield shared.fresh()

    config.addinivalue_line(
        "markers", "simulator(**settings): give this test a simulator of its own with these settings"
    )
    config.pluginmanager.register(Fixtures(), "tintype-simulator")


class _Shared:
    """The simulator that tests have in common; a new one takes its place once a test has moved its clock.

    Time goes forward only, so a reset cannot bring it back.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: Simulator | None = None

    def fresh(self) -> Simulator:
        """Give a simulator that knows of nothing and has the time of the wall."""
        if self._running is not None and self._running.clock()["advanced_s"] > 0:
            self._stack.close()
            self._running = None
        if self._running is None:
            self._running = self._stack.enter_context(simulator())
        self._running.reset()
        return Simulator(self._running.url, _token(), self._running.ca)


def _token() -> str:
    return "r8_" + "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_DIGITS))
