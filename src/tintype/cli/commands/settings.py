"""`tintype settings`: every setting with its value, where that is from, and what it takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from tintype import masking
from tintype.cli import options, screen, studio, upstream
from tintype.replicate import settings as replicate_settings
from tintype.replicate import tokens

if TYPE_CHECKING:
    from tintype.settings import Settings

EXAMPLES = """\b
Examples:
  tintype settings
  TINTYPE_CONFIG=/etc/tintype/tintype.toml tintype settings --json
"""
TOKEN = "REPLICATE_API_TOKEN"  # noqa: S105 - the name of a variable

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it is shown, with no secret in it."""

    name: str
    value: Any
    source: str
    takes: str


@app.command(epilog=EXAMPLES)
def settings(
    *,
    as_json: options.AsJson = False,
) -> None:
    """Show every setting: its value with secrets masked, and where it is from.

    What is said in several places counts from the first of: arguments, environment, .env, tintype.toml. Whatever is
    wrong is refused, all of it at once, with exit code 2.
    """
    lines = shown()
    if as_json:
        screen.put_json({"settings": [asdict(line) for line in lines]})
    else:
        screen.put_table(
            ["setting", "source", "value"], [[line.name, line.source, _written(line.value)] for line in lines]
        )


def shown() -> list[Line]:
    """Return every setting as it stands. Raises ConfigurationError where one is wrong."""
    from tintype import settings as all_settings  # noqa: PLC0415 - pydantic, which --help need not wait for
    from tintype.local import simulated  # noqa: PLC0415 - as above

    loaded = all_settings.load_with_sources()
    for told in loaded.unknown:
        studio.note(told)
    place = upstream.stated()
    if place is None:
        replicate_settings.refuse_lonely_url()
        studio.note(simulated.left_alone(loaded.settings))
    else:
        all_settings.upstream(loaded.settings)
    lines = [
        Line(
            f"{all_settings.PREFIX}{name.upper()}",
            _value(loaded.settings, name),
            source,
            all_settings.takes(name),
        )
        for name, source in loaded.sources.items()
    ]
    return [*_upstreams(place), *lines]


def _upstreams(found: replicate_settings.Upstream | None) -> list[Line]:
    """Return what the client's own rules make of token and address."""
    takes = ("a token of Replicate's, r8_…", "upstream's origin, like https://api.replicate.com")
    if found is None:
        return [
            Line(TOKEN, None, "default", takes[0]),
            Line(replicate_settings.URL_NAME, None, "default", takes[1]),
        ]
    source = "environment" if found.source in tokens.NAMES else found.source
    name = found.source if found.source in tokens.NAMES else TOKEN
    return [
        Line(name, upstream.masked(found.token), source, takes[0]),
        Line(replicate_settings.URL_NAME, found.origin, found.origin_source, takes[1]),
    ]


def _value(made: Settings, name: str) -> Any:
    """Return a value for JSON, without what is secret in it."""
    value = getattr(made, name)
    if hasattr(value, "get_secret_value"):
        secret = value.get_secret_value()
        return masking.masked(secret) if name.endswith("_url") else masking.masked_token(secret)
    if name.endswith("_rate") and value is None:
        return "off"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return [str(getattr(one, "name", one)) for one in value]
    return masking.masked(str(value)) if name.endswith("_url") else str(value)


def _written(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:g}"
    return (", ".join(value) or "-") if isinstance(value, list) else str(value)
