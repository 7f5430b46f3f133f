"""What both clients are made of, and the methods that they have themselves: written once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, ParamSpec, overload

from tintype import __version__
from tintype.domain import errors
from tintype.replicate import (
    calling,
    fetching,
    inputs,
    outputs,
    policy,
    settings,
    steps,
    streaming,
    transport,
    waiting,
    wire,
)
from tintype.replicate.following import Board
from tintype.replicate.limits import Limits
from tintype.replicate.pace import Pace
from tintype.replicate.resources import binding, predictions
from tintype.replicate.results import Prediction, Search, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from tintype.replicate.outputs import AsyncOutput, Output
    from tintype.replicate.progress import Progress

P = ParamSpec("P")

READ_S = 30.0


class running(Generic[P]):  # noqa: N801 - it is used as a decorator
    """Like `steps.operation`, for what ends with outputs: each client gives its own kind."""

    def __init__(self, function: Callable[Concatenate[Any, P], steps.Op[Any]]) -> None:
        function.__annotations__["return"] = "list[Output]"
        self._operation = steps.operation(function)
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    @overload
    def __get__(self, instance: None, owner: type) -> running[P]: ...
    @overload
    def __get__(self, instance: steps.Blocking, owner: type) -> Callable[P, list[Output]]: ...
    @overload
    def __get__(
        self, instance: steps.Awaiting, owner: type
    ) -> Callable[P, Coroutine[Any, Any, list[AsyncOutput]]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Bind to a client, or give the declaration itself on the class."""
        return self if instance is None else self._operation.__get__(instance, owner)


@dataclass(frozen=True, slots=True)
class Options:
    """How a client behaves. All times in seconds.

    limits: its own limits, `Limits()` when None (60 creates and 3,000 other calls a minute).
    policy: what is repeated and after which pauses.
    pace: how often waiting predictions are looked at.
    read_s, connect_s: how long an answer and a connection may take.
    wait_s: how long `run` asks upstream to hold the answer, 0 to 60.
    inline_max: files up to so many bytes travel inside the input.
    output_hosts, output_bytes_max: further hosts that outputs may come from, and how large they may be.
    tls: an SSLContext in place of the system's certificates.
    trust_env: whether proxies and certificates named in the environment count.
    """

    limits: Limits | None = None
    policy: policy.Policy = field(default_factory=policy.Policy)
    pace: Pace = field(default_factory=Pace)
    read_s: float = READ_S
    connect_s: float = transport.CONNECT_S
    wait_s: int = wire.WAIT_MAX_S
    inline_max: int = inputs.INLINE_MAX
    output_hosts: Iterable[str] = ()
    output_bytes_max: int = fetching.SIZE_MAX
    tls: Any = None
    trust_env: bool = True


class Desk:
    """What everything of one client shares; `drive` and `iterate` carry out conversations.

    Nothing here prints the token, and nothing here is pickled.
    """

    output_kind: type[Output | AsyncOutput]

    def __init__(self, upstream: settings.Upstream, options: Options, bell: Callable[[], Any]) -> None:
        self.upstream = upstream
        self.options = options
        limits = options.limits or Limits()
        self.context = calling.Context(policy=options.policy, limits=limits, read_s=options.read_s)
        self.line = transport.Line(upstream, user_agent=f"tintype/{__version__}", connect_s=options.connect_s)
        self.board = Board(self.context, bell)
        self.fetcher = fetching.Fetcher(
            self.context, upstream.origin, fetching.allowed(options.output_hosts), options.output_bytes_max
        )
        self.webhook_secret: Secret | None = None
        self.versions: dict[str, tuple[str, float]] = {}

    def outputs(self, prediction: Prediction) -> list[Any]:
        """The outputs of a prediction, as this client's kind of object."""
        found = outputs.contents(prediction.output, prediction.id)
        return [self.output_kind(self, one) for one in found]

    def pool_name(self, step: steps.Send | steps.Open) -> str:
        """Which pool carries a step: creates, held or not, other calls to the API, or files of other hosts."""
        call = step.call
        if call.kind is wire.Kind.CREATE:
            return transport.HELD if call.asks_to_wait and self.context.is_holding else transport.CREATES
        if call.url is None or transport.same_origin(call.url, self.line.origin):
            return transport.OTHERS
        return transport.FILES

    def pool_options(self, name: str) -> dict[str, Any]:
        """The arguments of the httpx2 transport behind a pool."""
        return transport.pool_options(
            name, self.line.origin, tls=self.options.tls, trust_env=self.options.trust_env
        )

    def conceal(self, error: errors.TintypeError) -> None:
        """Take the token out of the words of a failure, which may quote an upstream that quotes the token."""
        token = self.upstream.token.reveal()
        link: BaseException | None = error
        while isinstance(link, errors.TintypeError):
            link.args = tuple(_without(one, token) for one in link.args)
            if isinstance(link, errors.PredictionFailed):
                link.reason = _without(link.reason, token)
            if isinstance(link, errors.InvalidInput):
                link.fields = tuple(
                    errors.InvalidField(**{name: _without(text, token) for name, text in asdict(one).items()})
                    for one in link.fields
                )
            link = link.__cause__ or link.__context__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds connections and a token and is not pickled; make a new one there")


