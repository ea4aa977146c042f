"""Local copies of the files about all results that a run writes to other file systems, and their publication.

A run appends to these files, which an object store cannot. So it works on copies, which are published from time to time
and at the end: first the lines about results, then the manifest that says which results are finished. What a killed run
had not published is done again by the next one.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.corpus.plan import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE, Plan, Task
from detector.corpus.staging import with_extensions
from detector.corpus.stamps import Stamp
from detector.errors import DataError, DetectorError
from detector.util import remote
from detector.util.atomic import LOCK_FILE
from detector.util.json_lines import parse_json_lines
from detector.util.lease import Lease, leased
from detector.util.urls import Listed, Place, Url

if TYPE_CHECKING:
    from detector.corpus.options import Options

SECONDS = 30.0  # between two publications
_SHARE = 10  # times as long as the last one took: large files are published less often


@dataclass
class _Copy:
    """A local copy of a file, and its stamp when the two were last the same."""

    file: Path
    url: Url
    stamp: Stamp | None = None

    def fetch(self) -> None:
        """Get the file, if there is one."""
        found = remote.look_up(self.url)
        if found is not None:
            remote.fetch(found.url, self.file)
            self.stamp = Stamp.of(self.file)

    @property
    def has_changed(self) -> bool:
        """Whether the file is not what is at its URL."""
        return Stamp.of(self.file) != self.stamp

    def publish(self) -> None:
        """Write the file to its URL if it has changed. One that is gone is deleted there."""
        now = Stamp.of(self.file)
        if now == self.stamp:
            return
        if now is None:
            remote.delete(self.url)
        else:
            remote.publish(self.file, self.url)
        self.stamp = now


class Mirror:
    """The plan and the options of a run, and its output, with local files in the place of URLs."""

    def __init__(self, plan: Plan, options: Options, output: Place | None, folder: Path) -> None:
        self.plan, self.options, self.output = plan, options, output
        self._folder = folder
        self._copies: list[_Copy] = []  # in the order in which they are published
        self._shown: dict[Path, Url] = {}
        self._leases: list[Lease] = []
        self._next = time.monotonic() + SECONDS

    def shown(self, path: Path | None) -> Place | None:
        """What a local file stands for."""
        return self._shown.get(path, path) if path else None

    def in_words(self, message: str) -> str:
        """A message with the URLs in the place of the local files."""
        for path, url in sorted(self._shown.items(), reverse=True):
            message = message.replace(str(path), str(url))
        return message

    def publish(self) -> None:
        """Write what has changed to its URLs. Raises `DataError`."""
        self._check()
        for copy in self._copies:  # without a manifest, the lines of a sidecar would be taken for those of another run
            if copy.file.name == MANIFEST_FILE and copy.stamp is None and copy.file.exists():
                remote.write(copy.url, b"")
        for copy in self._copies:
            copy.publish()

    def publish_if_due(self) -> None:
        """Write what has changed to its URLs, unless it was done a short time ago. What fails is tried again later.

        Raises `DataError` if another run is writing to the same place.
        """
        started = time.monotonic()
        if started >= self._next:
            self._check()
            with contextlib.suppress(DataError):
                self.publish()
            ended = time.monotonic()
            self._next = ended + max(SECONDS, _SHARE * (ended - started))

    def kept(self, error: DataError) -> DataError:
        """An error that says where the files are that could not be written to their URLs. They are kept there."""
        import shutil

        kept = Path(tempfile.mkdtemp(prefix="detector-kept-"))
        for copy in self._copies:
            if copy.has_changed and copy.file.exists():
                shutil.copy2(copy.file, kept / copy.url.name)
        return DataError(f"{error}; what the run was to write there is kept in {kept}")

    def _check(self) -> None:
        for lease in self._leases:
            lease.check()

    def set_up(self, stack: contextlib.ExitStack) -> None:
        """Fetch what earlier runs have left, and keep other runs away until the stack is closed."""
        given = self.options
        appended = self.plan.folder is not None or any(task.keep_original for task in self.plan.tasks)
        removed = self._sidecar("removed", given.removed, appended, stack)
        rejected = self._sidecar("rejected", given.rejected, appended, stack)
        self.options = replace(given, removed=removed, rejected=rejected, mirror=self)
        self.output = self._sidecar("decisions", self.output, False, stack)
        if isinstance(self.plan.folder, Url):
            self._set_up_folder(self.plan.folder, stack)

    def _sidecar(self, name: str, place: Place | None, appended: bool, stack: contextlib.ExitStack) -> Path | None:
        """The local file for a sidecar. A compressed one has a working copy of plain lines while it is appended to."""
        if not isinstance(place, Url):
            return place
        file = self._folder / name / with_extensions(name, place)
        file.parent.mkdir()
        copies = [_Copy(file, place)]
        if appended:
            from detector.corpus.sidecar import working_copy

            self._leases.append(stack.enter_context(leased(place.sibling(f".{place.name}.lock"), place)))
            if working_copy(file) != file:
                copies.insert(0, _Copy(working_copy(file), place.sibling(f".{place.name}.unfinished")))
            for copy in copies:
                copy.fetch()
        self._copies += copies
        self._shown[file] = place
        return file

    def _set_up_folder(self, url: Url, stack: contextlib.ExitStack) -> None:
        self._leases.append(stack.enter_context(leased(url / LOCK_FILE, url)))
        folder = self._folder / "results"
        folder.mkdir()
        for name in ((REJECTED_FILE,) if self.options.rejected is None else ()) + (MANIFEST_FILE, SUMMARY_FILE):
            copy = _Copy(folder / name, url / name)
            copy.fetch()
            self._copies.append(copy)
        self._shown[folder] = url
        present = listing(url)
        tasks = tuple(_with_listed(task, present) for task in self.plan.tasks)
        self.plan = replace(self.plan, tasks=tasks, folder=folder, present=frozenset(present))


def summary_values(folder: Url) -> dict[str, Any]:
    """The content of the summary file in a folder."""
    return next(parse_json_lines([remote.read(folder / SUMMARY_FILE) or b""]), {})


def listing(folder: Url) -> dict[str, Listed]:
    """What is listed of all files below a folder, by their paths below it. Raises `DataError`."""
    found: dict[str, Listed] = {}
    pending = [(folder, "")]
    while pending:
        url, above = pending.pop()
        at_once = remote.list_below(url)
        for entry in remote.list_folder(url) if at_once is None else at_once:
            if entry.is_folder:
                pending.append((entry.url, f"{above}{entry.name}/"))
            elif entry.url.listed:
                found[f"{above}{entry.name}"] = entry.url.listed
    return found


def _with_listed(task: Task, present: dict[str, Listed]) -> Task:
    if not isinstance(task.target, Url):
        return task
    return task._replace(target=task.target.with_listed(present.get(task.file)))


@contextlib.contextmanager
def mirrored(plan: Plan, options: Options, output: Place | None = None) -> Iterator[Mirror]:
    """A mirror, published when the block ends, also with an error: then as far as it can be.

    Raises `DataError` if another run is writing to the same place, or something cannot be read or written.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="detector-")))
        mirror = Mirror(plan, options, output, folder)
        mirror.set_up(stack)
        try:
            yield mirror
        except BaseException as error:
            with contextlib.suppress(DataError):
                mirror.publish()
            if isinstance(error, DetectorError) and mirror.in_words(str(error)) != str(error):
                raise type(error)(mirror.in_words(str(error))) from error
            raise
        try:
            mirror.publish()
        except DataError as error:
            raise mirror.kept(error) from error
