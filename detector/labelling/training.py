"""One training on the labels, in the process that is started for it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.evaluation.labelled import LabelledDocument
from detector.inference.storage import load_model, read_metadata
from detector.util.threads import use_one_thread

# The figures that are told, with what they are the share of
_TOLD = {"appeal": "appeals removed", "nav": "navigation removed", "lost": "words of the article lost"}


def train(
    base: Path | None, documents: Sequence[LabelledDocument], folder: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Adapt the model in ``base`` to documents, and save it in ``folder`` if it is better. Returns what came of it."""
    use_one_thread()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)  # the page comes first
    from detector.fit.adapt import adapt, save_adapted

    shutil.rmtree(folder, ignore_errors=True)
    try:
        adapted = adapt(load_model(base), documents, progress=progress)
        found = {"before": dict(adapted.before), "after": dict(adapted.after), "better": adapted.better}
        message = told(adapted.before, adapted.after, adapted.better, adapted.notes)
        if not adapted.better:
            return {"action": "rejected", "message": message, **found}
        save_adapted(adapted, folder)
        digest = str(read_metadata(folder).get("sha256", ""))
    except DetectorError as error:
        return {"action": "failed", "message": str(error)}
    except MemoryError:
        return {"action": "failed", "message": "There was not enough memory to train."}
    return {"action": "ready", "message": message, **found, "digest": digest}


def told(
    before: Mapping[str, float | None], after: Mapping[str, float | None], better: bool, notes: Sequence[str] = ()
) -> str:
    """The figures before and after in a sentence, and what becomes of the model."""
    shares = ", ".join(
        f"{name} {_percent(before[figure])} before and {_percent(after[figure])} after"
        for figure, name in _TOLD.items()
        if before.get(figure) is not None and after.get(figure) is not None
    )
    verdict = "is better" if better else "is no better"
    end = "" if better else " The model stays as it was."
    more = "".join(f" {note[0].upper()}{note[1:]}." for note in notes)
    figures = f": {shares}" if shares else ""
    return f"On labelled paragraphs that it did not see, the new model {verdict}{figures}.{end}{more}"


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.1f} %"
