"""Which lines of a text may hold one of many phrases: a cheap look at all words, so that few lines are read closely."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Offsets

WINDOW = 8  # bytes that are looked up together: the shortest phrase that is looked for in this way
_TABLE_BITS = 18
_REST = np.uint64(64 - _TABLE_BITS)
_MIX, _MIX_LATER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # large odd numbers
_WORD, _BEYOND_ASCII = 1, 2  # a letter or digit; the first byte of another character, which may be one
_ASCII_WORD = string.ascii_letters + string.digits
_CLASSES = bytes(
    _WORD if chr(byte) in _ASCII_WORD else _BEYOND_ASCII if byte >= 0xC0 else 0 for byte in range(256)
)  # fmt: skip


class FirstLook:
    """Finds the lines of a text that may hold one of several phrases, each of which begins with a word.

    Texts and phrases are bytes of UTF-8; a phrase has at least `WINDOW` bytes. It has a hash of its first bytes, and
    one of these with the next ones, or with the last ones of a short phrase. Tables know what the hashes begin with.
    """

    def __init__(self, phrases: Sequence[bytes]) -> None:
        sizes = np.array([len(phrase) for phrase in phrases], dtype=np.int64)
        steps, first = np.minimum(sizes - WINDOW, WINDOW), np.cumsum(sizes) - sizes
        windows = _windows(b"".join(phrases))
        self._steps: list[int] = np.unique(steps).tolist()
        self._begun = np.zeros(1 << _TABLE_BITS, dtype=np.uint16)  # a bit for each of the steps
        np.bitwise_or.at(self._begun, _hashes(windows[first]) >> _REST, np.uint16(1) << steps.astype(np.uint16))
        self._continued = np.unique(_hashes_of_two(windows[first], windows[first + steps], steps))
        self._may_continue = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
        self._may_continue[self._continued >> _REST] = True

    def lines(self, text: bytes) -> Offsets:
        """The lines that may hold a phrase, in order, counted from 0."""
        windows, at = _windows(text), _word_starts(text)
        opening = windows[at]
        steps = self._begun[_hashes(opening) >> _REST]
        begun = np.flatnonzero(steps)
        at, opening, steps = at[begun], opening[begun], steps[begun]
        found = []
        for step in self._steps:
            rows = np.flatnonzero(steps & np.uint16(1 << step))
            hashes = _hashes_of_two(opening[rows], windows[at[rows] + step], step)
            found.append(at[rows[self._continues(hashes)]])
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        return np.unique(np.searchsorted(ends, np.concatenate(found)))

    def _continues(self, hashes: NDArray[np.uint64]) -> Offsets:
        likely = np.flatnonzero(self._may_continue[hashes >> _REST])
        known, hashes = self._continued, hashes[likely]
        same = known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes
        return likely[same]


def _word_starts(text: bytes) -> Offsets:
    """Where words may begin: all places of letters and digits, but those after an ASCII letter or digit."""
    classes = np.frombuffer(b"\0" + text.translate(_CLASSES), dtype=np.uint8)
    return np.flatnonzero((classes[1:] != 0) & (classes[:-1] != _WORD))


def _windows(text: bytes) -> NDArray[np.uint64]:
    """The bytes from each byte on as a number, also for a place a window behind the end."""
    padded = text + bytes(2 * WINDOW)
    return np.ndarray(len(text) + WINDOW, dtype="<u8", buffer=padded, strides=(1,))


def _hashes(windows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return windows * _MIX


def _hashes_of_two(
    first: NDArray[np.uint64], later: NDArray[np.uint64], step: NDArray[np.int64] | int
) -> NDArray[np.uint64]:
    mixed = (first * _MIX) ^ ((later + np.asarray(step).astype(np.uint64)) * _MIX_LATER)
    return mixed * _MIX
