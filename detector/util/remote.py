"""Other file systems, through fsspec: listed, fetched and written. Its packages are imported when a URL is opened.

Every error of a file system, of whatever class, is raised as `DataError` with the URL: credentials, a lost connection,
a missing bucket. How long a request may take, and how often it is tried again, is up to the package.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from detector.errors import DataError, DetectorError, UsageError
from detector.util.libraries import load_library
from detector.util.output import OutputError
from detector.util.urls import Listed, Url, without_secrets

# What changes with the content of a file, the surest first, by the names that the packages have for it.
_VERSIONS = (
    "ETag", "etag", "md5Hash", "sha256", "blob_id", "oid", "generation", "Content-MD5", "Digest", "LastModified",
    "Last-Modified", "last_modified", "modificationTime", "mtime", "modified", "modify", "updated", "created", "time",
)  # fmt: skip
# A file appears in these as soon as it is complete, and not before. In others, it is renamed when it is.
_COMPLETE_ON_CLOSE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "hf", "oss", "oci", "memory"})
_FLAT = frozenset({"s3", "s3a", "gs", "gcs"})  # list all that is below a folder at once
_LARGE = 16 << 20  # bytes; a larger file is fetched in parts, between which it may be replaced
_TRIES = 3
_REASON = 300  # characters of a library's message that are shown
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Entry(NamedTuple):
    """Something in a folder. ``kind`` is ``file``, ``directory``, or what else the file system calls it."""

    url: Url
    name: str
    kind: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.kind == "directory"


def require(url: Url) -> None:
    """Raise `UsageError` if a URL cannot be opened, because a package is missing or its scheme is unknown."""
    _opened(url)


def require_writable(url: Url, option: str) -> None:
    """Raise `UsageError` if nothing can be written to a URL."""
    if url.is_web:
        raise UsageError(f"{option} {url}: {url.scheme}:// can only be read; name a file, or a bucket such as s3://")
    require(url)


def look_up(url: Url) -> Entry | None:
    """What is at a URL; None if there is nothing. Raises `DataError` if that cannot be known."""
    system, path = _opened(url)
    with _accessing(url, "read"):
        system.invalidate_cache()
        try:
            found = system.info(path)
        except FileNotFoundError as error:
            reason = error.__cause__  # HTTP: of a refused connection, too
            if reason is None or isinstance(reason, FileNotFoundError) or getattr(reason, "status", 0) in (404, 410):
                return None
            raise OSError(str(reason) or type(reason).__name__) from error
    return Entry(url.with_listed(_listed(found)), url.name, str(found.get("type")))


def list_folder(url: Url) -> list[Entry]:
    """What is in a folder, by name; nothing if there is none. Raises `DataError`."""
    system, path = _opened(url)
    with _accessing(url, "listed"):
        system.invalidate_cache()
        try:
            found = system.ls(path, detail=True)
        except FileNotFoundError:
            return []
    return sorted(_entries(url, path, found), key=lambda entry: entry.name)


def list_below(url: Url) -> list[Entry] | None:
    """All files below a folder in one go, with their paths below it as names, by the parts of these.

    None where the file system has no such listing. Raises `DataError`.
    """
    if url.scheme not in _FLAT:
        return None
    system, path = _opened(url)
    with _accessing(url, "listed"):
        system.invalidate_cache()
        found = system.find(path, detail=True)
    return sorted(_entries(url, path, found.values()), key=lambda entry: entry.name.split("/"))


def fetch(url: Url, file: Path) -> Listed:
    """Write what a URL leads to into a new local file. Returns what is known of it, from before it was read.

    Raises `DataError`, also if it was replaced meanwhile, again and again; `OutputError` if the local disk is full.
    """
    system, path = _opened(url)
    before = url.listed or _now(url)
    for _ in range(_TRIES):
        with _accessing(url, "read", file):
            system.get_file(path, str(file))
        size = file.stat().st_size
        if url.is_web or (before.size == size < _LARGE):  # HTTP says how long it is when it is read
            return before
        after = _now(url)
        if after == before and after.size in (size, None):
            return after
        before = after
    raise DataError(f"{url}: cannot be read (it changes while it is read, or is cut off); run the command again")


def _now(url: Url) -> Listed:
    """What is known of a file. Raises `DataError` if it is not there."""
    found = look_up(url)
    if found is None or found.url.listed is None:
        raise DataError(f"{url}: cannot be read (no such file)")
    return found.url.listed


def publish(file: Path, url: Url) -> Listed:
    """Write a local file to a URL, where it appears complete or not at all. Returns what is known of it then.

    Raises `DataError`.
    """
    system, path = _opened(url)
    with _accessing(url, "written"):
        if url.scheme in _COMPLETE_ON_CLOSE:
            system.put_file(str(file), path)
        else:
            _write_and_rename(system, file, path)
    listed, size = _now(url), file.stat().st_size
    if listed.size not in (size, None):
        raise DataError(
            f"{url}: cannot be written (it has {listed.size:,} bytes instead of {size:,}); run the command again"
        )
    return listed


def read(url: Url) -> bytes | None:
    """The content of a small file; None if there is none. Raises `DataError`."""
    system, path = _opened(url)
    with _accessing(url, "read"):
        try:
            return bytes(system.cat_file(path))
        except FileNotFoundError:
            return None


def write(url: Url, data: bytes) -> None:
    """Write a small file. Raises `DataError`."""
    system, path = _opened(url)
    with _accessing(url, "written"):
        if url.scheme not in _COMPLETE_ON_CLOSE:
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(path, data)


def delete(url: Url) -> None:
    """Delete a file, if there is one. Raises `DataError`."""
    system, path = _opened(url)
    with _accessing(url, "deleted"), contextlib.suppress(FileNotFoundError):
        system.rm_file(path)


def _opened(url: Url) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    system = _file_system(url.scheme, _root(url))
    if "::" not in url.text or url.is_web:
        return system, str(system._strip_protocol(url.text))
    host, _, path = url.text.partition("://")[2].partition("/")  # some take a name with two colons for a chain
    return system, f"{str(system._strip_protocol(f'{url.scheme}://{host}')).rstrip('/')}/{path}"


def _root(url: Url) -> str:
    """The part of a URL that says how to connect: its host, and for some file systems the query."""
    host = url.text.partition("://")[2].partition("/")[0]
    question, query = url.text.partition("?")[1:]
    return f"{url.scheme}://{host}/" + (f"{question}{query}" if not url.is_web else "")


@cache
def _file_system(scheme: str, root: str) -> Any:  # noqa: ANN401 - fsspec may be missing
    fsspec = load_library("fsspec", f"{scheme}://", "remote")
    try:
        system = fsspec.get_filesystem_class(scheme)
        options: dict[str, Any] = system._get_kwargs_from_urls(root)
    except ImportError as error:
        raise UsageError(f"{scheme}:// needs another package: {error}") from error
    except ValueError as error:
        raise UsageError(f"{scheme}://: no file system of this name is known to fsspec; check the URL") from error
    if scheme in ("http", "https"):  # what is compressed stays so, as in any other file system
        options |= {"client_kwargs": {"auto_decompress": False}, "headers": {"Accept-Encoding": "identity"}}
    url = Url(root)
    with _accessing(url, "opened"):
        try:
            return fsspec.filesystem(scheme, **options)
        except ImportError as error:
            raise UsageError(f"{scheme}:// needs another package: {error}") from error


@contextlib.contextmanager
def _accessing(url: Url, what: str, local: Path | None = None) -> Iterator[None]:
    """Raise `DataError` for an error of the block, `OutputError` if the disk with the file ``local`` is full."""
    try:
        yield
    except (DetectorError, MemoryError):
        raise
    except Exception as error:
        if local is not None and isinstance(error, OSError) and error.errno in _DISK:
            reason = os.strerror(error.errno)
            raise OutputError(
                f"{local.parent}: cannot be written: {reason}; make room for it, or set TMPDIR to another place"
            ) from error
        raise DataError(f"{url}: cannot be {what} ({_reason(error, url)})") from error


def _reason(error: Exception, url: Url) -> str:
    """What an error says, on one line and without secrets."""
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    message = " ".join(without_secrets(str(error), url.text).split())
    if isinstance(error, PermissionError) and not message:
        message = "permission denied"
    return message[:_REASON] or type(error).__name__


def _entries(url: Url, path: str, found: Any) -> Iterator[Entry]:  # noqa: ANN401 - of whatever collection
    """The entries below a path. An object whose name ends with a slash stands for a folder, and is none."""
    above = path.rstrip("/")
    for each in found:
        full = str(each["name"])
        kind = str(each.get("type"))
        name = full.rstrip("/") if kind == "directory" else full
        below = name[len(above) + 1 :] if name.startswith(f"{above}/") else ""
        if below and not below.endswith("/"):
            yield Entry((url / below).with_listed(_listed(each)), below, kind)


def _listed(found: Mapping[str, Any]) -> Listed:
    size = found.get("size")
    return Listed(size if isinstance(size, int) else None, _version(found))


def _version(found: Mapping[str, Any]) -> str | None:
    for name in _VERSIONS:
        value = found.get(name)
        if isinstance(value, datetime):  # some file systems list a time as a number, and look it up as this
            value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if value:
            return str(value).strip('"')
    return None


def _write_and_rename(system: Any, file: Path, path: str) -> None:  # noqa: ANN401 - fsspec may be missing
    """Write a file under a temporary name, and rename it when it is complete."""
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.{name[:20]}.{os.urandom(8).hex()}.detector.tmp"
    system.makedirs(folder, exist_ok=True)
    try:
        system.put_file(str(file), temporary)
        try:
            system.mv(temporary, path)
        except Exception:  # some rename nothing to a name that is taken
            if not system.exists(path):
                raise
            system.rm_file(path)
            system.mv(temporary, path)
    except BaseException:
        with contextlib.suppress(Exception):
            system.rm_file(temporary)
        raise
