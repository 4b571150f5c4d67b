"""Phrases that several formats share, as plain text: nothing here is escaped or cleaned."""

from __future__ import annotations

from collections import Counter

from preflight.finding import Depth, Failure, Finding, Measure, Report, Severity, State, Suppression, Waiver
from preflight.report.subjects import Standing

DEPTHS = {
    Depth.STATIC: "static: only the project and its SQL were read, no warehouse was asked",
    Depth.LOCKED: "locked: the schema lock was read in place of the warehouse",
    Depth.LOCAL: "local: a stand-in was read in place of the warehouse",
    Depth.LIVE: "live: the warehouse was asked",
}
_PROVEN: dict[Depth, str] = {Depth.LOCKED: "proven against the lock", Depth.LOCAL: "proven on a stand-in"}


def standing_words(standing: Standing, depth: Depth) -> str:
    """How a subject stands after a run of this depth."""
    if standing in (Standing.ERRORS, Standing.UNPROVEN):
        return str(standing.value)
    proven = _PROVEN.get(depth, Standing.PROVEN.value)
    return f"{proven}, with remarks" if standing is Standing.REMARKS else proven


def number(value: float | str) -> str:
    """A number with its thousands apart; a text as it is."""
    return value if isinstance(value, str) else f"{value:,}"


def measure_words(measure: Measure) -> str:
    """What was weighed, against what, and on what basis."""
    unit = f" {_counted(measure)}" if measure.unit not in ("", measure.name) else ""
    limit = f", limit {measure.limit:,}" if measure.limit is not None else ""
    return f"{measure.name}: {number(measure.value)}{unit}{limit} ({measure.basis})"


def _counted(measure: Measure) -> str:
    """The unit as it stands behind its number: of one in the singular."""
    if measure.value != 1:
        return measure.unit
    noun, _, rest = measure.unit.partition(" ")
    one = noun.removesuffix("es" if noun.endswith("ches") else "s")
    return f"{one} {rest}".rstrip()


def waiver_words(waiver: Waiver) -> str:
    """Until when, by whom and why."""
    return f"until {waiver.expires} by {waiver.owner}: {waiver.reason}"


def suppression_words(suppression: Suppression) -> str:
    """Until when, where and why."""
    until = f"until {suppression.expires} " if suppression.expires else ""
    return f"{until}at {suppression.place.path}:{suppression.place.line}: {suppression.reason}"


def accepted_words(finding: Finding) -> tuple[str, ...]:
    """Why a finding does not count against a check; none for an open one."""
    words = [f"waived {waiver_words(finding.waiver)}"] if finding.waiver is not None else []
    if finding.suppression is not None:
        words.append(f"suppressed {suppression_words(finding.suppression)}")
    return (*words, "in the baseline") if finding.baselined else tuple(words)


def accepted_word(finding: Finding) -> str:
    """The same in a word or three; empty for an open finding."""
    if finding.waiver is not None:
        return "waived"
    if finding.suppression is not None:
        return "suppressed"
    return "in the baseline" if finding.baselined else ""


def failure_words(failure: Failure) -> str:
    """Whom preflight could not ask, at which step, and why."""
    return f"{failure.subject}, {failure.step}: {failure.cause}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, of one in the singular."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def summary_words(report: Report) -> str:
    """How many findings of each severity there are, how many are accepted, and what was not reached."""
    by = Counter(finding.severity for finding in report.findings if finding.open)
    words = [counted(by[severity], severity.value) for severity in Severity]
    accepted = {
        "waived": sum(finding.waiver is not None for finding in report.findings),
        "suppressed": sum(finding.waiver is None and finding.suppression is not None for finding in report.findings),
        "in the baseline": sum(finding.baselined for finding in report.findings),
    }
    words += [f"{count:,} {word}" for word, count in accepted.items() if count]
    words += [f"{len(report.failures):,} not reached"] if report.failures else []
    return ", ".join(words)


def rules_words(report: Report) -> str:
    """How many verdicts of each kind there are."""
    states = Counter(verdict.state for verdict in report.verdicts)
    kinds = ((State.PASS, "passed"), (State.UNPROVEN, "unproven"), (State.INAPPLICABLE, "inapplicable"))
    return ", ".join(f"{states[state]:,} {word}" for state, word in kinds)


def worst_first(findings: tuple[Finding, ...]) -> list[Finding]:
    """The open findings, the worst severity first, in file order within it; then the accepted ones."""
    return sorted(findings, key=lambda finding: (not finding.open, finding.severity.rank))
