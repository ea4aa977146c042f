"""What the service takes on: its rate against that of the library, many clients for a while, and hostile requests.

    python -m training.service_load ../shared/data/dev.jsonl.gz

The client runs on the same machine and takes its share of it, so processor time is measured as well.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import detector
from detector.cleaner import Cleaner
from detector.evaluation.labelled import read_documents
from training.inputs import size_in_megabytes
from training.result import describe_machine
from training.service_client import Calls, Service, call, calls, connection, percentile, request, running

_MEMORY_SAMPLES = 8
_LARGE = 200_000_000  # bytes
_EMPTY = 10_000  # documents


def main() -> None:
    """Measure what the arguments say, and print tables."""
    arguments = _arguments()
    texts = [document.text for document in read_documents(arguments.data)][: arguments.documents]
    print(f"{describe_machine()}; {len(texts):,} documents, {size_in_megabytes(texts):.1f} MB\n")
    options = ("--threads", str(arguments.threads), "--workers", str(arguments.workers))
    with running(*options) as service:
        compare(detector.load(), service, texts, arguments)
    with running(*options) as service:
        crowd(service, texts, arguments.clients, arguments.seconds)
    with running(*options, "--client-timeout", "2") as service:
        asyncio.run(hostile(service))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="labelled documents, whose texts are sent")
    parser.add_argument("--documents", type=int, default=1000, help="the most documents that are read")
    parser.add_argument("--batch", type=int, default=50, help="documents in a batch")
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of the comparison")
    parser.add_argument("--clients", type=int, default=50, help="clients that call at the same time for a while")
    parser.add_argument("--seconds", type=float, default=120, help="how long they do")
    parser.add_argument("--threads", type=int, default=2, help="threads of each worker, and of the library")
    parser.add_argument("--workers", type=int, default=1, help="processes of the service")
    return parser.parse_args()


def compare(cleaner: Cleaner, service: Service, texts: Sequence[str], arguments: argparse.Namespace) -> None:
    """Clean batches of texts in this process and by the service, in alternating runs."""
    groups = [texts[start : start + arguments.batch] for start in range(0, len(texts), arguments.batch)]
    bodies = [request("/clean", json.dumps({"texts": group}, ensure_ascii=False).encode()) for group in groups]
    size = size_in_megabytes(texts)
    rates: dict[str, list[float]] = {"clean_many": [], "clean_many, CPU": [], "service": [], "service, CPU": []}
    for run in range(arguments.runs + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in cleaner.clean_many(texts, threads=arguments.threads):
            pass
        own = (time.perf_counter() - wall, time.process_time() - cpu)
        before = service.cpu_seconds()
        made = asyncio.run(calls(service, iter(bodies), 2 * arguments.threads * arguments.workers))
        if made.failures:
            raise SystemExit(f"{made.failures} answers were no success")
        if run:  # the first one is the warm-up
            values = (*own, made.wall, service.cpu_seconds() - before)
            for name, seconds in zip(rates, values, strict=True):
                rates[name].append(size / seconds)
    _print_rates(rates)


def _print_rates(rates: dict[str, list[float]]) -> None:
    print("| | MB/s | MB per second of CPU |\n|---|---|---|")
    median = {name: statistics.median(values) for name, values in rates.items()}
    for name in ("clean_many", "service"):
        print(f"| {name} | {median[name]:.1f} | {median[f'{name}, CPU']:.1f} |")
    shares = [median[f"service{kind}"] / median[f"clean_many{kind}"] for kind in ("", ", CPU")]
    print(f"| share | {shares[0]:.2f} | {shares[1]:.2f} |\n")


def crowd(service: Service, texts: Sequence[str], clients: int, seconds: float) -> None:
    """Let many clients call for a while, each with one document at a time, and watch the memory."""
    bodies = [request("/clean", json.dumps({"text": text}, ensure_ascii=False).encode()) for text in texts]
    memory: list[int] = []

    async def watch() -> None:
        for _ in range(_MEMORY_SAMPLES):
            await asyncio.sleep(seconds / _MEMORY_SAMPLES)
            memory.append(service.memory())

    async def both() -> Calls:
        made, _ = await asyncio.gather(calls(service, _until(seconds, bodies), clients), watch())
        return made

    before = service.cpu_seconds()
    made = asyncio.run(both())
    used = service.cpu_seconds() - before
    times = [1000 * percentile(made.seconds, share) for share in (0.5, 0.99, 1)]
    print("| clients | seconds | requests | failures | requests/s | MB/s | p50 | p99 | longest | CPU per request |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    number = len(made.seconds)
    print(
        f"| {clients} | {made.wall:.0f} | {number:,} | {made.failures} | {number / made.wall:,.0f}"
        f" | {made.sent / 1e6 / made.wall:.1f} | {times[0]:.0f} ms | {times[1]:.0f} ms | {times[2]:.0f} ms "
        f"| {1000 * used / number:.2f} ms |"
    )
    print(f"\nmemory in MB, at equal intervals: {', '.join(f'{each / 1e6:.0f}' for each in memory)}\n")


def _until(seconds: float, bodies: Sequence[bytes]) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    for body in itertools.cycle(bodies):
        if time.monotonic() >= end:
            return
        yield body


async def hostile(service: Service) -> None:
    """Send what no client should, and print the answers."""
    empty = json.dumps({"texts": [""] * _EMPTY}).encode()
    cases = {
        "malformed JSON": request("/clean", b'{"text": "Rain fell.'),
        f"{_EMPTY:,} empty documents": request("/clean", empty),
        "a wrong field": request("/clean", b'{"text": 1}'),
    }
    print("| request | status | answer | ms |\n|---|---|---|---|")
    for name, sent in cases.items():
        async with connection(service) as (reader, writer):
            start = time.perf_counter()
            status, body = await call(reader, writer, sent)
            _print_answer(name, status, body, start)
    await _large(service)
    await _slow(service)


async def _large(service: Service) -> None:
    sent = request("/clean", b" " * _LARGE)
    before, start = service.memory(), time.perf_counter()
    async with connection(service) as (reader, writer):
        status, body = await call(reader, writer, sent)
    _print_answer("200 MB", status, body, start)
    print(f"| memory after it | | {(service.memory() - before) / 1e6:+.0f} MB | |")


async def _slow(service: Service) -> None:
    async with connection(service) as (reader, writer):
        start = time.perf_counter()
        status, body = await call(reader, writer, request("/clean", b" " * 1000)[:-900])
    _print_answer("a client that stops in the middle (limit: 2 s)", status, body, start)


def _print_answer(name: str, status: int, body: bytes, start: float) -> None:
    shown = json.loads(body)
    said = shown.get("detail") or f"{len(shown.get('results', []))} results"
    print(f"| {name} | {status} | {said} | {1000 * (time.perf_counter() - start):.0f} |")


if __name__ == "__main__":
    main()
