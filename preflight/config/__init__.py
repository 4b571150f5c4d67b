"""YAML to ``Project``: every value with its place, every problem in one run, and secrets only by reference."""

from __future__ import annotations

from preflight.config.load import load
from preflight.config.project import (
    LOCK,
    Connection,
    DataModel,
    EnvRef,
    FieldMapping,
    FieldTransformation,
    Introspect,
    LimitsConfig,
    LockConfig,
    Pipeline,
    Problem,
    Project,
    Schedule,
    SyncMode,
    Value,
    WorkspaceConfig,
)

__all__ = [
    "LOCK",
    "Connection",
    "DataModel",
    "EnvRef",
    "FieldMapping",
    "FieldTransformation",
    "Introspect",
    "LimitsConfig",
    "LockConfig",
    "Pipeline",
    "Problem",
    "Project",
    "Schedule",
    "SyncMode",
    "Value",
    "WorkspaceConfig",
    "load",
]
