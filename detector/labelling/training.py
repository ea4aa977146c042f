"""One training on the labels, in the process that is started for it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.evaluation.labelled import LabelledDocument
from detector.inference.storage import load_model, read_metadata
from detector.util.threads import use_one_thread


def train(
    base: Path | None, documents: Sequence[LabelledDocument], folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Adapt the model in ``base`` to documents, and save it in ``folder`` if it is better. Returns what came of it."""
    use_one_thread()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)  # the page comes first
    from detector.fit.adapt import adapt, save_adapted
    from detector.fit.adapt_thresholds import described_thresholds

    shutil.rmtree(folder, ignore_errors=True)
    try:
        model = load_model(base)
        adapted = adapt(model, documents, progress=progress)
        found = {"before": dict(adapted.before), "after": dict(adapted.after), "better": adapted.better}
        message = told(adapted.better, adapted.notes, is_held_out=not adapted.learnt)
        if not adapted.better:
            return {"action": "rejected", "message": message, **found}
        message = f"{message} {described_thresholds(model.thresholds, adapted.model.thresholds)}"
        save_adapted(adapted, folder)
        digest = str(read_metadata(folder).get("sha256", ""))
    except DetectorError as error:
        return {"action": "failed", "message": str(error)}
    except MemoryError:
        return {"action": "failed", "message": "There was not enough memory to train."}
    return {"action": "ready", "message": message, **found, "digest": digest}


def told(better: bool, notes: Sequence[str] = (), is_held_out: bool = True) -> str:
    """What becomes of the model, in a sentence; the page shows the figures beside it."""
    verdict = "is better." if better else "is no better. The model stays as it was."
    more = "".join(f" {note[0].upper()}{note[1:]}." for note in notes)
    return f"On labelled paragraphs{' that it did not see' if is_held_out else ''}, the new model {verdict}{more}"
