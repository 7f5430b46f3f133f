"""How a command ends early: a line for the person and an exit code for the shell.

Exit
├── Refusal      2    the command or the configuration asks for something that cannot be done
├── Failure      1    upstream, the network or the disk did not do it
└── Interrupted  130  Ctrl-C
"""

from __future__ import annotations

from tintype import masking
from tintype.cli import screen


class Exit(Exception):
    """The end of a command: one line, and its exit code."""

    exit_code = 1


class Refusal(Exit):
    """What was asked cannot be done as asked; the line says what is allowed."""

    exit_code = 2


class Failure(Exit):
    """What was asked was right, but it was not done; the line says why and what to do next."""

    exit_code = 1


class Interrupted(Exit):
    """A person pressed Ctrl-C; the line says what became of the work."""

    exit_code = 130


def of(error: Exception) -> Exit:
    """Turn any error into the end it deserves: upstream's, the system's, or a fault of our own."""
    from tintype.domain import errors  # noqa: PLC0415 - not needed to answer --help

    if isinstance(error, Exit):
        return error
    if isinstance(error, errors.TintypeError):
        wrong_input = (
            errors.ConfigurationError,
            errors.InputError,
            errors.InvalidInput,
            errors.NotFound,
            errors.KeyUnknown,
            errors.NotThere,
            errors.UnknownModel,
        )
        is_wrong = isinstance(error, wrong_input) and not isinstance(error, errors.RetentionPassed)
        return Refusal(str(error)) if is_wrong else Failure(str(error))
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return Failure(f"{error.strerror or type(error).__name__}{where}")
    # The message of an unforeseen error may quote anything, a header too: the place is told, not the words.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return Failure(f"a fault in tintype itself: {type(error).__name__}{place}; please report it")


def one_line(message: str) -> str:
    """Join the lines of a message into one, mask what has the shape of a token, and show by its code what steers."""
    joined = "; ".join(line.strip() for line in message.splitlines() if line.strip())
    return screen.plain(masking.without_tokens(joined))
