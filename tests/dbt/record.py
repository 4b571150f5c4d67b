"""Records what real dbt makes of ``project``, without what preflight does not read: ``python -m tests.dbt.record DBT``.

``DBT`` is the dbt executable of an environment with dbt-core and dbt-duckdb; ``artifacts`` was made by dbt-core 1.11.16
and dbt-duckdb 1.11.1, as the artifacts' own metadata say.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
UNREAD = ("docs", "selectors", "disabled", "semantic_models", "saved_queries", "metrics", "group_map", "groups")


def build(dbt: str, folder: Path, *commands: str) -> None:
    """Run dbt's commands in a copy of the project."""
    environ = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    for command in commands:
        subprocess.run(
            [dbt, *command.split(), "--profiles-dir", "."], cwd=folder, env=environ, check=True, capture_output=True
        )


def main() -> None:
    """Write the artifacts anew."""
    with TemporaryDirectory() as name:
        folder = shutil.copytree(HERE / "project", Path(name) / "shop")
        build(sys.argv[1], folder, "build", "docs generate")
        manifest = json.loads((folder / "target" / "manifest.json").read_text("utf-8"))
        catalog = (folder / "target" / "catalog.json").read_text("utf-8")
    kept = {key: value for key, value in manifest.items() if key not in UNREAD}
    kept["macros"] = {name: macro for name, macro in manifest["macros"].items() if macro["package_name"] == "shop"}
    for node in kept["nodes"].values():
        node.pop("root_path", None)  # it names the machine
    target = HERE / "artifacts"
    target.mkdir(exist_ok=True)
    (target / "manifest.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    (target / "catalog.json").write_text(json.dumps(json.loads(catalog), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
