"""Requests and answers, as the OpenAPI description has them. Requests are validated by these models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

_TEXT = "The bridge reopened on Monday, the council said.\nSubscribe to our newsletter!\n"
_ID = "anything that names the document; the answer has it, too"
_LONGEST_NAME = 40  # characters, so that no answer has more of a text that was sent as a name
_Name = Annotated[str, Field(max_length=_LONGEST_NAME)]
_Names = Annotated[list[_Name], Field(max_length=100, fail_fast=True)]
_IN_CHARACTERS = "in characters (code points) of the given text"


class Options(BaseModel):
    """Settings of one request; the others are those that the service was started with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    threshold: float | _Name | None = Field(
        None,
        description="Keep a paragraph if the probability of what is kept is at least this: gentle, balanced, strict, "
        "or a number from 0 to 1.",
        examples=["gentle", 0.3],
    )
    policy: Literal["reporting", "appeals-only", "text"] | None = Field(None, description="What to keep.")
    keep: _Names | None = Field(
        None, description="Labels or kinds to keep in addition.", examples=[["about", "metadata"]]
    )
    drop: _Names | None = Field(None, description="Labels or kinds to remove in addition.", examples=[["caption"]])
    paragraphs: Literal["line", "blank"] | None = Field(
        None, description="What ends a paragraph: the end of the line, or a blank line."
    )
    max_removed: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="Keep a text whole of which more than this share of the characters would be removed, unless it "
        "looks like a whole page.",
    )
    effort: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="How much of a text the encoder of the accurate model reads again, from 0 (nothing) to 1 "
        "(everything). Only where the service runs that model.",
    )


class Document(BaseModel):
    """A document of a batch. Other fields than these are ignored, so that records can be sent as they are."""

    model_config = ConfigDict(strict=True)

    id: str | int | None = Field(None, description=_ID)
    text: str


class Request(Options):
    """One document as ``text``, or a batch as ``texts`` or ``documents``."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["text"]}, {"required": ["texts"]}, {"required": ["documents"]}],
            "examples": [
                {"text": _TEXT},
                {"text": _TEXT, "threshold": "gentle", "keep": ["about"]},
                {"documents": [{"id": "a1", "text": _TEXT}, {"id": "a2", "text": "Rain fell all day.\n"}]},
            ],
        }
    )

    text: str | None = Field(None, description="A document: a text with one paragraph per line.")
    id: str | int | None = Field(None, description=_ID)
    texts: list[str] | None = Field(None, description="A batch of documents without ids.")
    documents: list[Document] | None = Field(None, description="A batch of documents.")


def limited(documents: int) -> type[Request]:
    """The model of requests with at most so many documents. It ends at the first wrong one, and makes none too many."""
    few: Any = Field(max_length=documents, fail_fast=True)
    model: type[Request] = create_model(
        Request.__name__, __base__=Request, texts=(Annotated[list[str], few] | None, None),
        documents=(Annotated[list[Document], few] | None, None),
    )  # fmt: skip
    return model


class Removed(BaseModel):
    """A removed paragraph with everything up to the next paragraph.

    Inserting the texts at their starts, in order, restores the given text.
    """

    start: int = Field(description=f"Where it begins, {_IN_CHARACTERS}.")
    end: int = Field(description="Where it ends, exclusive.")
    label: str
    kind: str
    score: float = Field(description="The probability of what is kept, which is below the threshold.")
    text: str


class Paragraph(BaseModel):
    """The decision on a paragraph."""

    start: int = Field(description=f"Where it begins, {_IN_CHARACTERS}.")
    end: int = Field(description="Where it ends, exclusive.")
    label: str
    kind: str
    keep: bool
    score: float = Field(description="The probability of what is kept, which is compared with the threshold.")
    scores: dict[str, float] = Field(description="The probability of each label; they sum to 1.")
    kind_score: float = Field(description="The probability of the kind.")


class Decided(BaseModel):
    """What all answers say of a document."""

    id: str | int | None = Field(None, description="The id of the document, if it was given one.")
    familiarity: float = Field(description="The share of the text whose words the model knows, from 0 to 1.")
    threshold: float = Field(description="What scores are compared with in this document.")
    kept_whole: bool = Field(description="Whether the text was kept, because too much of it would have been removed.")


_REMOVED: dict[str, Any] = {
    "start": 49, "end": 78, "label": "appeal", "kind": "newsletter", "score": 0.003,
    "text": "Subscribe to our newsletter!\n",
}  # fmt: skip
_DECIDED: dict[str, Any] = {"familiarity": 0.92, "threshold": 0.25, "kept_whole": False}
_PARAGRAPH: dict[str, Any] = {
    "start": 49, "end": 77, "label": "appeal", "kind": "newsletter", "keep": False, "score": 0.003,
    "scores": {"reporting": 0.003, "appeal": 0.99, "navigation": 0.007}, "kind_score": 0.97,
}  # fmt: skip


def _example(**values: Any) -> ConfigDict:  # noqa: ANN401 - of the model
    return ConfigDict(json_schema_extra={"examples": [{**values, **_DECIDED}]})


class Clean(Decided):
    """A clean text, and what was removed of it."""

    model_config = _example(text=_TEXT.splitlines(keepends=True)[0], removed=[_REMOVED])

    text: str
    removed: list[Removed]


class Prediction(Decided):
    """The decisions on a document."""

    model_config = _example(paragraphs=[_PARAGRAPH])

    paragraphs: list[Paragraph]


class CleanBatch(BaseModel):
    """The clean texts of a batch, in its order."""

    results: list[Clean]


class PredictionBatch(BaseModel):
    """The decisions on a batch, in its order."""

    results: list[Prediction]


class Health(BaseModel):
    """That the service is ready, and what it runs."""

    status: Literal["ok"]
    version: str = Field(description="The version of the package.")
    backend: str = Field(description="What computes: the compiled kernels, or NumPy.")
    labels: list[str]
    kinds: list[str]
    thresholds: dict[str, float]
    model: str = Field(description="The SHA-256 digest of the model.")
    encoder: str | None = Field(None, description="Where it runs the accurate model, the digest of its encoder.")
    effort: float | None = Field(None, description="How much of a text the encoder reads if a request does not say.")


class WrongField(BaseModel):
    """A field of a request that is wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """Why a request was not served (RFC 9457). It has no text of the documents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "the request has fields that are wrong",
                    "errors": [{"field": "documents.0.text", "message": "Field required"}],
                }
            ]
        }
    )

    title: str
    status: int
    detail: str
    errors: list[WrongField] = []


def component(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model and of those that it refers to, by name, as components of OpenAPI."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), model.__name__: schema}
