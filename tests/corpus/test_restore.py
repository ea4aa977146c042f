"""What was cleaned is restored byte for byte, from the clean file and its sidecars alone."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rewriting import needs
from texts import texts

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.restore import Given, restore_file, restore_folder
from detector.errors import DataError, UsageError
from detector.formats.base import Fields
from detector.inference.model import Model
from detector.restoring import restore, restore_pieces
from detector.results import Prediction

STORY = "The council voted on Tuesday to reopen the bridge, which had been closed since the flood."
APPEAL = "Subscribe to our newsletter!"


@pytest.fixture(scope="module")
def run(tiny_model: Model) -> Run:
    return Run(Cleaner(tiny_model, 0.9, max_removed=1))  # removes much


def cleaned(run: Run, path: Path, *options: str) -> Path:
    """Clean a file into a folder beside it, with all sidecars; returns the clean file."""
    target = path.parent / "clean" / path.name
    sidecars = Options(removed=path.parent / "removed.jsonl", rejected=path.parent / "rejected.jsonl")
    summary = clean_all(plan([str(path)], target), run, sidecars, lambda message: None)
    assert not summary.failed
    return target


def round_trip(run: Run, path: Path) -> bytes:
    """The bytes that restoring a cleaned file returns."""
    folder = path.parent
    rejected = folder / "rejected.jsonl"
    restore_file(cleaned(run, path), folder / "removed.jsonl", rejected, folder / "back" / path.name, None, run.fields)
    return (folder / "back" / path.name).read_bytes()


def jsonl(values: list[str]) -> bytes:
    return b"".join((json.dumps({"id": n, "text": t, "x": [1.0]}) + "\n").encode() for n, t in enumerate(values))


def jsonl_of_utf8(values: list[str]) -> bytes:
    lines = (json.dumps({"text": t}, ensure_ascii=False) + "\r\n" for t in values)
    return "".join(lines).encode("utf-8", "surrogatepass")


def json_array(values: list[str]) -> bytes:
    return json.dumps([{"text": t, "n": n} for n, t in enumerate(values)], indent=2).encode()


def csv(values: list[str]) -> bytes:
    rows = ["id,text", *(f'{n},"{t.replace(chr(34), chr(34) * 2)}"' for n, t in enumerate(values))]
    return "\r\n".join(rows).encode("utf-8", "surrogatepass")


def warc(values: list[str]) -> bytes:
    out = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\na: b\r\n\r\n"
    for text in values:
        body = text.encode("utf-8", "surrogatepass")
        out += b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\n"
        out += b"WARC-Block-Digest: sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nContent-Length: %d\r\n\r\n" % len(body)
        out += body + b"\r\n\r\n"
    return out


FILES: dict[str, Callable[[list[str]], bytes]] = {
    "in.txt": lambda values: "\n".join(values).encode("utf-8", "surrogatepass"),
    "in.jsonl": jsonl, "in.ndjson": jsonl_of_utf8, "in.json": json_array, "in.csv": csv, "in.wet": warc,
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@given(
    values=st.lists(st.one_of(texts, st.sampled_from([STORY, APPEAL, f"{STORY}\n{APPEAL}\n\n{STORY}"])), max_size=4),
    max_removed=st.sampled_from([1, 0.5, 0]),
)
@example(values=["Subscribe \ud83d\ude00 now!\n" + STORY], max_removed=1)  # two lone surrogates
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_restored_byte_for_byte(
    name: str, values: list[str], max_removed: float, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("restore") / name
    path.write_bytes(FILES[name](values))
    forced = replace(run, cleaner=replace(run.cleaner, max_removed=max_removed), fields=Fields())
    summary = clean_all(
        plan([str(path)], path.parent / "clean" / name), forced, Options(removed=path.parent / "removed.jsonl"), ignored
    )
    if summary.failed:  # what is no text at all, as the format sees it, is refused, and nothing is written
        assert not (path.parent / "clean" / name).exists()
        return
    restore_file(path.parent / "clean" / name, path.parent / "removed.jsonl", None, path.parent / "back")
    assert (path.parent / "back").read_bytes() == path.read_bytes()


def ignored(message: object) -> None:
    """No message is of interest."""


@pytest.mark.parametrize(
    "line",
    [
        r'{"text": "%s\nCaf\u00e9\n%s"}',
        r'{"text":"\u0043af\u00C9 \/ %s\nSubscribe to our newsletter\u0021\n%s" , "a":"\u00e9"}',
        '{"text": "%s\\nSubscribe to our newsletter – now!\\n%s"}',
        '{"text": "%s\\nSubscribe\\u2028 to our newsletter – now!\\n%s"}',
        '{"a": {"text": "x"}, "text": ["%s", "Subscribe to our newsletter!",\t"%s"]}',
    ],
)
def test_json_that_is_written_in_another_way_is_restored(line: str, run: Run, tmp_path: Path) -> None:
    data = (line.replace("%s", STORY) + "\n").encode()
    for name in ("in.jsonl", "in.json"):
        (tmp_path / name).write_bytes(data)
        assert round_trip(run, tmp_path / name) == data


@pytest.mark.parametrize("quoted", ['"%s\nSubscribe to our newsletter!"', "Subscribe to our newsletter! %s", '"%s"'])
def test_csv_that_is_quoted_in_another_way_is_restored(quoted: str, run: Run, tmp_path: Path) -> None:
    data = f"text;n\n{quoted.replace('%s', STORY)};1\n\n{APPEAL};2\n".encode()
    (tmp_path / "in.csv").write_bytes(data)
    assert round_trip(run, tmp_path / "in.csv") == data


@pytest.mark.parametrize(
    ("name", "bad"),
    [("in.jsonl", b"{broken\n"), ("in.jsonl", b'{"text": 1}\n'), ("in.csv", b'"a"b,c\n'), ("in.csv", b"one\n")],
)
def test_rejected_records_are_put_back_in_their_places(name: str, bad: bytes, run: Run, tmp_path: Path) -> None:
    good = FILES[name]([STORY + "\n" + APPEAL] * 3).replace(b"\r\n", b"\n").removesuffix(b"\n") + b"\n"
    first, *rest = good.splitlines(keepends=True)
    pieces = [first, bad, *rest, bad, bad] if name == "in.csv" else [bad, first, bad, bad, *rest, bad]
    data = b"".join(pieces)
    (tmp_path / name).write_bytes(data)
    assert round_trip(run, tmp_path / name) == data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_encodings_are_restored(encoding: str, run: Run, tmp_path: Path) -> None:
    data = f"{APPEAL}\r\n{STORY} Ä é\r\n{APPEAL}".encode(encoding)
    (tmp_path / "in.txt").write_bytes(data)
    assert round_trip(run, tmp_path / "in.txt") == data


@pytest.mark.parametrize("extension", [".gz", ".xz", ".bz2", needs("zstandard", ".zst")])
def test_compressed_files_have_the_same_content(extension: str, run: Run, tmp_path: Path) -> None:
    from detector.formats.compression import compressing, decompressing

    data = jsonl([f"{APPEAL}\n{STORY}"] * 3)
    path = tmp_path / f"in.jsonl{extension}"
    with open(path, "wb") as file, compressing(file, extension) as stream:
        stream.write(data)
    assert decompressing(io.BytesIO(round_trip(run, path)), extension).read() == data


def test_compressed_warc_records_have_the_same_content(run: Run, tmp_path: Path) -> None:
    records = warc([f"{APPEAL}\n{STORY}", STORY]).split(b"WARC/1.0")[1:]
    path = tmp_path / "in.wet.gz"
    path.write_bytes(b"".join(gzip.compress(b"WARC/1.0" + record) for record in records))
    assert gzip.decompress(round_trip(run, path)) == b"".join(b"WARC/1.0" + record for record in records)


def test_parquet_has_the_same_values(run: Run, tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    values = [f"{APPEAL}\n{STORY}", None, "", APPEAL]
    table = pa.table({"id": [1, 2, 3, 4], "text": pa.array(values, pa.large_string()), "x": [[1], [], None, [2]]})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    round_trip(run, tmp_path / "in.parquet")
    assert pq.read_table(tmp_path / "clean" / "in.parquet") != table
    assert pq.read_table(tmp_path / "back" / "in.parquet") == table


# Folders


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """A folder of inputs, ``in``, and its results in ``clean``."""
    for name, make in FILES.items():
        path = tmp_path / "in" / "deep" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make([f"{APPEAL}\n{STORY}", STORY, APPEAL]))
    (tmp_path / "in" / "bad.jsonl").write_bytes(b"{broken\n" + jsonl([f"{APPEAL}\n{STORY}"]))
    (tmp_path / "in" / "empty.txt").write_bytes(b"")
    options = Options(removed=tmp_path / "removed.jsonl.gz")
    clean_all(plan([str(tmp_path / "in")], tmp_path / "clean"), run, options, ignored)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_folder_is_restored_with_its_rejected_records(folder: Path) -> None:
    restored = restore_folder(folder / "clean", folder / "removed.jsonl.gz", None, folder / "back")
    assert contents(folder / "back") == contents(folder / "in")
    assert (restored.files, restored.rejected) == (len(FILES) + 2, 1)


def test_the_originals_in_a_folder_of_results_are_never_replaced_by_its_results(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(UsageError, match="is an input"):
        restore_folder(folder / "clean", folder / "removed.jsonl.gz", None, folder / "clean")
    assert contents(folder) == before


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "removed.jsonl").touch()
    with pytest.raises(DataError, match="no folder of results"):
        restore_folder(tmp_path, tmp_path / "removed.jsonl", None, tmp_path / "back")


@pytest.mark.parametrize("name", ["link/../../x.txt", "../in/empty.txt", "/in/empty.txt", ""])
def test_nothing_is_written_outside_of_the_target(name: str, folder: Path) -> None:
    (folder / "clean" / "link").symlink_to("deep")
    (folder / "x.txt").write_text("mine")
    manifest = folder / "clean" / "_manifest.jsonl"
    manifest.write_text(manifest.read_text().replace('"empty.txt"', json.dumps(name)))
    with pytest.raises(DataError, match="which is not in the folder"):
        restore_folder(folder / "clean", folder / "removed.jsonl.gz", None, folder / "back")
    assert not (folder / "back").exists()
    assert (folder / "x.txt").read_text() == "mine"


def test_missing_lines_are_noticed_in_a_folder(folder: Path) -> None:
    with gzip.open(folder / "removed.jsonl.gz", "rb") as file:
        lines = [line for line in file if b'"in.csv"' not in line and b'"deep/in.csv"' not in line]
    (folder / "some.jsonl").write_bytes(b"".join(lines))
    restored = restore_folder(folder / "clean", folder / "some.jsonl", None, folder / "back")
    assert len(restored.failed) == 1
    assert re.search(r"in\.csv: \d lines were written to the file of removed text, but it has 0", restored.failed[0])


@pytest.mark.parametrize(
    "entry", ['{"file": 5}', '{"file": "x.txt", "format": "unknown"}', '{"file": ["a"], "lines": 1}']
)
def test_a_damaged_manifest_is_refused(entry: str, folder: Path) -> None:
    with open(folder / "clean" / "_manifest.jsonl", "a") as manifest:
        manifest.write(f"{entry}\n")
    with pytest.raises(DataError, match=r"_manifest\.jsonl: names"):
        restore_folder(folder / "clean", folder / "removed.jsonl.gz", None, folder / "back")


def test_a_file_that_cannot_be_restored_stops_no_other(folder: Path) -> None:
    (folder / "clean" / "deep" / "in.wet").unlink()
    restored = restore_folder(folder / "clean", folder / "removed.jsonl.gz", None, folder / "back")
    assert len(restored.failed) == 1
    assert "in.wet" in restored.failed[0]
    expected = contents(folder / "in")
    del expected["deep/in.wet"]
    assert contents(folder / "back") == expected


# Results of several runs, and of runs that were stopped


@pytest.fixture
def two_runs(guarded: Run, tmp_path: Path) -> Callable[..., list[str]]:
    """Cleans folders of inputs into ``clean``, one after the other, and returns what failed to be restored."""

    def clean(*folders: str) -> None:
        for folder in folders:
            options = Options(removed=tmp_path / "removed.jsonl")
            clean_all(plan([str(tmp_path / folder)], tmp_path / "clean"), guarded, options, ignored)

    for folder, name in (("one", "a.txt"), ("two", "b.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(f"{APPEAL}\n{STORY}\n")
        (tmp_path / folder / f"whole-{name}").write_text(f"{STORY}\n")
    clean("one")

    def then(*folders: str) -> list[str]:
        clean(*folders)
        return restore_folder(tmp_path / "clean", tmp_path / "removed.jsonl", None, tmp_path / "back").failed

    return then


def test_results_of_an_earlier_run_are_restored(two_runs: Callable[..., list[str]], tmp_path: Path) -> None:
    assert two_runs("two") == []
    assert contents(tmp_path / "back") == contents(tmp_path / "one") | contents(tmp_path / "two")


@pytest.mark.parametrize("change", ["gone", "failed"])
def test_the_result_of_an_input_that_is_gone_or_fails_is_restored(
    change: str, two_runs: Callable[..., list[str]], tmp_path: Path
) -> None:
    before = contents(tmp_path / "one")
    (tmp_path / "one" / "a.txt").unlink()
    if change == "failed":
        (tmp_path / "one" / "a.txt").write_bytes(b"\x00\x01" * 50)
    assert two_runs("one") == []
    assert contents(tmp_path / "back") == before
    (tmp_path / "clean" / "a.txt").unlink()
    assert two_runs("two", "one") == []
    manifest = (tmp_path / "clean" / "_manifest.jsonl").read_text()
    assert '"a.txt"' not in manifest
    assert manifest.count("\n") == 3


def test_a_result_that_the_manifest_does_not_name_is_a_failure(
    two_runs: Callable[..., list[str]], tmp_path: Path
) -> None:
    manifest = tmp_path / "clean" / "_manifest.jsonl"
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(True) if '"a.txt"' not in line))
    (failed,) = two_runs()
    assert "a.txt: _manifest.jsonl does not name it" in failed
    assert list(contents(tmp_path / "back")) == ["whole-a.txt"]


def test_a_result_that_a_stopped_run_has_replaced_is_a_failure(
    two_runs: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "clean" / "whole-a.txt").write_text("The council voted.\n")
    (failed,) = two_runs()
    assert "whole-a.txt: has 19 bytes, but _manifest.jsonl names a result of 90 bytes" in failed


def test_a_result_that_is_missing_is_a_failure(two_runs: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "clean" / "whole-a.txt").unlink()
    (failed,) = two_runs()
    assert "whole-a.txt: is missing, but _manifest.jsonl names it; run the same detector clean again" in failed


@pytest.mark.parametrize("written", ["[]", '["big", 1]', "[-5, 1]", "null", "{}"])
def test_a_damaged_stamp_in_the_manifest_tells_no_size(
    written: str, two_runs: Callable[..., list[str]], tmp_path: Path
) -> None:
    manifest = tmp_path / "clean" / "_manifest.jsonl"
    records = [json.loads(line) | {"written": json.loads(written)} for line in manifest.read_text().splitlines()]
    manifest.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    assert two_runs() == []


FIELDS_OF = {"body": Fields("body", "key"), "text": Fields()}


def test_the_fields_of_each_result_are_known_without_a_summary(guarded: Run, tmp_path: Path) -> None:
    for field, fields in FIELDS_OF.items():
        (tmp_path / field).mkdir()
        record = {"text": "Rain fell.", "body": "Rain fell.", field: f"{APPEAL}\n{STORY}"}
        (tmp_path / field / f"{field}.jsonl").write_text(json.dumps(record) + "\n")
        run, options = replace(guarded, fields=fields), Options(removed=tmp_path / "removed.jsonl")
        clean_all(plan([str(tmp_path / field)], tmp_path / "clean"), run, options, ignored)
    (tmp_path / "clean" / "_summary.json").unlink()  # a run that is stopped writes none
    places = tmp_path / "clean", tmp_path / "removed.jsonl", None, tmp_path / "back"
    assert restore_folder(*places).failed == []
    assert contents(tmp_path / "back") == contents(tmp_path / "body") | contents(tmp_path / "text")
    (failed,) = restore_folder(*places, Given(text_field="body")).failed
    assert "text.jsonl: document 1" in failed


@pytest.mark.parametrize("name", ["in.jsonl", "in.json"])
def test_a_rejected_element_of_an_array_is_not_put_back(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / name).write_text(f'{{"a": [{{"text": "{STORY}"}}, {{"x": 1}}]}}\n')
    nested = replace(run, fields=Fields("a.text"))
    with pytest.raises(DataError, match="an element of an array, or a page of HTML, that was rejected"):
        round_trip(nested, tmp_path / name)
    assert not (tmp_path / "back" / name).exists()


# Documents that were kept whole

MIXED = [f"{STORY}\n{APPEAL}\n{STORY}", APPEAL, STORY, f"{APPEAL}\n{APPEAL}"]


@dataclass(frozen=True)
class AppealsOnly(Cleaner):
    """Removes the paragraphs that are `APPEAL`, and keeps a text whole that has no other one."""

    def predict_batch(self, texts: Sequence[str]) -> Iterator[Prediction]:
        for prediction in super().predict_batch(texts):
            keep = np.array([paragraph.text != APPEAL for paragraph in prediction.paragraphs], dtype=np.bool_)
            whole = len(keep) > 0 and not keep.any()
            yield replace(prediction, keep=keep | whole, kept_whole=whole)


@pytest.fixture
def guarded(tiny_model: Model) -> Run:
    """A run that removes appeals."""
    return Run(AppealsOnly(tiny_model))


@pytest.mark.parametrize("name", ["in.jsonl", "in.json", "in.csv", "in.wet"])
def test_documents_that_were_kept_whole_are_restored_with_the_others(name: str, guarded: Run, tmp_path: Path) -> None:
    original = FILES[name](MIXED)
    (tmp_path / name).write_bytes(original)
    assert round_trip(guarded, tmp_path / name) == original
    lines = list(map(json.loads, (tmp_path / "removed.jsonl").read_text().splitlines()))
    assert [line["document"] for line in lines if line["kept_whole"]] == [2, 4]
    assert 1 in [line["document"] for line in lines if not line["kept_whole"]]
    assert (tmp_path / "clean" / name).read_bytes() != original


@pytest.mark.parametrize("path", ["removed.jsonl", needs("pyarrow", "removed.parquet")])
def test_a_folder_with_documents_that_were_kept_whole(path: str, guarded: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, make in FILES.items():
        (tmp_path / "in" / name).write_bytes(make(MIXED))
    (tmp_path / "in" / "whole.txt").write_text(f"{APPEAL}\n")
    clean_all(plan([str(tmp_path / "in")], tmp_path / "clean"), guarded, Options(removed=tmp_path / path), ignored)
    restored = restore_folder(tmp_path / "clean", tmp_path / path, None, tmp_path / "back")
    assert restored.failed == []
    assert contents(tmp_path / "back") == contents(tmp_path / "in")


def test_the_digest_is_checked_beside_a_document_that_was_kept_whole(guarded: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl(MIXED))
    target = cleaned(guarded, tmp_path / "in.jsonl")
    target.write_bytes(target.read_bytes().replace(b"Tuesday", b"Tuesdax"))
    with pytest.raises(DataError, match="document 1: what was removed does not restore the original"):
        restore_file(target, tmp_path / "removed.jsonl", None, tmp_path / "back.jsonl")


def test_lines_of_an_earlier_version_are_restored(guarded: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl(MIXED))
    target = cleaned(guarded, tmp_path / "in.jsonl")
    lines = list(map(json.loads, (tmp_path / "removed.jsonl").read_text().splitlines()))
    earlier = [{name: line[name] for name in line if name != "kept_whole"} for line in lines if not line["kept_whole"]]
    (tmp_path / "earlier.jsonl").write_text("".join(json.dumps(line) + "\n" for line in earlier))
    restore_file(target, tmp_path / "earlier.jsonl", None, tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_bytes() == jsonl(MIXED)


WHOLE = {"start": None, "text": None, "digest": None, "kept_whole": True}


@pytest.mark.parametrize(
    ("clean", "lines", "original"),
    [
        ("abc", [WHOLE], "abc"),
        ("ac", [WHOLE, {"start": 1, "text": "b", "kept_whole": False}], "abc"),
        ("ac", [{"start": 1, "text": "b"}, WHOLE], "abc"),
        ("ac", [(1, "b")], "abc"),
    ],
)
def test_a_line_that_a_text_was_kept_whole_is_passed_over(clean: str, lines: list[Any], original: str) -> None:
    assert restore(clean, lines) == original


# Sidecars that do not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"document": 9}, r"has 3 documents, but text was removed from number 9"),
        ({"start": 9999}, r"document 1: removed text begins at character 9999, but the original ends"),
        ({"start": -1}, r"document 1: removed text needs"),
        ({"text": None}, r"document 1: removed text needs"),
        ({"text": "Another appeal.\n"}, r"document 1: what was removed does not restore the original"),
        ({"digest": None}, r"document 1: what was removed does not restore the original: lines are missing"),
    ],
)
def test_a_sidecar_of_another_file_is_refused(
    change: dict[str, Any], message: str, guarded: Run, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl([f"{APPEAL}\n{STORY}"] * 3))
    target = cleaned(guarded, tmp_path / "in.jsonl")
    first, *_ = map(json.loads, (tmp_path / "removed.jsonl").read_text().splitlines())
    (tmp_path / "other.jsonl").write_text(json.dumps(first | change) + "\n")
    with pytest.raises(DataError, match=message):
        restore_file(target, tmp_path / "other.jsonl", None, tmp_path / "back.jsonl")
    assert not (tmp_path / "back.jsonl").exists()


def test_another_field_is_not_restored(run: Run, tmp_path: Path) -> None:
    record = {"text": STORY, "body": f"{APPEAL}\n{STORY}"}
    (tmp_path / "in.jsonl").write_text(json.dumps(record) + "\n")
    every = replace(run, cleaner=replace(run.cleaner, threshold=1.0), fields=Fields("body"))
    target = cleaned(every, tmp_path / "in.jsonl")
    with pytest.raises(DataError, match="or another --text-field was cleaned"):
        restore_file(target, tmp_path / "removed.jsonl", None, tmp_path / "back.jsonl")


@pytest.mark.parametrize("data", [b"no JSON\n", b"[1]\n", b'{"file": "in.jsonl"', b"\x00\xff"])
def test_what_is_no_sidecar_is_refused(data: bytes, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(jsonl([f"{APPEAL}\n{STORY}"]))
    target = cleaned(run, tmp_path / "in.jsonl")
    (tmp_path / "other.jsonl").write_bytes(data)
    with pytest.raises(DataError, match=r"other\.jsonl"):
        restore_file(target, tmp_path / "other.jsonl", None, tmp_path / "back.jsonl")


def test_a_sidecar_of_several_inputs_needs_the_name_of_one(run: Run, tmp_path: Path) -> None:
    lines = [{"file": name, "document": 1, "start": 0, "end": 2, "text": "a\n"} for name in ("one.txt", "two.txt")]
    (tmp_path / "removed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "one.txt").write_text("b\n")
    with pytest.raises(UsageError, match="has lines of 2 inputs"):
        restore_file(tmp_path / "one.txt", tmp_path / "removed.jsonl", None, tmp_path / "back.txt")


def test_what_is_no_result_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "removed.jsonl").touch()
    (tmp_path / "in.jsonl").write_text("{broken\n")
    with pytest.raises(DataError, match=r"in\.jsonl:1: not JSON.*it is no result of detector clean"):
        restore_file(tmp_path / "in.jsonl", tmp_path / "removed.jsonl", None, tmp_path / "back.jsonl")


# Texts in Python


@given(text=texts, threshold=st.sampled_from([0.0, 0.5, 1.0]), size=st.integers(1, 9))
def test_a_text_is_restored_whatever_its_chunks(text: str, threshold: float, size: int, tiny_model: Model) -> None:
    result = Cleaner(tiny_model, threshold).clean(text)
    assert restore(result.text, result.removed_spans) == text
    chunks = [result.text[at : at + size] for at in range(0, len(result.text), size)]
    assert "".join(restore_pieces(chunks, result.removed_spans)) == text
    assert restore(result.text, list(map(list, result.removed_spans))) == text  # as JSON has pairs
    assert restore(result.text, [(np.int64(start), removed) for start, removed in result.removed_spans]) == text
    lines = [{"start": start, "text": removed, "label": "appeal"} for start, removed in result.removed_spans]
    assert restore(result.text, lines) == text


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        ([(5, "x")], "begins at character 5, but the original ends at 3"),
        ([(0, "xy"), (1, "z")], "begins at character 1, before the end"),
        ([(True, "x")], 'needs a "start"'),
        ([{"start": 1}], 'needs a "start"'),
        ([5], 'needs a "start"'),
        ([(1, 2, 3)], 'needs a "start"'),
        ([[1.0, "x"]], 'needs a "start"'),
        ([[np.True_, "x"]], 'needs a "start"'),
        (["1x"], 'needs a "start"'),
    ],
)
def test_what_was_removed_from_another_text_is_refused(removed: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        restore("abc", removed)
