"""The features of paragraphs as plain lists, and a slow tokenizer."""

from __future__ import annotations

from detector.features.ngrams import ngrams
from detector.features.shapes import shapes
from detector.features.tokens import line_hashes, tokenize
from detector.text.characters import CharacterClass as C
from detector.text.characters import classify
from detector.text.paragraphs import split


def numbers(text: str) -> tuple[list[list[list[list[int]]]], list[list[float]], list[int]]:
    """All features of the paragraphs of a text, alone in its batch."""
    batch = split([text])
    found = tokenize(batch)
    groups = [
        [group.buckets[a:b].tolist() for a, b in zip(group.bounds[:-1], group.bounds[1:], strict=True)]
        for group in ngrams(batch, found)
    ]
    return groups, shapes(batch, found).tolist(), line_hashes(found).tolist()


def buckets(text: str) -> list[list[list[list[int]]]]:
    """The rows of buckets of each group of n-grams and each paragraph."""
    return numbers(text)[0]


def slow_words(text: str) -> list[str]:
    found, run = [], ""
    for character in text + "\n":
        data = character.encode("utf-8", "surrogatepass")
        classes, folded = classify(data + b"\n" * 8)
        lower = folded[: len(data)].tobytes().decode("utf-8", "surrogatepass")
        if classes[0] in (C.LETTER, C.UPPER, C.DIGIT):
            run += lower
            continue
        found += [run] if run else []
        run = ""
        if classes[0] == C.UNSPACED:
            found.append(lower)
    return found
