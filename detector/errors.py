"""The errors that this package raises on purpose.

DetectorError
├── DataError      a file or labelled data that cannot be used
├── ModelError     a model that cannot be loaded or saved
└── UsageError     an invalid option or setting
"""

from __future__ import annotations


class DetectorError(Exception):
    """The base class. The message says what is wrong, where, and what to do."""


class DataError(DetectorError):
    """A file or labelled data that cannot be used as it is. The message names the file and, where known, the line."""


class ModelError(DetectorError):
    """A model that is missing, damaged, unsafe or of another version, or that cannot be written."""


class UsageError(DetectorError, ValueError):
    """An option or setting that is out of range, or does not fit the model, the data or the other settings."""
