"""A paragraph whose score equals the threshold is kept; one just below it is removed."""

from __future__ import annotations

import numpy as np
import pytest

from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.policy import REPORTING_ONLY, Policy

TEXT = "The ferry returned on Tuesday, the council said.\nSupport our newsroom with a monthly gift!\n© 2031 Ferry Post"


@pytest.mark.parametrize("policy", [REPORTING_ONLY, Policy(keep=(), drop=("appeal",)), Policy(keep=("navigation",))])
def test_the_threshold_itself_is_kept(tiny_model: Model, policy: Policy) -> None:
    scores = Cleaner(tiny_model, 0.0, policy).predict(TEXT).keep_scores
    for score in scores:
        at = Cleaner(tiny_model, float(score), policy, max_removed=1).predict(TEXT)
        assert at.keep.tolist() == (scores >= score).tolist()
        assert at.keep[scores == score].all()
        higher = float(np.nextafter(score, np.float32(2)))
        above = Cleaner(tiny_model, higher, policy, max_removed=1).predict(TEXT)
        assert not above.keep[scores == score].any()
