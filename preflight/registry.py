"""Which rules and adapters there are: ours by dotted name, other people's by the names that a project lists.

Nothing is imported before it is needed, and the environment is scanned for plugins only where a project names one.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from preflight.errors import UsageError
from preflight.rule import Rule

if TYPE_CHECKING:
    from preflight.config import Connection
    from preflight.source import Connect, Diagnose

RULES = "preflight_rules"
LOCAL = "preflight_adapters.local"
ADAPTERS: dict[str, str] = {
    "snowflake": "preflight_adapters.snowflake",
    "databricks": "preflight_adapters.databricks",
    "bigquery": "preflight_adapters.bigquery",
    "redshift": "preflight_adapters.redshift",
}
"""A provider's name to the module whose ``connect`` opens it."""
GROUP = "preflight.plugins"
"""The entry-point group that a plugin's module is found by; the module may hold RULES and ADAPTERS shaped as ours."""


def rules(plugins: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Every rule, ours first; raises UsageError for a plugin that is absent and for a code or name used twice."""
    found: list[Rule] = []
    for module in (import_module(RULES), *map(_plugin, plugins)):
        found.extend(getattr(module, "RULES", ()))
    seen: set[str] = set()
    for rule in found:
        for key in (rule.code, rule.name):
            if key in seen:
                raise UsageError(f"two rules are called {key}", remedy="remove one of the plugins that bring it")
            seen.add(key)
    return tuple(found)


def connect_for(connection: Connection, plugins: Iterable[str] = ()) -> Connect | None:
    """The function that opens a connection's stand-in, where it names one, else its warehouse; None: there is none."""
    module = _adapter(connection, plugins)
    return module.connect if module else None


def diagnose_for(connection: Connection, plugins: Iterable[str] = ()) -> Diagnose | None:
    """The function that walks the route to a connection's warehouse or stand-in; None: there is none."""
    return getattr(_adapter(connection, plugins), "diagnose", None)


def _adapter(connection: Connection, plugins: Iterable[str]) -> Any:
    if connection.introspect.local is not None:
        return import_module(LOCAL)
    adapters = dict(ADAPTERS)
    for plugin in plugins:
        adapters |= getattr(_plugin(plugin), "ADAPTERS", {})
    dotted = adapters.get(connection.service_provider.value)
    return import_module(dotted) if dotted else None


def _plugin(name: str) -> Any:
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        return point.load()
    raise UsageError(f"the plugin {name!r} is not installed", remedy=f"install it, or take {name!r} out of `plugins`")
