"""``preflight completion``."""

from __future__ import annotations

import click

from preflight.cli.output import write

_WHERE = {
    "bash": '# add to ~/.bashrc: eval "$(preflight completion bash)"',
    "zsh": '# add to ~/.zshrc: eval "$(preflight completion zsh)"',
    "fish": "# write to ~/.config/fish/completions/preflight.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def command(shell: str) -> int:
    """Print what makes a shell complete commands, options, pipelines and rules.

    \b
    Example:
      eval "$(preflight completion bash)"
      preflight completion fish > ~/.config/fish/completions/preflight.fish
    """
    from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

    from preflight.cli import cli

    kinds: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    complete = kinds[shell](cli, {}, "preflight", "_PREFLIGHT_COMPLETE")
    write(f"{_WHERE[shell]}\n{complete.source_template % complete.source_vars()}\n")
    return 0
