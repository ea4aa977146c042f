"""Formats with one paragraph per row: tables, Parquet, and lines of ``class<TAB>text``."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from annotated import BARE, EMPTY, FERRY, held, labelled_documents
from hypothesis import given
from hypothesis import strategies as st

import detector.labelled
from detector.annotations.registry import NAMES, annotation_format, recognised
from detector.annotations.source import Source
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

TABLES = ("csv", "tsv", "parquet")


def needs(name: str) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow.parquet")


def read(path: Path, content: str | bytes, **settings: Any) -> list[LabelledDocument]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(detector.labelled.read(path, **settings))


def labels(document: LabelledDocument) -> list[tuple[str, str | None, str | None]]:
    return [(each.text, each.label, each.kind) for each in document.paragraphs]


@pytest.mark.parametrize("extension", ["", ".gz"])
@pytest.mark.parametrize("name", TABLES)
def test_documents_in_a_table(name: str, extension: str, tmp_path: Path) -> None:
    needs(name)
    path = tmp_path / f"labels.{name}{extension}"
    documents = [FERRY, EMPTY, BARE, BARE, replace(FERRY, origin="justext")]
    written = detector.labelled.write(documents, path)
    assert written.lost == {"gold": 2}
    assert recognised(Source(path)).name == name
    assert list(detector.labelled.read(path)) == [held(each, annotation_format(name).holds) for each in documents]


@given(st.sampled_from(TABLES), labelled_documents(any_labels=True))
def test_any_documents_in_a_table(name: str, documents: list[LabelledDocument]) -> None:
    needs(name)
    documents = documents or [BARE]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        detector.labelled.write(documents, path, name)
        found = list(detector.labelled.read(path, any_labels=True))
    assert found == [held(each, annotation_format(name).holds) for each in documents]


@given(labelled_documents())
def test_any_documents_as_lines(documents: list[LabelledDocument]) -> None:
    documents = [each for each in documents if each.paragraphs and each.paragraphs[0].label] or [BARE]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.txt"
        detector.labelled.write(documents, path, "lines")
        found = list(detector.labelled.read(path, "lines"))
    assert [each.id for each in found] == [f"x-{number}" for number in range(1, len(documents) + 1)]
    assert [labels(each) for each in found] == [labels(each) for each in documents]


LINES = {
    "reporting\tRain fell.\nappeal/newsletter\tSign up!\n": [
        [("Rain fell.", "reporting", None), ("Sign up!", "appeal", "newsletter")]
    ],
    "\ufeffreporting\tRain\twith tabs. \r\n\r\n\r\nmenu\tHome\r\n": [
        [("Rain\twith tabs. ", "reporting", None)],
        [("Home", "navigation", "menu")],
    ],
    "__label__reporting Rain fell.\n__label__menu\tHome": [
        [("Rain fell.", "reporting", None), ("Home", "navigation", "menu")]
    ],
    "reporting\tRain.\n\tNobody knows.\n": [[("Rain.", "reporting", None), ("Nobody knows.", None, None)]],
}


@pytest.mark.parametrize("content", LINES)
def test_lines(content: str, tmp_path: Path) -> None:
    assert [labels(each) for each in read(tmp_path / "a.txt", content)] == LINES[content]


TABLE_CASES = {
    "Text,Label\nRain.,reporting\nMenu,menu\n": [
        ("a-1", "a-1", [("Rain.", "reporting", None), ("Menu", "navigation", "menu")])
    ],
    'text;label\r\n"Rain; hail.";reporting\r\n': [("a-1", "a-1", [("Rain; hail.", "reporting", None)])],
    "category,doc-id,sentence,domain\nappeal,7,Give!,x.example\nappeal,8,More!,x.example\n": [
        ("7", "x.example", [("Give!", "appeal", None)]),
        ("8", "x.example", [("More!", "appeal", None)]),
    ],
    "text,label\nRain.,reporting\n\n,\nSun.,reporting\n": [
        ("a-1", "a-1", [("Rain.", "reporting", None)]),
        ("a-2", "a-2", [("Sun.", "reporting", None)]),
    ],
    'text,kind\r\n"Two\nlines\r\n\r\n",body\r\n': [
        ("a-1", "a-1", [("Two", "reporting", "body"), ("lines", "reporting", "body")])
    ],
    "text,label,id\n Rain. ,,x\nSun.,reporting\n": [
        ("x", "x", [(" Rain. ", None, None)]),
        ("a-2", "a-2", [("Sun.", "reporting", None)]),
    ],
    "text,label,kind\nGive!,Appeal,Newsletter\nHm., ,\n": [
        ("a-1", "a-1", [("Give!", "appeal", "newsletter"), ("Hm.", None, None)])
    ],
    "id,paragraph,text,label\nx,1,One.,reporting\nx,2,Two.,reporting\nx,1,One.,reporting\n": [
        ("x", "x", [("One.", "reporting", None), ("Two.", "reporting", None)]),
        ("x", "x", [("One.", "reporting", None)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("content", TABLE_CASES)
def test_tables(content: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", content)
    assert [(each.id, each.site, labels(each)) for each in found] == TABLE_CASES[content]


def test_the_column_of_the_text_can_be_named(tmp_path: Path) -> None:
    content = "text\tbody\tlabel\nx\tRain.\treporting\n"
    assert labels(*read(tmp_path / "a.tsv", content, text_field="body")) == [("Rain.", "reporting", None)]
    with pytest.raises(DataError, match=r'a\.tsv:1: no column "main"; choose one with --text-field: text, body, label'):
        read(tmp_path / "a.tsv", content, text_field="main")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "text,label\nRain.,weather\n", r'unknown labels: "weather" \(1, first at .*a\.csv:2\)'),
        ("a.csv", "text,label\nRain.,reporting\nx,appeal,y\n", r"a\.csv:3: more fields than the 2 of the header"),
        ("a.csv", 'text,label\n"Rain.,reporting\n', r"a\.csv:2: the quote that opens in line 2 is never closed"),
        ("a.csv", b"text,label\nR\xe9n.,reporting\n", r'a\.csv:2: "text" is not UTF-8'),
        ("a.csv", "paragraph,text,label\none,Rain.,reporting\n", r'a\.csv:2: "paragraph" is \'one\', not a number'),
        (
            "a.csv",
            "id,text,label\nx,Rain.,reporting\ny,Sun.,reporting\nx,Hail.,reporting\n",
            r'a\.csv:4: the rows of "x" do not follow each other: others are at .*a\.csv:2; sort the rows',
        ),
        (
            "a.csv",
            "id,paragraph,text,label\nx,1,One.,reporting\ny,1,Sun.,reporting\nx,2,Two.,reporting\n",
            r'a\.csv:4: the rows of "x" do not follow each other: others are at .*a\.csv:2; sort the rows',
        ),
        ("a.csv", "id,paragraph,text,label\nx,2,Two.,menu\nx,1,One.,menu\n", r'a\.csv:3: the rows of "x" do not'),
        ("a.txt", "reporting\tRain.\nreporting Sun.\n", r"a\.txt:2: no tab; a line has the form class<TAB>text"),
        ("a.txt", "__label__a __label__b Rain.\n", r"a\.txt:1: two labels"),
        ("a.txt", b"reporting\tR\xe9n.\n", r"a\.txt:1: not UTF-8 \(byte 12\)"),
        ("a.csv", "text\nRain.\n", r'a\.csv:1: no column for the label; name one "label", of these: text'),
        ("a.csv", "", r"a\.csv:1: no header"),
    ],
)  # fmt: skip
def test_bad_files(name: str, content: str | bytes, words: str, tmp_path: Path) -> None:
    forms = {"a.csv": "csv", "a.txt": "lines"}
    with pytest.raises(DataError, match=words):
        read(tmp_path / name, content, format=forms[name])


def test_bad_rows_are_kept_aside(tmp_path: Path) -> None:
    rejected: list[detector.labelled.Rejected] = []
    content = 'id,text,label\nx,Rain.,reporting\nx,"a"b,appeal\nx,Sun.,reporting\n'
    (found,) = read(tmp_path / "a.csv", content, rejected=rejected.append)
    assert [each.text for each in found.paragraphs] == ["Rain.", "Sun."]
    assert [(each.where, each.raw) for each in rejected] == [(f"{tmp_path / 'a.csv'}:3", 'x,"a"b,appeal\n')]
    (found,) = read(
        tmp_path / "a.txt", "reporting\tRain.\nno tab\nmenu\tHome\n", format="lines", rejected=rejected.append
    )
    assert len(found.paragraphs) == 2
    rejected.clear()
    content = b"reporting\tRain.\nreporting\tR\xe9n.\nmenu\tHome\n"
    (found,) = read(tmp_path / "a.txt", content, format="lines", rejected=rejected.append)
    assert [each.text for each in found.paragraphs] == ["Rain.", "Home"]
    assert [(each.where, each.raw) for each in rejected] == [(f"{tmp_path / 'a.txt'}:2", "reporting\tR\\xe9n.\n")]


def test_rows_without_a_text_are_counted(tmp_path: Path) -> None:
    counts = detector.labelled.Counts()
    (found,) = read(tmp_path / "a.csv", "id,text,label\nx,,appeal\nx,Rain.,reporting\n", counts=counts)
    assert labels(found) == [("Rain.", "reporting", None)]
    assert counts.left_out == {"rows without a text": 1}


def test_labels_are_mapped(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path / "a.csv", "text,label\nRain.,0\nGive!,1\n?,2\n", mapping={"0": "body", "1": "appeal", "2": ""}
    )
    assert labels(found) == [("Rain.", "reporting", "body"), ("Give!", "appeal", None), ("?", None, None)]


def test_a_label_of_numbers_in_parquet(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    table = arrow.table({"doc": [1, 1, 2], "sentence": ["Rain.", "Give!", "Sun."], "target": [0, 1, None]})
    parquet.write_table(table, path, row_group_size=1)
    found = list(detector.labelled.read(path, mapping={"0": "reporting", "1": "appeal"}))
    assert [(each.id, labels(each)) for each in found] == [
        ("1", [("Rain.", "reporting", None), ("Give!", "appeal", None)]),
        ("2", [("Sun.", None, None)]),
    ]
    with pytest.raises(DataError, match=r'unknown labels: "0" \(1, first at .*a\.parquet: row 1\)'):
        list(detector.labelled.read(path))


def test_values_of_parquet_that_are_no_strings(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    table = arrow.table({"id": [1.0, 2.0, 3.0], "text": ["é".encode(), b"\xff", b"Sun."], "label": [1.0, 1.0, None]})
    parquet.write_table(table, path)
    rejected: list[detector.labelled.Rejected] = []
    found = list(detector.labelled.read(path, mapping={"1": "appeal"}, rejected=rejected.append))
    assert [(each.id, labels(each)) for each in found] == [
        ("1", [("é", "appeal", None)]),
        ("3", [("Sun.", None, None)]),
    ]
    assert [each.raw for each in rejected] == [{"id": "2.0", "text": "b'\\xff'", "label": "1.0"}]
    with pytest.raises(DataError, match=r'a\.parquet: row 2: "text": not UTF-8 \(byte 1\)'):
        list(detector.labelled.read(path, any_labels=True))
    parquet.write_table(arrow.table({"text": [["Rain."]], "label": ["menu"]}), path)
    with pytest.raises(DataError, match=r'a\.parquet: row 1: "text" is a list, not a text'):
        list(detector.labelled.read(path))


def test_damaged_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: not valid Parquet"):
        read(tmp_path / "a.parquet", b"PAR1 and nothing else")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (EMPTY, 'document "empty": has no paragraph, which lines cannot hold'),
        (LabelledDocument("x", "x", None, None, None, (LabelledParagraph("a", "b\tc"),)), 'the label "b\tc"'),
    ],
)
def test_what_lines_cannot_hold(document: LabelledDocument, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        detector.labelled.write([document], tmp_path / "a.txt", "lines")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*TABLES, "lines"])
def test_a_character_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    needs(name)
    odd = LabelledDocument("x", "x", None, None, None, (LabelledParagraph("a \ud800", "reporting"),))
    for document in (odd, replace(BARE, id="x", site="\ud800")) if name in TABLES else (odd,):
        with pytest.raises(DataError, match='document "x": a character cannot be written as UTF-8'):
            detector.labelled.write([document], tmp_path / "a", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        "Rain fell.\nSun.\n", "a,b\n1,2\n", "", '{"text": "x"}\n', "\x00\x01\n", b"\xff\xfe\n",
        "a sentence that is rather long, with a tab at its\tend\n",
    ],
)  # fmt: skip
def test_what_is_no_table_of_labels(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(content.encode() if isinstance(content, str) else content))
    assert not any(annotation_format(name).recognises(Source(path)) for name in (*TABLES, "lines"))


PIECES = st.sampled_from(
    [
        "text",
        "label",
        "id",
        "paragraph",
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        '"',
        "reporting",
        "__label__",
        " ",
        "<p>",
        "\x00",
        "é",
    ]
)


@given(
    st.sampled_from(["csv", "tsv", "lines", "cleaneval", "parquet"]),
    st.lists(PIECES | st.binary(max_size=3), max_size=20),
    st.booleans(),
)
def test_any_bytes_are_read_or_refused(name: str, pieces: list[str | bytes], with_header: bool) -> None:
    needs(name)
    content = b"".join(each if isinstance(each, bytes) else each.encode() for each in pieces)
    start = {"csv": b"text,label\n", "tsv": b"text\tlabel\n", "parquet": b"PAR1"}.get(name, b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes((start if with_header else b"") + content)
        for each in NAMES:
            assert annotation_format(each).recognises(Source(path)) in (True, False)
        with contextlib.suppress(DataError):
            list(detector.labelled.read(path, name, any_labels=True))


@given(st.data())
def test_damaged_parquet_is_refused(data: st.DataObject) -> None:
    needs("parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        detector.labelled.write([FERRY, BARE], path)
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(4, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))])
        with contextlib.suppress(DataError):
            list(detector.labelled.read(path, any_labels=True))


def test_of_two_columns_of_parquet_with_one_name_the_first_counts(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"other": ["x"], "text": ["Rain fell."], "label": ["reporting"]}
    names, values = [*columns, "text", "label"], [*columns.values(), ["Give!"], ["appeal"]]
    parquet.write_table(arrow.table(list(map(arrow.array, values)), names=names), tmp_path / "a.parquet")
    (document,) = detector.labelled.read(tmp_path / "a.parquet")
    assert labels(document) == [("Rain fell.", "reporting", None)]
