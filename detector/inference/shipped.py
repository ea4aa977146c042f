"""The model that is shipped with the package: where it is, and the digests of its files.

The digests are checked whenever it is loaded, so that a damaged or exchanged file never decides. They change with the
model and with its metadata; a test compares them with the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from detector.errors import ModelError

SHA256 = {
    "model.joblib": "d8f39d5a0009052f7c6e58d3834c34b624394418bb4a7f51d0ab7ef6032579e3",
    "metadata.json": "5aeaf170def8df31b99ca5d9beddadd442e99e65ee5510fec856197ffd4da277",
}


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


def read_shipped(name: str) -> bytes:
    """A file of the shipped model, also where the package lies in a zip file.

    Raises `ModelError` if it is missing, or its digest is not in `SHA256`.
    """
    for folder in shipped_folders():
        content = _read(folder / name)
        if content is None:
            continue
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            raise ModelError(
                f"{folder / name}: damaged or changed: its SHA-256 digest is not that of the model that comes with "
                "this version; install the package again"
            )
        return content
    raise ModelError(f"{shipped_model() / name}: no such file; install the package again, or name another model")


def _read(file: Path) -> bytes | None:
    loader = __spec__.loader if __spec__ else None
    get_data: Callable[[str], bytes] = getattr(loader, "get_data", lambda name: Path(name).read_bytes())
    try:
        return get_data(str(file))
    except OSError:
        return None
