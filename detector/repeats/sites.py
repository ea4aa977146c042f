"""The site of a record: one for the whole corpus, a field's value, the host of a URL, or a folder."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from detector.corpus.plan import Task
from detector.errors import UsageError
from detector.formats.base import Record

HOST, FOLDER = "host", "folder"
_WITHOUT_FIELDS = ("text", "html", "mhtml")
_WARC_URL = "WARC-Target-URI"
_WWW = "www."
_BEFORE_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_AROUND_URL = "<> \t\r\n"  # crawlers have written URLs in angle brackets


class NoSiteError(Exception):
    """A record without a site. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Sites:
    """How the site of a record is found: ``by`` is `HOST`, `FOLDER`, or the name of a field; None for one site.

    ``url_field`` is the field that holds the URL for `HOST`; None for ``url``, in crawls the header of the URL.
    """

    by: str | None = None
    url_field: str | None = None

    def check(self, task: Task) -> None:
        """Raise `UsageError` for an input whose records have no sites."""
        if self.by is None:
            return
        if self.by == FOLDER and task.source is None:
            raise UsageError("--by folder: standard input is in no folder; name files, or leave out --by")
        if self.by != FOLDER and task.type.format_name in _WITHOUT_FIELDS:
            raise UsageError(
                f"--by {self.by}: {task.name} is {task.type.format_name}, which has no fields; use --by folder"
            )

    def field(self, task: Task) -> str | None:
        """The field of the records of an input that tells their site; None if none does."""
        if self.by in (None, FOLDER):
            return None
        if self.by != HOST:
            return self.by
        return self.url_field or (_WARC_URL if task.type.format_name.startswith("warc") else "url")

    def site(self, record: Record, task: Task) -> str:
        """The site of a record that was read with `field` as the field of its id. Raises `NoSiteError`."""
        field = self.field(task)
        if field is None:
            return "" if self.by is None else str(_folder(task))
        number = record.id.removeprefix(f"{task.name}:")
        if not record.id or (number != record.id and number.isdecimal()):  # the id of a record that has none
            raise NoSiteError(
                f'field "{field}", which tells its site, is missing, or neither a string nor a whole number'
            )
        return record.id if self.by != HOST else _host(record.id)


ONE_SITE = Sites()


def _folder(task: Task) -> Path:
    """The folder of an input. The file of a task is its path as it was found."""
    return Path(task.file).parent


def _host(url: str) -> str:
    """The host of a URL, also of one without a scheme: in lower case and ASCII, without www and a final full stop.

    Raises `NoSiteError` for what has no host.
    """
    url = url.strip(_AROUND_URL)
    try:
        parts = urlsplit(url if _BEFORE_HOST.match(url) else f"//{url}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # also for a port that is no number, as in "urn:isbn:9"
        host = ""
    if not host.isascii():
        with contextlib.suppress(UnicodeError):  # else it stays as it is written
            host = host.encode("idna").decode("ascii")
    host = host.rstrip(".").removeprefix(_WWW)
    if not host:
        raise NoSiteError(f"its URL has no host: {url[:40]}")
    return host
