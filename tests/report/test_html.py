"""The page, opened in a real browser: what it shows, what it asks for, and who can use it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from preflight.finding import Report, Severity, State
from preflight.location import SourceFile
from preflight.report import render
from preflight.report.html_excerpt import Excerpts
from preflight.report.repository import Repository
from preflight.report.style import Style

from .browser import CHROMIUM, Page, browser
from .reports import CONTACTS, SQL, finding, full, report, spoilt, verdict, windows

TAB, ENTER, SPACE = ("Tab", 9), ("Enter", 13), (" ", 32)
FINDINGS = (
    finding(SQL.text.index("contacts"), SQL.text.index("contacts") + 8),
    finding(0, 6, severity=Severity.WARNING, message="A warning."),
    finding(0, 6, severity=Severity.INFO, message="Long " + "word" * 100),
)
LONG = SourceFile("models/long.sql", "SELECT " + "x" * 5_000 + ",\n" + ", ".join(f"column_{i}" for i in range(400)))

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: install the package chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def show(page: Page, checked: Report, folder: Path, **how: object) -> Page:
    file = folder / "report.html"
    file.write_text(render(checked, "html"), "utf-8")
    page.open(file, **how)  # type: ignore[arg-type]
    return page


def rich() -> Report:
    return full(
        findings=(*FINDINGS, *full().findings, finding(5, 4_000, LONG)),
        sources={SQL.path: SQL, LONG.path: LONG},
        failures=(),
        bugs=(),
        verdicts=(*full().verdicts, verdict("PF999", State.UNPROVEN, CONTACTS, reason="why" * 80)),
    )


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 375, 800, 1280])
def test_the_page_loads_nothing_complains_of_nothing_and_fits(
    page: Page, tmp_path: Path, width: int, dark: bool
) -> None:
    show(page, rich(), tmp_path, width=width, dark=dark)
    assert page.complaints == []
    assert page.requests == [(tmp_path / "report.html").as_uri()]
    assert page.value("document.documentElement.scrollWidth") <= width
    wider = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert page.value(f"{wider}.filter(e => !e.closest('.hidden')).map(e => e.outerHTML.slice(0, 80))") == []


@needs_browser
def test_it_follows_the_readers_choice_of_light_and_dark(page: Page, tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    light = show(page, rich(), tmp_path).value(ground)
    dark = show(page, rich(), tmp_path, dark=True).value(ground)
    assert min(light) > 200
    assert max(dark) < 60


CONTRAST = """
(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                     return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
                        if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    if (svg && e.tagName !== 'text') continue;
    const [a, b] = [lum(parse(svg ? style.fill : style.color)), lum(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.push(e.outerHTML.slice(0, 120) + ' ' + ((a + .05) / (b + .05)).toFixed(2));
  }
  return low;
})()
"""


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(page: Page, tmp_path: Path, dark: bool) -> None:
    assert show(page, rich(), tmp_path, dark=dark).value(CONTRAST) == []


@needs_browser
def test_the_keyboard_reaches_the_findings_and_folds_them(page: Page, tmp_path: Path) -> None:
    show(page, rich(), tmp_path)
    page.press(*TAB)
    assert page.value("document.activeElement.className") == "skip"
    assert page.value("document.activeElement.getBoundingClientRect().left") >= 0
    page.press(*ENTER)
    reached: set[str] = set()
    for _ in range(40):
        page.press(*TAB)
        reached.add(page.value("document.activeElement.closest('.finding')?.id ?? ''"))
        if page.value("document.activeElement.matches('summary:focus-visible')"):
            assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached >= {f"f{at}" for at in range(1, 7)}
    page.value("document.querySelector('.finding summary').focus()")
    page.press(*SPACE)
    assert page.value("document.querySelector('.finding').open") is False


@needs_browser
def test_the_filter_shows_one_severity_and_works_without_a_script(page: Page, tmp_path: Path) -> None:
    show(page, rich(), tmp_path)
    shown = "[...document.querySelectorAll('.finding')].filter(f => f.checkVisibility()).map(f => f.className)"
    assert len(page.value(shown)) == 6
    page.value("document.querySelector('label[for=only-warning]').click()")
    assert page.value(shown) == ["finding warning"]
    page.value("document.querySelector('label[for=only-accepted]').click()")
    assert page.value(shown) == ["finding accepted"]


@needs_browser
def test_the_marked_text_is_the_span(page: Page, tmp_path: Path) -> None:
    show(page, report(findings=FINDINGS[:1]), tmp_path)
    assert page.value("[...document.querySelectorAll('mark')].map(m => m.textContent)") == ["contacts"]
    assert page.value("document.querySelector('.row.hit .n').textContent") == "2"


@needs_browser
def test_the_chart_marks_the_worst_window_and_what_is_over_the_limit(page: Page, tmp_path: Path) -> None:
    show(page, report(windows={"contacts": windows(5, 30, 0, 12, 20, limit=15)}), tmp_path)
    assert page.value("[...document.querySelectorAll('.bar')].map(b => b.className.baseVal)") == [
        "bar",
        "bar over worst",
        "bar",
        "bar",
        "bar over",
    ]
    high = page.value("[...document.querySelectorAll('.bar')].map(b => b.getBBox().height)")
    assert high[1] / high[3] == pytest.approx(30 / 12, rel=0.02)
    assert high[2] == 0
    line = page.value("document.querySelector('.limit').getBBox().y")
    tops = page.value("[...document.querySelectorAll('.bar')].map(b => b.getBBox().y)")
    assert tops[1] < line < tops[3]
    assert page.value("document.querySelector('.chart').getAttribute('aria-label')").startswith("30 of 15 records")


@needs_browser
def test_a_limit_far_above_does_not_flatten_the_bars(page: Page, tmp_path: Path) -> None:
    show(page, report(windows={"contacts": windows(5, 30, limit=24_000_000)}), tmp_path)
    assert page.value("document.querySelector('.worst').getBBox().height") > 80
    assert page.value("document.querySelectorAll('.limit').length") == 0
    assert page.value("document.querySelector('.limited').textContent") == "limit 24,000,000, far above"


@needs_browser
def test_it_prints(page: Page, tmp_path: Path) -> None:
    assert show(page, rich(), tmp_path).paper().startswith(b"%PDF")


@needs_browser
@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "</style><script>alert(1)</script>", "'\"><b>"])
def test_hostile_text_is_only_text(page: Page, tmp_path: Path, text: str) -> None:
    source = SourceFile(text, text)
    found = finding(0, 3, source, name=text, message=text, remedy=text)
    show(page, full(project=text, profile=text, findings=(found,), sources={text: source}, notes=(text,)), tmp_path)
    assert page.complaints == []
    assert len(page.requests) == 1
    assert page.value("document.querySelectorAll('script, img, b, body style').length") == 0
    assert page.value("document.querySelector('.message').textContent") == text
    assert page.value("document.querySelector('.row.hit > :last-child').textContent") == text


class Tree(HTMLParser):
    """Which elements a page opens and closes, and what they carry."""

    VOID = frozenset({"meta", "link", "br", "input", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_opens_no_element_and_no_attribute(spoiled: Report) -> None:
    text = render(spoiled, "html")
    tree = Tree()
    tree.feed(text)
    assert tree.open == []
    assert not tree.seen & {"script", "img", "iframe", "object", "form", "b", "base"}
    assert not {name for name in tree.attributes if name.startswith("on")} | tree.attributes & {
        "style",
        "src",
        "srcset",
    }
    assert len(set(tree.ids)) == len(tree.ids)
    text.encode("utf-8")


def test_every_link_within_the_page_leads_somewhere() -> None:
    tree = Tree()
    text = render(rich(), "html")
    tree.feed(text)
    targets = {part.split('"', 1)[0] for part in text.split('href="#')[1:]}
    assert targets
    assert targets <= set(tree.ids)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 3), (0, 50), (10, 11), (49, 50), (50, 50), (11, 30)])
def test_an_excerpt_shows_every_character_once_whatever_the_span(start: int, end: int) -> None:
    source = SourceFile("m.sql", "SELECT 'a' -- c\nFROM t /* x\ny */ WHERE b = 12.5 OR z")
    html = Excerpts().excerpt(source.span(start, end), source)

    class Text(HTMLParser):
        said = ""

        def handle_data(self, data: str) -> None:
            self.said += data

    reader = Text()
    reader.feed(html)
    lines = source.text.split("\n")
    assert reader.said == "".join(f"{number}{line}" for number, line in enumerate(lines, 1))
    assert html.count("<mark>") == html.count("</mark>") >= 1


def test_of_very_many_findings_the_mildest_are_shown_with_their_own_lines_alone() -> None:
    source = SourceFile("models/many.sql", "".join(f"-- line {n}\n" for n in range(1, 10)))
    start = source.text.index("-- line 5")
    errors = (finding(start, start + 9, source),) * 1_000
    found = (*errors, finding(start, start + 9, source, severity=Severity.INFO, message="The last one."))
    text = render(report(findings=found, sources={source.path: source}), "html")
    assert text.count("line 4") == 1_000
    assert text.count("line 5") == 1_001


def test_the_page_says_which_of_a_repositorys_projects_it_is_about() -> None:
    text = render(report(), "html", Style(repository=Repository("sync/eu")))
    assert "Project <code>sync/eu/preflight.yml</code>" in text
