"""From what a workspace holds to the files of a project that says the same. Pure: nothing is read or written here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from preflight.config.secrets import looks_secret
from preflight.deploy.show import label, printable
from preflight.model import Remote, WorkspaceState
from preflight.workspace import wire

PROJECT = "preflight.yml"
_HIDDEN = {
    "snowflake": ("password",),
    "redshift": ("password",),
    "bigquery": ("service_account_key",),
    "databricks": (),
}
"""Config fields that the platform takes and never shows, by provider (V2 and V1 reference pages)."""
_MASK = re.compile(r"\*+")
_MEMBERS = ("mapping_type", "source", "destination", "value")


class Adopted(msgspec.Struct, frozen=True):
    """A project's files by their path in its folder, and what a reader has to know, one sentence each."""

    files: Mapping[str, str]
    secrets: tuple[str, ...]
    """The environment variables that the files name."""
    notes: tuple[str, ...]
    document: Mapping[str, Any]
    """The project file as a value."""

    def entry(self, kind: str, id: str) -> Mapping[str, Any] | None:  # noqa: A002 - the API's word
        """One resource as the project file writes it; a data model's SQL is in the file that it names."""
        return next((entry for entry in self.document.get(kind, ()) if entry["id"] == id), None)


def adopt(state: WorkspaceState, workspace: str) -> Adopted:
    """The files that describe everything that the workspace holds.

    Secrets become ``{env: NAME}`` with a name made of the resource's id and the field's. Fields that no client may set
    are left out; so are those that preflight does not know, with a note each.
    """
    return _Writer(state, workspace).adopted()


