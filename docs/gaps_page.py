"""The page of what the conformance suite cannot show on each engine's test server."""

from __future__ import annotations

import tomllib
from pathlib import Path

HEAD = """\
# What the test servers cannot show

`make test-warehouses` runs one conformance suite over all adapters: the stand-in, and the real drivers against servers
on loopback. A check that a server cannot pass is expected to fail there, strictly: one that passes fails the suite.
None of these servers is the warehouse itself; what only an account can show is on each warehouse's own page.

| engine | check | whose gap | why |
|---|---|---|---|
"""
OWNERS = {"ours": "the adapter's", "server": "the test server's", "never": "nobody's: it cannot be there"}


def page(root: Path) -> str:
    """The page, made from ``adapters/servers/gaps.toml``."""
    gaps = tomllib.loads((root / "adapters" / "servers" / "gaps.toml").read_text("utf-8"))["gap"]
    rows = sorted((gap["engine"], gap["check"], OWNERS[gap["owner"]], gap["reason"]) for gap in gaps)
    return HEAD + "".join(f"| {engine} | `{check}` | {owner} | {reason} |\n" for engine, check, owner, reason in rows)
