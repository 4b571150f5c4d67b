"""A report's verdicts and findings by their subject, read once for all subjects, and how each subject stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import Enum

from preflight.finding import Finding, Report, Severity, State, Subject, Verdict


def by_subject(report: Report) -> tuple[Mapping[Subject, list[Verdict]], Mapping[Subject, list[Finding]]]:
    """Each subject's verdicts and its findings, shared ones included, in the report's order; empty for any other."""
    verdicts: defaultdict[Subject, list[Verdict]] = defaultdict(list)
    for verdict in report.verdicts:
        verdicts[verdict.subject].append(verdict)
    findings: defaultdict[Subject, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        for subject in (finding.subject, *finding.also):
            findings[subject].append(finding)
    return verdicts, findings


class Standing(Enum):
    """How a subject stands after a run; only what nothing speaks against is proven."""

    ERRORS = "errors"
    UNPROVEN = "not proven"
    REMARKS = "proven, with remarks"
    PROVEN = "proven"


COLORS = {Standing.ERRORS: "red", Standing.UNPROVEN: "yellow", Standing.REMARKS: "yellow", Standing.PROVEN: "green"}


def standing(verdicts: Iterable[Verdict], findings: Iterable[Finding], report: Report) -> Standing:
    """How the subject with these verdicts and findings stands."""
    here = [finding for finding in findings if finding.waiver is None]
    errors = [finding for finding in here if finding.severity is Severity.ERROR]
    if any(finding.open for finding in errors):
        return Standing.ERRORS
    unproven = any(v.gating and v.state is State.UNPROVEN and v.waiver is None for v in verdicts)
    if errors or report.left_out or unproven:
        return Standing.UNPROVEN
    return Standing.REMARKS if here else Standing.PROVEN
