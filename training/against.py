"""The speed of this version relative to others, in alternating runs: in warm processes, and of the whole command."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from detector.errors import UsageError
from training.inputs import articles, repetitions, size_in_megabytes, temporary_folder, write_jsonl
from training.result import Bound, Result, Section, collect, duration, rate, ratio
from training.subprocesses import run
from training.versions import THIS, About, Inputs, Version, working

PREDICT = {"plain": Bound(4), "speed": Bound(2)}  # our rate relative to versions of these names
CALL, PROCESS = Bound(0.4, upper=True), Bound(2)  # relative to every version
_ARTICLE = 10_000  # bytes
_CALLS = 300  # of `clean` in each run, each of another article
_OWN_VARIABLES = "DETECTOR_"  # others may hold paths, which results do not show

_Seconds = dict[str, list[float]]  # of each run, by version


def measure(
    others: Sequence[Version], texts: Sequence[str], megabytes: float, runs: int, parent: Path | None = None
) -> Section:
    """The rates and times of this version and of others, and ours relative to theirs.

    Raises `UsageError` where another version turns out to be this one.
    """
    versions = {version.name: version for version in (THIS, *others)}
    repeated = repetitions(texts, megabytes)
    in_memory = repeated * size_in_megabytes(texts)
    with temporary_folder(2 * megabytes + 100, parent) as folder:
        inputs = Inputs(texts, articles(texts, _ARTICLE, _CALLS), repeated).write(folder / "inputs.json")
        with contextlib.ExitStack() as stack:
            workers = {name: stack.enter_context(working(each, inputs, folder)) for name, each in versions.items()}
            about = {name: worker.about for name, worker in workers.items()}
            _check(about)
            predicted = collect({name: partial(each.measure, "predict_many") for name, each in workers.items()}, runs)
            called = collect({name: partial(each.measure, "clean") for name, each in workers.items()}, runs)
        source = folder / "in.jsonl"
        size = write_jsonl(source, texts, megabytes)
        processed = collect({name: partial(_clean, each, source) for name, each in versions.items()}, runs)
    command = "`detector clean`, JSON Lines to JSON Lines, whole process"
    rows = (
        *_rates("`predict_many`", in_memory, predicted, PREDICT),
        *_times(f"one `clean` call of {_ARTICLE // 1000} kB, p50", called),
        *_rates(command, size, processed, dict.fromkeys(versions, PROCESS)),
    )
    setting = (
        f"`predict_many` of {in_memory:.0f} MB; one `clean` call: the median of {_CALLS} articles; the command on a "
        f"file of {size:.0f} MB. Alternating runs: {runs}. Each version in processes of its own, one thread. "
    )
    return Section("Relative to other versions", setting + _description(versions, about), rows)


def _check(about: Mapping[str, About]) -> None:
    """Raise `UsageError` where the interpreter of another version finds this checkout."""
    for name, other in about.items():
        if name != THIS.name and other.file == about[THIS.name].file:
            raise UsageError(
                f"--against {name}: the interpreter finds this checkout, {other.file}; give that of an environment "
                "where another version is installed, or set PYTHONPATH for it"
            )


def _clean(version: Version, source: Path) -> float:
    output = source.with_name("out.jsonl")
    command = (version.python, "-P", "-m", "detector", "clean", source, "-o", output, "-q")
    return run(command, version.environment(source.parent)).seconds


def _rates(name: str, size: float, seconds: _Seconds, bounds: Mapping[str, Bound]) -> list[Result]:
    """The rate of each version, and ours relative to each other one."""
    return [
        *(rate(f"{name}: {version}", size, taken, "MB/s") for version, taken in seconds.items()),
        *(
            ratio(f"{name} relative to {version}", taken, seconds[THIS.name], bounds.get(version))
            for version, taken in _others(seconds)
        ),
    ]


def _times(name: str, seconds: _Seconds) -> list[Result]:
    """The time of each version, and ours relative to each other one."""
    return [
        *(duration(f"{name}: {version}", taken) for version, taken in seconds.items()),
        *(
            ratio(f"{name} relative to {version}", seconds[THIS.name], taken, CALL)
            for version, taken in _others(seconds)
        ),
    ]


def _others(seconds: _Seconds) -> list[tuple[str, list[float]]]:
    return [(version, taken) for version, taken in seconds.items() if version != THIS.name]


def _description(versions: Mapping[str, Version], about: Mapping[str, About]) -> str:
    """The versions, the libraries that they use, and their own variables, in one sentence."""
    described = []
    for name, version in versions.items():
        libraries = (f"{library} {number}" for library, number in about[name].libraries.items())
        variables = (f"`{key}={value}`" for key, value in version.variables.items() if key.startswith(_OWN_VARIABLES))
        described.append(f"{name}: {', '.join((about[name].version, *libraries, *variables))}")
    return f"{'; '.join(described)}."
