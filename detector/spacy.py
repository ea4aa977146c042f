r"""Cleaning as a component of a spaCy pipeline.

>>> nlp = spacy.blank("en")
>>> nlp.add_pipe("boilerplate", config={"threshold": "gentle"})
>>> doc = nlp("The bridge reopened on Monday.\nSubscribe to our newsletter!\n")
>>> doc._.clean_text
>>> for span, score in zip(doc.spans["boilerplate"], doc.spans["boilerplate"].attrs["scores"]):
...     print(span.label_, score, span.text)
"""
# spaCy reads the annotations of a factory, so this module must not turn them into strings.

import shutil
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from detector.cleaner import Cleaned, Cleaner
from detector.encoder.names import ACCURATE, named_model
from detector.errors import UsageError
from detector.guard import MAX_REMOVED
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE
from detector.loading import load
from detector.policy import Policy
from detector.util.libraries import missing_library

try:
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.tokens import Doc, SpanGroup
    from spacy.util import minibatch
except ImportError as error:
    raise missing_library("spaCy", "detector.spacy", "spacy") from error

FACTORY = "boilerplate"
_DEFAULTS = {
    "model": None,
    "threshold": "balanced",
    "policy": "reporting",
    "paragraphs": "line",
    "max_removed": MAX_REMOVED,
    "phrases": None,
    "repeats": None,
    "effort": None,
    "spans_key": "boilerplate",
    "text_extension": "clean_text",
}


class Boilerplate(Pipe):
    """A component that finds the paragraphs of a document which are not the article, and makes its clean text.

    ``doc.spans[spans_key]`` has a span for each paragraph that cleaning removes, in order, with the paragraph's label.
    The ``attrs`` of that group have ``scores``, the probability of each span's label (as spaCy's ``spancat`` stores
    them), ``kinds``, the kind of each span, and ``kept_whole``, whether the guard kept the document whole.
    ``doc._.clean_text``, or the extension that ``text_extension`` names, is what `Cleaner.clean` returns for
    ``doc.text``. The text and the tokens of the document stay as they are.

    A span is made of whole tokens: where a paragraph begins or ends inside a token, its span contains that token. The
    clean text is cut at the very characters.

    The other settings are those of `detector.load`; ``policy`` is a name, or ``{"keep": [...], "drop": [...]}``,
    ``phrases`` and ``repeats`` are paths, which a pipeline on disk does not hold. All
    are plain values, which ``nlp.config`` keeps. Raises the same errors as `detector.load`, but that a folder ``model``
    does not exist only when the component is first used: `from_disk` may come before.
    """

    def __init__(
        self,
        name: str = FACTORY,
        *,
        model: str | None = None,
        threshold: float | str = "balanced",
        policy: str | dict[str, list[str]] = "reporting",
        paragraphs: str = "line",
        max_removed: float = MAX_REMOVED,
        phrases: str | None = None,
        repeats: str | list[str] | None = None,
        effort: float | None = None,
        spans_key: str = "boilerplate",
        text_extension: str = "clean_text",
    ) -> None:
        self.name = name
        self.model = model
        self.settings: dict[str, Any] = {
            "threshold": threshold,
            "policy": _policy(policy),
            "paragraphs": paragraphs,
            "max_removed": max_removed,
            "phrases": phrases,
            "repeats": repeats,
            "effort": effort,
        }
        self.spans_key = spans_key
        self.text_extension = text_extension
        _register(text_extension)
        if named_model(model) in (None, ACCURATE) or Path(model or "").exists():
            _ = self.cleaner  # so that invalid settings raise an error before the first document

    @cached_property
    def cleaner(self) -> Cleaner:
        """The cleaner with the component's settings."""
        return load(self.model, **self.settings)

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one document."""
        return next(self.pipe([doc]), doc)  # an error handler may have dealt with it

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate documents, lazily and in order. The texts of ``batch_size`` documents are cleaned together."""
        handle_error = self.get_error_handler()
        for docs in minibatch(stream, size=batch_size):
            try:
                for doc, cleaned in zip(docs, self.cleaner.clean_many([doc.text for doc in docs]), strict=True):
                    self._annotate(doc, cleaned)
            except Exception as error:  # the handler decides what is done, and raises it by default
                handle_error(self.name, self, docs, error)
            else:
                yield from docs

    def _annotate(self, doc: Doc, cleaned: Cleaned) -> None:
        prediction = cleaned.prediction
        removed = np.flatnonzero(~prediction.keep)
        labels, kinds = prediction.label_indices[removed], prediction.kind_indices[removed]
        attributes = {
            "scores": prediction.label_scores[removed, labels],
            "kinds": [prediction.kinds[kind] for kind in kinds.tolist()],
            "kept_whole": prediction.kept_whole,
        }
        bounds = zip(
            prediction.starts[removed].tolist(), prediction.ends[removed].tolist(), labels.tolist(), strict=True
        )
        names = [doc.vocab.strings.add(label) for label in prediction.labels]
        spans = [doc.char_span(start, end, names[label], alignment_mode="expand") for start, end, label in bounds]
        doc.spans[self.spans_key] = SpanGroup(doc, name=self.spans_key, attrs=attributes, spans=spans)
        doc._.set(self.text_extension, cleaned.text)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write a model of one's own to the folder of the pipeline. Shipped models are not written."""
        target = Path(path)
        model = named_model(self.model)
        if model is None or model == ACCURATE:
            for name in (ARRAYS_FILE, METADATA_FILE):  # of a pipeline that was saved there before
                (target / name).unlink(missing_ok=True)
            return
        if target.resolve() == Path(model).resolve():
            return
        target.mkdir(parents=True, exist_ok=True)
        for name in (ARRAYS_FILE, METADATA_FILE):
            shutil.copyfile(Path(model) / name, target / name)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Boilerplate":
        """Load the model that `to_disk` wrote, if there is one."""
        if any((Path(path) / name).exists() for name in (ARRAYS_FILE, METADATA_FILE)):
            self.model = str(Path(path).absolute())  # as a name alone, it could be that of the accurate model
            self.__dict__.pop("cleaner", None)
            _ = self.cleaner
        return self


def make_boilerplate(
    nlp: Language,
    name: str,
    model: str | None,
    threshold: float | str,
    policy: str | dict[str, list[str]],
    paragraphs: str,
    max_removed: float,
    phrases: str | None,
    repeats: str | list[str] | None,
    effort: float | None,
    spans_key: str,
    text_extension: str,
) -> Boilerplate:
    """The factory ``boilerplate``: see `Boilerplate`."""
    return Boilerplate(
        name, model=model, threshold=threshold, policy=policy, paragraphs=paragraphs, max_removed=max_removed,
        phrases=phrases, repeats=repeats, effort=effort, spans_key=spans_key, text_extension=text_extension,
    )  # fmt: skip


def _policy(policy: str | dict[str, list[str]]) -> str | Policy:
    if isinstance(policy, str):
        return policy
    unknown = sorted(set(policy) - {"keep", "drop"})
    if unknown:
        raise UsageError(f"policy: {', '.join(unknown)}: give a name, or lists named keep and drop")
    return Policy(**{name: tuple(names) for name, names in policy.items()})


def _register(extension: str) -> None:
    if not Doc.has_extension(extension):
        Doc.set_extension(extension, default=None)


_register("clean_text")  # also for documents that are only read
Language.factory(
    FACTORY, default_config=_DEFAULTS, assigns=["doc.spans", "doc._.clean_text"], func=make_boilerplate,
)  # fmt: skip
