"""The documentation is right: commands and code run, links are valid, numbers are those that were measured."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import of_name
from documented import blocks, follow, matches, refreshed
from tiny import ROOT
from typer.main import get_command

import detector
from detector.cli.commands import COMMANDS
from detector.cli.main import app
from detector.features.context import input_width
from detector.features.hashing import BUCKETS
from detector.features.shapes import SHAPE_NAMES
from detector.features.word_vectors import DIMENSIONS
from detector.fit.config import BALANCED
from detector.guard import PAGE_ODDS
from detector.text.sections import LIMITS

sys.path.append(str(ROOT / "docs"))  # the hooks of the site
from hooks import PAGES, expanded, pictures

DOCS = ROOT / "docs"
NAMES = sorted(page.name for page in DOCS.glob("*.md"))
ELSEWHERE = {"examples.md", "integrations.md"}  # run by test_examples.py, and by tests/integrations
TEXT = {name: (DOCS / name).read_text("utf-8") for name in NAMES}
RUN = [name for name in NAMES if name not in ELSEWHERE and re.search(r"```(console|python)", TEXT[name])]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
OTHERS = {"--help", "--name", "--stop-timeout"}  # every command has the first one, docker run the others


@pytest.fixture
def checkout(shipped: object, tmp_path: Path) -> Path:
    """A folder as a reader has it: the checkout, and the reader's own files that pages mention."""
    for name in ("seeds", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "examples" / "articles.jsonl", tmp_path)
    labelled = tmp_path / "labelled"
    labelled.mkdir()
    for name in ("letters", "publishers"):
        shutil.copy(ROOT / "seeds" / f"{name}.jsonl", labelled)
    shutil.copy(ROOT / "seeds" / "comments.jsonl", tmp_path / "test.jsonl")
    _two_labellers(tmp_path)
    return tmp_path


def _two_labellers(folder: Path) -> None:
    """The same documents, labelled by two who disagree once."""
    documents = [json.loads(line) for line in (ROOT / "seeds" / "publishers.jsonl").read_text("utf-8").splitlines()[:5]]
    for name in ("anna", "ben"):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents), "utf-8")
        documents[0]["paragraphs"][0] |= {"label": "navigation", "kind": "menu"}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_instructions_of_a_page_work(name: str, checkout: Path) -> None:
    if "pyarrow" in TEXT[name]:
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(
            arrow.table({"body": ["The ferry sails again.\nSubscribe now!\n"]}), checkout / "pages.parquet"
        )
    follow(TEXT[name], checkout, DOCS / name)


def test_code_for_engines_is_run_by_their_tests() -> None:
    shown = [
        block.code for name in NAMES if name not in ELSEWHERE for block in blocks(TEXT[name]) if block.for_an_engine
    ]
    run = [path.read_text("utf-8") for path in (ROOT / "tests" / "engines").glob("example_*.py")]
    assert len(shown) == 3  # of Ray, Spark and datatrove
    for code in shown:
        assert code in run, code


@pytest.mark.parametrize(
    ("shown", "actual", "like"),
    [
        ("7 kept\n", "12 kept\n", True),
        ("7   kept", "12 kept", True),
        ("7 kept", "7 removed", False),
        ("first\n…\nlast", "first\nsecond\nthird\nlast\n", True),
        ("first\n…\nlast", "first\nsecond\n", False),
        ("failed: …", "failed: no such file", True),
        ('{"id": "a", "n": 1}', '{"id": "b", "n": 2}\n{"id": "a", "n": 2}\n', True),
        ('{"id": "a", "n": 1}', '{"n": 2, "id": "a"}\n', False),
        ('{"id": "a", "n": 1}', '{"id": "a", "n": 1.5}\n', False),
        ('{"id": "a…", "list": [1, "…"]}', '{"id": "abc", "list": [7, 8, 9]}\n', True),
        ('{"keep": true}', '{"keep": false}\n', False),
    ],
)
def test_how_outputs_are_compared(shown: str, actual: str, like: bool) -> None:
    assert matches(shown, actual) is like


@pytest.mark.parametrize(
    ("shown", "actual", "new"),
    [
        ("7 kept\n", "12 kept\n", "12 kept\n"),
        ("a   7\nb  70\n", "a  12\nb   3\n\n", "a  12\nb   3\n"),
        ("first\n…\n7 of 8\n", "first\n1\n2\n9 of 10\n", "first\n…\n9 of 10\n"),
        ("0.1 for …: 7\n", "0.2 for that: 8\n", "0.2 for …: 8\n"),
        (
            '{"a": "7", "n": 1,\n "l": [1.5, "…"]}\n',
            '{"a": "7", "n": 2, "l": [0.50, 3]}\n',
            '{"a": "7", "n": 2,\n "l": [0.50, "…"]}\n',
        ),
    ],
)
def test_the_numbers_of_an_output_are_refreshed(shown: str, actual: str, new: str) -> None:
    assert refreshed(shown, actual) == new


