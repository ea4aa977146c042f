"""A corpus: every file is cleaned completely and only once, whatever happens."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command import read_sidecar, tree
from rewriting import needs

from detector.cleaner import Cleaner
from detector.corpus import collector
from detector.corpus.all_files import Options, clean_all, predict_all
from detector.corpus.collector import in_order
from detector.corpus.messages import Message, kept_whole
from detector.corpus.one_file import Run
from detector.corpus.plan import Plan, Task, plan
from detector.corpus.summary import Summary
from detector.corpus.task_runner import Outcome
from detector.errors import DetectorError, UsageError
from detector.formats.base import Fields
from detector.formats.compression import compressing
from detector.formats.registry import file_type
from detector.inference.model import Model
from detector.util.atomic import LOCK_FILE
from detector.util.json_lines import json_line
from detector.util.output import OutputError

MANIFEST, REJECTED, SUMMARY = REPORTS = ("_manifest.jsonl", "_rejected.jsonl", "_summary.json")
BESIDE = (*REPORTS, LOCK_FILE)
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
        return clean_all(planned, self.run, replace(self.options, **options), self.warn)  # type: ignore[arg-type]

    def warn(self, message: Message) -> None:
        self.messages.append(str(message))

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
    one = tree(session.out, BESIDE)
    rejected = sorted(map(json.dumps, session.lines(REJECTED)))
    report = json.loads((session.out / SUMMARY).read_text())
    session.out = corpus.parent / "other"
    session(jobs=2, removed=corpus.parent / "two.jsonl")
    assert tree(session.out, BESIDE) == one
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
    assert "skipped         6 files, already up to date" in second.lines()
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
        lambda s: setattr(s, "run", replace(s.run, cleaner=replace(s.run.cleaner, max_removed=0.7))),
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
    (session.out / "._manifest.jsonl.0123456789abcdef.detector.tmp").write_text("half")
    session()
    assert sorted(f.name for f in session.out.iterdir() if f.name.startswith((".", "_"))) == sorted(BESIDE)


# The sidecars tell of every result that is there


def test_rejected_records_of_up_to_date_files_are_in_a_new_file_too(session: Session, tmp_path: Path) -> None:
    first = session()
    before = session.stamps()
    session(rejected=tmp_path / "other.jsonl")
    assert session.redone(before) == {"b.jsonl", "f.jsonl.xz"}  # those with rejected records, and no other
    assert [entry["file"] for entry in read_sidecar(tmp_path / "other.jsonl")] == ["b.jsonl", "f.jsonl.xz"]
    before = session.stamps()
    assert session(rejected=tmp_path / "other.jsonl") == replace(first, up_to_date=6)
    assert session.redone(before) == set()


def test_lines_that_are_lost_are_written_again(session: Session, tmp_path: Path) -> None:
    removed = tmp_path / "removed.jsonl"
    session(removed=removed)
    lines = removed.read_bytes().splitlines(keepends=True)
    of_b = [line for line in lines if b'"file": "b.jsonl"' in line]
    removed.write_bytes(b"".join(line for line in lines if line != of_b[0]))
    before = session.stamps()
    session(removed=removed)
    assert session.redone(before) == {"b.jsonl"}
    assert sorted(removed.read_bytes().splitlines(keepends=True)) == sorted(lines)


@pytest.mark.parametrize("name", ["removed.jsonl", "removed.jsonl.gz"])
def test_what_was_removed_stays_for_a_result_that_cannot_be_made_again(
    session: Session, tmp_path: Path, name: str
) -> None:
    session(removed=tmp_path / name)
    lines, results = read_sidecar(tmp_path / name), tree(session.out, BESIDE)
    for file in ("b.jsonl", "e.jsonl.gz"):
        (session.corpus / file).write_bytes(b"\x1f\x8bdamaged")
    assert len(session(removed=tmp_path / name).failed) == 2
    assert read_sidecar(tmp_path / name) == lines
    assert tree(session.out, BESIDE) == results


def test_surplus_lines_of_a_killed_run_are_deleted(session: Session, tmp_path: Path) -> None:
    """It had replaced a result, and not yet deleted the lines of the one before."""
    removed = tmp_path / "removed.jsonl"
    session(removed=removed)
    lines = removed.read_bytes()
    old = [{**json.loads(line), "score": 0.0} for line in lines.splitlines()]
    removed.write_bytes(b"".join(map(json_line, old)) + lines)
    before = session.stamps()
    session(removed=removed)
    assert session.redone(before) == set()
    assert removed.read_bytes() == lines


# Inputs with results of their own places


@pytest.fixture
def texts(tmp_path: Path, session: Session, seed_texts: list[str]) -> list[Path]:
    """Three files from which something is removed."""
    cleaner = session.run.cleaner
    found = [text for text in seed_texts if cleaner.predict(text).removed][:3]
    files = [tmp_path / f"{name}.txt" for name in "abc"]
    for file, text in zip(files, found, strict=True):
        file.write_text(text)
    return files


def in_place(session: Session, *files: Path, **options: object) -> Summary:
    planned = plan([str(file) for file in files], None, in_place=True)
    return clean_all(planned, session.run, Options(**options), session.warn)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["removed.jsonl", "removed.jsonl.gz", needs("pyarrow", "removed.parquet")])
def test_in_place_the_sidecar_holds_the_lines_of_all_runs(
    session: Session, texts: list[Path], tmp_path: Path, name: str
) -> None:
    removed = tmp_path / name
    for file in texts:
        in_place(session, file, removed=removed)
    lines = read_sidecar(removed)
    assert list(dict.fromkeys(line["file"] for line in lines)) == [str(file) for file in texts]
    in_place(session, *texts, removed=removed)  # they have their originals beside them already
    assert read_sidecar(removed) == lines


@pytest.mark.parametrize("jobs", [1, 2])
def test_if_every_input_fails_the_old_files_stay(session: Session, tmp_path: Path, jobs: int) -> None:
    bad = [tmp_path / name for name in ("a.txt.gz", "b.txt.gz")]
    for file in bad:
        file.write_bytes(gzip.compress(b"Rain fell.\n" * 100)[:30])
    old = {name: tmp_path / name for name in ("removed.jsonl", "rejected.jsonl", "decisions.jsonl")}
    for file in old.values():
        file.write_bytes(b"old\n")
    tasks = Plan(tuple(task_of(file, tmp_path / f"{file.name}.out") for file in bad))
    options = Options(jobs, removed=old["removed.jsonl"], rejected=old["rejected.jsonl"])
    assert len(clean_all(tasks, session.run, options, session.warn).failed) == 2
    assert len(predict_all(tasks, session.run, options, old["decisions.jsonl"], session.warn).failed) == 2
    assert {file.read_bytes() for file in old.values()} == {b"old\n"}
    assert not [file for file in tmp_path.iterdir() if file.name.endswith(".tmp")]


def task_of(source: Path, target: Path | None = None) -> Task:
    return Task(source, target, str(source), file_type(source))


def test_rejected_records_of_a_run_that_fails_are_written(session: Session, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes(BAD * 3)
    session.run = replace(session.run, max_rejected=1)
    options = Options(rejected=tmp_path / "rejected.jsonl")
    tasks = Plan((task_of(tmp_path / "bad.jsonl", tmp_path / "out.jsonl"),))
    assert len(clean_all(tasks, session.run, options, session.warn).failed) == 1
    assert [line["record"] for line in read_sidecar(tmp_path / "rejected.jsonl")] == [1, 2]


# Decisions


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("to_file", [True, False])
def test_decisions_are_in_order_and_those_of_an_input_that_fails_are_left_out(
    session: Session,
    texts: list[Path],
    tmp_path: Path,
    jobs: int,
    to_file: bool,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    lines = b"".join(json_line({"id": n, "text": f"Rain fell on day {n}.\n"}) for n in range(5000))
    (tmp_path / "bad.jsonl.gz").write_bytes(gzip.compress(lines)[:-2000])
    files = [texts[0], tmp_path / "bad.jsonl.gz", *texts[1:]]
    output = tmp_path / "decisions.jsonl" if to_file else None
    summary = predict_all(tuple(map(task_of, files)), session.run, Options(jobs), output, session.warn)
    assert len(summary.failed) == 1
    written = output.read_bytes() if output else capfdbinary.readouterr().out
    assert [json.loads(line)["id"] for line in written.splitlines()] == [str(file) for file in texts]


def test_an_outcome_that_never_comes_is_an_error(tmp_path: Path) -> None:
    tasks = [task_of(tmp_path / name) for name in ("a.txt", "b.txt")]
    outcomes = [Outcome(tasks[1], None, Summary())]
    with pytest.raises(DetectorError, match=r"a\.txt: nothing is known of its outcome"):
        list(in_order(outcomes, tasks))
    assert [o.task for o in in_order([*outcomes, Outcome(tasks[0], None, Summary())], tasks)] == tasks


# An output that cannot be written ends the run; no input is to blame

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@full
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("option", ["removed", "rejected"])
def test_a_full_disk_under_a_sidecar_ends_the_run(session: Session, jobs: int, option: str) -> None:
    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        session(jobs=jobs, **{option: Path("/dev/full")})
    assert not any("failed" in message for message in session.messages)
    assert session().failed == []


@full
def test_a_full_disk_under_decisions_ends_the_run(session: Session, texts: list[Path]) -> None:
    with pytest.raises(OutputError, match="/dev/full: cannot be written"):
        predict_all(tuple(map(task_of, texts)), session.run, Options(), Path("/dev/full"), session.warn)
    with open("/dev/full", "w") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        with pytest.raises(OutputError, match="standard output: cannot be written"):
            predict_all(tuple(map(task_of, texts)), session.run, Options(), None, session.warn)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_under_the_results_ends_the_run(session: Session, jobs: int) -> None:
    session()
    before = tree(session.out, BESIDE)
    session.run = FullDisk(session.run.cleaner)
    with pytest.raises(OutputError, match=r"cannot be written: No space left on device; make room"):
        session(jobs=jobs, force=True)
    assert tree(session.out, BESIDE) == before
    assert not any("failed" in message for message in session.messages)


class FullDisk(Run):
    """A run whose results find no room on the disk."""

    def clean(self, *arguments: object, **options: object) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", full)
            super().clean(*arguments, **options)  # type: ignore[arg-type]


# What it says


def test_what_was_passed_over_is_said_and_counted(session: Session) -> None:
    lines = tuple(f"x{n}.pdf: unknown extension" for n in range(12))
    planned = replace(plan([str(session.corpus)], session.out), passed_over=lines)
    summary = clean_all(planned, session.run, Options(), session.warn)
    assert summary.passed_over == list(lines)
    assert json.loads((session.out / SUMMARY).read_text())["passed_over"] == list(lines)
    said = [message for message in session.messages if message.startswith("passed over: ")]
    assert said == [*(f"passed over: {line}" for line in lines[: collector._PASSED_OVER_SHOWN]), "passed over: 2 more"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"bytes": 9}, ["in.txt: no document found in it; see whether --format has to be named"]),
        ({"bytes": 9, "nulls": 3}, []),
        ({"bytes": 0}, []),
        ({"bytes": 9, "documents": 1, "emptied": 1}, ["in.txt: 1 document came out empty"]),
        ({"bytes": 9, "documents": 1200, "emptied": 1100}, ["in.txt: 1,100 documents came out empty"]),
        ({"bytes": 9, "documents": 1, "wrapped": 1}, ["in.txt: 1 document looks hard-wrapped; use --paragraphs blank"]),
        ({"bytes": 9, "documents": 3, "wrapped": 2}, ["in.txt: 2 documents look hard-wrapped; use --paragraphs blank"]),
    ],
)
def test_inputs_to_look_at_are_named(counts: dict[str, int], said: list[str]) -> None:
    messages: list[str] = []
    found = collector.Collector(Summary(), lambda message: messages.append(str(message)))
    found.add(Outcome(task_of(Path("in.txt")), None, Summary(**counts)), collector.Sinks())  # type: ignore[arg-type]
    assert messages == said


@pytest.mark.parametrize(
    ("documents", "max_removed", "listed", "said"),
    [
        (1, 0.5, None, "1 document would have lost more than half of its text, and was kept whole; --max-removed 1 "
         "cleans it, too"),
        (1200, 0.29, None, "1,200 documents would have lost more than 29 % of their text, and were kept whole; "
         "--max-removed 1 cleans them, too"),
        (2, 0.999, Path("r.jsonl"), "2 documents would have lost more than 99.9 % of their text, and were kept whole; "
         "--max-removed 1 cleans them, too; r.jsonl lists them"),
    ],
)  # fmt: skip
def test_documents_that_are_kept_whole_are_warned_of(
    documents: int, max_removed: float, listed: Path | None, said: str
) -> None:
    message = kept_whole(documents, max_removed, listed)
    assert (message.line, message.event, message.level) == (said, "check", "warning")
    assert message.fields == {"reason": said, "count": documents}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_ends_with_one_warning_of_all_documents_that_are_kept_whole(
    tiny_model: Model, tmp_path: Path, jobs: int
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("Subscribe to our newsletter!\n")
    run, removed = Run(Cleaner(tiny_model, 1.0)), tmp_path / "removed.jsonl"
    planned = plan([str(tmp_path / "in")], tmp_path / "out")
    for up_to_date in (0, 3):  # the second run tells it again, as its summary does
        messages: list[Message] = []
        summary = clean_all(planned, run, Options(jobs, removed=removed), messages.append)
        assert (summary.kept_whole, summary.up_to_date) == (3, up_to_date)
        assert messages == [kept_whole(3, 0.5, removed)]
        assert len(read_sidecar(removed)) == 3
        assert json.loads((tmp_path / "out" / SUMMARY).read_text())["kept_whole"] == 3


def test_a_sidecar_of_another_folder_is_refused(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("Subscribe to our newsletter!\nThe bridge reopened on Monday.\n")
    strict = replace(run, cleaner=replace(run.cleaner, threshold=0.9, max_removed=1))
    options = Options(removed=tmp_path / "removed.jsonl")
    clean_all(plan([str(tmp_path / "one")], tmp_path / "clean-one"), strict, options, lambda message: None)
    before = (tmp_path / "removed.jsonl").read_bytes()
    assert before
    with pytest.raises(UsageError, match="they belong to another run"):
        clean_all(plan([str(tmp_path / "two")], tmp_path / "clean-two"), strict, options, lambda message: None)
    assert (tmp_path / "removed.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["a.txt", "b.txt"])
def test_a_sidecar_of_another_folder_is_refused_by_a_folder_with_results(name: str, run: Run, tmp_path: Path) -> None:
    for file in (tmp_path / "one" / "a.txt", tmp_path / "two" / name):
        file.parent.mkdir()
        file.write_text("Subscribe to our newsletter!\nThe bridge reopened on Monday.\n")
    strict = replace(run, cleaner=replace(run.cleaner, threshold=0.9, max_removed=1))

    def cleaned(folder: str, removed: Path | None) -> None:
        planned = plan([str(tmp_path / folder)], tmp_path / f"clean-{folder}")
        clean_all(planned, strict, Options(removed=removed), lambda message: None)

    cleaned("one", tmp_path / "removed.jsonl")
    cleaned("two", None)
    before = (tmp_path / "removed.jsonl").read_bytes()
    with pytest.raises(UsageError, match="they belong to another run"):
        cleaned("two", tmp_path / "removed.jsonl")
    assert (tmp_path / "removed.jsonl").read_bytes() == before
    cleaned("one", tmp_path / "removed.jsonl")
    cleaned("one", None)  # the entries do not forget the sidecar
    cleaned("one", tmp_path / "removed.jsonl")
    assert (tmp_path / "removed.jsonl").read_bytes() == before
