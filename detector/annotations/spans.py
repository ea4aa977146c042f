"""Labels of stretches of a text become labels of its paragraphs, and the other way round."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from detector.annotations.names import Label, known, literal, one_name
from detector.annotations.reading import Reading, Unit
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.text.paragraphs import split

Name = TypeVar("Name", bound=Hashable)


class Stretch(NamedTuple):
    """Characters of a text, from ``start`` on; ``end`` is exclusive."""

    start: int
    end: int


class Span(NamedTuple):
    """A label, and the stretches that have it: one, or several where the span is discontinuous."""

    label: Label
    stretches: tuple[Stretch, ...]


class Named(NamedTuple):
    """A paragraph of a document's text with a label as one name."""

    start: int
    end: int
    name: str
    text: str


def paragraph_bounds(text: str) -> list[Stretch]:
    """The paragraphs of a text: its lines that are not blank."""
    batch = split([text])
    return [Stretch(*pair) for pair in zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True)]


def checked(start: int, end: int, size: int, where: str) -> Stretch:
    """A stretch of a text with ``size`` characters. Raises `DataError` where it is empty or outside of the text."""
    if not 0 <= start < end <= size:
        what = "empty or backwards, in a text of" if end <= start else "outside of the text, which has"
        raise DataError(f"{where}: the span {start} to {end} is {what} {size} characters")
    return Stretch(start, end)


def labelled_paragraphs(text: str, spans: Sequence[Span], reading: Reading) -> list[LabelledParagraph]:
    """The paragraphs of a text, each with the label that most of its characters have; white space does not count.

    Where most of them have none, the paragraph has the label of ``reading.unlabelled``, or none. The kind is the one
    that most characters with the label have. Of equals, the first in the text is taken. Counts are added to those of
    ``reading``.
    """
    bounds = paragraph_bounds(text)
    sizes = [_size(text[start:end]) for start, end in bounds]
    _count_spans(text, spans, bounds, sizes, reading)
    covered = _cover(text, [stretch for span in spans for stretch in span.stretches], bounds)
    labels = _by_name(text, ((span.label.label, span) for span in spans), bounds)
    kinds = _by_name(text, ((span.label, span) for span in spans), bounds)
    default = unlabelled(reading)
    result = []
    for number, (start, end) in enumerate(bounds):
        found = labels[number]
        label = _commonest(found)
        if label is None or found[label] < sizes[number] - covered[number]:
            chosen = default
        else:
            chosen = _commonest_kind(kinds[number], label)
        reading.counts.divided += len(found) > 1 or 0 < covered[number] < sizes[number]
        result.append(LabelledParagraph(text[start:end], *(chosen or (None, None))))
    return result


def unlabelled(reading: Reading) -> Label | None:
    """The label of text without one."""
    name = reading.unlabelled
    return (known(name) or literal(name)) if name else None


def named_spans(document: LabelledDocument) -> Iterator[Named]:
    """The paragraphs of a document that have a label, as spans of `LabelledDocument.text`."""
    start = 0
    for paragraph in document.paragraphs:
        end = start + len(paragraph.text)
        if paragraph.label is not None:
            yield Named(start, end, one_name(paragraph.label, paragraph.kind), paragraph.text)
        start = end + 1


class Offsets:
    """Converts offsets of a text that count UTF-16 code units, as JavaScript does, to characters, and back."""

    def __init__(self, text: str, unit: Unit) -> None:
        wide = unit == "utf-16" and not text.isascii()
        # the characters beyond the basic plane, which take two units each
        self._wide = [at for at, character in enumerate(text) if character > "\uffff"] if wide else []
        self._units = [at + number + 1 for number, at in enumerate(self._wide)]  # of the second unit of each

    def character(self, offset: int) -> int:
        """The character at an offset in units; inside of a character, that character."""
        return offset - bisect_right(self._units, offset)

    def unit(self, character: int) -> int:
        """The offset in units of a character."""
        return character + bisect_right(self._wide, character - 1)


def _size(text: str) -> int:
    """The characters that are no white space."""
    return len("".join(text.split()))


def _commonest(counts: dict[Name, int]) -> Name | None:
    """The name with the greatest count, the first of equals."""
    return max(counts, key=counts.__getitem__) if counts else None


def _commonest_kind(counts: dict[Label, int], label: str) -> Label | None:
    """Of the entries with a label, the one with the greatest count; of equals, one with a kind, else the first."""
    found = {each: (count, each.kind is not None) for each, count in counts.items() if each.label == label}
    return max(found, key=found.__getitem__) if found else None


def _count_spans(
    text: str, spans: Sequence[Span], bounds: Sequence[Stretch], sizes: Sequence[int], reading: Reading
) -> None:
    for span in spans:
        touched = _cover(text, span.stretches, bounds)
        reading.counts.spans += 1
        reading.counts.exact += bool(touched) and all(count == sizes[number] for number, count in touched.items())
        reading.counts.crossing += len(touched) > 1


def _by_name(
    text: str, named: Iterable[tuple[Name, Span]], bounds: Sequence[Stretch]
) -> defaultdict[int, dict[Name, int]]:
    """For each paragraph, how many of its characters have which name; names in the order of the text."""
    stretches: dict[Name, list[Stretch]] = {}
    for name, span in named:
        stretches.setdefault(name, []).extend(span.stretches)
    result: defaultdict[int, dict[Name, int]] = defaultdict(dict)
    for name in sorted(stretches, key=lambda each: min(stretches[each])):
        for number, count in _cover(text, stretches[name], bounds).items():
            result[number][name] = count
    return result


def _cover(text: str, stretches: Iterable[Stretch], bounds: Sequence[Stretch]) -> Counter[int]:
    """How many characters of which paragraphs are in one of the stretches at least; of those with any."""
    counts: Counter[int] = Counter()
    done = 0
    for start, end in sorted(stretches):
        begin = max(start, done)
        number = max(bisect_right(bounds, (begin, len(text) + 1)) - 1, 0)
        while number < len(bounds) and bounds[number].start < end:
            size = _size(text[max(begin, bounds[number].start) : min(end, bounds[number].end)])
            if size:
                counts[number] += size
            number += 1
        done = max(done, end)
    return counts
