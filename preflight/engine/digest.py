"""Fingerprints of what a report was made for, so that a clearance or a saved plan can tell what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from preflight import __version__
from preflight.config import Project
from preflight.finding import Digests
from preflight.hashing import sha256
from preflight.limits import Limits
from preflight.location import Excerpt
from preflight.model import Schema
from preflight.rule import Rule


def fingerprint(value: Any) -> str:
    """SHA-256, hex, of a value's content; the texts of data models do not enter it, and secrets are references."""
    return sha256(msgspec.json.encode(value, enc_hook=_encode, order="deterministic")).hexdigest()


def _encode(value: Any) -> Any:
    if isinstance(value, Excerpt):
        return None  # the text has a digest of its own
    raise NotImplementedError(f"{type(value)} has no place in a digest")


def digests(project: Project, limits: Limits, rules: Iterable[Rule], schemas: Mapping[str, Schema]) -> Digests:
    """The fingerprints of a run's inputs; secrets are references and never enter them."""
    resources = (
        project.workspace,
        project.connections,
        project.data_models,
        project.field_transformations,
        project.pipelines,
        project.rules,
        project.waivers,
        [(file.path, file.text) for file in project.data_plans],
    )
    return Digests(
        config=fingerprint(resources),
        sql=fingerprint({model.id: model.sql.text for model in project.data_models}),
        schema=fingerprint(schemas),
        limits=fingerprint(list(limits)),
        rules=fingerprint([__version__, *((rule.code, rule.severity) for rule in rules)]),
    )
