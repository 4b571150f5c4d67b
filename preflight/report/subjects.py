"""A report's verdicts and findings by their subject, read once for all subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from preflight.finding import Finding, Report, Subject, Verdict


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
