"""The page of ``detector report`` in a real browser, opened from the disk: slider, filters, keys, and hostile texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import needs_chromium, watch

from detector.cleaner import Cleaner
from detector.inference.scores import Scores
from detector.report.gathering import Document
from detector.report.report import About, report
from detector.results import Cleaned, Prediction
from detector.text.paragraphs import Batch

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing; .ci/integrations runs this")
HOSTILE = (
    '<script>window.hurt = 1</script><img src=x onerror="window.hurt = 2">',
    "</script><!-- <script> ]]> --> &lt;b&gt; <b>bold</b>",
    "line\u2028separator\u2029and \u202eright to left\u202c, a lone \ud800 surrogate, a \x00 null",
    "A plain paragraph about the ferry to Ostholm, which sails again on Tuesday, the county said.",
    "${alert(1)} {{7*7}} javascript:alert(1) https://example.org/picture.png",
)
SHOWN = 40  # documents
LONG = 9_000  # lines: more than a section has
THRESHOLDS = (*(number / 16 for number in range(17)), 0.001, 0.03, 0.999)
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def documents(texts: list[str], expected: list[Cleaned]) -> list[Document]:
    """Some documents: a hostile one, then one from which something is removed."""
    first = next(text for text, cleaned in zip(texts, expected, strict=True) if 0 < len(cleaned.removed) < 9)
    return [Document("odd.jsonl", "<b id='x'>odd</b>", "\n".join(HOSTILE))] + [
        Document("pages.jsonl", f"pages.jsonl:{number}", text) for number, text in enumerate([first, *texts[2:SHOWN]])
    ]


@pytest.fixture(scope="module")
def predictions(cleaner: Cleaner, documents: list[Document]) -> list[Prediction]:
    return list(cleaner.predict_many(document.text for document in documents))


@pytest.fixture(scope="module")
def address(cleaner: Cleaner, documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on the documents, with reasons for all of them."""
    about = About("Report <of> & tests", "tiny", read=len(documents) + 7, reasons=3)
    return written(tmp_path_factory.mktemp("report"), report(cleaner, documents, about))


def written(folder: Path, pieces: Iterator[bytes]) -> str:
    """The address of a page that is written into a folder."""
    path = folder / "report.html"
    path.write_bytes(b"".join(pieces))
    return path.as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The report. A request to anything but its file, and any error in it, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    faults = watch(opened, address, kinds=("error", "warning"))
    show(opened, address)
    yield opened
    context.close()
    assert faults == []


def show(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-state=ready]")


def number_in(text: str) -> int:
    found = re.search(r"[\d,]+", text)
    assert found
    return int(found[0].replace(",", ""))


def removed(page: Any) -> int:
    return number_in(page.inner_text("#bar-total"))


def matching(page: Any, expected: int) -> None:
    """Wait until the page says that so many paragraphs match."""
    sync_api.expect(page.locator("#status")).to_contain_text(re.compile(rf"^{expected:,} paragraph"))


def removed_in(predictions: list[Prediction]) -> int:
    return sum(int((~prediction.keep).sum()) for prediction in predictions)


def test_the_page_says_what_it_is_and_what_is_removed(
    page: Any, documents: list[Document], predictions: list[Prediction]
) -> None:
    assert page.title() == page.inner_text("#title") == "Report <of> & tests"
    assert f"{SHOWN} of {SHOWN + 7} documents, the first ones: 7 left out" in page.inner_text("#about")
    assert removed(page) == removed_in(predictions) > 0
    assert page.locator("article").count() == len(documents) == SHOWN
    page.click("#kinds-details summary")
    cells = page.locator("#kinds td:nth-child(4)").all_inner_texts()
    assert sum(map(number_in, cells)) == removed_in(predictions)


def test_documents_show_their_paragraphs_with_label_and_decision(page: Any, predictions: list[Prediction]) -> None:
    first = page.locator("article").first.locator(".paragraph")
    assert first.count() == len(predictions[0])
    for item, paragraph in zip(first.all(), predictions[0].paragraphs, strict=True):
        assert paragraph.label in item.get_attribute("class")
        assert ("✓ kept" if paragraph.keep else "✗ removed") in item.inner_text()
        assert paragraph.kind in item.inner_text()


