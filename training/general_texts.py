"""Writes ``detector/fit/general.jsonl.gz``: the texts by which an adaptation knows what documents are like in general.

    python -m training.general_texts seeds

They are invented documents of the seeds, chosen by a hash of their ids, without labels.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from pathlib import Path

from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.fit.general import TEXTS_FILE
from detector.util.atomic import replacing

DOCUMENTS = 300


def main() -> None:
    """Read the seeds and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=TEXTS_FILE)
    arguments = parser.parse_args()
    with replacing(arguments.output) as file:
        file.write(content(list(read_documents([arguments.seeds]))))


def content(documents: list[LabelledDocument]) -> bytes:
    """The bytes of the file; the same for the same documents in any order."""
    chosen = sorted({d.text: d for d in documents}.values(), key=_digest)[:DOCUMENTS]
    lines = (json.dumps({"text": d.text}, ensure_ascii=False) + "\n" for d in chosen)
    return gzip.compress("".join(lines).encode(), mtime=0)


def _digest(document: LabelledDocument) -> bytes:
    return hashlib.sha256(f"{document.id}\n{document.text}".encode("utf-8", "surrogatepass")).digest()


if __name__ == "__main__":
    main()
