"""A corpus: every file is cleaned completely and only once, whatever happens."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command import read_sidecar, tree
from rewriting import needs

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.summary import Summary
from detector.formats.base import Fields
from detector.formats.compression import compressing
from detector.inference.model import Model
from detector.util.json_lines import json_line

MANIFEST, REJECTED, SUMMARY = BESIDE = ("_manifest.jsonl", "_rejected.jsonl", "_summary.json")
BAD = b"no json at all\n"


@pytest.fixture(scope="module")
def run(tiny_model: Model) -> Run:
    return Run(Cleaner(tiny_model))


@pytest.fixture
def corpus(tmp_path: Path, seed_texts: list[str]) -> Path:
    """Six files of three formats, two of them compressed, with two records that cannot be read."""
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    lines = [json_line({"id": n, "text": text}) for n, text in enumerate(seed_texts)]
    (folder / "a.txt").write_text(seed_texts[0])
    (folder / "b.jsonl").write_bytes(b"".join(lines[:20]) + BAD)
    (folder / "deep" / "c.jsonl").write_bytes(b"".join(lines[20:30]))
    (folder / "deep" / "d.md").write_text(seed_texts[1])
    for name, part in (("e.jsonl.gz", lines[30:40]), ("f.jsonl.xz", [*lines[40:], BAD])):
        with open(folder / name, "wb") as file, compressing(file, Path(name).suffix) as compressed:
            compressed.write(b"".join(part))
    return folder


class Session:
    """Runs over one corpus into one folder, one after the other."""

    def __init__(self, corpus: Path, run: Run, **options: object) -> None:
        self.corpus, self.run, self.out = corpus, run, corpus.parent / "out"
        self.options = Options(**options)  # type: ignore[arg-type]
        self.messages: list[str] = []

    def __call__(self, **options: object) -> Summary:
        planned = plan([str(self.corpus)], self.out)
        return clean_all(planned, self.run, replace(self.options, **options), self.messages.append)  # type: ignore[arg-type]

    def stamps(self) -> dict[str, tuple[int, int]]:
        files = (file for file in self.out.rglob("*") if file.is_file() and file.name not in BESIDE)
        return {f.relative_to(self.out).as_posix(): (f.stat().st_ino, f.stat().st_mtime_ns) for f in files}

    def redone(self, before: dict[str, tuple[int, int]]) -> set[str]:
        """The results that differ from those before."""
        return {name for name, stamp in self.stamps().items() if before.get(name) != stamp}

    def lines(self, name: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.out / name).read_bytes().splitlines()]


@pytest.fixture
def session(corpus: Path, run: Run) -> Session:
    return Session(corpus, run)


def test_every_file_is_cleaned_to_its_own_path(session: Session, seed_texts: list[str]) -> None:
    summary = session()
    assert set(session.stamps()) == set(tree(session.corpus))
    assert summary.documents == len(seed_texts) + 2
    assert summary.rejected == 2
    assert not summary.ok
    cleaned = (session.out / "a.txt").read_text()
    assert cleaned == session.run.cleaner.clean(seed_texts[0]).text
    assert sorted(f.name for f in session.out.iterdir()) == sorted(
        [*BESIDE, "a.txt", "b.jsonl", "deep", "e.jsonl.gz", "f.jsonl.xz"]
    )


def test_several_processes_write_the_same_results(session: Session, corpus: Path) -> None:
    session(removed=corpus.parent / "one.jsonl")
    one = tree(session.out, (MANIFEST, SUMMARY, REJECTED))
    rejected = sorted(map(json.dumps, session.lines(REJECTED)))
    report = json.loads((session.out / SUMMARY).read_text())
    session.out = corpus.parent / "other"
    session(jobs=2, removed=corpus.parent / "two.jsonl")
    assert tree(session.out, (MANIFEST, SUMMARY, REJECTED)) == one
    assert sorted(map(json.dumps, session.lines(REJECTED))) == rejected
    again = json.loads((session.out / SUMMARY).read_text())
    for name in ("files", "done_now", "documents", "kept", "removed", "rejected", "failed", "bytes", "bytes_read_now"):
        assert again[name] == report[name]
    lines = [sorted((corpus.parent / name).read_bytes().splitlines()) for name in ("one.jsonl", "two.jsonl")]
    assert lines[0] == lines[1] != []


def test_the_summary_is_complete(session: Session) -> None:
    summary = session()
    report = json.loads((session.out / SUMMARY).read_text())
    size = sum(len(data) for data in tree(session.corpus).values())
    assert (report["files"], report["done_now"], report["done_before"]) == (6, 6, 0)
    assert (report["bytes"], report["bytes_read_now"]) == (size, size)
    assert report["seconds"] > 0
    assert report["mb_per_second"] > 0
    assert report["model"] == session.run.cleaner.model.metadata["sha256"]
    assert report["settings"]["text_field"] == "text"
    assert report["kept"] == summary.report()["kept"]
    assert report["removed"]["labels"]["appeal"]["characters"] > 0


def test_rejected_records_are_kept_with_file_line_and_reason(session: Session) -> None:
    session()
    assert [(line["file"], line["record"], line["raw"]) for line in session.lines(REJECTED)] == [
        ("b.jsonl", 21, BAD.decode()),
        ("f.jsonl.xz", 15, BAD.decode()),
    ]
    assert all("not JSON" in str(line["reason"]) for line in session.lines(REJECTED))
    assert any("b.jsonl:21: rejected: not JSON" in message for message in session.messages)


# The second run


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_run_does_nothing_and_reports_the_same(session: Session, jobs: int) -> None:
    first = session()
    before, rejected = session.stamps(), session.lines(REJECTED)
    second = session(jobs=jobs)
    assert session.redone(before) == set()
    assert second == replace(first, up_to_date=6)
    assert "skipped         6 files, already up to date and counted above" in second.lines()
    assert session.lines(REJECTED) == rejected
    report = json.loads((session.out / SUMMARY).read_text())
    assert (report["done_before"], report["done_now"], report["bytes_read_now"]) == (6, 0, 0)


def touch(file: Path) -> None:
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "redone"),
    [
        (lambda s: (s.corpus / "b.jsonl").write_bytes(b'{"text":"New."}\n'), {"b.jsonl"}),
        (lambda s: touch(s.corpus / "a.txt"), {"a.txt"}),
        (lambda s: (s.out / "e.jsonl.gz").unlink(), {"e.jsonl.gz"}),
        (lambda s: (s.out / "deep/d.md").write_text("spoilt"), {"deep/d.md"}),
        (lambda s: (s.corpus / "new.txt").write_text("New.\n"), {"new.txt"}),
        (lambda s: (s.out / MANIFEST).write_bytes((s.out / MANIFEST).read_bytes()[:-9]), {"f.jsonl.xz"}),
    ],
)
def test_what_is_missing_or_changed_is_done_again(
    session: Session, change: Callable[[Session], object], redone: set[str]
) -> None:
    session()
    before = session.stamps()
    change(session)
    session()
    assert session.redone(before) == redone
    before = session.stamps()
    session()
    assert session.redone(before) == set()


@pytest.mark.parametrize(
    "changed",
    [
        lambda s: s.options.__class__(force=True),
        lambda s: setattr(s, "run", replace(s.run, cleaner=replace(s.run.cleaner, threshold="strict"))),
        lambda s: setattr(s, "run", replace(s.run, fields=Fields(id="other"))),
        lambda s: Options(removed=s.corpus.parent / "removed.jsonl"),
    ],
)
def test_other_settings_clean_every_file_again(session: Session, changed: Callable[[Session], Options | None]) -> None:
    session()
    before = session.stamps()
    session.options = changed(session) or session.options
    session()
    assert session.redone(before) == set(before)
    assert len(session.lines(MANIFEST)) == len(before)


def test_rejected_records_are_removed_when_their_file_is_corrected(session: Session) -> None:
    session()
    file = session.corpus / "b.jsonl"
    file.write_bytes(file.read_bytes().removesuffix(BAD))
    assert session().rejected == 1
    assert [line["file"] for line in session.lines(REJECTED)] == ["f.jsonl.xz"]


@pytest.mark.parametrize("name", ["removed.jsonl", "removed.jsonl.gz", needs("pyarrow", "removed.parquet")])
def test_what_was_removed_is_kept_over_several_runs(session: Session, tmp_path: Path, name: str) -> None:
    reference = tmp_path / "reference.jsonl"
    session(removed=reference, force=True)
    session.out = tmp_path / "other"
    session.corpus.joinpath("b.jsonl").rename(tmp_path / "aside.jsonl")
    session(removed=tmp_path / name)
    (tmp_path / "aside.jsonl").rename(session.corpus / "b.jsonl")
    touch(session.corpus / "a.txt")
    before = session.stamps()
    session(removed=tmp_path / name)
    assert session.redone(before) == {"a.txt", "b.jsonl"}
    assert sorted(map(json.dumps, read_sidecar(tmp_path / name))) == sorted(map(json.dumps, read_sidecar(reference)))
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_a_deleted_sidecar_of_removed_text_is_written_again(session: Session, tmp_path: Path) -> None:
    session(removed=tmp_path / "removed.jsonl")
    lines = (tmp_path / "removed.jsonl").read_bytes()
    (tmp_path / "removed.jsonl").unlink()
    session(removed=tmp_path / "removed.jsonl")
    assert (tmp_path / "removed.jsonl").read_bytes() == lines


# Failures


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_fails_is_tried_again_the_next_time(session: Session, jobs: int) -> None:
    good = (session.corpus / "e.jsonl.gz").read_bytes()
    (session.corpus / "e.jsonl.gz").write_bytes(good[: len(good) // 2])
    summary = session(jobs=jobs)
    assert len(summary.failed) == 1
    assert "e.jsonl.gz" in summary.failed[0]
    assert "damaged" in summary.failed[0]
    assert "e.jsonl.gz" not in session.stamps()
    assert json.loads((session.out / SUMMARY).read_text())["failed"] == summary.failed
    (session.corpus / "e.jsonl.gz").write_bytes(good)
    before = session.stamps()
    assert session(jobs=jobs).failed == []
    assert session.redone(before) == {"e.jsonl.gz"}


def test_an_earlier_result_is_kept_when_the_new_one_fails(session: Session) -> None:
    session()
    before = (session.out / "e.jsonl.gz").read_bytes()
    (session.corpus / "e.jsonl.gz").write_bytes(b"damaged")
    assert len(session().failed) == 1
    assert (session.out / "e.jsonl.gz").read_bytes() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_too_many_rejected_records_stop_the_run(session: Session, jobs: int) -> None:
    for number in range(6):
        (session.corpus / f"bad{number}.jsonl").write_bytes(BAD * 4)
    (session.corpus / "z.txt").write_text("The last.\n")
    session.run = replace(session.run, max_rejected=6)
    summary = session(jobs=jobs)
    assert not summary.ok
    assert summary.rejected > 6
    assert any("stopped: " in message and "--max-rejected 6" in message for message in session.messages)
    assert "z.txt" not in session.stamps()
    assert len(session.lines(REJECTED)) == summary.rejected
    session.run = replace(session.run, max_rejected=100)
    session(jobs=jobs)
    assert "z.txt" in session.stamps()
    assert len(session.lines(REJECTED)) == 6 * 4 + 2


def test_a_single_file_with_too_many_rejected_records_is_not_written(session: Session) -> None:
    (session.corpus / "b.jsonl").write_bytes(BAD * 9)
    session.run = replace(session.run, max_rejected=5)
    summary = session()
    assert "more than 5 records cannot be read" in summary.failed[0]
    assert "b.jsonl" not in session.stamps()
    assert len(session.lines(REJECTED)) == 6


def test_leftovers_of_a_killed_run_are_deleted(session: Session) -> None:
    session()
    scratch = session.out / ".detector-unfinished"
    scratch.mkdir()
    (scratch / ".a.txt.x.tmp").write_text("half")
    (session.out / "._manifest.jsonl.x.tmp").write_text("half")
    session()
    assert sorted(f.name for f in session.out.iterdir() if f.name.startswith((".", "_"))) == sorted(BESIDE)
