"""The model card in Markdown: what a model does, what it was trained on, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from detector.evaluation.confusion import MIN_PARAGRAPHS, OTHER
from detector.evaluation.evaluate import EXTRACTED, FIGURES, PAGE
from detector.fit.origins import is_extracted
from detector.inference.model import Model
from detector.inference.storage import NOT_A_MODEL
from detector.util.languages import language_name
from detector.util.markdown import markdown_table


def card(model: Model) -> str:
    """The model card as Markdown. It is made from the model's labels, thresholds and metadata alone.

    Metadata that are not those of a training or an adaptation get no section.
    """
    metadata = model.metadata
    parts = [
        "# Model card",
        f"Classifies each paragraph of an article's plain text as {', '.join(model.labels[:-1])} or "
        f"{model.labels[-1]}, from hashed n-grams, word vectors, the shape of the line, and the rest of the document.",
        *_section(_software, metadata.get("versions")),
        *_section(_data, metadata.get("data")),
        *_soft_labels(metadata.get("soft_labels")),
        *_adapted(earlier_adaptations(metadata)),
        "## Thresholds",
        "A paragraph is kept if its probability of reporting is at least the threshold. Each threshold is the highest "
        "that loses no more than a certain share of the reporting words in extracted and clean texts of held-out "
        "sites, in the commonest language, in all others together, and in short documents. An adaptation may have "
        "raised it since, by the labels of the publisher.",
        markdown_table(("name", "threshold"), [(name, f"{value:.4f}") for name, value in model.thresholds.items()]),
        *_all_figures(metadata.get("figures")),
        *_section(_languages, metadata.get("languages")),
        *_section(_confusion, metadata.get("confusion")),
        "## Limits",
        "The model sees only the plain text. In languages that are rare in its training data it is less accurate than "
        "the figures show. It errs most often on paragraphs whose label readers would disagree about: the sales "
        "pitch at the end of a company's blog post, biographies, disclosures.",
    ]
    return "\n\n".join(parts) + "\n"


def _section(describe: Callable[[Any], tuple[str, ...]], value: object) -> tuple[str, ...]:
    """A section about a value of the metadata; none where it does not have the form that ``describe`` takes."""
    try:
        return describe(value)
    except (*NOT_A_MODEL, OverflowError):
        return ()


def _software(versions: Mapping[str, Any] | None) -> tuple[str, ...]:
    return ("## Software", markdown_table(("", ""), list(versions.items()))) if versions else ()


def _data(data: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not data:
        return ()
    return "## Training data", f"{_amount(data)} of {data['sites']:,} sites; {_counts(data)}"


def _soft_labels(digest: object) -> tuple[str, ...]:
    if not digest:
        return ()
    return (
        "It also learned from soft labels of other models, its teachers (a file with the digest "
        f"`{str(digest)[:16]}`). Where a site is held out, its teacher has not learned from the site's labels, but it "
        "read scores of small models that have, so the held-out figures are a little too good. Settings and the random "
        "seed were chosen by figures on dev, so these may be a little too good as well; no labelled pages were held "
        "back as a final test set. `docs/how-it-works.md` in the source code describes the data and the labels that "
        "this recipe was made for: the labels are those of large language models, not of people.",
    )


def _amount(data: Mapping[str, Any]) -> str:
    return f"{data['documents']:,} documents"


def _counts(data: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{number:,} {label}" for label, number in data["paragraphs"].items())
    return f"paragraphs: {counts}. Digest of the texts and labels: `{data['sha256'][:16]}`."


def earlier_adaptations(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `detector.fit.adapt` wrote into the metadata; anything else of that name is no part of it."""
    entries = metadata.get("adapted")
    named = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    return [each for each in named if {"from", "documents", "paragraphs", "sha256", "held-out"} <= each.keys()]


