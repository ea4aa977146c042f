"""In place: what an earlier run has done, and what is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.inputs import Selection
from detector.corpus.one_file import Run
from detector.corpus.originals import _lines, cleaned_before, keep_original, with_missing_lines
from detector.corpus.plan import Task, original_of, plan
from detector.errors import DataError, UsageError
from detector.formats.base import Fields
from detector.inference.model import Model

FIELDS = Fields()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def task_of(name: str, force: bool = False, format_name: str | None = None) -> Task:
    (task,) = plan([name], None, in_place=True, force=force, selection=Selection(format_name=format_name)).tasks
    return task


def records(*texts: object) -> bytes:
    return b"".join(json.dumps({"id": n, "text": text}).encode() + b"\n" for n, text in enumerate(texts))


DONE = {
    "lines removed": ("a.txt", b"Rain.\n\nSubscribe!\n\nSun.", b"Rain.\n\nSun."),
    "all removed": ("a.txt", b"Subscribe!\n", b""),
    "carriage returns": ("a.txt", b"Rain.\rSubscribe!\rSun.\r", b"Rain.\rSun.\r"),
    "no UTF-8": ("a.txt", b"caf\xe9\nSubscribe!\n", b"caf\xe9\n"),
    "the last line removed": ("a.txt", b"Rain.\nSubscribe!", b"Rain.\n"),
    "records": ("a.jsonl", records("Rain.\nJoin!\n", "Sun.", None), records("Rain.\n", "Sun.", None)),
    "rejected records": (
        "a.jsonl", records("Rain.\nJoin!\n") + b"no json\n" + records("Sun."), records("Rain.\n", "Sun."),
    ),
    "columns": ("a.csv", b'id,text\n1,"Rain.\nJoin!"\n2,Sun.\n', b'id,text\n1,"Rain.\n"\n2,Sun.\n'),
}  # fmt: skip
OTHERS = {
    "another text": ("a.txt", b"Wind.\nHail.\n", b"Rain.\nSun.\n"),
    "an edited line": ("a.txt", b"Rain.\nJoin!\nSun.\n", b"Rain.\nSun!\n"),
    "an added line": ("a.txt", b"Rain.\nJoin!\nSun.\n", b"Rain.\nSun.\nWind.\n"),
    "another order": ("a.txt", b"Rain.\nJoin!\nSun.\n", b"Sun.\nRain.\n"),
    "a record less": ("a.jsonl", records("Rain.\nJoin!\n", "Sun."), records("Rain.\n")),
    "a record more": ("a.jsonl", records("Rain.\nJoin!\n"), records("Rain.\n", "Sun.")),
    "a null": ("a.jsonl", records("Rain.", "Sun."), records("Rain.", None)),
}


def write(name: str, original: bytes, cleaned: bytes) -> None:
    Path(name).write_bytes(cleaned)
    original_of(Path(name)).write_bytes(original)


@pytest.mark.parametrize("case", DONE)
def test_a_file_is_done_if_it_is_left_of_its_original(case: str) -> None:
    write(*DONE[case])
    name = DONE[case][0]
    assert cleaned_before(task_of(name), FIELDS)
    assert not cleaned_before(task_of(name, force=True), FIELDS)
    Path(name).unlink()
    os.link(original_of(Path(name)), name)
    assert not cleaned_before(task_of(name), FIELDS)


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("force", [False, True], ids=["", "forced"])
def test_an_original_of_another_file_is_left_alone(case: str, force: bool) -> None:
    write(*OTHERS[case])
    name = OTHERS[case][0]
    with pytest.raises(DataError, match=f"{name}.orig: already exists, and is not the original of {name}"):
        cleaned_before(task_of(name, force), FIELDS)


def test_parquet_files_are_compared_by_their_records() -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for name, texts in (("a.parquet.orig", ["Rain.\nJoin!\n", None]), ("a.parquet", ["Rain.\n", None])):
        parquet.write_table(arrow.table({"text": texts}), name)
    assert cleaned_before(task_of("a.parquet"), FIELDS)
    parquet.write_table(arrow.table({"text": ["Hail.\n", None]}), "a.parquet")
    with pytest.raises(DataError, match="is not the original"):
        cleaned_before(task_of("a.parquet"), FIELDS)


def test_what_was_interrupted_is_done_again() -> None:
    Path("a.txt").write_text("Rain.\nJoin!\n")
    assert not cleaned_before(task_of("a.txt"), FIELDS)
    keep_original(Path("a.txt"))
    assert Path("a.txt.orig").samefile("a.txt")
    assert not cleaned_before(task_of("a.txt"), FIELDS)
    Path("a.txt.orig").unlink()
    Path("a.txt.orig").write_text("Rain.\nJoin!\n")  # where there are no hard links
    assert not cleaned_before(task_of("a.txt"), FIELDS)


def test_without_hard_links_the_original_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    Path("a.txt").write_text("Rain.\n")
    os.utime("a.txt", (1, 1))
    keep_original(Path("a.txt"))
    Path("a.txt").write_text("Sun.\n")
    keep_original(Path("a.txt"))
    assert Path("a.txt.orig").read_text() == "Rain.\n"
    assert Path("a.txt.orig").stat().st_mtime == 1


PIECES = st.lists(st.text(alphabet="ab\n\r\u2028 ", max_size=6), max_size=6)


@given(PIECES)
def test_lines_are_the_same_in_one_piece_or_in_many(pieces: list[str]) -> None:
    assert list(_lines(iter(pieces))) == "".join(pieces).splitlines(keepends=True)
    assert list(_lines("".join(pieces))) == "".join(pieces).splitlines(keepends=True)


# Removed text that an earlier run could not write


def test_a_file_whose_removed_text_is_missing_is_cleaned_again_from_its_original(
    tiny_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for number in range(4):
        Path(f"in/{number}.txt").write_text(f"Subscribe to our newsletter!\nThe bridge {number} reopened on Monday.\n")
    run, options = Run(Cleaner(tiny_model, 1.0)), Options(removed=Path("removed.jsonl"))

    def cleaned() -> list[str]:
        summary = clean_all(plan(["in"], None, in_place=True), run, options, lambda message: None)
        assert summary.ok
        return sorted(Path("removed.jsonl").read_text().splitlines())

    lines = cleaned()
    assert {json.loads(line)["file"] for line in lines} == {f"in/{number}.txt" for number in range(4)}
    assert cleaned() == lines
    for kept in (lines[:1], lines[:2], []):
        Path("removed.jsonl").write_text("".join(f"{line}\n" for line in kept))
        assert cleaned() == lines


@pytest.mark.parametrize("sidecar", ["", "removed.jsonl", "again.jsonl", "again.jsonl.gz"])
@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_later_edits_are_never_replaced_without_force(sidecar: str, edited: bool, tiny_model: Model) -> None:
    record = {"text": "Subscribe to our newsletter!\nThe bridge reopened on Monday.\n", "section": "local"}
    Path("a.jsonl").write_text(json.dumps(record) + "\n")
    run, name = Run(Cleaner(tiny_model, 1.0, max_removed=1)), ["a.jsonl"]
    clean_all(plan(name, None, in_place=True), run, Options(removed=Path("removed.jsonl")), lambda message: None)
    if edited:
        Path("a.jsonl").write_text(Path("a.jsonl").read_text().replace("local", "world"))
    before = Path("a.jsonl").read_bytes()
    options = Options(removed=Path(sidecar) if sidecar else None)
    summary = clean_all(plan(name, None, in_place=True), run, options, lambda message: None)
    assert Path("a.jsonl").read_bytes() == before
    missing = sidecar.startswith("again")
    assert summary.up_to_date == (not missing)
    assert len(summary.failed) == (missing and edited)
    assert all("a.jsonl was edited, or cleaned with other settings" in line for line in summary.failed)
    forced = clean_all(plan(name, None, in_place=True, force=True), run, options, lambda message: None)
    assert forced.ok
    assert b"world" not in Path("a.jsonl").read_bytes()


def test_with_other_settings_a_file_whose_removed_text_is_complete_is_up_to_date(tiny_model: Model) -> None:
    Path("a.txt").write_text("Subscribe to our newsletter!\nThe bridge reopened on Monday.\n")
    options, before = Options(removed=Path("removed.jsonl")), []
    for threshold in (1.0, 0.0):
        run = Run(Cleaner(tiny_model, threshold, max_removed=1))
        summary = clean_all(plan(["a.txt"], None, in_place=True), run, options, lambda message: None)
        assert summary.ok
        before.append((Path("a.txt").read_bytes(), Path("removed.jsonl").read_bytes()))
    assert summary.up_to_date == 1
    assert before[0] == before[1]


def test_lines_of_another_file_of_the_same_name_are_not_replaced(tmp_path: Path) -> None:
    Path("a.txt").write_text("Rain.\n")
    sidecar = tmp_path / "removed.jsonl"
    sidecar.write_text('{"file": "a.txt"}\n')
    with pytest.raises(UsageError, match=r"has lines for a\.txt already"):
        with_missing_lines((task_of("a.txt"),), sidecar, FIELDS)
    write("a.txt", b"Rain.\nJoin!\n", b"Rain.\n")
    assert with_missing_lines((task_of("a.txt"),), sidecar, FIELDS)
