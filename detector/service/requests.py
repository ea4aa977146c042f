"""From the body of a request to texts, and to the cleaner that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.policy import POLICIES
from detector.service import schemas
from detector.service.body import decompressed
from detector.service.problems import ProblemError, shown
from detector.service.settings import Limits
from detector.text.sections import count_lines

JSON, TEXT = "application/json", "text/plain"
_UNPROCESSABLE = HTTPStatus(422)  # its name differs between versions of Python
_LISTS = ("keep", "drop")  # settings that are lists, separated by commas in a query
_CHARSETS = ("utf-8", "utf8", "us-ascii")
_ERRORS_SHOWN = 10
_ERRORS_DESCRIBED = 1000  # to describe a wrong field takes more memory than the field
_CACHED = 64  # cleaners of different settings, which share the model


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it was received: the body, the headers that describe it, and the parameters of its query."""

    body: bytes
    media_type: str
    encoding: str
    query: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. ``ids`` has an id, or None, for each text; ``single`` tells that it is no batch."""

    texts: Sequence[str]
    ids: Sequence[str | int | None]
    single: bool
    plain: bool
    cleaner: Cleaner


class Reader:
    """Reads requests. Cleaners of the settings that are asked for are made from ``cleaner``."""

    def __init__(self, cleaner: Cleaner, limits: Limits) -> None:
        self.limits = limits
        self._request = schemas.limited(limits.documents)
        self._cleaner = lru_cache(_CACHED)(lambda changes: changed(cleaner, dict(changes)))

    def read(self, received: Received) -> Asked:
        """What a request asks for. Raises `ProblemError` if it is not valid, or asks for too much."""
        kind, _, parameters = received.media_type.lower().partition(";")
        kind = kind.strip()
        if kind not in (JSON, TEXT):
            detail = f"send the body as {JSON} or {TEXT}, and say so: Content-Type: {JSON}"
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        if "charset" in parameters and not any(name in parameters for name in _CHARSETS):
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body in UTF-8")
        options = from_query(received.query)
        body = decompressed(received.body, received.encoding.strip().lower(), self.limits)
        asked = self._of_text(body, options) if kind == TEXT else self._of_json(body, options)
        self._check_size(asked)
        return asked

    def _of_text(self, body: bytes, options: Mapping[str, Any]) -> Asked:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            detail = f"the body is not UTF-8: byte {error.start:,} is wrong; convert it first"
            raise ProblemError(HTTPStatus.BAD_REQUEST, detail) from None
        return Asked([text], [None], True, True, self._cleaner_for(options))

    def _of_json(self, body: bytes, options: Mapping[str, Any]) -> Asked:
        try:
            request = self._request.model_validate_json(body)
        except ValidationError as error:
            raise (self._too_many(error) or invalid(error)) from None
        given = {name: value for name in schemas.Options.model_fields if (value := getattr(request, name)) is not None}
        twice = sorted(set(given) & set(options))
        if twice:
            raise _wrong(twice[0], "given in the body and in the query; give it once")
        cleaner = self._cleaner_for({**options, **given})
        return Asked(*_texts_of(request), request.text is not None, False, cleaner)

    def _too_many(self, error: ValidationError) -> ProblemError | None:
        """The problem of more documents than are allowed, if it is that."""
        first = error.errors(include_url=False, include_input=False)[0] if error.error_count() == 1 else None
        if first is None or first["type"] != "too_long" or first["loc"][0] not in ("texts", "documents"):
            return None
        detail = f"too many documents: send at most {self.limits.documents:,} at a time"
        return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)

    def _cleaner_for(self, options: Mapping[str, Any]) -> Cleaner:
        changes = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        try:
            return self._cleaner(tuple(changes.items()))
        except UsageError as error:
            raise ProblemError(_UNPROCESSABLE, str(error)) from None

    def _check_size(self, asked: Asked) -> None:
        if sum(map(len, asked.texts)) + len(asked.texts) <= self.limits.paragraphs:
            return  # there cannot be as many lines: they are counted again for the decisions
        paragraphs = sum(map(count_lines, asked.texts)) + len(asked.texts)
        if paragraphs > self.limits.paragraphs:
            detail = f"{paragraphs:,} lines: send at most {self.limits.paragraphs:,} at a time"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def changed(cleaner: Cleaner, changes: dict[str, Any]) -> Cleaner:
    """A cleaner with other settings. Raises `UsageError` if they do not fit the model."""
    if "effort" in changes and not cleaner.encoder:
        raise UsageError("effort: is for the accurate model, which this service does not run; leave it out")
    keep, drop = changes.pop("keep", ()), changes.pop("drop", ())
    policy = POLICIES[changes["policy"]] if "policy" in changes else cleaner.policy
    if keep or drop:
        policy = policy.changed(keep, drop)
    return replace(cleaner, **{**changes, "policy": policy})


def from_query(query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The settings in a query. Raises `ProblemError` for unknown ones and values that are not valid."""
    values: dict[str, Any] = {}
    for name, value in query:
        if name in values:
            raise _wrong(name, "given twice; give it once")
        values[name] = [part.strip() for part in value.split(",") if part.strip()] if name in _LISTS else value
    try:
        options = schemas.Options.model_validate(values, strict=False)
    except ValidationError as error:
        raise invalid(error) from None
    return options.model_dump(exclude_none=True)


def invalid(error: ValidationError) -> ProblemError:
    """The problem of a request that does not fit the schema, without the values that it has."""
    if error.error_count() > _ERRORS_DESCRIBED:
        return ProblemError(_UNPROCESSABLE, f"the request has {error.error_count():,} fields that are wrong")
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is not valid JSON ({errors[0]['msg']})")
    described = [
        {"field": ".".join(_field(part) for part in each["loc"]), "message": each["msg"]}
        for each in errors[:_ERRORS_SHOWN]
    ]
    return ProblemError(_UNPROCESSABLE, "the request has fields that are wrong", described)


def _field(part: int | str) -> str:
    return part if isinstance(part, str) and part.isidentifier() and len(part) < 40 else shown(str(part)).strip("'")


def _wrong(field: str, message: str) -> ProblemError:
    errors = [{"field": _field(field), "message": message}]
    return ProblemError(_UNPROCESSABLE, "the request has fields that are wrong", errors)


def _texts_of(request: schemas.Request) -> tuple[Sequence[str], Sequence[str | int | None]]:
    """The texts of a request, and their ids. Raises `ProblemError` unless they are given in exactly one way."""
    ways = [name for name in ("text", "texts", "documents") if getattr(request, name) is not None]
    if len(ways) != 1:
        given = " and ".join(ways) or "none of them"
        raise ProblemError(_UNPROCESSABLE, f"give one of text, texts and documents; given: {given}")
    if request.id is not None and request.text is None:
        raise _wrong("id", "it goes with text; in a batch, each of documents has its own")
    if request.text is not None:
        return [request.text], [request.id]
    if request.texts is not None:
        return request.texts, [None] * len(request.texts)
    documents = request.documents or []
    return [document.text for document in documents], [document.id for document in documents]
