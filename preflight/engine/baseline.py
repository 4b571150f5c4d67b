"""A baseline: the findings that a project had on the day that it began to be checked, and that fail no check.

It is keyed on rule, subject and object, never on a message or a line. It touches no verdict and opens no clearance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec

from preflight.config import Problem
from preflight.errors import UsageError
from preflight.finding import Finding, Report, State, Subject, Verdict
from preflight.rule import Rule

VERSION = 1
_META = "PF9"
MAX_LENGTH = 20_000_000
"""Characters of a file that is read."""

Key = tuple[str, str, str]
"""Code, subject and object."""


class Entry(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Findings of one rule about one object of one subject."""

    code: str
    name: str
    """For readers; a rule is known by its code."""
    subject: str
    object: str
    count: int = 1

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.code, self.subject, self.object


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    version: int
    findings: tuple[Entry, ...] = ()


def decode(text: str, name: str) -> Baseline:
    """The baseline that a file called ``name`` holds; raises UsageError for anything else."""
    remedy = "write it anew with `preflight check --write-baseline`"
    if len(text) > MAX_LENGTH:
        raise UsageError(f"{name} is longer than {MAX_LENGTH:,} characters", remedy=remedy)
    try:
        baseline = msgspec.json.decode(text, type=Baseline)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UsageError(f"{name} is no baseline: {error}", remedy=remedy) from None
    if baseline.version != VERSION:
        message = f"{name} is a baseline of version {baseline.version}; this preflight reads {VERSION}"
        raise UsageError(message, remedy=remedy)
    return baseline


def encode(baseline: Baseline) -> str:
    """The file's text: sorted, a line for each entry, so that a review shows what changed."""
    entries = ",\n    ".join(msgspec.json.encode(entry).decode() for entry in sorted(baseline.findings))
    body = f"\n    {entries}\n  " if entries else ""
    return f'{{\n  "version": {baseline.version},\n  "findings": [{body}]\n}}\n'


def accept(report: Report, fixed: Collection[str]) -> tuple[Baseline, Report]:
    """The baseline of all that stands open in ``report``, and the report with that marked.

    What breaks the project's grammar (``fixed`` holds the codes of those rules) and what speaks of preflight itself is
    in no baseline.
    """
    counts: Counter[tuple[str, str, str, str]] = Counter()
    findings = []
    for finding in report.findings:
        taken = (finding.open or finding.baselined) and _may(finding.code, fixed)
        for subject in (finding.subject, *finding.also) if taken else ():
            counts[finding.code, finding.name, str(subject), finding.object] += 1
        findings.append(msgspec.structs.replace(finding, baselined=taken))
    entries = tuple(sorted(Entry(*key, count) for key, count in counts.items()))
    return Baseline(VERSION, entries), msgspec.structs.replace(report, findings=tuple(findings))


def _may(code: str, fixed: Collection[str]) -> bool:
    return code not in fixed and not code.startswith(_META)


class Matching:
    """One run's findings as they are held against a baseline; each entry covers as many as it counted."""

    def __init__(self, baseline: Baseline | None, fixed: Collection[str]) -> None:
        self._fixed = fixed
        self._entries = baseline.findings if baseline is not None else ()
        self._left: Counter[Key] = Counter()
        for entry in self._entries:
            self._left[entry.key] += max(0, entry.count)

    def covers(self, finding: Finding) -> bool:
        """Whether the baseline holds this finding; what is asked about is counted as found."""
        key = finding.code, str(finding.subject), finding.object
        if self._left[key] < 1 or not _may(finding.code, self._fixed):
            return False
        self._left[key] -= 1
        return True

    def stale(
        self, verdicts: Iterable[Verdict], rules: Iterable[Rule], subjects: Iterable[Subject], *, whole: bool
    ) -> Iterator[Problem]:
        """A problem for each entry that no longer matches, and one for each of which that is not certain."""
        judged = {(verdict.code, str(verdict.subject)): verdict.state for verdict in verdicts}
        known = {rule.code for rule in rules}
        here = {str(subject) for subject in subjects}
        for entry in self._entries:
            if (left := self._left.pop(entry.key, 0)) < 1:
                continue
            state = judged.get((entry.code, entry.subject))
            gone = entry.code not in known or (whole and entry.subject not in here)
            what = f"{entry.name} for {entry.subject}, {entry.object}"
            if gone or state not in (None, State.UNPROVEN):
                count = f" ({left} of {entry.count})" if entry.count > 1 else ""
                message = f"The baseline's {what} is no longer found{count}."
                yield Problem("stale-baseline-entry", message, None, "Write the baseline anew.")
            else:
                yield Problem("unjudged-baseline-entry", f"the baseline's {what} was not judged", None, "")
