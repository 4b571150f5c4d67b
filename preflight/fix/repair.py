"""From a report to edited files: each fix is made by itself, on the text as it then stands, and kept if proven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from preflight.config import Project
from preflight.config.embedded import says, sql_in
from preflight.engine.objects import object_of
from preflight.finding import Finding, Report, SubjectKind
from preflight.fix.edits import applied, in_file
from preflight.fix.names import aliases, misspelt_identities, quotes
from preflight.fix.proof import StandIns, differs
from preflight.fix.proposal import Consumer, Fix, NoFix, Proposal, Target
from preflight.fix.text import common_tables, semicolons, tables
from preflight.location import Excerpt, SourceFile
from preflight.query import parse

_MAKERS: Mapping[str, Callable[[Target], Iterator[Proposal]]] = {
    "trailing-semicolon": semicolons,
    "unnamed-output-column": aliases,
    "misspelt-identity": misspelt_identities,
    "case-not-preserved": quotes,
    "unqualified-table": tables,
    "partly-qualified-table": tables,
    "common-table-expression": common_tables,
}
"""Rules to what mends their findings, in the order in which they are mended."""
_ROUNDS = 500
"""Fixes of one text, at most."""


class Fixed(msgspec.Struct, frozen=True):
    """What was mended."""

    rule: str
    path: str
    what: str
    findings: int


class Refused(msgspec.Struct, frozen=True):
    """What a fix exists for and was not mended, and why."""

    rule: str
    path: str
    line: int
    """In the file as it was."""
    why: str


class Repair(msgspec.Struct, frozen=True):
    """All that can be mended: the files' new texts, by path relative to the project, and what was done and not done."""

    files: Mapping[str, str]
    before: Mapping[str, str]
    """The texts that the new ones were made of."""
    fixed: tuple[Fixed, ...]
    refused: tuple[Refused, ...]


def repair(project: Project, report: Report, environ: Mapping[str, str]) -> Repair:
    """Mend what the report's open findings name, as far as that is proven; reads stand-in files and writes nothing."""
    files: dict[str, str] = {}
    before: dict[str, str] = {}
    fixed: list[Fixed] = []
    refused: list[Refused] = []
    stand_ins = StandIns(project.root, project.plugins, environ)
    try:
        for models in _texts(project):
            mending = _Mending(project, report, models, stand_ins, files)
            mending.run()
            fixed += mending.fixed
            refused += mending.refused
            before[mending.path] = mending.before
    finally:
        stand_ins.close()
    return Repair(files, before, tuple(fixed), tuple(refused))


def _texts(project: Project) -> Iterator[tuple[str, ...]]:
    """The data models by the text that they share: a file, or a place in a YAML file."""
    shared: dict[str, list[str]] = {}
    for model in project.data_models:
        shared.setdefault(model.sql_file or f"\0{model.id}", []).append(model.id)
    yield from (tuple(ids) for ids in shared.values())