def test_hostile_texts_are_shown_as_text(page: Any) -> None:
    shown = page.locator("article").first.locator(".text")
    texts = [text.evaluate("e => e.textContent") for text in shown.all()]
    assert texts == list(HOSTILE)
    assert page.locator("article img, article script, article b, article [onerror]").count() == 0
    assert page.evaluate("window.hurt") is None
    assert page.locator("article h2").first.inner_text() == "<b id='x'>odd</b>"
    shown.nth(1).hover()
    page.wait_for_selector("#why:not([hidden])")
    assert page.locator("#why img, #why script, #why b").count() == 0


def test_nothing_in_the_page_can_be_added_that_runs(browser: Any, address: str) -> None:
    page = browser.new_page()
    show(page, address)
    page.evaluate("""() => new Promise((done) => {
      document.addEventListener("securitypolicyviolation", () => done());
      document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="window.hurt = 3">');
    })""")
    assert page.evaluate("window.hurt") is None
    page.close()


def test_the_slider_shows_another_threshold(page: Any, cleaner: Cleaner, documents: list[Document]) -> None:
    before = removed(page)
    page.focus("#slider")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    threshold = float(page.input_value("#threshold"))
    assert threshold > cleaner.model.thresholds["gentle"]
    other = Cleaner(cleaner.model, threshold).predict_many(document.text for document in documents)
    assert removed(page) == removed_in(list(other)) > before
    assert f"{removed(page) - before:,} paragraph" in page.inner_text("#difference")
    page.keyboard.press("End")
    assert page.input_value("#threshold") == "1"
    page.keyboard.press("Home")
    assert (removed(page), page.input_value("#threshold")) == (0, "0")
    page.click("#reset")
    assert removed(page) == before
    assert page.inner_text("#difference") == ""


def test_paragraphs_on_the_screen_change_with_the_slider(page: Any) -> None:
    items = page.locator("article .paragraph.removed")
    page.fill("#threshold", "0")
    page.keyboard.press("Enter")
    assert items.count() == 0
    changed = page.locator("article .paragraph.changed")
    assert changed.count() > 0
    assert "✓ now kept" in changed.first.inner_text()


def test_named_thresholds(page: Any, cleaner: Cleaner, documents: list[Document]) -> None:
    page.get_by_role("button", name=re.compile("^strict")).click()
    strict = Cleaner(cleaner.model, "strict").predict_many(document.text for document in documents)
    assert removed(page) == removed_in(list(strict))
    assert page.get_by_role("button", name=re.compile("^strict")).get_attribute("aria-pressed") == "true"
    assert page.inner_text("#option") == "strict"
    page.keyboard.press("]")
    assert page.inner_text("#option") == page.input_value("#threshold")


def test_a_number_that_is_no_threshold_changes_nothing(page: Any) -> None:
    before = removed(page), page.input_value("#threshold")
    for odd in ("7", "-1", ""):
        page.fill("#threshold", odd)
        page.keyboard.press("Enter")
        page.locator("#threshold").blur()
        assert (removed(page), page.input_value("#threshold")) == before


