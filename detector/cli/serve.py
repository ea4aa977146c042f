"""The command ``serve``."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.messages import log_as_json, print_message
from detector.cli.options import (
    RUN,
    Drop,
    EffortOption,
    Keep,
    LogJson,
    MaxRemoved,
    ModelOption,
    ParagraphBreakName,
    ParagraphsOption,
    PhrasesFile,
    PolicyName,
    PolicyOption,
    RepeatsFiles,
    Threshold,
)
from detector.cli.parameters import Option
from detector.errors import UsageError
from detector.util.libraries import load_library, missing_library
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from detector.corpus.messages import Message

ADDRESS, LIMITS = "Address", "Limits"  # panels of the help
EXAMPLES = {
    "serve": (
        "detector serve",
        "detector serve --port 9000 --threshold gentle",
        "detector serve --host 0.0.0.0 --allow-host cleaner.example --workers 4",
    )
}
_MIB = 1 << 20


def serve(
    host: Annotated[
        str, Option(help="The address to listen on; 0.0.0.0 for all, which lets others in.", panel=ADDRESS)
    ] = "127.0.0.1",
    port: Annotated[
        int, Option(min=0, max=65535, help="The port; 0: one that is free, which is printed.", panel=ADDRESS)
    ] = 8000,
    allow_host: Annotated[
        list[str] | None,
        Option(
            metavar="<name>",
            help="A name by which clients call the service, besides localhost and IP addresses; * allows every name. "
            "Can be given several times.",
            show_default=False,
            panel=ADDRESS,
        ),
    ] = None,
    paragraphs: ParagraphsOption = ParagraphBreakName.LINE,
    threshold: Threshold = "balanced",
    policy: PolicyOption = PolicyName.REPORTING,
    keep: Keep = None,
    drop: Drop = None,
    max_removed: MaxRemoved = 0.5,
    phrases: PhrasesFile = None,
    repeats: RepeatsFiles = None,
    model: ModelOption = None,
    effort: EffortOption = None,
    max_body: Annotated[int, Option(min=1, max=1024, help="The largest body of a request, in MiB.", panel=LIMITS)] = 16,
    max_documents: Annotated[int, Option(min=1, help="The most documents of a request.", panel=LIMITS)] = 10_000,
    max_lines: Annotated[int, Option(min=1, help="The most lines of a request.", panel=LIMITS)] = 250_000,
    queue: Annotated[
        int,
        Option(
            min=0,
            help="The number of requests that may wait in each worker; more are refused with status 503.",
            panel=LIMITS,
        ),
    ] = 100,
    timeout: Annotated[
        float, Option(min=0.01, max=3600, help="The longest time for an answer, in seconds.", panel=LIMITS)
    ] = 30.0,
    client_timeout: Annotated[
        float,
        Option(
            min=0.01,
            max=3600,
            help="The longest time that a client may take to send its request, or to take the answer, in seconds.",
            panel=LIMITS,
        ),
    ] = 30.0,
    workers: Annotated[int, Option(min=1, max=256, help="The number of processes.", panel=RUN)] = 1,
    threads: Annotated[
        int, Option(min=0, max=256, help="The number of threads of each process; 0: all cores together.", panel=RUN)
    ] = 0,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print no line for each request.", panel=RUN)] = False,
    log_json: LogJson = False,
) -> int:
    """Serve the cleaner over HTTP, with a page to try it.

    A request has one text or many, as JSON or as plain text. Messages are printed as JSON unless standard error is a
    terminal. The first SIGTERM or Ctrl-C stops the service when the requests that have begun are answered.
    """
    as_json = log_json or not runs.is_terminal()
    log_as_json(as_json)
    use_one_thread()
    runs.check_model(model, effort)
    for library in ("fastapi", "uvicorn"):
        load_library(library, "the command serve", "serve")
    if find_spec("prometheus_client") is None:  # it is imported when it is known whether there are several processes
        raise missing_library("prometheus-client", "the command serve", "serve")
    runs.begin_to_load(model)
    from detector.policy import POLICIES
    from detector.service.run import run
    from detector.service.settings import CleanerSettings, Limits, ServiceSettings

    kept = POLICIES[policy.value].changed(_names(keep), _names(drop))
    settings = ServiceSettings(
        log=_Log(as_json),
        cleaner=CleanerSettings(
            model, threshold, kept, paragraphs.value, max_removed, phrases, tuple(repeats or ()), effort,
        ),
        limits=Limits(
            body=max_body * _MIB, documents=max_documents, paragraphs=max_lines, queue=queue, seconds=timeout,
            client_seconds=client_timeout,
        ),
        hosts=frozenset([host.lower(), *map(_host_name, allow_host or [])]),
        threads=threads or max(1, _cores() // workers),
        log_requests=not quiet,
    )  # fmt: skip
    run(settings, host, port, workers)
    return 0


@dataclass(frozen=True)
class _Log:
    """Prints messages, as JSON or as lines, also in a process that has been started for this."""

    as_json: bool

    def __call__(self, message: "Message") -> None:
        log_as_json(self.as_json)
        print_message(message)


def _host_name(name: str) -> str:
    from detector.service.hosts import host_name

    if "/" in name or not host_name(name):
        raise UsageError(f"--allow-host {name}: give a name without anything else, such as cleaner.example")
    return host_name(name)


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in (listed or "").split(",") if name.strip()]


def _cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
