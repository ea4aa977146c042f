"""The gate: figures worse than their floors are found, and floors only rise."""

from __future__ import annotations

import json
from pathlib import Path

import measured_documents
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from detector.errors import DataError
from training.gate import (
    FLOORS_FILE,
    Check,
    Floors,
    compare,
    digest,
    gated,
    main,
    raised,
    read_floors,
    safe_side,
    write_floors,
)

app = typer.Typer()
app.command()(main)

SAFE = [
    ("after", 0.9151, 0.914),
    ("after", 0.915, 0.914),  # a value already on a step moves by a whole one
    ("A@.5", 0.29, 0.289),
    ("gain", 0.0003, 0.0002),
    ("gain", 0.00035, 0.0002),
    ("gain", -0.00011, -0.0003),
    ("lost", 0.0021, 0.0022),
    ("lost", 0.00211, 0.0023),
    ("lost", 0, 0.0001),
]


@pytest.mark.parametrize(("figure", "value", "floor"), SAFE)
def test_the_safe_side(figure: str, value: float, floor: float) -> None:
    assert safe_side(figure, value) == floor


MET = [
    ("after", 0.9, 0.9, True),
    ("after", 0.9, 0.91, True),
    ("after", 0.9, 0.8999, False),
    ("lost", 0.005, 0.005, True),
    ("lost", 0.005, 0.004, True),
    ("lost", 0.005, 0.0051, False),
    ("gain", None, -0.5, True),  # it had no floor
]


@pytest.mark.parametrize(("figure", "floor", "measured", "met"), MET)
def test_a_floor_is_a_minimum_and_a_ceiling_a_maximum(
    figure: str, floor: float | None, measured: float, met: bool
) -> None:
    assert Check("page", figure, floor, measured).met is met


shares = st.floats(0, 1)


@given(st.sampled_from(["lost", "after", "gain", "A@.5", "kinds"]), shares, shares)
def test_raising_never_makes_it_easier(figure: str, floor: float, measured: float) -> None:
    before = Check("page", figure, floor, measured)
    after = Check("page", figure, before.raised, measured)
    assert (after.floor == floor) if figure == "lost" else (after.floor >= floor)
    assert after.met is before.met  # measured values pass the floors made from them
    assert after.raised == after.floor  # and raising again changes nothing


def row(**figures: float) -> dict[str, float | None]:
    return {"lost": 0.01, "A@.5": 0.5, "N@.5": 0.5, "macro": 0.7, "kinds": 0.6, "before": 0.8, "after": 0.9} | figures


def test_each_origin_has_its_own_figures() -> None:
    checks = compare({"page": {"after": 0.95}}, {"page": row(), "readability": row(after=0.81), "extracted": row()})
    assert [c.figure for c in checks if c.origin == "readability"] == ["gain"]
    assert [c.figure for c in checks if c.origin == "page"] == list(gated("page"))
    assert [(c.origin, c.figure) for c in checks if not c.met] == [("page", "after")]
    assert raised(checks)["readability"] == {"gain": 0.0099}
    assert raised(checks)["page"]["after"] == 0.95


@pytest.mark.parametrize(("origin", "figure"), [("readability", "gain"), ("page", "kinds")])
def test_a_floor_for_a_figure_that_was_not_measured(origin: str, figure: str) -> None:
    with pytest.raises(DataError, match=f"floor for {origin} {figure}"):
        compare({origin: {figure: 0.1}}, {"page": row() | {"kinds": None}})


DAMAGED = [
    (None, "no such file"),
    ("{", "cannot be read as JSON"),
    ("[]", '"data"'),
    ('{"figures": {}}', '"data"'),
    ('{"data": 3, "figures": {}}', '"data"'),
    ('{"data": "0", "figures": []}', "not an object of origins"),
    ('{"data": "0", "figures": {"page": 1}}', "page is 1"),
    ('{"data": "0", "figures": {"page": {"afetr": 0.9}}}', "'afetr' has no floor.*after"),
    ('{"data": "0", "figures": {"readability": {"kinds": 0.9}}}', "readability: 'kinds' has no floor"),
    ('{"data": "0", "figures": {"page": {"after": "0.9"}}}', "page: after is '0.9', not a number"),
    ('{"data": "0", "figures": {"page": {"after": true}}}', "page: after is True, not a number"),
    ('{"data": "0", "figures": {"page": {"after": NaN}}}', "page: after is nan, not a number"),
    ('{"data": "0", "figures": {"page": {"after": 91.5}}}', "page: after is 91.5, not a number from -1 to 1"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED)
def test_invalid_floor_files(content: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as raised_:
        read_floors(path)
    assert str(path) in str(raised_.value)


def test_floors_survive_writing_and_reading(tmp_path: Path) -> None:
    floors = Floors("ab", {"page": {"after": 0.9, "lost": 0.005}, "goose3": {"gain": -0.001}})
    write_floors(tmp_path / "floors.json", floors)
    assert read_floors(tmp_path / "floors.json") == floors


def test_the_floors_of_the_shipped_model_can_be_read() -> None:
    floors = read_floors(FLOORS_FILE)
    assert {"page", "extracted"} <= set(floors.figures)
    assert floors.figures["extracted"]["lost"] <= 0.005  # the promise for the default threshold


@pytest.fixture
def arguments(tiny_model_dir: Path, tmp_path: Path) -> list[str]:
    """Arguments of the gate: invented documents, the tiny model, and a file that has no floors yet."""
    data = measured_documents.write(tmp_path / "data.jsonl", measured_documents.documents(6))
    (tmp_path / "floors.json").write_text("{}")
    return [str(data), "--model", str(tiny_model_dir), "--floors", str(tmp_path / "floors.json")]


def test_from_no_floors_to_a_failure(arguments: list[str], tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert json.loads(path.read_text()) == {}  # without --raise, nothing is written

    first = CliRunner().invoke(app, [*arguments, "--raise"])
    assert (first.exit_code, "no floor yet" in first.stdout) == (0, True)
    floors = read_floors(path)
    assert floors.data == digest(tmp_path / "data.jsonl")
    assert set(floors.figures) == {"page", "readability", "extracted"}
    assert CliRunner().invoke(app, arguments).exit_code == 0

    floors.figures["page"]["after"] = 0.9999
    write_floors(path, floors)
    fallen = CliRunner().invoke(app, [*arguments, "--raise"])
    assert fallen.exit_code == 1
    assert "worse than the floor: page after" in fallen.stdout
    assert "WORSE" in fallen.stdout
    assert read_floors(path) == floors  # the floor stays where it was


@pytest.mark.parametrize("extra", [[], ["--raise"]])
def test_other_data_than_the_floors_were_measured_on(extra: list[str], arguments: list[str], tmp_path: Path) -> None:
    CliRunner().invoke(app, [*arguments, "--raise"])
    before = (tmp_path / "floors.json").read_bytes()
    measured_documents.write(tmp_path / "data.jsonl", measured_documents.documents(5))
    other = CliRunner().invoke(app, [*arguments, *extra])
    assert other.exit_code == 2
    assert "not the data that" in other.stderr
    assert (tmp_path / "floors.json").read_bytes() == before


def test_a_file_of_floors_that_is_missing_is_one_line_of_error(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "floors.json").unlink()
    called = CliRunner().invoke(app, arguments)
    assert called.exit_code == 2
    assert called.stderr.startswith("gate: ")
    assert "no such file" in called.stderr
