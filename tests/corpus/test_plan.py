"""Which files are read, and where results go."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.corpus.plan import Plan, find, plan
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
    ("paths", "found"),
    [
        ([], ["None"]),
        (["-"], ["None"]),
        (["c/page.pdf"], ["c/page.pdf"]),
        (["c"], ["c/a.txt", "c/b.jsonl.gz", "c/deep/er/a.txt"]),
        (["c/*.txt"], ["c/a.txt"]),
        (["c/**/*.txt"], ["c/a.txt", "c/deep/er/a.txt"]),
        (["[cd]/a.txt"], ["c/a.txt", "d/a.txt"]),
        (["c/de*"], ["c/deep/er/a.txt"]),
        (["[odd].txt"], ["[odd].txt"]),
        (["d", "c/a.txt", "-"], ["d/a.txt", "c/a.txt", "None"]),
    ],
)
def test_paths_are_expanded_to_files(paths: list[str], found: list[str]) -> None:
    assert [str(one.source) for one in find(paths)] == found


def test_all_files_includes_every_extension_but_originals() -> None:
    assert [one.relative.as_posix() for one in find(["c"], all_files=True)] == [
        "a.txt", "b.jsonl.gz", "deep/er/a.txt", "page.pdf",
    ]  # fmt: skip


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


def test_in_place_each_file_is_its_own_target_once() -> None:
    planned = plan(["c", "c/a.txt"], None, in_place=True)
    assert [str(task.source) for task in planned.tasks] == ["c/a.txt", "c/b.jsonl.gz", "c/deep/er/a.txt"]
    assert all(task.keep_original and task.target == task.source.resolve() for task in planned.tasks if task.source)


def test_in_place_follows_links(tmp_path: Path) -> None:
    Path("link.txt").symlink_to("d/a.txt")
    assert plan(["link.txt"], None, in_place=True).tasks[0].target == tmp_path / "d/a.txt"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paths": ["missing.txt"], "output": None}, "missing.txt: no such file or folder"),
        ({"paths": ["c/*.docx"], "output": None}, r"c/\*.docx: no file matches the pattern"),
        ({"paths": ["c", "d"], "output": None}, "4 inputs need --output FOLDER or --in-place"),
        ({"paths": ["c"], "output": Path("d/a.txt")}, "not a folder; 3 inputs need one"),
        ({"paths": ["c/a.txt"], "output": Path("c/a.txt")}, "is an input; choose another --output, or use --in-place"),
        ({"paths": ["c"], "output": Path("c")}, "c: no files with a known extension found"),
        ({"paths": ["c/a.txt", "d/a.txt"], "output": Path("o")}, "c/a.txt would both be written to o/a.txt"),
        ({"paths": ["c/a.txt"], "output": Path("o"), "in_place": True}, "exclude each other"),
        ({"paths": ["-"], "output": None, "in_place": True}, "needs files, not standard input"),
        ({"paths": ["-", "-"], "output": None}, "can be read only once"),
        ({"paths": ["c/.git"], "output": Path("o"), "all_files": False, "format_name": None}, None),
        ({"paths": ["c/a.txt"], "output": Path("x.jsonl")}, "has the extension of jsonl, but the input is text"),
        (
            {"paths": [], "output": Path("x.csv"), "format_name": "jsonl"},
            "has the extension of csv, but the input is jsonl",
        ),
        ({"paths": ["crawl.wet.gz"], "output": Path("x.wet")}, "warc is written with the compression of the input"),
    ],
)
def test_invalid_arguments_are_refused(arguments: dict[str, object], message: str | None) -> None:
    if message is None:
        assert len(plan(**arguments).tasks) == 1  # type: ignore[arg-type]
        return
    with pytest.raises(UsageError, match=message):
        plan(**arguments)  # type: ignore[arg-type]


def test_an_empty_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: no files with a known extension found; --all-files"):
        find(["empty"])
