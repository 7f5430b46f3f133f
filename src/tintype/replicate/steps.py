"""The steps of a conversation with the API, and how one generator serves both clients.

An operation is a generator: it yields steps (send this, wait so long) and gets back what came of them. A
driver carries the steps out, blocking or awaiting. Resources declare their methods with `operation` and
`iteration`; bound to a blocking client they are plain methods, bound to an async one coroutines.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from tintype.replicate.wire import Call

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a call and read the whole reply; gives a `Reply`.

    `read_s` is how long the answer may take once sent, `queue_s` how long the call may wait for a connection.
    """

    call: Call
    read_s: float
    queue_s: float | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Send a call and leave the body unread; gives an opened reply to take chunks from.

    `read_s` is how long each piece may take.
    """

    call: Call
    read_s: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """Take the next piece of an opened body; gives bytes, or None at its end."""

    opened: Any


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of an opened reply."""

    opened: Any


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for some seconds, or less when the bell rings before."""

    seconds: float
    bell: Any


@dataclass(frozen=True, slots=True)
class Work:
    """Run a blocking function (files, the keyring) off the event loop; gives its result."""

    act: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Item:
    """Hand one item to whoever iterates."""

    value: Any


class Left(BaseException):
    """Thrown into an iteration that nobody listens to any more, so that it closes what it opened."""


Step = Send | Open | Chunk | Close | Sleep | Pause | Work | Item
Op = Generator[Step, Any, T]


class Blocking:
    """Bound to a client whose methods block."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Any) -> None:
        self._desk = desk


class Awaiting:
    """Bound to a client whose methods are awaited."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Any) -> None:
        self._desk = desk


class operation(Generic[P, T]):  # noqa: N801 - it is used as a decorator
    """Make a method out of a generator that ends with one result."""

    def __init__(self, function: Callable[Concatenate[Any, P], Op[T]]) -> None:
        self.function = function
        functools.update_wrapper(self, function)  # type: ignore[arg-type] # a descriptor stands in for it

    @overload
    def __get__(self, instance: None, owner: type) -> operation[P, T]: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Bind to a resource, or give the declaration itself on the class."""
        if instance is None:
            return self
        return _Bound(self.function, instance, "drive")


class iteration(Generic[P, T]):  # noqa: N801 - it is used as a decorator
    """Make a method that iterates out of a generator that yields `Item` steps."""

    def __init__(
        self, function: Callable[Concatenate[Any, P], Op[None]], _item: type[T] | None = None
    ) -> None:
        self.function = function
        functools.update_wrapper(self, function)  # type: ignore[arg-type] # a descriptor stands in for it

    @overload
    def __get__(self, instance: None, owner: type) -> iteration[P, T]: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Bind to a resource, or give the declaration itself on the class."""
        if instance is None:
            return self
        return _Bound(self.function, instance, "iterate")


def iterating(item: type[T]) -> Callable[[Callable[Concatenate[Any, P], Op[None]]], iteration[P, T]]:
    """Declare an iteration and the type of its items."""

    def declare(function: Callable[Concatenate[Any, P], Op[None]]) -> iteration[P, T]:
        # What readers of the signature are told is what they get, not how it comes about.
        function.__annotations__["return"] = f"Iterator[{item.__name__}]"
        return iteration(function, item)

    return declare


class _Bound:
    """A method bound to its resource; `inspect.signature` and `help` see the declaration."""

    __slots__ = ("__wrapped__", "_instance", "_way")

    def __init__(self, function: Callable[..., Any], instance: Any, way: str) -> None:
        self.__wrapped__ = functools.partial(function, instance)
        self._instance = instance
        self._way = way

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        drive = getattr(self._instance._desk, self._way)  # noqa: SLF001 - both stand for one binding
        return drive(self.__wrapped__(*args, **kwargs))

    @property
    def __doc__(self) -> str | None:  # type: ignore[override] # read from the declaration
        return self.__wrapped__.func.__doc__

    @property
    def __name__(self) -> str:
        return self.__wrapped__.func.__name__
