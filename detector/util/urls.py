"""URLs of files in other file systems: ``s3://bucket/key``. Nothing is read or written here."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path, PurePath
from typing import NamedTuple

from detector.errors import UsageError

_URL = r"(?s)([a-z][a-z0-9+.-]+)://(.*)"
_CHAINED = r"::[a-z][a-z0-9+.-]*://"
_LOCAL = ("file", "local")
_WEB = ("http", "https")  # files by themselves: there are no folders, and nothing can be written
_ALIASES = {
    "s3a": "s3",
    "gcs": "gs",
    "abfss": "abfs",
    "az": "abfs",
    "ssh": "sftp",
    "https": "http",
    "arrow_hdfs": "hdfs",
}
_FILES = ("sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs")  # file systems, whose paths have the parts ``.`` and ``..``
_HIDDEN = "***"


class Listed(NamedTuple):
    """What a listing says of a file: its size in bytes, and its version. None stands for what it does not say.

    The version is whatever changes with the content: an ETag, a hash, a time.
    """

    size: int | None
    version: str | None


class Url:
    """The place of a file or folder in another file system. As a string, its secrets are hidden.

    ``text`` is the URL as it was given, without slashes at its end. ``listed`` is what a listing has said of the file,
    if there was one; it does not count for equality.
    """

    __slots__ = ("listed", "text")

    def __init__(self, text: str, listed: Listed | None = None) -> None:
        self.text = text
        self.listed = listed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Url) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

    def __str__(self) -> str:
        return hidden(self.text)

    def __truediv__(self, relative: PurePath | str) -> Url:
        below = relative if isinstance(relative, str) else relative.as_posix()
        return Url(f"{self.text}/{below}")

    @property
    def scheme(self) -> str:
        """The part before ``://``."""
        return self.text.partition("://")[0]

    @property
    def is_web(self) -> bool:
        """Whether the URL is that of a web page or download: a single file that cannot be written."""
        return self.scheme in _WEB

    @property
    def name(self) -> str:
        """The last part of the path, by which the format is known; ``index`` if it is empty, or no name of a file."""
        path = self.text.partition("://")[2]
        if self.is_web:
            from urllib.parse import unquote

            path = unquote(re.split("[?#]", path, maxsplit=1)[0].partition("/")[2].rstrip("/"))
        name = PurePath(path.rpartition("/")[2]).name
        return name if name not in ("", "..") and "\0" not in name else "index"

    def sibling(self, name: str) -> Url:
        """The file with another name in the same folder."""
        return Url(f"{self.text.rpartition('/')[0]}/{name}")

    @property
    def key(self) -> str:
        """What the usual spellings of one place have in common."""
        scheme, _, path = self.text.partition("://")
        user, at, host = path.partition("/")[0].rpartition("@")
        path = f"{user.partition(':')[0]}{at}{host}/{path.partition('/')[2]}".strip("/")
        return f"{_ALIASES.get(scheme, scheme)}://{posixpath.normpath(path) if scheme in _FILES else path}"

    def below(self, folder: Url) -> str | None:
        """The path of this place below a folder; empty if it is the folder itself, None if it lies elsewhere."""
        if self.key == folder.key:
            return ""
        above = folder.key.rstrip("/") + "/"
        return self.key[len(above) :] if self.key.startswith(above) else None

    def with_listed(self, listed: Listed | None) -> Url:
        """The same place, with what a listing says of it."""
        return Url(self.text, listed)


Place = Path | Url


def is_url(path: str) -> bool:
    """Whether a path of a call is a URL of another file system. ``C:/article.txt`` and ``10:30.txt`` are none."""
    found = re.match(_URL, path) if "://" in path else None
    return found is not None and found[1] not in _LOCAL


def place_of(path: str) -> Place:
    """The place that a path of a call names. ``file:///articles`` is the local folder.

    Raises `UsageError` for a chain of file systems, such as ``zip://a.txt::s3://bucket/a.zip``.
    """
    if "://" not in path:
        return Path(path)
    found = re.match(_URL, path)
    if re.search(_CHAINED, path):
        raise UsageError(
            f"{hidden(path)}: is a chain of file systems (::), which is not supported; unpack the file, and name it"
        )
    if found is None:
        return Path(path)
    scheme, rest = found.groups()
    if scheme in _LOCAL:
        return Path(rest[1:] if re.match(r"/[A-Za-z]:", rest) else rest or "/")
    return Url(path if scheme in _WEB else f"{scheme}://{rest.rstrip('/')}")


def local(place: Place | None) -> Path | None:
    """A place that is no URL: those have local files in their place by now. Raises `TypeError` for a URL."""
    if isinstance(place, Url):
        raise TypeError(f"{place}: no local file")
    return place


def named(place: Place) -> Path:
    """A path with the name of a place, by whose extensions formats and compressions are known."""
    return place if isinstance(place, Path) else Path(place.name)


def hidden(url: str) -> str:
    """A URL without its secrets: a password, and what follows a question mark, such as a signature."""
    scheme, separator, rest = url.partition("://")
    rest, question, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    user, at, host = host.rpartition("@")
    name, colon, password = user.partition(":")
    if question and (scheme in _WEB or "=" in query):
        query = _HIDDEN
    return f"{scheme}{separator}{name}{colon}{password and _HIDDEN}{at}{host}{slash}{path}{question}{query}"


def without_secrets(message: str, url: str) -> str:
    """A message of a library without the secrets of a URL that it may quote, in whole or in part."""
    shown = hidden(url)
    if shown == url:
        return message
    rest, _, query = url.partition("://")[2].partition("?")
    password = rest.partition("/")[0].rpartition("@")[0].partition(":")[2]
    message = message.replace(url, shown)
    if query:  # a library may have encoded it in another way
        message = re.sub(r"(://[^\s?'\"<>]*)\?[^\s'\"<>]*", rf"\1?{_HIDDEN}", message)
    for secret in (query, password):
        message = message.replace(secret, _HIDDEN) if secret else message
    return message
