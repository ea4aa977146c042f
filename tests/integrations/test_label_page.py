"""The page to label on, in a real browser with real key presses and the real server."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import needs_chromium
from command import start

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing; .ci/integrations runs this")
expect = sync_api.expect
expect.set_options(timeout=15_000)  # milliseconds
STORY = (
    "The pier at Ostholm stays closed",
    "By Noor Haldane",
    "The county closed the pier on Tuesday after divers had found cracks in eleven of its forty piles.",
    "“We will not gamble with people’s lives,” said the harbour master, who had asked for repairs in March.",
    "Subscribe to our newsletter and never miss a story!",
    "Share this story",
    "© 2031 Ostholm Courier",
)
MARKUP = (
    '<img src="http://elsewhere.example/x.png" onerror="window.hurt = 1"><b>The repair</b> cost 11 million &amp; more',
    "قال المتحدث باسم البلدية إن الجسر سيفتح يوم الأحد.",
    "「橋は来月から片側通行になる」と担当者は話した。",
    "A long one. " * 900,
)
LONG = 5000  # paragraphs
GONE = re.compile(r"/api/(events|changes)\b")  # what a window asks for once it is there
pytestmark = needs_chromium


@dataclass
class Server:
    """The command ``label`` on documents, in a process that can be killed and started again at the same address."""

    folder: Path
    model: Path
    documents: list[tuple[str, tuple[str, ...]]]
    process: subprocess.Popen[bytes] | None = None
    address: str = ""

    def start(self) -> Server:
        source = self.folder / "texts.jsonl"
        records = [json.dumps({"id": name, "text": "\n".join(texts)}) for name, texts in self.documents]
        source.write_text("\n".join(records) + "\n", encoding="utf-8")
        self.process = start(
            "label", source, "-o", self.folder / "labels.jsonl", "--model", self.model, "--order", "plain",
            "--annotator", "Ada", "--no-browser",
        )  # fmt: skip
        assert self.process.stderr is not None
        lines = (json.loads(line) for line in self.process.stderr)
        address = next(line["address"] for line in lines if "address" in line)
        assert self.address in ("", address)  # the same as before
        self.address = address
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=30)

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.address}api/{path}", timeout=30).raise_for_status().json()

    def labels(self, number: int) -> list[str | None]:
        return [paragraph["label"] for paragraph in self.get(f"documents/{number}")["paragraphs"]]

    def kinds(self, number: int) -> list[str | None]:
        return [paragraph["kind"] for paragraph in self.get(f"documents/{number}")["paragraphs"]]


@dataclass
class Window:
    """A window of the browser. What it asks of another address, and any error in it, is a fault."""

    page: Any
    faults: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def intercept(self, address: Any, answer: Callable[[Any], None], **options: Any) -> None:
        """Answer requests in place of the server.

        The page is loaded again: a page that is there already may send its next request past a new interception.
        """
        self.page.route(address, answer, **options)
        self.page.reload()
        self.page.wait_for_selector("#paragraphs .row")

    def hold(self, address: str) -> list[Any]:
        """Hold the next request to an address, to be answered later; the list will have it."""
        held: list[Any] = []

        def hold(route: Any) -> None:
            held.append(route)

        self.intercept(address, hold, times=1)
        return held

    def row(self, number: int) -> Any:
        """A paragraph, counted from 1."""
        return self.page.locator(f"#paragraph-{number}")

    def open(self, name: str) -> None:
        """Open the document with this name."""
        self.press("/")
        self.page.keyboard.insert_text(name)
        self.press("Enter")
        expect(self.page.locator("#document-state")).to_contain_text(f"· {name} ·")
        expect(self.row(1)).to_be_focused()

    def labels(self) -> list[str]:
        """The labels that the window shows; "" for none."""
        chips = [row.locator(".chip") for row in self.page.locator("#paragraphs .row").all()]
        return [chip.text_content() if chip.count() else "" for chip in chips]

    def wait_until_saved(self) -> None:
        expect(self.page.locator("#saved")).to_have_attribute("data-state", "saved")
        assert self.page.locator(".row.pending").count() == 0

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.id"))


Opener = Callable[..., Window]


def story(name: str) -> tuple[str, ...]:
    """The paragraphs of a document; no two documents are the same."""
    return (*STORY[:-1], f"© 2031 Ostholm Courier, {name}")


def serve(tmp: Path, model: Path, *documents: tuple[str, tuple[str, ...]]) -> Server:
    return Server(tmp, model, list(documents)).start()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory, tiny_model_dir: Path) -> Iterator[Server]:
    """A server with a document for each test that uses it: "doc-NAME", where NAME is the test's, and a few others."""
    names = re.findall(r"^def test_(\w+)\(window", Path(__file__).read_text("utf-8"), flags=re.MULTILINE)
    documents = [(f"doc-{name}", story(name)) for name in names]
    others = [("markup", MARKUP), ("long", tuple(f"Line {n} of the minutes, read aloud." for n in range(1, LONG + 1)))]
    server = serve(tmp_path_factory.mktemp("label"), tiny_model_dir, *documents, *others)
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path, tiny_model_dir: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with three documents, or as many as its parameter says, for one test."""
    number = getattr(request, "param", 3)
    server = serve(tmp_path, tiny_model_dir, *((f"story-{n}", story(str(n))) for n in range(number)))
    yield server
    server.stop()


@pytest.fixture
def opener(browser: Any) -> Iterator[Opener]:
    """Opens windows, each with a profile of its own. Faults that were not expected fail the test."""
    opened: list[Window] = []

    def open_window(server: Server, expected: str = r"^$", **options: Any) -> Window:
        page = browser.new_context(**options).new_page()
        window = Window(page)
        opened.append(window)

        def fault(text: str) -> None:
            if not re.search(expected, text):
                window.faults.append(text)

        page.on("request", lambda asked: asked.url.startswith(server.address) or fault(asked.url))
        page.on("pageerror", lambda error: fault(str(error)))
        page.on("console", lambda said: said.type in ("error", "warning") and fault(said.text))
        page.goto(server.address)
        page.wait_for_selector("#paragraphs .row")
        return window

    yield open_window
    for window in opened:
        window.page.context.close()
    assert [fault for window in opened for fault in window.faults] == []


@pytest.fixture
def window(shared_server: Server, opener: Opener, request: pytest.FixtureRequest) -> Window:
    """A window of the shared server, at the document of the test."""
    opened = opener(shared_server)
    opened.open("doc-" + request.node.name.removeprefix("test_").partition("[")[0])
    return opened


def number_of(window: Window) -> int:
    """The number of the open document, from 0."""
    found = re.search(r"Document ([\d,]+) of", window.page.inner_text("#document-state"))
    assert found
    return int(found[1].replace(",", "")) - 1


def test_a_key_gives_a_label_and_a_second_one_the_kind(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    window.press("r")
    assert window.focused() == "paragraph-2"
    expect(window.page.locator("#kind-name")).to_have_text("Kind of paragraph 1")
    key = window.page.locator("#kind-buttons button", has_text="heading").locator("kbd").inner_text()
    window.press(key, "n", "r", "r", "a")
    assert window.labels() == ["reporting", "navigation", "reporting", "reporting", "appeal", "", ""]
    window.wait_until_saved()
    assert shared_server.labels(number) == ["reporting", "navigation", "reporting", "reporting", "appeal", None, None]
    assert shared_server.kinds(number) == ["heading", *[None] * 6]
    assert {each["by"] for each in shared_server.get(f"documents/{number}")["paragraphs"]} == {"Ada", None}
    assert "5 of 7 paragraphs labelled" in window.page.inner_text("#document-state")
    assert window.row(1).locator(".kind").first.inner_text() == "heading"
    assert "%" in window.page.inner_text("#agreement")


def test_a_range_is_labelled_by_one_key(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    window.press("j", "Shift+ArrowDown", "Shift+j", "Shift+k", "Shift+ArrowDown")
    selected = window.page.locator("#paragraphs [aria-selected=true]")
    assert [entry.get_attribute("id") for entry in selected.all()] == [f"paragraph-{n}" for n in (2, 3, 4)]
    window.press("N")  # Shift is still held
    assert window.labels() == ["", *["navigation"] * 3, "", "", ""]
    assert window.focused() == "paragraph-5"
    window.row(6).click()
    window.row(7).click(modifiers=["Shift"])
    window.press("a")
    window.press("Home", "v", "ArrowDown", "ArrowUp", "r")  # a range without Shift
    assert window.labels() == ["reporting", *["navigation"] * 3, "", "appeal", "appeal"]
    window.wait_until_saved()
    assert shared_server.labels(number) == ["reporting", *["navigation"] * 3, None, "appeal", "appeal"]


def test_undo_takes_back_what_this_window_did_last(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    window.press("r", "a", "Shift+End", "n", "u")
    assert window.labels() == ["reporting", "appeal", *[""] * 5]
    assert window.focused() == "paragraph-3"
    window.press("Home", "n", "Control+z", "Backspace", "u", "Backspace", "End", "u", "u", "u", "u")
    assert window.labels() == [""] * 7
    expect(window.page.locator("#status")).to_contain_text("nothing to undo")
    window.wait_until_saved()
    assert shared_server.labels(number) == [None] * 7


def test_a_suggestion_or_all_of_the_rest_is_accepted(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    suggested = [each["suggestion"] for each in shared_server.get(f"documents/{number}")["paragraphs"]]
    other = next(name for name in ("reporting", "appeal") if name != suggested[1]["label"])
    window.press("Enter", {"reporting": "r", "appeal": "a"}[other], "Home", "Space")  # which leaves what has a label
    labels = [suggested[0]["label"], other, *[None] * 5]
    window.wait_until_saved()
    assert shared_server.labels(number) == labels
    window.press("Home", "Shift+Enter")
    window.wait_until_saved()
    assert shared_server.labels(number) == [suggested[0]["label"], other, *(each["label"] for each in suggested[2:])]
    assert shared_server.kinds(number) == [suggested[0]["kind"], None, *(each["kind"] for each in suggested[2:])]
    expect(window.page.locator("#end")).to_be_visible()
    window.press("u")  # all of the rest
    window.wait_until_saved()
    assert shared_server.labels(number) == labels


def test_suggestions_can_be_hidden_until_there_is_a_label(window: Window) -> None:
    suggestion = window.row(1).locator(".suggestion")
    expect(suggestion).to_be_visible()
    window.press("s", "Enter", "Shift+Enter")
    expect(suggestion).to_be_hidden()
    assert window.labels() == [""] * 7  # what is not seen is not accepted
    window.press("r")
    expect(suggestion).to_be_visible()
    window.press("s")
    expect(window.row(2).locator(".suggestion")).to_be_visible()


def test_documents_are_done_and_open_again(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    window.press("r", ".", "d")
    expect(window.page.locator("#document-state")).not_to_contain_text(f"Document {number + 1} of")
    window.press("h", "l", "h")
    expect(window.page.locator("#document-state")).to_contain_text(f"Document {number + 1} of")
    expect(window.page.locator("#document-state")).to_contain_text("· done")
    window.wait_until_saved()
    assert shared_server.get(f"documents/{number}")["done"] is True
    window.press("Shift+D")
    window.wait_until_saved()
    assert shared_server.get(f"documents/{number}")["done"] is False
    expect(window.page.locator("#document-state")).not_to_contain_text("· done")


def test_the_guide_is_a_key_away(window: Window) -> None:
    window.press("ArrowDown", "?")
    guide = window.page.locator("#guide")
    expect(guide).to_be_visible()
    for text in ("Would it be printed if the article appeared in a book?", "donation", "select a range downwards"):
        expect(guide).to_contain_text(text)
    for key in (
        ["Tab"] * 4 + ["Shift+Tab"] * 5 + ["r", "n"]
    ):  # the focus does not leave it, and no key acts on what is behind
        window.press(key)
        inside = "document.activeElement === document.body || !!document.activeElement.closest('#guide')"
        assert window.page.evaluate(inside)
    window.press("Escape")
    expect(guide).to_be_hidden()
    assert window.focused() == "paragraph-2"
    assert window.labels() == [""] * 7
    window.press("g")
    expect(guide).to_be_visible()


def test_documents_are_searched_by_the_keyboard(window: Window) -> None:
    window.press("/")
    window.page.keyboard.insert_text("markup")
    expect(window.page.locator("#found")).to_contain_text("1 of")
    expect(window.page.locator("#document-list [role=option]:visible .id")).to_have_text("markup")
    window.press("r")  # a letter in the search, not a label
    expect(window.page.locator("#found")).to_have_text("No document matches.")
    window.press("Backspace", "ArrowDown", "Escape")
    assert window.focused() == "paragraph-1"
    assert window.labels() == [""] * 7
    window.press("/", "Delete", "ArrowDown", "End", "Home", "ArrowDown", "Enter")
    expect(window.page.locator("#document-state")).to_contain_text("Document 2 of")
    expect(window.page.locator("#paragraphs .row:focus")).to_be_visible()
    window.page.select_option("#filter", "done")
    expect(window.page.locator("#found")).to_contain_text(re.compile("of|No document"))


def test_a_name_can_be_given(window: Window, shared_server: Server) -> None:
    number = number_of(window)
    window.page.click("#who")
    window.page.fill("#name-field", "Ben")
    window.press("Enter", "r")
    window.wait_until_saved()
    assert shared_server.get(f"documents/{number}")["paragraphs"][0]["by"] == "Ben"
    expect(window.page.locator("#who")).to_have_text("Labelling as Ben")


def test_the_buttons_do_the_same(window: Window) -> None:
    for name in ("reporting", "body", "Range", "appeal", "Clear", "Undo", "Undo"):
        window.page.locator(f"#bar button:has-text('{name}')").first.click()
    assert window.labels() == ["reporting", *[""] * 6]
    window.page.locator("#done").click()
    expect(window.page.locator("#document-state")).not_to_contain_text("test_the_buttons")
    window.wait_until_saved()


@pytest.mark.parametrize(("key", "code"), [("к", "KeyR"), ("r", "KeyO"), ("R", "KeyR")])
def test_other_keyboards(window: Window, key: str, code: str) -> None:
    """A Cyrillic layout, one with other places of the letters, and a Caps Lock."""
    window.press("Backspace")
    session = window.page.context.new_cdp_session(window.page)
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": code, "text": key})
    assert window.labels()[0] == "reporting"
    window.press("Home", "Backspace")
    window.wait_until_saved()


def test_markup_and_every_script_are_text(shared_server: Server, opener: Opener) -> None:
    window = opener(shared_server)
    window.open("markup")
    assert [row.inner_text() for row in window.page.locator(".row .text").all()][:3] == list(MARKUP[:3])
    assert window.page.locator("#paragraphs img, #paragraphs b").count() == 0
    assert window.page.evaluate("window.hurt") is None
    directions = [row.evaluate("e => getComputedStyle(e).direction") for row in window.page.locator(".row .text").all()]
    assert directions == ["ltr", "rtl", "ltr", "ltr"]
    window.press("End")
    height = "e => e.getBoundingClientRect().height"
    before = window.row(4).evaluate(height)
    window.press("e")
    assert window.row(4).evaluate(height) > 2 * before


def test_five_thousand_paragraphs(shared_server: Server, opener: Opener) -> None:
    window = opener(shared_server)
    window.open("long")
    window.press("End")
    assert window.focused() == f"paragraph-{LONG}"
    expect(window.row(LONG)).to_be_in_viewport()
    window.press("a", "Home", "Control+a", "n", "u")
    assert window.row(LONG).locator(".chip").text_content() == "appeal"
    drawn = "(texts) => texts.filter((e) => e.checkVisibility({contentVisibilityAuto: true})).length"
    assert 10 < window.page.locator(".row .text").evaluate_all(drawn) < 500  # what is not seen is not laid out
    window.press("End", "Backspace")
    window.wait_until_saved()


def test_work_resumes_at_the_first_paragraph_without_a_label(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="ERR_CONNECTION")
    window.press("r", "d", "a", "n")
    window.wait_until_saved()
    own_server.kill()
    own_server.start()
    window = opener(own_server)
    assert number_of(window) == 1
    assert window.labels() == ["appeal", "navigation", *[""] * 5]
    assert window.focused() == "paragraph-3"
    assert "3 of 21 paragraphs, 1 of 3 documents done" in window.page.inner_text("#labelled")


def test_what_is_typed_while_the_server_is_away_is_sent_after(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="Failed to load resource|ERR_CONNECTION")
    window.press("r")
    window.wait_until_saved()
    own_server.kill()
    window.press("a", "n", "1")
    expect(window.page.locator("#banner")).to_contain_text("3 changes are not saved yet")
    expect(window.page.locator("#saved")).to_have_text("3 changes not saved")
    assert window.page.locator(".row.pending").count() == 2
    assert window.row(1).locator(".mark").inner_text() == "✓"
    assert window.row(2).locator(".mark").inner_text() == "…"
    assert "not saved yet" in window.row(2).text_content()
    own_server.start()
    window.press("r")
    window.wait_until_saved()
    expect(window.page.locator("#banner")).to_be_hidden()
    assert own_server.labels(0) == ["reporting", "appeal", "navigation", "reporting", None, None, None]
    assert own_server.kinds(0)[2] is not None
    window.press("u", "u", "u", "u", "u")  # each was recorded once
    window.wait_until_saved()
    assert own_server.labels(0) == [None] * 7


def test_an_answer_that_is_lost_is_asked_for_again(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="Failed to load resource|ERR_FAILED")

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    window.intercept("**/api/events", lose, times=2)
    window.press("r", "a")
    window.wait_until_saved()
    assert own_server.get("state")["seq"] == 2
    assert own_server.labels(0) == ["reporting", "appeal", *[None] * 5]


def test_a_reload_loses_nothing(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="Failed to load resource|ERR_FAILED")
    asked: list[str] = []
    window.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    window.press("r")
    window.wait_until_saved()
    window.intercept("**/api/events", lambda route: route.abort())
    assert asked == []  # all was saved
    window.press("a", "n")
    expect(window.page.locator("#saved")).to_have_text("2 changes not saved")
    window.page.reload()
    assert asked == ["beforeunload"]
    window.page.wait_for_selector("#paragraphs .row")
    assert window.labels() == ["reporting", "appeal", "navigation", *[""] * 4]
    assert window.page.locator(".row.pending").count() == 2
    window.page.unroute("**/api/events")
    window.wait_until_saved()
    assert own_server.labels(0) == ["reporting", "appeal", "navigation", *[None] * 4]


def test_all_that_one_key_accepts_is_kept_at_once(own_server: Server, opener: Opener) -> None:
    """Each time, all that waits is written for a reload: once for each of thousands of events would take minutes."""
    window = opener(own_server)
    window.page.evaluate(
        "() => { window.kept = 0; const set = Storage.prototype.setItem;"
        " Storage.prototype.setItem = function (...all) { window.kept += 1; set.apply(this, all); }; }"
    )
    window.press("Shift+Enter")
    window.wait_until_saved()
    assert own_server.get("state")["seq"] > 1
    assert window.page.evaluate("window.kept") == 1
    assert window.page.evaluate("sessionStorage.length") == 0


def test_a_journal_that_was_put_back_is_noticed(own_server: Server, opener: Opener, tmp_path: Path) -> None:
    window = opener(own_server, expected="Failed to load resource|ERR_CONNECTION")
    window.press("r")
    window.wait_until_saved()
    shutil.copy(tmp_path / "labels.journal", tmp_path / "copy")
    window.press("a", "n")
    window.wait_until_saved()
    own_server.kill()
    shutil.copy(tmp_path / "copy", tmp_path / "labels.journal")
    (tmp_path / "labels.jsonl").unlink(missing_ok=True)
    own_server.start()
    expect(window.page.locator("#paragraphs .chip")).to_have_count(1, timeout=30_000)
    window.press("a")
    window.wait_until_saved()
    assert own_server.labels(0) == ["reporting", "appeal", *[None] * 5]


def test_what_the_server_refuses_is_told_and_taken_back(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="422")
    refusal = {
        "status": 422,
        "content_type": "application/problem+json",
        "body": '{"detail": "label: give another one"}',
    }
    window.intercept("**/api/events", lambda route: route.fulfill(**refusal), times=1)
    window.press("r", "a")
    banner = window.page.locator("#banner")
    expect(banner).to_contain_text("Not saved: paragraph 1 of document 1. label: give another one")
    expect(window.row(2).locator(".chip")).to_have_text("appeal")
    window.wait_until_saved()
    assert window.labels() == ["", "appeal", *[""] * 5]
    banner.locator("button").click()
    expect(banner).to_be_hidden()
    window.press("u", "u")  # only what was recorded
    window.wait_until_saved()
    assert window.labels() == [""] * 7
    expect(window.page.locator("#status")).to_contain_text("nothing to undo")


def test_a_document_that_the_server_refuses_as_done_is_listed_as_open(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="422")
    held = window.hold("**/api/events")
    window.press("d")
    expect(window.page.locator("#document-state")).to_contain_text("Document 2 of 3")
    expect(window.page.locator("#document-list .done")).to_have_count(1)
    held[0].fulfill(status=422, json={"detail": "no"})
    expect(window.page.locator("#banner")).to_contain_text("Not saved: “done” of document 1. no")
    expect(window.page.locator("#document-list .done")).to_have_count(0)


def test_an_undo_of_what_the_server_refuses_is_not_sent(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="422")
    held = window.hold("**/api/events")
    window.press("r", "u")
    expect(window.page.locator(".row.pending")).to_have_count(1)
    assert len(held) == 1
    held[0].fulfill(status=422, content_type="application/problem+json", body='{"detail": "give another one"}')
    expect(window.page.locator("#banner")).to_contain_text("Not saved: paragraph 1 of document 1.")
    window.wait_until_saved()
    assert window.labels() == [""] * 7
    assert own_server.get("state")["seq"] == 0


def test_two_windows_see_each_other(own_server: Server, opener: Opener) -> None:
    ada, ben = opener(own_server), opener(own_server)
    ben.page.click("#who")
    ben.page.fill("#name-field", "Ben")
    ben.press("Enter", "a")
    ben.wait_until_saved()
    expect(ada.row(1).locator(".chip")).to_have_text("appeal")
    expect(ada.row(1).locator(".by")).to_have_text("Ben")
    ada.press("ArrowDown", "n", "d")
    expect(ben.row(2).locator(".chip")).to_have_text("navigation")
    expect(ben.row(2).locator(".by")).to_have_text("Ada")
    expect(ben.page.locator("#document-state")).to_contain_text("· done")
    expect(ben.page.locator("#document-list .done")).to_have_count(1)


def test_a_conflict_is_shown_and_nothing_is_overwritten(own_server: Server, opener: Opener) -> None:
    ada, ben = opener(own_server), opener(own_server, expected="ERR_INTERNET_DISCONNECTED")
    ben.page.context.set_offline(True)
    ada.press("r")
    ada.wait_until_saved()
    ben.press("a", "n")
    expect(ben.page.locator("#banner")).to_contain_text("2 changes are not saved yet")
    ben.page.context.set_offline(False)
    ben.wait_until_saved()
    expect(ben.row(1).locator(".clash")).to_contain_text("Conflict.")
    assert ben.labels() == ["reporting", "navigation", *[""] * 5]
    assert own_server.labels(0) == ["reporting", "navigation", *[None] * 5]
    expect(ben.page.locator("#status")).to_contain_text("Press c")
    ben.press("c")
    assert ben.focused() == "paragraph-1"
    expect(ada.row(2).locator(".chip")).to_have_text("navigation")
    ben.press("a")  # knowing of the other one
    ben.wait_until_saved()
    expect(ben.row(1).locator(".clash")).to_be_hidden()
    assert own_server.labels(0)[0] == "appeal"
    expect(ada.row(1).locator(".clash")).to_contain_text("changed your “reporting” to “appeal”")
    ada.press("Home", "Enter")  # leave it
    expect(ada.row(1).locator(".clash")).to_be_hidden()
    assert own_server.labels(0)[0] == "appeal"


def test_an_address_that_is_gone_is_told(own_server: Server, opener: Opener) -> None:
    window = opener(own_server, expected="404")
    window.intercept(GONE, lambda route: route.fulfill(status=404, body="{}"))
    window.press("r")
    expect(window.page.locator("#banner")).to_contain_text("no longer knows this address")
    expect(window.page.locator("#banner")).to_contain_text("1 change is not saved")
    window.page.unroute(GONE)
    window.wait_until_saved()
    assert own_server.labels(0)[0] == "reporting"


def wait_for_training(window: Window) -> None:
    expect(window.page.locator("#open-retrain")).to_have_text("Retrained: compare", timeout=120_000)


@pytest.mark.parametrize("own_server", [6], indirect=True)
def test_the_model_is_retrained_and_taken_over_or_not(own_server: Server, opener: Opener) -> None:
    server = own_server
    window = opener(server, expected="422")
    page, retrain = window.page, window.page.locator("#retrain")
    page.click("#open-retrain")
    window.press("Enter")  # the button has the focus
    expect(retrain).to_contain_text("Training needs")
    window.press("Escape")
    for _ in range(6):  # a publisher who reports on newsletters and sharing
        window.press("Control+a", "r", "1", "Home", "n", "d")
    window.wait_until_saved()
    model = server.get("state")["model"]
    page.click("#open-retrain")
    page.click("#retrain-start")
    window.press("Escape")
    wait_for_training(window)
    page.click("#open-retrain")
    rows = retrain.locator("tbody tr")
    expect(rows.filter(has_text="Navigation that is removed")).to_contain_text("%")
    assert "better" in retrain.inner_text()
    assert server.get("state")["model"] == model
    before = server.get("documents/0")["paragraphs"][5]["suggestion"]["scores"]["reporting"]
    page.click("#retrain-accept")
    expect(page.locator("#status")).to_contain_text("another model")
    window.press("Escape")
    after = server.get("documents/0")["paragraphs"][5]["suggestion"]["scores"]["reporting"]
    assert after > before
    assert server.get("state")["model"] != model
    expect(page.locator("#agreement")).to_have_text("new model: no label since")
    page.click("#open-retrain")
    expect(page.locator("#retrain-command")).to_have_text(
        re.compile(r"^detector clean INPUT -o clean/ --model .+\.model$")
    )
    page.click("#retrain-reject")  # the first model again
    expect(retrain).to_contain_text("those of the first")
    assert server.get("state")["model"] == model


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_accessible(window: Window, scheme: str, width: int) -> None:
    """By the rules of axe-core, which cover names, roles and contrast (WCAG 2.2, level AA)."""
    base = pytest.importorskip("axe_playwright_python.base", reason="axe is missing; .ci/integrations runs this")
    window.page.emulate_media(color_scheme=scheme)
    window.page.set_viewport_size({"width": width, "height": 800})
    window.press("r", "a", "Shift+ArrowDown")
    window.page.evaluate(base.AXE_SCRIPT)
    opens = {"page": [], "guide": ["?"], "documents": ["/"]}
    for name, keys in opens.items():
        window.press(*keys)
        found = window.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == [], name
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width
        window.press("Escape")
    window.press("u", "u")
    window.wait_until_saved()


def test_roles_and_names(window: Window) -> None:
    """What a screen reader is told."""
    window.press("r")
    window.wait_until_saved()
    snapshot = window.page.locator("#paragraphs").aria_snapshot()
    entries = [line.strip() for line in snapshot.splitlines() if 'option "' in line]
    assert len(entries) == len(STORY)
    assert re.search(r'option "The pier at Ostholm stays closed \. Label: reporting \. Suggestion: \w+ .*%', entries[0])
    assert "[selected]" in entries[1]
    assert window.page.locator("#paragraphs").get_attribute("aria-multiselectable") == "true"
    assert window.page.locator("#status").get_attribute("aria-live") == "polite"
    assert window.page.locator("#paragraphs [tabindex='0']").count() == 1
    window.press("u")
    window.wait_until_saved()


def test_the_tab_key_reaches_everything(window: Window) -> None:
    reached = set()
    for _ in range(40):
        window.press("Tab")
        reached.add(window.focused())
    wanted = {"open-retrain", "open-guide", "who", "search", "filter", "paragraph-1", "done", "next-document"}
    assert wanted <= reached
    window.page.locator(".skip").focus()
    window.press("Enter")
    assert window.focused() == "paragraph-1"


def test_no_movement_for_those_who_want_none(window: Window) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    names = window.page.evaluate("[...document.querySelectorAll('*')].map((e) => getComputedStyle(e).animationName)")
    assert set(names) == {"none"}
