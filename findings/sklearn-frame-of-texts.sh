#!/usr/bin/env bash
# scikit-learn 1.9.1: with set_config(transform_output="pandas"), a step that returns texts returns a frame of one column,
# and the vectorizer of text behind it iterates over the names of the columns: it learns from one document, the column's
# name. Nothing is raised: three texts become a matrix of one row, whose vocabulary is "text".
# Seen: shape (3, 5) by default, shape (1, 1) with transform_output="pandas".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "scikit-learn==1.9.1" "pandas==3.1.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def lower(texts):
    return [text.lower() for text in texts]


texts = ["The harbour opens", "The harbour closes", "The ferry opens"]
named = FunctionTransformer(lower, feature_names_out=lambda transformer, names: ["text"])
pipeline = make_pipeline(named, TfidfVectorizer())
print("scikit-learn", sklearn.__version__, "by default:", pipeline.fit_transform(texts).shape)
assert pipeline.fit_transform(texts).shape == (3, 5)
with sklearn.config_context(transform_output="pandas"):
    matrix = pipeline.fit_transform(texts)
print("with frames:", matrix.shape, pipeline[-1].vocabulary_)
if matrix.shape != (1, 1) or list(pipeline[-1].vocabulary_) != ["text"]:
    raise SystemExit("changed: the texts in a frame reach the vectorizer, or an error is raised")
PY
