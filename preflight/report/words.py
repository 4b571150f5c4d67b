"""Phrases that several formats share, as plain text: nothing here is escaped or cleaned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import msgspec

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


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """How many findings there are, open ones by their severity's rank, accepted ones by why they are."""

    errors: int = 0
    warnings: int = 0
    infos: int = 0
    waived: int = 0
    suppressed: int = 0
    baselined: int = 0

    @property
    def open(self) -> tuple[int, int, int]:
        """The open ones by their severity's rank."""
        return self.errors, self.warnings, self.infos


def count(findings: Collection[Finding]) -> Counts:
    """The findings, counted."""
    by = Counter(finding.severity for finding in findings if finding.open)
    return Counts(
        by[Severity.ERROR],
        by[Severity.WARNING],
        by[Severity.INFO],
        sum(finding.waiver is not None for finding in findings),
        sum(finding.waiver is None and finding.suppression is not None for finding in findings),
        sum(finding.baselined for finding in findings),
    )


def counts_words(counts: Counts, failures: int) -> str:
    """How many findings of each severity there are, how many are accepted, and what was not reached."""
    words = [counted(many, severity.value) for severity, many in zip(Severity, counts.open, strict=True)]
    accepted = {"waived": counts.waived, "suppressed": counts.suppressed, "in the baseline": counts.baselined}
    words += [f"{many:,} {word}" for word, many in accepted.items() if many]
    words += [f"{failures:,} not reached"] if failures else []
    return ", ".join(words)


def summary_words(report: Report) -> str:
    """The same of a report."""
    return counts_words(count(report.findings), len(report.failures))


def states_words(states: Mapping[State, int]) -> str:
    """How many verdicts of each kind there are."""
    kinds = ((State.PASS, "passed"), (State.UNPROVEN, "unproven"), (State.INAPPLICABLE, "inapplicable"))
    return ", ".join(f"{states[state]:,} {word}" for state, word in kinds)


def rules_words(report: Report) -> str:
    """The same of a report."""
    return states_words(Counter(verdict.state for verdict in report.verdicts))


def worst_first(findings: tuple[Finding, ...]) -> list[Finding]:
    """The open findings, the worst severity first, in file order within it; then the accepted ones."""
    return sorted(findings, key=lambda finding: (not finding.open, finding.severity.rank))