def _adapted(adaptations: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the model was adapted to since it was trained, the last adaptation at the end."""
    if not adaptations:
        return ()
    parts = (
        "## Adapted",
        "Since it was trained, the model has been adapted to labels of a publisher. The figures are over "
        "paragraphs of these labels, before and after, held out unless it says otherwise.",
    )
    return *parts, *(part for each in adaptations for part in _section(_adaptation, each))


def _adaptation(each: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = each["held-out"]["before"], each["held-out"]["after"]
    rows = [(name, _figure(before[name]), _figure(after[name])) for name in before]
    source = f"From the model `{str(each['from'])[:16]}`: {_amount(each)}; {_counts(each)}"
    if learnt := each["held-out"].get("learnt"):
        source += f" The model had learnt from {learnt:,} of the documents before: on these, nothing is held out."
    return source, markdown_table(("", "before", "after"), rows), *_raised(each)


def _raised(adaptation: Mapping[str, Any]) -> tuple[str, ...]:
    """The thresholds that an adaptation raised; none where it did not, or is of an earlier version."""
    thresholds = adaptation.get("thresholds", {"before": {}, "after": {}})
    before, after = thresholds["before"], thresholds["after"]
    rose = [f"{name} from {old:.4f} to {after[name]:.4f}" for name, old in before.items() if after[name] > old]
    return (f"It raised the thresholds: {', '.join(rose)}.",) if rose else ()


def _all_figures(figures: object) -> tuple[str, ...]:
    tables = figures.items() if isinstance(figures, Mapping) else ()
    return tuple(part for name, table in tables for part in _section(partial(_figures, name), table))


def _figures(name: str, table: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    meaning = {
        "held-out": "By cross-validation on the training data, without the guard: each site was predicted by a fit "
        "without that site.",
        "dev": "Of this model, on sites that it was not trained on.",
    }[name] + _extracted_row(table)
    rows = [(origin, *(_figure(row.get(column)) for column in FIGURES)) for origin, row in table.items()]
    return f"## Figures: {name}", f"{meaning}\n\n" + markdown_table(("", *FIGURES), rows)


def _extracted_row(origins: Iterable[str]) -> str:
    """What the row of extracted texts holds, if there is one."""
    given = list(origins)
    others = [f"`{origin}`" for origin in given if origin not in (PAGE, EXTRACTED) and not is_extracted(origin)]
    including = f", including {' and '.join(others)}" if others else ""
    return f" The row `{EXTRACTED}` is over the other rows except `{PAGE}`{including}." if EXTRACTED in given else ""


def _languages(languages: Mapping[str, Mapping[str, Any]] | None) -> tuple[str, ...]:
    if not languages:
        return ()
    real, synthetic = languages["real"], languages["invented"]
    codes = sorted({*real, *synthetic}, key=language_name)
    rows = [
        (language_name(code), *_language(real.get(code), "sites"), *_language(synthetic.get(code), "documents"))
        for code in codes
    ]
    meaning = (
        "By cross-validation, without the guard: the share of the words of reporting that is lost, and that of the "
        "other paragraphs that is removed, in texts of real sites (with those of treebanks, which have nothing to "
        "remove), and in synthetic documents. Empty cells were not measured. Figures from few sites are unreliable."
    )
    columns = ("", "sites", "lost", "removed", "synthetic documents", "lost", "removed")
    return "## Languages", f"{meaning}\n\n" + markdown_table(columns, rows)


def _language(row: Mapping[str, Any] | None, size: str) -> tuple[str, str, str]:
    return (str(row[size]), _figure(row["lost"]), _figure(row["removed"])) if row else ("", "", "")


def _confusion(confusion: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not confusion:
        return ()
    kinds = confusion["kinds"]
    rows = [
        (kind, *counts, _figure(f1))
        for kind, counts, f1 in zip(kinds, confusion["counts"], confusion["f1"], strict=True)
    ]
    meaning = (
        "Over paragraphs that a reader labelled (a person or a language model), in the dev documents that are whole "
        f"pages, for kinds with at least {MIN_PARAGRAPHS} paragraphs. Rows are true kinds, columns predicted kinds; "
        "the last column is the F1 of the row's kind."
    )
    return "## Confusion matrix: dev", f"{meaning}\n\n" + markdown_table(("", *kinds, OTHER, "F1"), rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
