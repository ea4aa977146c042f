"""Tables between two comments of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.errors import DataError
from training.results_file import rewrite


def test_only_text_between_the_comments_changes(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text("# Ä\n<!-- a:begin -->\nold\n<!-- a:end -->\ntail\n<!-- b:begin -->\n<!-- b:end -->\n", "utf-8")
    rewrite(file, "a", "| new |\n")
    rewrite(file, "b", "\nb")
    once = file.read_text("utf-8")
    assert once == (
        "# Ä\n<!-- a:begin -->\n\n| new |\n\n<!-- a:end -->\ntail\n<!-- b:begin -->\n\nb\n\n<!-- b:end -->\n"
    )
    rewrite(file, "a", "| new |\n")
    assert file.read_text("utf-8") == once


DAMAGED = [
    "",
    "<!-- a:begin -->\n",
    "<!-- a:end -->\n<!-- a:begin -->\n",
    "<!-- a:begin -->\n<!-- a:begin -->\n<!-- a:end -->\n",
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_file_without_the_comments_is_unchanged(content: str, tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text(content, "utf-8")
    with pytest.raises(DataError, match="once each"):
        rewrite(file, "a", "new")
    assert file.read_text("utf-8") == content


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        rewrite(tmp_path / "RESULTS.md", "a", "new")
