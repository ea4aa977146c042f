"""The labels and kinds that a person chooses from: their keys, and the label guide in a line for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detector.inference.model import Model

_RULES = {
    "reporting": "Would it be printed if the article appeared in a book?",
    "appeal": "Does the publisher want the reader to pay, sign up, follow, install, reply or buy?",
    "navigation": "Is it about the page, the site or its authors, and not about the subject?",
    "body": "the article itself: its paragraphs and quotes, lists, tables, code, sources at the end",
    "heading": "the headline and the line above it, the summary under it, a section heading",
    "caption": "tells what an image, a chart or a video in the article shows",
    "note": "a correction, an update, an editor's note or a disclosure that concerns this article",
    "donation": "asks for money or for support of the publisher; all lines of such a letter",
    "subscription": "wants the reader to subscribe, join, register or log in for more to read",
    "newsletter": "wants the reader to sign up for e-mails, a podcast or a feed",
    "social": "asks to follow, like, join a channel or share",
    "app": "asks to install the app or allow notifications",
    "feedback": "asks for contact, tips, error reports, votes, answers, comments or contributions",
    "promotion": "offers a product, course, book, event, service or sponsor for sale; coupons, prize draws",
    "menu": "names of sections and topics, breadcrumbs, buttons, page numbers, search boxes",
    "related": "links to and teasers of other items, most-read lists, previous and next article",
    "metadata": "author line, date, reading time, source or agency, a photo credit alone",
    "about": "who the author, a contributor or the publisher is",
    "legal": "copyright, terms, privacy and cookies, licences, the publisher's address and opening hours",
    "advert": "marks and text of advertising, job and classified ads",
    "comments": "what readers wrote below the article, the number of comments, the form to write one",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TAKEN = frozenset("jkudgxhzlsvec")  # what the page itself uses, so that no label or kind has it as its key
_DIGITS = "123456789"


class Named(NamedTuple):
    """A label, or a kind of one, with its key and what the label guide says of it, if it is in it."""

    name: str
    label: str
    key: str
    rule: str


def labels_of(model: Model) -> list[Named]:
    """The labels of a model. The key of each is a letter of its name, if one is left."""
    return [Named(name, name, key, _RULES.get(name, "")) for name, key in _keyed(model.labels)]


def kinds_of(model: Model) -> list[Named]:
    """The kinds of a model, by label. Their keys are digits, then letters that no label has, anew for each label."""
    found = []
    taken = _TAKEN | {key for _, key in _keyed(model.labels)}
    for number, label in enumerate(model.labels):
        kinds = [kind for kind, of in zip(model.kinds, model.kind_labels, strict=True) if of == number]
        keys = [*_DIGITS, *(letter for letter in _LETTERS if letter not in taken)]
        found += [Named(kind, label, key, _RULES.get(kind, "")) for kind, key in zip(kinds, keys, strict=False)]
        found += [Named(kind, label, "", _RULES.get(kind, "")) for kind in kinds[len(keys) :]]
    return found


def _keyed(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    taken = set(_TAKEN)
    for name in names:
        choices = (letter for letter in [*name.lower(), *_LETTERS] if letter in _LETTERS and letter not in taken)
        key = next(choices, "")
        taken.add(key)
        yield name, key
