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
    name = rule.lower().replace("_", "-").replace(" ", "-")
    for candidate in found:
        if rule.upper() == candidate.code or name == candidate.name:
            write(page(candidate))
            return 0
    if family := [candidate.code for candidate in found if candidate.code.startswith(rule.upper())]:
        raise UsageError(f"{rule} is a family of {len(family)} rules", remedy=f"name one of: {', '.join(family)}")
    close = get_close_matches(name, [candidate.name for candidate in found], n=1)
    close = close or get_close_matches(rule.upper(), [candidate.code for candidate in found], n=1)
    remedy = f"write {close[0]}" if close else "`preflight rules` lists them"
    raise UsageError(f"no rule is called {rule!r}", remedy=remedy)
