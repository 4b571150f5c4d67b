"""What a run says: severities, bases, measures, faults, findings, verdicts, the report and the clearance.

Values only. Nothing here reads, judges or prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum, IntEnum

import msgspec

from preflight.location import Place, SourceFile, Span
from preflight.model import Schema


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return ("error", "warning", "info").index(self.value)


class Grade(IntEnum):
    """What a number or fact rests on, weakest first."""

    STATIC = 0
    """The SQL and the project alone."""
    LOCKED = 1
    """The schema lock: what the warehouse said on an earlier day."""
    METADATA = 2
    """The warehouse's own estimate."""
    SAMPLED = 3
    """Some of the rows."""
    DESCRIBED = 4
    """The warehouse compiled it."""
    COUNTED = 5
    """All of the rows."""


class Basis(msgspec.Struct, frozen=True, order=True):
    """A grade, and whether a stand-in said it in place of the warehouse or the workspace."""

    grade: Grade
    stand_in: bool = False

    def __str__(self) -> str:
        return self.grade.name.lower() + (" on a stand-in" if self.stand_in else "")


STATIC = Basis(Grade.STATIC)


class Measure(msgspec.Struct, frozen=True):
    """A number that a rule weighed, and what it weighed it against."""

    name: str
    value: int | float | str
    unit: str = ""
    limit: int | float | None = None
    basis: Basis = STATIC
    source: str = ""
    """The limit's source page and profile, where there is a limit."""


class Fault(msgspec.Struct, frozen=True):
    """What a rule yields when something is wrong."""

    message: str
    """One sentence with its numbers, ending in a full stop."""
    place: Place
    remedy: str
    """One imperative sentence."""
    measures: tuple[Measure, ...] = ()


class Unproven(msgspec.Struct, frozen=True):
    """What a rule yields when it could not judge."""

    reason: str
    measures: tuple[Measure, ...] = ()


class Inapplicable(msgspec.Struct, frozen=True):
    """What a rule yields when the object that it judges does not exist here."""

    reason: str


class Weighed(msgspec.Struct, frozen=True):
    """What a rule yields to leave its numbers in the report though nothing is wrong."""

    measures: tuple[Measure, ...]


Outcome = Fault | Unproven | Inapplicable | Weighed
"""Everything that a rule may yield; a rule that yields none of the first three passes."""


class SubjectKind(Enum):
    """What a rule judges."""

    PROJECT = "project"
    CONNECTION = "connection"
    DATA_MODEL = "data model"
    PIPELINE = "pipeline"


class Subject(msgspec.Struct, frozen=True):
    """One thing that rules judge; the project's ``id`` is empty."""

    kind: SubjectKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.id}" if self.id else self.kind.value


class Waiver(msgspec.Struct, frozen=True):
    """A user's word that a rule's findings, or its missing proof, are accepted until a day."""

    rule: str
    owner: str
    reason: str
    expires: date
    pipeline: str = ""
    """Empty: for every subject."""


class Suppression(msgspec.Struct, frozen=True):
    """A comment beside a finding that keeps it from failing a check; it opens no clearance."""

    rule: str
    """As the comment names it."""
    reason: str
    expires: date | None
    place: Span


class Finding(msgspec.Struct, frozen=True):
    """A fault with everything that a reader needs."""

    code: str
    name: str
    severity: Severity
    message: str
    remedy: str
    subject: Subject
    span: Span | None
    """None where no file holds the cause."""
    measures: tuple[Measure, ...] = ()
    waiver: Waiver | None = None
    also: tuple[Subject, ...] = ()
    """Further subjects with the very same finding at the very same place."""
    suppression: Suppression | None = None
    object: str = ""
    """What it is about, in words that stay when text moves: a column, a table, a key."""
    baselined: bool = False
    """Whether the baseline holds it."""

    @property
    def open(self) -> bool:
        """Whether it counts against a check: nothing waives or suppresses it, and no baseline holds it."""
        return self.waiver is None and self.suppression is None and not self.baselined


class State(Enum):
    """How a rule ended for a subject."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FINDINGS = "findings"
    UNPROVEN = "unproven"
    INAPPLICABLE = "inapplicable"


class Verdict(msgspec.Struct, frozen=True):
    """How one rule ended for one subject; ``reason`` says why it is unproven or inapplicable."""

    code: str
    name: str
    severity: Severity
    subject: Subject
    state: State
    reason: str = ""
    measures: tuple[Measure, ...] = ()
    waiver: Waiver | None = None
    gating: bool = False
    """Whether a clearance needs this verdict to be a pass: the rule is by its nature an error."""


class Failure(msgspec.Struct, frozen=True):
    """Something in the environment that kept facts away (exit 3): what, where, why, and what to do."""

    subject: str
    """``connection crm-connection``, ``workspace 5328`` …"""
    step: str
    cause: str
    remedy: str = ""


class Asked(msgspec.Struct, frozen=True):
    """One statement that was sent to a warehouse, or call of its API that reads."""

    connection: str
    purpose: str
    """In two or three words: ``describe``, ``histogram``, ``grants of a role``."""
    text: str
    """The statement as it was sent, or the call in the words of the warehouse's API."""
    basis: Grade
    """What the answer is good for."""
    seconds: float
    bytes: int | None = None
    """What the warehouse says that it read, where it says so."""
    error: str = ""
    """What it answered instead, scrubbed of secrets."""


