#!/usr/bin/env bash
# llama-index-core 0.14.25: an IngestionPipeline with a document store skips documents that it has seen, by the hash of
# their content. It stores the hash after the transformations, and hands them the very documents of the caller. So a
# first transformation that sets the content of a document makes the store keep the hash of the new content, and every
# document is processed again in every run. A transformation that copies its nodes does not.
# Seen: the second run of the same document processes 1 node with the first kind and 0 with the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "llama-index-core==0.14.25"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from llama_index.core import Document
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore


class Upper(TransformComponent):
    copies: bool

    def __call__(self, nodes, **kwargs):
        nodes = [node.model_copy() for node in nodes] if self.copies else nodes
        for node in nodes:
            node.set_content(node.get_content().upper())
        return nodes


def processed(copies):
    pipeline = IngestionPipeline(
        transformations=[Upper(copies=copies)],
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY,
    )
    return [len(pipeline.run(documents=[Document(text="The ferry runs again.", id_="ferry")])) for _ in range(2)]


print("llama-index-core", version("llama-index-core"), "in place:", processed(False), "copied:", processed(True))
assert processed(True) == [1, 0]
assert processed(False) == [1, 1], "changed: the second run recognises the document"
PY
