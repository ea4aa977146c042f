"""A smaller vocabulary: the tokens that the training documents and the commonest words of many languages need.

Both kinds of tokenizers, unigram and WordPiece, write a word whose token is missing with smaller tokens, down to single
characters.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from tokenizers import Tokenizer

from detector.encoder.tokens import UNKNOWN
from detector.errors import DataError

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # the first tokens, as in XLM-RoBERTa
_SPECIAL_OF_BERT = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")
_LISTED = 6  # occurrences that a token of a listed word counts for, at most
_BATCH = 10_000


def reduced(
    tokenizer: Tokenizer, texts: Iterable[str], listed: Iterable[str], words: int
) -> tuple[Tokenizer, list[int]]:
    """A tokenizer with the ``words`` most frequent tokens, and the number that each has in the given tokenizer.

    Its first tokens are `SPECIAL`, under the names that the given tokenizer has for them. Raises `DataError` for a
    tokenizer that lacks them.
    """
    described = json.loads(tokenizer.to_str())
    model = described["model"]
    pieces = _pieces(model["vocab"])
    special = _special(pieces)
    counts = _counted(tokenizer, texts)
    for token, count in _counted(tokenizer, listed).items():
        counts[token] += min(2 * count, _LISTED)
    frequent = (token for token, _ in counts.most_common() if token not in special)
    kept = [*special, *islice(frequent, words - len(special))]
    if isinstance(model["vocab"], dict):
        model["vocab"] = {pieces[token]: number for number, token in enumerate(kept)}
    else:
        model["vocab"] = [model["vocab"][token] for token in kept]
        model["unk_id"] = UNKNOWN
    described |= {"added_tokens": [], "post_processor": None}  # they would have other numbers
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False)), kept


def _pieces(vocabulary: dict[str, int] | list[tuple[str, float]]) -> list[str]:
    """The tokens of a vocabulary, of WordPiece or unigram, by their numbers."""
    if isinstance(vocabulary, dict):
        return sorted(vocabulary, key=vocabulary.__getitem__)
    return [piece for piece, _ in vocabulary]


def _special(pieces: list[str]) -> list[int]:
    """The numbers of the special tokens."""
    for names in (SPECIAL, _SPECIAL_OF_BERT):
        if set(names) <= set(pieces):
            return [pieces.index(name) for name in names]
    raise DataError(f"the tokenizer has neither {' '.join(SPECIAL)} nor {' '.join(_SPECIAL_OF_BERT)}")


def _counted(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[int]:
    counts: Counter[int] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            _count(tokenizer, batch, counts)
            batch = []
    _count(tokenizer, batch, counts)
    return counts


def _count(tokenizer: Tokenizer, batch: list[str], counts: Counter[int]) -> None:
    for encoded in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
        counts.update(encoded.ids)
