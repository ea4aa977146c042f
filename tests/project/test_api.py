"""What ``import detector`` provides, and what it does not import."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tiny import ROOT

import detector
from detector.errors import DataError, DetectorError, ModelError, UsageError

HEAVY = ("sklearn", "scipy", "pandas", "joblib", "threadpoolctl", "typer", "rich", "detector.fit.fit")


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after ``code``."""
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def loaded_of(names: set[str], wanted: tuple[str, ...]) -> set[str]:
    return {name for name in names for top in wanted if name == top or name.startswith(f"{top}.")}


def test_import_loads_no_dependency() -> None:
    assert not loaded_of(modules_after("import detector"), ("numpy", *HEAVY))


def test_the_cleaner_needs_only_numpy() -> None:
    names = modules_after("from detector import *")
    assert "numpy" in names
    assert not loaded_of(names, HEAVY)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'detector' has no attribute 'wash'"):
        _ = detector.wash
    assert set(detector.__all__) <= set(dir(detector))


def test_cleaning_needs_only_numpy(tiny_model_dir: Path) -> None:
    code = f"""
import detector
cleaner = detector.load({str(tiny_model_dir)!r})
text = "The bridge reopened on Monday.\\nSubscribe to our newsletter!\\n"
assert cleaner.clean(text).paragraphs
assert len(list(cleaner.clean_many([text] * 3))) == 3
"""
    assert not loaded_of(modules_after(code), HEAVY)


def test_errors_have_one_base_class() -> None:
    for error in (DataError, ModelError, UsageError):
        assert issubclass(error, DetectorError)
    assert issubclass(UsageError, ValueError)


def test_every_public_name_exists() -> None:
    assert len(set(detector.__all__)) == len(detector.__all__)
    assert all(hasattr(detector, name) for name in detector.__all__)
    assert (Path(detector.__file__).parent / "py.typed").is_file()


def test_the_version_is_the_distribution_s() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", detector.__version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["name"] == "boilerplate-detector"
    assert project["tool"]["hatch"]["version"]["path"] == "detector/__init__.py"


def test_the_calls_of_the_readme(tiny_model_dir: Path) -> None:
    cleaner = detector.load(tiny_model_dir, threshold=0.0)
    text = "The bridge reopened on Monday.\n\nSubscribe to our newsletter!\n"
    result = cleaner.clean(text)
    assert (result.text, len(result.paragraphs), result.removed) == (text, 2, ())
    assert [cleaned.text for cleaned in cleaner.clean_many([text, ""])] == [text, ""]
    assert [len(prediction) for prediction in cleaner.predict_many([text, ""])] == [2, 0]
    first = cleaner.predict(text).paragraphs[0]
    assert (first.start, first.end, first.keep) == (0, 30, True)
    assert set(first.scores) == set(cleaner.model.labels)


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        detector.load(tmp_path)


def test_without_a_name_the_shipped_model_is_loaded(shipped: detector.Cleaner) -> None:
    assert shipped.model.labels[0] == "reporting"
    result = shipped.clean("The bridge reopened on Monday after nine months of repairs, the city council said.\n")
    assert result.paragraphs[0].label == "reporting"
