"""One file in, one file out."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rewriting import needs

from detector.cleaner import Cleaner
from detector.corpus.one_file import Run, Sidecars
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.reading import TooManyRejectedError
from detector.corpus.sidecar import sidecar
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import Record, Rejected
from detector.formats.jsonl import JsonLinesFormat
from detector.formats.registry import file_type
from detector.inference.model import Model
from detector.util.atomic import replacing, working_in
from detector.util.json_lines import json_line


@pytest.fixture(scope="module")
def run(tiny_model: Model) -> Run:
    return Run(Cleaner(tiny_model))


def jsonl(texts: list[str]) -> bytes:
    return b"".join(json_line({"id": f"d{number}", "text": text}) for number, text in enumerate(texts))


def clean(
    run: Run, source: Path, target: Path, sidecars: Sidecars | None = None, keep_original: bool = False
) -> Summary:
    summary, kind = Summary(), file_type(source)
    compression = file_type(target, kind.format_name).compression
    task = Task(source, target, source.name, kind, compression, keep_original)
    run.clean(task, summary, sidecars or Sidecars(), Meter())
    return summary


def restored(text: str, removed: list[dict[str, object]]) -> str:
    """The text with the removed parts put back where they were."""
    for line in removed:
        text = text[: line["start"]] + line["text"] + text[line["start"] :]  # type: ignore[index, operator, misc]
    return text


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n", "\r"])
def test_removed_text_restores_the_original(run: Run, seed_texts: list[str], tmp_path: Path, ending: str) -> None:
    texts = [text.replace("\n", ending) + ending for text in seed_texts]
    (tmp_path / "in.jsonl").write_bytes(jsonl(texts))
    removed = io.BytesIO()
    summary = clean(run, tmp_path / "in.jsonl", tmp_path / "out.jsonl", Sidecars(removed))
    lines = [json.loads(line) for line in removed.getvalue().splitlines()]
    lines = [line for line in lines if not line["kept_whole"]]
    assert len(lines) == sum(count.paragraphs for count in summary.removed.values()) > 20
    cleaned = [json.loads(line)["text"] for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    assert cleaned != texts
    for number, text in enumerate(texts, 1):
        mine = [line for line in lines if line["document"] == number]
        assert restored(cleaned[number - 1], mine) == text
        assert all((line["file"], line["id"]) == ("in.jsonl", f"d{number - 1}") for line in mine)
        assert all(text[line["start"] : line["end"]] == line["text"] for line in mine)


def test_bytes_that_are_not_utf8_are_restored_too(run: Run, seed_texts: list[str], tmp_path: Path) -> None:
    text = max(seed_texts, key=lambda t: len(run.cleaner.predict(t).removed))
    data = text.encode().replace(b" ", b" \xff\xe9 ")
    (tmp_path / "in.txt").write_bytes(data)
    removed = io.BytesIO()
    strict = replace(run, cleaner=replace(run.cleaner, threshold=0.9))
    clean(strict, tmp_path / "in.txt", tmp_path / "o.txt", Sidecars(removed))
    lines = [json.loads(line) for line in removed.getvalue().splitlines()]
    out = (tmp_path / "o.txt").read_bytes()
    assert lines
    assert len(out) < len(data)
    assert restored(out.decode("utf-8", "surrogateescape"), lines).encode("utf-8", "surrogateescape") == data


def test_results_equal_those_of_the_cleaner_for_every_batch_size(
    run: Run, seed_texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl([*seed_texts, "", "\n\n"]))
    clean(run, tmp_path / "in.jsonl", tmp_path / "one.jsonl")
    monkeypatch.setattr("detector.corpus.one_file.BATCH_CHARACTERS", 500)
    clean(run, tmp_path / "in.jsonl", tmp_path / "many.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "many.jsonl").read_bytes()
    cleaned = [json.loads(line)["text"] for line in (tmp_path / "one.jsonl").read_bytes().splitlines()]
    assert cleaned == [result.text for result in run.cleaner.clean_many([*seed_texts, "", "\n\n"])]


def test_records_are_held_for_one_batch_at_most(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces without a text (a crawl's responses) must not pile up while a batch waits for texts."""
    most = waiting = 0

    def read(*_: object) -> Iterator[Record | Rejected]:
        nonlocal most, waiting
        for _ in range(500):
            waiting += 1
            most = max(most, waiting)
            yield Record("", None, (b"x" * 10_000, ()), weight=10_000)

    def write(*_: object) -> None:
        nonlocal waiting
        waiting -= 1

    monkeypatch.setattr(JsonLinesFormat, "read", read)
    monkeypatch.setattr("detector.formats.jsonl._JsonLinesWriter.write", write)
    (tmp_path / "in.jsonl").touch()
    clean(run, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert waiting == 0
    assert most * 10_000 <= 1 << 19


def test_rejected_records_are_counted_and_written_to_a_sidecar(run: Run, tmp_path: Path) -> None:
    bad = b'{"text": "caf\xe9"}\n'
    (tmp_path / "in.jsonl").write_bytes(b'{"text":"a"}\n' + bad + b'{"text":"b"}\n{}\n')
    rejected = io.BytesIO()
    summary = clean(run, tmp_path / "in.jsonl", tmp_path / "out.jsonl", Sidecars(None, rejected))
    lines = [json.loads(line) for line in rejected.getvalue().splitlines()]
    assert summary.rejected == 2
    assert summary.documents == 2
    assert [(line["file"], line["record"]) for line in lines] == [("in.jsonl", 2), ("in.jsonl", 4)]
    assert lines[0]["raw"].encode("utf-8", "surrogateescape") == bad
    assert "--text-field" in lines[1]["reason"]


def test_more_rejected_records_than_allowed_stop_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"bad\n" * 3 + jsonl(["Rain fell."]))
    assert clean(replace(run, max_rejected=3), tmp_path / "in.jsonl", tmp_path / "out.jsonl").rejected == 3
    with pytest.raises(TooManyRejectedError, match="more than 2 records cannot be read"):
        clean(replace(run, max_rejected=2), tmp_path / "in.jsonl", tmp_path / "other.jsonl")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize("data", [b"A story.\nAnd its end.\n", b"bad\n\n"])
