"""The page of commands, made from the command line itself."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from keyword import iskeyword

import click

from preflight.cli import COMMANDS

HEAD = """\
# Commands

Made from the command line's own help; do not edit. PATH is a project: `preflight.yml`, or a folder that holds it; this
folder, unless given. Results go to stdout, everything else to stderr. The
[exit codes](exit-codes.md) are the same for all commands.
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(
        _section(name, import_module(f"preflight.cli.{name}_" if iskeyword(name) else f"preflight.cli.{name}").command)
        for name in COMMANDS
    )


def _section(name: str, command: click.Command) -> str:
    """One command, and behind it those that it groups."""
    paragraphs = [_joined(text) for text in inspect.cleandoc(command.help or "").split("\n\n")]
    examples = [text for text in paragraphs if text.startswith("Example:")]
    prose = "\n\n".join(_escaped(text) for text in paragraphs if text not in examples)
    usage = " ".join(["preflight", name, *command.collect_usage_pieces(click.Context(command))])
    shown = "".join(f"{line.strip()}\n" for text in examples for line in text.splitlines()[1:])
    example = f"\n```sh\n{shown}```\n" if shown else ""
    inner = command.commands.items() if isinstance(command, click.Group) else ()
    own = f"\n## {name}\n\n```text\n{usage}\n```\n\n{prose}\n{_options(command)}{example}"
    return own + "".join(_section(f"{name} {below}", part) for below, part in inner)


def _joined(text: str) -> str:
    """A paragraph as one line, or as it is where it asks for that."""
    return text.removeprefix("\b\n") if text.startswith("\b") else " ".join(text.split())


def _options(command: click.Command) -> str:
    context = click.Context(command)
    records = [option.get_help_record(context) for option in command.params if isinstance(option, click.Option)]
    rows = "".join(f"| `{_cell(record[0])}` | {_escaped(_cell(record[1]))} |\n" for record in records if record)
    return f"\n| option | meaning |\n|---|---|\n{rows}" if rows else ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Text whose options and variables are set as code."""
    return re.sub(r"(?<![`\w])(--[a-z][a-z-]*|\b[A-Z]{2}_[A-Z_]+|\bPATH\b|\bFILE\b)(?![`\w])", r"`\1`", text)
