r"""Remove from article text what is not the article, paragraph by paragraph, from the plain text alone.

>>> import detector
>>> detector.clean("The bridge reopened on Monday, the council said.\nSubscribe to our newsletter!\n").text
'The bridge reopened on Monday, the council said.\n'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from detector.errors import DataError, DetectorError, ModelError, UsageError

if TYPE_CHECKING:
    from detector.cleaner import Cleaned, Cleaner, Paragraph, Prediction
    from detector.loading import clean, load
    from detector.policy import POLICIES, Policy
    from detector.restoring import restore

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
    "clean",
    "load",
    "restore",
]

_MODULES = {
    "detector.cleaner": ("Cleaned", "Cleaner", "Paragraph", "Prediction"),
    "detector.loading": ("clean", "load"),
    "detector.policy": ("POLICIES", "Policy"),
    "detector.restoring": ("restore",),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command has to set up NumPy before NumPy is imported."""
    for module, names in _MODULES.items():
        if name in names:
            return globals().setdefault(name, getattr(import_module(module), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
