"""The settings of a service. They are small and can be pickled, for worker processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from detector.cleaner import Cleaner
from detector.corpus.messages import Message
from detector.guard import MAX_REMOVED
from detector.loading import Named, load
from detector.policy import REPORTING_ONLY, Policy
from detector.text.paragraphs import ParagraphBreak

Log = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes on. All counts are those of one process.

    ``body`` is the largest body in bytes, also after decompression; ``held`` the most bytes of bodies that are in
    memory together. ``documents`` and ``paragraphs`` are the most of one request, where each end of a line may begin a
    paragraph. ``queue`` is the number of requests that may wait for a thread. ``seconds`` is the longest time for an
    answer from when the body is read, and ``client_seconds`` the longest that a client may take to send its request or
    to take the answer. ``connections`` is the number of connections.
    """

    body: int = 16 << 20
    held: int = 256 << 20
    documents: int = 10_000
    paragraphs: int = 250_000
    queue: int = 100
    seconds: float = 30
    client_seconds: float = 30
    connections: int = 1_000


@dataclass(frozen=True)
class CleanerSettings:
    """The settings of the cleaner, as in `detector.load`."""

    model: Named = None
    threshold: float | str = "balanced"
    policy: Policy = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"
    max_removed: float = MAX_REMOVED
    phrases: Path | None = None
    repeats: tuple[Path, ...] = ()
    effort: float | None = None

    @cached_property
    def cleaner(self) -> Cleaner:
        """A cleaner with these settings. Raises the errors of `detector.load`."""
        return load(
            self.model, threshold=self.threshold, policy=self.policy, paragraphs=self.paragraphs,
            max_removed=self.max_removed, phrases=self.phrases, repeats=self.repeats or None,
            effort=self.effort,
        )  # fmt: skip

    def __getstate__(self) -> dict[str, object]:
        """Without the cleaner: every process loads the model itself, and the shipped one by mapping its file."""
        return {name: value for name, value in self.__dict__.items() if name != "cleaner"}


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything that a process of the service needs.

    ``hosts`` are the names by which clients may call the service, besides ``localhost`` and IP addresses; ``*`` allows
    every name. ``threads`` compute at the same time. ``log`` prints messages; ``log_requests`` says whether there is
    one for each request.
    """

    log: Log
    cleaner: CleanerSettings = field(default_factory=CleanerSettings)
    limits: Limits = field(default_factory=Limits)
    hosts: frozenset[str] = frozenset()
    threads: int = 1
    log_requests: bool = True