def _without(text: Any, token: str) -> Any:
    return text.replace(token, "****") if isinstance(text, str) else text


class ClientOps(binding.Resource):
    """The methods that a client has itself, for both kinds."""

    __slots__ = ()

    @property
    def base_url(self) -> str:
        """The upstream's origin."""
        return self._desk.upstream.origin

    @property
    def token_source(self) -> str:
        """Where the token was found: argument, a variable's name, .env, or keyring."""
        return self._desk.upstream.source

    @property
    def clock_ahead_s(self) -> float | None:
        """How far the upstream's clock is ahead of ours, in seconds; None before its first answer."""
        return self._desk.context.clock.ahead_s

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, token_source={self.token_source!r})"

    @running
    def run(  # noqa: PLR0913 - each keyword changes one thing of the run
        self,
        ref: str,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the API's own word
        *,
        deadline_s: float = waiting.DEADLINE_S,
        wait_s: int | None = None,
        usual_s: float | None = None,
        pace: Pace | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        webhook: str | None = None,
        webhook_events: Sequence[str] | None = None,
        cancel_after_s: float | None = None,
    ) -> steps.Op[Any]:
        """Run a model and give its outputs: a list, empty only if the model made none.

        `ref` is `owner/name` or `owner/name:version`. Upstream is asked to hold the answer for `wait_s`, then
        looked at until `deadline_s` is over. Raises a typed error for every other end; `prediction_id` on it says
        which prediction to wait for again.
        """
        desk = self._desk
        context = desk.context
        until = context.until(deadline_s)
        held_s = desk.options.wait_s if wait_s is None else wait_s
        prediction = yield from predictions.begin(
            desk,
            wire.target(ref),
            input,
            wait_s=int(min(held_s, max(1, deadline_s))) if held_s else 0,
            webhook=webhook,
            webhook_events=webhook_events,
            cancel_after_s=cancel_after_s,
            until=until,
        )
        final = yield from waiting.wait(
            context,
            desk.board,
            prediction,
            until=until,
            how=pace or desk.options.pace,
            usual_s=usual_s,
            on_progress=on_progress,
        )
        return desk.outputs(final)

    @steps.iterating(streaming.Event)
    def stream(
        self,
        ref: str,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the API's own word
        *,
        deadline_s: float = waiting.DEADLINE_S,
    ) -> steps.Op[None]:
        """Run a model and iterate over the events of its output as it is made.

        The prediction is created when the first event is asked for. `str(event)` is a piece of output.
        """
        until = self._desk.context.until(deadline_s)
        prediction = yield from predictions.begin(
            self._desk,
            wire.target(ref),
            input,
            wait_s=0,
            webhook=None,
            webhook_events=None,
            cancel_after_s=None,
            until=until,
        )
        yield from predictions.events(self._desk, prediction, deadline_s=deadline_s)

    @steps.operation
    def search(self, query: str, *, limit: int | None = None) -> steps.Op[Search]:
        """Search models, collections and pages; `limit` from 1 to 50."""
        sent = {"query": query} if limit is None else {"query": query, "limit": str(limit)}
        return (yield from binding.fetch(self._desk, Search, wire.Call("GET", "/search", query=sent)))

    @steps.operation
    def exchange(self, call: wire.Call) -> steps.Op[wire.Reply]:
        """Make a call of one's own, once, and give its answer as it came, a refusal too.

        For what has no method here. Nothing is repeated, and an answer that does not come is a NetworkError, of
        a create too: whether it was heard is then for the caller to find out.
        """
        return (yield from calling.exchange(self._desk.context, call))
