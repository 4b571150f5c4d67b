"""What the pytest plugin collects: project files, their subjects, and one item for each rule that judges a subject."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from preflight import engine, registry
from preflight.config import Project, load
from preflight.engine.selection import subjects
from preflight.errors import PreflightError
from preflight.finding import Finding, Report, Severity, State, Subject, SubjectKind, Verdict
from preflight.location import Route
from preflight.report.repository import reached
from preflight.report.subjects import by_subject
from preflight.report.text import finding_block
from preflight.rule import Rule

_LISTS = {
    SubjectKind.PIPELINE: "pipelines",
    SubjectKind.CONNECTION: "connections",
    SubjectKind.DATA_MODEL: "data_models",
}


class VerdictFailure(Exception):
    """A rule found an error, crashed, or could not prove what it guards; the message is what a user reads."""


class ProjectFile(pytest.File):
    """One project file; it is checked once, when the first of its items runs."""

    @cached_property
    def project(self) -> Project:
        """The project as it was read."""
        return load(self.path)

    @cached_property
    def report(self) -> Report:
        """The report on the whole project."""
        offline = self.config.getoption("--preflight-offline") or not self._any_live
        return engine.check(self.project, engine.Options(offline=offline), environ=os.environ)

    @property
    def folder(self) -> str:
        """The project's folder as one reaches it from where pytest was started."""
        return reached(self.project.root, self.config.invocation_params.dir)

    @property
    def _any_live(self) -> bool:
        """Whether any item of this file that was selected reads more than the project's own files."""
        return any(
            item.rule.needs or item.rule.uses
            for item in self.session.items
            if isinstance(item, VerdictItem) and item.getparent(ProjectFile) is self
        )

    @cached_property
    def outcomes(self) -> tuple[Mapping[Subject, list[Verdict]], Mapping[Subject, list[Finding]]]:
        """The report's verdicts and findings by subject."""
        return by_subject(self.report)

    def collect(self) -> Iterable[pytest.Collector]:
        """One collector for each subject."""
        try:
            rules = registry.rules(self.project.plugins)
        except PreflightError as error:
            raise self.CollectError(_text(error)) from None
        for subject in subjects(self.project, ()):
            name = subject.id or subject.kind.value
            yield SubjectRules.from_parent(self, name=name, subject=subject, rules=rules)


class SubjectRules(pytest.Collector):
    """One subject of a project file."""

    def __init__(self, *, subject: Subject, rules: tuple[Rule, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        self.rules = rules

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each rule that judges the subject."""
        for rule in self.rules:
            if rule.scope.covers(self.subject.kind):
                name = f"{rule.code}-{rule.name}"
                yield VerdictItem.from_parent(self, name=name, subject=self.subject, rule=rule)


class VerdictItem(pytest.Item):
    """One rule judging one subject."""

    def __init__(self, *, subject: Subject, rule: Rule, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        self.rule = rule
        self.add_marker("preflight")
        self.add_marker("preflight_live" if rule.needs or rule.uses else "preflight_offline")

    @property
    def _file(self) -> ProjectFile:
        file = self.getparent(ProjectFile)
        assert file is not None  # noqa: S101 - a project file made it
        return file

    def runtest(self) -> None:
        """Turn the verdict into an outcome: unproven is never a pass."""
        report = self._file.report
        for bug in report.bugs:
            if (bug.rule, bug.subject) == (self.rule.name, self.subject):
                raise VerdictFailure(f"the rule {bug.rule} crashed, which is a bug\n\n{bug.traceback}")
        verdicts, findings = self._file.outcomes
        verdict = next((v for v in verdicts[self.subject] if v.code == self.rule.code), None)
        if verdict is None:
            pytest.skip("the rule is switched off in the project")
        if verdict.waiver is not None:
            pytest.xfail(f"waived until {verdict.waiver.expires} by {verdict.waiver.owner}: {verdict.waiver.reason}")
        if verdict.state is State.INAPPLICABLE:
            pytest.skip(verdict.reason)
        if verdict.state is State.UNPROVEN:
            self._unproven(verdict)
        found = [finding for finding in findings[self.subject] if finding.code == self.rule.code]
        text = "\n\n".join(finding_block(finding, report.sources, self._file.folder) for finding in found)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if any(finding.open for finding in errors):
            raise VerdictFailure(text)
        if errors:
            pytest.xfail(f"suppressed, which opens no apply:\n{text}")
        if text:
            self.add_report_section("call", "preflight", text)

    def _unproven(self, verdict: Verdict) -> None:
        hidden = self.rule.fixed  # by an error in the grammar, which fails an item of its own
        if verdict.gating and not hidden and not self.config.getoption("--preflight-allow-unproven"):
            raise VerdictFailure(f"unproven: {verdict.name}\n  because {verdict.reason}")
        pytest.xfail(f"unproven: {verdict.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own diagnostic in place of a traceback."""
        if isinstance(excinfo.value, VerdictFailure):
            return str(excinfo.value)
        if isinstance(excinfo.value, PreflightError):
            return _text(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file, the subject's line (from 0) and the item's name."""
        project, span = self._file.project, None
        if self.subject.kind in _LISTS:
            span = project.locate(Route(_LISTS[self.subject.kind], self.subject.id))
        path = project.root / span.path if span else self.path
        return path, span.line - 1 if span else 0, f"{self.subject}: {self.name}"


def _text(error: PreflightError) -> str:
    return f"error: {error.message}" + (f"\nhelp: {error.remedy}" if error.remedy else "")
