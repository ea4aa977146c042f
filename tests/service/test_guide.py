"""The calls that docs/service.md shows, against a running service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from command import start
from documented import blocks
from tiny import ROOT

from detector.cleaner import Cleaner
from detector.service import answers, schemas

GUIDE = (ROOT / "docs" / "service.md").read_text("utf-8")
CALLS = [block.code for block in blocks(GUIDE) if block.language == "bash" and "curl" in block.code]
SHOWN = [json.loads(block.code) for block in blocks(GUIDE) if block.language == "json"]


@pytest.fixture(scope="module")
def port(shipped: object) -> Iterator[str]:
    process = start("serve", "--port", "0", "--quiet")
    assert process.stderr is not None
    yield json.loads(process.stderr.readline())["address"].rpartition(":")[2]
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
@pytest.mark.parametrize("call", CALLS, ids=[str(number) for number in range(len(CALLS))])
def test_a_call_works(call: str, port: str) -> None:
    missing = [name for name in ("jq", "gzip") if re.search(rf"\b{name} ", call) and shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is missing")
    command = call.replace("localhost:8000", f"localhost:{port}").replace("curl ", "curl --silent --fail ")
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if "text/plain" in call:
        assert b"Ferry to Ostholm returns" in done.stdout
        assert b"Subscribe" not in done.stdout
    else:
        answer = json.loads(done.stdout)
        assert {"results", "text", "paragraphs"} & set(answer)


def test_the_answers_that_are_shown_have_the_fields_of_the_description() -> None:
    clean, prediction, problem = SHOWN
    for shown, model in ((clean, schemas.Clean), (prediction, schemas.Prediction), (problem, schemas.Problem)):
        assert set(shown) == set(model.model_fields) - {"id"}
    assert set(clean["removed"][0]) == set(schemas.Removed.model_fields)
    assert set(prediction["paragraphs"][0]) == set(schemas.Paragraph.model_fields)


def test_the_answers_that_are_shown_are_those_of_the_shipped_model(shipped: Cleaner) -> None:
    clean, prediction, _ = SHOWN
    (text,) = {json.loads(call.split("--json '")[1].partition("'\n")[0])["text"] for call in CALLS if '"text"' in call}
    decided = [shipped.predict(text)]
    assert next(answers.cleaned(decided)) == clean
    (actual,) = answers.decisions(decided)
    assert {**actual, "paragraphs": [actual["paragraphs"][0], "…"]} == prediction
