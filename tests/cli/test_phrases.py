"""The option --phrases: what it changes, what it refuses, and that results are made again where it has changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command import COMMAND, Command, environment

LINE = "The ferry left the harbour at noon on Monday."
MARK = "The lantern is lit."
KEEPING = "lantern\treporting\t20\nferry\treporting\t20\n"
REMOVING = "lantern\tappeal\t20\nferry\treporting\t20\n"


@pytest.fixture
def phrases(tmp_path: Path) -> Path:
    path = tmp_path / "phrases.tsv"
    path.write_text(REMOVING, encoding="utf-8")
    return path


def scores(command: Command, phrases: Path | None) -> list[float]:
    option = ["--phrases", phrases] if phrases else []
    called = command("predict", "-", *option, stdin=f"{LINE}\n{MARK}\n".encode())
    assert called.code == 0, called.err
    return [paragraph["scores"]["reporting"] for paragraph in json.loads(called.out)["paragraphs"]]


def test_phrases_change_scores(command: Command, phrases: Path) -> None:
    without, removing = scores(command, None), scores(command, phrases)
    phrases.write_text(KEEPING, encoding="utf-8")
    keeping = scores(command, phrases)
    assert removing[1] < without[1] < keeping[1]


@pytest.mark.parametrize("name", ["clean", "predict", "extract", "serve"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "the phrases cannot be read"),
     ("a\tappeal\t1\nb\tbegging\n", "line 2: 'begging' is neither a label nor a kind"),
     ("lantern\n", "line 1: 1 column")],
)  # fmt: skip
def test_files_that_cannot_be_used(
    name: str, content: str | None, message: str, command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "phrases.tsv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    (tmp_path / "page.html").write_text("<p>One.</p>", encoding="utf-8")
    called = command(name, *([] if name == "serve" else ["page.html"]), "--phrases", path)
    assert called.code == 2
    assert message in called.err
    assert called.out == b""


def test_results_are_made_again_with_other_phrases(command: Command, phrases: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.txt").write_text(f"{LINE}\n{MARK}\n{LINE}\n", encoding="utf-8")

    def run() -> int:
        called = command("clean", "in", "-o", "out", "--phrases", phrases, "--max-removed", "1")
        assert called.code == 0, called.err
        return 3 - json.loads((tmp_path / "out" / "_summary.json").read_text("utf-8"))["done_before"]

    assert run() == 3
    assert run() == 0
    phrases.write_text(f"# the same phrases\n{REMOVING}", encoding="utf-8")
    assert run() == 0
    phrases.write_text(KEEPING, encoding="utf-8")
    assert run() == 3
    assert (tmp_path / "out" / "1.txt").read_text("utf-8").count(MARK) == 1


def test_no_output_replaces_the_phrases(command: Command, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{LINE}\n", encoding="utf-8")
    phrases = tmp_path / "phrases.txt"
    phrases.write_text(REMOVING, encoding="utf-8")
    for name in ("clean", "predict"):
        called = command(name, "text.txt", "--phrases", "phrases.txt", "-o", "phrases.txt")
        assert called.code == 2
        assert "phrases.txt" in called.err
    assert phrases.read_text("utf-8") == REMOVING


@pytest.mark.slow
def test_worker_processes_have_the_phrases(phrases: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"{number}.txt").write_text(f"{LINE}\n{MARK}\n", encoding="utf-8")
    for jobs in ("1", "2"):
        subprocess.run(
            [*COMMAND, "clean", "in", "-o", f"out{jobs}", "--phrases", str(phrases), "--model", str(tiny_model_dir),
             "--jobs", jobs, "--removed", f"removed{jobs}.jsonl"],
            cwd=tmp_path, env=environment(), check=True, timeout=120,
        )  # fmt: skip
    for number in range(4):
        one, two = ((tmp_path / f"out{jobs}" / f"{number}.txt").read_bytes() for jobs in ("1", "2"))
        assert one == two
