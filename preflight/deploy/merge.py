"""Taking what a workspace holds into a project's own files, with their comments, their order and their formatting.

Only what means something else is written; the rest of each file stays as it is, byte for byte. Nothing is written here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

import yaml
from ruamel.yaml import YAML

from preflight.config import Project
from preflight.deploy.adopt import Adopted
from preflight.deploy.drift import Drift, Side

_SECTION_INDENT = 2


def merged(project: Project, found: Adopted, drifts: tuple[Drift, ...]) -> dict[str, str]:
    """The files that change, by their path in the project's folder, as they are to be.

    ``drifts`` are those between the project and the workspace that ``found`` was made of. What the workspace lacks
    stays in the project.
    """
    return _Merge(project, found).files(drifts)


class _Merge:
    def __init__(self, project: Project, found: Adopted) -> None:
        self._project = project
        self._found = found
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096
        self._yaml.indent(mapping=2, sequence=4, offset=_SECTION_INDENT)
        self._texts: dict[str, str] = {}

    def files(self, drifts: tuple[Drift, ...]) -> dict[str, str]:
        documents = {
            path: self._yaml.load(source.text)
            for path, source in self._project.sources.items()
            if path.endswith((".yml", ".yaml"))
        }
        plain = {path: self._dumped(document) for path, document in documents.items()}
        for drift in drifts:
            if drift.side is Side.CHANGED:
                self._change(documents, drift)
            elif drift.side is Side.MISSING_HERE:
                self._add(documents[self._project.file], drift)
        for path, document in documents.items():
            dumped = self._dumped(document)
            if dumped != plain[path]:
                text = replayed(self._project.sources[path].text, plain[path], dumped)
                self._texts[path] = text if self._same(text, dumped) else dumped
        return self._texts

    def _same(self, text: str, dumped: str) -> bool:
        """Whether two files mean the same: formatting of its own kind may not survive a change beside it."""
        try:
            return bool(yaml.load(text, Loader=yaml.CSafeLoader) == yaml.load(dumped, Loader=yaml.CSafeLoader))
        except (yaml.YAMLError, ValueError):
            return False

    def _dumped(self, document: Any) -> str:
        out = io.StringIO()
        self._yaml.dump(document, out)
        return out.getvalue()

    def _change(self, documents: Mapping[str, Any], drift: Drift) -> None:
        entry = self._found.entry(drift.kind, drift.id)
        item = next(_items(documents.values(), drift.kind, drift.id), None)
        if entry is None or item is None:
            return
        for change in drift.changes:
            path = change.path
            if drift.kind == "data_models" and path[-1] == "sql_query":
                self._change_sql(item, entry)
                continue
            if path[0] == "mappings":
                path = ("mappings",)
            _put(item, entry, path)

    def _change_sql(self, item: Any, entry: Mapping[str, Any]) -> None:
        sql = self._found.files[entry["sql_file"]]
        if "sql_query" in item:
            item["sql_query"] = sql
            return
        model = self._project.data_model(item["id"])
        self._texts[model.sql_file if model and model.sql_file else item["sql_file"]] = sql

    def _add(self, document: Any, drift: Drift) -> None:
        entry = self._found.entry(drift.kind, drift.id)
        if entry is None:
            return
        if document.get(drift.kind) is None:
            document[drift.kind] = []
        document[drift.kind].append(dict(entry))
        if drift.kind == "data_models":
            self._texts[entry["sql_file"]] = self._found.files[entry["sql_file"]]


def _items(documents: Any, kind: str, id: str) -> Iterator[Any]:  # noqa: A002 - the API's word
    for document in documents:
        for item in (document or {}).get(kind) or ():
            if isinstance(item, Mapping) and item.get("id") == id:
                yield item


def _put(item: Any, entry: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Let ``item`` have at ``path`` what ``entry`` has there, or nothing where that has nothing."""
    *above, name = path
    there: Any = entry
    here = item
    for key in above:
        there = there.get(key) if isinstance(there, Mapping) else None
        if not isinstance(here.get(key), Mapping):
            here[key] = {}
        here = here[key]
    if isinstance(there, Mapping) and name in there:
        here[name] = there[name]
    else:
        here.pop(name, None)


def replayed(text: str, before: str, after: str) -> str:
    """``text`` with the changes that lead from ``before``, which is the same but for its formatting, to ``after``."""
    original, old, new = (part.splitlines(keepends=True) for part in (text, before, after))
    at = _line_numbers(old, original)
    pieces: list[str] = []
    done = 0
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pieces += original[done : at[old_start]]
        if pieces and not pieces[-1].endswith("\n"):
            pieces[-1] += "\n"
        near = min(old_start, len(old) - 1)
        deeper = _indent(original, at[near]) - _indent(old, near)
        pieces += [_moved(line, deeper) for line in new[new_start:new_end]]
        done = at[old_end]
    return "".join((*pieces, *original[done:]))


def _indent(lines: list[str], number: int) -> int:
    """The spaces before a line; 0 where there is no such line, or nothing on it."""
    line = lines[number] if 0 <= number < len(lines) else ""
    return len(line) - len(line.lstrip(" ")) if line.strip() else 0


def _moved(line: str, spaces: int) -> str:
    if spaces >= 0:
        return " " * spaces + line if line.strip() else line
    return line[min(-spaces, len(line) - len(line.lstrip(" "))) :]


def _line_numbers(old: list[str], original: list[str]) -> list[int]:
    """For each line of ``old``, and for its end, the line of ``original`` that it stands for."""
    found: list[int] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, original, autojunk=False).get_opcodes():
        found += range(c, d) if tag == "equal" or b - a == d - c else [min(c + n, d) for n in range(b - a)]
    return [*found, len(original)]
