"""Files as the tools write them: what is read, and what is said of those that cannot be read."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detector.labelled
from detector.annotations.registry import recognised
from detector.annotations.source import Source
from detector.errors import DataError
from detector.labelled import Counts

TEXT = "By Noor\nSnow fell on Sunday. 🚢\nGive now!"  # 40 characters, 41 code units
DOCCANO = {"id": 4, "text": TEXT, "label": [[0, 7, "METADATA"], [8, 31, "reporting"], [32, 41, "appeal"]]}
PRODIGY = {
    "text": TEXT, "_input_hash": 1, "_task_hash": 2, "_view_id": "spans_manual", "answer": "accept",
    "tokens": [{"text": "By", "start": 0, "end": 2, "id": 0}, {"text": "Noor", "start": 3, "end": 7, "id": 1}],
    "options": [{"id": 1, "text": "menu"}], "accept": [],
    "spans": [
        {"token_start": 0, "token_end": 1, "label": "metadata"},
        {"start": 8, "end": 30, "token_start": 2, "token_end": 9, "label": "reporting"},
        {"start": 31, "end": 40, "label": "appeal"},
    ],
}  # fmt: skip


def choice(kind: str, names: list[str], **value: object) -> dict[str, Any]:
    return {"id": "x", "from_name": "label", "to_name": "text", "type": kind, "value": {**value, kind: names}}


RESULT = [
    choice("labels", ["metadata"], start=0, end=7, text="By Noor"),
    choice("labels", ["reporting"], start=8, end=30, text="Snow fell on Sunday. 🚢"),
    choice("labels", ["appeal"], start=31, end=40, text="Give now!"),
]


def task(*results: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    annotations = [
        {"id": n, "completed_by": n, "created_at": f"2031-01-0{n}", "result": result}
        for n, result in enumerate(results, 1)
    ]
    return {"id": 4, "data": {"text": TEXT}, "annotations": annotations, "predictions": [], **fields}


def lines(*records: object) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def brat(folder: Path, annotations: str, text: str = TEXT, name: str = "4") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    (folder / f"{name}.ann").write_text(annotations, encoding="utf-8", newline="")
    return folder


STANDOFF = (
    "T1\tmetadata 0 2;3 7\tBy Noor\nT2\treporting 8 30\tSnow fell on Sunday. 🚢\n#1\tAnnotatorNotes T2\tgood\n"
    "T3\tappeal 31 35;36 40\tGive now!\nA1\tNegation T1\n*\tEquiv T1 T2\n"
)
EXPORTS = {
    "doccano": lines(DOCCANO),
    "doccano's JSON": json.dumps([DOCCANO], indent=1),
    "doccano with relations": lines(
        {
            "id": 4,
            "text": TEXT,
            "entities": [
                {"id": n, "label": label, "start_offset": start, "end_offset": end}
                for n, (start, end, label) in enumerate(DOCCANO["label"])  # type: ignore[arg-type]
            ],
            "relations": [{"id": 0, "from_id": 0, "to_id": 1, "type": "x"}],
            "Comments": ["good"],
        }
    ),
    "prodigy": lines({**PRODIGY, "meta": {"id": "4"}}),
    "label-studio": json.dumps([task(RESULT)]),
    "label-studio, a task over several lines": json.dumps(task(RESULT), indent=2),
    "label-studio's JSON_MIN": json.dumps(
        [{"text": TEXT, "id": 4, "label": [each["value"] for each in RESULT], "annotator": 1, "annotation_id": 7,
          "created_at": "2031-01-01"}]
    ),
    "brat": STANDOFF,
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_the_tools(name: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    if name == "brat":
        brat(path, EXPORTS[name])
    else:
        path.write_text(EXPORTS[name], encoding="utf-8")
    assert name.startswith(recognised(Source(path)).name)
    counts = Counts()
    (document,) = detector.labelled.read(path, counts=counts)
    assert document.text == TEXT
    assert [(each.label, each.kind) for each in document.paragraphs] == [
        ("navigation", "metadata"), ("reporting", None), ("appeal", None),
    ]  # fmt: skip
    assert (document.id, document.site) == ("4", "4")
    assert (counts.spans, counts.exact, counts.divided, counts.unlabelled) == (3, 3, 0, 0)


WHOLE = {
    "doccano": (
        {"text": TEXT, "label": ["appeal"]},
        {"text": "Hm.", "labels": []},
        {"text": "A.\nB.", "label": "menu"},
    ),
    "prodigy": (
        {"text": TEXT, "label": "appeal", "answer": "accept"},
        {"text": "no", "label": "appeal", "answer": "reject"},
        {"text": "?", "label": "appeal", "answer": "ignore"},
        {"text": "Hm.", "options": [], "accept": [], "answer": "accept"},
        {"text": "A.\nB.", "options": [{"id": 1, "text": "menu"}, {"id": 2, "text": "x"}], "accept": [1]},
    ),
    "label-studio": (
        task([choice("choices", ["appeal"])]),
        task(),
        {**task([]), "data": {"body": "Hm."}},
        {**task([choice("choices", ["menu"])]), "data": {"text": "A.\nB.", "site": "s.example"}},
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_labels_of_whole_texts(name: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_text(lines(*WHOLE[name]), encoding="utf-8")
    counts = Counts()
    found = list(detector.labelled.read(path, name, counts=counts))
    assert [[each.label for each in document.paragraphs] for document in found] == [
        ["appeal"] * 3, [None], ["navigation"] * 2,
    ]  # fmt: skip
    assert (
        counts.left_out
        == {
            "doccano": {},
            "prodigy": {"tasks with the answer reject": 1, "tasks with the answer ignore": 1},
            "label-studio": {"tasks without annotations": 1},
        }[name]
    )


def annotated(*labels: str) -> list[dict[str, Any]]:
    """The results of an annotator who gave these labels to the three paragraphs."""
    bounds = ((0, 7), (8, 30), (31, 40))
    pairs = zip(labels, bounds, strict=True)
    return [choice("labels", [label], start=start, end=end) for label, (start, end) in pairs if label]


ANNOTATORS = (annotated("menu", "reporting", ""), annotated("about", "appeal", "appeal"), annotated("", "appeal", ""))


@pytest.mark.parametrize(
    ("annotators", "expected"),
    [
        ("majority", ["4: navigation/menu appeal -"]),
        ("first", ["4: navigation/menu reporting -"]),
        ("each", ["4#1: navigation/menu reporting -", "4#2: navigation/about appeal appeal", "4#3: - appeal -"]),
    ],
)
def test_several_annotators(annotators: Any, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task(*ANNOTATORS)]))
    counts = Counts()
    found = list(detector.labelled.read(path, annotators=annotators, counts=counts))
    assert [shown(document) for document in found] == expected
    assert {document.site for document in found} == {"4"}
    assert (counts.several, counts.disagreed) == (1, 3 if annotators == "majority" else 0)


def shown(document: detector.labelled.LabelledDocument) -> str:
    labels = ("/".join(filter(None, (each.label, each.kind))) or "-" for each in document.paragraphs)
    return f"{document.id}: {' '.join(labels)}"


def test_cancelled_annotations_and_the_truth(tmp_path: Path) -> None:
    given = task(*ANNOTATORS)
    given["annotations"][0]["was_cancelled"] = True
    truth = task(*ANNOTATORS)
    truth["annotations"][2]["ground_truth"] = True
    cancelled = task(ANNOTATORS[0])
    cancelled["annotations"][0]["was_cancelled"] = True
    path = tmp_path / "export.json"
    path.write_text(json.dumps([given, truth, cancelled]))
    counts = Counts()
    assert [shown(document) for document in detector.labelled.read(path, counts=counts)] == [
        "4: navigation/about appeal appeal", "4: - appeal -",
    ]  # fmt: skip
    assert counts.left_out == {"cancelled annotations": 2}


def test_other_results_are_counted(tmp_path: Path) -> None:
    rating = {"type": "rating", "to_name": "text", "from_name": "r", "value": {"rating": 3}}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{**task([*RESULT, rating]), "data": {"text": TEXT, "url": "x", "lang": "en"}}]))
    counts = Counts()
    (document,) = detector.labelled.read(path, counts=counts)
    assert document.lang == "en"
    assert counts.left_out == {"results of the type rating": 1, 'values of the field "url"': 1}


def test_html_of_label_studio_is_read_by_its_global_offsets(tmp_path: Path) -> None:
    result = choice(
        "hypertextlabels", ["appeal"], start="/p[1]/text()[1]", end="/p[1]/text()[1]", text="Give now!",
        globalOffsets={"start": 31, "end": 40},
    )  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task([result])]))
    assert [shown(document) for document in detector.labelled.read(path)] == ["4: - - appeal"]


def test_line_breaks_that_label_studio_spells_out(tmp_path: Path) -> None:
    result = choice("labels", ["appeal"], start=8, end=40, text="Snow fell on Sunday. 🚢\\nGive now!")
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task([result])]))
    assert [shown(document) for document in detector.labelled.read(path)] == ["4: - appeal appeal"]


def test_offsets_in_another_unit(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(lines({**DOCCANO, "label": [[31, 40, "appeal"]]}))
    counts = Counts()
    assert [shown(document) for document in detector.labelled.read(path, offsets="characters", counts=counts)] == [
        "4: - - appeal"
    ]
    assert counts.exact == 1


def test_brat_counts_line_ends_and_byte_order_marks(tmp_path: Path) -> None:
    folder = brat(
        tmp_path / "data", "T1\tappeal 8 17\tGive now!\r\n", "\ufeffSnow.\r\nGive now!\r\n", "a/b".replace("/", "%2F")
    )
    (folder / "alone.txt").write_text("Nobody read this.")
    counts = Counts()
    (document,) = detector.labelled.read(folder, counts=counts)
    assert document.text == "Snow.\nGive now!"
    assert shown(document) == "a/b: - appeal"
    assert counts.left_out == {"texts without annotations": 1}
    assert counts.exact == 1


def test_one_file_of_brat(tmp_path: Path) -> None:
    (document,) = detector.labelled.read(brat(tmp_path, STANDOFF) / "4.ann")
    assert shown(document) == "4: navigation/metadata reporting appeal"


def of(name: str, *records: object) -> tuple[str, str]:
    return name, lines(*records)


BAD = {
    "spans beyond the text": (
        *of("doccano", DOCCANO, {"text": "Hm.", "label": [[0, 9, "appeal"]]}),
        r'export:2: "label" 1: the span 0 to 9 is outside of the text, which has 3 characters',
    ),
    "no text": (*of("doccano", {"label": []}), r'export:1: "text" is missing'),
    "a number for a text": (*of("doccano", {"text": 3, "label": []}), r'export:1: "text" is 3, not a string'),
    "half a span": (*of("doccano", {"text": "Hm.", "label": [[0, "appeal"]]}), r'"label" 1: \[0, \'appeal\'\] is no'),
    "an offset that is no number": (
        *of("doccano", {"text": "Hm.", "label": [["0", 2, "appeal"]]}),
        r'"label" 1: "start" is \'0\', not a whole number',
    ),
    "two labels of a text": (
        *of("doccano", {"text": "Hm.", "label": ["appeal", "menu"]}), "export:1: the whole text has 2 labels",
    ),
    "no JSON": ("doccano", lines(DOCCANO) + '{"text": "Hm.\n', "export:2: not JSON"),
    "a list of lists": ("doccano", "[[1]]", "export:1: a record must be a JSON object, not \\[1\\]"),
    "an array that is cut off": ("doccano", json.dumps([DOCCANO, DOCCANO])[:-1], "export:1: the array does not end"),
    "an array with a missing comma": (
        "doccano", json.dumps([DOCCANO]).replace("]}]", "]}\n{}]"), 'export:2: "{" where "," or "]" was expected',
    ),
    "an array with a damaged element": (
        "doccano", '[\n{"text": "Hm." "label": []},\n{"text": "Hm."}\n]', "export:2: not JSON",
    ),
    "a record that is cut off": ("doccano", '[{"text": "Hm."},\n{"text": ', "export:2: not JSON"),
    "an answer that is none": (*of("prodigy", {**PRODIGY, "answer": "yes"}), 'export:1: "answer" is \'yes\', not '),
    "a token that there is not": (
        *of("prodigy", {**PRODIGY, "spans": [{"token_start": 0, "token_end": 2, "label": "appeal"}]}),
        r'export:1: "spans" 1: "token_end" is 2, and there are 2 tokens',
    ),
    "a span without label": (*of("prodigy", {**PRODIGY, "spans": [{"start": 0, "end": 2}]}), '"spans" 1: "label" is'),
    "two choices": (*of("prodigy", {"text": "Hm.", "accept": ["a", "b"]}), 'export:1: "accept" has 2 options'),
    "a choice that is no option": (*of("prodigy", {"text": "Hm.", "accept": [3]}), '"accept" has 3, which is the id'),
    "a choice that is a list": (
        *of("prodigy", {"text": "Hm.", "accept": [[3]], "options": [{"id": [4]}]}),
        r'export:1: "accept" has \[3\], which is the id of no option',
    ),
    "a span with another text": (
        *of("label-studio", task([choice("labels", ["appeal"], start=32, end=41, text="Give now!")])),
        "export:1: result 1: the span 32 to 41 is outside",
    ),
    "a span with its text elsewhere": (
        *of("label-studio", task([choice("labels", ["appeal"], start=30, end=39, text="Give now!")])),
        "export:1: result 1: its text is 'Give now!', but at its offsets the task has",
    ),
    "labels of pictures": (
        *of("label-studio", task([choice("rectanglelabels", ["appeal"], x=1)])),
        'export:1: result 1: the type "rectanglelabels" is no label of a text',
    ),
    "annotators of different texts": (
        *of(
            "label-studio",
            {
                "data": {"head": "a", "foot": "b"},
                "annotations": [
                    {"result": [{**choice("choices", ["menu"]), "to_name": name}]} for name in ("head", "foot")
                ],
            },
        ),
        "export:1: the annotators of the task had different texts; name its field with --text-field",
    ),
    "several fields that may be the text": (
        *of("label-studio", {**task([]), "data": {"head": "a", "foot": "b"}}),
        "export:1: which field of the task's data is the text\\? name it: head, foot",
    ),
    "annotations that are no list": (*of("label-studio", {"data": {}, "annotations": 3}), '"annotations" is 3, not'),
    "a document without paragraphs": (*of("jsonl", {"id": "a"}), 'export:1: "paragraphs" is missing'),
    "bytes that are not UTF-8": ("jsonl", b'{"id": "\xff"}\n', r"export:1: not UTF-8 \(byte 9\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str, tmp_path: Path) -> None:
    format_name, content, message = BAD[name]
    path = tmp_path / "export"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        list(detector.labelled.read(path, format_name))


BAD_BRAT = {
    "T1\tappeal 0 99\tx\n": r"4\.ann:1: T1: the span 0 to 99 is outside of the text",
    "T1\tappeal\n": r"4\.ann:1: no span of brat, such as .*: 'T1\\tappeal'",
    "\nT1 appeal 0 2\n": r"4\.ann:2: no span of brat",
    "hello\n": r"4\.ann:1: no annotation of brat: 'hello'",
    "T7\tappeal 0 7\tBy Nora\n": r"4\.ann:1: T7: its text is 'By Nora', but at its offsets the document has 'By Noor'",
}


@pytest.mark.parametrize("annotations", BAD_BRAT)
def test_bad_files_of_brat(annotations: str, tmp_path: Path) -> None:
    brat(tmp_path, annotations)
    with pytest.raises(DataError, match=BAD_BRAT[annotations]):
        list(detector.labelled.read(tmp_path, "brat"))


def test_a_text_of_brat_that_is_missing(tmp_path: Path) -> None:
    (brat(tmp_path, STANDOFF) / "4.txt").unlink()
    brat(tmp_path, STANDOFF, name="5")
    with pytest.raises(DataError, match=r"4\.ann: its text is missing: 4\.txt"):
        list(detector.labelled.read(tmp_path))


def changed(value: Any, data: st.DataObject) -> Any:
    """A value of JSON with something else in one place."""
    odd = st.sampled_from((None, True, -1, 3, 1e9, "", "x", [], {}, [1], [[0, 2, "menu"]], {"start": 1}, [[1]]))
    if not isinstance(value, dict | list) or not value or data.draw(st.booleans()):
        return data.draw(odd)
    key = data.draw(st.sampled_from([*(value if isinstance(value, dict) else range(len(value)))]))
    if isinstance(value, list):
        return [*value[:key], changed(value[key], data), *value[key + 1 :]]
    if data.draw(st.integers(0, 9)) == 0:
        return {name: each for name, each in value.items() if name != key}
    return {**value, key: changed(value[key], data)}


@given(st.sampled_from(("doccano", "prodigy", "label-studio")), st.data())
@settings(max_examples=300)
def test_changed_records_are_read_or_said_to_be_bad(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    record = {"doccano": DOCCANO, "prodigy": PRODIGY, "label-studio": task(RESULT)}[name]
    path = tmp_path_factory.mktemp("changed") / "export"
    path.write_text(lines(changed(record, data)))
    for format_name in (name, None):
        with contextlib.suppress(DataError):
            list(detector.labelled.read(path, format_name))
