"""datatrove's local executor."""

from __future__ import annotations

import json
import pickle

import pytest

pytest.importorskip("datatrove", reason="datatrove is not installed here; .ci/engines datatrove runs this")

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.writers import JsonlWriter

from detector.arrow import Settings
from detector.datatrove import Clean

REPORT = "The ferry to Aldermoor runs again."
BLANK = " \n\n "


def documents(*texts):
    return [Document(text=text, id=str(number)) for number, text in enumerate(texts)]


def test_example(run_example, check, work):
    reads = run_example("example_datatrove.py")
    check(work / "clean", without_empty=True)
    assert set(reads.values()) == {1}
    assert len(reads) <= 2  # workers, for four tasks


def test_together_with_a_filter_of_datatrove_and_statistics(corpus, settings, tmp_path):
    chosen = [page for page in corpus.pages if page["visits"] < 500]
    steps = [
        [Document(text=p["text"], id=p["id"], metadata={"visits": p["visits"]}) for p in corpus.pages],
        LambdaFilter(lambda document: document.metadata["visits"] < 500),
        Clean(settings),
        JsonlWriter(str(tmp_path / "clean"), compression=None),
    ]
    stats = LocalPipelineExecutor(steps, workers=1, logging_dir=str(tmp_path / "logs")).run()

    # its writers skip empty texts
    lines = (tmp_path / "clean" / "00000.jsonl").read_text(encoding="utf-8").splitlines()
    cleaned = {row["id"]: (row.get("text", ""), row["metadata"]["removed_share"]) for row in map(json.loads, lines)}
    assert cleaned == {page["id"]: corpus.expected[page["id"]] for page in chosen}

    counted = next(step for step in stats.stats if "detector" in step.name).stats
    assert (counted["total"].total, counted["forwarded"].total) == (len(chosen), len(chosen))
    predictions = list(settings.cleaner.predict_many(page["text"] for page in chosen))
    for verdict, keep in (("kept", True), ("removed", False)):
        for label in predictions[0].labels:
            characters = [
                len(paragraph.text)
                for prediction in predictions
                for paragraph in prediction.paragraphs
                if paragraph.keep is keep and paragraph.label == label
            ]
            assert counted[f"paragraphs_{verdict}_{label}"].total == len(characters)
            assert counted[f"characters_{verdict}_{label}"].total == sum(characters)
            assert counted[f"characters_{verdict}_{label}"].n == len(chosen)


def test_empty_documents_are_kept_by_default(settings):
    step = Clean(Settings(settings.model, threshold=0.0))
    assert [document.text for document in step(documents(REPORT, BLANK, "", REPORT))] == [REPORT, BLANK, "", REPORT]


def test_empty_documents_are_dropped_counted_and_written(settings, tmp_path):
    writer = JsonlWriter(str(tmp_path), output_filename="dropped.jsonl", compression=None)
    step = Clean(Settings(settings.model, threshold=0.0), drop_empty=True, exclusion_writer=writer)
    assert [document.id for document in step(documents(REPORT, BLANK, REPORT))] == ["0", "2"]
    dropped = json.loads((tmp_path / "dropped.jsonl").read_text(encoding="utf-8"))
    assert (dropped["id"], dropped["text"], dropped["metadata"]) == ("1", BLANK, {"filter_reason": "empty"})
    assert {name: step.stats[name].total for name in ("total", "forwarded", "dropped")} == {
        "total": 3,
        "forwarded": 2,
        "dropped": 1,
    }


def test_removed_text_is_written_to_the_metadata(corpus, settings):
    page = max(corpus.pages, key=lambda page: corpus.expected[page["id"]][1])
    step = Clean(Settings(settings.model, settings.threshold, removed_text="gone"))
    (document,) = step([Document(text=page["text"], id=page["id"], metadata={"visits": 3})])
    gone = settings.cleaner.clean(page["text"]).prediction.removed_text()
    assert gone
    assert document.metadata == {"visits": 3, "gone": gone}


def test_documents_that_are_kept_whole_are_counted_and_marked(settings):
    appeals = "Subscribe to our newsletter now!\nSupport our newsroom today!"
    for max_removed, whole in ((0.5, True), (1, False)):
        step = Clean(Settings(settings.model, threshold=1.0, max_removed=max_removed, kept_whole="whole"))
        (document,) = step(documents(appeals))
        assert (document.text, document.metadata["whole"]) == (appeals if whole else "", whole)
        assert ("kept_whole" in step.stats.stats) is whole


def test_a_pickled_step_is_small(settings):
    step = Clean(settings)
    list(step(documents(REPORT)))
    assert len(pickle.dumps(step)) < 10_000


def test_no_documents(settings):
    assert list(Clean(settings)(None)) == []
