"""The page of an evaluation in a real browser: plots, sorting, the filter of mistakes, light and dark, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measured_documents
import pytest
from browsing import needs_chromium, watch

from detector.cleaner import Cleaner
from detector.evaluation.assessment import Settings, assess, facts_of, measure_all
from detector.evaluation.bootstrap import Resampling
from detector.evaluation.comparison import compare
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.inference.model import Model
from detector.report.evaluation_page import evaluation_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing; .ci/integrations runs this")
pytest.importorskip("matplotlib", reason="matplotlib is missing; .ci/integrations runs this")
MARKUP = '<img src=x onerror="window.hurt = 1"></script><b>The yard</b> said $x^2$ crowns'
pytestmark = needs_chromium


def documents() -> list[LabelledDocument]:
    """Documents of several languages and sites, one of which contains markup everywhere."""
    odd = tuple(
        LabelledParagraph(f"{MARKUP} {number} " + "word " * number, label, MARKUP)
        for number, label in enumerate(["reporting", "appeal", "navigation", MARKUP] * 5)
    )
    return [
        *measured_documents.documents(8),
        LabelledDocument(MARKUP, MARKUP, "page", MARKUP, None, odd),
        LabelledDocument("long", "x" * 300, "page", "fr", None, odd),
    ]


@pytest.fixture(scope="module")
def address(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    cleaner, other = Cleaner(tiny_model), Cleaner(tiny_model, 0.9)
    given = documents()
    settings = Settings(Resampling(resamples=100), mistakes=20, least=1)
    measured, facts = measure_all(cleaner, given), facts_of(cleaner, f"tiny {MARKUP}")
    found = compare(measured, measure_all(other, given), (facts, facts_of(other, "other")), settings.resampling)
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_bytes(b"".join(evaluation_page(assess(cleaner, facts.name, measured, settings), found).pieces()))
    return path.as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page. What it asks of another address, and any error in it or of its policy, fails the test."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    opened = context.new_page()
    faults = watch(opened, address, kinds=("error", "warning"))
    opened.goto(address)
    yield opened
    context.close()
    assert faults == []


def test_markup_is_shown_as_text(page: Any) -> None:
    assert page.evaluate("window.hurt") is None
    assert page.locator("img, main b").count() == 0
    assert MARKUP in page.inner_text("h1")
    assert MARKUP in page.locator(".mistake .text").first.inner_text() or page.get_by_text(MARKUP).count()


def test_every_section_is_there_and_can_be_reached(page: Any) -> None:
    names = ["figures", "comparison", "loss", "calibration", "confusion", "groups", "mistakes"]
    assert [link.get_attribute("href") for link in page.locator("nav a").all()] == [f"#{name}" for name in names]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for name in names:
        page.click(f"nav a[href='#{name}']")
        assert page.locator(f"#{name}").evaluate("e => e.matches(':target')")


def test_plots_are_drawn_with_text_and_marks_in_the_colours_of_the_page(page: Any) -> None:
    plots = page.locator("svg.plot")
    assert plots.count() == 2 + 2 * 3  # loss, and each label's calibration, for pages and extracted texts
    for plot in plots.all():
        assert plot.get_attribute("role") == "img"
        assert plot.get_attribute("aria-label")
        assert plot.locator("text").count() > 5
    drawn = "[...document.querySelectorAll('svg.plot use')].every((e) => e.getBBox().width + e.getBBox().height > 0)"
    assert page.evaluate(drawn)  # the marks are found by their ids
    ids = "[...document.querySelectorAll('[id]')].map((e) => e.id)"
    assert page.evaluate(f"new Set({ids}).size === {ids}.length")
    colour = "getComputedStyle(document.querySelector('svg.plot text')).fill"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) != light


def column(page: Any, number: int) -> list[str]:
    cells = page.locator(f"#groups table >> nth=0 >> css=tbody tr > :nth-child({number})").all()
    return [cell.inner_text().split("\n")[0] for cell in cells]


def test_a_table_is_sorted_by_keyboard(page: Any) -> None:
    button = page.locator("#groups table >> nth=0 >> css=th .sort").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    falling = [int(value) for value in column(page, 2)]
    assert falling == sorted(falling, reverse=True)
    assert page.locator("#groups th[aria-sort=descending]").count() == 1
    page.keyboard.press("Enter")
    assert [int(value) for value in column(page, 2)] == falling[::-1]
    page.locator("#groups table >> nth=0 >> css=th .sort").nth(0).click()
    names = column(page, 1)
    page.locator("#groups table >> nth=0 >> css=th .sort").nth(0).click()
    assert column(page, 1) == names[::-1]


def test_mistakes_are_filtered(page: Any) -> None:
    total = page.locator(".mistake").count()
    assert page.inner_text("#shown") == f"{total} of {total} mistakes"
    page.select_option("#type", "kept")
    shown = page.locator(".mistake:visible")
    assert 0 < shown.count() <= total
    assert all("boilerplate kept" in each.inner_text() for each in shown.all())
    page.fill("#search", "no such text")
    assert page.inner_text("#shown") == f"0 of {total} mistakes"
    page.keyboard.press("Enter")  # sends no form
    assert page.inner_text("#shown") == f"0 of {total} mistakes"
    page.fill("#search", "THE YARD")
    assert shown.count() > 0


def test_without_scripts_everything_can_be_read(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(address)
    assert opened.locator(".mistake:visible").count() > 0
    assert opened.locator("svg.plot:visible").count() > 0
    context.close()


_RATIO = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const parts = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (c) => { const [r, g, b] = parts(c).slice(0, 3)
    .map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parts(c)[3] > 0) return c; } return 'white'; };
  return Math.min(...[...document.querySelectorAll('h1, h2, p, td, th, td span, a, summary, svg.plot text, button')]
    .filter((e) => e.checkVisibility() && e.textContent.trim()).map((e) => {
      const style = getComputedStyle(e);
      const [a, b] = [light(e instanceof SVGElement ? style.fill : style.color), light(back(e))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_it_can_be_read_in_light_and_dark_and_on_a_phone(scheme: str, width: int, page: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(_RATIO) >= 4.5  # WCAG 2.2, level AA
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.select_option("#theme", "dark" if scheme == "light" else "light")
    assert page.evaluate(_RATIO) >= 4.5


def test_every_control_has_a_name(page: Any) -> None:
    assert page.locator("html").get_attribute("lang") == "en"
    for control in page.locator("select, input, button").all():
        name = control.evaluate("e => (e.labels && e.labels[0] ? e.labels[0].textContent : e.textContent).trim()")
        assert name
    for table in page.locator("table").all():
        assert table.locator("caption").count() == 1


def test_the_file_is_the_same_each_time(address: str, tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    settings = Settings(Resampling(resamples=100), mistakes=5)
    given = measure_all(cleaner, documents())

    def made() -> bytes:
        return b"".join(evaluation_page(assess(cleaner, "tiny", given, settings)).pieces())

    assert made() == made()
    assert Path(address.removeprefix("file://")).stat().st_size < 1_000_000
