"""The model that is shipped with the package: where it is, and the digests of its files.

The digests are checked whenever it is loaded, so that a damaged or exchanged file never decides. They change with the
model and with its metadata; a test compares them with the files.

Its arrays are mapped into memory, as the libraries of the package are: nothing is copied, and processes share them.
Whoever replaces the file of a running program has to replace it as a whole, as installers do, and not write into it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Thread

from detector.errors import ModelError

ARRAYS_FILE, METADATA_FILE = "model.joblib", "metadata.json"
SHA256 = {
    "model.joblib": "08e9274d366f45409cc214b73ed6ea79ef8e04fe44f79341b0f49bfa52d6238b",
    "metadata.json": "81a34e18fbb31d6c5969ebc493a6faf179df87069fd7160129a5b8058e95369e",
}


class ShippedFile:
    """A file of the shipped model, also where the package lies in a zip file. Raises `ModelError` if it is missing.

    The digest of a large file is computed in a thread: that takes as long as everything else in loading a model.
    """

    def __init__(self, name: str) -> None:
        self.path, self.content = _found(name)
        self._hash = hashlib.sha256()
        self._thread = Thread(target=self._hash.update, args=(self.content,))
        try:
            self._thread.start()
        except RuntimeError:  # this system has no threads, or no more of them
            self._thread.run()

    def check(self) -> None:
        """Raise `ModelError` if the digest of the content is not in `SHA256`."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._hash.hexdigest() != SHA256[self.path.name]:
            raise ModelError(
                f"{self.path}: damaged or changed: its SHA-256 digest is not that of the model that comes with this "
                "version; install the package again"
            )


_begun: list[ShippedFile] = []  # that `shipped_arrays` returns


def begin_to_read() -> None:
    """Begin to read the arrays of the shipped model, so that their digest is computed while modules are imported.

    What prevents that is raised by `shipped_arrays`.
    """
    with contextlib.suppress(ModelError):
        _begun[:] = [ShippedFile(ARRAYS_FILE)]


def shipped_arrays() -> ShippedFile:
    """The file with the arrays of the shipped model. Raises `ModelError` if it is missing."""
    try:
        return _begun.pop()
    except IndexError:
        return ShippedFile(ARRAYS_FILE)


def digests_of(folder: Path) -> str:
    """The digests of the files of a model as lines of code: what `SHA256` has to be once this model is shipped."""
    lines = (f'    "{name}": "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}",' for name in SHA256)
    return "\n".join(["SHA256 = {", *lines, "}"])


def shipped_folders() -> tuple[Path, Path]:
    """Where the shipped model can be: in the package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    return package / "models" / "default", package.parent / "models" / "default"


def shipped_model() -> Path:
    """The folder of the model that is shipped with the package."""
    inside, beside = shipped_folders()
    return inside if inside.is_dir() else beside


def _found(name: str) -> tuple[Path, bytes | mmap]:
    """A file of the shipped model: its path and its content."""
    for folder in shipped_folders():
        content = _read(folder / name)
        if content is not None:
            return folder / name, content
    raise ModelError(f"{shipped_model() / name}: no such file; install the package again, or name another model")


def _read(file: Path) -> bytes | mmap | None:
    """The content of a file of the package, mapped into memory where that can be; None if it is missing."""
    if os.name != "nt":  # Windows does not let a mapped file be replaced, so that no upgrade could be installed
        # a package in a zip file has no such file; an empty file cannot be mapped, nor can any on some systems
        with contextlib.suppress(OSError, ValueError), open(file, "rb") as stream:
            return mmap(stream.fileno(), 0, access=ACCESS_READ)
    loader = __spec__.loader if __spec__ else None
    get_data: Callable[[str], bytes] = getattr(loader, "get_data", lambda name: Path(name).read_bytes())
    try:
        return get_data(str(file))
    except OSError:
        return None
