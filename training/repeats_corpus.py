"""A corpus of invented publishers with paragraphs that repeat: ``python -m training.repeats_corpus OUT --documents N``.

The articles, letters and boxes are those of the seed documents of a quarter of the sites, so that a model that was
trained on the others has not seen them. Every story is told with other names and numbers, so that few of its
paragraphs repeat by chance. What repeats is planted: letters with changing amounts, names and dates, boxes, and
reporting: standing explanations, quotations, agency paragraphs, corrections. A line of the corpus is a record with
``id``, ``site``, ``text``, and for each paragraph its ``labels``; planted reporting has the label ``repeated``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents

_ItemT = TypeVar("_ItemT")

REPEATED = "repeated"
PARTS, HELD_OUT = 4, 0  # of the seed sites: those of this part are used
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")
_NUMBER = re.compile(r"\d")
_STANDING = (
    "{name} Mills has 3,000 employees at nine plants and is owned by the {other} family.",
    "{name} has been governed by the {other} Party since the revolt of 1994.",
    "The {name} pipeline carries a third of the country's gas from the {other} fields to the coast.",
    "More than 400 people died in the {name} floods, the worst in the region since records began.",
)
_QUOTES = (
    '"We did not choose this fight, and we will not run from it," President {name} said on the eve of the vote.',
    '"Nobody told us anything until the trucks had left," said {name} {other}, who lives beside the depot.',
)
_AGENCY = (
    "{name} shares fell 4 percent in early trading after the regulator opened an inquiry, the {other} exchange said.",
    "Talks between {name} and {other} were suspended on Thursday without a date for a new round.",
)
_CORRECTIONS = (
    "Correction: an earlier version of this article misspelled the name of {name} {other}, the mayor of the town.",
    "This article was amended to add a response from the {name} ministry, which denied the claims.",
)
# of planted reporting: the templates, how many of each a publisher has, and in what share of its articles each is
_PLANTED = ((_STANDING, 4, 0.03), (_QUOTES, 6, 0.004), (_AGENCY, 6, 0.003), (_CORRECTIONS, 2, 0.01))
_SYLLABLES = (
    "bar",
    "dol",
    "fen",
    "gar",
    "hal",
    "jor",
    "kel",
    "lun",
    "mar",
    "nor",
    "pel",
    "quin",
    "ras",
    "sel",
    "tor",
    "ulm",
    "zan",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph of an article, with its label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher: the letter and the boxes in its articles, each with the share that it is in, and what it reports."""

    site: str
    letter: tuple[Line, ...]
    letter_share: float
    boxes: tuple[tuple[Line, float], ...]
    planted: tuple[tuple[Line, float], ...]
    weight: float


def seed_part(documents: Sequence[LabelledDocument]) -> list[LabelledDocument]:
    """The documents of the sites of the part `HELD_OUT`."""
    return [d for d in documents if part_of(d.site) == HELD_OUT]


def part_of(site: str) -> int:
    """The part of a site, from 0 to `PARTS` - 1."""
    return int.from_bytes(sha256(site.encode()).digest()[:4], "big") % PARTS


class Corpus:
    """Makes articles of invented publishers, the same ones for the same seed."""

    def __init__(self, documents: Sequence[LabelledDocument], publishers: int = 60, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        english = [d for d in seed_part(documents) if (d.lang or "en") == "en"]
        self._stories = [s for d in english if len(s := [p for p in d.paragraphs if p.label == "reporting"]) >= 5]
        self._letters = [s for d in english if len(s := [p for p in d.paragraphs if p.kind == "donation"]) >= 3]
        self._boxes = [
            p for d in english for p in d.paragraphs
            if p.label not in (None, "reporting") and p.kind not in ("donation", "metadata")
        ]  # fmt: skip
        self._publishers = [self._publisher(number) for number in range(publishers)]

    def records(self, number: int) -> Iterator[dict[str, object]]:
        """So many articles as records."""
        weights = np.array([publisher.weight for publisher in self._publishers])
        turns = self._random.choice(len(weights), size=number, p=weights / weights.sum())
        for count, turn in enumerate(turns.tolist()):
            publisher = self._publishers[turn]
            lines = self._article(publisher)
            yield {
                "id": f"{publisher.site}/{count}", "site": publisher.site,
                "text": "\n".join(line.text for line in lines), "labels": [line.label for line in lines],
            }  # fmt: skip

    def _publisher(self, number: int) -> Publisher:
        random = self._random
        letter = tuple(_line(p) for p in self._pick(self._letters))
        boxes = tuple((_line(self._pick(self._boxes)), float(random.beta(0.6, 0.6))) for _ in range(6))
        planted = tuple(
            (Line(self._pick(templates).format(name=self._name(), other=self._name()), REPEATED), share)
            for templates, each, share in _PLANTED
            for _ in range(each)
        )
        share = float(random.choice([0.2, 0.5, 0.9]))
        return Publisher(f"paper{number}.example", letter, share, boxes, planted, 1 / (number + 1))

    def _article(self, publisher: Publisher) -> list[Line]:
        random = self._random
        names: dict[str, str] = {}
        body = [Line(self._told(p, names), "reporting") for p in self._pick(self._stories)]
        for line, share in publisher.planted:
            if random.random() < share:
                body.insert(int(random.integers(1, len(body) + 1)), line)
        if random.random() < publisher.letter_share:
            at = int(random.integers(2, len(body) + 1))
            body[at:at] = [Line(self._with_changes(line.text), line.label) for line in publisher.letter]
        for line, share in publisher.boxes:
            if random.random() < share:
                at = len(body) if random.random() < 0.6 else int(random.integers(0, len(body) + 1))
                body.insert(at, Line(self._with_changes(line.text), line.label))
        return body

    def _told(self, paragraph: LabelledParagraph, names: dict[str, str]) -> str:
        """A paragraph of a story with other names and numbers; one without names gets one."""
        text = _NAME.sub(lambda match: names.setdefault(match[0], self._name()), self._with_numbers(paragraph.text))
        if text != paragraph.text:
            return text
        return f"In {self._name()}, {text[0].lower()}{text[1:]}" if text.endswith(".") else f"{text} in {self._name()}"

    def _with_changes(self, text: str) -> str:
        """A paragraph that repeats, with other numbers; one in ten has another name in it, too."""
        text = self._with_numbers(text)
        return _NAME.sub(self._name(), text, count=1) if self._random.random() < 0.1 else text

    def _with_numbers(self, text: str) -> str:
        return _NUMBER.sub(lambda _: str(self._random.integers(1, 10)), text)

    def _name(self) -> str:
        return "".join(self._random.choice(_SYLLABLES, size=int(self._random.integers(2, 5)))).capitalize()

    def _pick(self, items: Sequence[_ItemT]) -> _ItemT:
        return items[int(self._random.integers(len(items)))]


def _line(paragraph: LabelledParagraph) -> Line:
    return Line(paragraph.text, paragraph.label or "")


def main(
    output: Annotated[Path, typer.Argument(help="The corpus, JSON Lines.")],
    documents: Annotated[int, typer.Option(help="The number of documents.")] = 100_000,
    seeds: Annotated[Path, typer.Option(help="The folder of the seed documents.")] = Path("seeds"),
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
) -> None:
    """Write a corpus."""
    corpus = Corpus(list(read_documents([seeds])), seed=seed)
    with output.open("w", encoding="utf-8") as file:
        for record in corpus.records(documents):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    typer.run(main)
