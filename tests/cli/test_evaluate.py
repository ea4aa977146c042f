"""The command ``evaluate``: what it prints, the folder that it writes, comparisons, and what it refuses."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import measured_documents
import pytest
from command import Command, tree

from detector.cli.evaluate import _print_notes
from detector.cli.tables import figures_table, print_figures
from detector.evaluation.evaluate import FIGURES

FILES = ["figures.json", "figures.txt", "index.html", "mistakes.jsonl"]
QUICK = ("--resamples", "100")


@pytest.fixture
def data(command: Command) -> Path:
    return measured_documents.write(Path("data.jsonl"), measured_documents.documents(6))


def files(folder: str | Path) -> dict[str, bytes]:
    return tree(Path(folder), without=(".detector-lock",))


def figures(folder: str | Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((Path(folder) / "figures.json").read_text())
    return values


# Printed


def test_without_a_folder_the_figures_are_printed_as_before(command: Command, data: Path) -> None:
    assert list(json.loads(command("evaluate", data, "--json").out)) == ["page", "readability", "extracted"]
    called = command("evaluate", data)
    assert "readability" in called.out.decode()
    assert "share of the appeal paragraphs" in called.out.decode()
    assert (called.code, called.err) == (0, "")


def test_a_comparison_of_a_model_with_itself(command: Command, data: Path, tiny_model_dir: Path) -> None:
    out = command("evaluate", data, "--compare", tiny_model_dir, *QUICK).out.decode()
    assert "0 of " in out
    assert "differences are beyond chance" in out
    assert "There are too few sites" in out
    found = json.loads(command("evaluate", data, "--compare", tiny_model_dir, "--json", *QUICK).out)
    assert list(found) == ["model", "figures", "comparison"]
    comparison = found["comparison"]
    assert list(comparison) == ["model", "figures", "differences", "level", "bootstrap", "left_out", "notes"]
    assert comparison["figures"] == found["figures"]
    assert {each["p_holm"] for each in comparison["differences"]} == {1}
    assert list(comparison["differences"][0]) == [
        "part", "figure", "first", "other", "difference", "interval", "sites", "p", "p_holm", "beyond_chance",
    ]  # fmt: skip


def test_a_model_that_is_not_there(command: Command, data: Path) -> None:
    called = command("evaluate", data, "--compare", "nowhere")
    assert called.code == 2
    assert "nowhere" in called.err


OTHER_LABELS = {"reporting": "reporting", "navigation": "weather", "appeal": "spam"}


def test_labels_that_the_model_lacks_are_told(command: Command, data: Path, tiny_model_dir: Path) -> None:
    records = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    for paragraph in (paragraph for record in records for paragraph in record["paragraphs"]):
        paragraph["label"] = OTHER_LABELS[paragraph["label"]]
    data.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    told = (
        "detector: The model does not have these labels: ",
        "weather (12)", "spam (12)", "detector: No paragraph is labelled appeal by a reader",
    )  # fmt: skip
    for options in ((), ("--json",), ("--compare", tiny_model_dir, *QUICK)):
        called = command("evaluate", data, *options)
        assert called.code == 0
        assert [called.err.count(each) for each in told] == [1, 1, 1, 1]


def test_notes_on_one_of_two_models_have_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    _print_notes({"mine": ["Both.", "One."], "default": ["Both.", "Another."]})
    assert capsys.readouterr().err.splitlines() == [
        "detector: Both.", "detector: mine: One.", "detector: default: Another.",
    ]  # fmt: skip


def test_a_table_with_names_of_annotators_has_figures(command: Command) -> None:
    rows = [("The ferry sails again.", "reporting", "kerstin"), ("Give!", "appeal", "omar"), ("Home", "navigation", "")]
    Path("rows.csv").write_text("text,label,annotator\n" + "\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    found = json.loads(command("evaluate", "rows.csv", "--json").out)["all"]
    assert None not in (found["appeal"], found["nav"], found["F1r"], found["macro"])


@pytest.mark.parametrize("labels", [2, 9])
def test_no_number_of_a_wide_table_is_cut(labels: int, capsys: pytest.CaptureFixture[str]) -> None:
    row: dict[str, float | None] = {"documents": 1234.0, **dict.fromkeys(FIGURES, 0.1234)}
    for number in range(labels):
        row |= {f"removed ground-{number}": 0.5, f"ground-{number}@.5": 0.25, f"F1 ground-{number}": 0.75}
    print_figures({"figures": {"page": row}})
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert [printed.count(each) for each in ("0.5000", "0.2500", "0.7500", "0.1234")] == [labels] * 3 + [len(FIGURES)]


def test_figures_that_no_row_has_get_no_column_and_no_legend(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"page": {"documents": 1, "lost": 0.5, "nav": None}, "seed": {"documents": 1, "lost": None, "nav": None}}
    print_figures({"figures": rows})
    lines = capsys.readouterr().out.splitlines()
    assert "nav" not in " ".join(lines)
    assert lines[-1].startswith("lost     share of the words")


def test_figures_of_other_labels_have_columns_after_the_usual_ones() -> None:
    table = figures_table("", {"all": {"documents": 2, "lost": 0.5, "removed [b]\x1b": 0.25}})
    columns = [str(column.header) for column in table.columns]
    assert (columns[1:3], columns[-1]) == (["documents", "lost"], "removed [b]")
    assert list(table.columns[-1].cells) == ["0.2500"]


# The folder


@pytest.fixture
def evaluated(command: Command, data: Path) -> dict[str, Any]:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    called = command("evaluate", data, "-o", "eval", *QUICK)
    assert called.code == 0
    assert "eval/index.html" in called.err.replace(os.sep, "/")
    assert "Below each figure" in Path("eval/index.html").read_text(encoding="utf-8")
    return figures("eval")


def test_a_single_site_has_no_intervals(command: Command) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    paragraphs = [{"text": "The ferry sails again.", "label": "reporting"}, {"text": "Give!", "label": "appeal"}]
    Path("one.jsonl").write_text(json.dumps({"id": "a", "site": "s", "paragraphs": paragraphs}) + "\n")
    assert command("evaluate", "one.jsonl", "-o", "eval", *QUICK).code == 0
    page = Path("eval/index.html").read_text(encoding="utf-8")
    assert "1 document of 1 site, 2 labelled paragraphs." in page
    assert "Below each figure" not in page


def test_the_folder_has_all_files(evaluated: dict[str, Any], command: Command, data: Path) -> None:
    assert sorted(files("eval")) == FILES
    assert evaluated["figures"] == json.loads(command("evaluate", data, "--json").out)
    assert evaluated["bootstrap"] == {"unit": "site", "resamples": 100, "confidence": 0.95, "seed": 0}
    assert evaluated["data"]["sites"] == 6
    lines = [json.loads(line) for line in Path("eval/mistakes.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == evaluated["mistakes"]["lost"] + evaluated["mistakes"]["kept"] > 0
    text = Path("eval/figures.txt").read_text("utf-8")
    assert "95% intervals from 100 bootstrap samples" in " ".join(text.split())
    assert "\x1b" not in text
    assert not re.search(r"\d…", text)


def test_a_second_run_replaces_the_files_with_the_same_bytes(
    evaluated: dict[str, Any], command: Command, data: Path
) -> None:
    before = files("eval")
    Path("eval/notes.md").write_text("mine")
    assert command("evaluate", data, "-o", "eval", *QUICK).code == 0
    assert files("eval") == before | {"notes.md": b"mine"}
    assert command("evaluate", data, "-o", "eval", *QUICK, "--seed", "1", "--mistakes", "1").code == 0
    assert figures("eval")["bootstrap"]["seed"] == 1
    assert len(files("eval")["mistakes.jsonl"].splitlines()) == 1


def test_json_prints_what_the_file_holds(evaluated: dict[str, Any], command: Command, data: Path) -> None:
    called = command("evaluate", data, "-o", "eval", "--json", *QUICK)
    assert json.loads(called.out) == figures("eval") == evaluated


def test_a_comparison_is_in_all_files(
    evaluated: dict[str, Any], command: Command, data: Path, tiny_model_dir: Path
) -> None:
    assert "comparison" not in evaluated
    called = command("evaluate", data, "-o", "eval", "--compare", tiny_model_dir, *QUICK)
    assert "beyond chance" in called.out.decode()
    assert figures("eval")["comparison"]["model"]["name"] == tiny_model_dir.name
    assert "beyond chance" in Path("eval/figures.txt").read_text("utf-8")
    assert 'id="comparison"' in Path("eval/index.html").read_text("utf-8")


def test_the_page_escapes_what_it_shows(command: Command) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    mark = '<img src=x onerror="alert(1)">'
    paragraphs = [{"text": f"{mark} asks you", "label": label, "kind": mark} for label in ("reporting", mark)]
    record = {"id": mark, "site": mark, "lang": mark, "origin": mark, "paragraphs": paragraphs}
    Path("odd.jsonl").write_text(json.dumps(record) + "\n")
    assert command("evaluate", "odd.jsonl", "-o", "eval", *QUICK).code == 0
    page = Path("eval/index.html").read_text("utf-8")
    assert "<img" not in page
    assert "&lt;img src=x onerror=" in page
    assert " style=" not in page  # the policy of the page forbids it
    assert page.count("<style") == 1


# What is refused


def test_a_folder_of_another_purpose_is_left_alone(command: Command, data: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    Path("other").mkdir()
    Path("other/thesis.txt").write_text("years of work")
    called = command("evaluate", data, "-o", "other")
    assert called.code == 1
    assert "other: holds other files, and no evaluation" in called.err
    Path("other/figures.json").write_text('{"format": "of a thesis"}')
    assert command("evaluate", data, "-o", "other").code == 1
    assert sorted(tree(Path("other"))) == ["figures.json", "thesis.txt"]
    Path("empty").mkdir()
    assert command("evaluate", data, "-o", "empty", *QUICK).code == 0
    Path("file").write_text("mine")
    assert "exists, and is no folder" in command("evaluate", data, "-o", "file").err


def test_a_folder_of_which_data_are_read_is_refused(command: Command, data: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    inside = Path("labelled")
    inside.mkdir()
    measured_documents.write(inside / "data.jsonl", measured_documents.documents(2))
    for given, output in ((inside, inside / "eval"), (inside, inside), (inside / "data.jsonl", inside)):
        called = command("evaluate", given, "-o", output)
        assert called.code == 2
        assert "is read as data" in called.err
    assert sorted(tree(inside)) == ["data.jsonl"]


def test_a_full_disk_leaves_the_earlier_evaluation(
    evaluated: dict[str, Any], command: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files("eval")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    called = command("evaluate", data, "-o", "eval", *QUICK, "--seed", "7")
    assert called.code == 1
    assert "cannot be written" in called.err
    assert "No space left" in called.err
    assert files("eval") == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that may not be written")
def test_a_folder_that_may_not_be_written(command: Command, data: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    Path("shut").mkdir(mode=0o500)
    called = command("evaluate", data, "-o", "shut/eval", *QUICK)
    assert called.code == 1
    assert "cannot be written" in called.err


def test_without_matplotlib_the_command_that_installs_it_is_told(
    command: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    called = command("evaluate", data, "-o", "eval")
    assert called.code == 2
    assert "drawing the plots of an evaluation needs matplotlib" in called.err
    assert "pip install 'boilerplate-detector[plots]'" in called.err
    assert not Path("eval").exists()
    assert command("evaluate", data).code == 0  # without a folder, it is not needed


# Options of labels


def test_annotators_and_the_text_field_are_passed_on(command: Command) -> None:
    record = {"id": 1, "body": "The ferry sails again.\nSubscribe now!", "label": [[0, 22, "reporting"]]}
    Path("doccano.jsonl").write_text(json.dumps(record) + "\n")
    called = command("evaluate", "doccano.jsonl", "--from", "doccano", "--text-field", "body", "--json")
    assert called.code == 0, called.err
    assert json.loads(called.out)["all"]["documents"] == 1
    assert command("evaluate", "doccano.jsonl", "--annotators", "nobody").code == 2


def test_models_are_named_by_their_folders(command: Command, data: Path, tiny_model_dir: Path) -> None:
    """A page can be sent to others: no path of the machine is in it."""
    other = Path("there", tiny_model_dir.name).absolute()
    shutil.copytree(tiny_model_dir, other)
    command("evaluate", data, "--compare", other, "-o", "eval", *QUICK)
    assert figures("eval")["model"]["name"] == f"{tiny_model_dir.parent.name}/{tiny_model_dir.name}"
    assert figures("eval")["comparison"]["model"]["name"] == f"there/{tiny_model_dir.name}"
    for content in files("eval").values():
        assert str(Path.cwd()).encode() not in content


def test_odd_characters_do_no_harm(command: Command) -> None:
    """Lone surrogates, separators, nulls and markup in every field."""
    odd = "</title><script>\ud800\u2029\0 [red]$x_"
    paragraphs = [
        {"text": f"The {label} of the ferry. {odd[:17]}\ud800", "label": label, "kind": odd}
        for label in ("reporting", "appeal", "navigation", odd)
    ]
    lines = [
        json.dumps(
            {"id": f"{odd}{number}", "site": f"{odd}{number % 3}", "origin": odd, "lang": odd, "paragraphs": paragraphs}
        )
        for number in range(6)
    ]
    Path("odd.jsonl").write_text("\n".join(lines))
    command("evaluate", "odd.jsonl", "-o", "eval", "--compare", "default", *QUICK)
    page = (Path("eval") / "index.html").read_text("utf-8")
    assert "&lt;/title&gt;&lt;script&gt;&#55296;" in page
    assert page.count("<script") == 1
