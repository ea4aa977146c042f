"""Compressed data: read completely or not at all, in bounded memory, and written so that damage is found."""

from __future__ import annotations

import io
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import needs

from detector.errors import UsageError
from detector.formats.compression import EXTENSIONS, compressing, decompressing
from detector.formats.decompressors import MEMORY_VARIABLE

COMPRESSIONS = [needs("zstandard", name) if name == ".zst" else name for name in EXTENSIONS]
PARTS = (b"one\n" * 3, b"two, with some words\n", b"three\n" * 9)


def packed(data: bytes, extension: str) -> bytes:
    out = io.BytesIO()
    with compressing(out, extension) as stream:
        stream.write(data)
    return out.getvalue()


def unpacked(data: bytes, extension: str) -> bytes:
    return decompressing(io.BytesIO(data), extension).read()


@pytest.mark.parametrize("extension", ["", *COMPRESSIONS])
@pytest.mark.parametrize("data", [b"", b"x", b"The ferry runs again.\n" * 50_000], ids=len)
def test_compressed_data_is_decompressed(extension: str, data: bytes) -> None:
    if extension and data[1:]:
        assert len(packed(data, extension)) < len(data)
    assert unpacked(packed(data, extension), extension) == data


@pytest.mark.parametrize("extension", COMPRESSIONS)
@given(parts=st.lists(st.binary(max_size=300).map(lambda part: part * 20), min_size=1, max_size=5))
def test_concatenated_members_are_one_stream(extension: str, parts: list[bytes]) -> None:
    assert unpacked(b"".join(packed(part, extension) for part in parts), extension) == b"".join(parts)


# Damage


@pytest.mark.parametrize("extension", COMPRESSIONS)
def test_what_is_cut_is_an_error(extension: str) -> None:
    """At the end of a member nobody can tell; anywhere else it is an error, also where no byte is left."""
    members = [packed(part, extension) for part in PARTS]
    ends = set(accumulate(map(len, members)))
    data = b"".join(members)
    for stop in range(len(data)):
        if stop not in ends:
            with pytest.raises(OSError, match=r"damaged|empty"):
                unpacked(data[:stop], extension)


@pytest.mark.parametrize("extension", COMPRESSIONS)
def test_a_flipped_bit_is_an_error_or_changes_nothing(extension: str) -> None:
    data = b"".join(packed(part, extension) for part in PARTS)
    wrong, harmless = [], 0
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            found = unpacked(bytes(damaged), extension)
        except OSError:
            continue
        harmless += 1
        if found != b"".join(PARTS):
            wrong.append(bit)
    assert wrong == []
    assert harmless < 2 * len(data)  # bits that mean nothing, such as those of the time in a gzip header


@pytest.mark.parametrize("extension", COMPRESSIONS)
@pytest.mark.parametrize("more", [b"no such thing", b"\0\0\0garbage", b"x"])
def test_data_that_follows_is_an_error(extension: str, more: bytes) -> None:
    with pytest.raises(OSError, match="damaged"):
        unpacked(packed(PARTS[0], extension) + more, extension)
    with pytest.raises(OSError, match=r"damaged, or not (gzip|bzip2|xz|Zstandard) \("):
        unpacked(more + packed(PARTS[0], extension), extension)


@pytest.mark.parametrize(
    ("extension", "padding", "valid"),
    [
        (".gz", 1, True),
        (".gz", 100_000, True),
        (".xz", 4, True),
        (".xz", 100_000, True),
        (".xz", 3, False),
        (".bz2", 4, False),
        needs("zstandard", ".zst", 4, False),
    ],
)
def test_zero_bytes_may_follow_where_the_format_allows_them(extension: str, padding: int, valid: bool) -> None:
    padded = packed(PARTS[0], extension) + bytes(padding)
    for data, wanted in ((padded, PARTS[0]), (padded + packed(PARTS[1], extension), PARTS[0] + PARTS[1])):
        if valid:
            assert unpacked(data, extension) == wanted
        else:
            with pytest.raises(OSError, match="damaged"):
                unpacked(data, extension)


def test_skippable_frames_of_zstandard_are_skipped() -> None:
    pytest.importorskip("zstandard")
    skippable = b"\x50\x2a\x4d\x18" + (1000).to_bytes(4, "little") + bytes(1000)
    data = skippable + packed(PARTS[0], ".zst") + skippable + skippable + packed(PARTS[1], ".zst") + skippable
    assert unpacked(data, ".zst") == PARTS[0] + PARTS[1]
    with pytest.raises(OSError, match="damaged"):
        unpacked(data[:-1], ".zst")


def test_zstandard_is_written_with_a_checksum() -> None:
    zstandard = pytest.importorskip("zstandard")
    assert zstandard.get_frame_parameters(packed(PARTS[0], ".zst")).has_checksum


# Memory


@pytest.mark.parametrize("extension", COMPRESSIONS)
def test_data_that_expands_much_is_decompressed_piece_by_piece(extension: str) -> None:
    import tracemalloc

    data = packed(bytes(1 << 25), extension)
    stream = decompressing(io.BytesIO(data), extension)
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in iter(lambda: stream.read(1 << 16), b""))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 1 << 25
    assert peak < 20 << 20


def long_window(log: int) -> bytes:
    """A frame that declares a window of ``1 << log`` bytes."""
    zstandard = pytest.importorskip("zstandard")
    parameters = zstandard.ZstdCompressionParameters(window_log=log, write_content_size=False, write_checksum=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(PARTS[0]) + compressor.flush()


def test_a_long_window_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unpacked(long_window(27), ".zst") == PARTS[0]
    with pytest.raises(OSError, match=rf"takes 256 MB of memory, but 128 MB are allowed.*{MEMORY_VARIABLE}"):
        unpacked(packed(PARTS[0], ".zst") + long_window(28), ".zst")
    for setting in ("256", "999999999"):
        monkeypatch.setenv(MEMORY_VARIABLE, setting)
        assert unpacked(long_window(28), ".zst") == PARTS[0]


def test_xz_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(PARTS[0], ".xz")
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    with pytest.raises(OSError, match=f"more of memory, but 1 MB are allowed.*{MEMORY_VARIABLE}"):
        unpacked(data, ".xz")


@pytest.mark.parametrize("setting", ["", "0", "-1", "2 GB", "²", "x" * 100, "9" * 5000])
def test_the_limit_is_a_number_of_megabytes(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(PARTS[0], ".xz")
    monkeypatch.setenv(MEMORY_VARIABLE, setting)
    with pytest.raises(UsageError, match=MEMORY_VARIABLE) as caught:
        unpacked(data, ".xz")
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("extension", COMPRESSIONS)
@pytest.mark.parametrize("sizes", [(1,), (3, 100), (70_000,)])
def test_the_size_of_reads_does_not_matter(extension: str, sizes: tuple[int, ...]) -> None:
    rng = random.Random(7)
    parts = [rng.randbytes(size) * 3 for size in (0, 1, 50_000, 200)]
    data = b"".join(packed(part, extension) for part in parts)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, rng.choice(sizes)))

    assert decompressing(Slow(data), extension).read() == b"".join(parts)
