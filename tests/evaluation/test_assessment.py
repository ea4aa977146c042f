"""Groups, calibration, confusion, mistakes and thresholds: by hand, and on documents that lack what is usual."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from invented_scores import LABELS, random_documents, scored
from measured_documents import documents as measured_pages

from detector.cleaner import Cleaner
from detector.cli.evaluation_tables import evaluation_text
from detector.encoder.model import Encoder
from detector.evaluation.assessment import Assessment, Settings, _decided, assess, measure_all, parts_of
from detector.evaluation.bootstrap import Interval, Resampling
from detector.evaluation.calibration_bins import calibration_of
from detector.evaluation.curves import Curve
from detector.evaluation.evaluate import ScoredDocument, evaluate, measured
from detector.evaluation.figures_json import CURVE_POINTS, assessment_as_json, mistake_as_json
from detector.evaluation.groups import by_language, by_length, by_site
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.evaluation.labels_and_kinds import kinds_of, label_matrix
from detector.evaluation.mistakes import SHOWN, worst_mistakes
from detector.evaluation.notes import notes
from detector.evaluation.word_f1 import word_f1
from detector.inference.model import Model
from detector.policy import POLICIES
from detector.report.evaluation_page import evaluation_page

SETTINGS = Settings(Resampling(resamples=100), mistakes=10, least=2)
REPORTING = ("reporting", "read", 10, 0.9)


# Groups


def in_language(lang: str | None, number: int, words: int = 10) -> list[ScoredDocument]:
    return [
        scored([("reporting", "read", words, 0.9)], f"{lang}{n}.example", f"{lang}{n}", lang=lang)
        for n in range(number)
    ]


def test_small_groups_are_pooled() -> None:
    given = [*in_language("en", 5), *in_language("de", 2), *in_language("fr", 1), *in_language(None, 1)]
    groups = by_language([measured(one, {}) for one in given], 3, SETTINGS.resampling)
    assert [(group.name, group.documents, group.pooled) for group in groups] == [("en", 5, 0), ("others", 4, 3)]
    assert groups[0].intervals["lost"] == Interval(0, 0)


def test_one_small_group_is_pooled_with_nothing() -> None:
    groups = by_language(
        [measured(one, {}) for one in [*in_language("English", 3), *in_language(None, 1)]], 2, SETTINGS.resampling
    )
    assert [(group.name, group.documents, group.pooled) for group in groups] == [("en", 3, 0), ("unknown", 1, 0)]
    assert groups[1].intervals["lost"] is None  # one site


def test_groups_by_length_stand_in_order() -> None:
    given = [*in_language("b", 2, 1000), *in_language("c", 2, 299), *in_language("a", 2, 99), *in_language("d", 2, 300)]
    groups = by_length([measured(one, {}) for one in given], 2, SETTINGS.resampling)
    names = [group.name for group in groups]
    assert names == ["under 100 words", "100 to 299 words", "300 to 999 words", "1,000 words and more"]


def test_the_site_that_loses_most_comes_first() -> None:
    given = [
        *[scored([REPORTING], "good.example", f"g{n}") for n in range(2)],
        *[scored([("reporting", "read", 10, 0.1)], "bad.example", f"b{n}") for n in range(2)],
        *[scored([("reporting", "read", 99, 0.1)], f"small{n}.example", "s") for n in range(2)],
    ]
    groups = by_site([measured(one, {}) for one in given], 2)
    assert [(group.name, group.figures["lost"]) for group in groups] == [
        ("bad.example", 1),
        ("good.example", 0),
        ("others", 1),
    ]
    assert groups[-1].pooled == 2


# Calibration


def test_calibration_by_hand() -> None:
    rows = [
        ("reporting", "read", 5, 0.95),
        ("appeal", "read", 5, 0.91),
        ("reporting", "read", 5, 1.0),
        ("appeal", "read", 5, 0.0),
    ]
    rows += [("navigation", "auto", 5, 0.95), (None, None, 5, 0.95)]  # labels that no reader gave
    found = calibration_of([measured(scored(rows, f"s{n}"), {}) for n in range(3)], SETTINGS.resampling)
    assert [each.label for each in found] == list(LABELS)
    last = found[0].bins[-1]
    assert (last.low, last.high, last.paragraphs) == (0.9, 1.0, 9)
    assert last.share == pytest.approx(2 / 3)
    assert last.score == pytest.approx((0.95 + 0.91 + 1) / 3)
    assert found[0].error == pytest.approx(3 / 4 * abs(2.86 / 3 - 2 / 3), abs=1e-6)
    assert (found[0].bins[3].paragraphs, found[0].bins[3].share, found[0].bins[3].interval) == (0, None, None)
    assert found[0].interval is not None
    assert found[0].interval.low == pytest.approx(found[0].error)  # all sites are alike


@pytest.mark.parametrize("seed", range(4))
def test_each_paragraph_is_in_one_bin(seed: int) -> None:
    documents = random_documents(seed, 5)
    read = sum(int(one.rows.read.sum()) for one in documents)
    for each in calibration_of(documents, SETTINGS.resampling):
        assert sum(b.paragraphs for b in each.bins) == read
        assert each.error is not None
        assert 0 <= each.error <= 1


# Labels and kinds


def test_a_label_that_the_model_does_not_have_is_a_row_of_its_own() -> None:
    found = label_matrix([measured(scored([REPORTING, ("weather", "read", 3, 0.9), ("appeal", "read", 3, 0.1)]), {})])
    assert found.rows == (*LABELS, "weather")
    assert found.columns == LABELS
    assert found.counts == ((1, 0, 0), (0, 1, 0), (0, 0, 0), (1, 0, 0))


def test_what_becomes_of_a_kind() -> None:
    rows = [REPORTING, ("reporting", "read", 3, 0.2), ("appeal", "read", 3, 0.1), ("appeal", "auto", 3, 0.9)]
    found = kinds_of([measured(scored(rows, f"s{n}"), {}) for n in range(2)], SETTINGS.resampling)
    assert [(each.label, each.kind, each.paragraphs, each.removed) for each in found] == [
        ("reporting", "body", 4, 0.5), ("appeal", "donation", 2, 1),
    ]  # fmt: skip
    assert found[0].interval == Interval(0.5, 0.5)
    assert found[0].predicted == {"reporting": 2, "appeal": 2, "navigation": 0}


# Mistakes


def test_mistakes_of_both_types_the_costliest_first() -> None:
    rows = [
        REPORTING, ("reporting", "gold", 30, 0.1), ("appeal", "read", 20, 0.9), ("appeal", "read", 5, 0.1),
        ("navigation", "auto", 50, 0.9), ("navigation", "read", 40, 0.8), (None, None, 60, 0.9),
    ]  # fmt: skip
    found = worst_mistakes([measured(scored(rows), {})], 10)
    assert [(each.type, each.label, each.cost, each.paragraph) for each in found] == [
        ("kept", "navigation", 40, 6), ("lost", "reporting", 30, 2), ("kept", "appeal", 20, 3),
    ]  # fmt: skip
    assert [each.keep for each in found[1].before] == [True]
    assert [(each.label, each.keep) for each in found[1].after] == [("appeal", True), ("appeal", False)]
    assert found[1].predicted_label == "appeal"
    assert (found[1].score, found[1].threshold) == (pytest.approx(0.1), 0.5)


def test_no_type_crowds_out_the_other() -> None:
    rows = [("navigation", "read", 50 + n, 0.9) for n in range(20)] + [("reporting", "read", 1, 0.1)]
    found = worst_mistakes([measured(scored(rows), {})], 6)
    assert [each.type for each in found] == ["kept"] * 5 + ["lost"]
    assert len(worst_mistakes([measured(scored(rows), {})], 0)) == 0


def test_a_mistake_that_repeats_is_listed_once() -> None:
    rows = [("appeal", "read", 8, 0.9)]
    given = [scored(rows, "a.example", "1"), scored(rows, "a.example", "2"), scored(rows, "b.example", "3")]
    found = worst_mistakes([measured(one, {}) for one in given], 10)
    assert [(each.site, each.documents, each.cost, each.document) for each in found] == [
        ("a.example", 2, 16, "1"), ("b.example", 1, 8, "3"),
    ]  # fmt: skip


def test_a_long_paragraph_is_shortened() -> None:
    found = worst_mistakes([measured(scored([("reporting", "read", 5000, 0.1)]), {})], 1)
    assert len(found[0].text) == SHOWN
    assert found[0].text.endswith("…")
    assert found[0].cost == 5000


# Curves and word F1


def test_a_thinned_curve_keeps_its_ends() -> None:
    at = np.linspace(0, 1, 5000)
    few = Curve(at, at, at).thinned(100)
    assert 50 < len(few.lost) <= 102
    assert (few.lost[0], few.lost[-1]) == (0, 1)
    assert (np.diff(few.lost) > 0).all()
    assert Curve(at[:9], at[:9], at[:9]).thinned(100).lost.tolist() == at[:9].tolist()


WORDS = [
    (["a b", "c"], [True, True], "a b c", (1, 1)),
    (["a a b", "c"], [True, False], "a b", (2 * 2 / 6, 2 * 2 / 5)),
    (["a a", "A c"], [False, True], "a c", (2 * 2 / 6, 1)),
    (["a"], [False], "a", (1, 0)),
    (["a"], [True], "— —", (None, None)),
]


@pytest.mark.parametrize(("texts", "keep", "gold", "expected"), WORDS)
def test_word_f1(texts: list[str], keep: list[bool], gold: str, expected: tuple[float | None, float | None]) -> None:
    assert word_f1(texts, keep, gold) == pytest.approx(expected)


# The whole


@pytest.fixture(scope="module")
def assessment(tiny_model: Model) -> Assessment:
    cleaner = Cleaner(tiny_model)
    return assess(cleaner, "tiny", measure_all(cleaner, measured_pages(6)), SETTINGS)


def test_the_figures_are_those_of_evaluate(assessment: Assessment, tiny_model: Model) -> None:
    assert {group.name: group.figures for group in assessment.origins} == evaluate(
        Cleaner(tiny_model), measured_pages(6)
    ).figures


def test_intervals_hold_their_figures(assessment: Assessment) -> None:
    for group in (*assessment.origins, *assessment.languages, *assessment.lengths):
        for name, interval in group.intervals.items():
            value = group.figures[name]
            assert value is not None
            assert interval is None or interval.low - 1e-9 <= value <= interval.high + 1e-9, name


def test_marks_are_what_cleaning_does_at_each_threshold(assessment: Assessment, tiny_model: Model) -> None:
    for mark in assessment.parts[0].marks:
        row = evaluate(Cleaner(tiny_model, mark.threshold), measured_pages(6)).figures["page"]
        assert (mark.lost, mark.removed["appeal"], mark.removed["nav"]) == pytest.approx(
            (row["lost"], row["appeal"], row["nav"])
        )
    assert {mark.name for mark in assessment.parts[0].marks} == set(tiny_model.thresholds)


def test_labels_with_the_names_of_people_count_as_read(assessment: Assessment, tiny_model: Model) -> None:
    named = [
        replace(one, paragraphs=tuple(replace(p, by="kerstin") for p in one.paragraphs)) for one in measured_pages(6)
    ]
    cleaner = Cleaner(tiny_model)
    found = assess(cleaner, "tiny", measure_all(cleaner, named), SETTINGS)
    assert assessment_as_json(found, None) == assessment_as_json(assessment, None)
    assert found.mistakes == assessment.mistakes
    assert found.counts.read == found.counts.labelled > 0


@pytest.mark.parametrize("with_encoder", [False, True])
@pytest.mark.parametrize("policy", ["reporting", "text"])
def test_other_thresholds_need_no_other_prediction(
    policy: str, with_encoder: bool, tiny_model: Model, encoder: Encoder, seed_texts: list[str]
) -> None:
    """The guard decides again on the scores that are there. Texts in sections and unread ones are among them."""
    lines = "\n".join(seed_texts).split("\n")
    many, pages = "Donate now!\nThe ferry left.\n" * 4_200, ["\n".join(lines[at : at + 150]) for at in (0, 150)]
    texts = ["", "a\n" * 40, "Donate to us today! " * 900, f"{many}End", *pages, *seed_texts[:9]]
    encoding = {"encoder": encoder, "effort": 0.2} if with_encoder else {}
    cleaner = Cleaner(tiny_model, policy=POLICIES[policy], **encoding)
    predictions = list(cleaner.predict_many(texts))
    for threshold in (0.0, 0.1, 0.5, 0.9, 1.0):
        other = replace(cleaner, threshold=threshold)
        for prediction, expected in zip(predictions, other.predict_many(texts), strict=True):
            assert np.array_equal(_decided(other, prediction), expected.keep)


def test_with_an_encoder_the_figures_are_those_of_its_scores(tiny_model: Model, encoder: Encoder) -> None:
    reading = Cleaner(tiny_model, encoder=encoder, effort=1.0)
    found = assess(reading, "tiny", measure_all(reading, measured_pages(3)), SETTINGS)
    assert {group.name: group.figures for group in found.origins} == evaluate(reading, measured_pages(3)).figures
    for mark in found.parts[0].marks:
        row = evaluate(replace(reading, threshold=mark.threshold), measured_pages(3)).figures["page"]
        assert (mark.lost, mark.removed["appeal"]) == pytest.approx((row["lost"], row["appeal"]))
    alone = Cleaner(tiny_model)
    assert found.mistakes != assess(alone, "tiny", measure_all(alone, measured_pages(3)), SETTINGS).mistakes


def test_a_threshold_without_a_name_is_marked_as_well(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, 0.77)
    found = assess(cleaner, "tiny", measure_all(cleaner, measured_pages(3)), SETTINGS)
    assert ("given", 0.77) in [(mark.name, mark.threshold) for mark in found.parts[0].marks]


def test_the_json_has_the_documented_keys(assessment: Assessment) -> None:
    values = json.loads(json.dumps(assessment_as_json(assessment, None), allow_nan=False))
    assert list(values) == [
        "format", "version", "model", "data", "bootstrap", "notes", "figures", "intervals", "groups", "least_documents",
        "parts", "mistakes",
    ]  # fmt: skip
    assert list(values["parts"]) == ["page", "extracted"]
    assert list(values["parts"]["page"]) == ["thresholds", "curves", "calibration", "labels", "kinds", "by_kind"]
    assert values["figures"]["page"] == assessment.origins[0].figures
    assert all(len(curve["lost"]) <= CURVE_POINTS + 2 for curve in values["parts"]["page"]["curves"].values())
    for mistake in assessment.mistakes:
        json.dumps(mistake_as_json(mistake), allow_nan=False)


def document(name: str, *labels: str | None, site: str | None = None, **more: str) -> LabelledDocument:
    paragraphs = tuple(
        LabelledParagraph(f"The ferry to Ostholm sails again, line {n}.", label) for n, label in enumerate(labels)
    )
    return LabelledDocument(name, site or name, more.get("origin"), more.get("lang"), None, paragraphs)


ODD = [
    ("a single document", [document("a", "reporting", "appeal", site="s")], "one site"),
    ("no paragraphs", [document("a")], "no paragraph with words is labelled reporting"),
    ("no labels", [document("a", None, None), document("b", None)], "no paragraph is labelled appeal by a reader"),
    ("no appeal", [document(n, "reporting", "navigation") for n in "abc"], "no paragraph is labelled appeal"),
    ("no reporting", [document(n, "appeal") for n in "abc"], "nothing can be lost"),
    ("no sites", [document(n, "reporting", "appeal") for n in "abc"], "3 documents have no site"),
    ("an id for a site", [document("a", "reporting"), document("b", "appeal", site="s")], "1 document has no site"),
    ("other labels", [document(n, "reporting", "weather", "weather", site="s") for n in "abc"], "weather (6)"),
    ("odd names", [document("<b>", "reporting", "<i>" * 40, site="\x1b[31m", lang="<u>", origin="<s>")], "<i>"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "documents", "said"), ODD, ids=[case[0] for case in ODD])
def test_documents_that_lack_what_is_usual(
    name: str, documents: list[LabelledDocument], said: str, tiny_model: Model
) -> None:
    cleaner = Cleaner(tiny_model)
    found = assess(cleaner, "tiny", measure_all(cleaner, documents), SETTINGS)
    assert said.lower() in " ".join(notes(found)).lower()
    assert json.dumps(assessment_as_json(found, None), allow_nan=False)


def test_parts_are_pages_and_extracted_texts_or_all() -> None:
    def names(*origins: str | None) -> list[str]:
        return list(parts_of([measured(scored([REPORTING], origin=origin), {}) for origin in origins]))

    assert names("page", "justext", "readability") == ["page", "extracted"]
    assert names("justext", "readability") == ["extracted"]
    assert names("seed") == ["seed"]
    assert names(None, None) == ["all"]
    assert names("page") == ["page"]
    assert names("page", None) == ["page", "extracted"]


def test_a_model_with_other_labels_has_figures_curves_and_a_page_of_its_own(tiny_model: Model) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    labels = ("reporting", "spam", "lost $1$ <b>")
    cleaner = Cleaner(replace(tiny_model, labels=labels))
    given = [document(f"d{n}", *labels, "reporting", *labels, origin="page") for n in range(4)]
    found = assess(cleaner, "tiny", measure_all(cleaner, given), SETTINGS)
    figures = found.origins[0].figures
    assert {"removed spam", "spam@.5", "removed lost $1$ <b>", "lost $1$ <b>@.5", "lost"} <= set(figures)
    assert (figures["appeal"], figures["A@.5"]) == (None, None)
    assert set(found.parts[0].curves) == {"removed spam", "removed lost $1$ <b>"}
    page = b"".join(evaluation_page(found).pieces()).decode()
    assert "lost $1$ &lt;b&gt;" in page
    assert "<b>" not in page
    assert "removed spam" in evaluation_text(found, None)
