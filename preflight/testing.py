"""What the pytest plugin's fixtures give to a test: a warehouse to fill, a report to ask, and words to assert with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from preflight.config import Connection, Introspect, Project
from preflight.engine import Options, check
from preflight.engine.selection import names_rule
from preflight.errors import UsageError
from preflight.finding import Depth, Finding, Report, Severity, State, Verdict
from preflight.model import Provider
from preflight.registry import LOCAL
from preflight.report.text import finding_block
from preflight.report.words import summary_words
from preflight.source import Adapter


class StandIn:
    """A DuckDB file that a test fills and that is read in place of every warehouse."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._adapters: list[Adapter] = []
        self.execute("SELECT 1")

    def execute(self, statements: str) -> None:
        """Run statements that fill it, such as CREATE TABLE and INSERT; raises DuckDB's own errors."""
        import_module(f"{LOCAL}.connect").fill(self.path, statements)

    def adapter(self, provider: str = "snowflake") -> Adapter:
        """An adapter that reads it as ``provider`` would be read; closed at the test's end."""
        connection = self.over(Connection("warehouse", "Warehouse connection", Provider(provider), {}))
        connect = import_module(LOCAL).connect
        adapter: Adapter = connect(connection, root=self.path.parent, environ={}, record=lambda _: None)
        self._adapters.append(adapter)
        return adapter

    def over(self, connection: Connection) -> Connection:
        """The connection, reading this file in place of its warehouse."""
        return msgspec.structs.replace(connection, introspect=Introspect(local=self.path.name))

    def under(self, project: Project) -> Project:
        """The project, reading this file in place of every warehouse."""
        connections = tuple(self.over(connection) for connection in project.connections)
        return msgspec.structs.replace(project, connections=connections, root=self.path.parent)

    def close(self) -> None:
        """Close the adapters that were given out."""
        for adapter in self._adapters:
            adapter.close()


class Asked:
    """A report that is made when it is first asked, so that a test may fill a warehouse before.

    Called with ``preflight.engine.Options`` as keyword arguments it is another report, made with these.
    """

    def __init__(self, project: Callable[[], Project], options: Options, environ: Mapping[str, str]) -> None:
        self._project = project
        self._options = options
        self._environ = environ

    def __call__(self, **options: Any) -> Asked:
        """The report with these options in place of its own."""
        changed = msgspec.structs.replace(self._options, **options)
        return Asked(self._project, changed, self._environ)

    @cached_property
    def report(self) -> Report:
        """The whole report, see ``preflight.finding.Report``."""
        return check(self._project(), self._options, environ=self._environ)

    @property
    def passed(self) -> bool:
        """No error, no failure, and nothing unproven among the rules that guard the workspace."""
        return self.report.passed

    @property
    def depth(self) -> Depth:
        """How deep the run went."""
        return self.report.depth

    def findings(self, name: str | None = None) -> tuple[Finding, ...]:
        """The findings of a rule, by its name or code; all of them without one."""
        return self.report.findings if name is None else self.report.select(name)

    def verdicts(self, name: str) -> tuple[Verdict, ...]:
        """How a rule ended for each subject that it judged; raises LookupError where no rule of that name ran."""
        return _verdicts(self.report, name)

    def assert_proven(self, *names: str) -> None:
        """As the function ``assert_proven``, on this report."""
        __tracebackhide__ = True
        assert_proven(self.report, *names)

    def __repr__(self) -> str:
        made = f": {summary_words(self.report)}" if "report" in self.__dict__ else ""
        return f"<report on {', '.join(self._options.pipelines) or 'the whole project'}{made}>"


def _verdicts(report: Report, name: str) -> tuple[Verdict, ...]:
    found = tuple(verdict for verdict in report.verdicts if names_rule(name, verdict.code, verdict.name))
    if not found:
        raise LookupError(f"no rule {name!r} ran")
    return found


def assert_proven(report: Report, *names: str) -> None:
    """Fail unless every one of these rules (names, codes or families; all without one) passed or does not apply.

    What is unproven fails as a finding does, and says why; so does a project that is too broken to be judged by them.
    """
    __tracebackhide__ = True
    broken = [finding for finding in report.findings if finding.severity is Severity.ERROR and finding.open]
    if broken and not any(names_rule(name, v.code, v.name) for name in names for v in report.verdicts):
        blocks = [finding_block(finding, report.sources) for finding in broken]
        raise AssertionError(f"nothing was judged by {', '.join(names) or 'any rule'}\n\n" + "\n\n".join(blocks))
    found = [v for name in names for v in _verdicts(report, name)] if names else list(report.verdicts)
    wrong = [v for v in found if v.state in (State.FINDINGS, State.UNPROVEN) and v.waiver is None]
    if not wrong and report.subjects:
        return
    codes = {verdict.code for verdict in wrong if verdict.state is State.FINDINGS}
    blocks = [finding_block(finding, report.sources) for finding in report.findings if finding.code in codes]
    blocks += [f"unproven: {v.name} for {v.subject}\n  because {v.reason}" for v in wrong if v.state is State.UNPROVEN]
    raise AssertionError("not proven\n\n" + "\n\n".join(blocks))


def find_project(start: Path) -> Path:
    """The project file in ``start`` or the nearest folder above; raises UsageError where there is none."""
    from preflight.config.load import NAMES

    for folder in (start, *start.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
    raise UsageError(
        f"there is no preflight.yml in {start}, nor above it",
        remedy="name it with --preflight-project, or the ini setting preflight_project",
    )


def environment() -> Mapping[str, str]:
    """The process's variables as they are now."""
    return dict(os.environ)
