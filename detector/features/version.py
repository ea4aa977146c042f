"""The version of the features, which a model and the code that reads it must share.

Any change of a number that `detector.features` computes is a new version: raise it by one, and train the shipped model
again. A model of another version is refused when it is loaded. A digest in the tests fails when a number changes.
"""

from __future__ import annotations

FEATURE_VERSION = 3
