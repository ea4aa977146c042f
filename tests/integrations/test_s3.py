"""The command on a real S3 server: what is read from it and written to it is what a local run makes."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Called, environment
from engine_corpus import pages

REASON = ".ci/integrations runs this"
moto_server = pytest.importorskip("moto.server", reason=REASON)
boto3 = pytest.importorskip("boto3", reason=REASON)
pytest.importorskip("s3fs", reason=REASON)

# A lease that a killed run has left is given up sooner, and what is finished is published sooner.
PROGRAM = (
    "from detector.util import lease; lease.RENEWED = 0.2\n"
    "from detector.corpus import mirror; mirror.SECONDS = 0.1\n"
    "from detector.cli.main import main; main()\n"
)
FILES = 16
REPORTS = ("_manifest.jsonl", "_summary.json")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server on this machine."""
    served = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    served.start()
    host, port = served.get_host_and_port()
    yield f"http://{host}:{port}"
    served.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket."""
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = boto3.resource("s3").Bucket("papers")
    found.create()
    found.objects.all().delete()
    return found


@pytest.fixture
def call(tiny_model_dir: Path) -> Callable[..., Called]:
    """Calls the command in a process of its own."""

    def run(*words: object, model: bool = True) -> Called:
        done = subprocess.run(
            words_of(tiny_model_dir, *words, model=model), env=environment(), capture_output=True, check=False
        )
        return Called(done.returncode, done.stdout, done.stderr.decode())

    return run


def words_of(model_dir: Path, *words: object, model: bool = True) -> list[str]:
    more = ["--model", str(model_dir), "--max-removed", "1"] if model else []
    return [sys.executable, "-c", PROGRAM, *map(str, words), *more]


def jsonl(texts: list[str]) -> bytes:
    return b"".join(json.dumps({"id": n, "text": text}).encode() + b"\n" for n, text in enumerate(texts))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Files of many records, of several formats; one has a record that cannot be read."""
    texts = [str(page["text"]) for page in pages()]
    found: dict[str, bytes] = {}
    for number in range(FILES):
        data = jsonl(texts[number * 7 % len(texts) :][:25])
        name = f"part{number % 3}/{number:02}.jsonl"
        found |= {f"{name}.gz": gzip.compress(data, mtime=0)} if number % 2 else {name: data}
    return {**found, "bad.jsonl": b"no JSON\n" + jsonl(texts[:3]), "a b+c=d&e.jsonl": jsonl(texts[:2])}


