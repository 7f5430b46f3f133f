"""The word that the server is to end, for all who wait inside a request."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Stopping(asyncio.Event):
    """Set when the server is to end. Who waits for other things too has itself told, and needs no task for it."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[Callable[[], object]] = set()

    def tell(self, act: Callable[[], object]) -> None:
        """Have `act` called when it is set."""
        self._told.add(act)

    def forget(self, act: Callable[[], object]) -> None:
        """Tell it no more."""
        self._told.discard(act)

    def set(self) -> None:
        """Set it, and tell everybody."""
        super().set()
        for act in tuple(self._told):
            act()

    @contextmanager
    def told_by_signals(self) -> Iterator[None]:
        """Set it as soon as a signal tells the server to stop, which waits for all requests before it says so itself.

        The server's handlers are called as before; where it has none, or runs in another thread, nothing is changed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        before = {number: handler for number, handler in found.items() if callable(handler)}

        def stop(number: int, frame: FrameType | None) -> None:
            self.set()
            before[signal.Signals(number)](number, frame)

        for number in before:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
