"""A file or folder that labelled documents are read from."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from detector.errors import DataError, UsageError
from detector.formats.compression import compression_of, decompressing
from detector.util.atomic import is_stream

if TYPE_CHECKING:
    from detector.annotations.reading import Reading

HEAD = 1 << 16  # bytes by which a format is recognised
STDIN = Path("-")


class Line(NamedTuple):
    """A line of a file without its end, and where it is: ``file:line``."""

    text: str
    where: str


@dataclass(frozen=True)
class Source:
    """A file or folder that exists, or standard input: the path ``-``."""

    path: Path

    def __post_init__(self) -> None:
        if self.path != STDIN and not self.path.exists():
            raise UsageError(f"{self.path}: no such file or folder")

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder."""
        return self.path.is_dir()

    @property
    def stem(self) -> str:
        """The name without folder and extensions, for the ids of documents that have none."""
        name = self.path.name.lstrip(".")
        return "stdin" if self.path == STDIN else (name.split(".")[0] if not self.is_folder else name)

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The decompressed data. Raises `DataError` for what the system, or the compression, cannot read."""
        with self.errors(), contextlib.ExitStack() as stack:
            if self.path == STDIN or is_stream(self.path):
                self._copy.seek(0)
                file = self._copy
            else:
                file = stack.enter_context(open(self.path, "rb"))
            yield decompressing(file, compression_of(self.path))

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn errors of the system and of the encoding into `DataError`."""
        try:
            yield
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: not UTF-8 ({error}); convert it to UTF-8 first") from error
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read ({error.strerror or error})") from error

    @cached_property
    def head(self) -> bytes:
        """The first bytes of a file, `HEAD` or all; empty for a folder."""
        if self.is_folder:
            return b""
        with self.opened() as stream:
            return stream.read(HEAD)

    def lines(self, reading: Reading | None = None) -> Iterator[Line]:
        r"""The lines of a file in UTF-8, without their ends ``\n``. A byte-order mark is left out.

        Raises `DataError`, with the line, where the encoding is another one; with a ``reading``, such a line is
        rejected alone.
        """
        with self.opened() as stream:
            for number, raw in enumerate(stream, 1):
                where = f"{self.path}:{number}"
                try:
                    line = Line(decoded(raw.removesuffix(b"\n"), where, first=number == 1), where)
                except DataError:
                    with reading.record(where, raw.decode("utf-8", "backslashreplace")) if reading else nullcontext():
                        raise
                else:
                    yield line

    @cached_property
    def _copy(self) -> BinaryIO:
        """Standard input or a pipe as a file, so that it can be read twice."""
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - it is deleted with this source
        with contextlib.ExitStack() as stack:
            stream = sys.stdin.buffer if self.path == STDIN else stack.enter_context(open(self.path, "rb"))
            shutil.copyfileobj(stream, copy)
        return cast("BinaryIO", copy)


def decoded(raw: bytes, where: str, first: bool = False) -> str:
    """Bytes in UTF-8 as a text; of the ``first`` bytes of a file, without a byte-order mark. Raises `DataError`.

    Lone surrogates may be written as bytes, as Python's error handler ``surrogatepass`` does.
    """
    try:
        return raw.decode("utf-8-sig" if first else "utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start + 1}); convert the file to UTF-8 first") from error


def text_stream(stream: BinaryIO, newline: str | None = "") -> io.TextIOWrapper:
    """A stream of bytes in UTF-8 as text, without a byte-order mark."""
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogatepass", newline=newline)
