"""Where a labelling is kept: the file of labels, and beside it the journal and the model that is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError
from detector.formats.compression import without_compression
from detector.formats.registry import format_by_extension
from detector.util.urls import Place, Url


@dataclass(frozen=True, slots=True)
class Places:
    """``output`` is the file of labels, ``journal`` that of every action, ``model`` the folder of the trained model."""

    output: Path
    journal: Path
    model: Path

    def outputs(self) -> dict[str, Place | None]:
        """The files that are written, by what messages call them."""
        return {"--output": self.output, "the journal": self.journal}

    def check(self, model: Path | None = None) -> None:
        """Raise `UsageError` for outputs that were there before there was a journal: they would be replaced.

        So would ``model``, the folder of the model to begin with, if it is where the trained model is kept.
        """
        if model is not None and model.resolve() == self.model.resolve():
            raise UsageError(
                f"--model {model}: this folder is for the model that is trained here, and is used by itself once that "
                "model was taken over; leave --model out, or choose another --output"
            )
        if self.journal.exists():
            return
        there = next((path for path in (self.output, self.model) if path.exists()), None)
        if there is not None:
            raise UsageError(
                f"{there}: exists, and there is no journal {self.journal.name} that says that it was made by 'detector "
                "label'; choose another --output, or rename it: labels in it show if it is given as an input"
            )


def places_of(output: Place | None) -> Places:
    """The places for a file of labels. Raises `UsageError` for a place that cannot be one."""
    if output is None:
        raise UsageError("--output: name a file for the labels, such as labels.jsonl")
    if isinstance(output, Url):
        raise UsageError(f"{output}: the labels and their journal are kept in local files; name one with --output")
    if format_by_extension(output) != "jsonl":
        raise UsageError(f"{output}: labels are JSON Lines; give --output a name that ends with .jsonl")
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else "its folder does not exist"
        raise UsageError(f"{output}: {what}; name a file for the labels")
    stem = without_compression(output).with_suffix("")
    return Places(output, stem.with_name(f"{stem.name}.journal"), stem.with_name(f"{stem.name}.model"))
