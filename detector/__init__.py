r"""Tell the article from what the publisher says to the reader, paragraph by paragraph, from the plain text alone.

>>> import detector
>>> cleaner = detector.load()
>>> result = cleaner.clean("The bridge reopened on Monday.\nSubscribe to our newsletter!\n")
"""

from detector.cleaner import Cleaned, Cleaner, Paragraph, Prediction, load
from detector.errors import DataError, DetectorError, ModelError, UsageError
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
