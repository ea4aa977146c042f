"""Labelled documents of any format: which labels, which files, and what is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from annotated import BARE, FERRY

import detector.labelled
from detector.annotations.registry import NAMES, annotation_format
from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.labelled import Counts, Rejected, read, write


def record(*labels: str, name: str = "a") -> str:
    paragraphs = [{"text": f"Line {n}.", "label": label} for n, label in enumerate(labels)]
    return json.dumps({"id": name, "paragraphs": paragraphs}) + "\n"


def labels_of(document: LabelledDocument) -> list[tuple[str | None, str | None]]:
    return [(each.label, each.kind) for each in document.paragraphs]


def test_our_json_lines_are_what_training_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    written = write([FERRY, BARE], path)
    assert (written.format, written.documents, written.lost) == ("jsonl", 2, {})
    assert list(read_documents([path])) == list(read(path)) == [FERRY, BARE]
    assert b'"label": null' not in gzip.decompress(path.read_bytes())


def test_unknown_labels_are_listed_with_counts_and_places(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record("reporting") + record("ham", "spam") + record("spam", "appeal/menu", "spam"))
    found = read(path)
    assert labels_of(next(found)) == [("reporting", None)]
    message = (
        r'^unknown labels: "spam" \(3, first at .*a\.jsonl:2: paragraph 2\), "appeal/menu" \(1, .*:3: paragraph 2\), '
        r'"ham" \(1, .*:2: paragraph 1\); the labels are .*--map \'spam=appeal\''
    )
    with pytest.raises(DataError, match=message):
        next(found)


def test_labels_are_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record("spam", "Reporting", "ham", "bad", "NEWSLETTER", "appeal/social"))
    mapping = {"spam": "appeal", "ham": "heading", "bad": "", "appeal/social": "navigation/menu"}
    (document,) = read(path, mapping=mapping)
    assert labels_of(document) == [
        ("appeal", None), ("reporting", None), ("reporting", "heading"), (None, None), ("appeal", "newsletter"),
        ("navigation", "menu"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "pair"),
    [
        ("a=menu", ("a", "menu")),
        ("a=", ("a", "")),
        ("a=-", ("a", "")),
        ("=menu", ("", "menu")),
        ("a=b=c", ("a=b", "c")),
    ],
)
def test_what_a_name_is_mapped_to(given: str, pair: tuple[str, str]) -> None:
    assert detector.labelled.parse_map(given) == pair


def test_any_labels_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record("spam", "Reporting", "menu", "a/b", "c"))
    (document,) = read(path, any_labels=True, mapping={"c": "d"})
    assert labels_of(document) == [
        ("spam", None), ("Reporting", None), ("menu", None), ("a/b", None), ("d", None),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [{"annotators": "all"}, {"offsets": "bytes"}])
def test_choices(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(annotators='all'|offsets='bytes'): choose one of .*'(each|utf-16)'$"):
        read(tmp_path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"mapping": {"a": "spam"}}, {"unlabelled": "spam"}])
def test_targets_are_labels_of_the_guide(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="spam: no label or kind of the label guide"):
        read(tmp_path, **options)  # type: ignore[arg-type]


def test_rejected_records_are_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record("reporting") + "{oops\n" + '{"id": 3, "paragraphs": []}\n' + record("appeal", name="b"))
    rejected: list[Rejected] = []
    counts = Counts()
    found = list(read(path, rejected=rejected.append, counts=counts))
    assert [document.id for document in found] == ["a", "b"]
    assert [(each.where, each.raw) for each in rejected] == [
        (f"{path}:2", "{oops"), (f"{path}:3", {"id": 3, "paragraphs": []}),
    ]  # fmt: skip
    assert (counts.documents, counts.paragraphs, counts.rejected) == (2, 2, 2)
    path.write_bytes(b'{"id": "\xff", "paragraphs": []}\n' + record("appeal").encode())
    assert [document.id for document in read(path, rejected=rejected.append)] == ["a"]
    assert rejected[-1].raw == '{"id": "\\xff", "paragraphs": []}\n'


def test_a_folder_means_the_json_lines_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write([BARE], tmp_path / "deep" / "b.jsonl.gz")
    write([FERRY], tmp_path / "a.jsonl")
    write([FERRY], tmp_path / "task.json", "label-studio")
    (tmp_path / "README.md").write_text("Not labels.")
    assert [document.id for document in read(tmp_path)] == ["ferry-1", "bare"]
    assert [document.id for document in read([tmp_path / "deep", tmp_path / "task.json"])] == ["bare", "ferry-1"]


def test_a_folder_without_json_lines_means_other_files_of_labels(tmp_path: Path) -> None:
    write([FERRY], tmp_path / "task.json", "label-studio")
    assert [document.id for document in read(tmp_path)] == ["ferry-1"]
    (tmp_path / "task.json").unlink()
    with pytest.raises(DataError, match=r"the folder contains no \.jsonl file"):
        list(read(tmp_path))


def test_a_folder_of_files_of_a_named_format(tmp_path: Path) -> None:
    write([BARE], tmp_path / "ours.jsonl")
    for name, file in {"label-studio": "export.json", "doccano": "a.jsonl", "lines": "a.txt", "csv": "a.csv"}.items():
        (tmp_path / name).mkdir()
        write([FERRY], tmp_path / name / file, name)
        write([BARE], tmp_path / name / "other.spacy", "jsonl")
        assert [len(document.paragraphs) for document in read(tmp_path / name, name)] == [4]
    with pytest.raises(DataError, match=r"contains no file of the format tsv \(\.tsv, \.tab\); name its files"):
        list(read(tmp_path, "tsv"))
    with pytest.raises(DataError, match="no folder with documents/ and attributes/"):
        list(read(tmp_path, "dolma"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.txt: an empty file"),
        (b"Hello.", r"a.txt: no format of labelled documents; name its format with --from"),
    ],
)
def test_files_of_no_format(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read(path))


def test_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.jsonl: no such file or folder"):
        list(read(tmp_path / "x.jsonl"))
    with pytest.raises(UsageError, match="xml: no format of labelled documents; choose one of brat, "):
        read(tmp_path, "xml")
    with pytest.raises(UsageError, match="its extension names no format; name it with --to"):
        write([], tmp_path / "x.json")


def test_a_record_that_does_not_fit_into_what_is_read_at_once(tmp_path: Path) -> None:
    long = LabelledDocument("long", "long", None, None, None, (LabelledParagraph("ä" * 100_000, "reporting"),))
    for name in ("jsonl", "label-studio"):
        write([long, BARE, long], tmp_path / name, name)
        assert list(read(tmp_path / name)) == [long, BARE, long]


def test_what_a_format_cannot_hold_is_counted(tmp_path: Path) -> None:
    written = write([FERRY, BARE], tmp_path / "brat", "brat")
    assert written.lost == {"by": 1, "gold": 1, "lang": 1, "origin": 1, "site": 1}


@pytest.mark.parametrize("text", ["", " \u3000", "a\nb", "a\rb"])
def test_only_paragraphs_are_written(text: str, tmp_path: Path) -> None:
    document = LabelledDocument("a", "a", None, None, None, (LabelledParagraph(text, "reporting"),))
    with pytest.raises(DataError, match='document "a": paragraph 1 is blank, or has a line break'):
        write([document], tmp_path / "a.jsonl")
    assert not list(tmp_path.iterdir())


def test_an_output_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(record("reporting") + record("spam"))
    write([BARE], tmp_path / "b.jsonl")
    before = (tmp_path / "b.jsonl").read_bytes()
    for target in ("b.jsonl", "c.jsonl", "brat"):
        with pytest.raises(DataError, match="unknown labels"):
            write(read(path), tmp_path / target, "brat" if target == "brat" else None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
    assert (tmp_path / "b.jsonl").read_bytes() == before


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "brat").mkdir()
    write([BARE], tmp_path / "brat", "brat")  # it is empty
    with pytest.raises(DataError, match="exists, and is not an empty folder"):
        write([BARE], tmp_path / "brat", "brat")


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([BARE, BARE], 'two documents have the id "bare"'),
        (
            [LabelledDocument("a", "a", None, None, None, (LabelledParagraph("x", "a b"),))],
            'label "a b": it has spaces',
        ),
    ],
)
def test_documents_that_brat_cannot_hold(documents: list[LabelledDocument], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        write(documents, tmp_path / "brat", "brat")
    assert not list(tmp_path.iterdir())


def test_every_format_has_its_name() -> None:
    assert detector.labelled.formats() == tuple(sorted(NAMES))
    for name in NAMES:
        assert annotation_format(name).name == name
