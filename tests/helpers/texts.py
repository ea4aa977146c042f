"""Texts for property tests: what an article file may contain, and what nobody would put in one."""

from __future__ import annotations

from hypothesis import strategies as st

# Pieces that broke one splitter or another.
AWKWARD = (
    "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\f", "\v", "\x00", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0",
    "\u1680", "\u2028", "\u2029", "\u200b", "\u3000", "\ufeff", "\ud800", "\udfff", "\ud83d\ude00", " ", "\t", "  ",
)  # fmt: skip
WORDS = (
    "The ferry to Hollow Quay", "Support us!", "READ MORE", "a", "12,50 €", "x" * 30, "“Nobody asked,” she said.",
    "***", "Ładny dzień", "ÄRGER über Öl", "Новая школа", "東京の天気", "ข่าววันนี้", "안녕 하세요",
    "🎉👩‍👩‍👧", "مرحبا", "e\u0301té", "𝔘𐐀",
)  # fmt: skip

pieces = st.one_of(st.sampled_from(AWKWARD), st.sampled_from(WORDS), st.text(st.characters(), max_size=4))
texts = st.lists(pieces, max_size=12).map("".join)
text_lists = st.lists(texts, max_size=6)
# with words and paragraphs that are longer than what is read of them at a time, and the same lines many times
long_pieces = st.builds(lambda piece, times: piece * times, pieces, st.sampled_from([1, 2, 9, 70, 900]))
long_text_lists = st.lists(st.lists(long_pieces, max_size=6).map("".join), max_size=3)
# the text of one paragraph
lines = st.lists(pieces, max_size=8).map("".join).map(lambda text: text.replace("\n", " ").replace("\r", " "))
