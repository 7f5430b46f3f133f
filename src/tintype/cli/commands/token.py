"""`tintype token`: keep the Replicate token in the system keyring, never an argument, never printed."""

from __future__ import annotations

import sys

import typer

from tintype.cli import exits, options, screen, upstream
from tintype.domain.errors import ConfigurationError
from tintype.replicate import tokens

SET_EXAMPLES = """\b
Examples:
  tintype token set
  tintype token set < token.txt
"""

STATUS_EXAMPLES = """\b
Examples:
  tintype token status
  tintype token status --json
"""

DELETE_EXAMPLES = """\b
Example:
  tintype token delete
"""

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Keep the Replicate token in the system keyring.",
    epilog="""\b
Examples:
  tintype token set
  tintype token set < token.txt
  tintype token status
  tintype token delete
""",
)


@app.command("set", epilog=SET_EXAMPLES)
def set_() -> None:
    """Ask for the token without showing it, or read it from standard input, and keep it in the keyring."""
    # Asked first, so that nobody pastes a token for nothing.
    tokens.stored()
    given = tokens.Token(_asked())
    tokens.store(given.reveal())
    kept = tokens.stored()
    if kept is None or kept.reveal() != given.reveal():
        raise exits.Failure(
            "the keyring took the token but does not give it back; set REPLICATE_API_TOKEN instead"
        )
    screen.put("The token is in the keyring. Check it with: tintype doctor")
    _say_what_comes_first()


@app.command("status", epilog=STATUS_EXAMPLES)
def status(
    *,
    as_json: options.AsJson = False,
) -> None:
    """Say where the token in use comes from, without showing it. Exit code 1 when there is none."""
    place = upstream.stated()
    if as_json:
        screen.put_json(
            {
                "source": place.source if place else None,
                "token": upstream.masked(place.token) if place else None,
                "upstream": place.origin if place else None,
            }
        )
    elif place is not None:
        screen.put(f"{upstream.masked(place.token)} from {place.source}, for {place.origin}")
    if place is None:
        raise exits.Failure("no token is set; run: tintype token set, or set REPLICATE_API_TOKEN")


@app.command("delete", epilog=DELETE_EXAMPLES)
def delete() -> None:
    """Take the token out of the keyring."""
    screen.put(
        "The token is no longer in the keyring." if tokens.delete() else "There was no token in the keyring."
    )
    _say_what_comes_first()


def _asked() -> str:
    if sys.stdin.isatty():
        from getpass import getpass  # noqa: PLC0415 - needed only at a terminal

        return getpass("Replicate token (not shown): ")
    text = sys.stdin.readline()
    if not text.strip():
        raise ConfigurationError(
            "no token on standard input; pipe it in, or run this at a terminal to be asked"
        )
    return text


def _say_what_comes_first() -> None:
    """Tell when a variable or a .env goes before the keyring, which would otherwise puzzle."""
    try:
        place = upstream.stated()
    except ConfigurationError:
        return
    if place is not None and place.source != tokens.KEYRING:
        screen.say(f"Note: the token from {place.source} goes before the keyring.")
