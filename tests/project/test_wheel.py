"""The wheel: it holds the package and the shipped model alone, works outside the checkout, and is reproducible."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cleaner import Cleaner

NOT_BUILT = shutil.ignore_patterns(".git", ".venv*", ".*cache*", ".hypothesis", "__pycache__", "build", "dist")
OWN_FILES = {"PKG-INFO", "pyproject.toml", ".gitignore"}  # of an sdist, besides those that pyproject.toml names


def build(project: Path, out: Path, umask: int = 0o022) -> dict[str, Path]:
    """Build the sdist and the wheel of a project; returns them by their extension."""
    variables = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run(command, cwd=project, env=variables, umask=umask, check=True, capture_output=True)
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("first") / "project", ignore=NOT_BUILT))


@pytest.fixture(scope="module")
def built(checkout: Path, shipped: Cleaner) -> dict[str, Path]:
    """The sdist and the wheel of that copy."""
    return build(checkout, checkout.parent / "built")


@pytest.mark.slow
def test_a_plain_install_works_outside_the_checkout(built: dict[str, Path], tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--no-deps", "--target", tmp_path / "site", built[".whl"]], check=True)
    assert not (tmp_path / "site" / "training").exists()
    code = (
        "import detector; print(detector.__file__); print(detector.load().clean('Subscribe to our newsletter!').text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith(str(tmp_path))


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_the_model_and_nothing_else(built: dict[str, Path], checkout: Path) -> None:
    package = {path.relative_to(checkout).as_posix() for path in (checkout / "detector").rglob("*") if path.is_file()}
    model = {f"detector/models/default/{path.name}" for path in (checkout / "models" / "default").iterdir()}
    assert {Path(name).suffix for name in package} <= {".py", ".typed"}
    assert {Path(name).suffix for name in model} == {".joblib", ".json", ".md"}
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = {name.split("/", 1)[1] for name in wheel.namelist() if ".dist-info/" in name}
    assert names == package | model
    assert metadata == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


@pytest.mark.slow
def test_the_sdist_holds_what_pyproject_names(built: dict[str, Path], checkout: Path) -> None:
    import tomllib

    settings = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    expected = set(settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]) | OWN_FILES
    with tarfile.open(built[".gz"]) as sdist:
        names = [member.name.split("/")[1:] for member in sdist.getmembers() if member.isfile()]
    assert {name[0] for name in names} == expected
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.slow
def test_builds_of_the_same_files_are_the_same_bytes(built: dict[str, Path], checkout: Path, tmp_path: Path) -> None:
    """In another folder, at another time, with other permissions; the wheel also from the sdist."""
    again = Path(shutil.copytree(checkout, tmp_path / "another" / "folder"))
    for number, path in enumerate(sorted(again.rglob("*"))):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    with tarfile.open(built[".gz"]) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    second, from_sdist = build(again, tmp_path / "second", 0o077), build(unpacked, tmp_path / "third")
    digests = [
        {suffix: hashlib.sha256(path.read_bytes()).hexdigest() for suffix, path in one.items()}
        for one in (built, second, from_sdist)
    ]
    assert digests[0] == digests[1] == digests[2]
