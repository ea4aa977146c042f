"""Batches of documents for the network, on any device of PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.encoder.model import SEPARATOR
from detector.util.arrays import Floats
from training.teacher.examples import Examples, Item
from training.teacher.network import Batch

PADDING = 1  # as in XLM-RoBERTa
_POOL = 2000  # documents that are sorted together
_MULTIPLE = 16  # of tokens that windows are padded to: a new length costs the processor a preparation


@dataclass(frozen=True)
class Targets:
    """What the network is to say of the paragraphs of a batch; each ``(paragraphs,)``, see `Examples`."""

    label: Tensor
    kind: Tensor
    weight: Tensor


def grouped(
    items: Sequence[Item], longest: NDArray[np.int64], tokens: int, random: np.random.Generator
) -> Iterator[list[Item]]:
    """The documents in random order, in batches with windows of similar lengths, and of ``tokens`` tokens at most.

    ``longest`` is the number of tokens of the longest window of each. Padding counts. A document is not divided.
    """
    order = random.permutation(len(items))
    for at in range(0, len(order), _POOL):
        pool = order[at : at + _POOL]
        pool = pool[np.argsort(longest[pool], kind="stable")]
        groups: list[list[Item]] = [[]]
        count = 0
        for number in pool.tolist():
            own = len(items[number][1])
            if groups[-1] and (count + own) * longest[number] > tokens:
                groups.append([])
                count = 0
            groups[-1].append(items[number])
            count += own
        for group in random.permutation(len(groups)).tolist():
            yield groups[group]


def longest_windows(data: Examples, items: Sequence[Item], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of tokens of the longest window of each document; ``sizes`` are those of `Examples.sizes`."""
    ends = np.concatenate(([0], np.cumsum(sizes)))
    return np.array(
        [max(ends[data.bounds[d] + stop] - ends[data.bounds[d] + start] for start, stop in own) for d, own in items]
    )


def batch_of(data: Examples, items: Sequence[Item]) -> tuple[Batch, NDArray[np.int64]]:
    """Documents as a batch, and the rows of their paragraphs in the data."""
    counts = np.array([data.bounds[d + 1] - data.bounds[d] for d, _ in items])
    rows = np.concatenate([np.arange(data.bounds[d], data.bounds[d + 1]) for d, _ in items])
    firsts = np.cumsum(counts) - counts
    spans = [
        (first + start, first + stop) for first, (_, own) in zip(firsts, items, strict=True) for start, stop in own
    ]
    row = np.concatenate([np.arange(start, stop) for start, stop in spans])
    ids, paragraph, separator = _padded(data, rows[row], np.array([stop - start for start, stop in spans]))
    arrays = (ids, paragraph, separator, row, data.described[rows], data.logs[rows], counts)
    return Batch(*map(torch.from_numpy, arrays)), rows


def _padded(
    data: Examples, rows: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The tokens of windows, the paragraph of each, and the separators; window ``w`` has ``counts[w]`` of the rows."""
    sizes = data.tokens.sizes[data.text[rows]]
    window = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(sizes)
    before = np.concatenate(([0], np.cumsum(np.add.reduceat(sizes, np.cumsum(counts) - counts))))
    width = -(-int(np.diff(before).max()) // _MULTIPLE) * _MULTIPLE
    shift = window * width - before[:-1][window]  # from a place among the tokens to one in the padded windows
    separators = ends - 1 + shift
    ids = np.full(len(counts) * width, PADDING, dtype=np.int64)
    paragraph = np.full(len(ids), len(rows), dtype=np.int64)
    owner = np.repeat(np.arange(len(rows)), sizes)
    places = np.arange(len(owner)) + shift[owner]
    paragraph[places] = owner
    inside = np.ones(len(owner), dtype=np.bool_)
    inside[ends - 1] = False
    starts = data.tokens.bounds[data.text[rows]]
    offsets = np.arange(len(owner)) - (ends - sizes)[owner]
    ids[places[inside]] = data.tokens.ids[(starts[owner] + offsets)[inside]]
    ids[separators] = SEPARATOR
    return ids.reshape(len(counts), width), paragraph.reshape(len(counts), width), separators


def targets_of(data: Examples, weight: Floats, rows: NDArray[np.int64], device: torch.device) -> Targets:
    """What the network is to say of some rows; ``weight`` is that of each row of the data."""
    return Targets(*(torch.from_numpy(each[rows]).to(device) for each in (data.label, data.kind, weight)))


def moved(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device."""
    return Batch(*(each.to(device, non_blocking=True) for each in vars(batch).values()))