class _Writer:
    def __init__(self, state: WorkspaceState, workspace: str) -> None:
        self._state = state
        self._workspace = workspace
        self._files: dict[str, str] = {}
        self._secrets: dict[str, tuple[str, str]] = {}
        self._notes: list[str] = []

    def adopted(self) -> Adopted:
        writers = {
            "connections": self._connection,
            "data_models": self._data_model,
            "field_transformations": self._field_transformation,
            "pipelines": self._pipeline,
        }
        document: dict[str, Any] = {"version": 1, "workspace": self._workspace}
        for kind, write in writers.items():
            entries = [write(remote) for remote in getattr(self._state, kind) if self._usable(kind, remote)]
            document |= {kind: entries} if entries else {}
            if kind in self._state.unread:
                self._notes.append(f"The workspace's {kind.replace('_', ' ')} could not be read and are left out.")
        text = yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
        return Adopted({PROJECT: text, **self._files}, tuple(self._secrets), tuple(self._notes), document)

    def _usable(self, kind: str, remote: Remote) -> bool:
        if wire.SLUG.fullmatch(remote.id):
            return True
        self._notes.append(f"{_titled(kind, remote.id)} is left out: that is no id.")
        return False

    def _connection(self, remote: Remote) -> dict[str, Any]:
        fields = self._known("connections", remote)
        provider = str(fields.get("service_provider") or "").lower()
        config = fields.get("config")
        found = {
            name: self._value("connections", remote.id, name, value)
            for name, value in (config.items() if isinstance(config, Mapping) else ())
            if value is not None
        }
        for name in _HIDDEN.get(provider, ()):
            found.setdefault(name, self._secret("connections", remote.id, name))
        entry = {"id": remote.id, "name": fields.get("name"), "service_provider": provider, "config": found}
        return _present({**entry, "state": _folded(fields.get("state"))})

    def _data_model(self, remote: Remote) -> dict[str, Any]:
        config = remote.body.get("config")
        nested = config.get("sql_query") if isinstance(config, Mapping) else None
        fields = self._known("data_models", remote, *(("config",) if nested is not None else ()))
        sql = nested if nested is not None else fields.get("sql_query")
        file = self._file(f"models/{remote.id}.sql")
        self._files[file] = sql if isinstance(sql, str) else ""
        entry = {"id": remote.id, "name": fields.get("name"), "type": _folded(fields.get("type")) or "sql"}
        return _present({**entry, "sql_file": file})

    def _file(self, name: str) -> str:
        """``name``, or one near it where a file system may take it for another that is there."""
        stem, number = name.removesuffix(".sql"), 1
        taken = {file.casefold() for file in self._files}
        while name.casefold() in taken:
            number += 1
            name = f"{stem}~{number}.sql"
        return name

    def _field_transformation(self, remote: Remote) -> dict[str, Any]:
        fields = self._known("field_transformations", remote)
        mappings = fields.get("mappings")
        entries = []
        for mapping in mappings if isinstance(mappings, list | tuple) else ():
            if isinstance(mapping, Mapping):
                written = {name: mapping.get(name) for name in _MEMBERS}
                entries.append(_present({**written, "mapping_type": _folded(written["mapping_type"])}))
        entry = {"id": remote.id, "name": fields.get("name")}
        return _present({**entry, "destination_type": _folded(fields.get("destination_type")), "mappings": entries})

    def _pipeline(self, remote: Remote) -> dict[str, Any]:
        fields = self._known("pipelines", remote)
        if fields.get("partner_feed_id") is not None:
            fields.pop("partner_feed_key", None)
            fields["partner_feed_id"] = _number(fields["partner_feed_id"])
        else:
            fields["partner_feed_key"] = self._secret("pipelines", remote.id, "partner_feed_key")
        fields["plan_version"] = _number(fields.get("plan_version"))
        for name in ("state", "environment"):
            fields[name] = _folded(fields.get(name))
        for part, folded in (("sync_mode", ("type",)), ("schedule", ("type", "frequency"))):
            held = fields.get(part)
            if isinstance(held, Mapping):
                fields[part] = _present({n: _folded(v) if n in folded else v for n, v in held.items()})
        return _present({"id": remote.id, **fields})

    def _known(self, kind: str, remote: Remote, *extra: str) -> dict[str, Any]:
        """The fields that a client may set, in the reference's order, parts with their own; a note names the others."""
        known = wire.FIELDS[kind]
        body = self._inert(kind, remote.id, remote.body)
        tops = dict.fromkeys(name.partition(".")[0] for name in known)
        parts = {"sync_mode", "schedule"} & tops.keys()
        found = {name: body.get(name) for name in tops}
        for part in parts:
            held = found[part]
            if isinstance(held, Mapping):
                self._report(kind, remote.id, {f"{part}.{name}": value for name, value in held.items()}, known)
                found[part] = {name: value for name, value in held.items() if f"{part}.{name}" in known}
        others = {name: value for name, value in body.items() if name not in wire.READ_ONLY and name != "id"}
        self._report(kind, remote.id, others, (*tops, *extra))
        return found

    def _inert(self, kind: str, id: str, value: Any) -> Any:  # noqa: A002
        """``value`` without what a project file would read as a reference to a variable of whoever applies it."""
        if isinstance(value, list | tuple):
            return [self._inert(kind, id, item) for item in value]
        if not isinstance(value, Mapping):
            return value
        kept = {name: item for name, item in value.items() if not _refers(item)}
        for name in value.keys() - kept.keys():
            self._notes.append(f"{_titled(kind, id)}: {printable(name)} is left out: it refers to a variable.")
        return {name: self._inert(kind, id, item) for name, item in kept.items()}

    def _report(self, kind: str, id: str, fields: Mapping[str, Any], known: Any) -> None:  # noqa: A002 - the API's word
        names = [name for name, value in fields.items() if name not in known and value is not None]
        if names:
            listed = ", ".join(printable(name) for name in names)
            self._notes.append(f"{_titled(kind, id)}: {listed} is not written, as no source documents it.")

    def _value(self, kind: str, id: str, path: str, value: Any) -> Any:  # noqa: A002
        """A member of a connection's config; ``path`` is its place there, with dots."""
        name = path.rpartition(".")[2]
        text = value if isinstance(value, str) else ""
        if wire.secret(name) or looks_secret(text) or _MASK.fullmatch(text):
            return self._secret(kind, id, path)
        if isinstance(value, Mapping):
            items = value.items()
            return {key: self._value(kind, id, f"{path}.{key}", item) for key, item in items if item is not None}
        if isinstance(value, list | tuple):
            return [self._value(kind, id, f"{path}.{number}", item) for number, item in enumerate(value, 1)]
        return value

    def _secret(self, kind: str, id: str, name: str) -> dict[str, str]:  # noqa: A002
        """A reference under a name that no other secret has."""
        base = re.sub(r"[^A-Z0-9]+", "_", f"{id}_{name}".upper()).strip("_")
        base = base if not base[:1].isdigit() else f"MP_{base}"
        variable, number = base, 1
        while self._secrets.setdefault(variable, (kind, f"{id}.{name}")) != (kind, f"{id}.{name}"):
            number += 1
            variable = f"{base}_{number}"
        return {"env": variable}


def _titled(kind: str, id: str) -> str:  # noqa: A002 - the API's word
    """A resource at the beginning of a sentence."""
    named = label(kind, id)
    return named[0].upper() + named[1:]


def _refers(value: Any) -> bool:
    """Whether a value, or an item of it, is written as ``{env: NAME}``."""
    if isinstance(value, list | tuple):
        return any(map(_refers, value))
    return isinstance(value, Mapping) and list(value) == ["env"]


class _Plain(yaml.SafeDumper):
    """YAML as the project's grammar takes it: without aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        return True


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _number(value: Any) -> Any:
    """A number that the docs show both bare and quoted."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else value