def test_a_file_of_which_no_record_can_be_read_is_refused(data: bytes, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(data)
    with pytest.raises(DataError, match=r"none of its records can be read \(\d rejected\)"):
        clean(run, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_target_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"Rain fell.\n")
    with pytest.raises(DataError, match=r"in\.txt/out\.txt: cannot be written: .*; choose another --output"):
        clean(run, tmp_path / "in.txt", tmp_path / "in.txt" / "out.txt")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", needs("zstandard", ".zst")])
def test_compression_follows_each_files_extension(run: Run, seed_texts: list[str], tmp_path: Path, ending: str) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl(seed_texts))
    clean(run, tmp_path / "in.jsonl", tmp_path / "plain.jsonl")
    clean(run, tmp_path / "in.jsonl", tmp_path / f"packed.jsonl{ending}")
    clean(run, tmp_path / f"packed.jsonl{ending}", tmp_path / f"again.jsonl{ending}")
    clean(run, tmp_path / f"again.jsonl{ending}", tmp_path / "unpacked.jsonl")
    assert (tmp_path / "unpacked.jsonl").stat().st_size > (tmp_path / f"packed.jsonl{ending}").stat().st_size
    clean(run, tmp_path / "plain.jsonl", tmp_path / "two.jsonl")
    clean(run, tmp_path / "two.jsonl", tmp_path / "three.jsonl")
    assert (tmp_path / "unpacked.jsonl").read_bytes() == (tmp_path / "three.jsonl").read_bytes()


def test_in_place_keeps_the_original_once(run: Run, seed_texts: list[str], tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(before := jsonl(seed_texts))
    file.chmod(0o640)
    clean(run, file, file, keep_original=True)
    assert (tmp_path / "in.jsonl.orig").read_bytes() == before
    assert len(file.read_bytes()) < len(before)
    assert file.stat().st_mode & 0o777 == 0o640
    cleaned = file.read_bytes()
    assert clean(run, file, file, keep_original=True) == Summary(up_to_date=1)
    assert (tmp_path / "in.jsonl.orig").read_bytes() == before
    assert file.read_bytes() == cleaned


def test_in_place_resumes_after_an_interruption(run: Run, seed_texts: list[str], tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(before := jsonl(seed_texts))
    os.link(file, tmp_path / "in.jsonl.orig")  # the state that a run killed before its last step leaves
    clean(run, file, file, keep_original=True)
    assert (tmp_path / "in.jsonl.orig").read_bytes() == before
    assert file.read_bytes() != before


def test_in_place_works_without_hard_links(
    run: Run, seed_texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    file = tmp_path / "in.jsonl"
    file.write_bytes(before := jsonl(seed_texts))
    clean(run, file, file, keep_original=True)
    assert (tmp_path / "in.jsonl.orig").read_bytes() == before


def test_a_run_can_be_sent_to_a_worker(run: Run, seed_texts: list[str], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl(seed_texts))
    clean(run, tmp_path / "in.jsonl", tmp_path / "a.jsonl")
    clean(pickle.loads(pickle.dumps(run)), tmp_path / "in.jsonl", tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


# Files


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(file) as stream:  # noqa: PT012
        stream.write(b"half")
        raise KeyboardInterrupt
    assert [f.name for f in tmp_path.iterdir()] == ["x"]
    assert file.read_bytes() == b"old"


def test_what_is_not_a_regular_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as stream:
        stream.write(b"through")
    assert os.read(reader, 100) == b"through"
    assert pipe.is_fifo()
    os.close(reader)


def test_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with replacing(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with working_in(tmp_path / "out") as scratch:
        (scratch / "half").touch()
        with pytest.raises(DataError, match="another run is writing there"), working_in(tmp_path / "out"):
            pass
        assert (scratch / "half").exists()
    assert not [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    assert not scratch.exists()


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", needs("pyarrow", "x.parquet")])
def test_sidecars_appear_once_they_are_complete(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deep" / name
    with pytest.raises(KeyboardInterrupt), sidecar(path) as stream:  # noqa: PT012
        assert stream is not None
        stream.write(b"{}\n")
        raise KeyboardInterrupt
    assert list(path.parent.iterdir()) == []
    with sidecar(path) as stream:
        assert stream is not None
        stream.write(json_line({"id": "a", "text": "caf\udce9"}))
    assert list(path.parent.iterdir()) == [path]
