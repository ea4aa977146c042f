"""Corrections of labels: found by the digest of a line, in all texts of its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled import document, paragraph
from measured_documents import write

from detector.errors import DataError
from training import corrections
from training.corrections import FILE, line_digest, read_corrected, read_corrections

PAGE = document(
    "ferry", paragraph("The ferry was late.", "reporting", "body", "read"), paragraph("Give now!", "navigation", "menu")
)


def test_the_digest_of_a_line() -> None:
    assert line_digest(PAGE, "Give now!") == "c4174d0726ac9bd57912"
    others = [
        (document("bridge", site=PAGE.site), "Give now!"), (document("ferry", site="other.example"), "Give now!"),
        (PAGE, "Give now"),
    ]  # fmt: skip
    assert len({line_digest(PAGE, "Give now!"), *(line_digest(*each) for each in others)}) == 4
    assert len(line_digest(PAGE, "\ud800")) == 20


def test_labels_are_corrected_in_all_texts_of_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extracted = document("ferry", paragraph("Give now!", "navigation", "menu"), origin="trafilatura")
    other = document("bridge", paragraph("Give now!", "navigation", "menu"))
    write(tmp_path / "data.jsonl", [PAGE, extracted, other])
    (tmp_path / "corrections.tsv").write_text(f"{line_digest(PAGE, 'Give now!')}\tappeal\tdonation\n", "utf-8")
    monkeypatch.setattr(corrections, "FILE", tmp_path / "corrections.tsv")
    first, second, third = read_corrected([tmp_path / "data.jsonl"])
    for line in (first.paragraphs[1], second.paragraphs[0]):
        assert (line.text, line.label, line.kind, line.by) == ("Give now!", "appeal", "donation", "read")
    assert first.paragraphs[0] == PAGE.paragraphs[0]
    assert third.paragraphs[0].label == "navigation"


@pytest.mark.parametrize("row", ["", "0123456789abcdef0123\tappeal", "0123\tappeal\tdonation"])
def test_a_row_that_is_no_correction(row: str, tmp_path: Path) -> None:
    file = tmp_path / "corrections.tsv"
    file.write_text(f"{'0' * 20}\tappeal\t\n{row}\n", "utf-8")
    with pytest.raises(DataError, match="line 2: not a digest, a label and a kind"):
        read_corrections(file)


def test_the_file_of_the_project_holds_digests_labels_and_kinds() -> None:
    found = read_corrections(FILE)
    assert len(found) == len(FILE.read_text("utf-8").splitlines()) > 17_000
    assert {label for label, _ in found.values()} == {"reporting", "appeal", "navigation"}
    assert all(set(digest) <= set("0123456789abcdef") for digest in found)
