"""Adapting a model to a publisher: what it learns, what it leaves, and what it says of itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import ROOT

from detector.cleaner import Cleaner
from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.fit import adapt_data
from detector.fit.adapt import AdaptConfig, Adapted, adapt, save_adapted
from detector.fit.adapt_data import labels_of
from detector.fit.adapt_figures import Decisions, are_beyond_chance, fallen, is_better
from detector.fit.adapt_network import adapt_network
from detector.fit.adapt_thresholds import held_out_thresholds
from detector.fit.card import card
from detector.fit.general import TEXTS_FILE, general_moment, general_texts, second_moment
from detector.fit.network import TrainingPass
from detector.inference.model import Model
from detector.inference.network import LAYERS, Ensemble
from detector.inference.positions import Positions
from detector.inference.storage import load_model
from training.general_texts import content

CONFIG = AdaptConfig(strengths=(1.0,), folds=3)
PLACES = ("Harrow Bay", "Tolmin", "Askrigg", "Ludden", "Penwick", "Corran")


def publisher(places: Sequence[str] = PLACES, by: str | None = None) -> list[LabelledDocument]:
    """Documents of a publisher that begins every appeal in a way of its own, which no model has seen."""
    return [document(place, by) for place in places]


def document(place: str, by: str | None = None) -> LabelledDocument:
    lines = [
        (f"Ferry returns to {place} after the winter", "reporting", "heading"),
        (f"The ferry to {place} sails again from Monday, the harbour office said.", "reporting", "body"),
        (f"Repairs to the pier at {place} took nine weeks and cost 40,000 crowns.", "reporting", "body"),
        (f"LANTERN CIRCLE >> {place} edition >> join the lantern keepers", "appeal", "subscription"),
        (f"The next sailing from {place} leaves at noon, weather permitting.", "reporting", "body"),
        (f"LANTERN CIRCLE >> keepers of {place} light one more lamp", "appeal", "donation"),
        (f"LANTERN MAP >> {place} >> quays >> tides", "navigation", "menu"),
    ]
    paragraphs = tuple(LabelledParagraph(text, label, kind, by) for text, label, kind in lines)
    return LabelledDocument(place, "lantern.example", None, "en", None, paragraphs)


def relabelled(one: LabelledDocument, labels: Iterable[str | None]) -> LabelledDocument:
    """The document with these labels, without kinds."""
    paragraphs = zip(one.paragraphs, labels, strict=True)
    return replace(one, paragraphs=tuple(LabelledParagraph(each.text, label) for each, label in paragraphs))


def keep_scores(model: Model, documents: Sequence[LabelledDocument]) -> list[float]:
    return [score for each in documents for score in Cleaner(model).predict(each.text).keep_scores.tolist()]


@pytest.fixture(scope="module", autouse=True)
def few_general_texts() -> Iterator[None]:
    """Some of the general texts are enough for a tiny model."""
    few = general_texts()[:30]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detector.fit.general.general_texts", lambda: few)
        yield


@pytest.fixture(scope="module")
def adapted(tiny_model: Model) -> Adapted:
    return adapt(tiny_model, publisher(), CONFIG)


# What it learns, and what it leaves


def test_paragraphs_of_other_documents_of_the_publisher_are_told_apart(tiny_model: Model, adapted: Adapted) -> None:
    other = publisher(["Vessby"])
    before, after = (np.array(keep_scores(model, other)) for model in (tiny_model, adapted.model))
    asks = np.array([each.label != "reporting" for each in other[0].paragraphs])
    assert (after[asks] < before[asks]).all()
    assert after[asks].max() < after[~asks].min()
    assert adapted.better
    assert (adapted.after["loss"] or 1) < (adapted.before["loss"] or 0)


def test_other_documents_change_little(tiny_model: Model, tiny_data: Path) -> None:
    elsewhere = list(read_documents([tiny_data]))
    before = np.array(keep_scores(tiny_model, elsewhere))
    change = {}
    for strength in (0.0, 10.0):
        config = replace(CONFIG, strengths=(strength,), ridge=0.0)
        after = np.array(keep_scores(adapt(tiny_model, publisher(), config).model, elsewhere))
        change[strength] = float(np.abs(after - before).mean())
    assert change[10.0] < 0.5 * change[0.0]
    assert change[10.0] < 0.02


def test_only_the_first_layers_of_the_networks_and_the_thresholds_change(tiny_model: Model, adapted: Adapted) -> None:
    model = adapted.model
    changed = ("networks", "thresholds", "metadata")
    assert replace(model, **{name: getattr(tiny_model, name) for name in changed}) == tiny_model
    for old, new in zip(tiny_model.networks.members, model.networks.members, strict=True):
        assert (old.layers[0].weights != new.layers[0].weights).any()
        for before, after in zip(old.layers[1:], new.layers[1:], strict=True):
            assert np.array_equal(before.weights, after.weights)
            assert np.array_equal(before.bias, after.bias)
        assert new.is_exact()


def test_the_same_labels_in_another_order_make_the_same_model(tiny_model: Model, adapted: Adapted) -> None:
    assert adapt(tiny_model, publisher()[::-1], CONFIG) == adapted


def test_documents_without_labels_play_no_part(tiny_model: Model, adapted: Adapted) -> None:
    assert adapt(tiny_model, [*publisher(), relabelled(document("Vessby"), [None] * 7)], CONFIG) == adapted


def test_labels_that_were_given_at_random_make_no_better_model(tiny_model: Model) -> None:
    random = np.random.default_rng(3)
    mixed = [relabelled(each, random.permutation([p.label for p in each.paragraphs])) for each in publisher()]
    right, wrong = (adapt(tiny_model, given, CONFIG).after["loss"] or 0 for given in (publisher(), mixed))
    assert wrong > right + 0.3


@pytest.mark.parametrize("seed", range(4))
def test_labels_that_the_model_would_give_make_no_better_model(seed: int, tiny_model: Model) -> None:
    """They make it surer, and change no decision."""
    cleaner, random = Cleaner(tiny_model, max_removed=1), np.random.default_rng(seed)
    given = []
    for one in publisher():
        decided = ["reporting" if keep else "navigation" for keep in cleaner.predict(one.text).keep]
        given.append(relabelled(one, [label if random.random() < 0.8 else None for label in decided]))
    assert not adapt(tiny_model, given, CONFIG).better


@pytest.mark.parametrize(
    ("better", "worse", "beyond"),
    [(0, 0, False), (2, 0, False), (3, 0, True), (3, 1, False), (9, 4, False), (9, 3, True)],
)
def test_changes_beyond_chance(better: int, worse: int, beyond: bool) -> None:
    before, same = np.array([False] * better + [True] * worse + [True] * 5), np.ones(4, dtype=np.bool_)
    after = np.array([True] * better + [False] * worse + [True] * 5)
    assert are_beyond_chance(Decisions(before, same), Decisions(after, same)) is beyond
    assert are_beyond_chance(Decisions(same, before), Decisions(same, after)) is beyond


def test_a_network_without_labels_stays_as_it_was(tiny_model: Model) -> None:
    labels = labels_of(tiny_model, publisher(), CONFIG)
    network = tiny_model.networks.members[0]
    nothing = replace(labels.sequences, label_weight=np.zeros_like(labels.sequences.label_weight))
    assert adapt_network(network, nothing, general_moment(tiny_model), CONFIG) is network


def test_more_documents_than_one_step_takes_are_all_learnt(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.fit.adapt_network._BATCH_ROWS", 7)
    found = adapt(tiny_model, publisher(), replace(CONFIG, steps=2))
    assert (found.after["loss"] or 1) < (found.before["loss"] or 0)


def test_gradients_of_the_layers_that_learn_alone(tiny_model: Model) -> None:
    labels = labels_of(tiny_model, publisher(), CONFIG)
    layers, positions = list(tiny_model.networks.members[0].layers), Positions(labels.sequences.bounds)
    gradients = []
    for learning in (range(LAYERS), (0,)):
        one = TrainingPass(layers, positions, 0.0, np.random.default_rng(0), learning)
        logits, backward = one.logits(labels.sequences.rows)
        backward(np.ones_like(logits))
        gradients.append(one.gradients)
    assert np.array_equal(gradients[0][0].weights, gradients[1][0].weights)
    assert all(new is old for new, old in zip(gradients[1][1:], layers[1:], strict=True))


# Thresholds


def test_the_thresholds_rise_with_clear_labels_and_are_recorded(
    tiny_model: Model, adapted: Adapted, tmp_path: Path
) -> None:
    before, after = tiny_model.thresholds, adapted.model.thresholds
    assert all(after[name] >= old for name, old in before.items())
    assert after["gentle"] <= after["balanced"] <= after["strict"]
    assert after["balanced"] > before["balanced"]
    save_adapted(adapted, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.thresholds == loaded.metadata["thresholds"] == after
    assert loaded.metadata["adapted"][0]["thresholds"] == {"before": before, "after": after}
    raised = f"balanced from {before['balanced']:.4f} to {after['balanced']:.4f}"
    assert raised in (tmp_path / "model" / "README.md").read_text("utf-8")


def test_the_thresholds_stay_without_labels_of_reporting(tiny_model: Model) -> None:
    appeals = [
        relabelled(each, [p.label if p.label == "appeal" else None for p in each.paragraphs]) for each in publisher()
    ]
    assert adapt(tiny_model, appeals, CONFIG).model.thresholds == tiny_model.thresholds


def test_the_thresholds_rise_less_than_half_as_far_with_noisy_labels(tiny_model: Model, adapted: Adapted) -> None:
    turned = {"reporting": "appeal", "appeal": "reporting", "navigation": "reporting"}
    wrong = [relabelled(each, [turned[p.label or ""] for p in each.paragraphs]) for each in publisher()]
    both = [replace(each, id=f"{each.id} {turn}") for turn, group in enumerate((publisher(), wrong)) for each in group]
    clear, noisy = adapted.model.thresholds, adapt(tiny_model, both, CONFIG).model.thresholds
    assert all(old <= noisy[name] <= (old + clear[name]) / 2 for name, old in tiny_model.thresholds.items())


@pytest.mark.parametrize("fold", range(3))
def test_the_threshold_of_a_fold_is_not_chosen_on_its_own_scores(fold: int, tiny_model: Model) -> None:
    labels = labels_of(tiny_model, publisher(), CONFIG)
    random = np.random.default_rng(fold)
    scores = (0.5 + 0.4 * random.random((len(labels.fold), 3))).astype(np.float32)
    other = scores.copy()
    other[labels.fold == fold] = 0.01
    first, second = (held_out_thresholds(tiny_model, labels, each, CONFIG) for each in (scores, other))
    own = labels.fold == fold
    assert (first[own] == second[own]).all()
    assert (first[own] > tiny_model.thresholds["balanced"]).all()
    assert not (first[~own] == second[~own]).all()


# What it says


def test_few_documents_one_label_and_unknown_kinds_are_noted(tiny_model: Model, adapted: Adapted) -> None:
    assert adapted.notes == ()
    few = adapt(tiny_model, publisher(PLACES[:2]), CONFIG)
    assert [note for note in few.notes if "fewer than three different documents" in note]
    appeals = [
        relabelled(each, [p.label if p.label == "appeal" else None for p in each.paragraphs]) for each in publisher()
    ]
    asked = adapt(tiny_model, appeals, CONFIG)
    assert [note for note in asked.notes if "no paragraph is labelled reporting or navigation" in note]
    assert asked.after["lost"] is None
    odd = [replace(each, paragraphs=tuple(replace(p, kind="lantern") for p in each.paragraphs)) for each in publisher()]
    notes = adapt(tiny_model, odd, CONFIG).notes
    assert [note for note in notes if "appeal/lantern, navigation/lantern, reporting/lantern" in note]


def test_three_documents_are_enough_for_folds_of_documents(tiny_model: Model) -> None:
    three = labels_of(tiny_model, publisher(PLACES[:3]), CONFIG)
    assert three.by_document
    assert [set(each.tolist()) for each in np.split(three.fold, three.sequences.bounds[1:-1])] == [{0}, {1}, {2}]


@pytest.mark.parametrize("number", [2, 3])
def test_the_same_text_under_several_ids_is_one_unit(number: int, tiny_model: Model) -> None:
    """Two annotators labelled each document, and a third export has one of them under another id."""
    texts = publisher(PLACES[:number])
    copies = [replace(each, id=f"{each.id}#{n}") for n in (1, 2) for each in texts]
    labels = labels_of(tiny_model, [*copies, replace(texts[0], id="export-1")], CONFIG)
    assert labels.by_document is (number == 3)
    folds: dict[str, set[int]] = {}
    parts = np.split(labels.fold, labels.sequences.bounds[1:-1])
    for one, part in zip(labels.documents, parts, strict=True):
        for paragraph, fold in zip(one.paragraphs, part.tolist(), strict=True):
            folds.setdefault(one.text if labels.by_document else paragraph.text, set()).add(fold)
    assert all(len(each) == 1 for each in folds.values())


UNITS = [
    (["a", "b", "c"], ["x", "y", "z"], [0, 1, 2]),
    (["a", "a", "b"], ["x", "y", "z"], [0, 0, 1]),
    (["a", "b", "c"], ["x", "y", "x"], [0, 1, 0]),
    (["a", "b", "a", "c"], ["x", "x", "y", "y"], [0, 0, 0, 0]),  # by way of the third
    (["a", "x"], ["x", "y"], [0, 1]),  # an id is no text
]


@pytest.mark.parametrize(("ids", "texts", "expected"), UNITS)
def test_which_documents_are_one_unit(ids: list[str], texts: list[str], expected: list[int]) -> None:
    documents = [
        LabelledDocument(name, "s", None, None, None, (LabelledParagraph(text, None),))
        for name, text in zip(ids, texts, strict=True)
    ]
    assert adapt_data._units(documents).tolist() == expected


def test_labels_that_the_model_has_learnt_from_are_not_held_out(tiny_model: Model, adapted: Adapted) -> None:
    assert adapted.learnt == 0
    again = adapt(adapted.model, publisher(), CONFIG)
    assert again.learnt == len(PLACES)
    (note,) = again.notes
    assert "the model has learnt from 6 of the 6 documents in an earlier adaptation" in note
    assert again.model.thresholds == adapted.model.thresholds  # the same labels raise them once
    assert again.model.metadata["adapted"][-1]["held-out"]["learnt"] == 6
    assert "had learnt from 6 of the documents before" in card(again.model)
    assert "had learnt" not in card(adapted.model)


def test_more_labels_adapt_an_adapted_model_further(adapted: Adapted) -> None:
    """The texts are known again under other ids, and with other labels."""
    known = [replace(each, id=f"export-{n}") for n, each in enumerate(publisher(PLACES[:2]))]
    new = publisher(["Vessby", "Orrin", "Callow"])
    further = adapt(adapted.model, [relabelled(known[0], ["navigation"] * 7), known[1], *new], CONFIG)
    assert further.learnt == 2
    assert [note for note in further.notes if "2 of the 5 documents" in note]
    assert further.model.metadata["adapted"][-1]["documents"] == 5
    assert adapt(adapted.model, new, CONFIG).learnt == 0


def test_only_new_texts_are_kept(adapted: Adapted, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(adapted.model.metadata["adapted"][0]["texts"].split()) == len(PLACES)
    further = adapt(adapted.model, [*publisher(PLACES[:2]), *publisher(["Vessby", "Orrin"])], CONFIG)
    assert len(further.model.metadata["adapted"][-1]["texts"].split()) == 2
    monkeypatch.setattr(adapt_data, "_MOST_TEXTS", 3)
    assert len(adapt_data.new_texts(labels_of(adapted.model, publisher(["A", "B", "C", "D"]), CONFIG)).split()) == 3


@pytest.mark.parametrize("texts", [None, "abc", [1, ["a"]], 5])
def test_odd_texts_in_the_metadata_are_no_learnt_texts(texts: object, tiny_model: Model, adapted: Adapted) -> None:
    entry = {**adapted.model.metadata["adapted"][0], "texts": texts}
    model = replace(tiny_model, metadata={**tiny_model.metadata, "adapted": [entry]})
    assert not labels_of(model, publisher(), CONFIG).learnt.any()


def test_labels_with_the_names_of_people_count_as_read(tiny_model: Model, adapted: Adapted) -> None:
    named = adapt(tiny_model, publisher(by="kerstin"), CONFIG)
    assert (named.before, named.after) == (adapted.before, adapted.after)


GOOD = {"lost": 0.01, "appeal": 0.5, "nav": 0.5, "A@.5": 0.5, "N@.5": 0.5, "O@.5": 0.5, "loss": 0.5}


@pytest.mark.parametrize(
    ("change", "better", "fell"),
    [
        ({}, False, ()),
        ({"loss": 0.4}, True, ()),
        ({"loss": 0.6, "O@.5": 0.9}, False, ("loss",)),
        ({"loss": 0.4, "A@.5": 0.4}, True, ("A@.5",)),
        ({"loss": 0.4, "A@.5": 0.4, "O@.5": 0.45}, False, ("A@.5", "O@.5")),
        ({"loss": 0.4, "lost": 0.014}, True, ("lost",)),
        ({"loss": 0.4, "lost": 0.02}, False, ("lost",)),
        ({"loss": 0.4, "lost": 0.0}, True, ()),
        ({"loss": 0.4, "lost": None, "A@.5": None}, True, ()),
    ],
)
def test_which_models_are_better(change: dict[str, float | None], better: bool, fell: tuple[str, ...]) -> None:
    assert is_better(GOOD, GOOD | change) is better
    assert fallen(GOOD, GOOD | change) == fell


def test_an_adapted_model_is_stored_with_what_it_was_adapted_to(
    adapted: Adapted, tiny_model: Model, tmp_path: Path
) -> None:
    save_adapted(adapted, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert replace(loaded, metadata={}) == replace(adapted.model, metadata={})
    (entry,) = loaded.metadata["adapted"]
    assert entry["from"] == tiny_model.metadata["sha256"]
    assert entry["paragraphs"] == {"reporting": 24, "appeal": 12, "navigation": 6}
    assert entry["held-out"]["after"] == adapted.after
    assert "figures" not in loaded.metadata  # those of the model before
    again = adapt(loaded, publisher(["Vessby", "Orrin", "Callow"]), CONFIG)
    save_adapted(again, tmp_path / "again")
    metadata = load_model(tmp_path / "again").metadata
    assert [each["from"] for each in metadata["adapted"]] == [entry["from"], loaded.metadata["sha256"]]
    card = (tmp_path / "again" / "README.md").read_text("utf-8")
    assert card.count("From the model") == 2
    assert "## Training data" in card


@pytest.mark.parametrize("other", ["yes", [1], [{"from": "elsewhere"}]])
def test_metadata_of_other_programs_are_no_earlier_adaptation(other: object, tiny_model: Model, tmp_path: Path) -> None:
    model = replace(tiny_model, metadata={**tiny_model.metadata, "adapted": other})
    save_adapted(adapt(model, publisher(), CONFIG), tmp_path / "model")
    assert len(load_model(tmp_path / "model").metadata["adapted"]) == 1


def test_a_folder_of_other_files_is_no_place_for_it(adapted: Adapted, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Notes.", encoding="utf-8")
    with pytest.raises(UsageError, match="is no model; choose another folder"):
        save_adapted(adapted, tmp_path)


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([], "0 labelled paragraphs: adapting takes at least 8"),
        (publisher(PLACES[:1]), "7 labelled paragraphs: adapting takes at least 8"),
        (
            [LabelledDocument("x", "x", None, None, None, (LabelledParagraph("A line", "spam"),))],
            r"has the labels reporting, appeal, navigation, and not spam \(1\): map these names",
        ),
        (
            [*publisher(), LabelledDocument("x", "x", None, None, None, (LabelledParagraph("A\nline", "appeal"),))],
            "x: 1 labelled paragraphs, 2 in the text",
        ),
    ],
    ids=["none", "few", "label", "paragraphs"],
)
def test_labels_that_cannot_be_used(documents: list[LabelledDocument], words: str, tiny_model: Model) -> None:
    with pytest.raises(DataError, match=words):
        adapt(tiny_model, documents, CONFIG)


def test_a_model_without_networks_cannot_learn(tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="has no networks"):
        adapt(replace(tiny_model, networks=Ensemble.none()), publisher(), CONFIG)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"folds": 1}, "folds must be at least 2, not 1"),
        ({"strengths": ()}, "strengths must be numbers from 0 on"),
        ({"strengths": (1.0, -1.0)}, "strengths must be numbers from 0 on"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
    ],
)
def test_configs_out_of_range(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        AdaptConfig(**wrong)  # type: ignore[arg-type]


# Folds


@given(sizes=st.lists(st.integers(1, 9), min_size=3, max_size=12), most=st.integers(2, 6), seed=st.integers(0, 9))
def test_folds_of_documents_hold_a_unit_together(sizes: list[int], most: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ids = np.unique(random.integers(0, len(sizes), len(sizes)), return_inverse=True)[1]
    label = random.integers(-1, 3, sum(sizes))
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    fold = adapt_data._document_folds(label, ids, bounds, most)
    owner = np.repeat(ids, sizes)
    assert ((fold >= 0) == (label >= 0)).all()
    assert fold.max() < min(most, ids.max() + 1)
    for one in np.unique(ids):
        assert len(set(fold[(owner == one) & (label >= 0)].tolist())) <= 1


@given(lines=st.lists(st.integers(0, 20), min_size=1, max_size=60), most=st.integers(2, 5))
def test_folds_of_blocks_hold_equal_lines_together(lines: list[int], most: int) -> None:
    label = np.array([(line * 7) % 4 - 1 for line in lines])
    hashes = np.array(lines, dtype=np.uint64)
    if not (label >= 0).any():
        return
    fold = adapt_data._block_folds(label, hashes, most)
    assert ((fold >= 0) == (label >= 0)).all()
    assert fold.max() < most
    for line in set(lines):
        assert len({f for f, one in zip(fold.tolist(), lines, strict=True) if one == line and f >= 0}) <= 1


# Documents in general


def test_the_second_moment_is_the_mean_square_of_a_change() -> None:
    random = np.random.default_rng(0)
    rows, change = random.normal(size=(50, 6)).astype(np.float32), random.normal(size=7).astype(np.float32)
    moved = rows @ change[:-1] + change[-1]
    assert change @ second_moment(rows) @ change == pytest.approx((moved**2).mean(), rel=1e-4)


def test_the_general_texts_are_invented_and_have_no_labels() -> None:
    texts = general_texts()
    assert len(set(texts)) == len(texts) >= 100
    assert set(texts) <= {each.text for each in read_documents([ROOT / "seeds"])}
    assert gzip.decompress(content(list(read_documents([ROOT / "seeds"])))) == gzip.decompress(TEXTS_FILE.read_bytes())
    with gzip.open(TEXTS_FILE, "rt", encoding="utf-8") as file:
        assert all(set(json.loads(line)) == {"text"} for line in file)
