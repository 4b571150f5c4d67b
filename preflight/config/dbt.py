"""What a dbt project compiled: its models' SQL, relations and columns, from ``target/manifest.json`` and the catalog.

No Jinja is rendered here and nothing is run: what dbt itself has not compiled is a problem, and so is what has been
edited since. The artifacts are described at https://docs.getdbt.com/reference/artifacts/manifest-json.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from preflight.config.files import KEEP_INSIDE, Files
from preflight.config.problems import nearest
from preflight.hashing import sha256

Artifact = TypeVar("Artifact")
MAX_BYTES = 512_000_000
PROJECT = "dbt_project.yml"
_COMPILE = "Run `dbt compile`, or `dbt build` and `dbt docs generate`."


class DbtProblem(Exception):
    """Why a dbt model cannot be taken; ``kind`` is the rule that reports it."""

    def __init__(self, kind: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.remedy = remedy


class Checksum(msgspec.Struct, frozen=True):
    """The fingerprint of a model's own file, without white space around its text."""

    name: str = ""
    checksum: str = ""


class Parents(msgspec.Struct, frozen=True):
    """What a node is made of."""

    nodes: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


class Node(msgspec.Struct, frozen=True):
    """A model, an analysis, a seed, a snapshot or a source."""

    unique_id: str
    name: str
    resource_type: str
    package_name: str
    original_file_path: str = ""
    language: str = "sql"
    compiled_code: str | None = None
    compiled_path: str | None = None
    relation_name: str | None = None
    source_name: str = ""
    version: str | int | float | None = None
    checksum: Checksum = Checksum()
    depends_on: Parents = Parents()
    patch_path: str | None = None

    @property
    def ref(self) -> str:
        """How another model's Jinja names it."""
        if self.resource_type == "source":
            return f"source('{self.source_name}', '{self.name}')"
        return f"ref('{self.name}')" if self.version is None else f"ref('{self.name}', v={self.version})"


class Macro(msgspec.Struct, frozen=True):
    """A macro's file."""

    package_name: str = ""
    original_file_path: str = ""


class Metadata(msgspec.Struct, frozen=True):
    """Which project and which dbt made an artifact, and when."""

    dbt_schema_version: str = ""
    project_name: str = ""
    generated_at: datetime | None = None


class Manifest(msgspec.Struct, frozen=True):
    """The part of ``manifest.json`` that is read."""

    metadata: Metadata
    nodes: Mapping[str, Node]
    sources: Mapping[str, Node] = {}
    macros: Mapping[str, Macro] = {}


class CatalogColumn(msgspec.Struct, frozen=True):
    """A column as the warehouse listed it."""

    name: str
    type: str
    index: int


class CatalogTable(msgspec.Struct, frozen=True):
    """Which object an entry is about."""

    name: str
    schema: str
    type: str = "table"
    database: str | None = None


class CatalogEntry(msgspec.Struct, frozen=True):
    """One relation as the warehouse listed it."""

    metadata: CatalogTable
    columns: Mapping[str, CatalogColumn]

    @property
    def ordered(self) -> tuple[CatalogColumn, ...]:
        """Its columns in the table's order."""
        return tuple(sorted(self.columns.values(), key=lambda column: column.index))


class Catalog(msgspec.Struct, frozen=True):
    """The part of ``catalog.json`` that is read."""

    metadata: Metadata
    nodes: Mapping[str, CatalogEntry]
    sources: Mapping[str, CatalogEntry] = {}


