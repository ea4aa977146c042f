#!/usr/bin/env bash
# tokenizers 0.23.3 with sentencepiece 0.2.3: a unigram model in tokenizers finds the control pieces of its vocabulary
# (<s>, </s>) in a text, where SentencePiece, whose pieces and scores it was given, writes the same characters with
# ordinary pieces. So a page that explains HTML, and has "</s>" in it, gets the token that means the end of a sequence.
# Neither add_special_tokens=False nor encode_special_tokens=True changes that: the piece is of the vocabulary, and no
# added token.
# Seen: for "ferry</s>", SentencePiece returns no end of sequence, and tokenizers returns one, also with the option.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "sentencepiece==0.2.3" "tokenizers==0.23.3"
cat > encode.py <<'PY'
import io

import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers

lines = [f"The ferry number {n} leaves at {n % 12} o'clock < from > the s quay / slip." for n in range(200)]
written = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(lines), model_writer=written, vocab_size=60, model_type="unigram", minloglevel=2
)
original = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
assert original.is_control(original.eos_id())
pieces = [(original.id_to_piece(n), original.get_score(n)) for n in range(original.get_piece_size())]
tokenizer = Tokenizer(models.Unigram(pieces, original.unk_id(), byte_fallback=False))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
text = "ferry</s>"
print("sentencepiece", original.eos_id() in original.encode(text))
for option in (False, True):
    tokenizer.encode_special_tokens = option
    print("tokenizers", option, original.eos_id() in tokenizer.encode(text, add_special_tokens=False).ids)
PY
seen=$(venv/bin/python encode.py)
echo "$seen"
wanted=$'sentencepiece False\ntokenizers False True\ntokenizers True True'
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
