"""What rules said in an earlier run of the very same SQL in the very same project, so that it need not be parsed again.

Kept is only what the text and the project tell: nothing that a warehouse, a stand-in, the lock or the workspace said,
nothing that a plugin's rule said, and no word of a rule that asked what time it is. Such a rule is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from preflight.cache import Cache, code_key, key
from preflight.engine.digest import fingerprint
from preflight.engine.judge import Judge
from preflight.engine.part import Batch, Part, pack, unpack
from preflight.finding import Subject, SubjectKind


class Kept:
    """The parts of one run that a cache holds, and those that it is given."""

    def __init__(self, judge: Judge, cache: Cache) -> None:
        self._judge = judge
        self._cache = cache
        self._base = _base(judge)

    def read(self, subjects: Iterable[Subject]) -> dict[Subject, Part]:
        """The parts that are known, with the word of the rules that ask for the time taken anew."""
        keys = {subject: found for subject in subjects if (found := self._key(subject))}
        values = self._cache.read([*keys.values()])
        parts: dict[Subject, Part] = {}
        for subject, found in keys.items():
            if (value := values.get(found)) is None:
                continue
            try:
                part = unpack(value, Part)
            except msgspec.DecodeError:
                self._cache.drop()
                return {}
            said = self._judge.again(subject, part) if part.clock else {}
            parts[subject] = msgspec.structs.replace(part, said=part.said | said) if said else part
        return parts

    def write(self, parts: Mapping[Subject, Part], batch: Batch) -> None:
        """Keep those of the new parts that may be kept."""
        if batch.failures or batch.interrupted:
            return
        values: dict[str, bytes] = {}
        for subject, part in parts.items():
            found = self._key(subject)
            crashed = any(said.traceback for said in part.said.values())
            if found is None or part.bases or crashed:
                continue
            said = {code: one for code, one in part.said.items() if code not in part.clock}
            try:
                values[found] = pack(msgspec.structs.replace(part, said=said))
            except (ValueError, OverflowError):  # a text that no encoding has, a number of too many digits
                continue
        if values:
            self._cache.write(values, self._judge.now.toordinal())

    def _key(self, subject: Subject) -> str | None:
        """What a subject's part hangs on; None for a subject whose part is not kept."""
        if subject.kind not in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL):
            return None
        data_model, connection = self._judge.parts(subject)
        if data_model is None or connection is None or connection.introspect.local is not None:
            return None
        sql = data_model.sql
        return key(self._base, subject.kind.value, subject.id, connection.id, sql.file.path, sql.file.text, sql.text)


def may_keep(judge: Judge) -> bool:
    """Whether the run asks nobody and reads nothing but the project: only then may its parts be kept and believed."""
    project = judge.project
    alone = judge.lock is None and judge.read_workspace is None and project.dbt is None
    return judge.options.offline and alone and not project.plugins


def _base(judge: Judge) -> str:
    """What every part of the run hangs on: code, rules, limits, and the project's YAML files with their problems."""
    project = judge.project
    rules = [f"{rule.code} {rule.name} {judge.severity(rule)}" for rule in judge.rules]
    settings = (project.workspace, project.connections, project.field_transformations, project.pipelines, project.rules)
    return key(
        code_key(),
        *rules,
        fingerprint(list(judge.limits)),
        fingerprint(settings),
        *(f"{problem.kind} {problem.message} {problem.span}" for problem in project.problems),
        *_texts(judge),
    )


def _texts(judge: Judge) -> Iterator[str]:
    """The project's YAML files, and the data plans."""
    for path in sorted(judge.project.written_in):
        yield path
        yield judge.project.sources[path].text
    for plan in judge.project.data_plans:
        yield plan.path
        yield plan.text
