"""The benchmark against other versions of the package: that each is measured in its own environment."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest
from tiny import ROOT
from typer.testing import CliRunner

from detector.cleaner import Cleaner
from detector.errors import UsageError
from training import against, benchmark, speed_report
from training.result import Bound
from training.subprocesses import CommandError
from training.versions import THIS, Inputs, Version, working

MEGABYTES = 0.05
OTHER = """
import os, time
__version__ = "0.0.1"
class Cleaner:
    def clean(self, text):
        time.sleep(0.0001)
    def predict_many(self, texts):
        if "DETECTOR_BROKEN" in os.environ:
            raise ValueError("it broke")
        time.sleep(0.0001)
        return ([text] for text in texts)
def load():
    return Cleaner()
"""
COMMAND = """
import shutil, sys
_, clean, source, option, target, quiet = sys.argv
assert (clean, option, quiet) == ("clean", "-o", "-q")
shutil.copy(source, target)
"""
needs_processes = pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with a package of the same name, which can do what all versions can."""
    package = tmp_path / "other" / "detector"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(OTHER)
    (package / "__main__.py").write_text(COMMAND)
    return package.parent


def described(name: str, folder: Path, *variables: str) -> str:
    """A version as the option describes it: this interpreter, which finds the package in a folder."""
    return f"{name}: {shlex.join([f'PYTHONPATH={folder}', *variables, sys.executable])}"


def test_a_version_is_described_in_one_line() -> None:
    version = Version.parse(f"plain: DETECTOR_NUMBA=0 'A=b c=d' {shlex.quote(sys.executable)}")
    assert version == Version("plain", sys.executable, {"DETECTOR_NUMBA": "0", "A": "b c=d"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "give --against"),
        (sys.executable, "give --against"),
        (f": {sys.executable}", "give --against"),
        (f"old: --option {sys.executable}", "give --against"),
        ("old:", "no interpreter ''"),
        ("old: no/such/python", "no interpreter 'no/such/python'"),
    ],
)
def test_what_describes_no_version_is_refused(given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Version.parse(given)


def test_another_version_does_not_find_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert Version("old", sys.executable).environment(tmp_path)["PYTHONPATH"] == ""
    assert Version("old", sys.executable, {"PYTHONPATH": "a"}).environment(tmp_path)["PYTHONPATH"] == "a"
    assert THIS.environment(tmp_path)["PYTHONPATH"] == str(ROOT)


def test_a_version_is_measured_by_its_interpreter(other: Path, tmp_path: Path) -> None:
    inputs = Inputs(["One.\nTwo.", "half a pair: \ud83d"], ["One."], repeated=2).write(tmp_path / "inputs.json")
    with working(Version.parse(described("old", other)), inputs, tmp_path) as worker:
        assert worker.about.version == "0.0.1"
        assert Path(worker.about.file).is_relative_to(other)
        assert worker.about.load >= 0
        assert worker.measure("predict_many") > 0.0001
        assert 0.0001 < worker.measure("clean") < 1


def test_a_version_that_fails_is_not_measured(other: Path, tmp_path: Path) -> None:
    inputs = Inputs(["One."], ["One."]).write(tmp_path / "inputs.json")
    with working(Version.parse(described("old", other, "DETECTOR_BROKEN=1")), inputs, tmp_path) as worker:
        for _ in range(2):  # the process has ended before the second time
            with pytest.raises(CommandError, match="it broke"):
                worker.measure("predict_many")


def test_a_version_that_cannot_be_imported_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / "detector.py").write_text("raise ValueError('not here')")
    inputs = Inputs(["One."], ["One."]).write(tmp_path / "inputs.json")
    missing = Version.parse(described("old", tmp_path))
    with pytest.raises(CommandError, match="not here"), working(missing, inputs, tmp_path):
        pytest.fail("there is nothing to measure")


def test_this_version_is_no_other_one(shipped: Cleaner, seed_texts: list[str], tmp_path: Path) -> None:
    same = Version.parse(described("old", ROOT))
    with pytest.raises(UsageError, match="--against old: the interpreter finds this checkout"):
        against.measure([same], seed_texts, MEGABYTES, 1, tmp_path)
    assert not list(tmp_path.iterdir())


@needs_processes
@pytest.mark.slow
def test_this_version_relative_to_others(
    shipped: Cleaner, other: Path, seed_texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(against, "_CALLS", 3)
    others = [Version.parse(described(name, other, f"DETECTOR_NUMBA={name}", "A=b")) for name in ("plain", "older")]
    measured = against.measure(others, seed_texts, MEGABYTES, 2, tmp_path)
    rows = {row.name: row for row in measured.rows}
    assert all(row.value > 0 and len(row.runs) == 2 for row in measured.rows)
    predict, call = "`predict_many`", "one `clean` call of 10 kB, p50"
    command = "`detector clean`, JSON Lines to JSON Lines, whole process"
    expected = rows[f"{predict}: this version"].value / rows[f"{predict}: plain"].value
    assert rows[f"{predict} relative to plain"].value == pytest.approx(expected)
    expected = rows[f"{call}: this version"].value / rows[f"{call}: plain"].value
    assert rows[f"{call} relative to plain"].value == pytest.approx(expected)
    assert {name: row.bound for name, row in rows.items() if " relative to " in name} == {
        f"{predict} relative to plain": Bound(4), f"{predict} relative to older": None,
        f"{call} relative to plain": Bound(0.4, upper=True), f"{call} relative to older": Bound(0.4, upper=True),
        f"{command} relative to plain": Bound(2), f"{command} relative to older": Bound(2),
    }  # fmt: skip
    assert "plain: 0.0.1" in measured.setting
    assert "`DETECTOR_NUMBA=older`" in measured.setting
    assert not {"A=b", str(other)} & set(measured.setting.replace("`", " ").split())


def test_the_command_measures_other_versions(
    shipped: Cleaner, other: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Version] = []

    def measure(others: list[Version], *_: object) -> object:
        measured.extend(others)
        return speed_report.Section("Relative to other versions", "None.", ())

    monkeypatch.setattr(against, "measure", measure)
    options = [option for name in ("plain", "speed") for option in ("--against", described(name, other))]
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), "--parts", "versions", *options])
    assert done.exit_code == 0, done.output
    assert [version.name for version in measured] == ["plain", "speed"]
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), "--parts", "versions", *options[:2] * 2])
    assert done.exit_code == 2
    assert "one name" in done.output