class _Mending:
    """One text, edited until nothing more can be mended."""

    def __init__(
        self, project: Project, report: Report, models: tuple[str, ...], stand_ins: StandIns, files: dict[str, str]
    ) -> None:
        self.project = project
        self.models = models
        self.stand_ins = stand_ins
        self.files = files
        model = project.data_model(models[0])
        assert model is not None  # noqa: S101 - it is one of the project's
        self.sql = model.sql
        self.path = self.sql.file.path
        self.before = self.sql.file.text
        self.in_yaml = model.sql_file is None
        self.consumers = tuple(_consumers(project, models))
        self.wanted, self.kept = _wanted(report, {c.pipeline.id for c in self.consumers}, self.path)
        self.fixed: list[Fixed] = []
        self.refused: list[Refused] = []
        self._given_up: set[tuple[str, str]] = set()
        self._mended: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Make the fixes."""
        if not self.wanted:
            return
        dialects = {consumer.connection.service_provider.value for consumer in self.consumers}
        if len(dialects) != 1 or not self.sql.exact:
            why = "the SQL is read in several dialects" if self.sql.exact else _FOLDED
            self.refused += [self._refusal(key, why) for key in self.wanted]
            return
        for _ in range(_ROUNDS):
            if not self._one(*dialects):
                break
        for key in self.wanted.keys() - self._mended - self._given_up:
            self.refused.append(self._refusal(key, "another fix changed what it is about: run the command again"))

    def _one(self, dialect: str) -> bool:
        """Make the next fix that is wanted and proven; False where there is none."""
        excerpt = self._excerpt()
        target = Target(parse(excerpt, dialect, self.models[0]), self.consumers)
        for proposal in self._proposals(target):
            objects = [object_of(place, self.project, target.query) for place in proposal.places]
            keys = [(proposal.rule, found) for found in objects]
            asked = [key for key in keys if key in self.wanted]
            if not asked or any(key in self._given_up for key in asked):
                continue
            why = proposal.why if isinstance(proposal, NoFix) else self._unproven(target, excerpt, proposal, keys)
            if not why and isinstance(proposal, Fix):
                self.fixed.append(Fixed(proposal.rule, self.path, proposal.what, len({*asked} - self._mended)))
                self._mended.update(asked)
                return True
            self._given_up.update(asked)
            self.refused.append(self._refusal(asked[0], why))
        return False

    def _refusal(self, key: tuple[str, str], why: str) -> Refused:
        span = self.wanted[key].span
        return Refused(key[0], self.path, span.line if span else 1, why)

    def _proposals(self, target: Target) -> Iterator[Proposal]:
        for maker in dict.fromkeys(_MAKERS.values()):
            yield from maker(target)

    def _excerpt(self) -> Excerpt:
        text = self.files.get(self.path)
        if text is None:
            return Excerpt(self.sql.text, self.sql.file) if not self.in_yaml else self.sql
        if not self.in_yaml:
            return Excerpt.whole(SourceFile(self.path, text))
        found = sql_in(self.path, text, self.models[0])
        assert found is not None  # noqa: S101 - the edit before was held to it
        return found

    def _unproven(self, target: Target, excerpt: Excerpt, fix: Fix, keys: list[tuple[str, str]]) -> str:
        """Keep the fix, or say why it is not."""
        if any(key in self.kept for key in keys):
            return "some of what it would mend is waived, suppressed or in the baseline"
        text = applied(excerpt.text, fix.edits)
        after = parse(Excerpt.whole(SourceFile(self.path, text)), target.query.dialect, self.models[0])
        if why := differs(target.query, after, fix) or self.stand_ins.differ(target, text, fix):
            return why
        whole = applied(excerpt.file.text, in_file(excerpt, fix.edits)) if self.in_yaml else text
        if self.in_yaml and not self._same_file(excerpt.file.text, whole, text):
            return _FOLDED
        self.files[self.path] = whole
        return ""

    def _same_file(self, before: str, after: str, sql: str) -> bool:
        """Whether a YAML file holds the new query, and says all else as before."""
        found = sql_in(self.path, after, self.models[0])
        if found is None or not found.exact or found.text != sql:
            return False
        said = says(before, self.models[0])
        return said is not None and said == says(after, self.models[0])


_FOLDED = "the YAML holds the SQL in a form in which it cannot be edited: write it as a block, `sql_query: |`"


def _consumers(project: Project, models: tuple[str, ...]) -> Iterator[Consumer]:
    for pipeline in project.pipelines:
        connection = project.connection(pipeline.connection_id)
        if pipeline.data_model_id in models and connection is not None:
            wanted = pipeline.field_transformation_id
            yield Consumer(pipeline, connection, project.field_transformation(wanted) if wanted else None)


def _wanted(
    report: Report, pipelines: Iterable[str], path: str
) -> tuple[dict[tuple[str, str], Finding], set[tuple[str, str]]]:
    """The open findings that a fix exists for, by rule and object; and those that somebody keeps."""
    wanted: dict[tuple[str, str], Finding] = {}
    kept: set[tuple[str, str]] = set()
    for finding in report.findings:
        here = any(s.kind is SubjectKind.PIPELINE and s.id in pipelines for s in (finding.subject, *finding.also))
        if finding.name not in _MAKERS or not here or finding.span is None or finding.span.path != path:
            continue
        key = finding.name, finding.object
        if finding.open:
            wanted.setdefault(key, finding)
        else:
            kept.add(key)
    return wanted, kept
