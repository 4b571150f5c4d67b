"""``preflight explain``."""

from __future__ import annotations

import click

from preflight.cli.output import write
from preflight.errors import UsageError


@click.command("explain")
@click.argument("rule", metavar="CODE|NAME")
def command(rule: str) -> int:
    """Show a rule's page: what it says, why, an example of each kind, the remedy and the source.

    \b
    Example:
      preflight explain PF401
      preflight explain misspelt-identity
    """
    from difflib import get_close_matches

    from preflight.registry import rules
    from preflight.report.rule_page import page

    found = rules()
    for candidate in found:
        if rule.upper() == candidate.code or rule.lower() == candidate.name:
            write(page(candidate))
            return 0
    known = [name for candidate in found for name in (candidate.name, candidate.code)]
    close = get_close_matches(rule, known, n=1) or get_close_matches(rule.upper(), known, n=1)
    remedy = f"did you mean {close[0]}?" if close else "`preflight rules` lists them"
    raise UsageError(f"no rule is called {rule!r}", remedy=remedy)
