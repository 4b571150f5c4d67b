"""A rule's page, made from its docstring: what it says, why, an example of each kind, the remedy and the source."""

from __future__ import annotations

import re
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

GROUNDS = {
    "V2": "read on a page of the API's second version",
    "V1": "read in the documentation source of 2023",
    "OAS": "the Events API's published schema",
    "3P": "read by a third party",
    "RFC": "a standard",
    "SQL": "the warehouses' own SQL",
    "OWN": "preflight's own grammar or bound",
    "INF": "inferred",
}
"""How sure a rule's source is: the marks that a docstring's Source may hold, surest first."""
_SOURCES_READ = "2026-11-23"
"""The day on which the pages that Source names were read, unless it names another."""
_MARKS = {"SQL": r"the warehouses' SQL", "OWN": r"preflight's own", "RFC": r"\bRFC \d+"}
_DAY = re.compile(r"\bon (\d{1,2}) ([A-Z][a-z]+) (\d{4})")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def ground(rule: Rule) -> tuple[str, ...]:
    """The marks of the rule's source, surest first."""
    source = " ".join(section(rule, "Source").split())
    return tuple(mark for mark in GROUNDS if re.search(_MARKS.get(mark, rf"\b{mark}\b"), source))


def read_on(rule: Rule) -> str:
    """The day (ISO 8601) on which the rule's source was read; empty where there is no page to read."""
    if not set(ground(rule)) & {"V2", "V1", "OAS", "3P", "RFC"}:
        return ""
    found = _DAY.search(" ".join(section(rule, "Source").split()))
    if found is None:
        return _SOURCES_READ
    return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02}-{int(found[1]):02}"


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
        f"- Ground: {_ground_words(rule)}",
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


def _ground_words(rule: Rule) -> str:
    words = "; ".join(f"{mark}, {GROUNDS[mark]}" for mark in ground(rule))
    day = read_on(rule)
    return f"{words} (read on {day})" if day else words


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