def test_the_guard_decides_as_in_python(browser: Any, cleaner: Cleaner, texts: list[str], tmp_path: Path) -> None:
    """200 documents at 20 thresholds: kept whole, with lower and with higher thresholds, and in sections."""
    lines = "\n".join(texts).split("\n")
    long = "\n".join((lines * (LONG // len(lines) + 1))[:LONG])
    odd = ["\n".join(lines[start : start + 400]) for start in range(0, 4000, 400)] + [text[::-1] for text in texts[:40]]
    given = [long, "a\n" * 40, *odd, *texts[: 200 - len(odd) - 2]]
    documents = [Document("-", str(number), text) for number, text in enumerate(given)]
    page = browser.new_page()
    show(page, written(tmp_path, report(cleaner, documents, About("Guard", reasons=0))))
    seen = {"whole": 0, "lower": 0, "higher": 0}
    for threshold in THRESHOLDS:
        expected = list(Cleaner(cleaner.model, threshold).predict_many(given))
        assert page.evaluate("threshold => keptAt(threshold)", threshold) == [each.keep.tolist() for each in expected]
        seen["whole"] += sum(each.kept_whole for each in expected)
        seen["lower"] += sum(each.threshold < threshold for each in expected)
        seen["higher"] += sum(each.threshold > threshold for each in expected)
    page.close()
    assert min(seen.values()) > 5, seen


class Reader:
    """Corrects scores as an encoder does, in a way of its own: it turns probabilities in doubt round."""

    digest = "a reader"

    def __init__(self, kind_labels: tuple[int, ...]) -> None:
        self.kind_labels = kind_labels

    def corrected(self, texts: Sequence[str], batch: Batch, scores: Scores, effort: float) -> Scores:
        doubtful = (1 - scores.labels.max(axis=1, initial=0) >= 1 - effort)[:, None]
        labels = np.where(doubtful, scores.labels[:, ::-1], scores.labels)
        return Scores(labels, np.where(doubtful, scores.kinds[:, ::-1], scores.kinds), scores.familiarity)


def test_the_guard_decides_on_the_scores_after_the_encoder(
    browser: Any, cleaner: Cleaner, texts: list[str], tmp_path: Path
) -> None:
    encoder: Any = Reader(cleaner.model.kind_labels)
    reading = replace(cleaner, encoder=encoder, effort=0.9)
    documents = [Document("-", str(number), text) for number, text in enumerate(texts[:60])]
    page = browser.new_page()
    show(page, written(tmp_path, report(reading, documents, About("Encoder", reasons=0))))
    for threshold in THRESHOLDS[1::4]:
        expected, alone = (
            [each.keep.tolist() for each in replace(given, threshold=threshold).predict_many(texts[:60])]
            for given in (reading, cleaner)
        )
        assert page.evaluate("threshold => keptAt(threshold)", threshold) == expected != alone
    page.close()


@pytest.mark.parametrize("policy", ["appeals-only", "text"])
def test_policies_and_limits_of_the_guard(
    policy: str, browser: Any, cleaner: Cleaner, texts: list[str], tmp_path: Path
) -> None:
    from detector.policy import POLICIES

    page = browser.new_page()
    for max_removed in (0.0, 0.3, 1.0):
        other = Cleaner(cleaner.model, "strict", POLICIES[policy], max_removed=max_removed)
        documents = [Document("-", str(number), text) for number, text in enumerate(texts[:60])]
        show(page, written(tmp_path, report(other, documents, About("Policies", reasons=0))))
        assert page.evaluate("keptAt(0.4)") == [
            each.keep.tolist()
            for each in Cleaner(cleaner.model, 0.4, POLICIES[policy], max_removed=max_removed).predict_many(texts[:60])
        ]
    page.close()


def test_filters_of_label_kind_decision_and_doubt(page: Any, predictions: list[Prediction]) -> None:
    rows = [paragraph for prediction in predictions for paragraph in prediction.paragraphs]
    page.uncheck("#labels input[value='0']")
    matching(page, sum(row.label != "reporting" for row in rows))
    page.select_option("#kind", label="newsletter")
    matching(page, sum(row.kind == "newsletter" for row in rows))
    page.click("#clear")
    sync_api.expect(page.locator("#status")).to_be_empty()
    sync_api.expect(page.locator("article:visible")).to_have_count(SHOWN)
    page.select_option("#decision", "removed")
    matching(page, removed_in(predictions))
    assert page.locator("article:visible").count() == sum(not each.keep.all() for each in predictions)
    page.select_option("#decision", "")
    page.select_option("#doubt", "0.7")
    matching(page, sum(max(row.scores.values()) < 0.7 for row in rows))


def test_what_does_not_match_is_folded_and_can_be_unfolded(page: Any) -> None:
    page.select_option("#decision", "removed")
    first = page.locator("article:visible").filter(has=page.locator(".fold")).first
    sync_api.expect(first.locator(".paragraph:not(.removed)")).to_have_count(0)
    first.locator(".fold button").first.click()
    assert first.locator(".paragraph:not(.removed)").count() > 0
    assert page.evaluate("document.activeElement.matches('.paragraph')")
    page.select_option("#context", "whole")
    sync_api.expect(page.locator(".fold")).to_have_count(0)


def test_a_filter_follows_the_slider(page: Any) -> None:
    page.select_option("#decision", "changed")
    matching(page, 0)
    assert page.locator("article:visible").count() == 0
    page.focus("#slider")
    page.keyboard.press("Home")
    matching(page, number_in(page.inner_text("#difference").split(":")[1]))
    assert page.locator("article:visible").count() > 0


def test_search_finds_words_and_ids_and_marks_them(page: Any, documents: list[Document]) -> None:
    page.fill("#search", "FERRY to  ostholm")
    matching(page, 1)
    assert page.locator("article:visible").count() == 1
    sync_api.expect(page.locator("article:visible mark")).to_have_text(["ferry to Ostholm"])
    page.fill("#search", "</script><!--")
    matching(page, 1)
    page.fill("#search", ".*")
    matching(page, 0)
    page.fill("#search", "<b id='x'>odd")
    matching(page, len(HOSTILE))
    page.focus("#search")
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("article:visible")).to_have_count(len(documents))


def test_documents_can_be_ordered(page: Any, predictions: list[Prediction]) -> None:
    page.select_option("#order", "length")
    longest = max(range(len(predictions)), key=lambda at: int((predictions[at].ends - predictions[at].starts).sum()))
    assert page.locator("article").first.get_attribute("data-document") == str(longest)


def test_keys_move_through_paragraphs_and_documents(page: Any) -> None:
    focused = "document.activeElement.closest('article')?.dataset.document ?? null"
    page.keyboard.press("j")
    page.wait_for_selector("article:focus")
    assert page.evaluate(focused) == "0"
    page.keyboard.press("j")
    page.wait_for_selector("article[data-document='1']:focus")
    page.keyboard.press("k")
    page.wait_for_selector("article[data-document='0']:focus")
    page.keyboard.press("n")
    page.wait_for_selector(".paragraph.removed:focus")
    first = page.evaluate("document.activeElement.dataset.paragraph")
    page.keyboard.press("n")
    page.wait_for_selector(f".paragraph.removed:not([data-paragraph='{first}']):focus")
    page.keyboard.press("p")
    page.wait_for_selector(f".paragraph[data-paragraph='{first}']:focus")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(f".paragraph[data-paragraph='{int(first) + 1}']:focus")
    assert page.locator("article .paragraph[tabindex='0']:focus").count() == 1


def test_keys_reach_the_search_the_slider_and_the_help(page: Any) -> None:
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") == "slider"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("t")  # is typed
    assert page.input_value("#search") == "t"
    page.keyboard.press("Escape")
    page.locator("#search").blur()
    before = float(page.input_value("#threshold"))
    page.keyboard.press("]")
    assert float(page.input_value("#threshold")) > before
    page.keyboard.press("0")
    assert float(page.input_value("#threshold")) == before
    page.keyboard.press("?")
    sync_api.expect(page.locator("#help")).to_be_visible()
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") != "slider"


def test_reasons_are_shown_by_keyboard_and_by_pointer(page: Any, predictions: list[Prediction]) -> None:
    item = page.locator(".paragraph[data-paragraph='0']")
    item.hover()
    why = page.locator("#why")
    sync_api.expect(why).to_be_visible()
    reasons = predictions[0].paragraphs[0].why.reasons
    expected = [" ".join(reason.text.split()) for reason in reasons[:3]]
    shown = [" ".join(text.split()) for text in why.locator("tbody .reason bdi").all_text_contents()]
    assert shown[: len(expected)] == expected
    page.mouse.move(2, 2)
    sync_api.expect(why).to_be_hidden()
    page.keyboard.press("j")
    page.wait_for_selector("article:focus")
    page.keyboard.press("n")
    sync_api.expect(why).to_be_visible()
    assert page.locator(":focus").get_attribute("aria-describedby") == "why"
    assert why.get_attribute("role") == "tooltip"
    page.keyboard.press("Escape")
    sync_api.expect(why).to_be_hidden()


def test_reasons_sum_to_the_score(page: Any, predictions: list[Prediction]) -> None:
    page.locator(".paragraph[data-paragraph='1']").hover()
    page.wait_for_selector("#why .sum")
    numbers = [float(text.replace("−", "-")) for text in page.locator("#why td.number").all_inner_texts()]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.02)
    assert numbers[-1] == pytest.approx(predictions[0].paragraphs[1].why.log_odds, abs=0.03)


def test_scrolling_fills_documents_and_empties_others(page: Any, predictions: list[Prediction]) -> None:
    rows = [row for prediction in predictions for row in prediction.paragraphs]
    assert page.locator("article .paragraph").count() < len(rows)
    last = page.locator("article").last
    last.scroll_into_view_if_needed()
    sync_api.expect(last.locator(".paragraph").first).to_be_attached()
    sync_api.expect(page.locator("article").first.locator(".paragraph")).to_have_count(0)


_RATIOS = """() => {
  const parts = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data; };
  const light = (colour) => { const [r, g, b] = [...parts(colour)].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parts(c)[3] === 255) return c; } return "white"; };
  const shown = "h1, h2, p, label, legend, summary, button:enabled, select, .text, .decision span, td, dt, dd, output";
  return [...document.querySelectorAll(shown)]
    .filter((e) => e.checkVisibility() && e.textContent.trim() && !e.closest(".for-readers")).map((e) => {
      const [a, b] = [light(getComputedStyle(e).color), light(back(e))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.className, e.textContent.slice(0, 40)]; });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_can_be_read_in_light_and_dark_and_on_a_phone(scheme: str, width: int, page: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.locator(".paragraph.removed").first.focus()
    page.wait_for_selector("#why:not([hidden]) .sum")
    low = [ratio for ratio in page.evaluate(_RATIOS) if ratio[0] < 4.5]  # WCAG 2.2, level AA
    assert low == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_colours_can_be_switched(page: Any) -> None:
    page.emulate_media(color_scheme="light")
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    page.select_option("#theme", "dark")
    assert page.evaluate(back) != light
    page.reload()
    page.wait_for_selector("html[data-state=ready]")
    assert page.input_value("#theme") == "dark"
    page.select_option("#theme", "")
    assert page.evaluate(back) == light


def test_every_control_has_a_name(page: Any) -> None:
    assert page.locator("html").get_attribute("lang") == "en"
    for control in page.locator("select, input, button").all():
        name = control.evaluate(
            "e => e.ariaLabel || (e.labels && e.labels[0] ? e.labels[0].textContent : e.textContent).trim()"
        )
        assert name
    assert page.locator("#status").get_attribute("aria-live") == "polite"


def test_print_shows_all_documents_without_controls(page: Any, predictions: list[Prediction]) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article .paragraph").count() == sum(map(len, predictions))
    for hidden in ("#filters", "#bar", "#help-button"):
        assert not page.locator(hidden).is_visible()


def test_a_report_without_documents_opens(browser: Any, cleaner: Cleaner, tmp_path: Path) -> None:
    page = browser.new_page()
    show(page, written(tmp_path, report(cleaner, [], About("Nothing"))))
    assert page.inner_text("#bar-total") == "0 of 0 paragraphs removed"
    assert "0 documents" in page.inner_text("#about")
    page.close()


def test_a_long_document_and_a_long_paragraph_are_shortened(browser: Any, cleaner: Cleaner, tmp_path: Path) -> None:
    page = browser.new_page()
    text = "word " * 8000 + "\n" + "\n".join(f"The paragraph of number {number} says little." for number in range(900))
    show(page, written(tmp_path, report(cleaner, [Document("-", "-", text)], About("Long", reasons=0))))
    assert "(40,000 characters)" in page.locator(".text").first.inner_text()
    items = page.locator("article .paragraph")
    assert items.count() == 400
    page.get_by_role("button", name="Show the other 501 paragraphs").click()
    assert items.count() == 901
    page.close()
