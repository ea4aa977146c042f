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
    GRAPH_FILE: "36953141eeab4e46fc57e15f247eee94e3f35a54c2ca4d557e044adb8b26d8e0",
    DOCUMENT_FILE: "7aa926e807dc4a4bd937dd743ae053e8cc5133d37f0b454576c12923d08e1284",
    TOKENIZER_FILE: "0909754105127e37cdb8c8958ac58d6b1dc0b756f0661b1222a117ae4fbfdf99",
    ARRAYS_FILE: "7ab3590ac9733e1f566d469dc0c1946db2a230e02b48388c47a41726b735aff1",
    METADATA_FILE: "1ae600e85d73c2c202cb4a605ff2fa9f58d26c1fd83540d702ff502323eeaf85",
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
