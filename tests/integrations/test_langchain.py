"""The document transformer of LangChain."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from itertools import islice

import pytest

pytest.importorskip("langchain_core", reason="LangChain is not installed here; .ci/integrations runs this")

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import RunnableLambda

import detector.langchain
from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.langchain import BoilerplateRemover

APPEALS = "Subscribe to our newsletter now!\nSupport our newsroom today!"


@pytest.fixture
def remover(cleaner):
    return BoilerplateRemover(cleaner)


@pytest.fixture(scope="module")
def documents(texts):
    return [Document(text, id=f"page-{number}", metadata={"number": number}) for number, text in enumerate(texts)]


def contents(documents):
    return [document.page_content for document in documents]


def test_every_document_gets_the_decisions_of_the_cleaner(remover, documents, expected):
    assert isinstance(remover, BaseDocumentTransformer)
    assert contents(remover.transform_documents(documents)) == [cleaned.text for cleaned in expected]


def test_documents_keep_their_class_id_and_metadata_and_are_not_changed(remover):
    class Page(Document):
        site: str = ""

    given = Page("Read on.", id="a", metadata={"source": "herald.example"}, site="herald")
    before = given.model_copy(deep=True)
    (made,) = remover.transform_documents([given])
    assert made == before
    assert made is not given
    made.metadata["source"] = "other.example"
    assert given == before


def test_metadata_entries_are_added_where_they_are_asked_for(cleaner, documents, expected):
    remover = BoilerplateRemover(cleaner, removed_share="share", removed_text="gone", kept_whole="whole")
    for document, cleaned in zip(remover.transform_documents(documents), expected, strict=True):
        entries = dict(document.metadata)
        entries.pop("number")
        assert entries == {
            "share": cleaned.removed_share,
            "gone": cleaned.prediction.removed_text(),
            "whole": cleaned.kept_whole,
        }


def test_empty_documents_stay_or_are_dropped(tiny_model):
    cleaner = Cleaner(tiny_model, threshold=1.0, max_removed=1)
    given = [Document(APPEALS, id="a"), Document("", id="b"), Document(" \n", id="c")]
    assert contents(BoilerplateRemover(cleaner).transform_documents(given)) == ["", "", " \n"]
    assert BoilerplateRemover(cleaner, drop_empty=True).transform_documents(given) == []


def test_documents_are_read_and_returned_lazily_and_in_batches(remover, documents, expected, monkeypatch):
    monkeypatch.setattr(detector.langchain, "BATCH_CHARACTERS", 20_000)
    sizes, read = [], []
    clean_many = Cleaner.clean_many

    def counted(cleaner, texts):
        sizes.append(len(texts))
        return clean_many(cleaner, texts)

    monkeypatch.setattr(Cleaner, "clean_many", counted)
    stream = remover.lazy_transform_documents(read.append(document) or document for document in documents)
    assert read == []
    first = list(islice(stream, 1))
    assert 1 < len(read) < len(documents)
    assert sizes == [len(read)]
    assert contents([*first, *stream]) == [cleaned.text for cleaned in expected]
    assert sum(sizes) == len(documents)
    assert len(sizes) < len(documents) / 4


def test_a_loader_and_a_chain(remover, documents, expected):
    class Loader(BaseLoader):
        def lazy_load(self):
            yield from documents

    wanted = [cleaned.text for cleaned in expected]
    assert contents(remover.lazy_transform_documents(Loader().lazy_load())) == wanted
    chain = RunnableLambda(remover.transform_documents) | RunnableLambda(contents)
    assert chain.invoke(documents) == wanted


def test_the_event_loop_is_not_blocked(remover, documents, expected, monkeypatch):
    threads = set()
    clean_many = Cleaner.clean_many

    def watched(cleaner, texts):
        threads.add(threading.current_thread())
        return clean_many(cleaner, texts)

    monkeypatch.setattr(Cleaner, "clean_many", watched)
    made = asyncio.run(remover.atransform_documents(documents))
    assert contents(made) == [cleaned.text for cleaned in expected]
    assert threads
    assert threading.main_thread() not in threads


def test_the_default_cleaner_is_that_of_load(shipped):
    assert BoilerplateRemover().cleaner == shipped


def test_settings_are_those_of_a_cleaner():
    with pytest.raises(UsageError, match=r"cleaner is a str: give what detector\.load returns"):
        BoilerplateRemover("gentle")


def test_it_can_be_pickled(remover, documents):
    again = pickle.loads(pickle.dumps(remover))
    assert again.transform_documents(documents[:9]) == remover.transform_documents(documents[:9])


def test_a_missing_library_is_named_with_the_command_that_installs_it():
    code = "import sys; sys.modules['langchain_core'] = None; import detector.langchain"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UsageError: detector.langchain needs LangChain" in done.stderr
    assert "pip install 'boilerplate-detector[langchain]'" in done.stderr
