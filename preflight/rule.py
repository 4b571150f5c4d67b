"""What a rule is and what it may look at.

A rule is a pure function from a ``Context`` to faults. It declares the facts that it ``needs`` (without them it is not
run, and is unproven) and those that it ``uses`` (it runs without them, and says itself what it could not judge).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

import msgspec

from preflight.config import Connection, DataModel, FieldTransformation, Pipeline, Problem, Project
from preflight.errors import Cause
from preflight.finding import Basis, Measure, Outcome, Severity, Subject, SubjectKind
from preflight.limits import Limit, Limits
from preflight.location import Route, SqlRange
from preflight.model import UNKNOWN, Access, Histogram, Profile, Rehearsed, Schema, TableInfo, TableRef, WorkspaceState
from preflight.query import Outputs, Query, SqlProblem
from preflight.schedule import Tally


class Fact(Enum):
    """Something that is read once and shared by rules."""

    SCHEMA = "schema"
    """The query's output columns, as the warehouse describes them."""
    TABLES = "tables"
    """What the warehouse knows of each table that the query reads."""
    COUNTS = "counts"
    """The pipeline's rows by hour of its iterator."""
    VALUES = "values"
    """A profile of each output column's values."""
    ACCESS = "access"
    """What the connection's principal may do."""
    REHEARSAL = "rehearsal"
    """What the warehouse says to the platform's own statements around the query."""
    PLATFORM = "platform"
    """What the workspace holds."""


class Missing(msgspec.Struct, frozen=True):
    """Why a fact is not there. ``cause`` is set where a warehouse was asked and refused."""

    reason: str
    cause: Cause | None = None
    offset: int | None = None
    """Where in the data model's text the warehouse points, as a 0-based code point."""
    name: str = ""
    """The table or column that the warehouse names."""


class Known(msgspec.Struct, frozen=True):
    """A fact's value and what it rests on."""

    value: Any
    basis: Basis


Facts = Mapping[Fact, Known | Missing]
Tables = Mapping[TableRef, TableInfo | Missing]
"""The value of Fact.TABLES: each table of the query, or why it could not be read."""


class UndeclaredFactError(Exception):
    """A rule read a fact that it neither needs nor uses: a bug in the rule."""


