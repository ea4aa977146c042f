"""The command: what goes in and comes out, and with which exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command import Command, read_sidecar, tree
from rewriting import needs

from detector import __version__
from detector.cleaner import Cleaner
from detector.cli.main import main
from detector.inference.model import Model
from detector.util.json_lines import json_line


@pytest.fixture
def cleaned(tiny_model: Model, text: str) -> str:
    """What is left of `text`."""
    return Cleaner(tiny_model).clean(text).text


def test_one_file_is_written_to_standard_output(command: Command, text: str, cleaned: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    called = command("clean", "a.txt")
    assert (called.code, called.out) == (0, cleaned.encode())
    assert called.err.startswith("1 document\nkept ")
    assert "appeal" in called.err
    assert tree(Path()) == {"a.txt": text.encode()}


@pytest.mark.parametrize("paths", [[], ["-"]])
def test_standard_input_is_written_to_stdout(command: Command, text: str, cleaned: str, paths: list[str]) -> None:
    called = command("clean", "-q", *paths, stdin=text.encode())
    assert (called.code, called.out, called.err) == (0, cleaned.encode(), "")


def test_output_is_a_file_for_one_input_and_a_folder_for_several(command: Command, text: str, cleaned: str) -> None:
    for name in ("in/a.txt", "in/deep/b.md"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(text.encode())
    assert command("clean", "in/a.txt", "-o", "new/x.txt").out == b""
    assert tree(Path("new")) == {"x.txt": cleaned.encode()}
    assert command("clean", "in", "-o", "out").code == 0
    beside = (".detector-lock", "_manifest.jsonl", "_rejected.jsonl", "_summary.json")
    assert tree(Path("out"), beside) == {"a.txt": cleaned.encode(), "deep/b.md": cleaned.encode()}


def test_in_place_keeps_the_originals(command: Command, text: str, cleaned: str) -> None:
    for name in ("a.txt", "b.txt"):
        Path(name).write_bytes(text.encode())
    assert command("clean", "--in-place", "a.txt", "b.txt").code == 0
    assert tree(Path()) == {
        "a.txt": cleaned.encode(), "a.txt.orig": text.encode(), "b.txt": cleaned.encode(), "b.txt.orig": text.encode(),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["removed.jsonl", "removed.jsonl.gz", needs("pyarrow", "removed.parquet")])
def test_removed_text_restores_the_original(command: Command, text: str, cleaned: str, name: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    assert command("clean", "a.txt", "-o", "b.txt", "--removed", name).code == 0
    lines = read_sidecar(Path(name))
    assert {"file", "document", "id", "start", "end", "label", "kind", "score", "text"} <= set(lines[0])
    restored = Path("b.txt").read_bytes().decode()
    assert restored == cleaned
    for line in lines:
        restored = restored[: line["start"]] + line["text"] + restored[line["start"] :]  # type: ignore[index, operator, misc]
    assert restored == text


def test_json_lines_are_written_with_the_text_replaced(command: Command, text: str, cleaned: str) -> None:
    same = b'{"body" : "Rain fell on the harbour of Korvala on Monday.", "n":1.0}\r\n'
    changed = json_line({"n": 1, "body": text})
    called = command("clean", "--text-field", "body", "-t", "0.000001", stdin=same)
    assert (called.code, called.out) == (0, same)
    called = command("clean", "--text-field", "body", stdin=changed)
    assert json.loads(called.out) == {"n": 1, "body": cleaned}


def test_bad_records_are_exit_code_1_and_written_to_a_sidecar(command: Command) -> None:
    data = b'{"text":"Rain."}\nno json\n{"text":"Sun."}\n'
    called = command("clean", "--format", "jsonl", "-t", "0", "--rejected", "bad.jsonl", stdin=data)
    assert called.code == 1
    assert called.out == b'{"text":"Rain."}\n{"text":"Sun."}\n'
    assert "-:2: rejected: not JSON in UTF-8" in called.err
    assert "rejected        1 record\n" in called.err
    assert [line["raw"] for line in read_sidecar(Path("bad.jsonl"))] == ["no json\n"]


def test_only_the_first_of_many_bad_records_are_reported(command: Command) -> None:
    called = command("clean", "--format", "jsonl", stdin=b"x\n" * 50)
    assert called.err.count(": rejected: ") == 3
    assert "-: 50 records rejected in all" in called.err
    stopped = command("clean", "--format", "jsonl", "--max-rejected", "9", stdin=b"x\n" * 50)
    assert stopped.code == 1
    assert "more than 9 records cannot be read (--max-rejected)" in stopped.err


def test_bytes_that_are_not_utf8_are_preserved(command: Command) -> None:
    data = b"\xfe caf\xe9 \xff\r\nplain\n\n\xc3"
    assert command("clean", "-t", "0", stdin=data).out == data


def test_a_file_that_fails_does_not_stop_the_others(command: Command, text: str, cleaned: str) -> None:
    Path("in").mkdir()
    Path("in/a.txt").write_bytes(text.encode())
    Path("in/b.jsonl.gz").write_bytes(b"no gzip at all")
    Path("in/c.csv").write_bytes(b"id,body\n1,x\n")
    Path("in/d.txt").write_bytes(text.encode())
    called = command("clean", "in", "-o", "out")
    assert called.code == 1
    assert "failed: in/b.jsonl.gz: " in called.err
    assert 'failed: in/c.csv: no column "text"' in called.err
    assert "failed          2 files" in called.err
    beside = (".detector-lock", "_manifest.jsonl", "_rejected.jsonl", "_summary.json")
    assert tree(Path("out"), beside) == {"a.txt": cleaned.encode(), "d.txt": cleaned.encode()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clean", "--nonsense"], "No such option: --nonsense"),
        (["clean", "-j", "-1"], "detector clean: Invalid value for '-j' / '--jobs'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["train"], "Missing"),
        (["clean", "gone.txt"], "gone.txt: no such file or folder"),
        (["clean", "a.txt", "-t", "7"], "threshold '7': give a number from 0 to 1, or one of gentle, balanced, strict"),
        (["clean", "a.txt", "-t", "mild"], "threshold 'mild'"),
        (["clean", "a.txt", "--max-removed", "1.5"], "Invalid value for '--max-removed'"),
        (["predict", "a.txt", "--max-removed", "-0.1"], "Invalid value for '--max-removed'"),
        (["clean", "a.txt", "--policy", "odd"], "'odd' is not one of 'reporting'"),
        (["clean", "a.txt", "--keep", "odd"], "'odd' is neither a label nor a kind of this model"),
        (["clean", "a.txt", "--paragraphs", "odd"], "'odd' is not one of 'line', 'blank'"),
        (["clean", "a.txt", "--format", "odd"], "'odd' is not one of 'text'"),
        (["clean", "a.txt", "-o", "a.txt"], "a.txt: is an input"),
        (["clean", "a.txt", "a.txt"], "2 inputs need --output FOLDER or --in-place"),
        (["predict", "a.txt", "--table", "-o", "b.jsonl"], "use it without --output and --jobs"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(command: Command, arguments: list[str], message: str) -> None:
    Path("a.txt").write_text("Rain.\n")
    called = command(*arguments, model=arguments[0] != "train")
    assert called.code == 2
    assert message in called.err
    assert called.err.count("\n") == 1
    assert called.out == b""
    assert tree(Path()) == {"a.txt": b"Rain.\n"}


def test_a_missing_model_is_exit_code_2(command: Command) -> None:
    called = command("clean", "-m", "nowhere", stdin=b"x", model=False)
    assert called.code == 2
    assert "nowhere" in called.err
    assert called.err.count("\n") == 1


def test_a_missing_library_is_reported_before_any_work(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in").mkdir()
    Path("in/a.txt").write_text("Rain.\n")
    Path("in/b.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    called = command("clean", "in", "-o", "out")
    assert called.code == 2
    assert "pip install 'boilerplate-detector[parquet]'" in called.err
    assert not Path("out").exists()


def test_thresholds_and_policies_are_applied(command: Command, text: str) -> None:
    data = text.encode()
    assert command("clean", "-t", "0", stdin=data).out == data
    assert command("clean", "-t", "1", "--max-removed", "1", stdin=data).out == b""
    assert command("clean", "--keep", "appeal,navigation", stdin=data).out == data
    assert len(command("clean", "-t", "strict", stdin=data).out) <= len(
        command("clean", "-t", "gentle", stdin=data).out
    )


@pytest.mark.parametrize(
    "options", [["-o", "a.txt/out"], ["-o", "b.txt", "--removed", "a.txt/r.jsonl"], ["--rejected", "a.txt/r.jsonl"]]
)
def test_what_cannot_be_written_is_one_line_and_exit_code_1(command: Command, options: list[str]) -> None:
    Path("a.txt").write_text("Rain.\n")
    called = command("clean", "-q", *options, "a.txt")
    assert called.code == 1
    assert "a.txt" in called.err
    assert called.err.count("\n") == 1
    assert tree(Path()) == {"a.txt": b"Rain.\n"}


# Predict


def test_predict_prints_one_line_per_document(command: Command, text: str, tiny_model: Model) -> None:
    Path("a.txt").write_bytes(text.encode())
    Path("b.jsonl").write_bytes(json_line({"id": "own", "text": text}) + json_line({"text": ""}))
    called = command("predict", "a.txt", "b.jsonl", "-o", "out.jsonl")
    assert (called.code, called.out) == (0, b"")
    lines = read_sidecar(Path("out.jsonl"))
    assert [line["id"] for line in lines] == ["a.txt", "own", "b.jsonl:2"]
    assert lines[0]["paragraphs"] == lines[1]["paragraphs"]
    assert lines[2]["paragraphs"] == []
    expected = Cleaner(tiny_model).predict(text).paragraphs
    for found, paragraph in zip(lines[0]["paragraphs"], expected, strict=True):  # type: ignore[call-overload]
        assert text[found["start"] : found["end"]] == paragraph.text
        assert (found["label"], found["kind"], found["keep"]) == (paragraph.label, paragraph.kind, paragraph.keep)
        assert found["scores"] == pytest.approx(paragraph.scores, abs=1e-6)
        assert sum(found["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert command("predict", "a.txt").out == Path("out.jsonl").read_bytes().split(b"\n")[0] + b"\n"


def test_predict_counts_what_it_cannot_read(command: Command) -> None:
    called = command("predict", "--format", "jsonl", stdin=b'{"text":"Rain."}\nbad\n')
    assert called.code == 1
    assert len(called.out.splitlines()) == 1
    assert "-:2: rejected" in called.err


def test_the_table_shows_every_paragraph(command: Command) -> None:
    called = command("predict", "--table", stdin=b"Rain fell.\n\n[bold]Subscribe[/bold] now!\n")
    assert called.code == 0
    assert "Rain fell." in called.out.decode()
    assert "[bold]Subscribe[/bold] now!" in called.out.decode()


# Documents that are kept whole

APPEALS = b"Subscribe to our newsletter now!\nSupport our newsroom today!\n"  # all of it would go


@pytest.mark.parametrize("options", [[], ["--max-removed", "0.7"], ["--max-removed", "0"]], ids=str)
def test_a_document_is_kept_whole_and_that_is_said(command: Command, options: list[str]) -> None:
    Path("a.txt").write_bytes(APPEALS)
    called = command("clean", "a.txt", "-o", "b.txt", "-t", "1", *options)
    assert called.code == 0
    assert Path("b.txt").read_bytes() == APPEALS
    warning, *summary = called.err.splitlines()
    assert warning.startswith("1 document would have lost more than ")
    assert "--max-removed 1 cleans it, too" in warning
    assert summary[-1] == "kept whole      1 document"
    assert command("clean", "a.txt", "-t", "1", "-q", *options).err == f"{warning}\n"


def test_without_the_guard_nothing_is_kept_whole(command: Command) -> None:
    Path("a.txt").write_bytes(APPEALS)
    called = command("clean", "a.txt", "-t", "1", "--max-removed", "1")
    assert (called.code, called.out) == (3, b"")
    assert "kept whole" not in called.err


@pytest.mark.parametrize("option", [[], ["--removed", "r.jsonl"], ["--removed", "r.jsonl.gz"]], ids=str)
def test_the_warning_names_the_file_that_lists_the_documents(command: Command, option: list[str]) -> None:
    Path("a.txt").write_bytes(APPEALS)
    called = command("clean", "a.txt", "-o", "b.txt", "-t", "1", "--log-json", *option)
    warning, summary = map(json.loads, called.err.splitlines())
    assert (warning["event"], warning["level"], warning["count"]) == ("check", "warning", 1)
    assert warning["message"].endswith(f"; {option[1]} lists it" if option else "cleans it, too")
    assert summary["kept_whole"] == 1
    if option:
        (line,) = read_sidecar(Path(option[1]))
        assert (line["file"], line["document"], line["id"], line["kept_whole"]) == ("a.txt", 1, "a.txt", True)


def test_predict_tells_what_is_kept_whole(command: Command) -> None:
    data = json_line({"text": APPEALS.decode()}) + json_line({"text": ""})
    for share, kept_whole in (("0.5", True), ("1", False)):
        called = command("predict", "--format", "jsonl", "-t", "1", "--max-removed", share, stdin=data)
        first, empty = map(json.loads, called.out.splitlines())
        assert list(first) == ["id", "paragraphs", "familiarity", "kept_whole"]
        assert first["kept_whole"] is kept_whole
        assert 0.5 < first["familiarity"] <= 1
        assert [paragraph["keep"] for paragraph in first["paragraphs"]] == [kept_whole] * 2
        assert (empty["familiarity"], empty["kept_whole"]) == (1.0, False)
        assert ("1 document would have lost more than half of its text" in called.err) is kept_whole


def test_the_table_has_a_note_on_a_document_that_is_kept_whole(command: Command) -> None:
    assert b"kept whole" in command("predict", "--table", "-t", "1", stdin=APPEALS).out
    assert b"kept whole" not in command("predict", "--table", "-t", "1", "--max-removed", "1", stdin=APPEALS).out


# The other commands


@pytest.mark.slow
def test_train_info_and_evaluate(command: Command, tiny_data: Path) -> None:
    trained = command("train", tiny_data, "-o", "new", "--folds", "2", model=False)
    assert trained.code == 0
    assert b"held-out" in trained.out
    assert sorted(tree(Path("new"))) == ["README.md", "metadata.json", "model.joblib"]
    result = command("info", "new", model=False)
    assert result.code == 0
    assert "sha256" in result.out.decode()
    assert json.loads(command("info", "new", "--json", model=False).out)["labels"][0] == "reporting"
    measured = command("evaluate", tiny_data, "--json")
    assert measured.code == 0
    assert all(0 <= figures["lost"] <= 1 for figures in json.loads(measured.out).values())
    assert b"macro" in command("evaluate", tiny_data).out


def test_data_that_cannot_be_used_is_exit_code_1(command: Command) -> None:
    Path("bad.jsonl").write_text("{\n")
    called = command("train", "bad.jsonl", "-o", "new", model=False)
    assert called.code == 1
    assert "bad.jsonl:2: not JSON" in called.err  # where the record that begins in line 1 ends
    assert called.err.count("\n") == 1


def test_a_label_that_a_model_cannot_have_is_told_with_file_and_line_before_the_fit(command: Command) -> None:
    records = ({"id": str(n), "paragraphs": [{"text": "Rain.", "label": name}]} for n, name in enumerate(["a", "a\tb"]))
    Path("data.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    called = command("train", "data.jsonl", "-o", "new", model=False)
    assert (called.code, called.err.count("\n")) == (1, 1)
    assert r"data.jsonl:2: paragraph 1: the label 'a\tb' has the character U+0009, which is not printable" in called.err


def test_the_version_is_that_of_the_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["detector", "--version"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"detector {__version__}\n"


def test_an_output_that_ends_with_a_slash_is_a_folder(command: Command, text: str, cleaned: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    assert command("clean", "a.txt", "-o", "new/deep/").code == 0
    assert tree(Path("new")) == {"deep/a.txt": cleaned.encode()}


def test_decisions_are_written_to_a_file_not_a_folder(command: Command, text: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    Path("out").mkdir()
    called = command("predict", "a.txt", "-o", "out")
    assert (called.code, called.err) == (2, "detector: out: is a folder; name a file for the decisions\n")


def test_without_a_command_the_help_is_printed_and_nothing_else(command: Command) -> None:
    called = command(model=False)
    assert called.code == 2
    assert "Usage: detector" in called.out.decode()
    assert called.err == ""


def test_parquet_is_not_compressed_once_more(command: Command, text: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    called = command("clean", "a.txt", "-o", "b.txt", "--removed", "r.parquet.gz")
    assert called.code == 2
    assert "r.parquet.gz: Parquet files are compressed inside; leave out .gz" in called.err
    assert not Path("b.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (("clean", "-o", "out"), "out/stdin.txt"),
        (("predict", "-o", "decisions.jsonl"), "decisions.jsonl"),
    ],
)
def test_standard_input_is_read_beside_other_inputs_in_several_processes(
    arguments: tuple[str, ...], target: str, command: Command
) -> None:
    text = b"The ferry returned on Monday, the harbour office said.\n"
    Path("a.txt").write_bytes(text)
    for jobs in (1, 2):
        called = command(*arguments, "-", "a.txt", "--jobs", jobs, "--threshold", "0", stdin=text)
        assert called.code == 0, called.err
        found = Path(target).read_bytes()
        assert found == text if arguments[0] == "clean" else found.count(b"body") == 2


def test_standard_input_is_never_up_to_date(command: Command) -> None:
    Path("a.txt").write_text("The ferry returned on Monday.\n")
    for text in (b"Rain fell on the harbour.\n", b"Snow fell on the harbour.\n"):
        assert command("clean", "-", "a.txt", "-o", "out", "--threshold", "0", stdin=text).code == 0
        assert Path("out/stdin.txt").read_bytes() == text


@pytest.mark.parametrize("verb", ["clean", "predict", "report"])
def test_a_hyphen_after_output_is_standard_output(verb: str, command: Command, text: str) -> None:
    Path("a.txt").write_bytes(text.encode())
    called = command(verb, "a.txt", "-o", "-", "-q")
    assert (called.code, called.out) == (0, command(verb, "a.txt", "-q").out)
    assert sorted(tree(Path())) == ["a.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clean", "a.txt", "-o", "b.txt", "--removed", "-"), "--removed -: is no standard stream here"),
        (("clean", "a.txt", "-o", "b.txt", "--removed", "new/"), "--removed new/: is the name of a folder"),
        (("predict", "a.txt", "-o", "new/"), "--output new/: is the name of a folder"),
        (("predict", "a.txt", "--rejected", "-"), "--rejected -: is no standard stream here"),
    ],
)
def test_an_output_that_can_be_no_file_is_refused(arguments: tuple[str, ...], said: str, command: Command) -> None:
    Path("a.txt").write_text("Rain fell.\n")
    called = command(*arguments)
    assert called.code == 2
    assert said in called.err
    assert sorted(tree(Path())) == ["a.txt"]


def test_default_names_the_model_of_the_package(command: Command) -> None:
    Path("a.txt").write_text("Rain fell.\n")
    assert command("clean", "a.txt", "-m", "default", "-q", model=False).code == 0
    named, default = command("info", "default", model=False), command("info", model=False)
    assert (named.code, named.out) == (0, default.out)
    Path("default").mkdir()
    assert command("clean", "a.txt", "-m", "default", "-q", model=False).code != 0


def test_the_folder_of_a_report_is_created(command: Command) -> None:
    Path("a.txt").write_text("Rain fell.\n")
    assert command("report", "a.txt", "-o", "new/report.html", "-q").code == 0
    assert Path("new/report.html").stat().st_size


def test_control_characters_of_texts_do_not_reach_the_terminal(command: Command) -> None:
    Path("a.jsonl").write_bytes(json_line({"id": "1\x1b[2J", "text": "The ferry \x1b[31mreturned on Monday.\n"}))
    for arguments in (("explain", "a.jsonl"), ("predict", "a.jsonl", "--table")):
        called = command(*arguments)
        assert called.code == 0
        assert b"\x1b" not in called.out
        assert b"\\x1b[31m" in called.out
