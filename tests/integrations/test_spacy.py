"""The component of a spaCy pipeline."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import accumulate, islice, pairwise
from pathlib import Path

import pytest

pytest.importorskip("spacy", reason="spaCy is not installed here; .ci/integrations runs this")

import numpy as np
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.util import ignore_error

from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.loading import load
from detector.policy import Policy
from detector.spacy import Boilerplate

REPORT = "The ferry to Aldermoor runs again after eleven weeks, the harbour board said on Tuesday."
APPEAL = "Subscribe to our newsletter and get the week in your inbox!"
PAGE = f"{REPORT}\n{APPEAL}\n\nThe skipper, Odile Branscombe, said it was a long winter."
STRICT = {"threshold": 0.7, "max_removed": 1}
XX = spacy.blank("xx")
SOME = 40  # documents, where all would only take longer


@pytest.fixture(scope="session")
def model(tiny_model_dir):
    return str(tiny_model_dir)


@pytest.fixture
def nlp(model):
    nlp = spacy.blank("en")
    nlp.add_pipe("boilerplate", config={"model": model, "threshold": "gentle"})
    return nlp


@pytest.fixture(scope="session")
def strict(model):
    return Boilerplate(model=model, **STRICT)


def pipeline(model, **config):
    nlp = spacy.blank("xx")
    nlp.add_pipe("boilerplate", config={"model": model, **config})
    return nlp


def check(doc, expected):
    """Require the annotations of a document to be the decisions of a cleaner, its tokens being cut at line ends."""
    assert doc.text == expected.prediction.source
    assert doc._.clean_text == expected.text
    group = doc.spans["boilerplate"]
    assert [(span.start_char, span.end_char, span.label_) for span in group] == [
        (paragraph.start, paragraph.end, paragraph.label) for paragraph in expected.removed
    ]
    assert group.attrs["kinds"] == [paragraph.kind for paragraph in expected.removed]
    assert group.attrs["scores"].tolist() == [paragraph.scores[paragraph.label] for paragraph in expected.removed]
    assert group.attrs["kept_whole"] is expected.kept_whole


def test_every_document_gets_the_decisions_of_the_cleaner(nlp, texts, expected):
    for doc, cleaned in zip(nlp.pipe(texts, batch_size=64), expected, strict=True):
        check(doc, cleaned)
    for text, cleaned in zip(texts[:SOME], expected, strict=False):
        check(nlp(text), cleaned)


def test_documents_come_in_order_and_with_their_contexts_from_several_processes(nlp, texts, expected):
    numbered = ((text, number) for number, text in enumerate(texts[:SOME]))
    done = list(nlp.pipe(numbered, as_tuples=True, n_process=2, batch_size=10))
    assert [number for _, number in done] == list(range(SOME))
    for (doc, _), cleaned in zip(done, expected, strict=False):
        check(doc, cleaned)


def test_a_component_can_be_pickled_for_processes_that_are_started_anew(nlp, texts, expected):
    component = pickle.loads(pickle.dumps(nlp.get_pipe("boilerplate")))
    for doc, cleaned in zip(component.pipe(map(nlp.make_doc, texts[:SOME])), expected, strict=False):
        check(doc, cleaned)


def test_batches_are_cleaned_together_and_read_when_they_are_needed(nlp, texts, monkeypatch):
    component = nlp.get_pipe("boilerplate")
    read, sizes = [], []
    predict_many = Cleaner.predict_many

    def counted(cleaner, texts, **options):
        sizes.append(len(texts))
        return predict_many(cleaner, texts, **options)

    monkeypatch.setattr(Cleaner, "predict_many", counted)
    docs = (read.append(text) or nlp.make_doc(text) for text in texts)
    stream = component.pipe(docs, batch_size=30)
    assert read == []
    assert len(list(islice(stream, 31))) == 31
    assert (len(read), sizes) == (60, [30, 30])


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\r\n \t"])
def test_documents_without_paragraphs(nlp, text):
    doc = nlp(text)
    assert (doc._.clean_text, len(doc.spans["boilerplate"])) == (text, 0)
    assert doc.spans["boilerplate"].attrs["scores"].shape == (0,)


def test_a_document_that_is_kept_whole_is_marked(model):
    for max_removed, kept in ((0.1, True), (1, False)):
        doc = pipeline(model, threshold=1.0, max_removed=max_removed)(PAGE)
        assert doc.spans["boilerplate"].attrs["kept_whole"] is kept
        assert (doc._.clean_text == PAGE) is kept


def test_phrases(model, tmp_path):
    pytest.importorskip("ahocorasick_rs", reason="needs ahocorasick_rs; .ci/integrations runs this")
    path = tmp_path / "phrases.tsv"
    path.write_text("ferry\tappeal\t20\n", encoding="utf-8")
    nlp = pipeline(model, threshold=0.01, max_removed=1, phrases=str(path))
    expected = load(model, threshold=0.01, max_removed=1, phrases=path).clean(PAGE)
    check(nlp(PAGE), expected)
    assert REPORT not in expected.text
    assert nlp.config["components"]["boilerplate"]["phrases"] == str(path)


# tokens and paragraphs


def tokenized(nlp, text, cuts):
    """A document with the given text whose tokens end where the text is cut, and at its end."""
    bounds = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    words = [text[start:end] for start, end in pairwise(bounds)]
    return Doc(nlp.vocab, words=words, spaces=[False] * len(words))


pieces = st.sampled_from([REPORT, APPEAL, "Share this", " ", "\n", "\n\n", "\r\n", "\u2028", "\x1c", "　", "—", "x"])
documents = st.lists(pieces, max_size=9).map("".join)


@given(documents, st.lists(st.integers(1, 300), max_size=12))
def test_spans_contain_their_paragraphs_whatever_the_tokens(strict, text, cuts):
    doc = strict(tokenized(XX, text, cuts))
    cleaned = strict.cleaner.clean(text)
    assert (doc.text, doc._.clean_text) == (text, cleaned.text)
    spans = list(doc.spans["boilerplate"])
    ends = list(accumulate(len(token) for token in doc))
    for span, paragraph in zip(spans, cleaned.removed, strict=True):
        assert span.label_ == paragraph.label
        assert span.start == np.searchsorted(ends, paragraph.start, side="right")  # the token of the first character
        assert span.end == np.searchsorted(ends, paragraph.end - 1, side="right") + 1  # and of the last one


def test_paragraphs_inside_one_token_are_cut_out_of_the_text_alone(strict):
    cleaned = strict.cleaner.clean(PAGE)
    assert 0 < len(cleaned.removed) < len(cleaned.paragraphs)
    doc = strict(tokenized(XX, PAGE, []))
    assert doc._.clean_text == cleaned.text
    assert [span.text for span in doc.spans["boilerplate"]] == [PAGE] * len(cleaned.removed)


# settings


def test_settings_are_those_of_the_cleaner_and_stay_in_the_config(model, tiny_model):
    settings = {
        "threshold": 0.7,
        "policy": {"keep": ["reporting", "about"], "drop": ["caption"]},
        "paragraphs": "blank",
    }
    nlp = pipeline(model, **settings)
    policy = Policy(("reporting", "about"), ("caption",))
    assert nlp.get_pipe("boilerplate").cleaner == Cleaner(tiny_model, 0.7, policy, "blank")
    assert nlp.config["components"]["boilerplate"].items() >= settings.items()
    again = spacy.blank("xx").from_config(nlp.config)
    assert again.get_pipe("boilerplate").cleaner == nlp.get_pipe("boilerplate").cleaner
    assert spacy.blank("xx", config=nlp.config).config.to_str() == nlp.config.to_str()


def test_the_defaults_are_those_of_load(shipped):
    nlp = spacy.blank("xx")
    component = nlp.add_pipe("boilerplate")
    assert component.cleaner == shipped
    assert component.cleaner == Boilerplate().cleaner


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"threshold": "fierce"}, "threshold 'fierce'"),
        ({"policy": "everything"}, "policy 'everything'"),
        ({"policy": {"keep": ["gossip"]}}, "'gossip' is neither a label nor a kind"),
        ({"policy": {"retain": ["about"]}}, "policy: retain: give a name, or lists named keep and drop"),
        ({"paragraphs": "page"}, "paragraphs 'page'"),
        ({"max_removed": 2}, "max_removed 2"),
    ],
)
def test_settings_that_do_not_fit_are_named_at_once(model, config, reason):
    with pytest.raises(UsageError, match=reason):
        pipeline(model, **config)


def test_a_missing_model_is_named_when_it_is_needed(tmp_path):
    nlp = pipeline(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="gone: no such file or folder"):
        nlp(PAGE)


def test_two_components_beside_each_other(model):
    nlp = pipeline(model, **STRICT)
    other = {"model": model, **STRICT, "policy": "appeals-only", "spans_key": "appeals", "text_extension": "free_text"}
    nlp.add_pipe("boilerplate", name="appeals", config=other)
    doc = nlp(PAGE)
    cleaners = [nlp.get_pipe(name).cleaner for name in ("boilerplate", "appeals")]
    assert [doc._.clean_text, doc._.free_text] == [cleaner.clean(PAGE).text for cleaner in cleaners]
    assert len(doc.spans["appeals"]) == len(cleaners[1].clean(PAGE).removed)


# on disk and in bytes


def test_annotations_survive_bytes_and_doc_bins(nlp, texts, expected):
    docs, vocab = list(nlp.pipe(texts[:SOME])), spacy.blank("en").vocab
    bins = DocBin().from_bytes(DocBin(docs=docs, store_user_data=True).to_bytes())
    for doc, binned, cleaned in zip(docs, bins.get_docs(vocab), expected, strict=False):
        check(binned, cleaned)
        check(Doc(vocab).from_bytes(doc.to_bytes()), cleaned)
        check(doc.copy(), cleaned)


def test_a_doc_bin_without_user_data_keeps_spans_and_scores(nlp, texts, expected):
    bins = DocBin().from_bytes(DocBin(docs=nlp.pipe(texts[:SOME])).to_bytes())
    for doc, cleaned in zip(bins.get_docs(spacy.blank("en").vocab), expected, strict=False):
        assert doc._.clean_text is None
        doc._.clean_text = cleaned.text
        check(doc, cleaned)


def test_a_saved_pipeline_brings_its_own_model_along(model_copy, tmp_path, texts, expected):
    nlp = pipeline(str(model_copy), threshold="gentle")
    nlp.to_disk(tmp_path / "pipeline")
    shutil.rmtree(model_copy)
    loaded = spacy.load(tmp_path / "pipeline")
    loaded.to_disk(tmp_path / "pipeline")  # over itself
    loaded.to_disk(tmp_path / "again")
    shutil.rmtree(tmp_path / "pipeline")
    for doc, cleaned in zip(spacy.load(tmp_path / "again").pipe(texts[:SOME]), expected, strict=False):
        check(doc, cleaned)


def test_a_saved_pipeline_does_not_hold_the_shipped_model(shipped, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("boilerplate", config={"threshold": "strict"})
    nlp.to_disk(tmp_path / "pipeline")
    assert not (tmp_path / "pipeline" / "boilerplate").exists()
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded.get_pipe("boilerplate").cleaner == nlp.get_pipe("boilerplate").cleaner


def test_the_accurate_model(accurate, tmp_path, texts, monkeypatch):
    nlp = pipeline("accurate", effort=1)
    expected = list(replace(accurate, effort=1.0).clean_many(texts[:SOME]))
    for doc, cleaned in zip(nlp.pipe(texts[:SOME]), expected, strict=True):
        check(doc, cleaned)
    monkeypatch.chdir(tmp_path)
    nlp.to_disk("pipeline")
    assert not Path("pipeline/boilerplate").exists()
    loaded = spacy.load("pipeline").get_pipe("boilerplate")
    assert loaded.cleaner == replace(accurate, effort=1.0)
    assert pipeline("accurate").get_pipe("boilerplate").cleaner == accurate


def test_a_pipeline_saved_over_one_with_a_model_of_its_own(accurate, model, tmp_path):
    pipeline(model).to_disk(tmp_path / "pipeline")
    nlp = pipeline("accurate", effort=1)
    nlp.to_disk(tmp_path / "pipeline")
    assert spacy.load(tmp_path / "pipeline").get_pipe("boilerplate").cleaner == nlp.get_pipe("boilerplate").cleaner


def test_an_effort_is_for_the_accurate_model_only(model):
    with pytest.raises(UsageError, match="is for the accurate model"):
        pipeline(model, effort=0.5)


def test_a_folder_of_its_name_is_the_model_on_disk(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Boilerplate(model=model).to_disk("accurate")
    assert Boilerplate().from_disk("accurate").cleaner == load(model)


# errors


def test_an_error_handler_of_the_pipeline_is_asked(nlp, monkeypatch):
    def fail(cleaner, texts):
        raise UsageError(f"no: {texts[0]}")

    monkeypatch.setattr(Cleaner, "clean_many", fail)
    with pytest.raises(UsageError, match="no: one"):
        list(nlp.pipe(["one"]))
    with pytest.raises(UsageError, match="no: one"):
        nlp("one")
    failed = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.append((name, [doc.text for doc in docs])))
    assert list(nlp.pipe(["one", "two", "three"], batch_size=2)) == []
    assert failed == [("boilerplate", ["one", "two"]), ("boilerplate", ["three"])]
    nlp.set_error_handler(ignore_error)
    assert nlp("one")._.clean_text is None


def test_a_missing_library_is_named_with_the_command_that_installs_it():
    code = "import sys; sys.modules['spacy'] = None; import detector.spacy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UsageError: detector.spacy needs spaCy" in done.stderr
    assert "pip install 'boilerplate-detector[spacy]'" in done.stderr


def test_the_component_is_found_without_an_import(tmp_path):
    code = "import spacy; print(type(spacy.blank('xx').add_pipe('boilerplate')).__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "detector.spacy"), done.stderr
