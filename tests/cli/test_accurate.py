"""The accurate model on the command line: where it can be named, how much it reads, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from accurate import EFFORT, THRESHOLDS, shipping
from command import Called, Command, tree

import detector
from detector import extractors
from detector.cleaner import Cleaner
from detector.extractors import EXTRACTORS

ACCURATE = ("-m", "accurate")
READING = ("clean", "predict", "explain", "diff", "report")  # commands that take the same inputs


@pytest.fixture
def call(command: Command) -> Callable[..., Called]:
    """Calls the command without the option --model."""
    return lambda *given, **more: command(*given, model=False, **more)


@pytest.fixture
def inputs(tmp_path: Path, seed_texts: list[str]) -> list[str]:
    """Texts in files ``in/00.txt`` and so on."""
    (tmp_path / "in").mkdir()
    for number, text in enumerate(seed_texts[:12]):
        (tmp_path / "in" / f"{number:02}.txt").write_bytes(text.encode())
    return seed_texts[:12]


def results(folder: Path) -> list[str]:
    return [path.read_bytes().decode() for path in sorted(folder.glob("*.txt"))]


def cleaned(cleaner: Cleaner, texts: list[str]) -> list[str]:
    return [each.text for each in cleaner.clean_many(texts)]


@pytest.mark.parametrize("effort", [None, "0", "0.25", "1"])
def test_clean_does_what_the_library_does(
    effort: str | None, call: Callable[..., Called], accurate: Cleaner, inputs: list[str], tmp_path: Path
) -> None:
    called = call("clean", "in", "-o", "out", "-q", *ACCURATE, *(["--effort", effort] if effort else []))
    assert called.code == 0, called.err
    used = replace(accurate, effort=float(effort)) if effort else accurate
    assert used.effort == (float(effort) if effort else EFFORT)
    assert results(tmp_path / "out") == cleaned(used, inputs)
    if used.effort:
        assert cleaned(used, inputs) != cleaned(replace(accurate, effort=0.0), inputs)


def test_predict_prints_the_scores_of_the_accurate_model(
    call: Callable[..., Called], accurate: Cleaner, text: str
) -> None:
    called = call("predict", "-", *ACCURATE, "--effort", "1", stdin=text.encode())
    found = [paragraph["scores"] for paragraph in json.loads(called.out)["paragraphs"]]
    expected = [paragraph.scores for paragraph in replace(accurate, effort=1.0).predict(text).paragraphs]
    assert found == [{name: round(score, 6) for name, score in each.items()} for each in expected]


def test_diff(call: Callable[..., Called], accurate: Cleaner, text: str) -> None:
    changed = call("diff", "-", *ACCURATE, "--effort", "1", stdin=text.encode())
    removed = [line[1:] for line in changed.out.decode().splitlines() if line.startswith("-") and line[:3] != "---"]
    assert removed == [paragraph.text for paragraph in replace(accurate, effort=1.0).clean(text).removed]


def test_explain(call: Callable[..., Called], accurate: Cleaner, text: str) -> None:
    explained = call("explain", "-", "--json", *ACCURATE, "--effort", "1", stdin=text.encode())
    for paragraph in json.loads(explained.out)["paragraphs"]:
        assert "encoder" in {reason["group"] for reason in paragraph["reasons"]}
        whole = sum(reason["log_odds"] for reason in paragraph["reasons"])
        assert whole == pytest.approx(paragraph["log_odds"], abs=1e-3)


def test_a_report_names_the_accurate_model(
    call: Callable[..., Called], accurate: Cleaner, inputs: list[str], tmp_path: Path
) -> None:
    called = call("report", "in", "-o", "page.html", "-q", *ACCURATE)
    assert called.code == 0, called.err
    page = (tmp_path / "page.html").read_text()
    assert f'"accurate, effort {EFFORT:g}"' in page
    assert accurate.encoder is not None
    assert accurate.encoder.digest[:12] in page


def test_extract(
    call: Callable[..., Called], accurate: Cleaner, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = EXTRACTORS["justext"]._replace(module="json", extract=lambda _: text)
    monkeypatch.setattr(extractors, "EXTRACTORS", {**EXTRACTORS, "justext": one})
    (tmp_path / "a.html").write_text("<p>The ferry sails again.</p>")
    called = call("extract", "a.html", "--with", "justext", *ACCURATE, "--effort", "1")
    assert called.out.decode() == replace(accurate, effort=1.0).clean(text.rstrip("\n") + "\n").text


def test_evaluate_and_compare(call: Callable[..., Called], accurate: Cleaner, tiny_data: Path) -> None:
    one = json.loads(call("evaluate", tiny_data, "--json", *ACCURATE, "--effort", "1").out)
    small = json.loads(call("evaluate", tiny_data, "--json", *ACCURATE, "--effort", "0").out)
    assert one != small
    compared = call("evaluate", tiny_data, "--json", "--compare", "accurate", "--effort", "1", "--resamples", "100")
    values = json.loads(compared.out)
    assert values["model"]["name"] == "default"
    assert values["comparison"]["model"]["name"] == "accurate, effort 1"
    assert values["comparison"]["model"]["thresholds"] == THRESHOLDS
    assert values["comparison"]["figures"] == one
    other = call("evaluate", tiny_data, "--json", *ACCURATE, "--compare", "default", "--resamples", "100")
    assert json.loads(other.out)["model"]["name"] == f"accurate, effort {EFFORT:g}"


def test_labels_are_checked(call: Callable[..., Called], accurate: Cleaner, tiny_data: Path) -> None:
    found = [
        json.loads(call("labels", "check", tiny_data, "--json", *ACCURATE, "--effort", effort).out)["findings"]
        for effort in ("0", "1")
    ]
    assert found[0] != found[1]


def test_info_describes_it(call: Callable[..., Called], accurate: Cleaner, accurate_dir: Path) -> None:
    values = json.loads(call("info", "accurate", "--json").out)
    assert values["labels"] == list(accurate.model.labels)
    assert values["kinds"] == list(accurate.model.kinds)
    assert values["thresholds"] == THRESHOLDS
    assert values["effort"] == EFFORT
    assert values["bytes"] == {name: (accurate_dir / name).stat().st_size for name in values["sha256"]}
    assert values["small"] == accurate.model.metadata["sha256"]
    assert {"config", "versions", "doubts"} <= set(values)
    printed = call("info", "accurate").out.decode()
    assert f"model accurate: {accurate_dir}\n" in printed
    assert "onnxruntime " in printed
    assert f"effort: {EFFORT}\n" in printed


@pytest.mark.parametrize("words", [["info", "accurate"], ["clean", "-", *ACCURATE], ["evaluate", "d.jsonl", *ACCURATE]])
def test_where_it_is_missing(words: list[str], call: Callable[..., Called], tiny_model_dir: Path) -> None:
    pytest.importorskip("onnxruntime", reason="not in this environment; make test runs this")
    with shipping(None, tiny_model_dir):
        called = call(*words, stdin=b"Rain fell.\n")
    assert called.code == 1
    assert "this installation has no accurate model" in called.err
    assert called.out == b""


EVERY = [
    *([name, "in", *(["-o", "out"] if name in ("clean", "report") else [])] for name in READING),
    ["extract", "a.html", "-o", "out"], ["evaluate", "d.jsonl"], ["labels", "check", "d.jsonl"], ["serve"],
    ["label", "in", "-o", "labels.jsonl"],
]  # fmt: skip


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_a_missing_library_is_told_before_anything_is_done(
    words: list[str], missing: str, call: Callable[..., Called], inputs: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    found = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == missing else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    before = tree(tmp_path)
    called = call(*words, *ACCURATE)
    assert called.code == 2
    if missing == "onnxruntime":
        assert "pip install 'boilerplate-detector[accurate]'" in called.err
    assert f"the accurate model needs {missing}" in called.err
    assert called.err.count("\n") == 1
    assert called.out == b""
    assert tree(tmp_path) == before


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--effort", "0.3"], "--effort 0.3 is for the accurate model"),
        (["--effort", "0.3", "-m", "./accurate"], "--effort 0.3 is for the accurate model"),
        ([*ACCURATE, "--effort", "1.5"], "Invalid value for '--effort'"),
        ([*ACCURATE, "--effort", "-0.1"], "Invalid value for '--effort'"),
        ([*ACCURATE, "--effort", "much"], "Invalid value for '--effort'"),
    ],
)
def test_an_effort_that_is_refused(
    words: list[str], options: list[str], said: str, call: Callable[..., Called], inputs: list[str], tmp_path: Path
) -> None:
    before = tree(tmp_path)
    called = call(*words, *options)
    assert called.code == 2
    assert said in called.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize("effort", ["nan", "inf"])
def test_an_effort_that_is_no_number(
    effort: str, call: Callable[..., Called], accurate: Cleaner, inputs: list[str]
) -> None:
    called = call("clean", "in", "-o", "out", *ACCURATE, "--effort", effort)
    assert called.code == 2
    assert "effort" in called.err
    assert not Path("out").exists()


def test_a_folder_of_the_name_is_written_as_a_path(
    call: Callable[..., Called], accurate: Cleaner, tiny_model_dir: Path, inputs: list[str], tmp_path: Path
) -> None:
    shutil.copytree(tiny_model_dir, tmp_path / "accurate")
    for number, model in enumerate(("accurate", "./accurate")):
        assert call("clean", "in", "-o", f"out{number}", "-q", "-m", model).code == 0
    assert results(tmp_path / "out0") == cleaned(accurate, inputs)
    assert results(tmp_path / "out1") == cleaned(detector.load(tiny_model_dir), inputs)
    assert detector.load(Path("accurate")).encoder is None
    assert detector.load("./accurate").encoder is None
    assert call("info", "./accurate").out.startswith(b"model ./accurate\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["adapt", "accurate", "in", "-o", "new"], "the accurate model cannot be adapted; adapt the default model"),
        (["adapt", "accurate", "-o", "new"], "the accurate model cannot be adapted"),
        (["adapt", "default", "in", "-o", "accurate"], "accurate is the name of the accurate model"),
        (["train", "in", "-o", "accurate"], "accurate is the name of the accurate model"),
        (["adapt", "", "in", "-o", "new"], "an empty path"),
        (["info", ""], "an empty path"),
        (["clean", "in", "-o", "new", "-m", ""], "an empty path"),
    ],
)
def test_what_it_is_not_for(
    words: list[str], said: str, call: Callable[..., Called], inputs: list[str], tmp_path: Path
) -> None:
    before = tree(tmp_path)
    called = call(*words)
    assert called.code == 2
    assert said in called.err
    assert tree(tmp_path) == before
