"""preflight proves that an mParticle Warehouse Sync pipeline will be accepted and will do what was meant.

Importing this package imports nothing else: each public name is looked up when it is first used.
"""

from __future__ import annotations

__version__ = "0.1.0"

_HOMES = {
    "Basis": "preflight.finding",
    "Clearance": "preflight.finding",
    "Finding": "preflight.finding",
    "Grade": "preflight.finding",
    "Measure": "preflight.finding",
    "Report": "preflight.finding",
    "Severity": "preflight.finding",
    "Verdict": "preflight.finding",
    "PreflightError": "preflight.errors",
    "Project": "preflight.config",
    "check": "preflight.engine",
    "load": "preflight.config",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    """Import the module that holds ``name`` and return the value; unknown names raise AttributeError."""
    if home := _HOMES.get(name):
        from importlib import import_module

        return getattr(import_module(home), name)
    raise AttributeError(f"module 'preflight' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
