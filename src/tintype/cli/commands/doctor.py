"""`tintype doctor`: what is configured, reachable and missing, each with the next step."""

from __future__ import annotations

import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata, util

import typer

from tintype import folders
from tintype.cli import exits, options, screen, upstream
from tintype.domain.errors import ConfigurationError, KeyringUnavailable, TintypeError
from tintype.replicate import settings, tokens

EXAMPLES = """\b
Examples:
  tintype doctor
  tintype doctor --json
"""

# What each extra brings, by a module that only it needs.
EXTRAS = {
    "cli": ("rich", "keyring", "textual_image", "PIL"),
    "simulator": ("starlette", "uvicorn", "av", "font_source_sans_pro"),
    "server": ("psycopg", "procrastinate", "alembic", "obstore"),
}
# Upstream's rules for signatures and deadlines stop working at about this difference.
CLOCK_S_MAX = 300.0

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `next_step` says what to do where it is missing; `is_needed` decides the exit."""

    name: str
    is_ok: bool
    found: str
    next_step: str = ""
    is_needed: bool = True


@app.command(epilog=EXAMPLES)
def doctor(
    *,
    as_json: options.AsJson = False,
) -> None:
    """Say what is configured, reachable and missing, each with the next step.

    The exit code is 0 when all that is needed is there, else 1.
    """
    checks = [
        _python(),
        *(_extra(name, modules) for name, modules in EXTRAS.items()),
        *_upstream(),
        *_strange(),
        _keyring(),
        _data_folder(),
        _font(),
        _film_encoder(),
    ]
    missing = [check for check in checks if check.is_needed and not check.is_ok]
    if as_json:
        screen.put_json({"ok": not missing, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            _put(check)
    if missing:
        raise exits.Failure(f"missing: {', '.join(check.name for check in missing)}")


def _put(check: Check) -> None:
    mark = "ok" if check.is_ok else "missing" if check.is_needed else "without"
    screen.put(f"{mark:<8} {check.name:<13} {check.found}")
    if check.next_step and not check.is_ok:
        screen.put(f"{'':<22} {check.next_step}")


def _python() -> Check:
    version = metadata.version("tintype")
    return Check(
        name="python",
        is_ok=(3, 11) <= sys.version_info[:2] <= (3, 14),
        found=f"{platform.python_version()}, tintype {version}, {platform.system()} {platform.machine()}",
        next_step="install Python 3.11 to 3.14",
    )


def _extra(name: str, modules: tuple[str, ...]) -> Check:
    absent = [module for module in modules if util.find_spec(module) is None]
    return Check(
        name=f"extra {name}",
        is_ok=not absent,
        found="installed" if not absent else f"not installed: {', '.join(absent)}",
        next_step=f"pip install 'tintype[{name}]'",
        is_needed=name == "cli",
    )


def _upstream() -> list[Check]:
    """Look at the token, at the upstream as that token sees it, and at the clocks of both sides."""
    how = "run: tintype token set, or set REPLICATE_API_TOKEN; without one, work goes to the simulator"
    try:
        place = upstream.stated()
    except ConfigurationError as error:
        return [Check(name="token", is_ok=False, found=exits.one_line(str(error)), next_step=how)]
    if place is None:
        return [Check(name="token", is_ok=False, found="none", next_step=how)]
    found = Check(name="token", is_ok=True, found=f"{upstream.masked(place.token)} from {place.source}")
    return [found, *_answer(place)]


def _strange() -> list[Check]:
    """Tell the variables that look like settings and are none."""
    from tintype import settings as all_settings  # noqa: PLC0415 - pydantic, which --help need not wait for

    try:
        unknown = all_settings.load_with_sources().unknown
    except ConfigurationError as error:
        return [
            Check(
                name="settings",
                is_ok=False,
                found=exits.one_line(str(error)),
                next_step="see: tintype settings --help",
            )
        ]
    return [
        Check(
            name="settings", is_ok=False, found=told, next_step="take it out, or correct it", is_needed=False
        )
        for told in unknown
    ]


def _answer(place: settings.Upstream) -> list[Check]:
    from tintype.replicate.client import Client  # noqa: PLC0415 - only where there is a token to ask with
    from tintype.replicate.policy import Policy  # noqa: PLC0415 - as above

    with Client(read_s=10.0, policy=Policy(pauses_s=(0.5,))) as client:
        try:
            account = client.account.get()
        except TintypeError as error:
            found = f"{place.origin}: {exits.one_line(str(error))}"
            return [Check(name="upstream", is_ok=False, found=found, next_step=_help_with(error))]
        ahead_s = client.clock_ahead_s or 0.0
    return [
        Check(name="upstream", is_ok=True, found=f"{place.origin} as {account.username}"),
        Check(
            name="clock",
            is_ok=abs(ahead_s) < CLOCK_S_MAX,
            found=f"{abs(ahead_s):.1f} s {'behind' if ahead_s > 0 else 'ahead of'} the upstream's",
            next_step="set this machine's clock, or let it be set from the network",
        ),
    ]


def _help_with(error: TintypeError) -> str:
    if error.status == 401:
        return "the token was refused; set another with: tintype token set"
    return f"see that this machine reaches it, or set {settings.URL_NAME}"


def _keyring() -> Check:
    try:
        has_token = tokens.stored() is not None
    except KeyringUnavailable as error:
        return Check(
            name="keyring",
            is_ok=False,
            found=exits.one_line(str(error)),
            next_step="set REPLICATE_API_TOKEN in the environment or in a .env file",
            is_needed=False,
        )
    except ConfigurationError:
        return Check(name="keyring", is_ok=False, found="holds a token that cannot be one", is_needed=False)
    return Check(name="keyring", is_ok=True, found="holds a token" if has_token else "there, holds no token")


def _data_folder() -> Check:
    folder = folders.data()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            is_ok = True
    except OSError:
        is_ok = False
    state = "" if folder.exists() else ", made when first needed"
    return Check(
        name="data folder",
        is_ok=is_ok,
        found=f"{folder}{state}" if is_ok else f"{folder} cannot be written",
        next_step="set TINTYPE_DATA to a folder that can be",
    )


def _font() -> Check:
    is_ok = util.find_spec("font_source_sans_pro") is not None
    return Check(
        name="font",
        is_ok=is_ok,
        found="Source Sans Pro, for the simulator's pictures"
        if is_ok
        else "none for the simulator's pictures",
        next_step="pip install 'tintype[simulator]'",
        is_needed=False,
    )


def _film_encoder() -> Check:
    next_step = "pip install 'tintype[simulator]'"
    if util.find_spec("av") is None:
        return Check(
            name="films", is_ok=False, found="PyAV is not installed", next_step=next_step, is_needed=False
        )
    import av  # noqa: PLC0415 - takes longer to import than all other checks

    is_ok = "libx264" in av.codecs_available
    found = f"PyAV {av.__version__} with FFmpeg, {'' if is_ok else 'without '}libx264"
    return Check(name="films", is_ok=is_ok, found=found, next_step=next_step, is_needed=False)
