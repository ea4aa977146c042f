#!/usr/bin/env bash
# scipy 1.17.1: stats.bootstrap with method="percentile" returns (nan, nan) as the confidence interval where the
# statistic is not defined in a single one of the samples, and warns that "The BCa confidence interval cannot be
# calculated", although no BCa interval was asked for. A ratio such as the recall of a rare label is undefined in every
# sample without that label, so that its interval is lost although nearly all samples have a value.
# Seen: of 1,000 samples of eight units, three of which have the label, some are undefined; interval nan, nan; that
# warning. The percentiles of the other values are finite. Without undefined samples: no warning, a finite interval.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "scipy==1.17.1"
cat > recall.py <<'PY'
import warnings

import numpy as np
from scipy.stats import bootstrap


def recall(found, labelled, axis):
    with np.errstate(invalid="ignore"):
        return found.sum(axis=axis) / labelled.sum(axis=axis)


def report(found, labelled):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = bootstrap(
            (np.array(found), np.array(labelled)), recall, paired=True, vectorized=True, n_resamples=1000,
            method="percentile", rng=np.random.default_rng(0),
        )
    values = result.bootstrap_distribution
    defined = values[np.isfinite(values)]
    low, high = result.confidence_interval
    print(
        "undefined" if 0 < len(values) - len(defined) < 100 else "none" if len(defined) == len(values) else "many",
        "nan" if np.isnan(low) and np.isnan(high) else "finite",
        "BCa" if any("The BCa confidence interval cannot be calculated" in str(each.message) for each in caught) else "-",
        "finite" if np.isfinite(np.percentile(defined, [2.5, 97.5])).all() else "nan",
    )


report([1.0, 0, 1, 0, 0, 0, 0, 0], [1.0, 1, 1, 0, 0, 0, 0, 0])
report([1.0, 0, 1, 0, 0, 0, 0, 0], [1.0, 1, 1, 1, 1, 1, 1, 1])
PY
seen=$(venv/bin/python recall.py)
echo "$seen"
[[ $seen == $'undefined nan BCa finite\nnone finite - finite' ]] || { echo "changed"; exit 1; }
