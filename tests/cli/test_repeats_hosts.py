"""The host of a URL, by which the documents of a crawl are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command

from detector.evidence.repeats_file import read_repeats

HOSTS = {
    "https://WWW.Herald.example:8080/x": "herald.example",
    "herald.example": "herald.example",
    "herald.example/login?next=https://other.example/": "herald.example",
    "//herald.example/x": "herald.example",
    "http://ana:secret@herald.example": "herald.example",
    "<http://herald.example/>": "herald.example",
    " http://herald.example/\n": "herald.example",
    "http://herald.example./": "herald.example",
    "http://fährblatt.example/": "xn--fhrblatt-0za.example",
    "http://FÄHRBLATT.example/": "xn--fhrblatt-0za.example",
    "http://xn--fhrblatt-0za.example/": "xn--fhrblatt-0za.example",
    f"http://{'ä' * 99}.example/": f"{'ä' * 99}.example",
    "http://[::1]:80/": "::1",
}
NO_HOSTS = ["", "/a/b", "http:///x", "http://[::1", "urn:isbn:9780000000000", "javascript:alert(1)", "?q=//x", "http://.",
            "http://a.example:x/", "data:text/plain,x"]  # fmt: skip


@pytest.mark.parametrize("url", HOSTS)
def test_hosts(url: str, command: Command) -> None:
    """A paragraph that is in two documents repeats if they are of one host."""
    records = [{"text": "Give now!\nBread rose.", "url": url}, {"text": "Give now!", "url": f"http://{HOSTS[url]}/"}]
    if url == "http://[::1]:80/":
        records[1]["url"] = "http://[::1]"
    Path("in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    called = command("repeats", "learn", "in.jsonl", "-o", "x.repeats", "--by", "host", model=False)
    assert called.code == 0
    assert read_repeats("x.repeats").documents.tolist() == [2]


def test_what_has_no_host(command: Command) -> None:
    lines = [json.dumps({"text": "Give now!", "url": url}) for url in NO_HOSTS]
    Path("in.jsonl").write_text("\n".join(lines))
    called = command("repeats", "learn", "in.jsonl", "-o", "x.repeats", "--by", "host", model=False)
    assert (called.code, Path("x.repeats").exists()) == (1, False)
    assert f"({len(NO_HOSTS)} rejected)" in called.err
