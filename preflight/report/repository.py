"""Where the project stands in its repository, so that a code host finds the files that a report names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from preflight.location import Span


class Repository(msgspec.Struct, frozen=True):
    """The project's folder in its repository, and the address of the repository's files."""

    prefix: str = ""
    """The project's folder below the repository's, with forward slashes; empty where they are one."""
    files: str = ""
    """The address below which a code host shows the files of the checked commit, ending in a slash; or empty."""

    def path(self, path: str) -> str:
        """A path of the project as a path of the repository."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def link(self, span: Span) -> str:
        """The address of a span's lines; empty where no code host is known."""
        if not self.files:
            return ""
        last = f"-L{span.end_line}" if span.end_line > span.line else ""
        return f"{self.files}{quote(self.path(span.path), errors='replace')}#L{span.line}{last}"


def repository(root: Path, environ: Mapping[str, str]) -> Repository:
    """The repository around the project's folder, as GitHub's or GitLab's variables tell, else the nearest ``.git``."""
    root = root.resolve()
    checkout = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR")
    top = Path(checkout).resolve() if checkout else next((f for f in (root, *root.parents) if _is_top(f)), root)
    inside = root.relative_to(top).as_posix() if root.is_relative_to(top) else "."
    return Repository("" if inside == "." else inside, _files(environ))


def reached(root: Path, start: Path) -> str:
    """How one reaches the project's folder from ``start``, ending in a slash; empty where one is there."""
    root, start = root.resolve(), start.resolve()
    return "" if root == start else f"{root.relative_to(start) if root.is_relative_to(start) else root}/"


def _is_top(folder: Path) -> bool:
    return (folder / ".git").exists()


def _files(environ: Mapping[str, str]) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")
    server, name, commit = (environ.get(variable, "") for variable in names)
    address = f"{server}/{name}/blob/{commit}/" if server and name and commit else ""
    if not address and environ.get("CI_PROJECT_URL") and environ.get("CI_COMMIT_SHA"):
        address = f"{environ['CI_PROJECT_URL']}/-/blob/{environ['CI_COMMIT_SHA']}/"
    return quote(address, safe=":/-._~") if address.startswith(("https://", "http://")) else ""
