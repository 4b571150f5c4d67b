"""A path to a ``Project``: reads the project file, what it includes, and the SQL files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from preflight import limits
from preflight.config import grammar as g
from preflight.config.build import Place, Resources
from preflight.config.nodes import Mapping, Node, Scalar, Sequence, parse
from preflight.config.project import LimitsConfig, Problem, Project, WorkspaceConfig
from preflight.config.read import BAD, Reader, nearest
from preflight.errors import UsageError
from preflight.finding import Waiver
from preflight.limits import Override
from preflight.location import Route, SourceFile, Span

NAMES = ("preflight.yml", "preflight.yaml")
MAX_BYTES = 4_000_000
MAX_FILES = 2_000


def load(path: Path) -> Project:
    """Read the project at ``path``: a folder that holds ``preflight.yml``, or the file itself.

    Raises UsageError where there is no such file. Whatever else is wrong is among the project's problems.
    """
    path = path.absolute()
    if path.is_dir():
        path = next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0])
    if not path.is_file():
        raise UsageError(f"there is no project file {path}", remedy="name it, or make one with `preflight init`")
    return _Loader(path.parent.resolve(), path.name).project()


class _Loader:
    """Reads one project; every file is read once."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.sources: dict[str, SourceFile] = {}
        self.problems: list[Problem] = []
        self.top: dict[str, Any] = {}
        self.places = _Places()
        self.resources = Resources(self._text)

        self.readers: list[Reader] = []

    def project(self) -> Project:
        reader, node = self._read_yaml(self.name, None)
        if reader is not None and node is not None:
            self._read_top(reader, node)
        elif reader is not None and not reader.problems:
            empty = Problem("missing-key", "The project file is empty.", reader.file.span(0, 0), "Add `version: 1`.")
            self.problems.append(empty)
        self.resources.check_references(self.problems, self.places)
        workspace = self.top.get("workspace")
        return Project(
            root=self.root,
            file=self.name,
            workspace=_workspace(workspace),
            limits=_limits(self.top.get("limits")),
            connections=tuple(self.resources.connections.values()),
            data_models=tuple(self.resources.data_models.values()),
            field_transformations=tuple(self.resources.field_transformations.values()),
            pipelines=tuple(self.resources.pipelines.values()),
            rules=self.top.get("rules") or {},
            waivers=tuple(Waiver(**waiver) for waiver in self.top.get("waivers") or ()),
            plugins=self.top.get("plugins") or (),
            problems=tuple(sorted(self.problems, key=_order)),
            broken=frozenset(self.resources.broken),
            sources=self.sources | {r.file.path: _masked(r) for r in self.readers if r.secrets},
            locate=self.places.locate,
        )

    # -- the project file and what it includes -------------------------------------------------------------------------

    def _read_top(self, reader: Reader, node: Node) -> None:
        if not isinstance(node, Mapping):
            reader.shape(node, g.PROJECT, "")
            self.problems += reader.problems
            return
        self.places.top = (reader, node)
        found = reader.fields(node, g.PROJECT, "", skip=g.LISTS)
        self.top = {key: value for key, value in found.items() if value is not BAD}
        if self.top.get("version", 1) != 1:
            version = node.entries["version"][1]
            reader.problem(
                "wrong-value", f"version is {self.top['version']}; this preflight reads 1.", version, "Write 1."
            )
        self._read_lists(reader, node, self.name)
        self.problems += reader.problems
        for pattern, place in self._patterns(reader, node):
            self._include(pattern, place)
        self._check_waivers()

    def _check_waivers(self) -> None:
        ids = [id_ for kind, id_ in self.places.items if kind == "pipelines"]
        for index, waiver in enumerate(self.top.get("waivers", ())):
            wanted = waiver.get("pipeline")
            if wanted is not None and wanted not in ids:
                span = self.places.locate(Route("", "", ("waivers", index, "pipeline")))
                close = nearest(wanted, ids)
                remedy = f"Write {close}." if close else "Name a pipeline of the project."
                message = f"No pipeline has the id {wanted}."
                self.problems.append(Problem("unresolved-reference", message, span, remedy))

    def _read_lists(self, reader: Reader, node: Mapping, path: str) -> None:
        folder = str(PurePosixPath(path).parent)
        for kind, shape in g.LISTS.items():
            if kind not in node.entries:
                continue

            def one(item: Node, index: int, kind: str = kind, shape: g.Shape = shape) -> None:
                place = Place(reader, item, kind, folder if folder != "." else "")
                self.places.add(place, self.resources.add(place, shape, f"{kind}[{index}]"))

            reader.items(node.entries[kind][1], one, kind)

    def _patterns(self, reader: Reader, node: Mapping) -> Iterable[tuple[str, Span]]:
        found = self.top.get("include") or ()
        if not found:
            return ()
        items = node.entries["include"][1]
        assert isinstance(items, Sequence)  # noqa: S101 - its list was read
        return [(text, reader.span(item)) for text, item in zip(found, items.items, strict=True)]

    def _include(self, pattern: str, place: Span) -> None:
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            self._unreadable(f"{pattern} leads out of the project's folder.", place, "Keep the file inside it.")
            return
        try:
            paths = sorted(path for path in self.root.glob(pattern) if path.is_file())
        except (ValueError, NotImplementedError, OSError):
            paths = []
        if not paths:
            self._unreadable(f"{pattern} matches no file.", place, "Correct the pattern, or take it out.")
        for path in paths[:MAX_FILES]:
            name = path.relative_to(self.root).as_posix()
            if name in self.sources:
                continue
            reader, node = self._read_yaml(name, place)
            if reader is None:
                continue
            if isinstance(node, Mapping):
                reader.fields(node, g.INCLUDED, "The included file", skip=g.LISTS)
                self._read_lists(reader, node, name)
            elif node is not None:
                reader.shape(node, g.INCLUDED, "The included file")
            self.problems += reader.problems

    # -- files ---------------------------------------------------------------------------------------------------------

    def _unreadable(self, message: str, place: Span | None, remedy: str) -> None:
        self.problems.append(Problem("unreadable-file", message, place, remedy))

    def _read_yaml(self, name: str, place: Span | None) -> tuple[Reader | None, Node | None]:
        file = self._text(name, place, self.problems)
        if file is None:
            return None, None
        reader = Reader(file)
        self.readers.append(reader)
        node, mistakes = parse(file.text)
        for mistake in mistakes:
            reader.mistake(mistake)
        if node is None:
            self.problems += reader.problems
        return reader, node

    def _text(self, name: str, place: Span | None, problems: list[Problem]) -> SourceFile | None:
        """A file of the project by its path relative to the root; a problem at ``place`` where it cannot be read."""
        if name in self.sources:
            return self.sources[name]

        def refuse(message: str, remedy: str, span: Span | None = place) -> None:
            problems.append(Problem("unreadable-file", message, span, remedy))

        try:
            path = (self.root / name).resolve()
            if not path.is_relative_to(self.root):
                refuse(f"{name} lies outside the project's folder.", "Keep the file inside it, links included.")
                return None
            if not path.is_file():
                refuse(f"There is no file {name}.", "Correct the path, or add the file.")
                return None
            if path.stat().st_size > MAX_BYTES:
                refuse(f"{name} is larger than {MAX_BYTES:,} bytes.", "Make it smaller.")
                return None
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is not one"
            refuse(f"{name} cannot be read: {reason}.", "Correct the path or the file's rights.")
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            column = len(data[: error.start].rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
            span = Span(name, error.start, error.start + 1, line, column, line, column + 1)
            refuse(
                f"{name} is no UTF-8: byte {error.start}, in line {line}, begins no character.",
                "Save it as UTF-8.",
                span,
            )
            return None
        self.sources[name] = SourceFile(name, text.removeprefix("\ufeff"))
        return self.sources[name]


def _masked(reader: Reader) -> SourceFile:
    """The file with stars in place of the secrets that are written out in it: what a report may show."""
    text = reader.file.text
    for start, end in reader.secrets:
        stars = "".join(char if char.isspace() else "*" for char in text[start:end])
        text = text[:start] + stars + text[end:]
    return SourceFile(reader.file.path, text)


def _order(problem: Problem) -> tuple[str, int]:
    return (problem.span.path, problem.span.start) if problem.span else ("", -1)


def _workspace(value: Any) -> WorkspaceConfig | None:
    if value is None:
        return None
    return WorkspaceConfig(id=value) if isinstance(value, str) else WorkspaceConfig(**value)


def _limits(value: Any) -> LimitsConfig:
    if not value:
        return LimitsConfig()
    overrides = {name: Override(**entry) for name, entry in (value.get("overrides") or {}).items()}
    return LimitsConfig(value.get("profile", limits.DEFAULT_PROFILE), overrides)


class _Places:
    """Where everything stands, so that a symbolic place finds its span."""

    def __init__(self) -> None:
        self.top: tuple[Reader, Mapping] | None = None
        self.items: dict[tuple[str, str], Place] = {}

    def add(self, place: Place, id_: str | None) -> None:
        if id_ is not None:
            self.items.setdefault((place.kind, id_), place)

    def locate(self, route: Route) -> Span | None:
        """The span of a route: the deepest part of it that is there, else the resource's ``id``, else None."""
        if route.kind:
            place = self.items.get((route.kind, route.id))
            if place is None:
                return None
            reader, node = place.reader, place.node
        elif self.top is not None:
            reader, node = self.top
        else:
            return None
        return _deepest(reader, node, route.keys)


def _deepest(reader: Reader, node: Node, keys: tuple[str | int, ...]) -> Span:
    at: Node = node
    label: Node | None = None
    for key in keys:
        if isinstance(at, Mapping) and isinstance(key, str) and key in at.entries:
            label, at = at.entries[key]
        elif isinstance(key, int) and not isinstance(at, Mapping | Scalar) and 0 <= key < len(at.items):
            at = at.items[key]
            label = next(iter(at.entries.values()))[0] if isinstance(at, Mapping) and at.entries else at
        else:
            break
    if isinstance(at, Scalar) and at.style not in ("|", ">") and at is not node and at.value is not None:
        return reader.span(at)
    if label is not None:
        return reader.span(label)
    if isinstance(node, Mapping) and "id" in node.entries:
        return reader.span(node.entries["id"][1])
    return reader.span(node)
