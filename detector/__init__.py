r"""Tell the article from what the publisher says to the reader, paragraph by paragraph, from the plain text alone.

>>> import detector
>>> cleaner = detector.load()
>>> result = cleaner.clean("The bridge reopened on Monday.\nSubscribe to our newsletter!\n")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from detector.errors import DataError, DetectorError, ModelError, UsageError

if TYPE_CHECKING:
    from detector.cleaner import Cleaned, Cleaner, Paragraph, Prediction, load
    from detector.policy import POLICIES, Policy

__version__ = "0.1.0"

__all__ = [
    "POLICIES",
    "Cleaned",
    "Cleaner",
    "DataError",
    "DetectorError",
    "ModelError",
    "Paragraph",
    "Policy",
    "Prediction",
    "UsageError",
    "__version__",
    "load",
]

_MODULES = {
    "detector.cleaner": ("Cleaned", "Cleaner", "Paragraph", "Prediction", "load"),
    "detector.policy": ("POLICIES", "Policy"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is asked for: the command has to start, and to set up numpy, before numpy is in."""
    for module, names in _MODULES.items():
        if name in names:
            return globals().setdefault(name, getattr(import_module(module), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
