"""What a report opens: the exit code, and the clearance. The only module that makes a clearance."""

from __future__ import annotations

from preflight import registry
from preflight.engine.selection import names_rule
from preflight.errors import PlanRefused, ProofMissing
from preflight.finding import Clearance, Report, Severity, State, SubjectKind


def exit_code(report: Report, *, fail_on: Severity = Severity.ERROR, require: tuple[str, ...] = ()) -> int:
    """The exit code that a check's report gives: the first of 70, 2, 3, 1, 4, 5 that holds, else 0.

    ``require`` names rules, codes or families whose missing proof counts (4), or ``all`` for those that ran. A rule
    that guards the workspace and was switched off or left out proves nothing.
    """
    open_findings = [finding for finding in report.findings if finding.open]
    judged = any(s.kind in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL) for s in report.subjects)
    demanded = [
        verdict
        for verdict in report.unproven
        if any(name == "all" or names_rule(name, verdict.code, verdict.name) for name in require)
    ]
    outcomes = {
        70: bool(report.bugs),
        2: any(f.code.startswith("PF0") and f.severity is Severity.ERROR for f in open_findings),
        3: bool(report.failures),
        1: any(f.severity.rank <= fail_on.rank for f in open_findings),
        4: bool(demanded) or _left_out(report, require),
        5: not judged,
    }
    return next((code for code, holds in outcomes.items() if holds), 0)


def _left_out(report: Report, require: tuple[str, ...]) -> bool:
    """Whether ``require`` names a rule that guards the workspace and did not run."""
    codes = {rule.name: rule.code for rule in registry.rules()} if require and report.left_out else {}
    return any(names_rule(name, codes.get(rule, ""), rule) for name in require for rule in report.left_out)


def clear(report: Report, target: str) -> Clearance:
    """The clearance for ``target``; raises PlanRefused where an error stands, ProofMissing where a proof is missing."""
    verdicts = [verdict for verdict in report.verdicts if verdict.gating and verdict.waiver is None]
    broken = {verdict.name for verdict in verdicts if verdict.state is State.FINDINGS}
    if broken:
        raise PlanRefused(
            f"errors stand: {', '.join(sorted(broken))}",
            remedy="mend them, or waive them with an owner, a reason and a day",
        )
    unproven = {verdict.name for verdict in verdicts if verdict.state is State.UNPROVEN}
    if unproven or report.failures or report.bugs or report.interrupted:
        causes = [failure.cause for failure in report.failures]
        raise ProofMissing(
            f"nothing is created without proof; unproven: {', '.join([*sorted(unproven), *causes])}",
            remedy="the report says what is missing: give it, or waive the rule with an owner, a reason and a day",
        )
    if report.left_out:
        raise ProofMissing(
            f"rules that guard the workspace did not run: {', '.join(report.left_out)}",
            remedy="run them all; a waiver with an owner, a reason and a day is the way past one",
        )
    pipelines = tuple(subject.id for subject in report.subjects if subject.kind is SubjectKind.PIPELINE)
    return Clearance(target, report.digests, report.weakest, report.waivers, pipelines)
