"""The integrations of `training.integrations` with libraries for language processing and for language models.

spaCy's rate is that of the component alone, over documents that are tokenized already. It has to ask each of them for
its text, which spaCy puts together from the tokens; `spaCy: doc.text alone` is the rate of that, without any cleaning.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import Any

from training.integrations import Integration, Work
from training.subprocesses import ROOT

_RECIPES = ROOT / "docs" / "integrations.md"
_BATCH = 1000  # documents: the default of spaCy's nlp.pipe


def _spacy(work: Work) -> Callable[[], Any]:
    import spacy

    from detector.spacy import Boilerplate

    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in work.texts]
    component = Boilerplate()
    return lambda: [doc._.clean_text for doc in component.pipe(docs, batch_size=_BATCH)]


def _spacy_text(work: Work) -> Callable[[], Any]:
    import spacy

    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in work.texts]
    clean_texts = [cleaned.text for cleaned in work.cleaner.clean_many(work.texts)]

    def read() -> list[str]:
        for doc in docs:
            _ = doc.text
        return clean_texts

    return read


def _langchain(work: Work) -> Callable[[], Any]:
    from langchain_core.documents import Document

    from detector.langchain import BoilerplateRemover

    documents = [Document(text) for text in work.texts]
    remover = BoilerplateRemover(work.cleaner)
    return lambda: [document.page_content for document in remover.transform_documents(documents)]


def _llama_index(work: Work) -> Callable[[], Any]:
    from llama_index.core import Document

    remover = _recipe("llama_index")()
    documents = [Document(text=text) for text in work.texts]
    return lambda: [node.get_content() for node in remover(documents)]


def _haystack(work: Work) -> Callable[[], Any]:
    from haystack import Document

    remover = _recipe("haystack")()
    documents = [Document(content=text) for text in work.texts]
    return lambda: [document.content for document in remover.run(documents)["documents"]]


def _nemo_curator(work: Work) -> Callable[[], Any]:
    import pandas as pd
    from nemo_curator.tasks import DocumentBatch

    from detector.nemo_curator import Clean

    stage = Clean()
    stage.setup()
    batch = DocumentBatch(dataset_name="articles", data=pd.DataFrame({"text": work.texts}))
    return lambda: stage.process(batch).data["text"]


def _recipe(library: str) -> Any:  # noqa: ANN401
    """The class that the documentation shows for a library."""
    codes = re.findall(r"^```python\n(.*?)^```$", _RECIPES.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (code,) = (code for code in codes if f"from {library}" in code)
    names: dict[str, Any] = {"__name__": f"recipe_{library}"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, names)  # noqa: S102 - code of the documentation, which a test runs as well
    return names["RemoveBoilerplate"]


NLP = (
    Integration("spaCy: `boilerplate`", "spacy", "spacy", 2, _spacy),
    Integration("spaCy: `doc.text` alone", "spacy", "spacy", 1, _spacy_text),
    Integration("LangChain: `BoilerplateRemover`", "langchain-core", "langchain_core", 2, _langchain),
    Integration("LlamaIndex: recipe", "llama-index-core", "llama_index", 11, _llama_index),
    Integration("Haystack: recipe", "haystack-ai", "haystack", 12, _haystack),
    Integration("NeMo Curator: `Clean`", "nemo-curator", "nemo_curator", 2, _nemo_curator),
)