def links(text: str) -> Iterator[str]:
    """The targets of relative links outside code."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return (target for target in LINK.findall(prose) if "://" not in target and not target.startswith("mailto:"))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in NAMES)])
def test_links_are_valid(page: str) -> None:
    path = ROOT / page
    for target in links(path.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), target
        if anchor and not anchor.startswith("detector."):  # those of the API: checked when the site is built
            assert anchor in anchors(expanded(found.read_text("utf-8"))), target


@pytest.mark.parametrize("source", PAGES)
def test_links_of_included_files_are_valid_on_the_site(source: str) -> None:
    for target in links(expanded(f"[{source}](../{source})\n")):
        assert target.split("#")[0] in {"", *NAMES, *pictures(source)}, target
    assert all((ROOT / picture).is_file() for picture in pictures(source))


def parameters() -> dict[str, set[str]]:
    """The options of each command."""
    program: Any = get_command(app)
    commands = {"detector": program, **{f"detector {name}": of_name(program, name) for name in COMMANDS}}
    return {
        name: {o for p in command.params for o in p.opts if o.startswith("-")} for name, command in commands.items()
    }


def test_every_command_and_option_is_documented() -> None:
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", expanded(TEXT["cli.md"]), re.DOTALL | re.MULTILINE))
    for command, options in parameters().items():
        for option in options:
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", sections[command]), f"{command} {option}"


def test_pages_name_only_existing_options() -> None:
    known = set.union(OTHERS, *parameters().values())
    for name, text in TEXT.items():
        assert not set(OPTION.findall(text)) - known, name


NEED_A_LIBRARY = {"ray", "spark", "datatrove", "frame", "huggingface", "langchain", "nemo_curator", "spacy"}
MODULES = [
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in sorted((ROOT / "detector").rglob("*.py"))
    if ">>>" in path.read_text("utf-8") and path.stem not in NEED_A_LIBRARY
]


@pytest.mark.parametrize("module", MODULES)
def test_doctests(module: str, shipped: object) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted
    assert not results.failed


@pytest.mark.parametrize("name", ["index.md", "figures.md"])
def test_figures_of_pages_are_the_measured_ones(name: str) -> None:
    """Each number of the tables is in the results or in the card of the shipped model."""
    sources = ("training/RESULTS.md", "models/default/README.md")
    measured = set(re.findall(r"[\d,.]*\d", "".join((ROOT / source).read_text("utf-8") for source in sources)))
    rows = re.findall(r"^\|.*\|$", re.sub(r"`[^`]*`", "", TEXT[name]), re.MULTILINE)
    numbers = {number for row in rows for number in re.findall(r"\d[\d,.]*\d", row)}
    assert numbers
    assert numbers <= measured


@pytest.mark.parametrize("page", ["README.md", "docs/train.md", "docs/how-it-works.md"])
def test_pages_have_the_size_of_the_training_data(page: str, shipped: detector.Cleaner) -> None:
    data = shipped.model.metadata["data"]
    said = " ".join((ROOT / page).read_text("utf-8").split())
    assert f"{data['documents']:,} documents of {data['sites']:,} sites" in said


def test_the_parts_of_the_training_data_are_all_of_it(shipped: detector.Cleaner) -> None:
    parts = re.findall(
        r"^- ([\d,]+) (?:texts|documents) ", TEXT["how-it-works.md"].split("## Data and labels")[1], re.MULTILINE
    )
    assert sum(int(part.replace(",", "")) for part in parts) == shipped.model.metadata["data"]["documents"]


@pytest.mark.parametrize("page", ["README.md", "docs/clean.md", "docs/formats.md"])
def test_pages_have_the_threshold_of_whole_pages(page: str, shipped: detector.Cleaner) -> None:
    odds = PAGE_ODDS * shipped.model.thresholds[BALANCED] / (1 - shipped.model.thresholds[BALANCED])
    assert f"up to {odds / (1 + odds):.2f}" in " ".join((ROOT / page).read_text("utf-8").split())


def test_the_guide_has_the_thresholds_and_kinds_of_the_shipped_model(shipped: detector.Cleaner) -> None:
    guide = TEXT["clean.md"]
    for name, value in shipped.model.thresholds.items():
        assert re.search(rf"^\| `{name}`.*\| {value:.4f} \|", guide, re.MULTILINE), name
    for label, line in zip(
        shipped.model.labels, re.findall(r"^\| `\w+` \| (`\w+`, .*) \|$", guide, re.MULTILINE), strict=True
    ):
        indices = [n for n, of in enumerate(shipped.model.kind_labels) if shipped.model.labels[of] == label]
        assert set(re.findall(r"`(\w+)`", line)) == {shipped.model.kinds[n] for n in indices}, label


def test_how_it_works_has_the_sizes_of_the_shipped_model(shipped: detector.Cleaner) -> None:
    model = shipped.model
    said = " ".join(TEXT["how-it-works.md"].split())
    assert f"hashed into {BUCKETS:,} buckets" in said
    assert f"{len(SHAPE_NAMES)} numbers: length" in said
    assert f"in {DIMENSIONS} dimensions" in said
    assert f"each of the {len(model.kinds)} kinds" in said
    assert f"a row of {input_width(len(model.labels), len(model.kinds))} numbers" in said
    assert f"one network with layers of {len(model.networks.members[0].layers[0].bias)} units" in said
    assert len(model.networks.members) == 1
    assert f"more than {LIMITS.characters:,} characters" in said
