"""What every command gets beside its own code: a variable for each option, and names that the shell can complete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PREFIX = "PREFLIGHT"


def variable(command: tuple[str, ...], option: click.Option) -> str:
    """The environment variable of an option: ``PREFLIGHT_CHECK_FAIL_ON`` for ``check --fail-on``."""
    long = max(option.opts, key=len).lstrip("-")
    return "_".join((PREFIX, *command, long)).upper().replace("-", "_")


def equip(command: click.Command, path: tuple[str, ...]) -> click.Command:
    """Give a command's options their variables, and complete the names of pipelines and rules."""
    for param in command.params:
        if isinstance(param, click.Option):
            param.envvar = variable(path, param)
        if (names := _NAMES.get(param.name or "")) is not None and param.type is click.STRING:
            param.type = names
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            equip(child, (*path, name))
    return command


class _Names(click.types.StringParamType):
    """A text that is completed by the names which ``list_names`` knows; a fault in listing them completes nothing."""

    def list_names(self) -> Iterator[str]:
        raise NotImplementedError

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        try:
            return [CompletionItem(name) for name in self.list_names() if name.startswith(incomplete)]
        except Exception:  # a shell that is completing shows no errors
            return []


class _Pipelines(_Names):
    def list_names(self) -> Iterator[str]:
        from preflight.config import load

        yield from (pipeline.id for pipeline in load(Path()).pipelines)


class _Rules(_Names):
    def list_names(self) -> Iterator[str]:
        from preflight.registry import rules

        for rule in rules():
            yield from (rule.name, rule.code)


_NAMES: dict[str, Any] = {
    "pipelines": _Pipelines(),
    "select": _Rules(),
    "ignore": _Rules(),
    "require": _Rules(),
    "rule": _Rules(),
}
