"""The site builds without a warning and without a network, holds every page, and no link in it leads nowhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx", reason="the site's tools are a group of their own: pip install --group docs")
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that a link may lead to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.loads += [given[name] for name in ("src", "href") if name in given and tag in ("script", "link", "img")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    built = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--fail-on-warning", "--keep-going", "--builder", "html", "--doctree-dir")
    command = [sys.executable, "-m", "sphinx", *options, str(built / ".doctrees"), "docs", str(built / "html")]
    offline = {"PATH": "", "HOME": str(built), "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=ROOT, env=offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {file: Page(file) for file in (built / "html").rglob("*.html")}


def test_every_page_of_the_repository_is_on_it(site: dict[Path, Page]) -> None:
    pages = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 100
    names = {file.as_posix() for file in site}
    assert [page for page in pages if not any(name.endswith(f"html/{page.as_posix()}") for name in names)] == []


def _broken(site: dict[Path, Page]) -> Iterator[tuple[str, str]]:
    for file, page in site.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not link:
                continue
            there = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = site.get(there)
            if not there.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.places):
                yield file.name, link


def test_no_link_in_it_leads_nowhere(site: dict[Path, Page]) -> None:
    assert sum(len(page.links) for page in site.values()) > 1000
    assert list(_broken(site)) == []


def test_it_loads_nothing_from_elsewhere(site: dict[Path, Page]) -> None:
    loaded = {link for page in site.values() for link in page.loads}
    assert loaded
    assert {link for link in loaded if urlsplit(link).netloc} == set()
