"""Write the reference of Python names and error codes from the code, into docs/reference/.

    python tools/reference.py [FOLDER]

`make docs` runs it; what it writes is not kept.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tintype

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def python_page() -> str:
    """Write a heading for every public name, with the methods of classes and of a client's parts."""
    lines = ["# Python", "", "What `from tintype import …` offers. Made from the docstrings.", ""]
    for name in tintype.__all__:
        value = getattr(tintype, name)
        lines += [f"## `{name}`", ""]
        if inspect.ismodule(value):
            lines += _module(name, value)
        elif inspect.isfunction(value):
            lines += _function(name, value)
        else:
            lines += _class(name, value)
    # A client's parts are its attributes, so there has to be one to look at. It opens no connection.
    with tintype.Client("r8_reference") as client:
        for name in sorted(dir(client)):
            part = type(getattr(client, name))
            if part.__module__.startswith("tintype.replicate.resources"):
                lines += [f"## `Client.{name}`", "", *_members(f"Client.{name}", part)]
    return "\n".join(lines)


def _module(name: str, module: ModuleType) -> list[str]:
    lines = _text(module.__doc__)
    for member, function in sorted(vars(module).items()):
        if inspect.isfunction(function) and function.__module__ == module.__name__ and member[0] != "_":
            lines += [f"### `{name}.{member}`", "", *_function(member, function)]
    return lines


def _class(name: str, value: type) -> list[str]:
    # An exception's parameters are its facts, which its docstring names.
    lines = [] if issubclass(value, BaseException) else _fence(f"{name}{_signature(value)}")
    return [*lines, *_text(value.__doc__), *_members(name, value)]


def _members(name: str, value: type) -> list[str]:
    lines: list[str] = []
    for member in sorted(dir(value)):
        found = inspect.getattr_static(value, member)
        # Methods that are written once for both clients are declarations around a generator.
        function = getattr(found, "function", getattr(found, "__wrapped__", found))
        if member.startswith("_"):
            continue
        if isinstance(function, classmethod | staticmethod):
            function = function.__func__
        if inspect.isfunction(function) and function.__module__.startswith("tintype."):
            lines += [f"### `{name}.{member}`", "", *_function(member, function)]
        elif isinstance(found, property):
            lines += [f"### `{name}.{member}`", "", *_text(found.__doc__)]
    return lines


def _function(name: str, function: Any) -> list[str]:
    return [*_fence(f"{name}{_signature(function)}"), *_text(inspect.getdoc(function))]


def _signature(value: Any) -> str:
    text = str(inspect.signature(value)).replace("'", "")
    text = re.sub(r"\((self|cls)(, )?", "(", text)
    return re.sub(r"steps\.Op\[(.*)\]$", r"\1", text)


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


def _text(doc: str | None) -> list[str]:
    return [inspect.cleandoc(doc or ""), ""]


def _fence(text: str) -> list[str]:
    return ["```text", text.rstrip(), "```", ""]


def main(arguments: list[str]) -> None:
    """Write the two pages."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in (("python", python_page()), ("errors", errors_page())):
        (folder / f"{name}.md").write_text(page + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