class Context:
    """One subject, with everything that a rule may ask about it.

    ``data_model`` and ``connection`` are None where the subject has none, or where its grammar is broken.
    """

    def __init__(
        self,
        *,
        project: Project,
        subject: Subject,
        limits: Limits,
        now: datetime,
        facts: Facts | None = None,
        query: Query | None = None,
        parse: Callable[[], Query] | None = None,
        pipeline: Pipeline | None = None,
        data_model: DataModel | None = None,
        connection: Connection | None = None,
        declared: frozenset[Fact] = frozenset(),
    ) -> None:
        self.project = project
        self.subject = subject
        self.limits = limits
        self._now = now
        self._clock: list[bool] = []
        self._parse = parse if query is None else lambda: query
        self._pipeline = pipeline
        self.data_model = data_model
        self.connection = connection
        self._facts: Facts = facts or {}
        self._declared = declared
        self._derived: dict[str, Any] = {}
        self._pipeline_outputs: Mapping[str, Outputs] = {}
        self._typed = True

    def declaring(self, facts: frozenset[Fact]) -> Context:
        """The same context for a rule that declares these facts; what was derived once stays derived."""
        twin = Context.__new__(Context)
        twin.__dict__ = self.__dict__ | {"_declared": facts, "_clock": []}
        return twin

    def without_types(self) -> Context:
        """The same context for a rule whose word cannot hang on a column's type: none is inferred for it."""
        twin = Context.__new__(Context)
        twin.__dict__ = self.__dict__ | {"_typed": False}
        return twin

    def with_facts(self, facts: Facts, pipeline_outputs: Mapping[str, Outputs] | None = None) -> Context:
        """The same subject with the facts that were gathered for it, and what every pipeline's query puts out."""
        twin = Context.__new__(Context)
        twin.__dict__ = self.__dict__ | {
            "_facts": facts,
            "_derived": {},
            "_pipeline_outputs": pipeline_outputs or {},
        }
        return twin

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that is judged; raises LookupError where the subject is none."""
        if self._pipeline is None:
            raise LookupError(f"{self.subject} is no pipeline")
        return self._pipeline

    @property
    def used_by(self) -> Pipeline | None:
        """The pipeline through which a data model is judged; None for one that no pipeline uses."""
        return self._pipeline

    @property
    def query(self) -> Query:
        """The data model's SQL, parsed; raises LookupError where there is none (never in a rule of scope QUERY)."""
        if self._parse is None:
            raise LookupError(f"there is no query to read for {self.subject}")
        return self._parse()

    @property
    def has_query(self) -> bool:
        """Whether there is a query: a data model and a connection that names its dialect."""
        return self._parse is not None

    @property
    def today(self) -> date:
        """The day, in UTC."""
        return self._now.date()

    @property
    def now(self) -> datetime:
        """The instant, to the second of the run: what a rule says with it is said for this run alone."""
        self._clock.append(True)
        return self._now

    @property
    def clock_was_read(self) -> bool:
        """Whether ``now`` was asked for since the facts were declared."""
        return bool(self._clock)

    @property
    def facts(self) -> Facts:
        """Every fact or why it is missing, for the engine: declared or not."""
        return self._facts

    # -- facts ---------------------------------------------------------------------------------------------------------

    def known(self, fact: Fact) -> Known | Missing:
        """A declared fact with its basis, or why it is missing; raises UndeclaredFactError for any other."""
        if fact not in self._declared:
            raise UndeclaredFactError(f"the rule reads {fact} without declaring it in needs or uses")
        return self._facts.get(fact, _NOT_ASKED)

    def missing(self, fact: Fact) -> Missing | None:
        """Why a declared fact is missing; None where it is there."""
        known = self.known(fact)
        return known if isinstance(known, Missing) else None

    def basis(self, fact: Fact) -> Basis:
        """What a declared fact rests on; a missing one raises LookupError."""
        return self._require(fact).basis

    def _require(self, fact: Fact) -> Known:
        known = self.known(fact)
        if isinstance(known, Missing):
            raise LookupError(f"{fact} is missing: {known.reason}")
        return known

    @property
    def schema(self) -> Schema:
        """Fact.SCHEMA; raises LookupError where it is missing."""
        return self._require(Fact.SCHEMA).value  # type: ignore[no-any-return]

    @property
    def tables(self) -> Tables:
        """Fact.TABLES; raises LookupError where it is missing."""
        return self._require(Fact.TABLES).value  # type: ignore[no-any-return]

    @property
    def histogram(self) -> Histogram:
        """Fact.COUNTS; raises LookupError where it is missing."""
        return self._require(Fact.COUNTS).value  # type: ignore[no-any-return]

    @property
    def tally(self) -> Tally:
        """Fact.COUNTS, ready to be asked for windows; raises LookupError where it is missing."""
        histogram = self.histogram
        if "tally" not in self._derived:
            self._derived["tally"] = Tally(histogram)
        return self._derived["tally"]  # type: ignore[no-any-return]

    @property
    def values(self) -> Profile:
        """Fact.VALUES; raises LookupError where it is missing."""
        return self._require(Fact.VALUES).value  # type: ignore[no-any-return]

    @property
    def access(self) -> Access:
        """Fact.ACCESS; raises LookupError where it is missing."""
        return self._require(Fact.ACCESS).value  # type: ignore[no-any-return]

    @property
    def rehearsal(self) -> tuple[Rehearsed, ...]:
        """Fact.REHEARSAL; raises LookupError where it is missing."""
        return self._require(Fact.REHEARSAL).value  # type: ignore[no-any-return]

    @property
    def workspace(self) -> WorkspaceState:
        """Fact.PLATFORM; raises LookupError where it is missing."""
        return self._require(Fact.PLATFORM).value  # type: ignore[no-any-return]

    @property
    def outputs(self) -> Outputs:
        """The query's output columns: described where Fact.SCHEMA (declared) is there, else as far as the text says."""
        missing = self.missing(Fact.SCHEMA)
        if self._parse is None:
            return Outputs((), complete=False, reason="there is no query to read")
        if "outputs" not in self._derived:
            self._derived["outputs"] = self.query.outputs(None if missing else self.schema)
        outputs: Outputs = self._derived["outputs"]
        if self._typed or outputs.described:
            return outputs
        if "untyped outputs" not in self._derived:
            columns = tuple(column.typed_by(UNKNOWN) for column in outputs.columns)
            self._derived["untyped outputs"] = msgspec.structs.replace(outputs, columns=columns)
        return self._derived["untyped outputs"]  # type: ignore[no-any-return]

    @property
    def own_outputs(self) -> Outputs | None:
        """What the pipeline's query puts out, for the engine; None where it could not be read."""
        return self._pipeline_outputs.get(self._pipeline.id) if self._pipeline is not None else None

    @property
    def pipeline_outputs(self) -> Mapping[str, Outputs]:
        """What every pipeline that is judged in this run puts out, by its id, as Fact.SCHEMA (declared) has it.

        A pipeline whose query could not be read is absent.
        """
        self.known(Fact.SCHEMA)
        return self._pipeline_outputs

    # -- places --------------------------------------------------------------------------------------------------------

    def at(self, *keys: str | int, of: Connection | DataModel | FieldTransformation | Pipeline | None = None) -> Route:
        """The place of a key of ``of``, or of this context's subject."""
        if of is not None:
            return Route(_LISTS[type(of)], of.id, keys)
        return Route(_SUBJECT_LISTS[self.subject.kind], self.subject.id, keys)

    def at_sql(self, start: int = 0, end: int | None = None) -> SqlRange:
        """A place in the data model's text; without an end its first line."""
        if self.data_model is None:
            raise LookupError("the subject has no data model")
        text = self.data_model.sql.text
        if end is None:
            stop = text.find("\n", start)
            end = len(text) if stop < 0 else stop
        return SqlRange(self.data_model.id, start, end)

    # -- what config and query found out -------------------------------------------------------------------------------

    def problems(self, kind: str) -> Iterator[Problem]:
        """The project file's problems of one kind."""
        return (problem for problem in self.project.problems if problem.kind == kind)

    def sql_problems(self, kind: str) -> Iterator[SqlProblem]:
        """The query's problems of one kind."""
        return (problem for problem in (self.query.problems if self._parse else ()) if problem.kind == kind)

    @property
    def field_transformation(self) -> FieldTransformation | None:
        """The pipeline's field transformation, where it has one and it could be read."""
        wanted = self._pipeline.field_transformation_id if self._pipeline else None
        return self.project.field_transformation(wanted) if wanted else None

    def weigh(self, limit: Limit, value: int, basis: Basis) -> Measure:
        """A measured value beside its limit."""
        source = f"{limit.source} (profile {limit.profile}, read {limit.read})"
        return Measure(limit.name, value, limit.unit, limit.value, basis, source)


