"""The shipped model on the data beside the project: the article of the original request, and the figures of its card.

``training/gate.py`` checks how good it has to be.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cleaner import Cleaner
from detector.errors import ModelError
from detector.evaluation.evaluate import Evaluation, evaluate
from detector.evaluation.labelled import read_documents
from detector.inference import shipped as shipped_module
from detector.inference.storage import METADATA_FILE, load_model, read_metadata, shipped_model


def test_the_article_of_the_original_request(shared: Path, shipped: Cleaner) -> None:
    """An article of 13 lines, then a publisher's letter and a dismiss button of 8."""
    (path,) = (shared / "seeds").glob("*.txt")
    text = path.read_bytes().decode("utf-8")
    cleaned = shipped.clean(text)
    assert cleaned.text == "".join(text.splitlines(keepends=True)[:13])
    assert {p.label for p in cleaned.paragraphs[13:]} <= {"appeal", "navigation"}
    assert len(cleaned.paragraphs) == 21


# Its files


@pytest.mark.parametrize("name", shipped_module.SHA256)
def test_the_digests_in_the_code_are_those_of_the_files(name: str, shipped: Cleaner) -> None:
    """Whoever trains the shipped model again, or changes its metadata, puts the new digests into the code."""
    assert shipped
    digest = hashlib.sha256((shipped_model() / name).read_bytes()).hexdigest()
    assert shipped_module.SHA256[name] == digest, f"detector/inference/shipped.py: set the digest of {name} to {digest}"


@pytest.mark.parametrize("name", shipped_module.SHA256)
def test_a_changed_file_of_the_shipped_model_is_refused(
    name: str, shipped: Cleaner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped
    folder = shutil.copytree(shipped_model(), tmp_path / "default")
    monkeypatch.setattr(shipped_module, "shipped_folders", lambda: (folder, folder))
    assert load_model() == shipped.model
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: damaged or changed.*install the package again"):
        load_model()
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name}: no such file; install the package again"):
        load_model()


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a zip file that Python can run, with its model where a wheel has it."""
    if not shipped_model().is_dir():
        pytest.skip("models/default holds no model")
    path = tmp_path_factory.mktemp("zip") / "detector.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((ROOT / "detector").rglob("*.py")):
            archive.write(file, file.relative_to(ROOT))
        for file in shipped_model().iterdir():
            archive.write(file, f"detector/models/default/{file.name}")
        archive.writestr("__main__.py", "from detector.cli.main import main\n\nmain()\n")
    return path


def test_the_package_runs_from_a_zip_file(zipped: Path, shipped: Cleaner, tmp_path: Path) -> None:
    """Python imports no compiled module from a zip file, so NumPy computes the same, and a warning says so."""
    text = "The ferry left Hollow Quay at nine.\nSupport our journalism: give 5 € a month!\n"
    command = [sys.executable, zipped, "clean"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.decode() == shipped.clean(text).text
    assert "NumPy computes the same" in done.stderr.decode()


def test_a_zip_file_describes_its_model(zipped: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, zipped, "info", "--json"], capture_output=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)["labels"][0] == "reporting"


# Its figures


@pytest.fixture(scope="module")
def evaluation(shared: Path, shipped: Cleaner) -> Evaluation:
    return evaluate(shipped, list(read_documents([shared / "data" / "dev.jsonl.gz"])))


@pytest.mark.slow
def test_the_card_has_the_figures_of_the_shipped_file(evaluation: Evaluation) -> None:
    said = read_metadata(shipped_model())["figures"]["dev"]
    for origin, row in evaluation.figures.items():
        assert said[origin] == pytest.approx(row, abs=2e-4), f"{METADATA_FILE}: {origin}"


@pytest.mark.slow
def test_the_card_has_the_confusion_of_kinds(evaluation: Evaluation) -> None:
    assert evaluation.confusion is not None
    measured = asdict(evaluation.confusion)
    said = read_metadata(shipped_model())["confusion"]
    assert said["kinds"] == list(measured["kinds"])
    for true, counted, stated in zip(said["kinds"], measured["counts"], said["counts"], strict=True):
        assert sum(stated) == sum(counted), true
        assert stated == pytest.approx(counted, abs=2), true  # another processor may round otherwise
