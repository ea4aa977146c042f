"""Checks of labelled documents: what is counted, and what is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled import document, paragraph

from detector.evaluation.disagreement import Disagreement
from detector.evaluation.label_checks import CHECKS, LONG, Finding, Located, Place, Report, check_labels
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.loading import load

STORY = " ".join(first + second for first in "bcdfgklm" for second in ("an", "en", "in", "on", "un"))
CLEAN = document(
    "clean", paragraph("Rain fell.", kind="body"), paragraph("Sign up!", "appeal", "newsletter"), lang="English"
)


def located(*documents: LabelledDocument) -> list[Located]:
    return [Located(each, f"a.jsonl:{number}") for number, each in enumerate(documents, 1)]


def checked(*documents: LabelledDocument, top: int | None = None) -> Report:
    return check_labels(located(*documents), top=top)


def found(report: Report, check: str) -> list[Finding]:
    assert {name for name in CHECKS if report.found[name]} == {check}
    return report.findings[check]


def test_counts() -> None:
    report = checked(CLEAN, document("b", paragraph("Menu", None), paragraph("Rain.", "reporting"), site="clean"))
    assert (report.documents, report.paragraphs) == (2, 4)
    assert report.counts == {
        "label": {"reporting": 2, "appeal": 1, "(none)": 1},
        "kind": {"reporting/body": 1, "appeal/newsletter": 1, "(none)/(none)": 1, "reporting/(none)": 1},
        "lang": {"en": 1, "unknown": 1},
        "site": {"clean": 2},
    }
    assert not report.found
    assert not any(report.findings.values())


def test_the_same_text_with_different_labels() -> None:
    twice = [document(name, paragraph("Share this", "navigation"), paragraph(name)) for name in ("b", "c", "d", "e")]
    odd = document("f", paragraph("Rain."), paragraph(" SHARE  this ", "appeal"))
    (finding,) = found(checked(CLEAN, *twice, odd), "conflict")
    assert finding.what == "4 navigation, 1 appeal"
    assert finding.text == "Share this"
    rarer, *others = finding.places
    assert rarer == Place("a.jsonl:6", "f", 2)
    assert [each.document for each in others] == ["b", "c", "d"]  # the first three


def test_conflicts_of_one_against_many_come_first() -> None:
    labels = {"even": "an", "odd one": "aaan", "three": "anr"}
    names = {"a": "appeal", "n": "navigation", "r": "reporting"}
    documents = [
        document(
            f"{text}{number}", paragraph(text, names[each]), paragraph("unique " * 2 + text + str(number), "other")
        )
        for text, given in labels.items()
        for number, each in enumerate(given)
    ]
    assert [each.text for each in found(checked(*documents), "conflict")] == ["odd one", "even", "three"]


def test_labels_that_are_missing_are_no_conflict() -> None:
    assert not checked(CLEAN, document("b", paragraph("Rain fell.", None), paragraph("Sign up!", "appeal"))).found


def test_near_duplicates_on_two_sites() -> None:
    documents = [
        document(name, paragraph(STORY), paragraph(f"By {name}", "navigation"), site=site)
        for name, site in (("one", "a"), ("two", "b"), ("three", "b"))
    ]
    (finding,) = found(checked(CLEAN, *documents), "near-duplicates")
    assert finding.what == "3 documents of 2 sites, similarity 0.95"
    assert finding.places == (Place("a.jsonl:2", "one"), Place("a.jsonl:3", "two"))
    assert finding.text == "b, a"


@pytest.mark.parametrize(
    ("given", "check", "what", "number"),
    [
        ([paragraph("Rain."), paragraph("Sun."), paragraph("x", None)], "one label", "2 reporting", None),
        ([paragraph("x", None)], "no label", "1 paragraphs", None),
        ([], "no label", "0 paragraphs", None),
        ([paragraph("a" * (LONG + 1)), paragraph("x", "appeal")], "long", f"{LONG + 1:,} characters", 1),
        ([paragraph("x", "appeal"), paragraph(" — 🚢 ")], "empty", "reporting", 2),
    ],
)
def test_documents_and_paragraphs_to_look_at(given: list, check: str, what: str, number: int | None) -> None:
    (finding,) = found(checked(CLEAN, document("b", *given)), check)
    assert finding.what == what
    assert finding.places == (Place("a.jsonl:2", "b", number),)
    assert len(finding.text) <= 160


@pytest.mark.parametrize("given", [[paragraph("Rain.")], [paragraph("a" * LONG), paragraph("x", "appeal")]])
def test_what_is_not_odd(given: list) -> None:
    assert not checked(document("b", *given)).found


def test_all_findings_are_counted_and_the_first_ones_listed() -> None:
    report = checked(CLEAN, document("b", *[paragraph("—", "appeal"), paragraph("x")] * 5), top=2)
    assert report.found["empty"] == 5
    assert [each.places[0].paragraph for each in report.findings["empty"]] == [1, 3]


def test_a_model_s_disagreements_are_sorted_by_the_probability_of_the_label(
    tiny_data: Path, tiny_model_dir: Path
) -> None:
    documents = list(read_documents([tiny_data]))
    changed = {"appeal": "reporting", "reporting": "spam"}
    wrong = [
        LabelledDocument(
            each.id, each.site, None, None, None,
            tuple(paragraph(p.text, changed.get(p.label or "")) for p in each.paragraphs),
        )
        for each in documents[:5]
    ]  # fmt: skip
    cleaner = load(tiny_model_dir)
    everything = Disagreement(cleaner)
    everything.add(located(*wrong[:2]))
    everything.add(located(*wrong[2:]))
    labels = [p.label for each in wrong for p in each.paragraphs]
    assert everything.compared == labels.count("reporting")
    assert everything.unknown == {"spam": labels.count("spam")}
    assert 0 < everything.found == len(everything.findings)
    probabilities = [float(each.what.split(",")[0].split()[-1]) for each in everything.findings]
    assert probabilities == sorted(probabilities)
    assert all(each.what.startswith("reporting ") for each in everything.findings)
    best = Disagreement(cleaner, top=3)
    best.add(located(*wrong))
    assert (best.found, [each.what for each in best.findings]) == (
        everything.found,
        [each.what for each in everything.findings[:3]],
    )
    where, name, number = best.findings[0].places[0]
    given = next(each for each in wrong if each.id == name)
    assert given.paragraphs[(number or 0) - 1].text.startswith(best.findings[0].text.rstrip("…"))
    assert where.startswith("a.jsonl:")


def test_a_model_is_given_each_document_once(tiny_model_dir: Path) -> None:
    disagreement = Disagreement(load(tiny_model_dir))
    check_labels(located(CLEAN, CLEAN), visit=disagreement.add)
    assert disagreement.compared == 4
