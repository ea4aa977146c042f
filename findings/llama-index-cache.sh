#!/usr/bin/env bash
# llama-index-core 0.14.25: the cache that every IngestionPipeline has knows a transformation by class_name() and its
# fields, and the nodes by their content. TransformComponent's class_name() is "base_component" for every subclass that
# does not override it. So where one such transformation leaves the nodes as they are, the next one, of another class,
# is not run in the same first run: its result is taken for known.
# Seen: [Shorten, Upper] returns "The ferry runs again."; [Upper] alone returns "THE FERRY RUNS AGAIN."; with a
# class_name for both, [Shorten, Upper] does, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "llama-index-core==0.14.25"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from llama_index.core import Document
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TransformComponent

TEXT = "The ferry runs again."


class Shorten(TransformComponent):
    def __call__(self, nodes, **kwargs):
        for node in nodes:
            node.set_content(node.get_content()[:1000])
        return nodes


class Upper(TransformComponent):
    def __call__(self, nodes, **kwargs):
        for node in nodes:
            node.set_content(node.get_content().upper())
        return nodes


class NamedShorten(Shorten):
    @classmethod
    def class_name(cls):
        return cls.__name__


class NamedUpper(Upper):
    @classmethod
    def class_name(cls):
        return cls.__name__


def run(*transformations):
    (node,) = IngestionPipeline(transformations=list(transformations)).run(documents=[Document(text=TEXT)])
    print("llama-index-core", version("llama-index-core"), [type(each).__name__ for each in transformations], node.get_content())
    return node.get_content()


assert run(Upper()) == TEXT.upper()
assert run(Shorten(), Upper()) == TEXT, "changed: the second transformation is run"
assert run(NamedShorten(), NamedUpper()) == TEXT.upper()
PY
