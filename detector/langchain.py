"""Cleaning as a document transformer of LangChain.

>>> remover = BoilerplateRemover(removed_share="removed_share")
>>> documents = remover.transform_documents(loader.load())
>>> chunks = splitter.split_documents(remover.lazy_transform_documents(loader.lazy_load()))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from detector.cleaner import BATCH_CHARACTERS, Cleaner
from detector.errors import UsageError
from detector.loading import default_cleaner
from detector.util.batching import batches
from detector.util.libraries import missing_library

try:
    from langchain_core.documents import BaseDocumentTransformer, Document
except ImportError as error:
    raise missing_library("LangChain (langchain-core)", "detector.langchain", "langchain") from error


class BoilerplateRemover(BaseDocumentTransformer):
    """Cleans the ``page_content`` of documents.

    ``cleaner`` is that of `detector.load`, with its settings; by default, one with the shipped model. The given
    documents stay as they are: new ones of the same class, with the same ``id`` and ``metadata``, are returned.
    ``removed_share``, ``removed_text`` and ``kept_whole`` are names of metadata entries to add: the share of the
    characters that was removed, from 0 to 1, the removed text, and whether the guard kept the document whole. They
    replace entries of the same name.

    There is one document for each that is given, also where nothing is left of it. With ``drop_empty``, documents that
    have no text except whitespace after cleaning are dropped, as services that compute embeddings refuse them.

    Clean whole documents, before they are split into chunks: what is around a paragraph helps to judge it. Raises
    `UsageError` for anything but a `Cleaner`.
    """

    def __init__(
        self,
        cleaner: Cleaner | None = None,
        *,
        drop_empty: bool = False,
        removed_share: str | None = None,
        removed_text: str | None = None,
        kept_whole: str | None = None,
    ) -> None:
        self.cleaner = default_cleaner() if cleaner is None else cleaner
        if not isinstance(self.cleaner, Cleaner):
            raise UsageError(f"cleaner is a {type(cleaner).__name__}: give what detector.load returns")
        self.drop_empty = drop_empty
        self.removed_share = removed_share
        self.removed_text = removed_text
        self.kept_whole = kept_whole

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:  # noqa: ANN401
        """Clean documents. ``atransform_documents`` does the same in a thread. ``kwargs`` are ignored."""
        return list(self.lazy_transform_documents(documents))

    def lazy_transform_documents(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Clean documents, lazily and in order. Many are cleaned together."""
        for batch in batches(documents, lambda document: len(document.page_content) + 1, BATCH_CHARACTERS):
            results = self.cleaner.clean_many([document.page_content for document in batch])
            for document, cleaned in zip(batch, results, strict=True):
                if cleaned.text.strip() or not self.drop_empty:
                    added = cleaned.named(self.removed_share, self.removed_text, self.kept_whole)
                    metadata = {**document.metadata, **added}
                    yield document.model_copy(update={"page_content": cleaned.text, "metadata": metadata})
