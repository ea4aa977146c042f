"""CleanEval's marked-up text, realigned to the text that it was made of.

A marked-up file holds the article alone: ``<h>`` begins a heading, ``<p>`` a paragraph and ``<l>`` an element of a
list; a line ``URL: …`` may come first. The text of the whole page is in a file of the same name, as text or HTML. The
words of both are aligned, and a line of the page whose words are mostly in the marked-up text has its label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from detector.annotations.names import Label
from detector.annotations.reading import Reading
from detector.annotations.source import Source, decoded
from detector.annotations.spans import paragraph_bounds, unlabelled
from detector.annotations.writing import writing_folder
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.formats.compression import without_compression
from detector.util.output import open_output

GOLD = ("GoldStandard", "gold", "en_cleaned", "cleaned")  # folders of marked-up files; the first one is written
INPUT = ("input", "en_original", "original", "text", "source")  # and of the pages
_LABELS = {"h": Label("reporting", "heading"), "p": Label("reporting", "body"), "l": Label("reporting", "body")}
_REMOVED = Label("navigation")
_MARKED = re.compile(r"\s*(?:URL:[^\n]*\n\s*)?<[hpl]>", re.IGNORECASE)
_URL = re.compile(r"\s*URL:([^\n]*)(?:\n|\Z)", re.IGNORECASE)
_TAG = re.compile(r"<([hpl])>", re.IGNORECASE)
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_SUFFIX = re.compile(r"-cleaned\Z|_cleaned\Z")
_MAX_WORDS = 50_000  # of a page or of its marked-up text: alignment takes time with their product
_HALF = 0.5  # of the words of a line that make it one of the article; of a file that have to be in its page


class Marked(NamedTuple):
    """A marked-up text: its address, empty if none, and its blocks."""

    url: str
    blocks: tuple[Block, ...]


class Block(NamedTuple):
    """A block: ``h``, ``p`` or ``l``, and its text on one line."""

    tag: str
    text: str


class Aligned(NamedTuple):
    """The tag of each line of a page, None for those that are not in the marked-up text; and words that no line has."""

    tags: tuple[str | None, ...]
    words: int
    missing: int


class CleanEvalFormat:
    """Marked-up files beside their pages."""

    name = "cleaneval"
    extensions = ()
    holds = frozenset({"id", "site"})

    def recognises(self, source: Source) -> bool:
        """Whether a file begins with a marked-up block; of a folder, whether one of its marked-up files does."""
        if source.is_folder:
            return any(_is_marked(Source(path).head) for path in _marked_files(source.path)[:1])
        return _is_marked(source.head)

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per marked-up file.

        Its gold text is the marked-up text. Where the page is missing, the document has the article alone. Words of
        the article that the page does not have are counted as left out.
        """
        files = _marked_files(source.path) if source.is_folder else [source.path]
        words = missing = 0
        for path in files:
            where = str(path)
            with reading.record(where, where):
                document, aligned = _document(Source(path), reading)
                words, missing = words + aligned.words, missing + aligned.missing
                yield document
        if missing:
            reading.leave_out(f"words of marked-up texts ({missing / words:.2%}) that their pages do not have", missing)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write a folder with a page and a marked-up text per document.

        Of the labels, only reporting is held, and of the kinds, headings. Raises `DataError` for an id that two
        documents have.
        """
        with writing_folder(path) as folder:
            for name in (INPUT[0], GOLD[0]):
                (folder / name).mkdir()
            for document in documents:
                name = quote(document.id, safe=" ") + ".txt"
                if (folder / GOLD[0] / name).exists():
                    raise DataError(
                        f'document "{document.id[:40]}": another one has this id, and a file is named by it'
                    )
                for inside, text in ((INPUT[0], document.text + "\n"), (GOLD[0], marked_up(document))):
                    with open_output(folder / inside / name) as file:
                        file.write(_encoded(text, document))


def marked_up(document: LabelledDocument) -> str:
    """The paragraphs of reporting as a marked-up text."""
    head = f"URL: {document.site}\n\n" if document.site != document.id else ""
    kept = [each for each in document.paragraphs if each.label == "reporting"]
    return head + "\n".join(f"<{'h' if each.kind == 'heading' else 'p'}>{each.text}\n" for each in kept)


def parse(text: str) -> Marked:
    """The blocks of a marked-up text. What stands before the first mark is a paragraph; entities are decoded."""
    found = _URL.match(text)
    url = found[1].strip() if found else ""
    first, *rest = _TAG.split(text[found.end() if found else 0 :])
    pairs = [("p", first), *zip(rest[::2], rest[1::2], strict=True)]
    blocks = (Block(tag.lower(), " ".join(unescape(body).split())) for tag, body in pairs)
    return Marked(url, tuple(block for block in blocks if block.text))


def align(lines: Sequence[str], blocks: Sequence[Block]) -> Aligned:
    """Find the lines of a page in the blocks of its marked-up text, in order, without regard to white space and case.

    A line is in it if at least half of its words are. It has the tag that most of these have. Raises `DataError` where
    there are too many words.
    """
    page = [(word, number) for number, line in enumerate(lines) for word in _words(line)]
    marked = [(word, block.tag) for block in blocks for word in _words(block.text)]
    if max(len(page), len(marked)) > _MAX_WORDS:
        raise DataError(f"{max(len(page), len(marked)):,} words, more than the {_MAX_WORDS:,} that can be aligned")
    matcher = SequenceMatcher(None, [word for word, _ in marked], [word for word, _ in page])
    tags: list[Counter[str]] = [Counter() for _ in lines]
    matched = 0
    for at, page_at, size in matcher.get_matching_blocks():
        matched += size
        for (_, tag), (_, number) in zip(marked[at : at + size], page[page_at : page_at + size], strict=True):
            tags[number][tag] += 1
    sizes = Counter(number for _, number in page)
    inside = (found if found.total() and found.total() >= _HALF * sizes[at] else None for at, found in enumerate(tags))
    return Aligned(
        tuple(found.most_common(1)[0][0] if found else None for found in inside), len(marked), len(marked) - matched
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _document(source: Source, reading: Reading) -> tuple[LabelledDocument, Aligned]:
    where = str(source.path)
    marked = parse(_text(source))
    if not marked.blocks:
        raise DataError(f"{where}: no marked-up block: <h>, <p> or <l> begins one")
    page = page_of(source.path)
    if page is None:
        reading.leave_out("pages that are missing: their documents have the article alone")
        lines = [block.text for block in marked.blocks]
        aligned = Aligned(tuple(block.tag for block in marked.blocks), 0, 0)
    else:
        text = _page_text(Source(page))
        lines = [text[start:end] for start, end in paragraph_bounds(text)]
        aligned = _aligned(lines, marked.blocks, where, page)
    labels = [_label(tag, where, reading) for tag in aligned.tags]
    paragraphs = tuple(
        LabelledParagraph(line, *(found or (None, None))) for line, found in zip(lines, labels, strict=True)
    )
    name = unquote(_SUFFIX.sub("", without_compression(source.path).stem))
    gold = "\n".join(block.text for block in marked.blocks)
    return LabelledDocument(name, _site(marked.url) or name, None, None, gold, paragraphs), aligned


def _aligned(lines: Sequence[str], blocks: Sequence[Block], where: str, page: Path) -> Aligned:
    """As `align`. Raises `DataError`, with the place, also where the page has not even half of the words."""
    try:
        aligned = align(lines, blocks)
    except DataError as error:
        raise DataError(f"{where}: {error}; leave the page out") from None
    if aligned.missing > _HALF * aligned.words:
        share = 1 - aligned.missing / aligned.words
        raise DataError(f"{where}: only {share:.0%} of its words are in {page}; give it the page that it was made of")
    return aligned


def _label(tag: str | None, where: str, reading: Reading) -> Label | None:
    """The label of a tag; of a line without one, that of ``reading.unlabelled``, else navigation."""
    if tag is None:
        return unlabelled(reading) or _REMOVED
    return reading.label(tag, where) if tag in reading.mapping else _LABELS[tag]


def _site(url: str) -> str:
    """The host of an address."""
    return (urlsplit(url).hostname or url) if "://" in url else url


def _marked_files(folder: Path) -> list[Path]:
    """The marked-up files of a folder, sorted: those below a folder of one of the names `GOLD`, else in it."""
    inside = next((folder / name for name in GOLD if (folder / name).is_dir()), folder)
    return [path for path in sorted(inside.glob("*.txt")) if path.is_file() and _is_marked(Source(path).head)]


def _is_marked(head: bytes) -> bool:
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    return _MARKED.match(text) is not None and "</" not in text


def page_of(path: Path) -> Path | None:
    """The file with the text of the page, as text or HTML: beside the marked-up file, or in a folder beside its own."""
    stem = _SUFFIX.sub("", without_compression(path).stem)
    folders = [path.parent.parent / name for name in INPUT]
    found = [folder / f"{stem}{extension}" for folder in folders for extension in (".txt", ".html", ".htm")]
    beside = [path.parent / f"{stem}{extension}" for extension in (".html", ".htm", ".txt")]
    return next((each for each in (*found, *beside) if each.is_file() and each != path), None)


def _text(source: Source) -> str:
    """A file in UTF-8 with any line ends. Raises `DataError`."""
    with source.opened() as stream:
        return decoded(stream.read(), str(source.path), first=True).replace("\r\n", "\n").replace("\r", "\n")


def _page_text(source: Source) -> str:
    """The text of a page. Raises `UsageError` where HTML needs a library that is missing."""
    if source.path.suffix == ".txt":
        return _text(source)
    from detector.html.page import page_text

    with source.opened() as stream:
        return page_text(stream.read())


def _encoded(text: str, document: LabelledDocument) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        name = document.id[:40].encode("utf-8", "replace").decode()
        raise DataError(f'document "{name}": a character cannot be written as UTF-8 ({error.reason})') from error


CLEANEVAL = CleanEvalFormat()
