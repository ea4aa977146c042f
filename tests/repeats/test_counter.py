"""Counting how often paragraphs repeat: exact, whatever the order, the parts and the memory."""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import DataError, UsageError
from detector.evidence.paragraph_keys import KEY_VERSION, NO_KEY, keys_of
from detector.evidence.repeats_file import FORMAT, RepeatedParagraphs, read_repeats
from detector.repeats import counter as counter_module
from detector.repeats import runs
from detector.repeats.counter import RepeatCounter
from detector.repeats.rows import COLUMNS, PARAGRAPH
from detector.repeats.summing import Pruning
from detector.text.paragraphs import ParagraphBreak, split
from detector.util.output import OutputError, open_output
from detector.util.stored_arrays import ArrayWriter

Documents = Sequence[tuple[str, str]]  # site and text
WORDS = st.sampled_from(["Give now!", "give 5 now", "Read on", "Bread rose.", "Rain fell.", "12", ""])
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.lists(WORDS, max_size=6).map("\n".join)), max_size=30
)


def expected(documents: Documents, least: int = 2, share: float = 0.0) -> dict[int, tuple[int, int, int]]:
    """What a count by sets in memory finds: by key, the documents, those of the site, and the sites."""
    sites: dict[str, set[frozenset[int]]] = defaultdict(set)
    for site, text in documents:
        if keys := frozenset(keys_of(text.split("\n")).tolist()) - {NO_KEY}:
            sites[site].add(keys)
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for own in sites.values():
        for key in frozenset().union(*own):
            number = sum(key in keys for keys in own)
            if number >= max(least, share * len(own)):
                found[key].append((number, len(own)))
    best = {key: max(counts, key=lambda each: ((each[0] - 1) / (each[1] + 2), *each)) for key, counts in found.items()}
    return {key: (*best[key], len(found[key])) for key in found}


def as_dict(repeats: RepeatedParagraphs) -> dict[int, tuple[int, int, int]]:
    columns = (repeats.documents, repeats.of, repeats.sites)
    return dict(zip(repeats.keys.tolist(), zip(*(column.tolist() for column in columns), strict=True), strict=True))


def counted(documents: Iterable[tuple[str, str]], folder: Path, rows: int = 1 << 10, **pruning: float) -> bytes:
    with RepeatCounter(folder, rows=rows) as counter:
        for site, text in documents:
            counter.add(site, text)
        counter.write(folder / "x.repeats", Pruning(**pruning))  # type: ignore[arg-type]
    return (folder / "x.repeats").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("counts")


@given(documents=DOCUMENTS, least=st.integers(2, 4), share=st.sampled_from([0, 0.3, 1]))
def test_counts_are_exact(documents: Documents, least: int, share: float, folder: Path) -> None:
    counted(documents, folder, min_documents=least, min_share=share)
    found = read_repeats(folder / "x.repeats")
    assert as_dict(found) == expected(documents, least, share)
    sites = {site for site, text in documents if keys_of(text.split("\n")).any()}
    assert found.totals.sites == len(sites)


@given(documents=DOCUMENTS, random=st.randoms(use_true_random=False), rows=st.integers(1, 40))
def test_neither_order_nor_memory_nor_copies_matter(
    documents: list[tuple[str, str]], random: Random, rows: int, folder: Path
) -> None:
    before = counted(documents, folder)
    other = [*documents, *documents[:3]]
    random.shuffle(other)
    assert counted(other, folder, rows) == before
    assert list(folder.iterdir()) == [folder / "x.repeats"]  # temporary files are gone


@given(documents=DOCUMENTS, cuts=st.lists(st.integers(0, 30), min_size=2, max_size=4))
def test_parts_are_merged_without_loss(documents: Documents, cuts: list[int], folder: Path) -> None:
    whole = counted(documents, folder)
    ends = [0, *sorted(cuts), len(documents)]
    paths = []
    for number, (first, last) in enumerate(pairwise(ends)):
        paths.append(folder / f"{number}.counts")
        with RepeatCounter(folder, rows=7) as counter:
            for site, text in documents[first:last]:
                counter.add(site, text)
            counter.write_partial(paths[-1])
    with RepeatCounter(folder) as counter:
        counter.add_files(paths[:2])
        counter.write_partial(folder / "two.counts")  # parts of parts
    with RepeatCounter(folder) as counter:
        counter.add_files([folder / "two.counts", *paths[2:]])
        counter.write(folder / "merged.repeats")
    assert (folder / "merged.repeats").read_bytes() == whole
    for path in (*paths, folder / "two.counts", folder / "merged.repeats"):
        path.unlink()


