"""Which files are read, and where results go."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.corpus.inputs import Selection
from detector.corpus.plan import Plan, plan, plan_decisions
from detector.errors import UsageError

FILES = (
    "c/a.txt",
    "c/b.jsonl.gz",
    "c/deep/er/a.txt",
    "c/page.pdf",
    "c/.hidden.txt",
    "c/.git/x.txt",
    "c/_manifest.jsonl",
    "c/_rejected.jsonl",
    "c/_summary.json",
    "c/a.txt.orig",
    "d/a.txt",
    "out/old.txt",
    "[odd].txt",
    "crawl.wet.gz",
)


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.chdir(tmp_path)


def pairs(planned: Plan) -> dict[str, str]:
    return {str(task.source): str(task.target) for task in planned.tasks}


@pytest.mark.parametrize(
    ("paths", "targets"),
    [
        (["c"], {"c/a.txt": "o/a.txt", "c/b.jsonl.gz": "o/b.jsonl.gz", "c/deep/er/a.txt": "o/deep/er/a.txt"}),
        (["c/deep", "d"], {"c/deep/er/a.txt": "o/deep/er/a.txt", "d/a.txt": "o/d/a.txt"}),
        (["[cd]/a.txt"], {"c/a.txt": "o/c/a.txt", "d/a.txt": "o/d/a.txt"}),
        (["c/a.txt", "out/old.txt"], {"c/a.txt": "o/a.txt", "out/old.txt": "o/old.txt"}),
    ],
)
def test_several_inputs_are_mirrored_in_a_folder(paths: list[str], targets: dict[str, str]) -> None:
    planned = plan(paths, Path("o"))
    assert planned.folder == Path("o")
    assert pairs(planned) == targets


def test_one_input_goes_to_a_file_or_to_standard_output() -> None:
    assert pairs(plan(["c/a.txt"], Path("new/x.txt"))) == {"c/a.txt": "new/x.txt"}
    assert pairs(plan(["c/a.txt"], Path("out"))) == {"c/a.txt": "out/a.txt"}
    assert pairs(plan(["c/a.txt"], None)) == {"c/a.txt": "None"}
    assert pairs(plan([], None)) == {"None": "None"}
    assert plan(["c/a.txt"], Path("new/x.txt")).folder is None


def test_results_inside_the_corpus_are_not_inputs() -> None:
    inputs = {"crawl.wet.gz", "[odd].txt", "c/a.txt", "c/b.jsonl.gz", "c/deep/er/a.txt", "d/a.txt"}
    assert set(pairs(plan(["."], Path("out")))) == inputs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paths": ["missing.txt"], "output": None}, "missing.txt: no such file or folder"),
        ({"paths": ["c", "d"], "output": None}, "4 inputs need --output FOLDER or --in-place"),
        ({"paths": ["c"], "output": Path("d/a.txt")}, "not a folder; 3 inputs need one"),
        ({"paths": ["c/a.txt"], "output": Path("c/a.txt")}, "is an input; choose another --output, or use --in-place"),
        (
            {"paths": ["c"], "output": Path("c")},
            "c: is the output folder, whose files are not read; choose another --output, or use --in-place",
        ),
        ({"paths": ["c/*.txt"], "output": Path("c")}, "c/a.txt: is an input; choose another --output"),
        ({"paths": ["c/a.txt", "d/a.txt"], "output": Path("o")}, "c/a.txt would both be written to o/a.txt"),
        ({"paths": ["c/a.txt"], "output": Path("o"), "in_place": True}, "exclude each other"),
        ({"paths": ["-"], "output": None, "in_place": True}, "needs files, not standard input"),
        ({"paths": [], "output": None, "in_place": True}, "needs files, not standard input"),
        ({"paths": [""], "output": None, "in_place": True}, "an empty path"),
        ({"paths": ["c", ""], "output": Path("o")}, "an empty path"),
        ({"paths": ["c/a.txt.orig"], "output": None, "in_place": True}, "is an original that --in-place keeps"),
        ({"paths": ["c/a.txt"], "output": Path("x.jsonl")}, "has the extension of jsonl, but the input is text"),
        (
            {"paths": [], "output": Path("x.csv"), "selection": Selection(format_name="jsonl")},
            "has the extension of csv, but the input is jsonl",
        ),
        ({"paths": ["crawl.wet.gz"], "output": Path("x.wet")}, "warc is written with the compression of the input"),
    ],
)
def test_invalid_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        plan(**arguments)  # type: ignore[arg-type]


def test_a_hidden_folder_that_is_named_is_read() -> None:
    assert pairs(plan(["c/.git"], Path("o"))) == {"c/.git/x.txt": "o/x.txt"}


# Nothing that is written replaces an input or another output


def linked(name: str, target: str) -> str:
    Path(name).symlink_to(Path(target).absolute())
    return name


def hard_linked(name: str, target: str) -> str:
    os.link(target, name)
    return name


@pytest.mark.parametrize("paths", [["c/a.txt"], ["c/a.txt", "d"], ["c"], ["c/*"]])
@pytest.mark.parametrize("option", ["--removed", "--rejected"])
@pytest.mark.parametrize(
    "name",
    [
        lambda: "c/a.txt",
        lambda: "c/../c/a.txt",
        lambda: linked("link", "c/a.txt"),
        lambda: hard_linked("hard", "c/a.txt"),
        lambda: linked("folder", "c") + "/a.txt",
    ],
    ids=["same", "other spelling", "link", "hard link", "linked folder"],
)
def test_a_sidecar_is_no_input(paths: list[str], option: str, name: Callable[[], str]) -> None:
    with pytest.raises(UsageError, match=f"^{option} .*: is an input; name another file"):
        plan(paths, Path("o") / "x", beside={option: Path(name())})
    with pytest.raises(UsageError, match=f"^{option} .*: is an input; name another file"):
        plan_decisions(paths, files={option: Path("c/a.txt"), "--output": Path("decisions.jsonl")})


@pytest.mark.parametrize(
    "name", [lambda: linked("link.txt", "c/a.txt"), lambda: hard_linked("hard.txt", "c/a.txt")], ids=["link", "hard"]
)
def test_a_result_is_no_input_under_another_name(name: Callable[[], str]) -> None:
    with pytest.raises(UsageError, match="is an input"):
        plan(["c/a.txt"], Path(name()))


@pytest.mark.parametrize(
    ("output", "beside", "message"),
    [
        ("x.txt", {"--removed": "r", "--rejected": "r"}, "--rejected r: is also written for --removed r"),
        ("x.txt", {"--removed": "r", "--rejected": "d/../r"}, "--rejected d/../r: is also written for --removed r"),
        ("x.txt", {"--removed": "x.txt"}, "--removed x.txt: is also written for c/a.txt"),
        ("x.txt", {"--removed": "x.txt/r"}, "--removed x.txt/r: lies below the file for c/a.txt"),
        ("x.txt", {"--removed": "d"}, "--removed d: is a folder; name a file"),
        ("x.txt", {"--rejected": "new/r", "--removed": "new/r/r"}, "--removed new/r/r: lies below the file"),
    ],
)
def test_every_output_has_a_file_of_its_own(output: str, beside: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        plan(["c/a.txt"], Path(output), beside={name: Path(path) for name, path in beside.items()})


@pytest.mark.parametrize(
    "name", ["o/a.txt", "o/deep/er/a.txt", "o/_manifest.jsonl", "o/_summary.json", "o/_rejected.jsonl"]
)
def test_a_sidecar_is_no_file_of_the_output_folder(name: str) -> None:
    with pytest.raises(UsageError, match=f"--removed {name}: is also written for"):
        plan(["c"], Path("o"), beside={"--removed": Path(name)})


def test_the_default_file_for_rejected_records_may_be_named() -> None:
    assert plan(["c"], Path("o"), beside={"--rejected": Path("o/_rejected.jsonl")}).folder == Path("o")


def test_two_hard_linked_sidecars_are_one() -> None:
    Path("r").touch()
    os.link("r", "s")
    with pytest.raises(UsageError, match="--rejected s: is also written for --removed r"):
        plan(["c/a.txt"], None, beside={"--removed": Path("r"), "--rejected": Path("s")})


def test_results_that_were_hard_links_are_written_again() -> None:
    Path("o/deep/er").mkdir(parents=True)
    Path("o/a.txt").touch()
    os.link("o/a.txt", "o/deep/er/a.txt")
    assert len(plan(["c"], Path("o")).tasks) == 3


@pytest.mark.parametrize("name", ["c/r.jsonl", "c/new/r.jsonl", "c/../c/r.jsonl"])
def test_no_output_would_be_an_input_of_the_next_run(name: str) -> None:
    with pytest.raises(UsageError, match=f"^--removed {name}: lies in the input folder c, where the next run"):
        plan(["c"], Path("o"), beside={"--removed": Path(name)})
    with pytest.raises(UsageError, match=f"^--output {name}: lies in the input folder c, where the next run"):
        plan_decisions(["d", "c"], files={"--output": Path(name)})


@pytest.mark.parametrize("name", ["c/.r.jsonl", "c/r.unknown", "c/out/r.jsonl", "r.jsonl"])
def test_outputs_may_lie_where_they_are_not_read(name: str) -> None:
    assert len(plan(["c"], Path("c/out"), beside={"--removed": Path(name)}).tasks) == 3
    if name == "c/r.unknown":
        with pytest.raises(UsageError, match="lies in the input folder"):
            plan(["c"], Path("c/out"), selection=Selection(all_files=True), beside={"--removed": Path(name)})


@pytest.mark.parametrize("paths", [["c"], ["c/**/*.txt"], ["c/**"], ["c/*"], ["c", "d"]])
def test_results_in_an_input_folder_are_no_inputs(paths: list[str]) -> None:
    first = pairs(plan(paths, Path("c/out")))
    for target in first.values():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_text("clean\n")
    assert pairs(plan(paths, Path("c/out"))) == first


def test_the_output_folder_may_hold_the_input_folder() -> None:
    first = pairs(plan(["c/deep"], Path("c")))
    assert first == {"c/deep/er/a.txt": "c/er/a.txt"}
    Path("c/er").mkdir()
    Path("c/er/a.txt").write_text("clean\n")
    assert pairs(plan(["c/deep"], Path("c"))) == first


def test_the_output_folder_among_the_paths_is_passed_over() -> None:
    Path("c/out").mkdir()
    planned = plan(["c/a.txt", "c/deep", "c/out"], Path("c/out"))
    assert pairs(planned) == {"c/a.txt": "c/out/a.txt", "c/deep/er/a.txt": "c/out/deep/er/a.txt"}
    assert "c/out: is the output folder" in planned.passed_over[0]


@pytest.mark.parametrize("name", ["/dev/null", "pipe"])
def test_pipes_and_devices_are_in_no_conflict(name: str) -> None:
    os.mkfifo("pipe")
    assert len(plan(["c"], Path("o"), beside={"--removed": Path(name), "--rejected": Path(name)}).tasks) == 3
    assert pairs(plan(["c/a.txt"], Path(name))) == {"c/a.txt": name}
    assert pairs(plan([name], Path("x.txt"))) == {name: "x.txt"}


def test_standard_output_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("c/a.txt", "a") as file:
        monkeypatch.setattr("sys.stdout", file)
        for call in (lambda: plan(["c/a.txt"], None), lambda: plan_decisions(["c"])):
            with pytest.raises(UsageError, match=r"standard output is the input c/a.txt"):
                call()
        assert plan(["c/a.txt"], Path("x.txt")).tasks
        assert plan_decisions(["c/a.txt"], files={"--output": Path("d.jsonl")}).tasks


def test_no_output_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("c/a.txt") as file:
        monkeypatch.setattr("sys.stdin", file)
        with pytest.raises(UsageError, match="is an input"):
            plan([], Path("c/a.txt"))
        with pytest.raises(UsageError, match=r"--removed c/a.txt: is an input"):
            plan(["-"], None, beside={"--removed": Path("c/a.txt")})


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        (Selection(), "stdin.txt"),
        (Selection(stdin_format="jsonl"), "stdin.jsonl"),
        (Selection(format_name="csv"), "stdin.csv"),
        (Selection(format_name="warc"), "stdin.warc"),
    ],
)
def test_the_result_of_standard_input_has_the_extension_of_its_format(selection: Selection, name: str) -> None:
    assert pairs(plan([], Path("new"), selection=selection, into_folder=True)) == {"None": f"new/{name}"}


def test_a_named_format_is_not_compared_with_the_content() -> None:
    assert plan(["c/a.txt"], None, selection=Selection(format_name="text")).tasks[0].forced
    assert not plan(["c/a.txt"], None, selection=Selection(stdin_format="jsonl")).tasks[0].forced


# In place


def test_in_place_each_file_is_its_own_target_once() -> None:
    planned = plan(["d", "d/a.txt"], None, in_place=True)
    assert [str(task.source) for task in planned.tasks] == ["d/a.txt"]
    assert all(task.keep_original and task.target == task.source.resolve() for task in planned.tasks if task.source)


def test_in_place_follows_links_that_are_named(tmp_path: Path) -> None:
    Path("link.txt").symlink_to("d/a.txt")
    assert plan(["link.txt"], None, in_place=True).tasks[0].target == tmp_path / "d/a.txt"


@pytest.mark.parametrize("path", ["e", "e/*"])
def test_in_place_follows_no_other_link(path: str) -> None:
    Path("e").mkdir()
    Path("e/b.txt").write_text("Rain.\n")
    linked("e/link.txt", "d/a.txt")
    linked("e/folder", "d")
    planned = plan([path], None, in_place=True)
    assert [str(task.source) for task in planned.tasks] == ["e/b.txt"]
    assert sorted(line.split(",")[0] for line in planned.passed_over) == [
        "e/folder: a link to a folder", "e/link.txt: a link",
    ]  # fmt: skip


def test_in_place_hard_links_are_files_of_their_own() -> None:
    hard_linked("d/b.txt", "d/a.txt")
    assert [str(task.source) for task in plan(["d"], None, in_place=True).tasks] == ["d/a.txt", "d/b.txt"]


def test_forced_in_place_reads_the_original() -> None:
    (task,) = plan(["c/a.txt"], None, in_place=True, force=True).tasks
    assert (task.source, task.target) == (Path("c/a.txt.orig").resolve(), Path("c/a.txt").resolve())
    assert (task.file, task.type.format_name) == ("c/a.txt", "text")
    (task,) = plan(["d/a.txt"], None, in_place=True, force=True).tasks
    assert task.source == Path("d/a.txt")


@pytest.mark.parametrize("name", ["c/a.txt", "c/a.txt.orig", "c/b.jsonl.gz.orig"])
def test_in_place_nothing_replaces_an_original(name: str) -> None:
    with pytest.raises(UsageError, match=f"--removed {name}: "):
        plan(["c"], None, in_place=True, beside={"--removed": Path(name)})


def test_in_place_needs_regular_files() -> None:
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="pipe: is not a regular file"):
        plan(["pipe"], None, in_place=True)


@pytest.mark.parametrize("compression", [".gz", ".xz", ".bz2", ".zst"])
def test_parquet_is_not_compressed_a_second_time(compression: str) -> None:
    Path("a.parquet").touch()
    with pytest.raises(UsageError, match=f"leave out {compression}"):
        plan(["a.parquet"], Path(f"b.parquet{compression}"))