_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def size_text(count: int) -> str:
    """A number of bytes for a person."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"


class Depth(Enum):
    """How deep a run went."""

    STATIC = "static"
    LOCKED = "locked"
    LOCAL = "local"
    """A stand-in was read in place of every warehouse."""
    LIVE = "live"


class Digests(msgspec.Struct, frozen=True):
    """Fingerprints (SHA-256, hex) of what a clearance or a saved plan was made for, by input."""

    config: str
    sql: str
    schema: str
    limits: str
    rules: str
    """The rule set: codes, severities and preflight's version."""

    def moved(self, now: Digests) -> tuple[str, ...]:
        """The inputs that differ from ``now``, by name."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) != getattr(now, name))


class Fate(Enum):
    """What the platform makes of an output column."""

    ITERATOR = "iterator"
    USER_IDENTITY = "user identity"
    DEVICE_IDENTITY = "device identity"
    RESERVED_ATTRIBUTE = "reserved attribute"
    ATTRIBUTE = "custom attribute"
    MAPPED = "event member"
    IGNORED = "ignored"
    UNMAPPED = "in no mapping"


class ColumnFate(msgspec.Struct, frozen=True):
    """One output column and what becomes of it; ``target`` is the identity, the attribute or the event's member."""

    column: str
    fate: Fate
    target: str = ""


class WindowRows(msgspec.Struct, frozen=True):
    """The rows of one past window, both ends included."""

    start: int
    end: int
    rows: int


class Windows(msgspec.Struct, frozen=True):
    """The past windows of one pipeline's schedule that hold rows, in order, beside the limit of each."""

    frequency: str
    windows: tuple[WindowRows, ...]
    total: int
    """Windows from the first to the last, the empty ones included."""
    limit: Measure
    """The worst window's rows beside the limit."""

    @property
    def worst(self) -> WindowRows:
        """The first window with the most rows."""
        return max(self.windows, key=lambda window: window.rows)


class Bug(msgspec.Struct, frozen=True):
    """A rule that crashed: a fault of preflight or of a plugin (exit 70); its verdict is unproven."""

    rule: str
    subject: Subject
    traceback: str


class Report(msgspec.Struct, frozen=True):
    """Everything that one run found out."""

    depth: Depth
    project: str
    """The project file, as the user named it."""
    created: datetime
    profile: str
    """The limits' profile."""
    subjects: tuple[Subject, ...]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...]
    waivers: tuple[Waiver, ...]
    """Those that touched a finding or a verdict."""
    sources: Mapping[str, SourceFile]
    digests: Digests
    weakest: Basis
    """The weakest basis of any fact that a gating rule read."""
    left_out: tuple[str, ...] = ()
    """The gating rules that the selection left out: without them there is no clearance."""
    bugs: tuple[Bug, ...] = ()
    schemas: Mapping[str, Schema] = {}
    """Described output columns by pipeline or data-model id."""
    fates: Mapping[str, tuple[ColumnFate, ...]] = {}
    """What becomes of each output column, by pipeline id."""
    open_ends: Mapping[str, str] = {}
    """Why not every output column of a pipeline is known, by pipeline id; absent where all are."""
    next_runs: Mapping[str, tuple[int, ...]] = {}
    """The instants of the next runs, by pipeline id."""
    windows: Mapping[str, Windows] = {}
    """The counted windows of each incremental interval pipeline, by pipeline id; none is without a window."""
    statements: tuple[Asked, ...] = ()
    """Everything that was sent to a warehouse, in the order of its answers."""
    interrupted: bool = False
    """Whether the user ended the asking before all was known."""
    clock_was_read: bool = False
    """Whether a rule asked what time it is, so that its word holds for this run alone."""
    notes: tuple[str, ...] = ()
    """What the reader should know about how the run went, one sentence each."""
    exit_code: int | None = None
    """What the command ends with; None where no command made the report."""

    def select(self, name: str) -> tuple[Finding, ...]:
        """The findings of the rule called ``name``, or with that code."""
        return tuple(finding for finding in self.findings if name in (finding.name, finding.code))

    @property
    def unproven(self) -> tuple[Verdict, ...]:
        """The verdicts that could not be given and that no waiver covers."""
        return tuple(v for v in self.verdicts if v.state is State.UNPROVEN and v.waiver is None)

    @property
    def passed(self) -> bool:
        """No error, no failure, and nothing unproven among the gating rules. An empty report has not passed."""
        blocked = any(f.severity is Severity.ERROR and f.waiver is None for f in self.findings)
        missing = any(v.gating for v in self.unproven)
        return bool(self.subjects) and not (blocked or missing or self.failures or self.bugs or self.interrupted)


class Clearance(msgspec.Struct, frozen=True):
    """The engine's word that every error rule that applies has passed or is waived, for these inputs and this target.

    Only ``preflight.engine`` makes one; a test holds every other module to that.
    """

    target: str
    """The API's base URL and the workspace."""
    digests: Digests
    weakest: Basis
    waivers: tuple[Waiver, ...] = ()
    pipelines: tuple[str, ...] = ()
    """The pipelines that were judged; apply creates no other."""

    @property
    def loopback_only(self) -> bool:
        """Whether it opens a loopback target alone, because a stand-in or the lock said something it rests on."""
        return self.weakest.stand_in or self.weakest.grade is Grade.LOCKED