def test_counters_are_merged(tmp_path: Path) -> None:
    documents = [("a", f"Give now!\nStory {'x' * number}") for number in range(9)]
    with RepeatCounter() as one, RepeatCounter() as two:
        for number, (site, text) in enumerate(documents):
            (one, two)[number % 2].add(site, text)
        one.merge(two)
        one.write(tmp_path / "merged")
    assert (tmp_path / "merged").read_bytes() == counted(documents, tmp_path)


def test_many_runs_are_merged_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_RUNS", 4)
    monkeypatch.setattr(runs, "_BLOCK_ROWS", 3)
    documents = [(f"s{number % 3}", f"Give now!\nStory {'x' * number}\nRead on") for number in range(60)]
    assert counted(documents, tmp_path, rows=5) == counted(documents, tmp_path, rows=10_000)
    with RepeatCounter(tmp_path, rows=5) as counter:
        for site, text in documents:
            counter.add(site, text)
        assert len(counter.release()) < 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str, tmp_path: Path) -> None:
    """What counts as a paragraph is what the cleaner takes for one."""
    texts = [end.join(["Give now!", "", f"Story {'x' * number}", " \t", "Read\u2028on"]) for number in range(3)]
    counted([("a", text) for text in texts], tmp_path)
    repeats = read_repeats(tmp_path / "x.repeats")
    batch = split(texts[:1])
    paragraphs = [texts[0][start:stop] for start, stop in zip(batch.char_start, batch.char_end, strict=True)]
    assert set(repeats.keys.tolist()) == set(keys_of([paragraphs[0], paragraphs[2]]).tolist())


def test_paragraphs_between_blank_lines(tmp_path: Path) -> None:
    with RepeatCounter(paragraphs="blank") as counter:
        for number in range(3):
            counter.add("a", f"Give\nnow!\n \nStory {'x' * number}\ngoes on")
        repeats = counter.write(tmp_path / "x.repeats")
    assert repeats.keys.tolist() == keys_of(["Give\nnow!"]).tolist()


LINES = st.lists(st.tuples(st.sampled_from(["a", "b c", "", " ", "\x0b1"]), st.sampled_from(["\n", "\r\n", "\r"])))


@given(
    lines=LINES, sizes=st.lists(st.integers(0, 9), max_size=30), paragraphs=st.sampled_from(get_args(ParagraphBreak))
)  # fmt: skip
def test_chunks_of_a_text(
    lines: list[tuple[str, str]], sizes: list[int], paragraphs: ParagraphBreak, folder: Path
) -> None:
    """They are cut where paragraphs end, unless one is longer than a chunk."""
    text = "".join(line + end for line, end in lines)
    batch = split([text], paragraphs)
    at = [0, *np.cumsum(sizes).tolist(), len(text)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counter_module, "_CHUNK", 12 + int((batch.char_end - batch.char_start).max(initial=0)))
        with RepeatCounter(folder, paragraphs) as whole, RepeatCounter(folder, paragraphs) as parts:
            whole.add("a", text)
            parts.add("a", (text[start:end] for start, end in pairwise(at)))
            assert [path.read_bytes() for path in whole.release()] == [path.read_bytes() for path in parts.release()]


@given(st.text("ab1 \n\r\x0b\x1c\x85\xa0\u2028\u3000", max_size=40), st.sampled_from(get_args(ParagraphBreak)))
def test_paragraphs_are_those_of_the_cleaner(text: str, paragraphs: ParagraphBreak) -> None:
    batch = split([text], paragraphs)
    expected = keys_of([text[start:end] for start, end in zip(batch.char_start, batch.char_end, strict=True)])
    with RepeatCounter(None, paragraphs) as counter:
        counter.add("a", text)
        rows = [np.frombuffer(path.read_bytes(), dtype="<u8").reshape(-1, COLUMNS) for path in counter.release()]
    assert {int(key) for each in rows for key in each[:, PARAGRAPH]} | {NO_KEY} == {*expected.tolist(), NO_KEY}


def test_blank_lines_of_windows(tmp_path: Path) -> None:
    with RepeatCounter(paragraphs="blank") as counter:
        for number in range(3):
            counter.add("a", f"Give\r\nnow!\r\n\r\nStory {'x' * number}\r\ngoes on")
        repeats = counter.write(tmp_path / "x.repeats")
    assert repeats.keys.tolist() == keys_of(["Give\nnow!"]).tolist()


def test_a_long_text_between_blank_lines_is_cut_at_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter_module, "_CHUNK", 40)
    with RepeatCounter(paragraphs="blank") as counter:
        for number in range(3):
            story = chr(97 + number) * 8
            counter.add("a", iter([f"Story {story}\ngoes on\n\nGive all\nof you\nnow", f"!\n\n{story}"]))
        repeats = counter.write(tmp_path / "x.repeats")
    assert repeats.keys.tolist() == keys_of(["Give all\nof you\nnow!"]).tolist()


