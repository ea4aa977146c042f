"""Measures that the time of cleaning is linear and its memory bounded, whatever the input: a table of odd inputs.

Every input is cleaned by the command in a process of its own. Reported are the processor time per byte beyond that of
an empty file, its ratio to ordinary text of the same run, and the largest resident memory. Exits with 1 if a ratio is
larger than `MOST_RATIO`, or memory than `MOST_MEMORY`.

    python tests/reliability/odd_inputs.py [--megabytes 8] [--markdown]
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from detector.util.markdown import markdown_table

MOST_RATIO, MOST_MEMORY = 5.0, 300  # times ordinary text; megabytes
SENTENCE = (
    "The council voted on Tuesday to reopen the old bridge, which had been closed for three years after the flood. "
)
APPEAL = "Subscribe to our newsletter and support independent journalism from five pounds a month. "
CHILD = """
import os, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, code)
"""


def repeated(piece: str, size: int) -> bytes:
    data = piece.encode("utf-8", "surrogatepass")
    return data * max(1, size // len(data))


def of_random_words(size: int, seed: int = 0) -> bytes:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(5000)]
    lines = [" ".join(chance.choices(words, k=18)) + ".\n" for _ in range(2000)]
    return repeated("".join(chance.choices(lines, k=400)), size)


def jsonl(text: str, size: int, **others: object) -> bytes:
    return repeated(json.dumps({"text": text, **others}) + "\n", size)


def csv(field: str, size: int) -> bytes:
    return b"text,n\n" + repeated(f'"{field}",1\n', size)


ORDINARY = "ordinary text"
INPUTS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    ORDINARY: ("txt", lambda size: repeated(SENTENCE.strip() + "\n", size)),
    "random words": ("txt", of_random_words),
    "all boilerplate": ("txt", lambda size: repeated(APPEAL.strip() + "\n", size)),
    "paragraphs of 1 byte": ("txt", lambda size: repeated("a\n", size)),
    "paragraphs of 1 byte, CRLF": ("txt", lambda size: repeated("a\r\n", size)),
    "paragraphs of 1 byte, blank lines between": ("txt", lambda size: repeated("a\n\n", size)),
    "paragraphs of 5 bytes": ("txt", lambda size: repeated("menu!\n", size)),
    "paragraphs of 11 bytes": ("txt", lambda size: repeated("Home, News.\n", size)),
    "paragraphs of 13 bytes": ("txt", lambda size: repeated("Home and News\n", size)),
    "every other line blank": ("txt", lambda size: repeated(SENTENCE.strip() + "\n\n", size)),
    "short lines, every other one blank": ("txt", lambda size: repeated("The council.\n\n", size)),
    "blank lines": ("txt", lambda size: repeated("\n", size)),
    "carriage returns": ("txt", lambda size: repeated("\r", size)),
    "spaces": ("txt", lambda size: repeated(" ", size)),
    "lines of spaces": ("txt", lambda size: repeated(" " * 30 + "\n", size)),
    "one line": ("txt", lambda size: repeated(SENTENCE, size)),
    "one word": ("txt", lambda size: repeated("x", size)),
    "lines of 20 kB": ("txt", lambda size: repeated(SENTENCE * 180 + "\n", size)),
    "words of one letter": ("txt", lambda size: repeated("a b c d e f g h i j k l m n o p\n", size)),
    "punctuation": ("txt", lambda size: repeated("?!.,;:-()[]{}'\"" * 7 + "\n", size)),
    "digits": ("txt", lambda size: repeated("3.14159 2.71828 1.41421 1.73205 2.23606\n", size)),
    "a column of numbers": ("txt", lambda size: repeated("1234.5678\n", size)),
    "base64": ("txt", lambda size: base64.encodebytes(random.Random(0).randbytes(size * 3 // 4))),
    "minified code": ("txt", lambda size: repeated("function(a,b){return a?b:c[d](e,f)};", size)),
    "Chinese": ("txt", lambda size: repeated("市议会周二投票决定重新开放旧桥，该桥在洪水后关闭了三年。\n", size)),
    "Chinese, short lines": ("txt", lambda size: repeated("市议会周二。\n", size)),
    "Thai": ("txt", lambda size: repeated("สภาเมืองลงมติเมื่อวันอังคารให้เปิดสะพานเก่าอีกครั้ง\n", size)),
    "Arabic": ("txt", lambda size: repeated("صوّت المجلس يوم الثلاثاء على إعادة فتح الجسر القديم.\n", size)),
    "emoji": ("txt", lambda size: repeated("😀😁😂🤣😃😄😅😆 👍🏽 👩‍👩‍👧‍👦\n", size)),
    "combining marks": ("txt", lambda size: repeated("a" + "\u0301" * 40 + " ", size)),
    "bytes that are not UTF-8": ("txt", lambda size: b"\xff\xfe\xe9 \x80abc\xc3\n" * (size // 11)),
    "controls": ("txt", lambda size: repeated("a\x01b\x02c\x1bd\x7f e\n", size)),
    "line separators of Unicode": ("txt", lambda size: repeated("The council\u2028voted\u2029on\x85Tuesday\n", size)),
    "JSON Lines": ("jsonl", lambda size: jsonl((SENTENCE + "\n") * 20, size)),
    "JSON Lines, empty texts": ("jsonl", lambda size: jsonl("", size)),
    "JSON Lines, null texts": ("jsonl", lambda size: repeated('{"text":null}\n', size)),
    "JSON Lines, texts of one sentence": ("jsonl", lambda size: jsonl(SENTENCE, size)),
    "JSON Lines, texts of tiny paragraphs": ("jsonl", lambda size: jsonl("a\n" * 40, size)),
    "JSON Lines, blank lines": ("jsonl", lambda size: repeated("\n", size)),
    "JSON Lines, no JSON": ("jsonl", lambda size: repeated("{not json}\n", size)),
    "JSON Lines, escapes": ("jsonl", lambda size: jsonl("ÄÖÜ äöü 日本語 \u2028" * 30, size)),
    "JSON Lines, other fields": ("jsonl", lambda size: jsonl(SENTENCE, size, other=[SENTENCE] * 30)),
    "JSON Lines, one text": ("jsonl", lambda size: jsonl((SENTENCE + "\n") * (size // 120), 1)),
    "CSV, one sentence": ("csv", lambda size: csv(SENTENCE, size)),
    "CSV, empty fields": ("csv", lambda size: csv("", size)),
    "CSV, quotes": ("csv", lambda size: csv('""' * 50, size)),
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """The processor time in seconds and the largest resident memory in megabytes of a process."""

    seconds: float
    memory: float
    code: int


def cost(data: bytes, extension: str, folder: Path, times: int = 2) -> Cost:
    """The smallest cost of cleaning some bytes as a file with this extension."""
    source, target = folder / f"in.{extension}", folder / f"out.{extension}"
    source.write_bytes(data)
    command = [sys.executable, "-c", CHILD, sys.executable, "-m", "detector", "clean", source, "-o", target]
    command += ["--rejected", folder / "rejected.jsonl", "--removed", folder / "removed.jsonl"]
    found = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(times)]
    return Cost(min(float(f[0]) for f in found), max(float(f[1]) for f in found), int(found[0][2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")
    given = parser.parse_args()
    size = int(given.megabytes * 1e6)
    rows, ordinary, failed = [], 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        start = cost(b"", "txt", Path(folder), 4).seconds
        for name, (extension, make) in INPUTS.items():
            data = make(size)
            found = cost(data, extension, Path(folder))
            rate = (found.seconds - start) / len(data) * 1e9
            ordinary = ordinary or rate
            rows.append((name, f"{rate:.0f}", f"{rate / ordinary:.1f}", f"{found.memory:.0f}", found.code))
            if rate / ordinary > MOST_RATIO or found.memory > MOST_MEMORY:
                failed.append(name)
            if not given.markdown:
                times = rate / ordinary
                print(f"{name:44} {rate:6.0f} ns/byte {times:6.2f} times {found.memory:5.0f} MB  exit {found.code}")
    if given.markdown:
        print(markdown_table(("input", "ns per byte", "times ordinary text", "memory (MB)", "exit code"), rows))
    if failed:
        sys.exit(f"over the limits: {', '.join(failed)}")


if __name__ == "__main__":
    main()
