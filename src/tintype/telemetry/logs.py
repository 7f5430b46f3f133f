"""Write the log of a server or worker: lines of JSON, or lines for a person's eyes; never a secret.

    logs.configure(level="info", as_json=None, secrets=[token])

Everything that is logged goes through the same steps: ours, uvicorn's, procrastinate's, and whatever else uses the
standard library's `logging`. The last step before writing masks what has the shape of a secret, in exceptions too.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from tintype import masking
from tintype.domain.errors import ConfigurationError
from tintype.replicate import settings as replicate_settings
from tintype.telemetry import journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping

    from structlog.types import EventDict, Processor, WrappedLogger

    from tintype.settings import Settings

# These write headers and bodies at their finest level; from warnings on they are quiet and harmless.
_QUIET = (
    "httpx2",
    "httpcore2",
    "asyncio",
    "psycopg",
    "psycopg.pool",
    "obstore",
    "PIL",
    "procrastinate.blueprints",
)
_OTHERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "procrastinate", "alembic")
# Whatever stands under these names is not shown at all.
_HIDDEN = frozenset(
    {"authorization", "cookie", "password", "secret", "token", "api_key", "headers", "body", "webhook_secret"}
)
_SECRET_LENGTH_LEAST = 8
_DEPTH_MAX = 6


def set_up(settings: Settings) -> None:
    """Write the log as the settings say, to standard error, without the secrets that they hold."""
    configure(level=settings.log_level, as_json=settings.log_json, secrets=_secrets(settings))


def configure(
    *,
    level: str = "info",
    as_json: bool | None = None,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Write everything that is logged in this process to `stream`, by default standard error, in place of before.

    Without `as_json` it is JSON unless the stream is a terminal. `secrets` are masked wherever they stand.
    """
    to = stream or sys.stderr
    is_json = not to.isatty() if as_json is None else as_json
    steps: list[Processor] = [
        _with_facts,
        add_log_level,
        add_logger_name,
        ExtraAdder(),
        _without_colours,
        TimeStamper(fmt="iso", utc=True),
        format_exc_info,
    ]
    renderer: Processor = JSONRenderer(ensure_ascii=False, default=str)
    if not is_json:
        renderer = structlog.dev.ConsoleRenderer(
            colors=to.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = _Handler(to)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[ProcessorFormatter.remove_processors_meta, Mask(secrets), renderer],
        )
    )
    _route(handler, level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *(step for step in steps if not isinstance(step, ExtraAdder)),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable


class Mask:
    """Takes what is secret out of a line: by its shape, by the name it stands under, or because it is known."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = tuple(
            sorted({one for one in secrets if len(one) >= _SECRET_LENGTH_LEAST}, key=len, reverse=True)
        )

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """Return the line without secrets."""
        del logger, name
        return {key: self._value(key, value, 0) for key, value in event.items()}

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if key.lower() in _HIDDEN and value is not None:
            return masking.MASK
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict) and depth < _DEPTH_MAX:
            return {str(name): self._value(str(name), one, depth + 1) for name, one in value.items()}
        if isinstance(value, list | tuple) and depth < _DEPTH_MAX:
            return [self._value("", one, depth + 1) for one in value]
        return self._text(value if isinstance(value, str) else str(value))

    def _text(self, text: str) -> str:
        for one in self._known:
            text = text.replace(one, masking.MASK)
        return masking.masked(text)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines. One that cannot be written is told of in a word: the usual way prints what was to be masked."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say where a line could not be made."""
        kind = sys.exc_info()[0]
        why = kind.__name__ if kind is not None else "unknown"
        try:
            self.stream.write(
                f"a log line of {record.name} at line {record.lineno} could not be written: {why}\n"
            )
        except (OSError, ValueError):
            # Nobody reads the log any more; that is no reason to stop.
            return


def _secrets(settings: Settings) -> Iterator[str]:
    # A token that cannot be used, or that is not there, is told of by whoever needs it.
    with contextlib.suppress(ConfigurationError):
        yield replicate_settings.resolve().token.reveal()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        text = value.get_secret_value()
        if not name.endswith("_url"):
            yield text
        elif (password := urlsplit(text).password) is not None:
            yield from {password, unquote(password)}


def _route(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("tintype").setLevel(level)
    for name in _OTHERS:
        one = logging.getLogger(name)
        one.handlers.clear()
        one.propagate = True
        one.setLevel(max(logging.getLevelName(level), logging.INFO))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _with_facts(
    logger: WrappedLogger, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put the facts of the context on a line, below what it says itself."""
    del logger, name
    for key, value in journal.facts().items():
        event.setdefault(key, value)
    return event


def _without_colours(
    logger: WrappedLogger, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop a line's second text, which uvicorn writes for terminals."""
    del logger, name
    event.pop("color_message", None)
    return event


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and failure.exc_type is not SystemExit:
        logging.getLogger("tintype").error("a thread failed", exc_info=failure.exc_value)


def _unraisable(failure: Any) -> None:
    logging.getLogger("tintype").error("a failure that nobody could catch", exc_info=failure.exc_value)


__all__ = ["Mask", "configure", "set_up"]
