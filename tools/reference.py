"""Write the reference of Python names, error codes and commands from the code, into docs/reference/.

    python tools/reference.py [FOLDER]

`make docs` runs it; what it writes is not kept.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import tintype
from tintype.cli import app as cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


def python_page() -> str:
    """Write a heading for every public name of the package, with the methods of classes."""
    lines = ["# Python", "", "What `from tintype import …` offers. Made from the docstrings.", ""]
    for name in tintype.__all__:
        value = getattr(tintype, name)
        lines += [f"## `{name}`", ""]
        if inspect.ismodule(value):
            lines += _text(value.__doc__)
            for member, function in _public(value):
                if inspect.isfunction(function) and function.__module__ == value.__name__:
                    lines += [f"### `{name}.{member}`", "", *_function(member, function)]
        else:
            lines += _class(name, value)
    return "\n".join(lines)


def _class(name: str, value: type) -> list[str]:
    lines: list[str] = []
    # An exception's parameters are its facts, which its docstring names.
    if not issubclass(value, BaseException):
        lines += _fence(f"{name}{_signature(value)}")
    lines += _text(value.__doc__)
    for member, found in _public(value):
        if inspect.isclass(found):
            continue
        if callable(found):
            lines += [f"### `{name}.{member}`", "", *_function(member, found)]
        elif isinstance(found, property):
            lines += [f"### `{name}.{member}`", "", *_text(found.__doc__)]
    return lines


def _function(name: str, function: Any) -> list[str]:
    return [*_fence(f"{name}{_signature(function)}"), *_text(inspect.getdoc(function))]


def _public(value: Any) -> Iterator[tuple[str, Any]]:
    for name in sorted(vars(value)):
        if not name.startswith("_"):
            yield name, getattr(value, name)


def _signature(value: Any) -> str:
    try:
        return str(inspect.signature(value)).replace("'", "")
    except ValueError:
        return "(…)"


def errors_page() -> str:
    """Write a heading for every error code, with the class that carries it."""
    errors = importlib.import_module("tintype.domain.errors")
    lines = ["# Errors", "", "A heading for each `code`, with the class that carries it.", ""]
    drawing = inspect.getdoc(errors) or ""
    lines += _fence(drawing[drawing.index("TintypeError") :].split("\n\n")[0])
    for error in _tree(errors.TintypeError):
        lines += [f"## `{error.code}`", "", f"`{error.__name__}`, a `{error.__mro__[1].__name__}`.", ""]
        lines += _text(error.__doc__)
    return "\n".join(lines)


def _tree(error: Any) -> Iterator[Any]:
    yield error
    for child in error.__subclasses__():
        yield from _tree(child)


def commands_page() -> str:
    """Write a heading for every command, with its help as the terminal shows it."""
    lines = ["# Commands", "", "What each command's `--help` says.", ""]
    group: Any = typer.main.get_command(cli.app)
    for name in cli.COMMANDS:
        lines += _command(f"tintype {name}", group.get_command(None, name))
    return "\n".join(lines)


def _command(path: str, command: Any) -> list[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    lines = [f"## `{path}`", "", *_fence(command.get_help(context))]
    for name, child in sorted(getattr(command, "commands", {}).items()):
        lines += _command(f"{path} {name}", child)
    return lines


def _text(doc: str | None) -> list[str]:
    return [inspect.cleandoc(doc or ""), ""]


def _fence(text: str) -> list[str]:
    return ["```text", text.rstrip(), "```", ""]


def main(arguments: list[str]) -> None:
    """Write the three pages."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in (("python", python_page()), ("errors", errors_page()), ("commands", commands_page())):
        (folder / f"{name}.md").write_text(page + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
