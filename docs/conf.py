"""The site's settings, for ``make site``: Sphinx reads the same Markdown that the repository shows.

The menu is made from the links of ``index.md``, so that no page of the repository holds a directive of Sphinx.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))

from preflight import __version__

project = "preflight"
release = __version__
root_doc = "index"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
nitpicky = True
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"preflight {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_permalinks_icon = "#"
highlight_options = {"console": {"stripall": False}}
suppress_warnings = ["misc.highlighting_failure"]  # quoted output and excerpts of SQL are no whole programs

_SECTION = re.compile(r"^## (.*)\n\n((?:- \[.*\]\(.*\.md\)\n)+)", re.MULTILINE)
_TARGET = re.compile(r"\((.*)\.md\)$", re.MULTILINE)


def _add_menu(_: Sphinx, name: str, source: list[str]) -> None:
    """Give the contents a menu of its sections' pages, and the rules' index one of the rules."""
    if name == root_doc:
        source[0] += "".join(
            _menu(title, _TARGET.findall(links)) for title, links in _SECTION.findall(source[0].rstrip() + "\n")
        )
    elif name == "rules/README":
        pages = sorted(path.stem for path in (Path(__file__).parent / "rules").glob("*.md") if path.stem != "README")
        source[0] += _menu("", pages)


def _menu(caption: str, pages: list[str]) -> str:
    head = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{head}\n" + "".join(f"{page}\n" for page in pages) + "```\n"


def setup(app: Sphinx) -> None:
    """Read every page through ``_add_menu``."""
    app.connect("source-read", _add_menu)
