"""The page of the service in a real browser: by keyboard alone, with what it shows and what it must not run."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import needs_chromium, watch
from command import start

import detector

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing; .ci/integrations runs this")
TEXT = """The ferry to Ostholm sails again, the county said on Tuesday, nine weeks after its shaft had cracked.
Residents had been left with one boat a day since the spring, and many of them slept in the waiting room.
Subscribe to our newsletter!
<img src=x onerror="window.hurt = 1"><b>The repair</b> cost 11.4 million crowns 🚢, the yard said in a statement.
Share this story"""
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    process = start("serve", "--port", "0", "--quiet")
    assert process.stderr is not None
    yield json.loads(process.stderr.readline())["address"]
    process.send_signal(signal.SIGTERM if os.name != "nt" else signal.CTRL_BREAK_EVENT)
    process.communicate(timeout=30)


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page. What it asks of another address, and any error in it, fails the test."""
    context = browser.new_context()
    opened = context.new_page()
    faults = watch(opened, address, expected="422")
    opened.goto(address)
    sync_api.expect(opened.locator("#threshold option")).to_have_count(4)  # those of the model are there
    yield opened
    context.close()
    assert faults == []


def clean(page: Any, text: str = TEXT) -> None:
    page.fill("#text", text)
    page.focus("#text")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#paragraphs li")


def shown(page: Any) -> list[tuple[str, bool]]:
    """The texts of the paragraphs that can be seen, and whether each is kept."""
    entries = page.locator("#paragraphs li:visible").all()
    return [(e.locator(".text").inner_text(), "Kept" in e.locator(".decision").inner_text()) for e in entries]


def test_kept_and_removed_paragraphs_are_shown_with_their_scores(page: Any) -> None:
    clean(page)
    assert [text for text, _ in shown(page)] == TEXT.split("\n")
    assert [kept for _, kept in shown(page)] == [True, True, False, True, False]
    assert "3 paragraphs kept, 2 paragraphs removed" in page.inner_text("#status")
    decisions = page.locator(".decision").all_inner_texts()
    assert all("score 0." in decision for decision in decisions)
    assert "appeal, newsletter" in decisions[2]


def test_markup_in_a_text_is_shown_as_text(page: Any) -> None:
    clean(page)
    assert page.locator("#paragraphs img, #paragraphs b").count() == 0
    assert page.evaluate("window.hurt") is None


def test_removed_paragraphs_can_be_hidden_and_the_clean_text_copied(page: Any) -> None:
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    clean(page)
    page.uncheck("#shown")
    kept = [text for text in TEXT.split("\n") if text not in ("Subscribe to our newsletter!", "Share this story")]
    assert [text for text, _ in shown(page)] == kept
    page.click("#copy")
    assert page.evaluate("window.copied") == "\n".join(kept) + "\n"
    assert page.inner_text("#status") == "The clean text is copied."


def test_the_keyboard_alone_is_enough(page: Any) -> None:
    for name in ("skip", "text"):
        page.keyboard.press("Tab")
        assert name in page.evaluate("document.activeElement.id || document.activeElement.className")
    page.keyboard.insert_text(TEXT)
    order = ["threshold", "policy", "clean", "example"]
    for name in order:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#paragraphs li")
    page.focus("#shown")
    page.keyboard.press("Tab")
    focused = "[...document.querySelectorAll('#paragraphs li')].indexOf(document.activeElement)"
    seen = [page.evaluate(focused)]
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown", "Home", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(page.evaluate(focused))
    assert seen == [0, 1, 2, 1, 4, 4, 0, 0]


def test_settings_are_sent(page: Any) -> None:
    page.select_option("#policy", "appeals-only")
    page.select_option("#threshold", "gentle")
    clean(page)
    gentle = detector.load().model.thresholds["gentle"]
    assert f"The threshold is {gentle:.2f}" in page.inner_text("#status")


def test_the_effort_is_offered_where_the_service_runs_the_accurate_model(browser: Any, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    thresholds = {"balanced": 0.2, "gentle": 0.1, "strict": 0.6}
    page.route("**/healthz", lambda route: route.fulfill(json={"thresholds": thresholds, "effort": 0.25}))
    asked: list[Any] = []

    def answer(route: Any) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={"paragraphs": [], "threshold": 0.2, "kept_whole": False})

    page.route("**/predict", answer)
    page.goto(address)
    sync_api.expect(page.locator("#effort")).to_be_visible()
    assert page.locator("#effort option").first.text_content() == "the service's own setting (0.25)"
    for effort in ("", "0", "0.5"):
        page.select_option("#effort", effort)
        page.fill("#text", TEXT)
        with page.expect_response("**/predict"):
            page.click("#clean")
    assert [each.get("effort") for each in asked] == [None, 0, 0.5]
    context.close()


def test_the_default_model_has_no_effort(page: Any) -> None:
    sync_api.expect(page.locator("#effort")).to_be_hidden()


def test_an_error_is_shown_and_told(page: Any) -> None:
    page.evaluate("document.getElementById('policy').append(new Option('odd', 'odd'))")
    page.select_option("#policy", "odd")
    page.fill("#text", TEXT)
    page.keyboard.press("Control+Enter")
    error = page.locator("#error")
    error.wait_for()
    assert "fields that are wrong" in error.inner_text()
    assert error.get_attribute("role") == "alert"
    assert page.locator("#status").get_attribute("aria-live") == "polite"


def test_an_empty_text_is_no_error(page: Any) -> None:
    page.keyboard.press("Control+Enter")
    sync_api.expect(page.locator("#status")).to_have_text("There is no paragraph in the text.")


_RATIO = """() => {
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3)
    .map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; } return getComputedStyle(document.body).backgroundColor; };
  return [...document.querySelectorAll('h1, p, label, button, select, .text, .decision, .decision strong, a, kbd')]
    .filter((e) => e.checkVisibility() && e.textContent.trim()).map((e) => {
      const [a, b] = [light(getComputedStyle(e).color), light(back(e))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_it_can_be_read_in_light_and_dark_and_on_a_phone(scheme: str, width: int, page: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    clean(page)
    assert min(page.evaluate(_RATIO)) >= 4.5  # WCAG 2.2, level AA
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name(page: Any) -> None:
    clean(page)
    assert page.locator("html").get_attribute("lang") == "en"
    for control in page.locator("textarea, select, input, button").all():
        name = control.evaluate("e => (e.labels && e.labels[0] ? e.labels[0].textContent : e.textContent).trim()")
        assert name
