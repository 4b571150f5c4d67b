"""The items that the pytest plugin collects: one for each subject and rule of a project file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from preflight import engine, registry
from preflight.config import Project, load
from preflight.engine.selection import subjects
from preflight.finding import Finding, Report, Severity, State, Subject, SubjectKind, Verdict
from preflight.location import Route
from preflight.report.text import finding_block
from preflight.rule import Rule

_LISTS = {
    SubjectKind.PIPELINE: "pipelines",
    SubjectKind.CONNECTION: "connections",
    SubjectKind.DATA_MODEL: "data_models",
}


class VerdictFailure(Exception):
    """A rule found an error, or could not prove what it guards; the message is what a user reads."""


class ProjectFile(pytest.File):
    """One project file; it is checked once, when the first of its items runs."""

    @cached_property
    def project(self) -> Project:
        """The project as it was read."""
        return load(self.path)

    @cached_property
    def report(self) -> Report:
        """The report on the whole project."""
        offline = self.config.getoption("--preflight-offline")
        return engine.check(self.project, engine.Options(offline=offline), environ=os.environ)

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each subject and each rule that judges it."""
        rules = registry.rules(self.project.plugins)
        for subject in subjects(self.project, ()):
            for rule in rules:
                if rule.scope.covers(subject.kind):
                    name = f"{subject.id or subject.kind.value}::{rule.code}-{rule.name}"
                    yield VerdictItem.from_parent(self, name=name, subject=subject, rule=rule)


class VerdictItem(pytest.Item):
    """One rule judging one subject."""

    def __init__(self, *, subject: Subject, rule: Rule, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        self.rule = rule
        self.add_marker("preflight")

    @property
    def _file(self) -> ProjectFile:
        assert isinstance(self.parent, ProjectFile)  # noqa: S101 - it is made by one
        return self.parent

    def runtest(self) -> None:
        """Turn the verdict into an outcome: unproven is never a pass."""
        report = self._file.report
        verdict = self._verdict(report)
        if verdict is None:
            pytest.skip("the rule is switched off in the project")
        if verdict.waiver is not None:
            pytest.xfail(f"waived until {verdict.waiver.expires} by {verdict.waiver.owner}: {verdict.waiver.reason}")
        if verdict.state is State.INAPPLICABLE:
            pytest.skip(verdict.reason)
        if verdict.state is State.UNPROVEN:
            self._unproven(verdict)
        findings = self._findings(report)
        text = "\n\n".join(finding_block(finding, dict(report.sources)) for finding in findings)
        if any(finding.severity is Severity.ERROR for finding in findings):
            raise VerdictFailure(text)
        if text:
            self.add_report_section("call", "preflight", text)

    def _verdict(self, report: Report) -> Verdict | None:
        return next((v for v in report.verdicts if v.subject == self.subject and v.code == self.rule.code), None)

    def _findings(self, report: Report) -> list[Finding]:
        return [f for f in report.findings if f.code == self.rule.code and self.subject in (f.subject, *f.also)]

    def _unproven(self, verdict: Verdict) -> None:
        if verdict.gating and not self.config.getoption("--preflight-allow-unproven"):
            raise VerdictFailure(f"unproven: {verdict.name}\n  because {verdict.reason}")
        pytest.xfail(f"unproven: {verdict.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own diagnostic in place of a traceback."""
        if isinstance(excinfo.value, VerdictFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file, the subject's line (from 0) and the item's name."""
        span = None
        if self.subject.kind in _LISTS:
            span = self._file.project.locate(Route(_LISTS[self.subject.kind], self.subject.id))
        path = self._file.project.root / span.path if span else self.path
        return path, span.line - 1 if span else 0, self.name
