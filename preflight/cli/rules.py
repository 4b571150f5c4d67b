"""``preflight rules``."""

from __future__ import annotations

import click

from preflight.cli.output import write


@click.command("rules")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to list them.")
def command(output: str) -> int:
    """List every rule with its code, severity and what it says.

    \b
    Example:
      preflight rules
      preflight rules -o json
    """
    from preflight.registry import rules
    from preflight.report.rule_page import FAMILIES, ground, read_on, section, summary

    found = sorted(rules(), key=lambda rule: rule.code)
    if output == "json":
        import json

        entries = [
            {
                "code": rule.code,
                "name": rule.name,
                "family": FAMILIES.get(rule.family, rule.family),
                "severity": rule.severity.value,
                "scope": rule.scope.value,
                "needs": sorted(fact.value for fact in rule.needs),
                "uses": sorted(fact.value for fact in rule.uses),
                "summary": summary(rule),
                "source": " ".join(section(rule, "Source").split()),
                "ground": ground(rule),
                "date": read_on(rule),
            }
            for rule in found
        ]
        write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max(len(rule.name) for rule in found)
    lines = [f"{rule.code}  {rule.name:{width}}  {rule.severity.value:7}  {summary(rule)}" for rule in found]
    write("\n".join(lines) + "\n")
    return 0
