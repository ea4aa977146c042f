"""Which documents a report shows, and what it calls their inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.cleaner import Cleaner
from detector.corpus.messages import Message
from detector.corpus.one_file import Run
from detector.corpus.options import Options
from detector.corpus.plan import plan_decisions
from detector.corpus.summary import Summary
from detector.inference.model import Model
from detector.report.gathering import Document, Shortlist, gather, shown_id, shown_names

TEXTS = st.lists(st.text("ab", max_size=9), max_size=30)


def offered(shortlist: Shortlist, texts: list[str]) -> Shortlist:
    for number, text in enumerate(texts):
        shortlist.offer(Document("file", str(number), text))
    return shortlist


def gathered(paths: list[Path], shortlist: Shortlist, model: Model) -> tuple[Summary, list[Message]]:
    messages: list[Message] = []
    planned = plan_decisions([str(path) for path in paths], files={"--output": Path("report.html")})
    return gather(planned, Run(Cleaner(model)), Options(), shortlist, messages.append), messages


@given(TEXTS, st.integers(1, 12))
def test_the_first_documents_are_kept(texts: list[str], limit: int) -> None:
    shortlist = offered(Shortlist(limit), texts)
    assert [document.text for document in shortlist.documents] == texts[:limit]
    assert shortlist.seen == len(texts)


@given(TEXTS, st.integers(1, 12), st.integers(0, 40), st.booleans())
def test_no_more_than_the_limits_are_held(texts: list[str], limit: int, characters: int, sample: bool) -> None:
    documents = offered(Shortlist(limit, sample, characters), texts).documents
    assert len(documents) <= limit
    assert sum(len(document.text) for document in documents) <= characters
    assert [int(document.id) for document in documents] == sorted(int(document.id) for document in documents)


NUMBERS = st.lists(st.integers(), unique=True, max_size=30)


@given(NUMBERS.flatmap(lambda numbers: st.tuples(st.just(numbers), st.permutations(numbers))), st.integers(1, 12))
def test_a_sample_does_not_depend_on_the_order(both: tuple[list[int], list[int]], limit: int) -> None:
    samples = [
        {document.text for document in offered(Shortlist(limit, sample=True), [f"text {n}" for n in numbers]).documents}
        for numbers in both
    ]
    assert samples[0] == samples[1]
    assert len(samples[0]) == min(limit, len(both[0]))


@given(TEXTS, TEXTS, st.integers(1, 12), st.booleans())
def test_lists_of_inputs_are_merged_as_if_they_were_one(
    one: list[str], other: list[str], limit: int, sample: bool
) -> None:
    merged = offered(Shortlist(limit, sample), one)
    merged.merge(offered(Shortlist(limit, sample), other))
    whole = offered(Shortlist(limit, sample), one + other)
    assert [document.text for document in merged.documents] == [document.text for document in whole.documents]
    assert merged.seen == whole.seen


def test_whole_texts_are_gathered_from_all_formats(tmp_path: Path, tiny_model: Model) -> None:
    long = "\n".join(f"The line of number {number} in a long text." for number in range(9000))
    (tmp_path / "long.txt").write_text(long, encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text(
        '{"text": "one\\ntwo"}\n{"text": null}\n{"text": ""}\n{"id": "x", "text": "y"}\n'
    )
    shortlist = Shortlist(10)
    gathered([tmp_path], shortlist, tiny_model)
    found = {Path(document.file).name: document for document in shortlist.documents}
    assert found["long.txt"].text == long
    assert [document.text for document in shortlist.documents][1:] == ["one\ntwo", "y"]
    assert [shown_id(document) for document in shortlist.documents] == ["", "1", "x"]


def test_documents_of_an_input_that_fails_are_left_out(tmp_path: Path, tiny_model: Model) -> None:
    (tmp_path / "good.jsonl").write_text('{"text": "kept"}\n')
    (tmp_path / "bad.jsonl").write_bytes(b'{"text": "lost"}\n'.join([b"", b"\xff\xfe{\n"]))
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe" + "begun".encode("utf-16-le") + b"\xd8")
    shortlist = Shortlist(10)
    summary, messages = gathered([tmp_path], shortlist, tiny_model)
    assert "kept" in [document.text for document in shortlist.documents]
    assert all("bad.txt" not in document.file for document in shortlist.documents)
    assert any("bad.txt" in failure for failure in summary.failed)
    assert any(message.event == "failed" for message in messages)


def test_a_text_that_is_longer_than_all_may_be_is_seen_and_left_out(tmp_path: Path, tiny_model: Model) -> None:
    (tmp_path / "a.txt").write_text("a long text\n" * 40)
    (tmp_path / "b.txt").write_text("short\n")
    shortlist = Shortlist(10, characters=100)
    gathered([tmp_path], shortlist, tiny_model)
    assert [document.text for document in shortlist.documents] == ["short\n"]
    assert shortlist.seen == 2


def test_names_do_not_tell_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in/a/one.txt", "in/b/two.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    tasks = plan_decisions([str(tmp_path / "in")], files={"--output": tmp_path / "r.html"}).tasks
    assert sorted(shown_names(tasks).values()) == ["a/one.txt", "b/two.txt"]
    monkeypatch.chdir(tmp_path)
    tasks = plan_decisions(["in/a/one.txt"], files={"--output": tmp_path / "r.html"}).tasks
    assert shown_names(tasks) == {str(Path("in/a/one.txt")): "one.txt"}
    assert shown_names(plan_decisions([]).tasks) == {"-": "standard input"}
