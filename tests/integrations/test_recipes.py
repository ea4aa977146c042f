"""The recipes for LlamaIndex and Haystack in docs/integrations.md."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="LlamaIndex is not installed here; .ci/integrations runs this")
pytest.importorskip("haystack", reason="Haystack is not installed here; .ci/integrations runs this")

import haystack
import llama_index.core
from documented import blocks
from haystack.components.preprocessors import DocumentCleaner
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import MetadataMode, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from tiny import ROOT

import detector

PAGE = ROOT / "docs" / "integrations.md"
# the article has to make up most of it
TEXT = (
    "The ferry to Aldermoor runs again after eleven weeks, the harbour board said on Tuesday.\n\n"
    "Subscribe to our newsletter!\n\n"
    "The skipper, Odile Branscombe, said that it had been a long winter for the islands.\n"
)


def recipe(library: str, monkeypatch: pytest.MonkeyPatch, cleaner: detector.Cleaner | None = None) -> Any:
    """The class that the page shows for a library; given a cleaner, it uses that one."""
    code = [block.code for block in blocks(PAGE.read_text(encoding="utf-8")) if f"from {library}" in block.code]
    if not code:
        pytest.fail(f"{PAGE.name} has no example for {library}")
    names: dict[str, Any] = {"__name__": f"recipe_{library}"}
    exec(code[0], names)
    if cleaner:
        monkeypatch.setattr(detector, "load", lambda threshold: cleaner)
    return names["RemoveBoilerplate"]


# LlamaIndex


def test_llama_index_gets_the_decisions_of_the_cleaner(monkeypatch, cleaner, texts, expected):
    remover = recipe("llama_index", monkeypatch, cleaner)
    documents = [
        llama_index.core.Document(text=text, id_=f"page-{number}", metadata={"number": number})
        for number, text in enumerate(texts)
    ]
    nodes = IngestionPipeline(transformations=[remover()]).run(documents=documents)
    assert [node.get_content(MetadataMode.NONE) for node in nodes] == [cleaned.text for cleaned in expected]
    assert [(node.id_, node.metadata) for node in nodes] == [(each.id_, each.metadata) for each in documents]
    assert [document.text for document in documents] == texts


def test_llama_index_cache_tells_the_recipe_from_other_transformations_and_settings(monkeypatch, shipped):
    remover = recipe("llama_index", monkeypatch)

    class Unchanged(TransformComponent):
        def __call__(self, nodes, **kwargs):
            return nodes

    given = [llama_index.core.Document(text=TEXT)]
    pipeline = IngestionPipeline(transformations=[Unchanged(), remover()])
    for threshold in ("balanced", 0.0):
        pipeline.transformations[1] = remover(threshold=str(threshold))
        (node,) = pipeline.run(documents=given)
        assert node.get_content() == detector.load(threshold=threshold).clean(TEXT).text
    assert shipped.clean(TEXT).text != TEXT


def test_llama_index_document_store_recognises_documents_that_it_has_seen(monkeypatch, cleaner, texts):
    remover = recipe("llama_index", monkeypatch, cleaner)
    pipeline = IngestionPipeline(
        transformations=[remover()], docstore=SimpleDocumentStore(), docstore_strategy="duplicates_only"
    )
    lengths = []
    for _ in range(2):
        documents = [llama_index.core.Document(text=text, id_=str(number)) for number, text in enumerate(texts[2:40])]
        lengths.append(len(pipeline.run(documents=documents)))
    assert lengths[0] > 0
    assert lengths[1] == 0


# Haystack


def test_haystack_gets_the_decisions_of_the_cleaner(monkeypatch, cleaner, texts, expected):
    remover = recipe("haystack", monkeypatch, cleaner)
    documents = [haystack.Document(content=text, meta={"number": number}) for number, text in enumerate(texts)]
    pipeline = haystack.Pipeline()
    pipeline.add_component("remover", remover())
    made = pipeline.run({"remover": {"documents": documents}})["remover"]["documents"]
    assert [document.content for document in made] == [cleaned.text for cleaned in expected]
    assert [document.meta for document in made] == [document.meta for document in documents]
    assert [document.content for document in documents] == texts
    same = [before.content == after.content for before, after in zip(documents, made, strict=True)]
    assert [before.id == after.id for before, after in zip(documents, made, strict=True)] == same


def test_haystack_documents_without_text_are_passed_on(monkeypatch, cleaner):
    remover = recipe("haystack", monkeypatch, cleaner)
    picture = haystack.Document(blob=haystack.dataclasses.ByteStream(b"picture"))
    assert remover().run(documents=[picture]) == {"documents": [picture]}


def test_haystack_cleaner_joins_paragraphs_so_the_recipe_comes_first(monkeypatch, shipped):
    remover = recipe("haystack", monkeypatch)
    pipeline = haystack.Pipeline()
    pipeline.add_component("remover", remover())
    pipeline.add_component("cleaner", DocumentCleaner())
    pipeline.connect("remover", "cleaner")
    made = pipeline.run({"remover": {"documents": [haystack.Document(content=TEXT)]}})["cleaner"]["documents"]
    assert "newsletter" not in made[0].content
    (joined,) = DocumentCleaner().run([haystack.Document(content=TEXT)])["documents"]
    assert "\n" not in joined.content  # changed in Haystack, if this fails: the documentation says so


def test_haystack_pipeline_can_be_written(monkeypatch, shipped):
    remover = recipe("haystack", monkeypatch)
    component = remover(threshold="gentle")
    assert component.cleaner.threshold == "gentle"
    assert haystack.core.serialization.component_to_dict(component, "remover")["init_parameters"] == {
        "threshold": "gentle"
    }
