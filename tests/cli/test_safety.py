"""No call destroys what it was given; what was not read, or came out empty, is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command import Command, tree

from detector.util.json_lines import json_line

TEXT = b"Rain fell on the harbour of Korvala on Monday.\nThe ferry stayed in port.\n"


@pytest.fixture
def command(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "c/a.txt", "c/b.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(TEXT)
    Path("link.jsonl").symlink_to("a.txt")
    os.link("a.txt", "hard.jsonl")
    return Command(tiny_model_dir, capfdbinary, monkeypatch)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("predict a.txt -o a.txt", "--output a.txt: is an input"),
        ("predict a.txt -o link.jsonl", "--output link.jsonl: is an input"),
        ("predict a.txt -o hard.jsonl", "--output hard.jsonl: is an input"),
        ("predict a.txt -o x --rejected a.txt", "--rejected a.txt: is an input"),
        ("predict a.txt -o x --rejected x", "--rejected x: is also written for --output x"),
        ("predict c -o c/b.txt", "--output c/b.txt: is an input"),
        ("predict c -o c/d.jsonl", "--output c/d.jsonl: lies in the input folder c"),
        ("clean a.txt -o a.txt", "a.txt: is an input; choose another --output, or use --in-place"),
        ("clean a.txt --removed a.txt", "--removed a.txt: is an input"),
        ("clean a.txt --rejected hard.jsonl", "--rejected hard.jsonl: is an input"),
        ("clean a.txt --removed r --rejected r", "--rejected r: is also written for --removed r"),
        ("clean a.txt -o x.txt --removed x.txt", "--removed x.txt: is also written for a.txt"),
        ("clean c -o o --removed c/a.txt", "--removed c/a.txt: is an input"),
        ("clean c -o o --removed a.txt --rejected hard.jsonl", "--rejected hard.jsonl: is also written for --removed"),
        ("clean c -o o --removed o/a.txt", "--removed o/a.txt: is also written for c/a.txt"),
        ("clean c -o o --removed o/_manifest.jsonl", "is also written for o/_manifest.jsonl"),
        ("clean c -o c", "c: is the output folder, whose files are not read"),
        ("clean c --in-place --removed c/a.txt.orig", "--removed c/a.txt.orig: is also written for"),
        ("clean c --in-place --rejected c/b.txt", "--rejected c/b.txt: is an input"),
        ("clean a.txt --in-place -o -", "--in-place and --output exclude each other"),
    ],
)
def test_no_output_replaces_an_input_or_another_output(command: Command, call: str, message: str) -> None:
    before = tree(Path())
    called = command(*call.split())
    assert called.code == 2
    assert message in called.err
    assert called.err.count("\n") == 1
    assert called.out == b""
    assert tree(Path()) == before


@pytest.mark.parametrize("call", ["clean a.txt -o", "clean a.txt --in-place --removed", "predict a.txt -o"])
def test_no_output_replaces_a_model(command: Command, call: str) -> None:
    Path("model").mkdir()
    Path("model/README.md").write_text("{}")
    called = command(*call.split(), "model/README.md", "--model", "model", model=False)
    assert called.code == 2
    assert "model/README.md: is an input" in called.err
    assert Path("model/README.md").read_text() == "{}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["clean", "", "--in-place"],
        ["clean", "c", "", "-o", "o"],
        ["clean", "a.txt", "-o", ""],
        ["clean", "a.txt", "--removed", ""],
        ["clean", "a.txt", "--rejected", ""],
        ["clean", "a.txt", "--model", ""],
        ["predict", "", "-o", "x"],
        ["predict", "a.txt", "-o", ""],
        ["train", "", "-o", "m"],
        ["train", "x.jsonl", "-o", ""],
        ["evaluate", ""],
        ["info", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_invalid(command: Command, arguments: list[str]) -> None:
    before = tree(Path())
    called = command(*arguments, model=False)
    assert called.code == 2
    assert "an empty path" in called.err
    assert called.err.count("\n") == 1
    assert tree(Path()) == before


def test_a_second_run_reads_what_the_first_one_read(command: Command) -> None:
    for _ in range(2):
        called = command("clean", "c", "-o", "c/out", "--removed", "r.jsonl", "--force")
        assert called.code == 0
        assert called.err.startswith("2 documents\n")


@pytest.mark.parametrize("call", ["clean c -o o", "predict c -o d.jsonl", "predict c"])
def test_what_is_passed_over_is_said(command: Command, call: str) -> None:
    Path("c/page.odt").touch()
    Path("c/loop").symlink_to(".")
    called = command(*call.split())
    assert called.code == 0
    assert "1 file with an unknown extension: .odt 1; --all-files reads them as text\n" in called.err
    assert "c/loop: a link to a folder, which is not followed; name it to read it\n" in called.err


@pytest.mark.parametrize("call", ["clean c -o o", "predict c -o d.jsonl", "clean c --in-place"])
def test_a_folder_that_cannot_be_listed_fails_the_run(
    command: Command, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("c/closed").mkdir()
    scandir = os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    called = command(*call.split())
    assert called.code == 1
    assert "c/closed: cannot be listed (Permission denied); its files are not read\n" in called.err
    assert "2 documents" in called.err


def test_a_named_pipe_is_read_as_a_stream(command: Command) -> None:
    os.mkfifo("pipe")
    if os.fork() == 0:
        Path("pipe").write_bytes(TEXT)
        os._exit(0)
    assert command("clean", "-t", "0", "pipe").out == TEXT


def test_json_lines_from_standard_input_go_into_a_folder(command: Command) -> None:
    line = json_line({"text": "Rain fell on the harbour of Korvala on Monday."})
    assert command("clean", "-", "-t", "0", "--text-field", "text", "-o", "new/", stdin=line).code == 0
    assert tree(Path("new")) == {"stdin.jsonl": line}


# In place


def test_in_place_again_goes_on_where_the_first_run_ended(command: Command) -> None:
    text = TEXT + b"Subscribe to our newsletter now!\n"
    Path("c/a.txt").write_bytes(text)
    assert command("clean", "c/a.txt", "--in-place", "-t", "1", "--max-removed", "1").code == 3
    cleaned = Path("c/a.txt").read_bytes()
    assert cleaned != text
    again = command("clean", "c", "--in-place", "-t", "0")
    assert again.code == 0
    assert Path("c/a.txt").read_bytes() == cleaned
    assert Path("c/b.txt.orig").read_bytes() == TEXT
    forced = command("clean", "c/a.txt", "--in-place", "-t", "0", "--force")
    assert forced.code == 0
    assert Path("c/a.txt").read_bytes() == text
    assert Path("c/a.txt.orig").read_bytes() == text


@pytest.mark.parametrize("option", [[], ["--force"]], ids=["", "forced"])
def test_in_place_the_original_of_another_file_is_left_alone(command: Command, option: list[str]) -> None:
    Path("c/a.txt.orig").write_bytes(b"Hail fell.\n")
    called = command("clean", "c", "--in-place", *option)
    assert called.code == 1
    assert "c/a.txt.orig: already exists" in called.err
    assert Path("c/a.txt.orig").read_bytes() == b"Hail fell.\n"
    assert Path("c/a.txt").read_bytes() == TEXT
    assert Path("c/b.txt.orig").read_bytes() == TEXT


def test_in_place_another_name_of_a_file_keeps_its_text(command: Command) -> None:
    assert command("clean", "a.txt", "--in-place", "-t", "1", "--max-removed", "1").code == 3
    assert Path("a.txt").read_bytes() == b""
    assert Path("link.jsonl").read_bytes() == b""  # a link leads to what is there now
    assert Path("hard.jsonl").read_bytes() == TEXT
    assert Path("hard.jsonl").samefile("a.txt.orig")


# Exit codes


@pytest.mark.parametrize(
    ("stdin", "options", "code"),
    [
        (TEXT, ["-t", "0"], 0),
        (b"", [], 0),
        (TEXT, ["-t", "1", "--max-removed", "1"], 3),
        (TEXT, ["-t", "1"], 0),
        (json_line({"text": "Rain."}) * 2, ["-t", "1", "--max-removed", "1", "--format", "jsonl"], 3),
        (json_line({"text": "Rain."}) + b"no json\n", ["-t", "1", "--format", "jsonl"], 1),
    ],
    ids=["kept", "empty", "came out empty", "kept whole", "records came out empty", "rejected"],
)
def test_an_input_that_came_out_empty_is_exit_code_3(
    command: Command, stdin: bytes, options: list[str], code: int
) -> None:
    assert command("clean", *options, stdin=stdin).code == code


def test_a_restored_file_goes_into_the_folder_that_output_names(command: Command) -> None:
    Path("a.txt").write_text("The ferry returned on Monday.\nSubscribe to our newsletter!\n")
    assert command("clean", "a.txt", "-o", "b.txt", "--removed", "r.jsonl", "--max-removed", "1").code == 0
    called = command("restore", "b.txt", "r.jsonl", "-o", "rest/", "--log-json", model=False)
    assert called.code == 0
    assert Path("rest/b.txt").read_bytes() == Path("a.txt").read_bytes()
    summary = json.loads(called.err.splitlines()[-1])
    assert (summary["level"], summary["event"], summary["files"]) == ("info", "summary", 1)
    assert command("restore", "b.txt", "r.jsonl", "-o", "-", model=False).code == 2
