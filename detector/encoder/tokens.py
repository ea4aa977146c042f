"""Paragraphs as tokens: the beginning and the end of each, by a tokenizer of the library ``tokenizers``.

Of a long paragraph, the tokenizer sees only the first and the last characters. A character that is not valid Unicode (a
lone surrogate) counts as a question mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detector.encoder.engine import EXTRA, NAME, short
from detector.errors import ModelError
from detector.util.arrays import Floats, Offsets
from detector.util.libraries import load_library
from detector.util.pickling import PickledFields

if TYPE_CHECKING:
    from tokenizers import Tokenizer

HEAD, TAIL = 24, 8  # tokens that are read of the beginning and of the end of a longer paragraph
MOST_TOKENS = HEAD + TAIL + 1  # of a paragraph, with its separator
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 240, 80  # in which these are looked for
UNKNOWN = 3  # the token of what has no other; those before it are special, as in XLM-RoBERTa
DESCRIBED = 4  # numbers that `describe` returns for a paragraph


@dataclass(frozen=True)
class Tokens:
    """The tokens of paragraphs, one after another: paragraph ``p`` has ``ids[bounds[p]:bounds[p + 1]]``."""

    ids: NDArray[np.int64]
    bounds: Offsets

    @property
    def sizes(self) -> Offsets:
        """The number of tokens of each paragraph, with the separator that follows it."""
        return np.diff(self.bounds) + 1


@dataclass(frozen=True)
class ParagraphTokenizer(PickledFields):
    """Turns paragraphs into tokens; ``content`` is the file of a tokenizer in the format of ``tokenizers`` (JSON)."""

    content: str

    def __call__(self, paragraphs: Sequence[str]) -> Tokens:
        """The tokens that are read of each paragraph, at most `HEAD` and `TAIL`. No thread is started."""
        is_long = [len(paragraph) > _HEAD_CHARACTERS + _TAIL_CHARACTERS for paragraph in paragraphs]
        parts = [p[:_HEAD_CHARACTERS] if cut else p for p, cut in zip(paragraphs, is_long, strict=True)]
        parts += [p[-_TAIL_CHARACTERS:] for p, cut in zip(paragraphs, is_long, strict=True) if cut]
        encoded = [self._tokenizer.encode(_valid(part), add_special_tokens=False).ids for part in parts]
        ends = iter(encoded[len(paragraphs) :])
        rows = [
            ids[:HEAD] + next(ends)[-TAIL:] if cut else _shortened(ids)
            for ids, cut in zip(encoded, is_long, strict=False)
        ]
        bounds = np.cumsum([0, *map(len, rows)])
        tokens = np.array([token for row in rows for token in row], dtype=np.int64)
        return Tokens(np.where(tokens < UNKNOWN, UNKNOWN, tokens), bounds)  # a text may have "</s>" in it

    def check(self, words: int) -> None:
        """Raise `ModelError` for what is no tokenizer, or has tokens that are not below ``words``."""
        last = max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
        if last >= words:
            raise ModelError(f"it has the token {last:,}, and the encoder has {words:,}")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        library = load_library("tokenizers", NAME, EXTRA)
        try:
            tokenizer: Tokenizer = library.Tokenizer.from_str(self.content)
        except Exception as error:
            raise ModelError(f"the tokenizer of {NAME} cannot be used: {short(error)}; update tokenizers") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


def _shortened(ids: list[int]) -> list[int]:
    return ids if len(ids) <= HEAD + TAIL else ids[:HEAD] + ids[-TAIL:]


def _valid(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def describe(lengths: Offsets, bounds: Offsets) -> Floats:
    """What the tokens do not tell of each paragraph, ``(paragraphs, DESCRIBED)``, all between 0 and about 2.

    These are logarithms of its characters, ``lengths`` (blanks at its ends do not count), and of the paragraphs before
    it and after it in its document, and whether it has more characters than the tokenizer sees. Document ``d`` has the
    paragraphs ``bounds[d]`` to ``bounds[d + 1]``.
    """
    row = np.arange(len(lengths))
    counts = np.diff(bounds)
    before = row - np.repeat(bounds[:-1], counts)
    after = np.repeat(bounds[1:], counts) - 1 - row
    is_long = lengths > _HEAD_CHARACTERS + _TAIL_CHARACTERS
    columns = [np.log1p(lengths) / 6, is_long, np.log1p(before) / 5, np.log1p(after) / 5]
    return np.stack(columns, axis=1).astype(np.float32)
