"""The wheel: it holds the package, the compiled backend and the shipped model alone, works outside the checkout, and is
reproducible."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from tiny import ROOT

from detector.cleaner import Cleaner

NOT_BUILT = shutil.ignore_patterns(
    *(".git", ".venv*", ".*cache*", ".hypothesis", "__pycache__", "build", "dist", "core.*so", "core.*pyd")
)
SOURCE = "detector/backend/source/"  # of the compiled backend
EXAMPLE = (ROOT / "seeds" / "example.txt").read_text(encoding="utf-8")
OWN_FILES = {"PKG-INFO", "pyproject.toml", ".gitignore"}  # of an sdist, besides those that pyproject.toml names


def build(project: Path, out: Path, *what: str, core: str = "1", umask: int = 0o022) -> dict[str, Path]:
    """Build the sdist and the wheel of a project, or one of them; returns them by their extension."""
    variables = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    variables["DETECTOR_BUILD_CORE"] = core
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out), *what]
    subprocess.run(command, cwd=project, env=variables, umask=umask, check=True, capture_output=True)
    return {path.suffix: path for path in out.iterdir()}


def installed_files(wheel: Path) -> set[str]:
    """The names of all files of a wheel but its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("first") / "project", ignore=NOT_BUILT))


@pytest.fixture(scope="module")
def built(checkout: Path, shipped: Cleaner) -> dict[str, Path]:
    """The sdist and the wheel of that copy."""
    return build(checkout, checkout.parent / "built")


@pytest.fixture(scope="module")
def pure(checkout: Path) -> Path:
    """The wheel of that copy without the compiled backend."""
    return build(checkout, checkout.parent / "pure", "-t", "wheel", core="0")[".whl"]


class Used(NamedTuple):
    """What a program found that used an installed wheel, outside the checkout."""

    package: str  # where it is
    kept: str
    compiled: bool  # whether the compiled backend is there


def use(wheel: Path, folder: Path) -> Used:
    """Install a wheel, and clean `EXAMPLE` with it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    assert not (folder / "site" / "training").exists()
    code = (
        "import detector, importlib.util, json, sys; kept = detector.load().clean(sys.stdin.read()).text; "
        "core = importlib.util.find_spec('detector.backend.core'); "
        "print(json.dumps([detector.__file__, kept, core is not None]))"
    )
    variables = {**os.environ, "PYTHONPATH": str(folder / "site"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], input=EXAMPLE, cwd=folder, env=variables, capture_output=True, text=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    return Used(*json.loads(done.stdout))


@pytest.mark.slow
def test_a_plain_install_works_outside_the_checkout(built: dict[str, Path], shipped: Cleaner, tmp_path: Path) -> None:
    used = use(built[".whl"], tmp_path)
    assert used.package.startswith(str(tmp_path))
    assert used.compiled
    assert used.kept == shipped.clean(EXAMPLE).text != EXAMPLE


@pytest.mark.slow
def test_a_wheel_without_the_compiled_backend_works_as_well(pure: Path, shipped: Cleaner, tmp_path: Path) -> None:
    assert pure.name.endswith("-py3-none-any.whl")
    used = use(pure, tmp_path)
    assert used.package.startswith(str(tmp_path))
    assert not used.compiled
    assert used.kept == shipped.clean(EXAMPLE).text != EXAMPLE


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_the_model_and_nothing_else(
    built: dict[str, Path], pure: Path, checkout: Path
) -> None:
    files = {path.relative_to(checkout).as_posix() for path in (checkout / "detector").rglob("*") if path.is_file()}
    package = {name for name in files if not name.startswith(SOURCE)}
    folders = (checkout / "models" / name for name in ("default", "accurate"))
    model = {f"detector/models/{path.parent.name}/{path.name}" for folder in folders for path in folder.iterdir()}
    assert {Path(name).suffix for name in package} <= {".css", ".gz", ".html", ".js", ".py", ".pyi", ".svg", ".typed"}
    assert {Path(name).suffix for name in model} == {".joblib", ".json", ".md", ".onnx"}
    assert installed_files(pure) == package | model
    (core,) = installed_files(built[".whl"]) - package - model
    assert installed_files(built[".whl"]) == {core, *package, *model}
    assert core.startswith("detector/backend/core.")
    assert core.endswith((".so", ".pyd"))
    with zipfile.ZipFile(built[".whl"]) as wheel:
        metadata = {name.split("/", 1)[1] for name in wheel.namelist() if ".dist-info/" in name}
    assert metadata == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


@pytest.mark.slow
def test_the_wheel_fits_later_versions_of_python_and_is_small(built: dict[str, Path]) -> None:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert "-cp311-abi3-" in built[".whl"].name
    assert built[".whl"].stat().st_size < 60_000_000


@pytest.mark.slow
def test_the_sdist_holds_what_pyproject_names(built: dict[str, Path], checkout: Path) -> None:
    import tomllib

    settings = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    expected = set(settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]) | OWN_FILES
    with tarfile.open(built[".gz"]) as sdist:
        names = [member.name.split("/")[1:] for member in sdist.getmembers() if member.isfile()]
    assert {name[0] for name in names} == expected
    assert not [name for name in names if "__pycache__" in name or name[-1].endswith((".so", ".pyd"))]
    source = {path.name for path in (checkout / SOURCE).iterdir() if path.is_file()}
    assert {name[-1] for name in names if "/".join(name).startswith(SOURCE)} == source


@pytest.mark.slow
def test_builds_of_the_same_files_are_the_same_bytes(built: dict[str, Path], checkout: Path, tmp_path: Path) -> None:
    """In another folder, at another time, with other permissions, from the checkout and from the sdist."""
    again = Path(shutil.copytree(checkout, tmp_path / "another" / "folder"))
    with tarfile.open(built[".gz"]) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for folder in (again, unpacked):
        for number, path in enumerate(sorted(folder.rglob("*"))):
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    second = build(again, tmp_path / "second", "-t", "sdist", umask=0o077)
    third = build(unpacked, tmp_path / "third", umask=0o077)

    def digests(suffix: str, *builds: dict[str, Path]) -> set[str]:
        return {hashlib.sha256(one[suffix].read_bytes()).hexdigest() for one in builds}

    assert len(digests(".gz", built, second, third)) == 1
    assert len(digests(".whl", built, third)) == 1
