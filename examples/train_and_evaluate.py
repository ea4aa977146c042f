"""Train a small model on some of the seed files, and evaluate it on other sites.

Run: python examples/train_and_evaluate.py

It takes less than a minute. The settings are small to be fast; leave them out for a model
that you want to use.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import detector
from detector.evaluation.evaluate import LEGEND, evaluate
from detector.evaluation.labelled import read_documents
from detector.fit.config import FitConfig
from detector.fit.train import train

NAMES = """letters letters_short letters_headed publishers about_asking stray_lines leftovers_news
pages pages_media pages_blogs stories_europe languages_west plain_stories_world"""
TRAINING = [Path(f"seeds/{name}.jsonl") for name in NAMES.split()]
TEST = [Path("seeds/pages_news.jsonl"), Path("seeds/letters_west.jsonl")]
SHOWN = ("lost", "appeal", "nav", "macro")

# Figures on sites of the training data would be too good: leave out what both have.
trained_on = {document.site for document in read_documents(TRAINING)}
test = [document for document in read_documents(TEST) if document.site not in trained_on]
print(f"training on {len(trained_on)} sites, testing on {len(test)} documents of other sites")

config = FitConfig(folds=3, networks=(0,), network_epochs=3, min_steps=400)
with tempfile.TemporaryDirectory() as folder:
    train(TRAINING, Path(folder), config, progress=print)
    cleaner = detector.load(folder)

for origin, figures in evaluate(cleaner, test).figures.items():
    print(f"on {figures['documents']} documents ({origin}):")
    for name in SHOWN:
        print(f"{name:>8} {figures[name]:.3f}  {LEGEND[name]}")
