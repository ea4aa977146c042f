"""Outputs are written whole, or it is said which of them could not be."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from command import environment

from detector.util.output import OutputError, open_output, standard_output, writing_to

WRITES = (
    "import sys\nfrom detector.util.output import OutputError, standard_output\n"
    "try:\n"
    "    with standard_output() as stream:\n"
    "        for _ in range(30):\n            stream.write(b'x' * 10_000)\n"
    "except OutputError as error:\n    sys.exit(str(error))\n"
)
UNBUFFERED = pytest.mark.parametrize("flags", [(), ("-u",)])


@UNBUFFERED
def test_all_is_written_to_standard_output(flags: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, *flags, "-c", WRITES], capture_output=True, check=False, timeout=60, env=environment()
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"x" * 300_000, b"")


@UNBUFFERED
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_standard_output_is_named(flags: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            [sys.executable, *flags, "-c", WRITES],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60, env=environment(),
        )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"standard output: cannot be written: No space left on device; ")
    assert ran.stderr.count(b"\n") == 1


class InParts(io.RawIOBase):
    """A raw stream that writes three bytes at a time."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        part = bytes(data)[:3]  # type: ignore[call-overload]
        self.written += part
        return len(part)


def test_a_stream_that_writes_parts_gets_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdout:
        buffer = InParts()

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", Stdout())
    with standard_output() as stream:
        stream.write(b"0123456789")
    assert Stdout.buffer.written == b"0123456789"


def test_what_an_error_left_in_the_buffer_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))

    def fail() -> None:
        with standard_output() as stream:
            stream.write(b"part of a line")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert out.getvalue() == b""


def test_errors_name_the_output_and_a_closed_pipe_stays_one(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"r\.jsonl: cannot be written: Input/output error; "), writing_to("r.jsonl"):
        raise OSError(5, "Input/output error")
    with pytest.raises(BrokenPipeError), writing_to("r.jsonl"):
        raise BrokenPipeError
    with open_output(tmp_path / "a") as stream:
        stream.write(b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
