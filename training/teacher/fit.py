"""Fine-tunes an encoder: labelled documents to logits of kinds, as a correction of the small model's.

AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019), a learning rate that rises over the first
tokens and then falls linearly. Of half of the documents only some windows are read, as by the cascade. The weights that
are kept are a moving average. The products are computed in bfloat16, on the accelerator if there is one.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from detector.encoder.model import SEPARATOR, doubts_of
from detector.encoder.tokens import UNKNOWN
from detector.errors import UsageError
from detector.fit.origins import AUGMENTED, CLEAN, LINES, PAGE, SEED, is_extracted
from detector.inference.calibration import label_sums
from detector.inference.model import kind_membership
from training.teacher.batches import PADDING, Targets, batch_of, grouped, longest_windows, moved, targets_of
from training.teacher.examples import MOST, Examples, Item
from training.teacher.network import Batch, Reader

_WARM_UP, _LEAST_RATE = 0.06, 0.02  # share of the tokens; share of the learning rate
_BETAS, _MAX_NORM = (0.9, 0.98), 1.0
_AVERAGED = 0.99  # share of the moving average that stays after a step
_FEWEST = 100  # tokens of a window, at least, where a document has more
_EVERY = 50  # steps between messages
_DOUBT = 0.1  # of a paragraph, from which on its window is not left out


@dataclass(frozen=True)
class TeacherConfig:
    """The hyperparameters of a fit. ``tokens`` are those that it reads, in several passes.

    Raises `UsageError` for more ``frozen`` layers than there are, and for a ``word_dropout`` or ``certain`` that is no
    share.
    """

    layers: int = 6
    frozen: int = 0  # first layers that stay as pretrained; if any do, the embeddings do, too
    tokens: int = 15_000_000
    batch_tokens: int = 6144
    learning_rate: float = 1.5e-4  # of the encoder
    head_rate: float = 1e-3  # of the recurrent network and the head
    weight_decay: float = 0.01
    dropout: float = 0.1
    word_dropout: float = 0.0  # share of the tokens that are read as unknown
    appeal_weight: float = 1.5
    extracted_weight: float = 2.0  # of the paragraphs of extracted texts, which are fewer than those of pages
    whole: float = 0.5  # share of the documents that are read whole
    certain: float = 1.0  # share of the windows without a paragraph in doubt that are read
    seed: int = 0
    left_out: tuple[int, ...] = (0,)  # folds of the sites
    extracted: int = 2  # extracted texts of a page that are drawn in a pass
    # documents of other origins in a pass, as a share of all of them
    shares: Mapping[str, float] = field(
        default_factory=lambda: {PAGE: 1.0, SEED: 1.0, LINES: 0.5, CLEAN: 0.1, AUGMENTED: 0.07}
    )

    def __post_init__(self) -> None:
        if not 0 <= self.frozen <= self.layers:
            raise UsageError(f"frozen must be from 0 to the number of layers, {self.layers}, not {self.frozen}")
        for name in ("word_dropout", "certain"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must be from 0 to 1, not {getattr(self, name)}")


def with_word_dropout(batch: Batch, share: float) -> Batch:
    """The batch with a share of its tokens, drawn at random, as `UNKNOWN`; separators and padding stay."""
    if not share:
        return batch
    is_word = (batch.ids != PADDING) & (batch.ids != SEPARATOR)
    ids = batch.ids.masked_fill(is_word & (torch.rand(batch.ids.shape) < share), UNKNOWN)
    return replace(batch, ids=ids)


def begin_with(model: Reader, file: Path) -> int:
    """Take the weights of a saved fit. Returns the tokens that it had read, with those before it."""
    state = torch.load(file, weights_only=True, map_location="cpu")
    model.load_state_dict(state["model"])
    return int(state["before"] + state["seen"])


class Pass:
    """Draws the documents of a pass, and their windows."""

    def __init__(self, data: Examples, chosen: NDArray[np.int64], config: TeacherConfig) -> None:
        self._data, self._config = data, config
        self._sizes = data.sizes
        labels = label_sums(np.exp(data.logs), data.kind_labels, len(data.labels))
        self._in_doubt = doubts_of(labels) >= _DOUBT
        self._groups: dict[Any, list[int]] = {}
        for number in chosen.tolist():
            document = data.documents[number]
            key = document.origin if document.origin in config.shares else (document.site, document.id)
            self._groups.setdefault(key, []).append(number)

    def batches(self, random: np.random.Generator) -> Iterator[list[Item]]:
        """The batches of one pass."""
        drawn = [
            self._partly(self._data.windows(number, self._sizes, int(random.integers(_FEWEST, MOST + 1))), random)
            for number in self._drawn(random)
        ]
        items = [item for item in drawn if item[1]]
        return grouped(items, longest_windows(self._data, items, self._sizes), self._config.batch_tokens, random)

    def _partly(self, item: Item, random: np.random.Generator) -> Item:
        """The document, or a random part of its windows, without some of those that have nothing in doubt."""
        document, own = item
        kept = np.ones(len(own), dtype=np.bool_)
        if len(own) > 1 and random.random() >= self._config.whole:
            kept = random.random(len(own)) < random.random()
            kept[random.integers(len(own))] = True
        if self._config.certain < 1:
            first = int(self._data.bounds[document])
            doubtful = [bool(self._in_doubt[first + start : first + stop].any()) for start, stop in own]
            kept &= np.array(doubtful) | (random.random(len(own)) < self._config.certain)
        return document, tuple(window for window, is_kept in zip(own, kept.tolist(), strict=True) if is_kept)

    def _drawn(self, random: np.random.Generator) -> Iterator[int]:
        for key, numbers in self._groups.items():
            share = self._config.shares.get(key) if isinstance(key, str) else None
            count = min(self._config.extracted, len(numbers)) if share is None else round(share * len(numbers))
            yield from random.choice(numbers, count, replace=False).tolist()


class Fit:
    """A fit that can be saved and continued. ``before`` are the tokens of the fits whose weights it begins with."""

    def __init__(
        self, model: Reader, data: Examples, config: TeacherConfig, device: torch.device, before: int = 0
    ) -> None:
        self.model, self._data, self._config, self._device = model.to(device), data, config, device
        model.encoder.freeze(config.frozen)
        self.averaged = copy.deepcopy(self.model).eval()
        groups = [
            {"params": [p], "rate": rate, "weight_decay": config.weight_decay if p.ndim > 1 else 0.0}
            for name, p in model.named_parameters()
            if p.requires_grad
            for rate in [config.learning_rate if name.startswith("encoder.") else config.head_rate]
        ]
        self._optimizer = torch.optim.AdamW(groups, betas=_BETAS, fused=True)
        extracted = np.repeat([is_extracted(d.origin) for d in data.documents], np.diff(data.bounds))
        self._weight = data.weight * np.where(extracted, config.extracted_weight, 1).astype(np.float32)
        self._membership = torch.from_numpy(kind_membership(data.kind_labels, len(data.labels))).to(device)
        self._before, self.seen, self.step = before, 0, 0

    def save(self, file: Path) -> None:
        """Write what `resume` reads."""
        state = {
            "model": self.averaged.state_dict(), "last": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }  # fmt: skip
        temporary = file.with_suffix(".part")
        counts = {"before": self._before, "seen": self.seen, "step": self.step}
        torch.save({**state, **counts, "config": asdict(self._config)}, temporary)
        temporary.replace(file)

    def resume(self, file: Path) -> None:
        """Go on from a saved state. Raises `UsageError` for that of a fit with other settings."""
        state = torch.load(file, weights_only=True, map_location=self._device)
        if asdict(TeacherConfig()) | state["config"] != asdict(self._config):  # an earlier version has fewer settings
            raise UsageError(
                f"{file} is the state of a fit with other settings ({state['config']}): choose another folder"
            )
        self.model.load_state_dict(state["last"])
        self.averaged.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._before, self.seen, self.step = state["before"], state["seen"], state["step"]

    def run(
        self, documents: NDArray[np.int64], until: float, progress: Callable[[str], None], save: Callable[[], None]
    ) -> bool:
        """Learn from some of the documents, until all tokens are read or the clock says ``until``; whether all are."""
        random = np.random.default_rng([self._config.seed, self.step])
        drawn = Pass(self._data, documents, self._config)
        self.model.train()
        losses, started, first = [], time.monotonic(), self.seen
        while True:
            for items in drawn.batches(random):
                losses.append(self._learn(items))
                if self.step % _EVERY == 0:
                    rate = (self.seen - first) / (time.monotonic() - started)
                    progress(f"{self.seen / 1e6:.2f} million tokens, loss {np.mean(losses):.4f}, {rate:.0f} tokens/s")
                    losses, started, first = [], time.monotonic(), self.seen
                    save()
                if self.seen >= self._config.tokens or time.monotonic() > until:
                    return self.seen >= self._config.tokens

    def _learn(self, items: list[Item]) -> float:
        batch, rows = batch_of(self._data, items)
        batch = with_word_dropout(batch, self._config.word_dropout)
        done = min(1.0, self.seen / self._config.tokens)
        share = min(1.0, (done + 1e-3) / _WARM_UP) * max(_LEAST_RATE, 1 - done)
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * share
        with torch.autocast(self._device.type, torch.bfloat16):
            logits = self.model(moved(batch, self._device))
        read = batch.row.to(self._device)
        loss = self._loss(logits[read], targets_of(self._data, self._weight, rows[batch.row.numpy()], self._device))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), _MAX_NORM)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.seen += int((batch.ids != PADDING).sum())
        kept = min(_AVERAGED, self.step / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.model.parameters()), 1 - kept)
        return float(loss.detach())

    def _loss(self, logits: Tensor, targets: Targets) -> Tensor:
        """The cross-entropy of the labels, and of the kinds where these are known; see `detector.fit.network`."""
        logs = functional.log_softmax(logits, dim=1)
        of_labels = torch.log((logs.exp() @ self._membership).clamp(min=1e-7))
        loss = -of_labels.gather(1, targets.label.clamp(min=0)[:, None])[:, 0]
        of_kinds = functional.nll_loss(logs, targets.kind.clamp(min=0), reduction="none")
        loss = loss + torch.where(targets.kind >= 0, of_kinds, 0.0)
        appeal = self._data.labels.index("appeal") if "appeal" in self._data.labels else -2
        weight = targets.weight * torch.where(targets.label == appeal, self._config.appeal_weight, 1.0)
        return (loss * weight).sum() / weight.sum().clamp(min=1)
