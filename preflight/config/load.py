"""A path to a ``Project``: reads the project file, what it includes, and the SQL files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from preflight import limits
from preflight.config import grammar as g
from preflight.config.build import Resources
from preflight.config.comments import comments
from preflight.config.files import KEEP_INSIDE, Files, Refuse, within
from preflight.config.nodes import Mapping, Node, Sequence, parse
from preflight.config.places import Places
from preflight.config.problems import BAD
from preflight.config.project import Comment, LimitsConfig, LockConfig, Problem, Project, WorkspaceConfig
from preflight.config.read import Reader
from preflight.config.secrets import guessed, masked
from preflight.errors import UsageError
from preflight.finding import Waiver
from preflight.limits import Override
from preflight.location import Route, SourceFile, Span

NAMES = ("preflight.yml", "preflight.yaml")


def load(path: Path) -> Project:
    """Read the project at ``path``: a folder that holds ``preflight.yml``, or the file itself.

    Where ``path`` is the working folder, the nearest project above it will do, up to the repository's own folder.
    Raises UsageError where there is no such file. Whatever else is wrong is among the project's problems.
    """
    try:
        folders = _upward(Path.cwd()) if path == Path() else [path.absolute()]
        path = folders[0]
        if path.is_dir():
            places = (folder / name for folder in folders for name in NAMES)
            path = next((place for place in places if place.is_file()), path / NAMES[0])
        found, root = path.is_file(), path.parent.resolve()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links, up to Python 3.12
        found, root = False, path
    if not found:
        raise _missing(path)
    if path.suffix.lower() == ".sql":
        raise UsageError(f"{path} is SQL, and no project file", remedy="name the project's folder")
    return load_from(Files(root), path.name)


def _missing(path: Path) -> UsageError:
    """Why there is no project file at ``path``, and where the nearest ones are."""
    if os.path.lexists(path):
        return UsageError(f"the project file {path} is no regular file", remedy="put a file in its place")
    folder = path.parent if path.name in NAMES else path
    try:
        below = sorted({place.parent.name for name in NAMES for place in folder.glob(f"*/{name}")})
    except (OSError, ValueError):
        below = []
    remedy = f"name one of: {', '.join(below[:_NAMED])}" if below else "name it, or make one with `preflight init`"
    return UsageError(f"there is no project file {path}", remedy=remedy)


_NAMED = 5
"""Projects in folders below that are named where there is none here."""


def _upward(folder: Path) -> list[Path]:
    """The folder and those above it, up to the one that a repository begins in."""
    found = []
    for one in (folder, *folder.parents):
        found.append(one)
        if (one / ".git").exists():
            break
    return found


def load_from(files: Files, name: str) -> Project:
    """Read the project file ``name`` and what it names from ``files`` alone, whatever they stand for."""
    return _Loader(files, name).project()


class _Loader:
    """Reads one project; every file is read once."""

    def __init__(self, files: Files, name: str) -> None:
        self.name = name
        self.files = files
        self.problems: list[Problem] = []
        self.readers: list[Reader] = []
        self.comments: dict[str, tuple[Comment, ...]] = {}
        self.top: dict[str, Any] = {}
        self.places = Places()
        self.resources = Resources(self.files, self.places)
        self.whole = True
        """Whether everything was read that may hold resources: else a reference may lead to what was not."""

    def project(self) -> Project:
        reader, node = self._read_yaml(self.name, self._refuse(None))
        if reader is not None and node is not None:
            self._read_top(reader, node)
        elif reader is not None and not reader.found:
            reader.at("missing-key", "The project file is empty.", reader.file.span(0, 0), "Add `version: 1`.")
        waivers = self.top.get("waivers", ())
        plans = tuple(self._data_plans())
        for reader in self.readers:
            self.problems += reader.found
        if self.whole:
            self.problems += self.resources.unresolved(waivers)
        return Project(
            root=self.files.root,
            file=self.name,
            workspace=_workspace(self.top.get("workspace")),
            limits=_limits(self.top.get("limits")),
            dbt=self.resources.dbt,
            lock=LockConfig(**self.top.get("lock", {})),
            connections=tuple(self.resources.connections.values()),
            data_models=tuple(self.resources.data_models.values()),
            field_transformations=tuple(self.resources.field_transformations.values()),
            pipelines=tuple(self.resources.pipelines.values()),
            rules=self.top.get("rules", {}),
            waivers=tuple(Waiver(**waiver) for waiver in waivers),
            data_plans=plans,
            plugins=self.top.get("plugins", ()),
            problems=tuple(sorted(self.problems, key=_order)),
            broken=frozenset(self.resources.broken),
            sources=self.files.sources | {r.file.path: masked(r.file, r.secrets) for r in self.readers if r.secrets},
            locate=self.places.locate,
            comments=self.comments,
            patterns=tuple(self.files.patterns),
            written_in=frozenset(reader.file.path for reader in self.readers),
        )

    def _read_top(self, reader: Reader, node: Node) -> None:
        if not isinstance(node, Mapping):
            reader.shape(node, g.PROJECT, "")
            return
        self.places.top = (reader, node)
        patterns = node.entries["include"][1] if "include" in node.entries else None
        written = len(patterns.items) if isinstance(patterns, Sequence) else 0
        found = reader.fields(node, g.PROJECT, "", skip=g.LISTS)
        self.top = {key: value for key, value in found.items() if value is not BAD}
        if self.top.get("version", 1) != 1:
            message = f"version is {self.top['version']}; this preflight reads 1."
            reader.add("wrong-value", message, node.entries["version"][1], "Write 1.")
        self.resources.dbt_folder = self.top.get("dbt", {}).get("project_dir")
        self._read_lists(reader, node, self.name)
        self.whole &= found.get("include") is not BAD and len(self.top.get("include", ())) == written
        for index, pattern in enumerate(self.top.get("include", ())):
            self._include(pattern, self.places.locate(Route("", "", ("include", index))))

    def _read_lists(self, reader: Reader, node: Mapping, path: str) -> None:
        folder = str(PurePosixPath(path).parent).removeprefix(".")
        self.whole &= node.sound
        for kind in g.LISTS:
            if kind not in node.entries:
                continue

            def one(item: Node, index: int, kind: str = kind) -> None:
                self.resources.add(reader, item, kind, folder, f"{kind}[{index}]")

            self.whole &= reader.items(node.entries[kind][1], one, kind)

    def _include(self, pattern: str, place: Span | None) -> None:
        for name in self.files.match(pattern, self._refuse(place)):
            reader, node = self._read_yaml(name, self._refuse(place))
            if reader is None or node is None:
                continue
            if not isinstance(node, Mapping):
                self.whole = False
                reader.shape(node, g.INCLUDED, "The included file")
                continue
            for key in ("version", "include"):
                if key in node.entries:
                    message = f"An included file has no {key}: it holds the four lists alone."
                    reader.add("unknown-key", message, node.entries[key][0], f"Move it to {self.name}.")
            reader.fields(node, g.INCLUDED, "The included file", skip=(*g.LISTS, "version", "include"))
            self._read_lists(reader, node, name)

    def _data_plans(self) -> Iterator[SourceFile]:
        for index, name in enumerate(self.top.get("data_plans", ())):
            place = self.places.locate(Route("", "", ("data_plans", index)))

            def refuse(message: str, remedy: str, span: Span | None, place: Span | None = place) -> None:
                self.problems.append(Problem("unreadable-file", message, span or place, remedy))

            path = within("", name)
            if path is None:
                refuse(f"{name} lies outside the project's folder.", KEEP_INSIDE, None)
            elif (file := self.files.read(path, refuse)) is not None:
                yield file

    def _refuse(self, place: Span | None) -> Refuse:
        """What keeps a problem with a file that may hold resources."""

        def refuse(message: str, remedy: str, span: Span | None) -> None:
            self.whole = False
            self.problems.append(Problem("unreadable-file", message, span or place, remedy))

        return refuse

    def _read_yaml(self, name: str, refuse: Refuse) -> tuple[Reader | None, Node | None]:
        file = self.files.read(name, refuse)
        if file is None:
            return None, None
        node, mistakes = parse(file.text)
        reader = Reader(file, node)
        self.readers.append(reader)
        for mistake in mistakes:
            reader.mistake(mistake)
        if node is not None and (found := comments(file.text, node)):
            self.comments[file.path] = found
        if node is None and mistakes:
            self.whole = False
            reader.secrets += guessed(file.text)
        return reader, node


def _order(problem: Problem) -> tuple[str, int]:
    return (problem.span.path, problem.span.start) if problem.span else ("", -1)


def _workspace(value: Any) -> WorkspaceConfig | None:
    if value is None:
        return None
    return WorkspaceConfig(id=value) if isinstance(value, str) else WorkspaceConfig(**value)


def _limits(value: Any) -> LimitsConfig:
    if not value:
        return LimitsConfig()
    overrides = {name: Override(**entry) for name, entry in value.get("overrides", {}).items()}
    return LimitsConfig(value.get("profile", limits.DEFAULT_PROFILE), overrides)
