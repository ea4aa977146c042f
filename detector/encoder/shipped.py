"""The accurate model that is shipped with the package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from detector.encoder.names import ACCURATE
from detector.encoder.storage import ARRAYS_FILE, DOCUMENT_FILE, FILES, GRAPH_FILE, TOKENIZER_FILE, Stored, load
from detector.errors import ModelError
from detector.inference.model import Model
from detector.inference.storage import METADATA_FILE

# of its files; they change with the model, and a test compares them with the files
SHA256 = {
    GRAPH_FILE: "5164466d56768a091f26a9833ba3538de7071c88bede3a8c6a3df2464b38a6f4",
    DOCUMENT_FILE: "ccae59e6d499560e516d89f161b9e6a05a8d29d285e92a877d114549b98d32d6",
    TOKENIZER_FILE: "0909754105127e37cdb8c8958ac58d6b1dc0b756f0661b1222a117ae4fbfdf99",
    ARRAYS_FILE: "b51eb7c8f638c650503949e47179be240d121b559ff2f34fe481a65f41fe3299",
    METADATA_FILE: "4fdb4b2b64c5679c7c4c9d2140d9cc2b5212653f8852ec1b9925f0579e7b84d6",
}


def shipped_folder() -> Path | None:
    """Where the accurate model is: in the package, or beside it in a checkout; None where it is missing."""
    package = Path(__file__).parent.parent
    folders = package / "models" / ACCURATE, package.parent / "models" / ACCURATE
    return next((folder for folder in folders if folder.is_dir()), None)


@cache
def load_shipped() -> Stored:
    """Load the accurate model, once in a process. Raises `ModelError` where it is missing or damaged."""
    folder = _folder()
    stored = load(folder, SHA256)
    if hashlib.sha256((folder / METADATA_FILE).read_bytes()).hexdigest() != SHA256[METADATA_FILE]:
        raise ModelError(f"{folder / METADATA_FILE}: damaged or changed; install the package again")
    return stored


def facts(small: Model) -> dict[str, Any]:
    """What there is to say of the accurate model, as JSON values: its metadata, and with them its labels and kinds.

    ``small`` is the default model. ``bytes`` are the sizes of its files. No library of the extra is imported. Raises
    `ModelError` as `load_shipped` does, and if the two do not fit each other.
    """
    stored = load_shipped()
    model = stored.model(small)
    folder = _folder()
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    return {"labels": list(model.labels), "kinds": list(model.kinds), **stored.metadata, "bytes": sizes}


def _folder() -> Path:
    folder = shipped_folder()
    if folder is None:
        raise ModelError("this installation has no accurate model; install a wheel of boilerplate-detector")
    return folder
