"""What can go wrong.

DetectorError
├── DataError      labelled data or a record that cannot be used
├── ModelError     a model that cannot be loaded or saved
└── UsageError     options or settings that do not fit together
"""

from __future__ import annotations


class DetectorError(Exception):
    """The base of all errors that this package raises on purpose; the message says what, where and what to do."""


class DataError(DetectorError):
    """Data that cannot be used as it is: the message names the file and the line."""


class ModelError(DetectorError):
    """A model file that is missing, damaged, unsafe, or made for another version."""


class UsageError(DetectorError, ValueError):
    """A setting that is out of range or does not fit the others."""
