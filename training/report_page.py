"""How fast the page of ``detector report`` is with many documents, in headless Chromium, opened from the disk.

    python -m training.report_page --documents 2000

The documents are made of ``seeds``. It needs playwright, and a Chromium on the path.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from detector.errors import UsageError
from detector.evaluation.labelled import read_documents
from training.result import describe_machine
from training.subprocesses import command_environment, detector_command, run

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
OPEN_SECONDS, SLIDER_MILLISECONDS = 2.0, 50.0  # what is promised
_KEYS = 100  # presses of each measurement

# Milliseconds from a key press to the frame that shows its effect is painted, for each press.
_LATENCIES = """() => {
  window.latencies = [];
  let pressed = 0;
  addEventListener("keydown", (event) => pressed = event.timeStamp, true);
  document.getElementById("slider").addEventListener("input", () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.latencies.push(performance.now() - pressed);
    channel.port2.postMessage(null);
  }));
}"""
# The page's policy allows no check that is given as a string.
_MEASURED = """(at) => new Promise((done) => {
  const check = () => window.latencies.length > at ? done() : setTimeout(check, 1);
  check();
})"""
# The share of the page's work in it: the time that the slider's own handler takes.
_HANDLER = """(steps) => {
  const slider = document.getElementById("slider");
  return Array.from({ length: steps }, (_, step) => {
    slider.value = -4 + (8 * step) / steps;
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    return performance.now() - start;
  });
}"""
_OPENED = """() => ({
  usable: performance.getEntriesByName("usable")[0].startTime,
  ready: performance.getEntriesByName("ready")[0].startTime,
  painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  paragraphs: document.getElementById("totals").innerText.match(/of ([\\d,]+)/)[1],
})"""


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one kind, in milliseconds."""

    name: str
    values: Sequence[float]

    def __str__(self) -> str:
        ordered = sorted(self.values)
        high = ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]
        return f"{self.name:<58} median {statistics.median(ordered):7.1f} ms   95 % {high:7.1f} ms   n {len(ordered)}"


def main() -> int:
    """Measure what the arguments say, and print it. Returns 1 if the page is slower than what is promised."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_documents(folder / "documents.jsonl.gz", arguments.documents)
        page = folder / "report.html"
        options = ("--limit", arguments.documents, "--reasons", arguments.reasons, "--jobs", arguments.jobs, "--quiet")
        used = run(detector_command("report", source, "-o", page, *options), command_environment(folder))
        print(f"{describe_machine()}; {arguments.documents:,} documents: {page.stat().st_size / 1e6:.1f} MB of HTML")
        print(f"made in {used.seconds:.1f} s, {used.megabytes:,.0f} MB of memory")
        return measure(page, arguments.runs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000, help="the number of documents")
    parser.add_argument("--reasons", type=int, default=5, help="the reasons for each paragraph")
    parser.add_argument("--runs", type=int, default=7, help="how many times the page is opened")
    parser.add_argument("--jobs", type=int, default=1, help="processes that find the reasons")
    return parser.parse_args()


def write_documents(path: Path, number: int) -> Path:
    """Write so many documents, each made of one to three seed documents, always the same ones."""
    rng = random.Random(14)
    texts = [document.text for document in read_documents(sorted(SEEDS.glob("*.jsonl")))]
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        for at in range(number):
            text = "\n".join(rng.sample(texts, rng.choice((1, 1, 2, 3))))
            file.write(json.dumps({"id": f"document-{at:05d}", "text": text}) + "\n")
    return path


def measure(page: Path, runs: int) -> int:
    """Open a page several times, and use it. Returns an exit code."""
    opened: list[dict[str, Any]] = []
    for _ in range(runs):
        with browsing(page) as tab:
            opened.append(tab.evaluate(_OPENED))
    usable = Times("opened: documents on the screen, slider answers", [each["usable"] for each in opened])
    print(f"{opened[0]['paragraphs']} paragraphs")
    print(Times("opened: first paint", [each["painted"] for each in opened]))
    print(usable)
    print(Times("opened: all texts unpacked", [each["ready"] for each in opened]))
    with browsing(page) as tab:
        slider = list(use_slider(tab))
    print(*slider, sep="\n")
    opens = max(usable.values) < 1000 * OPEN_SECONDS
    answers = all(sorted(each.values)[int(0.95 * len(each.values))] < SLIDER_MILLISECONDS for each in slider)
    print(f"opens in under {OPEN_SECONDS:g} s: {opens}; slider answers in under {SLIDER_MILLISECONDS:g} ms: {answers}")
    return 0 if opens and answers else 1


def use_slider(tab: Any) -> Iterator[Times]:  # noqa: ANN401 - playwright may be missing
    """The times in which the slider answers to keys, with nothing filtered and with filters that depend on it."""
    tab.evaluate(_LATENCIES)
    for name, decision in (
        ("nothing filtered", ""),
        ("removed paragraphs only", "removed"),
        ("changed ones", "changed"),
    ):
        tab.select_option("#decision", decision)
        tab.focus("#slider")
        tab.evaluate("window.latencies.length = 0")
        for at in range(_KEYS):
            tab.keyboard.press("ArrowRight" if at < _KEYS // 2 else "ArrowLeft")
            tab.evaluate(_MEASURED, at)
        yield Times(f"slider, {name}: key to painted frame", tab.evaluate("window.latencies"))
        yield Times(f"slider, {name}: the page's own work", tab.evaluate(_HANDLER, _KEYS))


@contextmanager
def browsing(page: Path) -> Iterator[Any]:
    """A tab of a new browser that has opened a page from the disk, and is ready. Raises `UsageError` without one."""
    chromium = shutil.which("chromium")
    try:
        sync_playwright = import_module("playwright.sync_api").sync_playwright
    except ImportError as error:
        raise UsageError("playwright is missing: pip install playwright") from error
    if chromium is None:
        raise UsageError("no chromium on the path: install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.as_uri(), wait_until="commit")
        tab.wait_for_selector("html[data-state=ready]", timeout=120_000)
        yield tab
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
