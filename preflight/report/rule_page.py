"""A rule's page, made from its docstring: what it says, why, an example of each kind, the remedy and the source."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from textwrap import dedent

from preflight.rule import Rule

HEADINGS = ("Why", "Fails", "Passes", "Remedy", "Source")
FAMILIES = {
    "PF0": "Project and config",
    "PF1": "SQL",
    "PF2": "Columns, identities and types",
    "PF3": "Schedule and sync mode",
    "PF4": "Volume",
    "PF5": "Mapping and data plan",
    "PF6": "Warehouse access",
    "PF7": "Workspace",
    "PF9": "preflight itself",
}


def summary(rule: Rule) -> str:
    """The docstring's first sentence."""
    return rule.doc.strip().splitlines()[0]


def section(rule: Rule, heading: str) -> str:
    """The text under a heading of the docstring, without its indent; raises LookupError where there is no heading."""
    lines = _lines(rule.doc)
    for number, line in enumerate(lines):
        if line.startswith(f"{heading}:"):
            rest = []
            for following in lines[number + 1 :]:
                if following and not following.startswith(" "):
                    break
                rest.append(following)
            first = line.removeprefix(f"{heading}:").strip()
            return "\n".join(part for part in (first, dedent("\n".join(rest)).strip("\n")) if part)
    raise LookupError(f"rule {rule.name} has no heading {heading!r}")


@lru_cache(maxsize=1)
def _lines(doc: str) -> list[str]:
    return dedent("    " + doc).splitlines()


def _sentence(rule: Rule, heading: str) -> str:
    text = " ".join(section(rule, heading).split())
    return text[:1].upper() + text[1:]


def page(rule: Rule) -> str:
    """The page in Markdown."""
    facts = ", ".join(sorted(fact.value for fact in rule.needs)) or "nothing beyond the project and its SQL"
    uses = ", ".join(sorted(fact.value for fact in rule.uses))
    lines = [
        f"# {rule.name} ({rule.code})",
        "",
        f"{summary(rule)}",
        "",
        f"- Severity: {rule.severity.value}" + (", which the project cannot change" if rule.fixed else ""),
        f"- Judges: each {rule.scope.value}",
        f"- Needs: {facts}; without it the rule is unproven" if rule.needs else f"- Needs: {facts}",
        *([f"- Uses, where it is there: {uses}"] if uses else []),
        "",
        "## Why",
        "",
        _sentence(rule, "Why"),
        "",
        "## Fails",
        "",
        "```yaml",
        section(rule, "Fails"),
        "```",
        "",
        "## Passes",
        "",
        "```yaml",
        section(rule, "Passes"),
        "```",
        "",
        "The examples are laid over a small project and run by the tests, as `rules/README.md` describes.",
        "",
        "## Remedy",
        "",
        _sentence(rule, "Remedy"),
        "",
        "## Source",
        "",
        _sentence(rule, "Source"),
        "",
    ]
    return "\n".join(lines)


def index(rules: Iterable[Rule], *, link: str = "{name}.md") -> str:
    """A Markdown table of the rules, by family; ``link`` is where a rule's page stands."""
    lines: list[str] = []
    family = ""
    for rule in sorted(rules, key=lambda rule: rule.code):
        if rule.family != family:
            family = rule.family
            title = FAMILIES.get(family, family)
            lines += ["", f"## {family}xx: {title}", "", "| code | rule | severity | |", "|---|---|---|---|"]
        target = link.format(name=rule.name)
        lines.append(f"| {rule.code} | [{rule.name}]({target}) | {rule.severity.value} | {summary(rule)} |")
    return "\n".join(lines).lstrip("\n") + "\n"
