"""One self-contained HTML page: its styles, scripts and data are in it, and nothing is loaded from anywhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

__all__ = ["Page", "asset", "binary_block", "escape", "json_block"]

_ICON = "data:,"  # else a browser would ask for one


@dataclass(frozen=True, slots=True)
class Page:
    """A page that needs no network, and may not use it: a policy of its own forbids all but what is in it.

    ``title`` is plain text, ``body`` HTML whose texts are escaped (`escape`). The policy allows no attribute ``style``
    and no handler such as ``onclick`` in it; pictures have addresses that begin with ``data:``. ``styles`` are style
    sheets. The ``scripts`` are joined in order and run as one module once the page is parsed, so that each may use the
    names of all others. ``data`` are blocks by their ids, which scripts find with ``document.getElementById(id)``; see
    `json_block` and `binary_block`.
    """

    title: str
    body: str
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    data: Mapping[str, Block] = field(default_factory=dict)

    def pieces(self) -> Iterator[bytes]:
        """The page in UTF-8, in pieces. Lone surrogates, which UTF-8 cannot hold, are shown as replacement characters.

        Raises `ValueError` for a style or script that would end its element.
        """
        style, script = "\n".join(self.styles), "\n".join(self.scripts)
        _check("style", style)
        _check("script", script)
        yield (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            f'<title>{escape(self.title)}</title>\n<link rel="icon" href="{_ICON}">\n<style>{style}</style>\n'
            f"</head>\n<body>\n{self.body}\n"
        ).encode("utf-8", "xmlcharrefreplace")
        for name, block in self.data.items():
            yield f'<script type="{block.media_type}" id="{escape(name)}">'.encode()
            yield block.content
            yield b"</script>\n"
        if script:
            yield f'<script type="module">{script}</script>\n'.encode()
        yield b"</body>\n</html>\n"


@dataclass(frozen=True, slots=True)
class Block:
    """Data in a page, which a browser neither shows nor runs. No text in ``content`` can end its element."""

    media_type: str
    content: bytes


def json_block(value: Any) -> Block:  # noqa: ANN401 - whatever JSON can hold
    """A JSON value as data of a page: ``JSON.parse(element.textContent)`` returns it."""
    text = json.dumps(value, separators=(",", ":"))
    return Block("application/json", text.replace("<", r"\u003c").encode("ascii"))


def binary_block(pieces: Iterable[bytes]) -> Block:
    """Bytes as data of a page: each piece on a line of its own, in Base64."""
    return Block("application/octet-stream", b"\n".join(map(b64encode, pieces)))


def asset(name: str, package: str = "detector.report") -> str:
    """A style sheet, a script or another text of a package, by its path in it: ``shared/style.css``."""
    return files(package).joinpath(*name.split("/")).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The content security policy: only this style and this script, no address but ``data:`` pictures."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _check(element: str, content: str) -> None:
    """Raise `ValueError` for what HTML would read as the end of the element, or as a comment in it."""
    lowered = content.lower()
    for mark in (f"</{element}", "<!--", "<script"):
        if mark in lowered:
            raise ValueError(f"a {element} of a page holds {mark!r}: write it in another way")
