"""Training: what the data must have, any set of labels, and the same model from the same data in any order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import ROOT, TINY_CONFIG, TINY_VECTORS

from detector.cleaner import Cleaner
from detector.errors import DataError, DetectorError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.fit import train as train_module
from detector.fit.config import FitConfig
from detector.fit.data import site_folds
from detector.fit.fit import fit
from detector.fit.origins import LINES, MAX_LISTED, OTHERS, SEED
from detector.fit.train import train
from detector.inference.network import LAYERS
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, save
from detector.util.arrays import Floats
from detector.util.languages import language_code

QUICK = FitConfig(
    folds=2, linear_epochs=5, network_epochs=40, batch_rows=20, min_steps=1, hidden=8, pools=2, networks=(0,),
    learning_rate=1e-2,
)  # fmt: skip
PLACES = ("harbour", "market", "school", "bridge", "library", "forest", "museum", "station", "tunnel", "garden")
Rule = dict[str, tuple[str, str | None]]  # the text and the kind of a label's paragraph


def document(number: int, site: str, labels: Rule) -> LabelledDocument:
    place = PLACES[number % len(PLACES)]
    story = [
        LabelledParagraph(f"The council said on day {number} that the {place} would reopen.", "reporting"),
        LabelledParagraph(f"Residents near the {place} had waited for {number + 2} years.", "reporting"),
    ]
    others = [LabelledParagraph(text, label, kind) for label, (text, kind) in labels.items()]
    return LabelledDocument(f"doc-{number:02}", site, None, None, None, (*story, *others))


SPAM: Rule = {"spam": ("Buy cheap tickets now, click here!", None)}
THREE: Rule = {**SPAM, "navigation": ("Home | Sport | Weather", "menu")}


def corpus(number: int = 16, sites: int = 8, labels: Rule = SPAM) -> list[LabelledDocument]:
    return [document(n, f"site-{n % sites}.example", labels) for n in range(number)]


# What the data must have


def relabelled(documents: list[LabelledDocument], label: str | None) -> list[LabelledDocument]:
    return [replace(d, paragraphs=tuple(replace(p, label=label) for p in d.paragraphs)) for d in documents]


TOO_LITTLE = [
    ([], 'no paragraph is labelled "reporting": the labels are []'),
    (relabelled(corpus(), None), 'no paragraph is labelled "reporting"'),
    (relabelled(corpus(), "spam"), "no paragraph is labelled \"reporting\": the labels are ['spam']"),
    (relabelled(corpus(), "reporting"), 'every label is "reporting": add documents with other labels'),
    (corpus(sites=1), "1 site(s) for 2 folds: add documents of other sites, or set fewer folds"),
    (
        [*corpus(labels={}), document(90, "one.example", SPAM), document(91, "one.example", SPAM)],
        '"spam" occurs on one site only (one.example)',
    ),
]


@pytest.mark.parametrize(("documents", "words"), TOO_LITTLE, ids=range(len(TOO_LITTLE)))
def test_too_little_data(documents: list[LabelledDocument], words: str) -> None:
    with pytest.raises(DataError) as caught:
        fit(documents, QUICK)
    assert words in str(caught.value)


NAMES: list[tuple[Rule, str]] = [
    (
        {"sp\tam": ("Buy now!", None)},
        "paragraph 3: the label 'sp.*tam' has the character U.0009, which is not printable",
    ),
    ({"spam": ("Buy now!", "a\u00a0b")}, "the kind 'a\\\\xa0b' has the character U.00A0, which is not printable"),
    ({"spam": ("Buy now!", "\ud83d")}, "the kind '\\\\ud83d' has the character U.D83D"),
    ({"x" * 101: ("Buy now!", None)}, "the label 'xxx.* has 101 characters: rename it, to 1 to 100 printable"),
    ({f"spam {n}": ("Buy now!", f"kind {n}") for n in range(100)}, "101 kinds .* a model has at most 100: map some"),
]


@pytest.mark.parametrize(("rule", "words"), NAMES, ids=range(len(NAMES)))
def test_names_that_a_model_cannot_have_are_refused_before_the_fit(rule: Rule, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit(corpus(labels=rule), QUICK, progress=pytest.fail)


def test_a_hundred_kinds_are_not_too_many() -> None:
    rule: Rule = {f"spam {n}": ("Buy now!", None) for n in range(99)}
    with pytest.raises(DataError, match="8 site"):
        fit(corpus(labels=rule), replace(QUICK, folds=9))


def test_a_label_in_only_one_fold() -> None:
    folds = site_folds(corpus(), 2)
    first = [site for site, fold in folds.items() if fold == 0]
    documents = [document(n, d.site, SPAM if d.site in first else {}) for n, d in enumerate(corpus())]
    with pytest.raises(DataError, match=r"only \['reporting'\]: add documents of more sites"):
        fit(documents, QUICK)


def test_fewer_sites_than_folds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"8 site\(s\) for 9 folds"):
        fit(corpus(), replace(QUICK, folds=9))
    with pytest.raises(UsageError, match=r"missing\.jsonl"):
        train([tmp_path / "missing.jsonl"], tmp_path / "model", QUICK, vectors=TINY_VECTORS)
    assert not (tmp_path / "model").exists()


def test_a_folder_of_other_files_is_no_place_for_a_model(tiny_data: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Notes.")
    with pytest.raises(UsageError, match=r"has a README\.md and is no model"):
        train([tiny_data], tmp_path, QUICK, vectors=TINY_VECTORS)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "Notes."


@pytest.mark.parametrize("name", ["file", "file/model"])
def test_an_output_that_can_be_no_folder_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DetectorError, match="choose another folder"):
        train([tmp_path / "data.jsonl"], tmp_path / name, QUICK, read=pytest.fail)


ODD = "page\ud83d"  # half of a character, as JSON may have it


def test_odd_origins_and_languages_are_in_the_metadata_and_the_card(tmp_path: Path) -> None:
    documents = [replace(d, origin=ODD if n % 2 else None, lang=ODD) for n, d in enumerate(corpus())]
    metadata = train(
        [tmp_path], tmp_path / "model", QUICK, [tmp_path], vectors=TINY_VECTORS,
        read=Reader(documents, [replace(d, site=f"dev {d.site}") for d in documents]),
    ).metadata  # fmt: skip
    loaded = load_model(tmp_path / "model").metadata
    assert loaded["figures"] == metadata["figures"]
    assert ODD in loaded["figures"]["dev"]
    assert list(loaded["languages"]["real"]) == [ODD]
    assert "page\\ud83d" in (tmp_path / "model" / "README.md").read_text("utf-8")


def test_thousands_of_origins_are_no_thousands_of_rows(tmp_path: Path) -> None:
    extra = [LabelledDocument(str(n), "a.example", f"extractor {n:05}", f"x-{n:05}", None, ()) for n in range(4000)]
    train([tmp_path], tmp_path / "model", QUICK, vectors=TINY_VECTORS, read=Reader([*corpus(), *extra]))
    metadata = load_model(tmp_path / "model").metadata
    assert len(metadata["figures"]["held-out"]) == MAX_LISTED + 3
    assert metadata["figures"]["held-out"][OTHERS]["documents"] == 4000 - MAX_LISTED
    assert len(metadata["languages"]["real"]) == MAX_LISTED + 2


class Reader:
    """Returns the next documents that it was given, whatever the path."""

    def __init__(self, *documents: list[LabelledDocument]) -> None:
        self._documents = iter(documents)

    def __call__(self, _: object) -> list[LabelledDocument]:
        return next(self._documents)


TOO_SMALL = [
    {"folds": 1}, {"folds": -3}, {"seed": -1}, {"linear_epochs": 0}, {"hidden": 0}, {"pools": 0},
    {"dropout": -0.1}, {"label_loss": -1}, {"network_epochs": 0}, {"batch_rows": 0}, {"min_steps": 0},
    {"augmentation": -0.5}, {"line_augmentation": -0.1}, {"cut_augmentation": -1}, {"artificial": -0.01},
]  # fmt: skip


@pytest.mark.parametrize("wrong", TOO_SMALL, ids=str)
def test_configs_out_of_range(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(UsageError, match=f"{name} must be at least .*, not {value}"):
        FitConfig(**wrong)


WRONG_CONFIGS = [
    ({"networks": (0, -1)}, "networks must be different seeds, none below 0, not (0, -1)"),
    ({"networks": (2, 2)}, "networks must be different seeds, none below 0, not (2, 2)"),
    ({"dropout": 1.0}, "dropout must be below 1, not 1.0"),
    ({"dropout": float("nan")}, "dropout must be below 1, not nan"),
    ({"learning_rate": 0}, "learning_rate must be above 0, not 0"),
    ({"learning_rate": -1e-3}, "learning_rate must be above 0, not -0.001"),
    (
        {"max_lost_words": (("gentle", 0.1),)},
        "max_lost_words must name 'balanced', the default threshold, not only ['gentle']",
    ),
    ({"max_lost_words": ()}, "max_lost_words must name 'balanced'"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG_CONFIGS)
def test_invalid_configs(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        FitConfig(**wrong)
    assert words in str(caught.value)


def test_a_config_of_all_minimum_values() -> None:
    least = FitConfig(
        folds=2, linear_epochs=1, networks=(0,), hidden=1, pools=1, dropout=0, network_epochs=1, batch_rows=1
    )
    least = replace(least, min_steps=1, augmentation=0, line_augmentation=0, cut_augmentation=0, artificial=0)
    model = fit(corpus(labels=THREE), least).model
    assert [layer.weights.shape[1] for layer in model.networks.members[0].layers] == [1] * (LAYERS - 1) + [3]


# Any set of labels


LABEL_SETS = [
    (SPAM, ("reporting", "spam"), ("reporting", "spam")),
    (THREE, ("reporting", "navigation", "spam"), ("reporting", "menu", "spam")),
    ({"zebra": ("Striped!", None), "appeal": ("Give now!", "donation")},
     ("reporting", "appeal", "zebra"), ("reporting", "donation", "zebra")),
    ({"a": ("Same kind here", "x"), "b": ("Other text there", "x")}, ("reporting", "a", "b"), ("reporting", "x", "x")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "labels", "kinds"), LABEL_SETS)
@pytest.mark.parametrize("networks", [(), (0,), pytest.param((2, 0, 5), marks=pytest.mark.slow)])
def test_other_labels_are_learned(
    networks: tuple[int, ...], rule: Rule, labels: tuple[str, ...], kinds: tuple[str, ...], tmp_path: Path
) -> None:
    fitted = fit(corpus(labels=rule), replace(QUICK, networks=networks))
    assert (fitted.model.labels, fitted.model.kinds) == (labels, kinds)
    assert len(fitted.model.networks.members) == len(networks)
    save(fitted.model, tmp_path, {})
    new = document(55, "new.example", rule)
    prediction = Cleaner(load_model(tmp_path), 0.5).predict(new.text)
    assert [p.label for p in prediction.paragraphs] == [p.label for p in new.paragraphs]
    assert [p.keep for p in prediction.paragraphs] == [p.label == "reporting" for p in new.paragraphs]


def test_paragraphs_without_a_label_are_read_and_not_learned_from() -> None:
    unknown = LabelledParagraph("Nobody knows what this is.", None)
    documents = [replace(d, paragraphs=(*d.paragraphs, unknown)) for d in corpus()]
    fitted = fit(documents, QUICK)
    assert fitted.model.labels == ("reporting", "spam")
    assert len(fitted.held_out) == sum(len(d.paragraphs) for d in documents)
    assert fitted.model.metadata["data"]["paragraphs"] == {"reporting": 32, "spam": 16}


def test_documents_without_paragraphs_are_ignored() -> None:
    empty = [replace(d, id=f"{d.id}-{n}", paragraphs=()) for n, d in enumerate(corpus(4))]
    with_empty, without = (fit(documents, QUICK) for documents in ([*empty, *corpus()], corpus()))
    assert len(with_empty.held_out) == len(without.held_out)
    assert with_empty.model.metadata["data"]["documents"] == 20


def test_folds_by_id_without_sites(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for one in corpus():
            paragraphs = [{"text": p.text, "label": p.label} for p in one.paragraphs]
            file.write(json.dumps({"id": one.id, "paragraphs": paragraphs}) + "\n")
    metadata = train([path], tmp_path / "model", QUICK, vectors=TINY_VECTORS).metadata
    assert metadata["data"]["sites"] == 16
    assert load_model(tmp_path / "model").labels == ("reporting", "spam")


# Languages and single lines


def in_languages() -> list[LabelledDocument]:
    """Documents of three languages, real and invented ones, and one of single lines."""
    languages = ("en", "de", "French", "English")
    real = [replace(d, lang=languages[n % 4]) for n, d in enumerate(corpus())]
    invented = [replace(d, id=f"{d.id}-seed", origin=SEED, lang="German") for d in corpus(4)]
    single = LabelledParagraph("Click here for tickets!", "spam")
    return [*real, *invented, replace(real[0], id="lines", origin=LINES, paragraphs=(single,))]


def test_held_out_figures_by_origin_and_by_language_leave_out_single_lines() -> None:
    fitted = fit(in_languages(), QUICK)
    assert len(fitted.held_out) == 20 * 3 + 1
    found = train_module._held_out_figures(fitted)
    table = found["figures"]["held-out"]
    assert {origin: row["documents"] for origin, row in table.items()} == {"all": 16, "seed": 4, "extracted": 20}
    languages = {
        sort: {language: (row["documents"], row["sites"]) for language, row in rows.items()}
        for sort, rows in found["languages"].items()
    }
    assert languages == {"real": {"de": (4, 2), "en": (8, 4), "fr": (4, 2)}, "invented": {"de": (4, 4)}}


def test_the_figures_are_those_of_the_held_out_scores() -> None:
    fitted = fit(in_languages(), QUICK)
    found = train_module._held_out_figures(fitted)["languages"]["real"]
    balanced, first, removed = fitted.model.thresholds["balanced"], 0, Counter[str]()
    for one in fitted.documents:
        scores = fitted.held_out[first : first + len(one.paragraphs), 0]
        first += len(one.paragraphs)
        if one.origin is None:
            removed[language_code(one.lang) or ""] += int(scores[2] < balanced)
    assert {language: row["removed"] for language, row in found.items()} == {
        language: removed[language] / row["documents"] for language, row in found.items()
    }


# Word vectors


def test_a_model_has_the_given_vectors_or_none() -> None:
    assert fit(corpus(), QUICK, vectors=TINY_VECTORS).model.vectors is TINY_VECTORS
    assert not len(fit(corpus(), QUICK).model.vectors.vectors)


@pytest.mark.parametrize(("more", "rows"), [(1, 0), (-1, 0), (0, 1)])
def test_teachers_of_other_documents(more: int, rows: int) -> None:
    """They are refused before anything is computed."""

    def teachers(documents: Sequence[LabelledDocument]) -> list[Floats]:
        number = sum(len(d.paragraphs) for d in documents)
        return [np.zeros((number - rows, 3), dtype=np.float32)] * (QUICK.folds + 1 + more)

    with pytest.raises(DataError, match=r"teacher\(s\), .* one for each fold and one for all"):
        fit(corpus(labels=THREE), QUICK, progress=pytest.fail, teachers=teachers)


def test_training_takes_the_vectors_of_the_shipped_model(
    tiny_data: Path, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_module, "load_model", lambda _=None: load_model(tiny_model_dir))
    train([tiny_data], tmp_path / "model", replace(TINY_CONFIG, networks=(0,), network_epochs=1))
    assert np.array_equal(load_model(tmp_path / "model").vectors.vectors, TINY_VECTORS.vectors)


# The same model


def test_the_same_data_in_another_order_gives_the_same_bytes(
    tiny_data: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    lines = tiny_data.read_text("utf-8").splitlines()
    halves = {"b.jsonl": lines[1::2][::-1], "a.jsonl": lines[::2]}
    (tmp_path / "data").mkdir()
    for name, part in halves.items():
        (tmp_path / "data" / name).write_text("\n".join(part), encoding="utf-8")
    train([tmp_path / "data" / name for name in halves], tmp_path / "model", TINY_CONFIG, vectors=TINY_VECTORS)
    for name in (ARRAYS_FILE, METADATA_FILE, "README.md"):
        assert (tmp_path / "model" / name).read_bytes() == (tiny_model_dir / name).read_bytes()


def test_another_seed_gives_another_model() -> None:
    first, second = (fit(corpus(labels=THREE), replace(QUICK, seed=seed)).held_out for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_progress_is_reported() -> None:
    said: list[str] = []
    fit(corpus(), QUICK, said.append)
    assert len(said) >= 3
    assert "16 documents" in said[0]


def test_held_out_scores_are_those_of_the_documents(tiny_data: Path) -> None:
    documents = list(read_documents([tiny_data]))
    fitted = fit(documents, TINY_CONFIG)
    assert sorted(d.id for d in fitted.documents) == sorted(d.id for d in documents)
    labels = [p.label for d in fitted.documents for p in d.paragraphs]
    assert fitted.held_out.shape == (len(labels), 3)
    assert fitted.held_out.sum(axis=1) == pytest.approx(1, abs=1e-5)
    index = np.array([fitted.model.labels.index(label or "") for label in labels])
    reporting = fitted.held_out[:, 0]
    assert reporting[index == 0].mean() > reporting[index != 0].mean() + 0.05


def test_evaluating_on_other_documents(tiny_data: Path, tmp_path: Path) -> None:
    dev = ROOT / "seeds" / "stray_lines.jsonl"
    metadata = train([tiny_data], tmp_path / "model", TINY_CONFIG, [dev], vectors=TINY_VECTORS).metadata
    assert set(metadata["figures"]) == {"held-out", "dev"}
    assert load_model(tmp_path / "model").metadata["figures"] == metadata["figures"]
    assert "## Figures: dev" in (tmp_path / "model" / "README.md").read_text("utf-8")


def test_dev_documents_of_sites_trained_on_are_refused(tiny_data: Path, tmp_path: Path) -> None:
    shared = tmp_path / "dev.jsonl"
    shared.write_text(tiny_data.read_text("utf-8").splitlines()[0], encoding="utf-8")
    with pytest.raises(DataError, match="1 site is in the training data and in the dev documents, for example"):
        train([tiny_data], tmp_path / "model", TINY_CONFIG, [shared], vectors=TINY_VECTORS)
    assert not (tmp_path / "model").exists()


SHARED = [
    ("ids alone", [("1", "1"), ("2", "2"), ("3", "3")], [("1", "1"), ("2", "2")], "2 ids are .*'1', and the id of a"),
    ("an id like a site", [("lantern.example", "lantern.example")], [("7", "lantern.example")], "1 id is .* give the"),
    ("a site among ids", [("1", "1"), ("2", "b.example")], [("1", "1"), ("5", "b.example")], "1 site is .*'b.example'"),
    ("the same id of other sites", [("1", "a.example")], [("1", "b.example")], None),
    ("a site with its id", [("a.example", "a.example"), ("1", "a.example")], [("2", "a.example")], "1 site is"),
]


@pytest.mark.parametrize(("name", "data", "dev", "said"), SHARED, ids=[case[0] for case in SHARED])
def test_what_is_shared_with_the_dev_documents_is_told(
    name: str, data: list[tuple[str, str]], dev: list[tuple[str, str]], said: str | None
) -> None:
    given, held_out = (
        [LabelledDocument(id_, site, None, None, None, ()) for id_, site in pairs] for pairs in (data, dev)
    )
    with pytest.raises(DataError, match=said) if said else nullcontext():
        train_module._check_sites(given, held_out)


# Folds

names = st.lists(st.text(st.characters(), max_size=6), min_size=1, max_size=30)


@given(names, st.integers(2, 7), st.randoms(use_true_random=False))
def test_folds_are_even_and_do_not_depend_on_the_order(sites: list[str], number: int, random: Any) -> None:
    documents = [LabelledDocument(str(n), site, None, None, None, ()) for n, site in enumerate(sites)]
    folds = site_folds(documents, number)
    assert set(folds) == set(sites)
    sizes = Counter(folds.values())
    assert set(sizes) <= set(range(number))
    assert max(sizes.values()) - min(sizes[fold] for fold in range(number)) <= 1
    random.shuffle(documents)
    assert site_folds(documents, number) == folds
