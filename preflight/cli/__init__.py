"""The command line: lazy commands, one file each, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

COMMANDS = {
    "check": "Judge the project; write nothing anywhere.",
    "plan": "Show what apply would do to the workspace.",
    "apply": "Check, then create or update what the project describes.",
    "verify": "Compare what the pipelines' latest runs read with what was counted.",
    "ci": "Check in CI, as its service and its credentials allow.",
    "diff": "Show what a change does to the payload.",
    "lock": "Write what the warehouses say, for runs without credentials.",
    "dbt": "Write dbt exposures of the pipelines.",
    "drift": "Compare the workspace and the warehouse with the project.",
    "doctor": "Walk the route to each warehouse and to the workspace.",
    "slots": "Show the workspace's slots for active pipelines.",
    "preview": "Show what a pipeline's rows become, as batches.",
    "import": "Write a project from what the workspace holds.",
    "rules": "List the rules.",
    "explain": "Show a rule's page.",
    "sandbox": "Run a local stand-in of the mParticle API.",
    "init": "Write a small project to start from.",
    "config": "Show what preflight reads, and from where.",
    "schema": "Print the project file's JSON Schema, for editors.",
    "completion": "Print what makes a shell complete preflight's words.",
}
"""Each command with its one line of help; its module is imported when it is called."""


class _Lazy(click.Group):
    """A group that imports a command's module when the command is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name != "check":
            gc.enable()
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        from preflight.cli.environment import equip

        return equip(import_module(f"preflight.cli.{module}").command, (cmd_name,))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-V", "--version", is_flag=True, help="Print the version.")
@click.pass_context
def cli(ctx: click.Context, version: bool) -> None:
    """Prove that an mParticle Warehouse Sync pipeline will be accepted and does what was meant, before it is created.

    \b
    Example:
      preflight check
      preflight apply

    Every option can be given by a variable too: PREFLIGHT_CHECK_FAIL_ON stands for `check --fail-on`.
    """
    if version:
        from preflight import __version__

        click.echo(f"preflight {__version__}")
        ctx.exit()
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        click.echo("\nStart with `preflight init`, or run `preflight check` where a preflight.yml is.")


def run(arguments: list[str]) -> int:
    """Run the command line; every way that it can end becomes an exit code and at most a few lines on stderr."""
    from preflight.cli.output import complain
    from preflight.errors import PreflightError
    from preflight.terminal import aside

    if sys.stderr is None:  # it was closed before preflight began
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stdout is None:  # it was closed before preflight began
        complain("standard output is closed", "open it, or send it to /dev/null")
        return 3
    try:
        result = cli.main(args=arguments, prog_name="preflight", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # of click 8.2 and later; its message is the whole help
            aside(f"{error.format_message()}\n")
            return 2
        where = getattr(error, "ctx", None)
        complain(error.format_message(), f"run `{where.command_path} --help`" if where else "")
        return 2
    except (KeyboardInterrupt, click.Abort):
        aside("interrupted\n")
        return 130
    except PreflightError as error:
        complain(error.message, error.remedy)
        return error.exit_code
    except BrokenPipeError:
        _abandon_stdout()
        return 0
    except Exception as error:  # whatever is left is a bug of ours: the user gets no traceback, but its place
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF):
            _abandon_stdout()
            complain(f"the result cannot be written: {error.strerror}", "write it to another place with -o")
            return 3
        from preflight.cli.bug import report_bug

        return report_bug()


def _abandon_stdout() -> None:
    """Let nothing more be written where nobody reads, not even when Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