_NOT_ASKED = Missing("it was not asked for")
_LISTS: dict[type, str] = {
    Connection: "connections",
    DataModel: "data_models",
    FieldTransformation: "field_transformations",
    Pipeline: "pipelines",
}
_SUBJECT_LISTS = {
    SubjectKind.PROJECT: "",
    SubjectKind.CONNECTION: "connections",
    SubjectKind.DATA_MODEL: "data_models",
    SubjectKind.PIPELINE: "pipelines",
}

Check = Callable[[Context], Iterable[Outcome]]


class Scope(Enum):
    """Which subjects a rule judges."""

    PROJECT = "project"
    CONNECTION = "connection"
    QUERY = "query"
    """Every data model: through each pipeline that uses it, or by itself where none does."""
    PIPELINE = "pipeline"

    def covers(self, kind: SubjectKind) -> bool:
        """Whether a rule of this scope judges subjects of this kind."""
        return kind in _COVERS[self]


_COVERS = {
    Scope.PROJECT: (SubjectKind.PROJECT,),
    Scope.CONNECTION: (SubjectKind.CONNECTION,),
    Scope.QUERY: (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL),
    Scope.PIPELINE: (SubjectKind.PIPELINE,),
}


class Rule(msgspec.Struct, frozen=True):
    """One rule: a pure function with everything that the engine and its page need."""

    code: str
    name: str
    """Says the fault, so that "ignore *name*" reads as English."""
    severity: Severity
    scope: Scope
    needs: frozenset[Fact]
    uses: frozenset[Fact]
    check: Check
    doc: str
    """The docstring, which the rule's page is made from."""
    last: bool = False
    """Whether it is run after all others, because it speaks of what they found."""
    fixed: bool = False
    """Whether the project may not switch it off or lower it: it reports what breaks the project file's grammar."""

    @property
    def family(self) -> str:
        """``PF1`` for a rule whose code is PF101."""
        return self.code[:3]


def rule(
    code: str,
    severity: Severity,
    *,
    scope: Scope = Scope.PIPELINE,
    needs: Iterable[Fact] = (),
    uses: Iterable[Fact] = (),
    fixed: bool = False,
    last: bool = False,
) -> Callable[[Check], Rule]:
    """Make a Rule of a function; its name is the function's, with hyphens."""

    def decorate(check: Check) -> Rule:
        return Rule(
            code=code,
            name=check.__name__.replace("_", "-"),
            severity=severity,
            scope=scope,
            needs=frozenset(needs),
            uses=frozenset(uses),
            check=check,
            doc=check.__doc__ or "",
            fixed=fixed,
            last=last,
        )

    return decorate
