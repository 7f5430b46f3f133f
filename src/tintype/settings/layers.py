"""Where settings are said: arguments, the environment, `.env`, `tintype.toml`, each over those after it.

Variables in the values of a `.env` are not replaced: a stranger's folder could have the token put into an address.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tintype.domain import catalogue
from tintype.domain.errors import ConfigurationError
from tintype.replicate import config as config_file
from tintype.replicate import settings as replicate_settings
from tintype.replicate import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ARGUMENT = "argument"
ENVIRONMENT = "environment"
DEFAULT = "default"
# What the client's own rules read, beside the fields of the settings.
_CLIENTS = (replicate_settings.URL_KEY, *(name.lower() for name in tokens.NAMES))


@dataclass(frozen=True, slots=True)
class Layers:
    """What each layer says, strongest first, and what is wrong with how it says it.

    `unknown` tells the variables that look like settings and are none.
    """

    said: tuple[tuple[str, Mapping[str, Any]], ...]
    faults: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        given: Mapping[str, Any],
        *,
        names: Sequence[str],
        prefix: str,
        dotenv: Path | None = None,
        config: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Read all layers. `dotenv` and `config` are files in place of the working folder's.

        Raises ConfigurationError for a file that cannot be read.
        """
        surroundings = os.environ if environ is None else environ
        file = tokens.read_dotenv(file=dotenv)
        toml = config_file.read(surroundings) if config is None else config_file.at(config)
        return cls(
            (
                (ARGUMENT, {name: value for name, value in given.items() if value is not None}),
                (ENVIRONMENT, _named(surroundings, names, prefix)),
                (tokens.DOTENV, _named(file, names, prefix)),
                (tokens.CONFIG, {name: _plain(toml.values[name]) for name in names if name in toml.values}),
            ),
            (*_unknown(toml, names), *_addresses(surroundings, toml)),
            (
                *_strange(surroundings, names, prefix),
                *_strange(file, names, prefix, of=f" in {tokens.DOTENV}"),
            ),
        )

    def values(self) -> dict[str, Any]:
        """Return what is said of each setting, by the strongest layer."""
        merged: dict[str, Any] = {}
        for _, values in reversed(self.said):
            merged |= values
        return merged

    def source(self, name: str) -> str:
        """Return the layer that a setting is from."""
        return next((layer for layer, values in self.said if name in values), DEFAULT)


def _named(surroundings: Mapping[str, str], names: Sequence[str], prefix: str) -> dict[str, Any]:
    """Return the variables of these names; an empty one says nothing."""
    upper = {name.upper(): value.strip() for name, value in surroundings.items()}
    found = ((name, upper.get(f"{prefix}{name}".upper(), "")) for name in names)
    return {name: value for name, value in found if value}


def _strange(
    surroundings: Mapping[str, str], names: Sequence[str], prefix: str, *, of: str = ""
) -> list[str]:
    """Tell each variable with the prefix that is none of ours, with the nearest that is."""
    known = [*(f"{prefix}{name}".upper() for name in (*names, *_CLIENTS)), config_file.NAME]
    told = []
    for name in sorted(surroundings):
        if name.upper().startswith(prefix) and name.upper() not in known:
            near = catalogue.nearest(name.upper(), known)
            hint = f"did you mean {near}?" if near else "see the names with: tintype settings"
            told.append(f"{name}{of} is no setting; {hint}")
    return told


def _plain(value: Any) -> Any:
    """Return a TOML value as a variable would say it, so that `true` is no number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _unknown(toml: config_file.Config, names: Sequence[str]) -> list[str]:
    """Tell each name in the file that is none of ours, with the nearest that is."""
    known = (*names, *_CLIENTS)
    told = []
    for name in toml.values:
        if name not in known:
            near = catalogue.nearest(name.removeprefix("tintype_"), known)
            hint = f"; did you mean {near}?" if near else "; see the names with: tintype settings"
            told.append(f"{toml.path.name} knows no {name!r}{hint}")
    return told


def _addresses(surroundings: Mapping[str, str], toml: config_file.Config) -> list[str]:
    """Judge upstream's address here too where it counts whatever the token is, so that all is told at once."""
    told = []
    for name, text in (
        (replicate_settings.URL_NAME, surroundings.get(replicate_settings.URL_NAME, "")),
        (
            f"{toml.path.name}: {replicate_settings.URL_KEY}",
            toml.text(replicate_settings.URL_KEY) if toml.is_named else "",
        ),
    ):
        if text.strip():
            try:
                replicate_settings.origin(text)
            except ConfigurationError as fault:
                told.append(f"{name}: {fault}")
    return told


__all__ = ["ARGUMENT", "DEFAULT", "ENVIRONMENT", "Layers"]