@pytest.fixture(scope="module")
def locally(files: dict[str, bytes], tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a local run in ``out``, and its sidecars."""
    folder = tmp_path_factory.mktemp("locally")
    for name, content in files.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(content)
    words = ("clean", folder / "in", "-o", folder / "out", "--removed", folder / "removed.jsonl")
    done = subprocess.run(words_of(tiny_model_dir, *words), env=environment(), capture_output=True, check=False)
    assert done.returncode == 1, done.stderr  # a record is rejected
    return folder


def put(bucket: Any, files: dict[str, bytes], folder: str = "in") -> None:
    for name, content in files.items():
        bucket.put_object(Key=f"{folder}/{name}", Body=content)


def contents(bucket: Any, folder: str) -> dict[str, bytes]:
    """The objects below a folder, without the reports of a run."""
    objects = {each.key[len(folder) + 1 :]: each for each in bucket.objects.filter(Prefix=f"{folder}/")}
    return {name: each.get()["Body"].read() for name, each in objects.items() if name not in REPORTS}


def local_contents(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if name not in (*REPORTS, ".detector-lock")}


def sorted_lines(data: bytes) -> list[bytes]:
    return sorted(data.splitlines())


def object_of(bucket: Any, key: str) -> bytes:
    data: bytes = bucket.Object(key).get()["Body"].read()
    return data


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_is_cleaned_resumed_and_restored(
    jobs: int,
    call: Callable[..., Called],
    bucket: Any,
    files: dict[str, bytes],
    locally: Path,
) -> None:
    put(bucket, files)
    removed = "s3://papers/removed.jsonl.gz"
    command = ("clean", "s3://papers/in/", "-o", "s3://papers/out/", "--removed", removed, "--jobs", jobs)
    done = call(*command)
    assert done.code == 1, done.err
    assert "s3://papers/in/bad.jsonl:1: rejected" in done.err
    assert contents(bucket, "out") == local_contents(locally / "out")
    lines = gzip.decompress(object_of(bucket, "removed.jsonl.gz"))
    assert sorted_lines(lines) == sorted_lines((locally / "removed.jsonl").read_bytes())
    assert {each.key.partition("/")[0] for each in bucket.objects.all()} == {"in", "out", "removed.jsonl.gz"}

    bucket.put_object(Key="in/part0/00.jsonl", Body=files["part0/00.jsonl"] + b"\n")
    bucket.Object("out/part2/02.jsonl").delete()
    call(*command)
    summary = json.loads(object_of(bucket, "out/_summary.json"))
    assert (summary["done_before"], summary["done_now"]) == (len(files) - 2, 2)
    call(*command)
    assert json.loads(object_of(bucket, "out/_summary.json"))["done_now"] == 0

    restored = call("restore", "s3://papers/out", removed, "-o", "s3://papers/back", model=False)
    assert restored.code == 0, restored.err
    back = contents(bucket, "back")
    assert back.keys() == files.keys()
    for name, data in files.items():
        if name != "part0/00.jsonl":
            unpack = gzip.decompress if name.endswith(".gz") else bytes
            assert unpack(back[name]) == unpack(data)


def test_a_killed_run_is_resumed(
    tiny_model_dir: Path,
    call: Callable[..., Called],
    bucket: Any,
    files: dict[str, bytes],
    locally: Path,
) -> None:
    put(bucket, files)
    command = ("clean", "s3://papers/in", "-o", "s3://papers/out", "--removed", "s3://papers/removed.jsonl.gz", "-j", 2)
    expected = local_contents(locally / "out")
    with subprocess.Popen(words_of(tiny_model_dir, *command), env=environment(), stderr=subprocess.DEVNULL) as process:
        while sum(1 for _ in bucket.objects.filter(Prefix="out/part")) < FILES // 4:
            assert process.poll() is None, "it has ended too early"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    left = contents(bucket, "out")
    results = {name: data for name, data in left.items() if name.endswith((".jsonl", ".gz")) and name in files}
    assert FILES // 4 <= len(results) < len(files)
    assert results.items() <= expected.items()  # none is half-written
    manifest = bucket.objects.filter(Prefix="out/_manifest.jsonl")
    claimed = [json.loads(line)["file"] for each in manifest for line in each.get()["Body"].read().splitlines()]
    assert set(claimed) <= set(results)

    done = call(*command)
    assert done.code == 1, done.err
    assert contents(bucket, "out") == expected
    summary = json.loads(object_of(bucket, "out/_summary.json"))
    assert summary["done_before"] + summary["done_now"] == len(files)
    assert summary["done_before"] <= len(claimed)
    lines = gzip.decompress(object_of(bucket, "removed.jsonl.gz"))
    assert sorted_lines(lines) == sorted_lines((locally / "removed.jsonl").read_bytes())
    assert {each.key.partition("/")[0] for each in bucket.objects.all()} == {"in", "out", "removed.jsonl.gz"}


FORMS = [
    ("s3://papers/in/bad.jsonl", "{}/o.jsonl"),
    ("s3://papers/in/*.jsonl", "s3://papers/out"),
    ("{}/in", "s3://papers/out"),
]


@pytest.mark.parametrize(("source", "target"), FORMS)
def test_a_side_may_be_local(
    source: str,
    target: str,
    call: Callable[..., Called],
    bucket: Any,
    files: dict[str, bytes],
    locally: Path,
    tmp_path: Path,
) -> None:
    put(bucket, files)
    done = call(
        "clean", source.format(locally), "-o", target.format(tmp_path), "--rejected", "s3://papers/rejected.jsonl"
    )
    assert done.code == 1, done.err
    expected = local_contents(locally / "out")
    if target.startswith("s3"):
        found = contents(bucket, "out")
        assert found.items() <= expected.items()
        assert "bad.jsonl" in found
    else:
        assert (tmp_path / "o.jsonl").read_bytes() == expected["bad.jsonl"]
    assert json.loads(object_of(bucket, "rejected.jsonl"))["raw"] == "no JSON\n"


def test_a_large_object_is_read_in_parts(call: Callable[..., Called], bucket: Any) -> None:
    text = b"The bridge was closed on Tuesday.\n" * 10
    data = text * (60_000_000 // len(text))  # s3fs reads more than 50 MB in parts
    bucket.put_object(Key="in/large.txt", Body=data)
    done = call("clean", "s3://papers/in/large.txt", "-o", "s3://papers/large.txt", "--threshold", "0")
    assert done.code == 0, done.err
    assert object_of(bucket, "large.txt") == data


def test_an_object_that_is_gone_is_reported(call: Callable[..., Called], bucket: Any, files: dict[str, bytes]) -> None:
    put(bucket, {"a.jsonl": files["bad.jsonl"][8:], "b.jsonl": b""})
    bucket.Object("in/c.jsonl").put(Body=b"x", StorageClass="GLACIER")  # is listed, and cannot be read
    done = call("clean", "s3://papers/in", "-o", "s3://papers/out")
    assert done.code == 1
    assert "failed: s3://papers/in/c.jsonl: cannot be read (" in done.err
    assert sorted(contents(bucket, "out")) == ["_rejected.jsonl", "a.jsonl", "b.jsonl"]


ERRORS = [
    (
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        "s3://papers/in",
        1,
        "cannot be read (Could not connect to the endpoint",
    ),
    ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "s3://papers/in", 1, "cannot be read ("),
    ({}, "s3://no-such-bucket/in/a.txt", 1, "s3://no-such-bucket/in/a.txt: cannot be read ("),
    ({}, "s3://papers/in/none.txt", 2, "s3://papers/in/none.txt: no such file or folder"),
    ({}, "s3://papers/no*e.txt", 2, "s3://papers/no*e.txt: no file matches the pattern"),
]


@pytest.mark.parametrize(("variables", "source", "code", "message"), ERRORS)
def test_what_cannot_be_read_is_said(
    variables: dict[str, str],
    source: str,
    code: int,
    message: str,
    call: Callable[..., Called],
    bucket: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    done = call("clean", source, "-o", tmp_path / "out.txt")
    assert done.code == code, done.err
    assert message in done.err
    assert "Traceback" not in done.err
