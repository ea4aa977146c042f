"""The settings of engines name the files of evidence, which every worker reads."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from detector.arrow import Settings
from detector.errors import UsageError
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases


@pytest.fixture
def phrases(tmp_path: Path) -> Path:
    path = tmp_path / "phrases.tsv"
    path.write_text("lantern\tappeal\t20\nferry\treporting\t20\n", encoding="utf-8")
    return path


def test_batches_are_cleaned_with_phrases(phrases: Path, tiny_model_dir: Path) -> None:
    batch = pa.table({"text": ["The ferry left.\nThe lantern is lit.", "The ferry came back."]})
    settings = Settings(str(tiny_model_dir), max_removed=1, threshold=0.9, phrases=str(phrases))
    again = pickle.loads(pickle.dumps(settings))
    assert hash(again) == hash(settings)
    assert settings.cleaner.evidence == (
        Phrases((Phrase("lantern", "appeal", 20, 1), Phrase("ferry", "reporting", 20, 2))),
    )
    assert settings.cleaner.evidence[0] is again.cleaner.evidence[0]  # read once in a process
    scores = [Settings(str(tiny_model_dir)).cleaner.predict("The lantern is lit.").keep_scores[0]]
    scores.append(settings.cleaner.predict("The lantern is lit.").keep_scores[0])
    assert scores[1] < scores[0]
    assert again.clean(batch) == settings.clean(batch)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        _ = Settings(phrases=tmp_path / "none.tsv").cleaner