class DbtProject:
    """One dbt project's artifacts, each read when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def manifest(self) -> Manifest:
        """What dbt compiled; raises DbtProblem."""
        found = self._artifact("manifest.json", Manifest)
        if found is None:
            message = f"The dbt project {self.folder.name} has no target/manifest.json."
            raise DbtProblem("unreadable-file", message, _COMPILE)
        return found

    @cached_property
    def catalog(self) -> Catalog | None:
        """What the warehouse listed when dbt last made its docs; None where it never did. Raises DbtProblem."""
        return self._artifact("catalog.json", Catalog)

    def _artifact(self, name: str, type_: type[Artifact]) -> Artifact | None:
        path = self.folder / "target" / name
        try:
            if not path.resolve().is_relative_to(self.folder):
                raise DbtProblem("unreadable-file", f"target/{name} leads out of the dbt project.", KEEP_INSIDE)
            if not path.is_file():
                return None
            if path.stat().st_size > MAX_BYTES:
                raise DbtProblem("unreadable-file", f"target/{name} is larger than {MAX_BYTES:,} bytes.", _COMPILE)
            return msgspec.json.decode(path.read_bytes(), type=type_)
        except (OSError, ValueError, RecursionError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)[:160]
            message = f"target/{name} is no artifact that preflight reads: {reason}."
            raise DbtProblem("unreadable-file", message, _COMPILE) from None

    def model(self, name: str) -> Node:
        """The model or analysis called ``name``, with its compiled SQL; raises DbtProblem.

        ``package.name`` and ``name.v2`` tell alike ones apart.
        """
        found = [node for node in self._models if name in _names(node)]
        if not found:
            close = nearest(name, [node.name for node in self._models])
            message = f"The dbt project {self.manifest.metadata.project_name} has no model {name[:80]!r}."
            raise DbtProblem("unresolved-reference", message, f"Write {close}." if close else _COMPILE)
        if len(found) > 1:
            ids = ", ".join(sorted(node.unique_id for node in found)[:5])
            raise DbtProblem("unresolved-reference", f"{name} is several dbt models: {ids}.", "Write one of these ids.")
        node = found[0]
        if node.language != "sql":
            message = f"The dbt model {name} is written in {node.language}, which Warehouse Sync does not run."
            raise DbtProblem("unresolved-reference", message, "Select from its relation in a query of your own.")
        if not node.compiled_code:
            raise DbtProblem("unreadable-file", f"The dbt model {name} was parsed, but not compiled.", _COMPILE)
        return node

    @property
    def _models(self) -> list[Node]:
        return [node for node in self.manifest.nodes.values() if node.resource_type in ("model", "analysis")]

    def edited(self, node: Node) -> bool:
        """Whether the model's own file differs from the one that dbt compiled."""
        path = self.folder / node.original_file_path
        if node.checksum.name != "sha256" or node.package_name != self.manifest.metadata.project_name:
            return False
        try:
            if not path.resolve().is_relative_to(self.folder) or not path.is_file():
                return False
            text = path.read_bytes().decode("utf-8", "replace").strip()
        except (OSError, ValueError, RuntimeError):
            return False
        return sha256(text.encode()).hexdigest() != node.checksum.checksum

    def path(self, node: Node, root: Path) -> str:
        """Where the compiled SQL stands, as seen from ``root``."""
        compiled = node.compiled_path or f"target/compiled/{node.package_name}/{node.original_file_path}"
        return Path(os.path.relpath(self.folder / compiled, root)).as_posix()

    def ancestors(self, node: Node) -> Iterable[Node]:
        """The node and everything that it is made of, once each."""
        known = {**self.manifest.nodes, **self.manifest.sources}
        todo, seen = [node.unique_id], set()
        while todo:
            name = todo.pop()
            if name in seen or name not in known:
                continue
            seen.add(name)
            yield known[name]
            todo += known[name].depends_on.nodes


def _names(node: Node) -> tuple[str, ...]:
    versioned = () if node.version is None else (f"{node.name}.v{node.version}",)
    return (node.name, f"{node.package_name}.{node.name}", node.unique_id, *versioned)


def find(files: Files, named: str | None) -> DbtProject:
    """The dbt project that the project names, else the nearest one in its folder or above; raises DbtProblem."""
    if named is not None:
        if not files.contains(named):
            message = f"{named} lies outside the project's folder."
            raise DbtProblem("unreadable-file", message, "Leave it out: a dbt project above is found by itself.")
        folder = (files.root / named).resolve()
        if not (folder / PROJECT).is_file():
            raise DbtProblem("unreadable-file", f"There is no dbt project {named}.", f"Name the folder of {PROJECT}.")
        return DbtProject(folder)
    for folder in (files.root, *files.root.parents):
        if (folder / PROJECT).is_file():
            return DbtProject(folder)
        if (folder / ".git").exists():
            break
    message = f"There is no {PROJECT} in the project's folder, nor above it in the repository."
    raise DbtProblem("unreadable-file", message, "Write `dbt: {project_dir: …}`.")