def test_a_very_long_document_is_counted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter_module, "MAX_PARAGRAPHS", 10)
    monkeypatch.setattr(counter_module, "_CHUNK", 50)
    lines = [f"Line {chr(97 + number)}\n" for number in range(25)]
    with RepeatCounter() as counter:
        counter.add("a", "".join(lines))
        assert counter.write(tmp_path / "x").totals.documents == 3
    with RepeatCounter() as other:
        other.add("a", iter(lines))
        other.write(tmp_path / "y")
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_names_of_sites_may_be_anything(tmp_path: Path) -> None:
    counted([(site, f"Give now!\nStory {'x' * n}") for site in ("", "ü", "\ud800") for n in range(3)], tmp_path)
    assert read_repeats(tmp_path / "x.repeats").totals.sites == 3


@pytest.mark.parametrize(
    ("site", "text"), [(None, "x"), ("a", None), ("a", [1]), ("a", b"x"), ("a", [b"abc"]), ("a", 5)]
)
def test_what_is_no_text(site: str, text: str) -> None:
    with RepeatCounter() as counter, pytest.raises(UsageError, match="is a str"):
        counter.add(site, text)


@pytest.mark.parametrize("pruning", [{"min_documents": 1}, {"min_share": 1.5}, {"min_share": float("nan")}])
def test_pruning_out_of_range(pruning: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Pruning(**pruning)


def test_too_many_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.repeats.summing.MAX_PARAGRAPHS", 1)
    with pytest.raises(DataError, match="raise --min-documents"):
        counted([("a", f"Give now!\nRead on\nStory {'x' * n}") for n in range(2)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_rows_have_one_byte_order_in_files(tmp_path: Path) -> None:
    """Those of a big-endian machine, too."""
    rows = np.array([[1, 0, 5], [1, 2, 5]], dtype=">u8")
    several = runs.Runs(tmp_path)
    several.add([rows])
    assert [block.tolist() for block in several.rows()] == [rows.tolist()]


def test_wrong_parts(tmp_path: Path) -> None:
    counted([("a", "x\ny")], tmp_path)
    (tmp_path / "text").write_text("Give now!\n")
    with RepeatCounter() as counter:
        for name in ("x.repeats", "text"):
            with pytest.raises(DataError, match=name):
                counter.add_files([tmp_path / name])
        with pytest.raises(UsageError, match="no such file"):
            counter.add_files([tmp_path / "none"])


@pytest.mark.parametrize("at", [-300, 700])
def test_damaged_parts(at: int, tmp_path: Path) -> None:
    with RepeatCounter() as counter:
        for number in range(30):
            counter.add("a", f"Give now!\nStory {'x' * number}")
        counter.write_partial(tmp_path / "x.counts")
    content = bytearray((tmp_path / "x.counts").read_bytes())
    content[at] ^= 0xFF
    (tmp_path / "x.counts").write_bytes(content)
    with RepeatCounter() as counter, pytest.raises(DataError, match="damaged"):
        counter.add_files([tmp_path / "x.counts"])


def test_a_part_whose_rows_are_not_in_order(tmp_path: Path) -> None:
    with (tmp_path / "x.counts").open("wb") as file, ArrayWriter(file) as writer:
        writer.write("about", np.array([FORMAT, KEY_VERSION]))
        writer.write("rows", np.array([[1, 0, 5], [1, 2, 5], [1, 1, 5]], dtype="<u8"))
    with RepeatCounter() as counter, pytest.raises(DataError, match="not in order"):
        counter.add_files([tmp_path / "x.counts"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files that cannot be written end the count with a message, and are gone."""
    monkeypatch.setattr(runs, "open_output", lambda path, mode, name: open_output("/dev/full", "wb", name))
    with RepeatCounter(tmp_path, rows=4) as counter:
        counter.add("a", "Give now!\nRead on")
        with pytest.raises(OutputError, match=r"temporary files.*No space left"):
            counter.add("a", "Give now!\nBread rose.\nRain fell.")
    assert list(tmp_path.iterdir()) == []


def count_part(arguments: tuple[Path, list[tuple[str, str]]]) -> Path:
    """Counts a partition, as a task of an engine does."""
    path, documents = arguments
    with RepeatCounter() as counter:
        for site, text in documents:
            counter.add(site, text)
        counter.write_partial(path)
    return path


def test_in_several_processes(tmp_path: Path) -> None:
    documents = [(f"s{number % 3}", f"Give now!\nStory {'x' * number}") for number in range(40)]
    tasks = [(tmp_path / f"{part}.counts", documents[part::2]) for part in range(2)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        paths = pool.map(count_part, tasks)
    with RepeatCounter() as counter:
        counter.add_files(paths)
        counter.write(tmp_path / "merged")
    assert (tmp_path / "merged").read_bytes() == counted(documents, tmp_path)
